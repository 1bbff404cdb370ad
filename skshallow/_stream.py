"""Learning from batches that come one after the other."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, Self

import numpy as np

from ._arrays import FloatArray
from ._fit import Data, Settings, make_problem, make_starts
from ._objective import Objective
from ._outputs import Output
from ._parameters import Parameters
from ._solvers import Stochastic
from ._standardize import Scaling, column_scaling, merge


class Stream:
    """What one batch leaves for the next: the columns' moments and the optimiser's state.

    Everything is in `state`, a dictionary of plain numbers, arrays and lists, so that it can be
    an attribute of an estimator and be pickled with it.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    @classmethod
    def start(cls, solver: str, random_state: np.random.RandomState) -> Self:
        """A stream before its first batch."""
        seed = int(random_state.randint(2**31 - 1))
        counts = {"n_calls": 0, "n_updates": 0, "weight": 0.0}
        return cls({"seed": seed, "solver": solver, "rules": []} | counts)

    @classmethod
    def resume(cls, state: dict[str, Any], solver: str) -> Self:
        """Go on from a copy of a state; another solver's rules start anew."""
        state = copy.deepcopy(state)
        if state["solver"] != solver:
            state |= {"solver": solver, "rules": []}
        return cls(state)

    def see(self, scaling: Scaling | None, weight: float) -> Scaling | None:
        """Add a batch's weight and moments; the scaling of all batches so far."""
        seen = self.state["weight"]
        if seen > 0 and ("mean" in self.state) != (scaling is not None):
            raise ValueError(
                "`standardize` must be the same in all calls of partial_fit: set it back, or use a "
                "new estimator."
            )
        if scaling is not None and seen > 0:
            known = Scaling(self.state["mean"], self.state["scale"])
            scaling = merge(known, seen, scaling, weight)
        if scaling is not None:
            self.state |= {"mean": scaling.mean, "scale": scaling.scale}
        self.state["weight"] = seen + weight
        self.state["n_calls"] += 1
        return scaling

    @property
    def weight(self) -> float:
        """Total weight so far."""
        return float(self.state["weight"])

    def random_state(self, member: int) -> np.random.RandomState:
        """Random numbers for a member's pass: other ones in each call, the same in each run."""
        return np.random.RandomState([self.state["seed"], self.state["n_calls"], member])

    def learn(
        self,
        data: Data,
        output: Output,
        settings: Settings,
        random_state: np.random.RandomState,
        networks: list[Parameters] | None,
    ) -> tuple[list[Parameters], list[float]]:
        """Pass once over a batch.

        Parameters
        ----------
        networks : list of Parameters or None
            The members so far, on the user's X; None for random ones.

        Returns
        -------
        networks : list of Parameters
        losses : list of float
            F of each member on the batch after the pass.
        """
        solver = settings.solver
        assert isinstance(solver, Stochastic)  # or the estimator has no partial_fit
        weight = float(data.w.sum()) * data.unit
        scaling = column_scaling(data.X, data.w) if settings.standardize else None
        problem = make_problem(data, output, self.see(scaling, weight), networks)
        # In F the penalty is alpha / 2 on the sum of all losses: this batch's share of it.
        alpha = settings.alpha * weight / self.weight
        objective = problem.objective(settings.n_hidden, alpha)
        starts = make_starts(problem, replace(settings, n_init=1), random_state, networks)
        with np.errstate(over="ignore", invalid="ignore"):
            passes = [
                self._advance(m, solver, objective, start.theta) for m, [start] in enumerate(starts)
            ]
            thetas = [theta for theta, _ in passes]
            losses = [objective.loss_gradient(theta)[0] for theta in thetas]
        self.state["n_updates"] = passes[0][1]  # of every member alike
        return [problem.network(theta, settings.n_hidden) for theta in thetas], losses

    def _advance(
        self, member: int, solver: Stochastic, objective: Objective, theta: FloatArray
    ) -> tuple[FloatArray, int]:
        """Theta of a member after a pass over the objective's rows, and its updates in all."""
        rule = solver.rule(len(theta))
        if member < len(self.state["rules"]):
            rule.state = self.state["rules"][member]
        else:
            self.state["rules"].append(rule.state)
        random_state, n_updates = self.random_state(member), self.state["n_updates"]
        return solver.pass_once(objective, theta, rule, random_state, n_updates)
