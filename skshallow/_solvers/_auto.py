"""The choice of a solver by the size of the problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from ._adam import solve_adam
from ._lbfgs import solve_lbfgs
from ._status import STOPPED
from ._stochastic import Minibatches

# benchmarks/auto_rule.py: starting with ten epochs of Adam, the time to the F that L-BFGS alone has
# after 100 iterations was 0.6 to 1.7 times as long at 10,000 rows, 0.5 to 1.0 at 30,000 and 0.2 to
# 0.5 at 100,000.
STOCHASTIC_ROWS = 20_000
STOCHASTIC_EPOCHS = 10


def solve_auto(
    objective: Any,
    theta0: np.ndarray[Any, np.dtype[Any]],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: Minibatches,
) -> OptimizeResult:
    """Minimise by L-BFGS, for many rows from where a few epochs of Adam lead."""
    if objective.rows.n_samples < STOCHASTIC_ROWS or max_iter <= STOCHASTIC_EPOCHS:
        return solve_lbfgs(objective, theta0, tol=tol, max_iter=max_iter, callback=callback)
    start = solve_adam(
        objective,
        theta0,
        tol=tol,
        max_iter=STOCHASTIC_EPOCHS,
        callback=callback,
        minibatches=minibatches,
    )
    if start.status == STOPPED:
        return start
    result = solve_lbfgs(
        objective, start.x, tol=tol, max_iter=max_iter - start.nit, callback=callback
    )
    result.nit += start.nit
    return result
