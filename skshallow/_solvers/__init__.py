"""The ways down the objective, by name.

A solver is a function

    solve(objective, thetas, *, tol, max_iter, callback, ...) -> list of OptimizeResult

that starts at each row of thetas, of shape (n_starts, size): side by side where that is faster,
or one after the other. It calls ``callback(k, theta, value, gradient)`` after each iteration of
start k, ends that start where it returns True, and returns for each ``x``, ``fun`` and ``jac`` (F
and its gradient at x), ``nit`` and, as ``status``, one of the ways to end below. A start's result
does not depend on the others, to the bit. A solver knows nothing of networks. To add one, write
it in a file of its own and give it a line in SOLVERS, which names what else it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ._adam import solve_adam
from ._auto import solve_auto
from ._lbfgs import solve_lbfgs
from ._newton import solve_newton
from ._sgd import solve_sgd
from ._status import CONVERGED, DIVERGED, MAX_ITER, STALLED, STOPPED
from ._stochastic import Adam, Minibatches, Momentum, Rule, pass_once

__all__ = [
    "CONVERGED",
    "DIVERGED",
    "MAX_ITER",
    "SOLVERS",
    "STALLED",
    "STOPPED",
    "Minibatches",
    "Rule",
    "Solver",
    "pass_once",
]


class Solver(NamedTuple):
    """A solver, the names of its further arguments, and what makes its rule of update.

    `rule` is for solvers that can learn from a stream: called with the size of theta and the
    further arguments other than "minibatches".
    """

    solve: Callable[..., Any]
    needs: tuple[str, ...] = ()
    rule: Callable[..., Rule] | None = None


SOLVERS = {
    "auto": Solver(solve_auto, ("minibatches",)),
    "lbfgs": Solver(solve_lbfgs),
    "newton": Solver(solve_newton),
    "adam": Solver(solve_adam, ("minibatches",), Adam),
    "sgd": Solver(solve_sgd, ("minibatches", "momentum", "nesterovs_momentum"), Momentum),
}
