"""The loop that evaluates the trial points of several descents together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from scipy.optimize import OptimizeResult

from ._status import CONVERGED, MAX_ITER, STALLED, STOPPED

Array = np.ndarray[Any, np.dtype[Any]]


# The rough twin has converged where the gradient is this small beside what it is off by at the
# start, since it may be off by more where weights are larger.
_ROUGH = 100


class Descent(Protocol):
    """One start on its way down: where it is, and the point that it tries next."""

    theta: Array
    value: float
    gradient: Array

    def trial(self) -> Array | None:
        """The next point to evaluate, or None where none can be better."""

    def judge(self, *evaluation: Any) -> bool:
        """Whether to move to the trial point, given what was found there; moves if so."""

    def refine(self, precision: float, *evaluation: Any) -> None:
        """Go on at the same point with what another objective says of it, of other precision."""


def descend_side_by_side(
    objective: Any,
    thetas: Array,
    make: Callable[..., Descent],
    evaluate: Callable[[Any, Array], Sequence[Any]],
    *,
    hessians: bool = False,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
) -> list[OptimizeResult]:
    """Run a descent from each row of thetas; see the package's docstring for the rest.

    An objective that has a rough twin is descended on it first, until that has converged or can
    tell no more; then on the objective itself, whose own gradient says what has converged.

    Parameters
    ----------
    make : callable
        ``make(theta, precision, *evaluation)`` is a descent that starts at theta.
    evaluate : callable
        ``evaluate(objective, points)`` gives what is needed of each point, as a tuple that
        begins with F and its gradient.
    hessians : bool
        Whether it computes Hessians.
    """
    counts, stopped = [0] * len(thetas), [False] * len(thetas)
    options: dict[str, Any] = {"max_iter": max_iter, "callback": callback}
    options |= {"counts": counts, "stopped": stopped}
    found = evaluate(objective, thetas)
    descents = [
        make(theta.copy(), objective.precision, *evaluation)
        for theta, evaluation in zip(thetas, found, strict=True)
    ]
    rough = objective.twin(hessians)
    if rough is not None and any(np.abs(one.gradient).max() > tol for one in descents):
        goals = []
        for one, evaluation in zip(descents, evaluate(rough, thetas), strict=True):
            largest, off = np.abs(one.gradient).max(), np.abs(one.gradient - evaluation[1]).max()
            # One that has converged already is not to be led away.
            goals.append(np.inf if largest <= tol else max(tol, _ROUGH * off))
            one.refine(rough.precision, *evaluation)
        _run(descents, partial(evaluate, rough), tols=goals, **options)
        points = np.array([one.theta for one in descents])
        for one, evaluation in zip(descents, evaluate(objective, points), strict=True):
            one.refine(objective.precision, *evaluation)
    statuses = _run(descents, partial(evaluate, objective), tols=[tol] * len(thetas), **options)
    return [
        OptimizeResult(x=one.theta, fun=one.value, jac=one.gradient, nit=count, status=status)
        for one, count, status in zip(descents, counts, statuses, strict=True)
    ]


def _run(
    descents: Sequence[Descent],
    evaluate: Callable[[Array], Sequence[Any]],
    *,
    tols: Sequence[float],
    max_iter: int,
    callback: Callable[..., Any],
    counts: list[int],
    stopped: list[bool],
) -> list[int]:
    """Go on with descents until each has ended; how each did.

    Each round evaluates a trial point of every descent that goes on, all in one call. A move is
    an iteration, and is counted in `counts`; `stopped` notes whom the callback has stopped.
    """
    statuses = [STOPPED] * len(descents)
    going: list[tuple[int, Array]] = []

    def go_on(k: int) -> None:
        """Give a descent its next trial point, or end it."""
        one = descents[k]
        if stopped[k]:
            return
        if np.maximum.reduce(np.abs(one.gradient)) <= tols[k]:
            statuses[k] = CONVERGED
        elif counts[k] == max_iter:
            statuses[k] = MAX_ITER
        elif (point := one.trial()) is not None:
            going.append((k, point))
        else:
            statuses[k] = STALLED

    for k in range(len(descents)):
        go_on(k)
    while going:
        tried, going = going, []
        found = evaluate(np.array([point for _, point in tried]))
        for (k, _), evaluation in zip(tried, found, strict=True):
            one = descents[k]
            if one.judge(*evaluation):
                counts[k] += 1
                stopped[k] = bool(callback(k, one.theta, one.value, one.gradient))
            go_on(k)
    return statuses
