"""The function that every solver minimises, and its gradient."""

from __future__ import annotations

import numpy as np

from ._backprop import hessian, hessp, loss_gradient
from ._blocks import RowBlocks
from ._losses import Loss
from ._parameters import FloatArray, Layout, Parameters
from ._standardize import Scaling


class Objective:
    """F(theta) = (1/S) [sum_i w_i loss(y_i, z_i) + (alpha/2) (|V1|^2 + |W2|^2)], S = sum_i w_i.

    theta = [V1, c1, W2, b2] in the order of `Layout`, always float64; biases are not
    penalised.

    Parameters
    ----------
    rows : RowBlocks
        Features, encoded targets and positive weights.
    layout : Layout
    loss : Loss
    total_weight : float
        S.
    alpha : float
        Strength of the penalty.
    scaling : Scaling or None
        Where V1, c1 act on standardised columns but `rows` holds them in their own units
        (sparse X), the scaling between the two. None where theta acts on `rows` as it is.

    Attributes
    ----------
    precision : float
        Relative rounding of what the kernels compute in.
    n_evaluations, n_hessps, n_hessians : int
        Calls of `loss_gradient`, `hessp` and `hessian` so far, each a pass over the data.
    """

    def __init__(
        self,
        rows: RowBlocks,
        layout: Layout,
        loss: Loss,
        total_weight: float,
        alpha: float,
        scaling: Scaling | None = None,
    ) -> None:
        self.rows = rows
        self.layout = layout
        self.loss = loss
        self.total_weight = total_weight
        self.alpha = alpha
        self.scaling = scaling
        self.precision = float(np.finfo(rows.dtype).eps)
        self.n_evaluations = self.n_hessps = self.n_hessians = 0

    def _folded(self, theta: FloatArray) -> Parameters:
        """Theta's parts as they act on the rows."""
        parts = self.layout.unpack(theta)
        if self.scaling is None:
            return parts
        return Parameters(*self.scaling.fold(*parts[:2]), *parts[2:])

    def _pull_back(self, gradient: FloatArray) -> None:
        """Turn a derivative in the folded parts into one in theta, in place."""
        if self.scaling is not None:
            self.scaling.pull_back(*self.layout.unpack(gradient)[:2])

    def loss_gradient(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """F and its gradient at theta, the gradient a new float64 vector of theta's shape."""
        self.n_evaluations += 1
        total = self.rows.reduce(loss_gradient, self._folded(theta), self.loss)
        return self._penalised(total, theta)

    def minibatch_gradient(
        self, theta: FloatArray, indices: FloatArray
    ) -> tuple[float, FloatArray]:
        """Unbiased estimates of F and its gradient from the rows with these indices.

        The rows' sums are scaled by n_samples / len(indices); the penalty is F's own, whatever
        the size of the batch or the weight in it.
        """
        total = self.rows.reduce_batch(loss_gradient, self._folded(theta), indices, self.loss)
        total *= self.rows.n_samples / len(indices)
        return self._penalised(total, theta)

    def _penalised(self, total: FloatArray, theta: FloatArray) -> tuple[float, FloatArray]:
        """F and its gradient from the sums over rows, which are overwritten."""
        gradient = total[1:]
        self._pull_back(gradient)
        weights = theta * self.layout.penalty_mask
        value = total[0] + 0.5 * self.alpha * (weights @ weights)
        gradient += self.alpha * weights
        gradient /= self.total_weight
        return float(value / self.total_weight), gradient

    def hessp(
        self, theta: FloatArray, direction: FloatArray, gauss_newton: bool = False
    ) -> FloatArray:
        """F's Hessian at theta, or its Gauss-Newton part, times a direction: a new vector."""
        self.n_hessps += 1
        folded = self.rows.cast(self._folded(direction))
        product = self.rows.reduce(hessp, self._folded(theta), self.loss, folded, gauss_newton)[1:]
        self._pull_back(product)
        product += self.alpha * self.layout.penalty_mask * direction
        product /= self.total_weight
        return product

    def hessian(self, theta: FloatArray, gauss_newton: bool = False) -> FloatArray:
        """F's Hessian at theta, or its Gauss-Newton part: a new matrix, symmetric."""
        self.n_hessians += 1
        shape = (self.layout.size, self.layout.size)
        H = self.rows.reduce(hessian, self._folded(theta), self.loss, gauss_newton, shape=shape)
        self._pull_back(H)
        self._pull_back(H.T)
        H[np.diag_indices_from(H)] += self.alpha * self.layout.penalty_mask
        H /= self.total_weight
        return H
