"""Gradient descent with momentum on minibatches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult

from ._stochastic import Minibatches, Momentum, descend


def solve_sgd(
    objective: Any,
    theta0: np.ndarray[Any, np.dtype[Any]],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: Minibatches,
    momentum: float,
    nesterovs_momentum: bool,
) -> OptimizeResult:
    """Minimise by gradient descent on minibatches; an iteration is an epoch.

    With all rows in a batch, no momentum and a constant step this is the gradient descent of
    every textbook.
    """
    return descend(
        objective,
        theta0,
        Momentum(len(theta0), momentum, nesterovs_momentum),
        tol=tol,
        max_iter=max_iter,
        callback=callback,
        minibatches=minibatches,
    )
