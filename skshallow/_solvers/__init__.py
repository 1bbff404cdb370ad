"""The solvers, by name.

A solver is a dataclass of its own hyperparameters with the method `solve`. `_protocol.Solver`
states its arguments and results, and `_protocol.Function` the methods of the function that it
minimises. It knows nothing of rows or networks. To add one, write it in a file of its own and
give it a line in SOLVERS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ._adam import Adam
from ._auto import Auto
from ._lbfgs import LBFGS
from ._newton import Newton
from ._protocol import Ending, Function, Result, Solver
from ._sgd import SGD
from ._stochastic import Stochastic

__all__ = ["SOLVERS", "Ending", "Function", "Result", "Solver", "Stochastic", "make_solver"]

SOLVERS: dict[str, type[Any]] = {
    "auto": Auto,
    "lbfgs": LBFGS,
    "newton": Newton,
    "adam": Adam,
    "sgd": SGD,
}


def make_solver(name: str, parameters: Mapping[str, Any]) -> Any:
    """A solver, made from those of an estimator's parameters that are its own."""
    solver = SOLVERS[name]
    own = {field.name for field in fields(solver)} & parameters.keys()
    return solver(**{name: parameters[name] for name in own})
