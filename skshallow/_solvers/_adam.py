"""Adam on minibatches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.optimize import OptimizeResult

from ._stochastic import Adam, Array, Minibatches, descend_each


def solve_adam(
    objective: Any,
    thetas: Array,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: list[Minibatches],
) -> list[OptimizeResult]:
    """Minimise by Adam (Kingma and Ba, 2015) on minibatches; an iteration is an epoch."""
    return descend_each(
        objective,
        thetas,
        lambda size: Adam(size),
        tol=tol,
        max_iter=max_iter,
        callback=callback,
        minibatches=minibatches,
    )
