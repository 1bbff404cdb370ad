"""L-BFGS, by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from ._status import CONVERGED, MAX_ITER, STALLED, STOPPED


def solve_lbfgs(
    objective: Any,
    theta0: np.ndarray[Any, np.dtype[Any]],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
) -> OptimizeResult:
    """Minimise by limited-memory BFGS (Liu and Nocedal, 1989) from theta0.

    See the package's docstring for the arguments and the result.
    """
    latest: dict[str, Any] = {}

    def evaluate(theta: np.ndarray[Any, np.dtype[Any]]) -> tuple[float, Any]:
        latest["value"], latest["gradient"] = objective.loss_gradient(theta)
        return latest["value"], latest["gradient"]

    def after_iteration(intermediate_result: OptimizeResult) -> None:
        # The line search ends at the point that it accepts, so the latest evaluation is it.
        if callback(intermediate_result.x, latest["value"], latest["gradient"]):
            latest["stopped"] = True
            raise StopIteration

    found = minimize(
        evaluate,
        theta0,
        jac=True,
        method="L-BFGS-B",
        callback=after_iteration,
        options={
            "maxiter": max_iter,
            "maxfun": np.iinfo(np.int32).max,  # max_iter is the limit
            "gtol": tol,
            "ftol": 0.0,  # only the gradient says converged
        },
    )
    # After a failed line search SciPy's fun and jac can belong to a rejected point.
    value, gradient = objective.loss_gradient(found.x)
    if np.abs(gradient).max() <= tol:
        status = CONVERGED
    elif latest.get("stopped"):
        status = STOPPED
    elif found.nit >= max_iter:
        status = MAX_ITER
    else:
        status = STALLED
    return OptimizeResult(x=found.x, fun=value, jac=gradient, nit=found.nit, status=status)
