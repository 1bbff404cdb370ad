"""Damped Newton, for several starts side by side, with the damped system as a plug-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.linalg.lapack import dposv

from .._arrays import FloatArray
from ._protocol import Callback, FullBatch, Function, Result
from ._side_by_side import descend_side_by_side

# Up to this many parameters the Hessian is formed and factorised; beyond it is only multiplied.
EXACT_SIZE = 300

# Least ratio of actual to predicted decrease for a step to be taken.
_ACCEPT = 1e-4

# Damping at first, and the least above zero, beside the largest diagonal entry of the Hessian.
_FIRST, _LEAST = 1e-2, 1e-10

_EPS = np.finfo(float).eps


class System(Protocol):
    """(H + damping I) s = -g at a point."""

    @property
    def scale(self) -> float:
        """The size of the second derivatives."""

    def solve(self, damping: float) -> FloatArray | None:
        """The step s, or None where there is none downhill."""


class ExactSystem:
    """(H + damping I) s = -g by a Cholesky factorisation."""

    def __init__(self, H: FloatArray, gradient: FloatArray) -> None:
        self.H, self.gradient = H, gradient

    @property
    def scale(self) -> float:
        """Largest curvature along an axis."""
        return float(np.abs(np.diagonal(self.H)).max())

    def solve(self, damping: float) -> FloatArray | None:
        """The step, or None where H + damping I is not positive definite."""
        damped = self.H.copy()
        damped.ravel()[:: len(damped) + 1] += damping
        # The transpose is the same matrix, in the order that LAPACK reads.
        _, step, info = dposv(damped.T, self.gradient, overwrite_a=True)
        return np.negative(step, out=step) if info == 0 else None


class ConjugateGradientSystem:
    """(H + damping I) s = -g by conjugate gradients, with products with H alone."""

    def __init__(self, function: Function, theta: FloatArray, gradient: FloatArray) -> None:
        self.function, self.theta, self.gradient = function, theta, gradient

    def _product(self, direction: FloatArray) -> FloatArray:
        return self.function.hessp(self.theta[None], direction[None])[0]

    @property
    def scale(self) -> float:
        """Curvature along the gradient."""
        square = float(self.gradient @ self.gradient)
        along = self.gradient @ self._product(self.gradient)
        return abs(float(along)) / square if square else 0.0

    def solve(self, damping: float) -> FloatArray | None:
        """The step, at the latest before a direction along which H + damping I is not positive.

        None where the gradient itself is such a direction.
        """
        norm = np.linalg.norm(self.gradient)
        # Superlinear outer convergence: Nocedal and Wright (2006), eq. 7.3.
        tolerance = min(0.5, np.sqrt(norm)) * norm
        s = np.zeros(len(self.gradient))
        residual = self.gradient.copy()
        d = -residual
        for k in range(len(s)):
            Hd = self._product(d) + damping * d
            curvature, square = d @ Hd, residual @ residual
            if not curvature > 0:
                return s if k > 0 else None
            s = s + square / curvature * d
            residual = residual + square / curvature * Hd
            if np.linalg.norm(residual) <= tolerance:
                break
            d = -residual + (residual @ residual / square) * d
        return s


class _Descent:
    """One start: the system at its point, its damping, and the step that it tries."""

    def __init__(
        self,
        theta: FloatArray,
        precision: float,
        value: float,
        gradient: FloatArray,
        system: System,
    ) -> None:
        self.theta = theta
        # Where H is zero, a damping that makes a long step.
        scale = system.scale or float(np.abs(gradient).max())
        self._first, self._least = _FIRST * scale, _LEAST * scale
        self._damping = self._first
        self.refine(precision, value, gradient, system)

    def refine(self, precision: float, value: float, gradient: FloatArray, system: System) -> None:
        """Go on with another precision; damping that rounding may have raised is reduced."""
        self.value, self.gradient, self._system = value, gradient, system
        self._precision = precision
        self._damping, self._growth = min(self._damping, self._first), 2.0

    def propose(self) -> FloatArray | None:
        """The point a damped step away, or None where it is theta to the kernels."""
        while (step := self._system.solve(self._damping)) is None:
            self._damping = max(4 * self._damping, self._first)
            if not np.isfinite(self._damping):
                return None  # the second derivatives are not finite
        square = float(step @ step)
        if not square > self._precision**2 * float(self.theta @ self.theta):
            return None
        # -g.s - s.Hs / 2, where s is orthogonal to the residual (H + damping I) s + g.
        self._predicted = 0.5 * (self._damping * square - float(self.gradient @ step))
        self._step = step
        self._point = self.theta + step
        return self._point

    def decide(self, value: float, gradient: FloatArray, system: System) -> bool:
        """Move to the trial point if F falls enough there; set the next damping.

        The damping follows the ratio of actual to predicted decrease smoothly (Nielsen, 1999,
        eq. 2.21).
        """
        decrease = self.value - value
        # Sums are in float64, of losses that are rounded to `precision` one by one.
        if abs(decrease) <= max(10 * _EPS, 0.1 * self._precision) * abs(self.value):
            # F's own rounding hides the change; the gradients at both ends show it. They must
            # fall, so that rounding cannot keep the iteration going.
            smaller = np.abs(gradient).max() < np.abs(self.gradient).max()
            decrease = -0.5 * float((self.gradient + gradient) @ self._step) if smaller else 0.0
        ratio = decrease / self._predicted
        if not ratio > _ACCEPT:  # NaN too
            self._damping *= self._growth
            self._growth *= 2
            return False
        self._damping *= max(1 / 3, 1 - (2 * ratio - 1) ** 3)
        self._damping = max(self._damping, self._least)
        self._growth = 2.0
        self.theta, self.value, self.gradient = self._point, value, gradient
        self._system = system
        return True


@dataclass(frozen=True)
class Newton(FullBatch):
    """Damped steps of Newton's method with the exact Hessian.

    F never rises by more than its own rounding. With few parameters the Hessian is computed
    together with the value, before the step is decided on. One in ten is not used, but each shares
    its forward pass with the value.
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
        """See `Solver.solve`; nothing is drawn."""
        exact = thetas.shape[1] <= EXACT_SIZE
        return descend_side_by_side(
            function,
            thetas,
            _Descent,
            _evaluate_exactly if exact else _evaluate,
            hessians=exact,
            tol=tol,
            max_iter=max_iter,
            callback=callback,
        )


def _evaluate_exactly(function: Function, points: FloatArray) -> list[tuple[Any, ...]]:
    values, gradients, hessians = function.loss_gradient_hessian(points)
    systems = map(ExactSystem, hessians, gradients)
    return list(zip(values.tolist(), gradients, systems, strict=True))


def _evaluate(function: Function, points: FloatArray) -> list[tuple[Any, ...]]:
    values, gradients = function.loss_gradient(points)
    systems = [
        ConjugateGradientSystem(function.take([k]), point, gradient)
        for k, (point, gradient) in enumerate(zip(points, gradients, strict=True))
    ]
    return list(zip(values.tolist(), gradients, systems, strict=True))
