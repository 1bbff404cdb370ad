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

# From this many rows on, benchmarks/solvers.py shows a few epochs on minibatches to be worth many
# of L-BFGS's passes over all rows.
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
