"""The functions that solvers minimise, several over the same rows, and their derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ._arrays import FloatArray, IntArray
from ._backprop import Networks, hessp, loss_gradient
from ._hessian import loss_gradient_hessian
from ._losses import Loss
from ._parameters import Layout
from ._rows import RowSource

# Numbers in the widest buffer over all rows from which on a descent in float32, which float64 then
# finishes, saves time; see benchmarks/float32.py.
FLOAT32_ENTRIES = 2**14


@dataclass
class Counts:
    """What has been computed so far, a network each."""

    evaluations: int = 0  # values with gradients
    hessps: int = 0  # products with a Hessian
    hessians: int = 0


class Objective:
    """B problems over the same rows, b = 1..B, for networks that are computed side by side.

        F_b(theta_b) = (1/S_b) [ sum_i w_bi loss(y_i, z_i(theta_b))
                                 + (alpha_b/2) (|V1_b|^2 + |W2_b|^2) ],   S_b = sum_i w_bi

    theta = [V1, c1, W2, b2] in the order of `Layout`, always float64; biases are not
    penalised. What is computed for one F does not depend on the others: it is the same to the bit
    as alone. `take` says which of the problems a stack of thetas belongs to.

    Parameters
    ----------
    rows : RowSource
        Features, encoded targets and positive weights.
    layout : Layout
    loss : Loss
    alpha : float or ndarray of shape (B,)
        Strength of the penalty.
    total_weight : float or ndarray of shape (B,)
        S.
    weights : ndarray of shape (B, n_samples), default=None
        Weights of the rows in each problem, not negative; None where those of `rows` are meant.
        Where all of the three are shared, there are as many problems as thetas.

    Attributes
    ----------
    n_samples : int
    precision : float
        Relative rounding of what the kernels compute in.
    counts : Counts
        Shared with the objectives that `take` gives; those in float32 have counts of their own.
    """

    def __init__(
        self,
        rows: RowSource,
        layout: Layout,
        loss: Loss,
        alpha: float | FloatArray,
        total_weight: float | FloatArray,
        weights: FloatArray | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.rows = rows
        self.layout = layout
        self.loss = loss
        self.counts = Counts() if counts is None else counts
        self.n_samples = rows.n_samples
        self.precision = float(np.finfo(rows.dtype).eps)
        # As columns, beside thetas: with a single row where it is shared.
        self._alpha = np.reshape(np.asarray(alpha, dtype=np.float64), (-1, 1))
        self._total = np.reshape(np.asarray(total_weight, dtype=np.float64), (-1, 1))
        self._weights = None if weights is None else weights.astype(rows.dtype, copy=False)
        self._penalty = np.where(layout.penalty_mask > 0, self._alpha, 0.0)
        self._float32: tuple[Objective | None] | None = None

    @property
    def n_together(self) -> int:
        """Networks that are better computed side by side than one after the other."""
        return self.rows.n_together(self.layout)

    def take(self, which: list[int]) -> Objective:
        """The problems with these numbers; the objective itself where all problems are the same."""
        n_own = max(len(self._alpha), len(self._total))
        if self._weights is None and n_own == 1:
            return self
        return Objective(
            self.rows,
            self.layout,
            self.loss,
            self._alpha[which] if len(self._alpha) > 1 else self._alpha,
            self._total[which] if len(self._total) > 1 else self._total,
            None if self._weights is None else self._weights[which],
            self.counts,
        )

    def in_float32(self, hessians: bool = False) -> Objective | None:
        """The same problems in float32, if that saves time: for gradients, or for Hessians too."""
        width = self.layout.size if hessians else self.layout.width
        if self.n_samples * width < FLOAT32_ENTRIES:
            return None
        if self._float32 is None:
            rows = self.rows.as_float32()
            self._float32 = (
                None
                if rows is None
                else Objective(
                    rows, self.layout, self.loss, self._alpha, self._total, self._weights
                ),
            )
        return self._float32[0]

    def _networks(self, thetas: FloatArray, directions: FloatArray | None = None) -> Networks:
        """Networks as the rows see them."""
        if self.rows.to_fold is not None:
            thetas = self._folded(thetas)
            directions = None if directions is None else self._folded(directions)
        return Networks(self.layout, thetas, self.loss, directions, self._weights)

    def _folded(self, thetas: FloatArray) -> FloatArray:
        """Thetas that act on columns in their own units."""
        assert self.rows.to_fold is not None
        folded = thetas.copy()
        parts = self.layout.unpack(folded)
        parts.W1[...], parts.b1[...] = self.rows.to_fold.fold(*parts[:2])
        return folded

    def _pull_back(self, gradient: FloatArray) -> None:
        """Turn a derivative in the folded parts into one in theta, in place."""
        if self.rows.to_fold is not None:
            self.rows.to_fold.pull_back(*self.layout.unpack(gradient)[:2])

    def loss_gradient(self, theta: FloatArray) -> tuple[Any, FloatArray]:
        """F and its gradient at theta, the gradient a new float64 array of theta's shape.

        A theta of shape (B, size) gives B values and gradients, to the bit as one by one.
        """
        thetas = theta if theta.ndim == 2 else theta[None]
        self.counts.evaluations += len(thetas)
        total = self.rows.reduce(loss_gradient, self._networks(thetas))
        return _as_given(theta, *self._penalised(total, thetas))

    def minibatch_gradient(self, theta: FloatArray, indices: IntArray) -> tuple[Any, FloatArray]:
        """Unbiased estimates of F and its gradient from the rows with these indices.

        The rows' sums are scaled by n_samples / len(indices); the penalty is F's own, whatever
        the size of the batch or the weight in it.
        """
        in_float32 = self.in_float32()
        if in_float32 is not None:
            return in_float32.minibatch_gradient(theta, indices)
        thetas = theta if theta.ndim == 2 else theta[None]
        total = self.rows.reduce_batch(loss_gradient, self._networks(thetas), indices)
        total *= self.n_samples / len(indices)
        return _as_given(theta, *self._penalised(total, thetas))

    def _penalised(self, total: FloatArray, thetas: FloatArray) -> tuple[FloatArray, FloatArray]:
        """F and its gradient from the sums over rows, which are overwritten."""
        values, gradients = total[:, 0], total[:, 1:]
        self._pull_back(gradients)
        pull = self._penalty * thetas
        gradients += pull
        pull *= thetas
        values += 0.5 * np.add.reduce(pull, axis=1)
        total /= self._total
        return values, gradients

    def hessp(
        self, theta: FloatArray, direction: FloatArray, gauss_newton: bool = False
    ) -> FloatArray:
        """F's Hessian at theta, or its Gauss-Newton part, times a direction: as theta, new."""
        thetas = theta if theta.ndim == 2 else theta[None]
        directions = direction.reshape(thetas.shape)
        self.counts.hessps += len(thetas)
        networks = self._networks(thetas, directions)
        products = self.rows.reduce(hessp, networks, gauss_newton)[:, 1:]
        self._pull_back(products)
        products += self._penalty * directions
        products /= self._total
        return products.reshape(theta.shape)

    def loss_gradient_hessian(
        self, theta: FloatArray, gauss_newton: bool = False
    ) -> tuple[Any, FloatArray, FloatArray]:
        """F, its gradient and its Hessian or Gauss-Newton part, (size, size) and symmetric.

        All are new arrays, and have a leading axis where theta has one. The forward pass is
        shared: on small data this costs a third less than one after the other.
        """
        thetas = theta if theta.ndim == 2 else theta[None]
        self.counts.evaluations += len(thetas)
        self.counts.hessians += len(thetas)
        shape = (1 + self.layout.size,) * 2
        networks = self._networks(thetas)
        total = self.rows.reduce(loss_gradient_hessian, networks, gauss_newton, shape=shape)
        H = total[:, 1:, 1:]
        self._pull_back(H)
        self._pull_back(H.swapaxes(1, 2))
        diagonal = np.einsum("bii->bi", H)
        diagonal += self._penalty
        H /= self._total[:, :, None]
        return _as_given(theta, *self._penalised(total[:, 0], thetas), H)


def _as_given(theta: FloatArray, values: FloatArray, *others: FloatArray) -> Any:
    """Results for a stack as those of a single theta, if that is what was given."""
    if theta.ndim == 2:
        return values, *others
    return float(values[0]), *(other[0] for other in others)
