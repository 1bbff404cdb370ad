"""Gradient descent with momentum on minibatches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.optimize import OptimizeResult

from ._stochastic import Array, Minibatches, Momentum, descend_each


def solve_sgd(
    objective: Any,
    thetas: Array,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: list[Minibatches],
    momentum: float,
    nesterovs_momentum: bool,
) -> list[OptimizeResult]:
    """Minimise by gradient descent on minibatches; an iteration is an epoch.

    With all rows in a batch, no momentum and a constant step this is the gradient descent of
    every textbook.
    """
    return descend_each(
        objective,
        thetas,
        lambda size: Momentum(size, momentum, nesterovs_momentum),
        tol=tol,
        max_iter=max_iter,
        callback=callback,
        minibatches=minibatches,
    )
