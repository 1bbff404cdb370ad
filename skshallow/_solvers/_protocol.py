"""The function that a solver minimises, what a solver is and returns, and the ways to end."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from .._arrays import FloatArray, IntArray


class Function(Protocol):
    """B functions of one vector of numbers each, computed side by side.

    A stack of points, (B, size), holds one for each function. All that is returned is float64 and
    new, and what is returned for a function does not depend on the others, to the bit.
    """

    n_samples: int  # terms that minibatches are drawn from
    precision: float  # relative rounding of the terms, which are summed in float64

    def take(self, which: list[int]) -> Self:
        """The functions with these numbers."""

    def in_float32(self, hessians: bool = False) -> Self | None:
        """The same functions computed in float32, if that saves time, with Hessians or without."""

    def loss_gradient(self, thetas: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Values (B,) and gradients (B, size)."""

    def loss_gradient_hessian(
        self, thetas: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Values, gradients and Hessians (B, size, size)."""

    def hessp(self, thetas: FloatArray, directions: FloatArray) -> FloatArray:
        """Hessians times a direction each, (B, size)."""

    def minibatch_gradient(
        self, thetas: FloatArray, indices: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Unbiased estimates of values and gradients from the terms with these numbers."""


# Called as callback(k, theta, value, gradient) after each iteration of start k; True ends it.
Callback = Callable[[int, FloatArray, float, FloatArray], bool]


class Ending(Enum):
    """How a descent can end: whether it failed, and a text for it."""

    CONVERGED = (False, "the largest absolute entry of the gradient is at most tol")
    MAX_ITER = (True, "it reached max_iter={n_iter}")
    STALLED = (True, "after {n_iter} iterations no step lowered the objective further")
    STOPPED = (False, "the callback asked for it")
    DIVERGED = (True, "F overflowed after {n_iter} epochs, and the best of them is kept")

    def __init__(self, failed: bool, text: str) -> None:
        self.failed = failed
        self.text = text

    def says(self, n_iter: int) -> str:
        """How a descent of so many iterations ended, in words."""
        return self.text.format(n_iter=n_iter)


class Result(NamedTuple):
    """Where a descent ended."""

    theta: FloatArray
    value: float
    gradient: FloatArray  # at theta
    n_iter: int
    ending: Ending

    @property
    def largest_gradient(self) -> float:
        """Largest absolute entry of the gradient."""
        return float(np.abs(self.gradient).max())


class Solver(Protocol):
    """A method to minimise functions.

    It is a dataclass of its hyperparameters. Each field has the name of a parameter of the
    estimator and gets its value.
    """

    def solve(
        self,
        function: Function,
        thetas: FloatArray,
        *,
        tol: float | FloatArray,
        max_iter: int,
        callback: Callback,
        random_states: list[np.random.RandomState],
    ) -> list[Result]:
        """Minimise function k from thetas[k], for every k.

        A descent has converged where no entry of the gradient is larger than tol, which is one
        number or one for each start, (n_starts,). What start k
        draws is drawn from random_states[k]. A start's result does not depend on the others, to
        the bit.
        """

    def for_warm_start(self) -> Solver:
        """The solver that goes on from what a fit has found."""


class FullBatch:
    """A solver that draws nothing, and goes on from a fit as from any other point."""

    def for_warm_start(self) -> Any:
        """The solver that goes on from what a fit has found: itself."""
        return self
