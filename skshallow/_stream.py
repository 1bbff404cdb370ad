"""Learning from batches that come one after the other."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np

from ._objective import Objective
from ._parameters import FloatArray
from ._solvers import Minibatches, Rule, pass_once
from ._standardize import Scaling, merge


class Stream:
    """What one batch leaves for the next: the columns' moments and the optimiser's state.

    Everything is in `state`, a dictionary of plain numbers, arrays and lists, so that it can be
    an attribute of an estimator and be pickled with it.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    @classmethod
    def start(cls, solver: str, random_state: np.random.RandomState) -> Self:
        """A stream of which nothing has been seen."""
        seed = int(random_state.randint(2**31 - 1))
        state = {"seed": seed, "n_calls": 0, "weight": 0.0, "solver": solver, "rules": []}
        return cls(state)

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

    def advance(
        self, member: int, rule: Rule, objective: Objective, theta: FloatArray, batches: Minibatches
    ) -> FloatArray:
        """Theta of a member after a pass over the objective's rows."""
        if member < len(self.state["rules"]):
            rule.state = self.state["rules"][member]
        else:
            self.state["rules"].append(rule.state)
        return pass_once(objective, theta, rule, batches)
