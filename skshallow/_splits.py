"""The folds of a cross-validation, as row numbers of the data that are fitted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import KFold, StratifiedKFold

from ._arrays import IntArray

# Folds, unless a class has fewer rows.
_FOLDS = 5


class Split(NamedTuple):
    """Row numbers that a fold trains on and holds out."""

    train: IntArray
    test: IntArray


def default_splits(codes: IntArray, classes: Any, seed: int) -> list[Split]:
    """Shuffled folds, stratified but for multilabel codes.

    Raises
    ------
    ValueError
        If a class has a single row, or there are fewer than two rows.
    """
    if codes.ndim == 2:
        n_folds = min(_FOLDS, len(codes))
        splitter: Any = KFold
    else:
        counts = np.bincount(codes)
        least = int(np.argmin(np.where(counts > 0, counts, counts.max() + 1)))
        if counts[least] < 2:
            raise ValueError(
                f"Cross-validation needs two rows of each class, but class "
                f"{classes.tolist()[least]!r} has only one of positive weight. Leave that class "
                "out, or pass cv, or choose alpha yourself with ShallowTanhClassifier."
            )
        n_folds, splitter = min(_FOLDS, int(counts[least])), StratifiedKFold
    if n_folds < 2:
        raise ValueError("Cross-validation needs at least two rows of positive weight.")
    folds = splitter(n_folds, shuffle=True, random_state=seed)
    return [Split(*rows) for rows in folds.split(np.zeros(len(codes)), codes)]


def counted_splits(n_folds: int, codes: IntArray, classes: Any) -> list[Split]:
    """So many folds, not shuffled, stratified but for multilabel codes.

    Raises
    ------
    ValueError
        If there are more folds than the largest class has rows.
    """
    counts = np.bincount(codes) if codes.ndim == 1 else np.array([len(codes)])
    largest = int(np.argmax(counts))
    if n_folds > counts[largest]:
        of = f" of class {classes.tolist()[largest]!r}, the largest class" * (codes.ndim == 1)
        raise ValueError(
            f"cv={n_folds} is more folds than the {counts[largest]} rows of positive weight{of}. "
            f"Set cv to at most {counts[largest]}."
        )
    splitter = (StratifiedKFold if codes.ndim == 1 else KFold)(n_folds)
    return [Split(*rows) for rows in splitter.split(np.zeros(len(codes)), codes)]


def given_splits(cv: Any, X: Any, codes: IntArray, params: dict[str, Any]) -> list[Any]:
    """Folds of all rows by a splitter or an iterable, as users count rows.

    Raises
    ------
    ValueError
        If the splitter raises one.
    """
    if not hasattr(cv, "split"):
        return list(cv)
    try:
        return list(cv.split(X, codes, **params))
    except ValueError as error:
        if "groups" in str(error) and params.get("groups") is None:
            raise ValueError(
                f"cv={cv!r} needs groups: pass them to fit, after "
                "sklearn.set_config(enable_metadata_routing=True), or give cv as a list of splits "
                "made with them."
            ) from error
        raise ValueError(
            f"cv={cv!r} cannot split the {len(codes)} rows: {str(error).rstrip('.')}. Change it, "
            "or give cv as a list of splits."
        ) from error


def splits_of_kept(given: Sequence[Any], n_samples: int, kept: IntArray) -> list[Split]:
    """Folds of all rows, as users count them, in numbers of the rows that are kept.

    Raises
    ------
    ValueError
        If there is no fold, or a fold is no pair of rows of X, trains on no row that is kept, or
        holds none out.
    """
    if not given:
        raise ValueError(
            "cv gives no folds: give it at least one. An iterator may be used up by an earlier "
            "fit: give a list instead."
        )
    position = np.full(n_samples, -1)
    position[kept] = np.arange(len(kept))
    splits = []
    for k, fold in enumerate(given):
        try:
            train, test = fold
            split = Split(_kept(train, position), _kept(test, position))
        except (IndexError, TypeError, ValueError) as error:
            raise ValueError(
                f"Fold {k} of cv must be two arrays, rows to train on and rows to hold out, as "
                f"numbers below {n_samples} or masks of {n_samples} rows: {str(error).rstrip('.')}."
            ) from error
        if not (len(split.train) and len(split.test)):
            raise ValueError(
                f"Fold {k} of cv trains on {len(split.train)} rows of positive weight and "
                f"holds out {len(split.test)}; give it some of both."
            )
        splits.append(split)
    return splits


def _kept(rows: Any, position: IntArray) -> IntArray:
    """Numbers of those rows that are kept."""
    found = position[list(rows) if isinstance(rows, tuple) else rows]
    if found.ndim != 1:  # as of None or a single number, which NumPy takes
        raise IndexError(f"one array has {found.ndim} dimensions")
    return found[found >= 0]
