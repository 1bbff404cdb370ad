"""What each hidden unit computes over the plane of two features, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import FloatArray


def units_on_plane(
    display: type,
    coefs: Sequence[ArrayLike],
    intercepts: Sequence[ArrayLike],
    transformed: Any,
    X: FloatArray | None,
    *,
    y: ArrayLike | None,
    units: ArrayLike | None,
    limits: ArrayLike | None,
    margin: float,
    grid_resolution: int,
    feature_names: Sequence[str] | None,
) -> dict[str, Any]:
    """Parameters of a HiddenUnitDisplay: the units on a grid, once the arguments are checked."""
    W1, W2 = (np.asarray(part, dtype=float) for part in coefs)
    b1 = np.asarray(intercepts[0], dtype=float)
    if W1.ndim != 2 or W2.ndim != 2 or not W1.shape[1] == len(b1) == len(W2):
        raise ValueError(
            "coefs must be W1 of shape (2, n_units) and W2 of shape (n_units, n_outputs), and "
            f"intercepts[0] of shape (n_units,), but theirs are {W1.shape}, {W2.shape} and "
            f"{b1.shape}."
        )
    if not isinstance(grid_resolution, Integral):
        raise TypeError(f"grid_resolution must be an int, but it is {grid_resolution!r}.")
    if not margin >= 0:
        raise ValueError(f"margin must not be negative, but it is {margin!r}.")
    if grid_resolution < 2:
        raise ValueError(f"grid_resolution must be at least 2, but it is {grid_resolution}.")
    if feature_names is not None and len(feature_names) != 2:
        raise ValueError(f"feature_names must be two names, but it is {feature_names!r}.")
    labels = None if y is None else np.asarray(y)
    if labels is not None and (X is None or labels.shape != (len(X),)):
        size = "there is no X" if X is None else f"X has {len(X)} rows"
        raise ValueError(f"y must be a class for each row of X, but {size}: {labels.shape}.")
    chosen = np.arange(len(W2)) if units is None else np.atleast_1d(np.asarray(units))
    numbers = chosen.dtype.kind in "iu" and len(chosen) > 0
    if not numbers or not np.isin(chosen, np.arange(len(W2))).all():
        raise ValueError(
            f"units must be whole numbers from 0 to {len(W2) - 1}, but it is {units!r}."
        )

    ranges = _ranges(X, limits, margin)
    xx0, xx1 = np.meshgrid(*np.linspace(ranges[:, 0], ranges[:, 1], grid_resolution).T)
    points = transformed(np.column_stack([xx0.ravel(), xx1.ravel()]))
    if points.shape[1] != len(W1):
        raise ValueError(
            f"{display.__name__} draws the plane of two features, but the network has {len(W1)}."
        )
    H = np.tanh(points @ W1[:, chosen] + b1[chosen])  # (grid_resolution^2, n_chosen)
    return {
        "xx0": xx0,
        "xx1": xx1,
        "activations": H.T.reshape(len(chosen), *xx0.shape),
        "output_weights": W2[chosen],
        "units": chosen,
        "X": X,
        "y": labels,
        "feature_names": feature_names,
    }


def plane_data(X: Any) -> FloatArray:
    """X as an array of two columns."""
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) == 0:
        raise ValueError(
            f"HiddenUnitDisplay needs X of shape (n_samples, 2), but its shape is {X.shape}. For "
            "more features choose two, and fit a network on them."
        )
    if not np.isfinite(X).all():
        raise ValueError(
            "HiddenUnitDisplay needs X without missing or infinite values; leave those rows out."
        )
    return X


def _ranges(X: FloatArray | None, limits: ArrayLike | None, margin: float) -> FloatArray:
    """Least and greatest value of both features, of shape (2, 2)."""
    if limits is not None:
        ranges = np.asarray(limits, dtype=float)
        if ranges.shape != (2, 2) or not (ranges[:, 0] < ranges[:, 1]).all():
            raise ValueError(
                "limits must be the least and the greatest value of the first and of the second "
                f"feature, but it is {limits!r}."
            )
        return ranges
    if X is None:
        raise ValueError("Give X or limits, to say which part of the plane to draw.")
    low, high = X.min(axis=0), X.max(axis=0)
    room = margin * (high - low)
    room[high == low] = 1.0  # a constant feature gets some width all the same
    return np.column_stack([low - room, high + room])
