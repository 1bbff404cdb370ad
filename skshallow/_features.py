"""What is wrong with a user's X, and what helps."""

from __future__ import annotations

from typing import Any

from scipy.sparse import issparse

# The axis that is compressed in a format, and the one that its indices are of.
_AXES = {"csr": ("row", "column"), "csc": ("column", "row"), "bsr": ("row", "column")}

_REMEDY = (
    "Build it anew from its rows and columns, as scipy.sparse.csr_matrix((data, (rows, columns)), "
    "shape=shape), which checks them."
)


def check_indices(X: Any) -> None:
    """Raise a ValueError where a sparse X has entries outside its shape.

    SciPy does not look at the indices of a matrix that is built from them, and its conversions and
    products write to whatever memory they point to.
    """
    if not issparse(X) or X.ndim != 2:
        return
    if X.format == "coo":
        for indices, n, axis in ((X.row, X.shape[0], "row"), (X.col, X.shape[1], "column")):
            _check_range(X, indices, n, axis)
    if X.format not in _AXES:
        return
    outer, inner = _AXES[X.format]
    block = X.blocksize if X.format == "bsr" else (1, 1)
    shape = X.shape[0] // block[0], X.shape[1] // block[1]
    n_outer, n_inner = shape[::-1] if outer == "column" else shape
    starts = X.indptr
    regular = len(starts) == n_outer + 1 and starts[0] == 0 and (starts[1:] >= starts[:-1]).all()
    if not (regular and starts[-1] <= min(len(X.indices), len(X.data))):
        raise ValueError(
            f"indptr of X, a sparse matrix in the format {X.format!r}, must rise from 0 to at most "
            f"the number of entries, {len(X.data)}, in {n_outer + 1} numbers. {_REMEDY}"
        )
    _check_range(X, X.indices[: starts[-1]], n_inner, inner)


def _check_range(X: Any, indices: Any, n: int, axis: str) -> None:
    """Raise a ValueError where an index is not in [0, n)."""
    if not len(indices):
        return
    low, high = int(indices.min()), int(indices.max())
    if low < 0 or high >= n:
        of = "blocks of columns" if X.format == "bsr" else f"{axis}s"
        raise ValueError(
            f"X, a sparse matrix in the format {X.format!r}, has {n} {of}, but {axis} indices from "
            f"{low} to {high}. {_REMEDY}"
        )
