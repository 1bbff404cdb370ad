"""L-BFGS, by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from ._status import CONVERGED, MAX_ITER, STALLED


def solve_lbfgs(
    objective: Any,
    theta0: np.ndarray[Any, np.dtype[Any]],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., None],
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
        callback(intermediate_result.x, latest["value"], latest["gradient"])

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
    result = OptimizeResult(x=found.x, fun=value, jac=gradient, nit=found.nit)
    if np.abs(gradient).max() <= tol:
        result.status, result.message = CONVERGED, ""
    elif found.nit >= max_iter:
        result.status, result.message = MAX_ITER, f"it reached max_iter={max_iter}"
    else:
        result.status = STALLED
        result.message = f"after {found.nit} iterations no step lowered the objective further"
    return result
