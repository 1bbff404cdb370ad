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

from ._arrays import FloatArray, IntArray, Matrix
from ._split import split_rows

# Entries read at a time, 2 MiB in float64: beyond that a pass gets no faster, and below 2^14 it
# slows down (1,000,000 x 20 and 6,000 x 5,000, float32 and float64).
_ENTRIES = 2**18


def _rows_at_once(X: Matrix) -> int:
    return max(1, _ENTRIES // X.shape[1])


# A column counts as constant if its standard deviation is below this many times its mean and the
# precision of X: X @ W1 + b1 could not tell it from rounding. With all columns of iris, wine and
# breast cancer at this limit the log-loss rises by 0.02 at most beside that of the same columns
# centred; at half of it by 0.08.
_ULPS = 2

# Deviations beyond this or its inverse are squared after a division by a power of two; it leaves
# room for sums of weighted squares.
_SQUARABLE = 2.0**400


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
        If float64 cannot hold the differences in a column, or their inverse.

    Notes
    -----
    The variance is the corrected two-pass one (Chan, Golub and LeVeque, 1983, eq. 1.7), in
    float64, which also corrects the rounding error of the mean in the first pass.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # looked for below
        mean, scale = _moments(X, w, None)
    odd = np.flatnonzero(~((scale > 1 / _SQUARABLE) & (scale < _SQUARABLE)))  # NaN too
    largest = np.zeros(len(scale))
    if len(odd):
        largest[odd] = np.abs(_extremes(X, odd)).max(axis=0)
    beyond = (largest > _SQUARABLE) | ((largest > 0) & (largest < 1 / _SQUARABLE))
    limits = np.finfo(np.float64)
    if beyond.any():
        # A power of two whose inverse is finite; products with it are exact.
        exponents = np.where(beyond, np.frexp(largest)[1], 0).clip(1 - limits.maxexp)
        mean, scale = (np.ldexp(part, exponents) for part in _moments(X, w, exponents))
    scale[scale <= _ULPS * np.finfo(X.dtype).eps * np.abs(mean)] = 0
    used = scale > 0
    _check_range(used & (largest > limits.max / 4), "differ by more than float64 holds", "Divide")
    _check_range(used & (scale < 1 / limits.max), "differ by too little for float64", "Multiply")
    return Scaling(mean, scale)


def _check_range(wrong: Any, what: str, remedy: str) -> None:
    """Raise a ValueError that names the first column that is wrong."""
    if wrong.any():
        raise ValueError(
            f"The values in column {int(np.argmax(wrong))} of X {what}, so it cannot be "
            f"standardised. {remedy} the column by a power of ten."
        )


def _moments(X: Matrix, w: FloatArray, exponents: IntArray | None) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of the columns, divided by powers of two with these exponents."""
    n_samples, n_features = X.shape
    total = w.sum()
    factor = None if exponents is None else np.ldexp(1.0, -exponents)
    mean, first, second = np.zeros((3, n_features))
    for rows, part in split_rows(X, _rows_at_once(X)):
        mean += w[rows] @ _times(part, factor)
    mean /= total
    stored, weight_stored = np.zeros((2, n_features))
    for rows, part in split_rows(X, _rows_at_once(X)):
        part = _times(part, factor)
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
    return mean + first, np.sqrt(np.maximum(second / total - first**2, 0))


def _times(part: Matrix, factor: FloatArray | None) -> Matrix:
    """Rows with each column times a factor; None leaves them as they are."""
    if factor is None:
        return part
    if not issparse(part):
        return part * factor
    return type(part)((part.data * factor[part.indices], part.indices, part.indptr), part.shape)


def _extremes(X: Matrix, columns: IntArray) -> FloatArray:
    """Least and largest entries of some columns, (2, n_columns)."""
    n_samples, n_features = X.shape
    low, high = np.full(n_features, np.inf), np.full(n_features, -np.inf)
    stored = np.zeros(n_features)
    for _, part in split_rows(X, _rows_at_once(X)):
        if issparse(part):
            stored += np.bincount(part.indices, minlength=n_features)
            np.minimum.at(low, part.indices, part.data)
            np.maximum.at(high, part.indices, part.data)
        else:
            some = part[:, columns]
            low[columns] = np.minimum(low[columns], some.min(axis=0))
            high[columns] = np.maximum(high[columns], some.max(axis=0))
    if issparse(X):
        absent = stored < n_samples
        low[absent], high[absent] = np.minimum(low[absent], 0), np.maximum(high[absent], 0)
    return np.array([low[columns], high[columns]])


def unresolved(X: Matrix, scaling: Scaling) -> list[int]:
    """Columns that have no effect although they vary: by too little for the precision of X."""
    columns = np.flatnonzero(scaling.scale == 0)
    if not len(columns):
        return []
    low, high = _extremes(X, columns)
    varying: list[int] = columns[low != high].tolist()
    return varying
