"""Trust-region Newton: one outer loop, with the subproblem as a plug-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dpotrf, dpotrs
from scipy.optimize import OptimizeResult

from ._status import CONVERGED, MAX_ITER, STALLED, STOPPED

Array = np.ndarray[Any, np.dtype[Any]]

# Up to this many parameters the Hessian is formed and factorised; beyond it is only multiplied.
EXACT_SIZE = 300

# Nocedal and Wright (2006), algorithm 4.1.
_ACCEPT = 1e-4  # least ratio of actual to predicted decrease for a step to be taken
_POOR, _GOOD = 0.25, 0.75  # ratios below and above which the radius shrinks and grows

_EPS = np.finfo(float).eps


class Step(NamedTuple):
    """Answer of a subproblem: a step, its predicted decrease, and whether it met the radius."""

    step: Array
    predicted: float
    at_boundary: bool


class ExactSubproblem:
    """Minimise the quadratic model g.s + s.Hs / 2 within a radius, exactly.

    A Cholesky factorisation gives the Newton step. Where H is not positive definite or the step
    too long, the spectrum of H gives (H + shift I) s = -g with |s| the radius (More and
    Sorensen, 1983); it is kept for further radii at the same point.
    """

    def __init__(self, objective: Any, theta: Array, gradient: Array) -> None:
        self.gradient = gradient
        self.H = objective.hessian(theta)
        self._finite = bool(np.isfinite(self.H).all())
        factor, info = dpotrf(self.H) if self._finite else (None, 1)
        self._newton = -dpotrs(factor, gradient)[0] if info == 0 else None
        self._spectrum: tuple[Array, Array, Array] | None = None

    def solve(self, radius: float) -> Step:
        """Best step of length at most `radius`."""
        if not self._finite:
            return Step(self.gradient, np.nan, False)
        if self._newton is not None and np.linalg.norm(self._newton) <= radius:
            return Step(self._newton, -0.5 * (self.gradient @ self._newton), False)
        if self._spectrum is None:
            values, vectors = eigh(self.H)
            self._spectrum = values, vectors, vectors.T @ self.gradient
        values, vectors, c = self._spectrum
        s = _shifted(values, c, radius)
        return Step(vectors @ s, float(-(c @ s) - 0.5 * (values @ (s * s))), True)


def _shifted(values: Array, c: Array, radius: float) -> Array:
    """Minimiser of c.s + s.diag(values)s / 2 on the sphere |s| = radius; values ascend."""
    # |s| >= |c_i| / (values_i + shift) bounds the shift from below; from there Newton's iteration
    # for 1 / |s| = 1 / radius rises to its root without passing it.
    margin = 1e-12 * float(np.abs(values).max())
    shift = max(0.0, float((np.abs(c) / radius - values).max()), margin - float(values[0]))
    for _ in range(50):
        s = -c / (values + shift)
        length = float(np.linalg.norm(s))
        if length < radius:
            # The hard case: the gradient is orthogonal to the lowest eigenvector, along which
            # the step goes on to the boundary.
            s[0] = 0
            s[0] = np.copysign((radius**2 - float(s @ s)) ** 0.5, -c[0])
            break
        if length <= 1.01 * radius:
            break
        shift += length**2 / (s * s / (values + shift)).sum() * (length - radius) / radius
    return s


class ConjugateGradientSubproblem:
    """Minimise the quadratic model within a radius by conjugate gradients (Steihaug, 1983)."""

    def __init__(self, objective: Any, theta: Array, gradient: Array) -> None:
        self.gradient = gradient
        self._product: Callable[[Array], Array] = lambda v: objective.hessp(theta, v)

    def solve(self, radius: float) -> Step:
        """Approximate step of length at most `radius`, by products with H alone."""
        norm = np.linalg.norm(self.gradient)
        # Superlinear outer convergence: Nocedal and Wright (2006), eq. 7.3.
        tolerance = min(0.5, np.sqrt(norm)) * norm
        s, Hs = np.zeros((2, len(self.gradient)))
        residual = self.gradient.copy()
        d = -residual
        for _ in range(len(s)):
            Hd = self._product(d)
            curvature = d @ Hd
            square = residual @ residual
            length = square / curvature if curvature > 0 else np.inf
            if curvature <= 0 or np.linalg.norm(s + length * d) >= radius:
                along, across = d @ s, d @ d
                root = np.sqrt(along**2 + across * (radius**2 - s @ s))
                s, Hs = s + (t := (root - along) / across) * d, Hs + t * Hd
                return Step(s, float(-(self.gradient @ s) - 0.5 * (s @ Hs)), True)
            s, Hs = s + length * d, Hs + length * Hd
            residual = residual + length * Hd
            if np.linalg.norm(residual) <= tolerance:
                break
            d = -residual + (residual @ residual / square) * d
        return Step(s, float(-(self.gradient @ s) - 0.5 * (s @ Hs)), False)


def solve_newton(
    objective: Any,
    theta0: Array,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
) -> OptimizeResult:
    """Minimise by a trust region around a quadratic model with the exact Hessian.

    See the package's docstring for the arguments and the result. An iteration is an accepted
    step; F never rises by more than its own rounding. Second derivatives are computed at
    accepted points only.
    """
    subproblem = ExactSubproblem if len(theta0) <= EXACT_SIZE else ConjugateGradientSubproblem
    theta = theta0.copy()
    value, gradient = objective.loss_gradient(theta)
    radius = max(1.0, float(np.linalg.norm(theta)))
    n_iter, status = 0, CONVERGED
    while np.abs(gradient).max() > tol:
        if n_iter == max_iter:
            status = MAX_ITER
            break
        model = subproblem(objective, theta, gradient)
        while True:
            step, predicted, at_boundary = model.solve(radius)
            if np.linalg.norm(step) <= objective.precision * np.linalg.norm(theta):
                ratio = 0.0  # theta + step is theta to the kernels
                break
            if not np.isfinite(predicted):
                ratio = 0.0  # second derivatives overflow, at any radius
                break
            trial, trial_gradient = objective.loss_gradient(theta + step)
            decrease = value - trial
            if abs(decrease) <= 10 * _EPS * abs(value):
                # F's own rounding hides the change; the gradients at both ends show it. They must
                # fall, so that rounding cannot keep the iteration going.
                smaller = np.abs(trial_gradient).max() < np.abs(gradient).max()
                decrease = -0.5 * float((gradient + trial_gradient) @ step) if smaller else 0.0
            ratio = decrease / predicted
            if not ratio >= _POOR:  # NaN too
                radius = _POOR * float(np.linalg.norm(step))
            elif ratio > _GOOD and at_boundary:
                radius *= 2
            if ratio > _ACCEPT:
                break
        if ratio <= _ACCEPT:
            status = STALLED
            break
        theta, value, gradient = theta + step, trial, trial_gradient
        n_iter += 1
        if callback(theta, value, gradient):
            status = STOPPED
            break
    return OptimizeResult(x=theta, fun=value, jac=gradient, nit=n_iter, status=status)
