"""The ways down the objective, by name.

A solver is a function

    solve(objective, theta0, *, tol, max_iter, callback) -> OptimizeResult

that starts at theta0, calls ``callback(theta, value, gradient)`` after each iteration and
returns ``x``, ``fun`` and ``jac`` (F and its gradient at x), ``nit``, one of the statuses
below and, unless it converged, a ``message`` that says in a sentence what happened. It knows
nothing of networks. To add one, write it in a file of its own and give it a line in SOLVERS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._lbfgs import solve_lbfgs
from ._newton import solve_newton
from ._status import CONVERGED, MAX_ITER, STALLED

__all__ = ["CONVERGED", "MAX_ITER", "SOLVERS", "STALLED", "choose_solver"]

SOLVERS: dict[str, Callable[..., Any]] = {
    "lbfgs": solve_lbfgs,
    "newton": solve_newton,
}


def choose_solver(name: str) -> Callable[..., Any]:
    """Look up a solver by name; "auto" is L-BFGS."""
    return SOLVERS["lbfgs" if name == "auto" else name]
