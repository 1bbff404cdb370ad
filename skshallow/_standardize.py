"""Weighted centre and scale of the columns, and folding them into first-layer weights.

With V1, c1 the first layer on standardised columns (x - mean) / scale, the same function
of the columns in their own units is

    W1 = V1 / scale,    b1 = c1 - mean W1.

A sparse X is never centred: its blocks are multiplied by W1 and b1, and `pull_back` takes
the gradient with respect to W1, b1 to the one with respect to V1, c1 by the chain rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import issparse

from ._arrays import FloatArray, Matrix
from ._split import split_rows

# Entries read at a time, 2 MiB in float64: beyond that a pass gets no faster, and below 2^14 it
# slows down (1,000,000 x 20 and 6,000 x 5,000, float32 and float64).
_ENTRIES = 2**18


def _rows_at_once(X: Matrix) -> int:
    return max(1, _ENTRIES // X.shape[1])


# A column is constant if its standard deviation is below this many units in the last place
# of its mean: X @ W1 + b1 could not resolve it in X's precision.
_ULPS = 8


@dataclass(frozen=True)
class Scaling:
    """Column means and scales, float64 of shape (n_features,); scale 0 marks a constant column."""

    mean: FloatArray
    scale: FloatArray

    @property
    def inverse(self) -> FloatArray:
        """1 / scale, and 0 for a constant column, which thereby has no effect."""
        return np.divide(1, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0)

    def keeping(self, W1: FloatArray) -> Scaling:
        """A scaling with which W1, (n_features, n_units), has a V1 where a column is constant too.

        There its scale becomes the one that makes the largest entry of V1 one.
        """
        largest = np.abs(W1).max(axis=1).astype(np.float64)
        lost = (self.scale == 0) & (largest > 0)
        scale = self.scale.copy()
        scale[lost] = 1 / largest[lost]
        return Scaling(self.mean, scale)

    def rounded(self, dtype: Any) -> Scaling:
        """The scaling with means that X's dtype holds, so that subtracting them there is exact.

        Nothing is lost: biases are not penalised, so F has the same minimum for any mean.
        """
        return Scaling(self.mean.astype(dtype).astype(np.float64), self.scale)

    def fold(self, V1: FloatArray, c1: FloatArray) -> tuple[FloatArray, FloatArray]:
        """W1, b1 in the units of X from V1, c1 on standardised columns."""
        W1 = V1 * self.inverse[:, None]
        return W1, c1 - self.mean @ W1

    def unfold(self, W1: FloatArray, b1: FloatArray) -> tuple[FloatArray, FloatArray]:
        """V1, c1 on standardised columns from W1, b1; undoes `fold` on these columns."""
        return W1 * self.scale[:, None], b1 + self.mean @ W1

    def pull_back(self, dW1: FloatArray, db1: FloatArray) -> None:
        """Turn, in place, the gradient in (W1, b1) into the one in (V1, c1).

        Leading axes stay, so that the rows of a Hessian can be turned at once.
        """
        dW1 -= self.mean[:, None] * db1[..., None, :]
        dW1 *= self.inverse[:, None]


def merge(one: Scaling, weight: float, other: Scaling, other_weight: float) -> Scaling:
    """Mean and scale of two samples together from those of each, with their total weights.

    The update of Chan, Golub and LeVeque (1983, eq. 2.1), computed without
    avoidable overflow.
    """
    share = other_weight / (weight + other_weight)
    delta = other.mean - one.mean
    between = np.sqrt(share * (1 - share)) * np.abs(delta)
    within = np.hypot(np.sqrt(1 - share) * one.scale, np.sqrt(share) * other.scale)
    scale = np.hypot(within, between)
    mean = one.mean + share * delta
    scale[scale <= _ULPS * np.finfo(np.float64).eps * np.abs(mean)] = 0
    return Scaling(mean, scale)


def column_scaling(X: Matrix, w: FloatArray) -> Scaling:
    """Weighted mean and standard deviation of each column of X.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
    w : ndarray of shape (n_samples,)
        Positive weights.

    Returns
    -------
    Scaling

    Raises
    ------
    ValueError
        If a column's variance overflows float64.

    Notes
    -----
    The variance is the corrected two-pass one (Chan, Golub and LeVeque, 1983, eq. 1.7), in
    float64, which also corrects the rounding error of the mean in the first pass.
    """
    n_samples, n_features = X.shape
    total = w.sum()
    mean, first, second = np.zeros((3, n_features))
    with np.errstate(over="ignore", invalid="ignore"):  # looked for below
        for rows, part in split_rows(X, _rows_at_once(X)):
            mean += w[rows] @ part
        mean /= total
        stored, weight_stored = np.zeros((2, n_features))
        for rows, part in split_rows(X, _rows_at_once(X)):
            if issparse(part):
                stored += np.bincount(part.indices, minlength=n_features)
                pattern = type(part)((np.ones(part.nnz), part.indices, part.indptr), part.shape)
                weight_stored += w[rows] @ pattern
                pattern.data = part.data - mean[part.indices]
                first += w[rows] @ pattern
                pattern.data **= 2
                second += w[rows] @ pattern
            else:
                centred = part - mean
                first += w[rows] @ centred
                np.square(centred, out=centred)
                second += w[rows] @ centred
        if issparse(X):
            # The entries that are not stored are zeros; none, exactly, in a full column.
            weight_absent = np.where(stored == n_samples, 0, total - weight_stored)
            first -= weight_absent * mean
            second += weight_absent * mean**2
        first /= total
        scale = np.sqrt(np.maximum(second / total - first**2, 0))
        mean += first
    if not np.isfinite(scale).all():
        column = int(np.flatnonzero(~np.isfinite(scale))[0])
        raise ValueError(
            f"The variance of column {column} of X overflows float64, so it cannot be "
            "standardised. Divide the column by a power of ten."
        )
    scale[scale <= _ULPS * np.finfo(X.dtype).eps * np.abs(mean)] = 0
    return Scaling(mean, scale)
