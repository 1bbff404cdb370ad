"""From rows to fitted members: building the objective, running the starts, keeping the best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from scipy.sparse import issparse

from ._blocks import RowBlocks, one_thread_blas
from ._losses import Loss
from ._monitor import Monitor
from ._objective import Objective, rough_pays
from ._parameters import FloatArray, Layout, Parameters
from ._standardize import Scaling
from ._validation import hold_out


class Rows(NamedTuple):
    """Rows of data in numbers: features in the user's units, codes of y, and weights."""

    X: Any  # (n, n_features), dense or CSR
    codes: FloatArray  # as `Target.codes`
    w: FloatArray  # (n,), float64, in units of `unit`
    unit: float = 1.0  # a power of two
    owned: bool = False  # whether X is a copy that may be overwritten

    @classmethod
    def of_positive_weight(cls, X: Any, codes: FloatArray, w: FloatArray) -> Self:
        """Leave out the rows of no weight, which must not act through their values either.

        Weights are divided, exactly, by the power of two next above the largest, so that no
        product with them overflows or vanishes, in float32 either.
        """
        unit = float(2.0 ** np.frexp(w.max())[1])
        rows = cls(X, codes, w / unit, unit)
        return rows if w.all() else rows.take(np.flatnonzero(w))

    def take(self, indices: FloatArray) -> Self:
        """The rows with these indices, copied."""
        return self._replace(
            X=self.X[indices], codes=self.codes[indices], w=self.w[indices], owned=True
        )

    def split(
        self, classes: Any, fraction: float, random_state: np.random.RandomState
    ) -> tuple[Self, Self]:
        """A training and a validation part; see `hold_out`."""
        train, held_out = hold_out(self.codes, classes, fraction, random_state)
        return self.take(train), self.take(held_out)


class Problem:
    """The objective on some rows, and the way between its theta and networks on the user's X.

    Parameters
    ----------
    rows : Rows
    layout : Layout
    loss : Loss
    alpha : float
    scaling : Scaling or None
        How columns are standardised; None leaves them as they are.
    """

    def __init__(
        self, rows: Rows, layout: Layout, loss: Loss, alpha: float, scaling: Scaling | None
    ) -> None:
        X, codes, w = rows.X, rows.codes, rows.w
        self.layout, self.scaling = layout, scaling
        total_weight, alpha = w.sum(), alpha / rows.unit
        # Sparse X is standardised by way of the weights. A dense one is copied; but where most
        # passes are over a float32 copy, it is standardised anew at the few others.
        may_be_rough = X.dtype == np.float64 and not issparse(X)
        many = may_be_rough and rough_pays(len(w), layout.width)
        inner = scaling if issparse(X) else None
        passing = scaling if many and not rows.owned else None
        if scaling is not None and inner is None and passing is None:
            X = scaling.apply(X, out=X if rows.owned else None)

        def objective(
            X: Any, passing: Scaling | None, make_rough: Callable[[], Objective | None] | None
        ) -> Objective:
            encoded, weights = loss.encode(codes, X.dtype), w.astype(X.dtype, copy=False)
            prepare = None if passing is None else passing.apply
            blocks = RowBlocks(X, encoded, weights, layout, X.dtype, prepare=prepare)
            return Objective(blocks, layout, loss, total_weight, alpha, inner, make_rough)

        def rough() -> Objective | None:
            copy = np.empty(X.shape, np.float32)
            with np.errstate(over="ignore"):
                if passing is None:
                    copy[...] = X
                else:
                    passing.apply(X, out=copy)
            # X may hold values beyond float32.
            fits = np.isfinite(copy.sum(dtype=np.float64))
            return objective(copy, None, None) if fits else None

        self.objective = objective(X, passing, rough if may_be_rough else None)

    def network(self, theta: FloatArray) -> Parameters:
        """The network on the user's X that theta stands for."""
        parts = self.layout.unpack(theta)
        if self.scaling is None:
            return parts
        return Parameters(*self.scaling.fold(*parts[:2]), *parts[2:])

    def theta(self, network: Parameters) -> FloatArray:
        """Theta of a network on the user's X; undoes `network`."""
        if self.scaling is not None:
            network = Parameters(*self.scaling.unfold(*network[:2]), *network[2:])
        return self.layout.pack(network)


class Start(NamedTuple):
    """Where a descent begins, and the random numbers it may use on its way."""

    theta: FloatArray
    random_state: np.random.RandomState


class Outcome(NamedTuple):
    """Where a descent ended."""

    theta: FloatArray
    value: float  # F at theta
    largest_gradient: float  # where the solver ended
    status: int
    n_iter: int
    curve: list[float]
    scores: list[float]
    best_score: float | None
    interrupted: bool  # a hook asked to stop, this start and the fit


def descend(
    solve: Callable[..., Any],
    problem: Problem,
    starts: list[Start],
    monitors: list[Monitor],
    **options: Any,
) -> list[Outcome]:
    """Run a solver from some starts; with validation data the best iterate is what is kept."""
    thetas = np.array([start.theta for start in starts])
    if any(monitor.score is not None for monitor in monitors):
        values, _ = problem.objective.loss_gradient(thetas)
        for monitor, theta, value in zip(monitors, thetas, values.tolist(), strict=True):
            monitor.begin(theta, value)

    def callback(k: int, theta: FloatArray, value: float, gradient: FloatArray) -> bool:
        return monitors[k](theta, value, gradient)

    results = solve(problem.objective, thetas, callback=callback, **options)
    outcomes = []
    for result, monitor in zip(results, monitors, strict=True):
        theta, value, best_score = result.x, float(result.fun), None
        if monitor.best is not None:
            best_score, _, theta = monitor.best
            value = problem.objective.loss_gradient(theta)[0]  # the monitor's may be the twin's
        outcomes.append(
            Outcome(
                theta,
                value,
                float(np.abs(result.jac).max()),
                result.status,
                int(result.nit),
                monitor.curve,
                monitor.scores,
                best_score,
                monitor.hooked,
            )
        )
    return outcomes


def train(
    starts: list[list[Start]],
    run: Callable[[list[Start], list[str]], list[Outcome]],
    n_together: int,
) -> tuple[list[Outcome], FloatArray]:
    """Each member's outcome of lowest F, and F of all starts, (n_members, n_init).

    Calls ``run(starts, labels)`` for up to n_together starts at a time, where a label says which
    start of which member it is. After an interrupted start none follows: fewer members then, and
    NaN for the starts left out.
    """
    n_members, n_init = len(starts), len(starts[0])
    losses = np.full((n_members, n_init), np.nan)
    outcomes: list[list[Outcome]] = [[] for _ in starts]
    places = [(m, k) for m in range(n_members) for k in range(n_init)]
    # Overflow shows in the outcome, where it is looked for.
    with one_thread_blas, np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(places), n_together):
            some = places[first : first + n_together]
            labels = []
            for m, k in some:
                label = f"member {m + 1}/{n_members}   " if n_members > 1 else ""
                labels.append(label + (f"start {k + 1}/{n_init}   " if n_init > 1 else ""))
            found = run([starts[m][k] for m, k in some], labels)
            for (m, k), outcome in zip(some, found, strict=True):
                outcomes[m].append(outcome)
                losses[m, k] = outcome.value
            if any(outcome.interrupted for outcome in found):
                break
    best = [
        min(ours, key=lambda one: (np.isnan(one.value), one.value)) for ours in outcomes if ours
    ]
    return best, losses
