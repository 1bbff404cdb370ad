"""The loop that evaluates the trial points of several descents together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.optimize import OptimizeResult

from ._status import CONVERGED, MAX_ITER, STALLED, STOPPED

Array = np.ndarray[Any, np.dtype[Any]]


class Descent(Protocol):
    """One start on its way down: where it is, and the point that it tries next."""

    theta: Array
    value: float
    gradient: Array

    def trial(self) -> Array | None:
        """The next point to evaluate, or None where none can be better."""

    def judge(self, *evaluation: Any) -> bool:
        """Whether to move to the trial point, given what `evaluate` found there; moves if so."""


def run_side_by_side(
    descents: Sequence[Descent],
    evaluate: Callable[[Array], Sequence[Any]],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
) -> list[OptimizeResult]:
    """Run descents until each has ended; see the package's docstring.

    Each round evaluates a trial point of every descent that goes on, all in one call of
    ``evaluate(points)``, which returns a tuple for each. An iteration is a move.
    """
    results: list[Any] = [None] * len(descents)
    n_iter = [0] * len(descents)
    going: list[tuple[int, Array]] = []

    def go_on(k: int, status: int | None = None) -> None:
        """Give a descent its next trial point, or end it."""
        one = descents[k]
        if status is None:
            if np.maximum.reduce(np.abs(one.gradient)) <= tol:
                status = CONVERGED
            elif n_iter[k] == max_iter:
                status = MAX_ITER
            elif (point := one.trial()) is not None:
                going.append((k, point))
                return
            else:
                status = STALLED
        results[k] = OptimizeResult(
            x=one.theta, fun=one.value, jac=one.gradient, nit=n_iter[k], status=status
        )

    for k in range(len(descents)):
        go_on(k)
    while going:
        tried, going = going, []
        found = evaluate(np.array([point for _, point in tried]))
        for (k, _), evaluation in zip(tried, found, strict=True):
            one, status = descents[k], None
            if one.judge(*evaluation):
                n_iter[k] += 1
                if callback(k, one.theta, one.value, one.gradient):
                    status = STOPPED
            go_on(k, status)
    return results
