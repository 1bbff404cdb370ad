"""The loop that evaluates the trial points of several descents together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from .._arrays import FloatArray
from ._protocol import Callback, Ending, Function, Result

# A descent in float32 ends where its gradient is at most so many times the error that it had at the
# start; the factor allows for larger errors at larger weights.
_FLOAT32_ERRORS = 100

# Gives a tuple for each of a stack of points: value, gradient, and what else a descent needs.
Evaluate = Callable[[Any, FloatArray], Sequence[tuple[Any, ...]]]


class Descent(Protocol):
    """One start on its way down: where it is, and the point that it tries next."""

    theta: FloatArray
    value: float
    gradient: FloatArray

    def propose(self) -> FloatArray | None:
        """The next point to evaluate, or None where none can be better."""

    def decide(self, *evaluation: Any) -> bool:
        """Whether to move to that point, given what was found there; moves if so."""

    def refine(self, precision: float, *evaluation: Any) -> None:
        """Go on at the same point, evaluated in another precision."""


def descend_side_by_side(
    function: Function,
    thetas: FloatArray,
    make: Callable[..., Descent],
    evaluate: Evaluate,
    *,
    hessians: bool = False,
    tol: float | FloatArray,
    max_iter: int,
    callback: Callback,
) -> list[Result]:
    """Run a descent from each row of thetas; see `Solver.solve` for the rest.

    A function that can be computed in float32 is minimised in float32 first, until that has
    converged or stalls, and then in its own precision. Only the gradient in its own precision
    decides what has converged.

    Parameters
    ----------
    make : callable
        ``make(theta, precision, *evaluation)`` is a descent that starts at theta.
    evaluate : callable
        ``evaluate(function, points)`` gives a tuple for each point, the value and the gradient
        first.
    hessians : bool
        Whether it computes Hessians.
    """
    descents = [
        make(theta.copy(), function.precision, *evaluation)
        for theta, evaluation in zip(thetas, evaluate(function, thetas), strict=True)
    ]
    run = _Run(descents, evaluate, max_iter, callback)
    tols = np.broadcast_to(tol, len(thetas)).tolist()
    in_float32 = function.in_float32(hessians)
    if in_float32 is not None:
        # A start that has converged already stays as it is.
        some = [k for k, one in enumerate(descents) if np.abs(one.gradient).max() > tols[k]]
        if some:
            goals = []
            found = evaluate(in_float32.take(some), thetas[some])
            for k, evaluation in zip(some, found, strict=True):
                error = np.abs(descents[k].gradient - evaluation[1]).max()
                goals.append(max(tols[k], _FLOAT32_ERRORS * float(error)))
                descents[k].refine(in_float32.precision, *evaluation)
            run.down(in_float32, some, goals)
            points = np.array([descents[k].theta for k in some])
            found = evaluate(function.take(some), points)
            for k, evaluation in zip(some, found, strict=True):
                descents[k].refine(function.precision, *evaluation)
    run.down(function, range(len(descents)), tols)
    return [
        Result(one.theta, one.value, one.gradient, count, ending)
        for one, count, ending in zip(descents, run.counts, run.endings, strict=True)
    ]


class _Run:
    """Descents that go on until each has ended, in one precision or in two."""

    def __init__(
        self,
        descents: Sequence[Descent],
        evaluate: Evaluate,
        max_iter: int,
        callback: Callback,
    ) -> None:
        self._descents, self._evaluate = descents, evaluate
        self._max_iter, self._callback = max_iter, callback
        self.counts = [0] * len(descents)  # iterations, each a move
        self.endings = [Ending.STOPPED] * len(descents)
        self._stopped = [False] * len(descents)  # by the callback

    def down(self, function: Function, which: Sequence[int], tols: Sequence[float]) -> None:
        """Go on with some of the descents until the gradient of each is at most its tol.

        Each round evaluates a trial point of every descent that goes on, all in one call.
        """
        tol_of = dict(zip(which, tols, strict=True))
        going = self._next(which, tol_of)
        taken = list(going)
        asked = function.take(taken)
        while going:
            if len(going) < len(taken):
                taken = list(going)
                asked = function.take(taken)
            found = self._evaluate(asked, np.array(list(going.values())))
            for k, evaluation in zip(taken, found, strict=True):
                one = self._descents[k]
                if one.decide(*evaluation):
                    self.counts[k] += 1
                    self._stopped[k] = bool(self._callback(k, one.theta, one.value, one.gradient))
            going = self._next(taken, tol_of)

    def _next(self, which: Sequence[int], tol_of: dict[int, float]) -> dict[int, FloatArray]:
        """The next points of the descents that go on; notes how the others have ended."""
        points = {}
        for k in which:
            one = self._descents[k]
            if self._stopped[k]:
                self.endings[k] = Ending.STOPPED
            elif np.maximum.reduce(np.abs(one.gradient)) <= tol_of[k]:
                self.endings[k] = Ending.CONVERGED
            elif self.counts[k] == self._max_iter:
                self.endings[k] = Ending.MAX_ITER
            elif (point := one.propose()) is not None:
                points[k] = point
            else:
                self.endings[k] = Ending.STALLED
        return points
