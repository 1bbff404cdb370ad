"""What is wrong with a user's X, and what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, time, timedelta
from numbers import Number, Real
from typing import Any

import numpy as np
from scipy.sparse import issparse

# Columns that a message names at the most.
_SHOWN = 5

# The axis that is compressed in a format, and the one that its indices are of.
_AXES = {"csr": ("row", "column"), "csc": ("column", "row"), "bsr": ("row", "column")}

# What is in scikit-learn's, NumPy's and pandas' messages about values of X, and not in others.
_OF_VALUES = ("NaN", "infinity", "could not convert", "must be a string or", "promoted", "NA ")

_REMEDY = (
    "Build it anew from its rows and columns, as scipy.sparse.csr_matrix((data, (rows, columns)), "
    "shape=shape), which checks them."
)

_DATES = (date, time, timedelta, np.datetime64, np.timedelta64)


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


def explained(X: Any, error: Exception) -> Exception | None:
    """An error that names the columns that are no finite numbers and what helps, or None.

    Parameters
    ----------
    X : array-like, frame or sparse matrix
        As the user gave it.
    error : Exception
        What its validation raised.
    """
    first = str(error).partition("\n")[0].partition(". This means")[0].rstrip(".")
    if not any(word in first for word in _OF_VALUES):
        return None
    dates, text, missing, infinite = (
        _columns_with(X, has) for has in (_has_date, _has_text, _has_nan, _has_inf)
    )
    # scikit-learn's estimators raise a TypeError for objects like a dictionary.
    kind = TypeError if isinstance(error, TypeError) else ValueError
    if dates:
        return kind(
            f"X holds dates or times in {dates}: turn them into numbers, such as days since the "
            "first date, or have skrub.tabular_pipeline do so."
        )
    if text:
        return kind(
            f"{first}. X holds text or other objects that are no numbers in {text}: encode them in "
            "a pipeline, as by sklearn.preprocessing.OneHotEncoder, or by skrub.tabular_pipeline, "
            "which chooses an encoder for each column."
        )
    if missing:
        return ValueError(
            f"{first}: values are missing in {missing}. Fill them in, as by "
            "sklearn.impute.SimpleImputer(add_indicator=True) in a pipeline, or by "
            "skrub.tabular_pipeline."
        )
    if infinite:
        return ValueError(f"{first}, in {infinite}. Replace or clip such values.")
    return None


def named(columns: Sequence[int], names: Any) -> str:
    """Columns for a message: numbers, with names unless they are None; the first of many."""
    shown = [str(k) if names is None else f"{k} ({names[k]!r})" for k in columns[:_SHOWN]]
    rest = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    return f"column{'s' * (len(columns) > 1)} {', '.join(shown)}{rest}"


def _columns_with(X: Any, has: Callable[[Any], bool]) -> str:
    """The columns of X that have something, for a message, or ''."""
    columns = [k for k, column in enumerate(_columns(X)) if has(column)]
    names = list(getattr(X, "columns", ()))
    known = names and all(isinstance(name, str) for name in names)
    return named(columns, names if known else None) if columns else ""


def _columns(X: Any) -> Iterator[Any]:
    """The columns of a frame, matrix or list, each a one-dimensional array."""
    if issparse(X):
        X = X.tocsc()
        yield from (X.data[X.indptr[k] : X.indptr[k + 1]] for k in range(X.shape[1]))
        return
    X = X if hasattr(X, "shape") else np.asarray(X, dtype=object)
    if len(X.shape) == 2:
        at = X.iloc if hasattr(X, "iloc") else X
        yield from (np.asarray(at[:, k]) for k in range(X.shape[1]))


def _is_text(value: Any) -> bool:
    """Whether a value is neither a number nor missing, and does not say a number."""
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return True
        return False
    return not (isinstance(value, Number | np.bool_) or is_missing(value))


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, or what pandas has for them."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Number) and value != value


def _has_text(column: Any) -> bool:
    if column.dtype.kind in "OUS":
        return any(_is_text(value) for value in column)
    return column.dtype.kind not in "biufc"


def _has_date(column: Any) -> bool:
    if column.dtype.kind in "mM":
        return True
    return column.dtype == object and any(_is_date(value) for value in column)


def _is_date(value: Any) -> bool:
    """Whether a value is one of Python's or NumPy's dates, times and differences, or pandas'."""
    kind = type(value).__name__
    # pandas' NaT is a datetime too, but a value that is missing.
    return kind == "Period" or (isinstance(value, _DATES) and kind != "NaTType")


def _has_nan(column: Any) -> bool:
    if column.dtype.kind == "f":
        return bool(np.isnan(column).any())
    return column.dtype == object and any(is_missing(value) for value in column)


def _has_inf(column: Any) -> bool:
    if column.dtype.kind == "f":
        return bool(np.isinf(column).any())
    return column.dtype == object and any(
        isinstance(value, Real) and abs(value) == np.inf for value in column
    )
