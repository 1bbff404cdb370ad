"""The folds of a cross-validation, as row numbers of the data that are fitted."""

from __future__ import annotations

from collections.abc import Iterable
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


def splits_of_kept(given: Iterable[tuple[Any, Any]], n_samples: int, kept: IntArray) -> list[Split]:
    """Folds of all rows, as users count them, in numbers of the rows that are kept.

    Raises
    ------
    ValueError
        If a fold trains on no row that is kept, or holds none out.
    """
    position = np.full(n_samples, -1)
    position[kept] = np.arange(len(kept))
    splits = [
        Split(*(rows[rows >= 0] for rows in (position[train], position[test])))
        for train, test in given
    ]
    if not splits:
        raise ValueError("cv gives no folds: give it at least one.")
    for k, split in enumerate(splits):
        if not (len(split.train) and len(split.test)):
            raise ValueError(
                f"Fold {k} of cv trains on {len(split.train)} rows of positive weight and "
                f"holds out {len(split.test)}; give it some of both."
            )
    return splits
