"""The choice of a solver by the size of the problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from ._adam import solve_adam
from ._lbfgs import solve_lbfgs
from ._newton import solve_newton
from ._status import STOPPED
from ._stochastic import Array, Minibatches

# benchmarks/auto_rule.py: starting with ten epochs of Adam, the time to the F that L-BFGS alone has
# after 100 iterations was 0.6 to 1.7 times as long at 10,000 rows, 0.5 to 1.0 at 30,000 and 0.2 to
# 0.5 at 100,000.
STOCHASTIC_ROWS = 20_000
STOCHASTIC_EPOCHS = 10

# benchmarks/newton.py: to tol = 1e-4, L-BFGS takes 1.5 to 2.9 times Newton's time with 17 to 49
# parameters of a network for two classes, 1.2 with 67 and 69 for 3 and 5 classes, where a Hessian
# costs more, and 0.6 with 139. Which of them ends in the lower minimum depends on the data.
NEWTON_SIZE = 40


def solve_auto(
    objective: Any,
    thetas: Array,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: list[Minibatches],
) -> list[OptimizeResult]:
    """Minimise by Newton's method if parameters are few, and otherwise by L-BFGS.

    L-BFGS starts, if rows are many, where a few epochs of Adam lead.
    """
    options: dict[str, Any] = {"tol": tol, "max_iter": max_iter, "callback": callback}
    if objective.rows.n_samples < STOCHASTIC_ROWS or max_iter <= STOCHASTIC_EPOCHS:
        solve = solve_newton if thetas.shape[1] <= NEWTON_SIZE else solve_lbfgs
        return solve(objective, thetas, **options)
    options["max_iter"] = STOCHASTIC_EPOCHS
    results = solve_adam(objective, thetas, minibatches=minibatches, **options)
    options["max_iter"] = max_iter - STOCHASTIC_EPOCHS
    going = [k for k, result in enumerate(results) if result.status != STOPPED]
    if not going:
        return results
    options["callback"] = lambda k, *iterate: callback(going[k], *iterate)
    starts = np.array([results[k].x for k in going])
    for k, result in zip(going, solve_lbfgs(objective, starts, **options), strict=True):
        result.nit += results[k].nit
        results[k] = result
    return results
