"""L-BFGS, for several starts side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._arrays import FloatArray
from ._protocol import Callback, FullBatch, Function, Result
from ._side_by_side import descend_side_by_side

# Pairs kept, and the numbers in them beyond which they are fewer, but no fewer than 10. Evaluations
# with 10, 20 and 30 pairs: flower 143, 100, 85; moons 118, 95, 87; wine 44, 41, 39; breast cancer
# 62, 57, 49; digits 60, 51, 51; with more no fewer (medians over 10 seeds).
_PAIRS = 30
_NUMBERS = 2**20

# Conditions of Wolfe (Nocedal and Wright, 2006, eq. 3.6).
_DECREASE = 1e-4
_CURVATURE = 0.9

# Trials of one line search. Each at least halves the bracket or widens it by half.
_TRIALS = 30

_EPS = float(np.finfo(float).eps)


class Pairs:
    """The latest steps s and changes of the gradient y, as a metric.

    With S (p, m) and Y (p, m) the pairs as columns, R the part of S^T Y in which y is no older
    than s, D its diagonal and gamma = s.y / y.y of the latest pair, the inverse Hessian is

        gamma I + [S, gamma Y] [[R^-T (D + gamma Y^T Y) R^-1, -R^-T], [-R^-1, 0]] [S, gamma Y]^T

    (Byrd, Nocedal and Schnabel, 1994, eq. 3.13). A pair goes into the slot of the oldest, and R^-1
    is kept by slots: leaving out the oldest pair deletes its row and column of R^-1, and a new
    one adds a column -R^-1 S^T y / s.y, so that the slots need not be in order of age.
    """

    def __init__(self, size: int) -> None:
        m = max(10, min(_PAIRS, _NUMBERS // (2 * size)))
        self.m = m
        self.SY = np.zeros((m, 2, size))  # a slot holds s and y
        self.inverse_R = np.zeros((m, m))
        self.YY = np.zeros((m, m))
        self.D = np.zeros(m)
        self.gamma = 1.0
        self.n_pairs = 0

    def _products(self, vector: FloatArray) -> tuple[FloatArray, FloatArray]:
        """S^T and Y^T times a vector, for the pairs so far."""
        used = self.SY[: self.n_pairs]
        products = used.reshape(-1, len(vector)) @ vector
        return products[::2], products[1::2]

    def add(self, s: FloatArray, y: FloatArray) -> None:
        """Add a new pair."""
        product, square = float(s @ y), float(y @ y)
        if not product > _EPS * square:
            return  # only rounding makes this possible after a search by Wolfe's conditions
        slot = self.n_pairs % self.m
        self.n_pairs += 1
        self.SY[slot] = s, y
        S_y, Y_y = self._products(y)
        n = len(S_y)
        inverse_R = self.inverse_R[:n, :n]
        inverse_R[slot] = 0
        inverse_R[:, slot] = inverse_R @ S_y / -product
        inverse_R[slot, slot] = 1 / product
        self.YY[slot, :n] = self.YY[:n, slot] = Y_y
        self.D[slot] = product
        self.gamma = product / square

    def direction(self, gradient: FloatArray) -> FloatArray:
        """Minus the inverse Hessian times the gradient."""
        S_g, Y_g = self._products(gradient)
        n = len(S_g)
        inverse_R = self.inverse_R[:n, :n]
        u = inverse_R @ S_g
        v = (self.D[:n] * u + self.gamma * (self.YY[:n, :n] @ u - Y_g)) @ inverse_R
        coefficients = np.empty((n, 2))
        coefficients[:, 0], coefficients[:, 1] = v, -self.gamma * u
        direction = coefficients.ravel() @ self.SY[:n].reshape(-1, len(gradient))
        direction += self.gamma * gradient
        return np.negative(direction, out=direction)


class _Descent:
    """One start: its pairs, and a line search along the latest direction.

    The search takes the first step t that meets the conditions of Wolfe, by interpolation and
    bisection. Where F's own rounding hides a decrease, the slopes at both ends decide (Hager and
    Zhang, 2005, eq. 4.1).
    """

    def __init__(
        self, theta: FloatArray, precision: float, value: float, gradient: FloatArray
    ) -> None:
        self.theta, self.value, self.gradient = theta, value, gradient
        self._precision = precision
        self._pairs = Pairs(len(theta))
        self._search(-gradient)

    def refine(self, precision: float, value: float, gradient: FloatArray) -> None:
        """Go on with the same pairs."""
        self.value, self.gradient, self._precision = value, gradient, precision
        self._search(self._pairs.direction(gradient))

    def _search(self, direction: FloatArray) -> None:
        """Begin a line search: with the full step or, without pairs, a step of length 1 at most."""
        self._direction = direction
        self._slope = float(direction @ self.gradient)
        self._t = 1.0
        if self._pairs.n_pairs == 0 and self._slope < -1:
            self._t = (-self._slope) ** -0.5
        self._low, self._high, self._n_trials = 0.0, np.inf, 0

    def propose(self) -> FloatArray | None:
        """The point at step t, or None where no step moves theta along steepest descent."""
        if self._n_trials < _TRIALS and self._slope < 0 < self._t:
            self._point = self.theta + self._t * self._direction
            if self._n_trials == 0 or (self._point != self.theta).any():
                return self._point
        if self._pairs.n_pairs == 0:
            return None
        self._pairs = Pairs(len(self.theta))  # rounding errors dominate the metric
        self._search(-self.gradient)
        return self.propose()

    def decide(self, value: float, gradient: FloatArray) -> bool:
        """Move to the trial point, or choose another t."""
        t, start = self._t, self._slope
        slope = float(gradient @ self._direction)
        rise = value - self.value
        lower = rise <= _DECREASE * t * start or (
            rise <= self._precision * abs(self.value) and slope <= (2 * _DECREASE - 1) * start
        )
        if lower and slope >= _CURVATURE * start:
            self._pairs.add(self._point - self.theta, gradient - self.gradient)
            self.theta, self.value, self.gradient = self._point, value, gradient
            self._search(self._pairs.direction(gradient))
            return True
        self._n_trials += 1
        if lower:
            self._low = t
        else:
            self._high = t
        if self._high == np.inf:
            self._t = 10 * t  # at least; a slope as steep as this is zero no earlier
        elif self._low > 0 or not np.isfinite(rise):
            self._t = 0.5 * (self._low + self._high)
        else:
            # Where a parabola through what is known has its minimum.
            self._t = t * min(max(-0.5 * start * t / (rise - start * t), 0.1), 0.5)
        return False


@dataclass(frozen=True)
class LBFGS(FullBatch):
    """Limited-memory BFGS (Liu and Nocedal, 1989)."""

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
        return descend_side_by_side(
            function, thetas, _Descent, _evaluate, tol=tol, max_iter=max_iter, callback=callback
        )


def _evaluate(function: Function, points: FloatArray) -> list[tuple[float, FloatArray]]:
    values, gradients = function.loss_gradient(points)
    return list(zip(values.tolist(), gradients, strict=True))
