"""Adam on minibatches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from ._stochastic import Adam, Minibatches, descend


def solve_adam(
    objective: Any,
    theta0: np.ndarray[Any, np.dtype[Any]],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: Minibatches,
) -> OptimizeResult:
    """Minimise by Adam (Kingma and Ba, 2015) on minibatches; an iteration is an epoch."""
    return descend(
        objective,
        theta0,
        Adam(len(theta0)),
        tol=tol,
        max_iter=max_iter,
        callback=callback,
        minibatches=minibatches,
    )
