"""The function that every solver minimises, and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ._backprop import hessp, loss_gradient, loss_gradient_hessian
from ._losses import Loss
from ._parameters import FloatArray, Layout
from ._standardize import Scaling

# Numbers in the widest buffer over all rows from which on float32 serves for the way down to what
# float64 then finishes; see benchmarks/float32.py.
ROUGH_ENTRIES = 2**14


def rough_pays(n_samples: int, width: int) -> bool:
    """Whether a float32 twin saves time on so many rows with so many numbers each."""
    return n_samples * width >= ROUGH_ENTRIES


class RowSource(Protocol):
    """What the objective and the solvers ask of rows, wherever they are; see `RowBlocks`."""

    n_samples: int
    dtype: np.dtype[Any]  # what the kernels compute in

    @property
    def n_together(self) -> int:
        """Networks that are better computed side by side than one after the other."""

    def reduce(
        self,
        kernel: Callable[..., None],
        thetas: FloatArray,
        *args: Any,
        along: FloatArray | None = None,
        shape: Any = None,
    ) -> FloatArray:
        """Sum of a kernel over all rows, a new float64 array of shape (n_stack, *shape)."""

    def reduce_batch(
        self, kernel: Callable[..., None], thetas: FloatArray, indices: Any, *args: Any
    ) -> FloatArray:
        """Sum of a kernel over the rows with these indices."""


class Objective:
    """F(theta) = (1/S) [sum_i w_i loss(y_i, z_i) + (alpha/2) (|V1|^2 + |W2|^2)], S = sum_i w_i.

    theta = [V1, c1, W2, b2] in the order of `Layout`, always float64; biases are not
    penalised. Several thetas may be stacked, one a row, and are then computed side by side.

    Parameters
    ----------
    rows : RowSource
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
    make_rough : callable or None
        Makes the rough twin, if there can be one: the same function on the same rows in a
        precision that takes less time. Minibatches use it, and a solver may go most of its way
        down it.

    Attributes
    ----------
    precision : float
        Relative rounding of what the kernels compute in.
    n_evaluations, n_hessps, n_hessians : int
        Values with gradients, Hessian products and Hessians computed so far, a theta each.
    """

    def __init__(
        self,
        rows: RowSource,
        layout: Layout,
        loss: Loss,
        total_weight: float,
        alpha: float,
        scaling: Scaling | None = None,
        make_rough: Callable[[], Objective | None] | None = None,
    ) -> None:
        self.rows = rows
        self.layout = layout
        self.loss = loss
        self.total_weight = total_weight
        self.alpha = alpha
        self.scaling = scaling
        self._make_rough = make_rough
        self.precision = float(np.finfo(rows.dtype).eps)
        self.n_evaluations = self.n_hessps = self.n_hessians = 0
        self._penalty = np.where(layout.penalty_mask > 0, alpha, 0.0)

    def twin(self, hessians: bool = False) -> Objective | None:
        """The rough twin, if it saves time: for gradients alone, or for Hessians too."""
        width = self.layout.size if hessians else self.layout.width
        return self._rough if rough_pays(self.rows.n_samples, width) else None

    @cached_property
    def _rough(self) -> Objective | None:
        return None if self._make_rough is None else self._make_rough()

    def _folded(self, thetas: FloatArray) -> FloatArray:
        """Thetas as they act on the rows."""
        if self.scaling is None:
            return thetas
        folded = thetas.copy()
        parts = self.layout.unpack(folded)
        parts.W1[...], parts.b1[...] = self.scaling.fold(*parts[:2])
        return folded

    def _pull_back(self, gradient: FloatArray) -> None:
        """Turn a derivative in the folded parts into one in theta, in place."""
        if self.scaling is not None:
            self.scaling.pull_back(*self.layout.unpack(gradient)[:2])

    def loss_gradient(self, theta: FloatArray) -> tuple[Any, FloatArray]:
        """F and its gradient at theta, the gradient a new float64 array of theta's shape.

        A theta of shape (B, size) gives B values and gradients, to the bit as one by one.
        """
        thetas = theta if theta.ndim == 2 else theta[None]
        self.n_evaluations += len(thetas)
        total = self.rows.reduce(loss_gradient, self._folded(thetas), self.loss)
        return _as_given(theta, *self._penalised(total, thetas))

    def minibatch_gradient(self, theta: FloatArray, indices: FloatArray) -> tuple[Any, FloatArray]:
        """Unbiased estimates of F and its gradient from the rows with these indices.

        The rows' sums are scaled by n_samples / len(indices); the penalty is F's own, whatever
        the size of the batch or the weight in it.
        """
        rough = self.twin()
        if rough is not None:
            return rough.minibatch_gradient(theta, indices)
        thetas = theta if theta.ndim == 2 else theta[None]
        total = self.rows.reduce_batch(loss_gradient, self._folded(thetas), indices, self.loss)
        total *= self.rows.n_samples / len(indices)
        return _as_given(theta, *self._penalised(total, thetas))

    def _penalised(self, total: FloatArray, thetas: FloatArray) -> tuple[FloatArray, FloatArray]:
        """F and its gradient from the sums over rows, which are overwritten."""
        values, gradients = total[:, 0], total[:, 1:]
        self._pull_back(gradients)
        pull = self._penalty * thetas
        gradients += pull
        pull *= thetas
        values += 0.5 * np.add.reduce(pull, axis=1)
        total /= self.total_weight
        return values, gradients

    def hessp(
        self, theta: FloatArray, direction: FloatArray, gauss_newton: bool = False
    ) -> FloatArray:
        """F's Hessian at theta, or its Gauss-Newton part, times a direction: a new vector."""
        self.n_hessps += 1
        at, along = self._folded(np.array([theta])), self._folded(np.array([direction]))
        product = self.rows.reduce(hessp, at, self.loss, gauss_newton, along=along)[0, 1:]
        self._pull_back(product)
        product += self._penalty * direction
        product /= self.total_weight
        return product

    def loss_gradient_hessian(
        self, theta: FloatArray, gauss_newton: bool = False
    ) -> tuple[Any, FloatArray, FloatArray]:
        """F, its gradient and its Hessian or Gauss-Newton part, (size, size) and symmetric.

        All are new arrays, and have a leading axis where theta has one. The forward pass is
        shared: on small data this costs a third less than one after the other.
        """
        thetas = theta if theta.ndim == 2 else theta[None]
        self.n_evaluations += len(thetas)
        self.n_hessians += len(thetas)
        shape = (1 + self.layout.size,) * 2
        total = self.rows.reduce(
            loss_gradient_hessian, self._folded(thetas), self.loss, gauss_newton, shape=shape
        )
        H = total[:, 1:, 1:]
        self._pull_back(H)
        self._pull_back(H.swapaxes(1, 2))
        diagonal = np.einsum("bii->bi", H)
        diagonal += self._penalty
        H /= self.total_weight
        return _as_given(theta, *self._penalised(total[:, 0], thetas), H)


def _as_given(theta: FloatArray, values: FloatArray, *others: FloatArray) -> Any:
    """Results for a stack as those of a single theta, if that is what was given."""
    if theta.ndim == 2:
        return values, *others
    return float(values[0]), *(other[0] for other in others)
