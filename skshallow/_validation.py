"""Validation data, held out of the training rows, and the scores on them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from numbers import Real
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import train_test_split

from ._arrays import FloatArray, IntArray, Matrix
from ._backprop import Networks, loss_value
from ._outputs import Output
from ._parameters import Parameters
from ._rows import RowBlocks


def hold_out(
    codes: IntArray, classes: Any, fraction: float, random_state: np.random.RandomState
) -> tuple[IntArray, IntArray]:
    """Row numbers of a training and a validation part, stratified but for multilabel codes.

    Raises
    ------
    ValueError
        If a class has a single row, or a part would have no row or fewer rows than classes.
    """
    remedy = "Pass X_val and y_val to fit, or set early_stopping=False"
    if codes.ndim == 1:
        counts = np.bincount(codes, minlength=len(classes))
        if (counts == 1).any():
            label = classes.tolist()[int(np.flatnonzero(counts == 1)[0])]
            raise ValueError(
                f"early_stopping=True holds out rows of every class, but class {label!r} has only "
                f"one row of positive weight. {remedy}."
            )
    n_parts = int(np.count_nonzero(counts)) if codes.ndim == 1 else 1
    n_held = int(np.ceil(fraction * len(codes)))
    if n_held < n_parts or len(codes) - n_held < n_parts:
        raise ValueError(
            f"early_stopping=True with validation_fraction={fraction} would hold out {n_held} of "
            f"{len(codes)} rows, and {n_parts} classes need a row each on both sides. {remedy}, "
            "or change validation_fraction."
        )
    train, held = train_test_split(
        np.arange(len(codes)),
        test_size=n_held,
        stratify=codes if codes.ndim == 1 else None,
        random_state=random_state,
    )
    return np.sort(train), np.sort(held)


class ValidationLoss:
    """Minus the weighted mean of the losses over validation rows.

    Parameters
    ----------
    X, codes, w : rows in the user's units
    output : Output
    """

    def __init__(self, X: Matrix, codes: IntArray, w: FloatArray, output: Output) -> None:
        self._rows = RowBlocks(X, output.loss.encode(codes), w)
        self._loss, self._total = output.loss, w.sum()

    def __call__(self, network: Parameters) -> float:
        """Score of a network in the units of X; greater is better."""
        layout = network.layout
        networks = Networks(layout, layout.pack(network)[None], self._loss)
        total = self._rows.reduce(loss_value, networks, shape=())
        return -float(total[0] / self._total)


def check_scorer(estimator: Any, *own: str) -> None:
    """Raise a ValueError if `scoring` is a metric, or no scorer's name: with similar names."""
    name, names = estimator.scoring, [*own, *get_scorer_names()]
    if callable(name):
        check_scoring(scoring=name)
    if not isinstance(name, str) or name in names:
        return
    wanted = {"loss": "neg_log_loss"}.get(name, name.lower())
    similar = " or ".join(map(repr, get_close_matches(wanted, names)))
    kinds = ", ".join([*map(repr, own), "a callable"])
    raise ValueError(
        f"The 'scoring' parameter of {type(estimator).__name__} must be {kinds} or a name of "
        f"sklearn.metrics.get_scorer_names(){similar and f', such as {similar}'}. Got {name!r} "
        "instead."
    )


class ValidationScore:
    """A scikit-learn scorer, or the one of a name, on validation data."""

    def __init__(
        self, scoring: Any, model_of: Callable[[Parameters], Any], X: Matrix, y: Any, w: Any
    ) -> None:
        self._scoring, self._scorer = scoring, check_scoring(scoring=scoring)
        self._model_of = model_of
        self._X, self._y, self._w = X, y, w
        names = inspect.signature(self._scorer).parameters
        kinds = [parameter.kind for parameter in names.values()]
        takes_weights = "sample_weight" in names or inspect.Parameter.VAR_KEYWORD in kinds
        if self._w is not None and not takes_weights:
            raise ValueError(
                "The validation rows have different weights, from sample_weight or class_weight, "
                f"but scoring={scoring!r} takes no sample_weight. Give it that argument."
            )

    def __call__(self, network: Parameters) -> float:
        """Score of a network in the units of X; greater is better."""
        model = self._model_of(network)
        weights = {} if self._w is None else {"sample_weight": self._w}
        try:
            score = self._scorer(model, self._X, self._y, **weights)
        except (ValueError, TypeError) as error:
            if not isinstance(self._scoring, str):
                raise  # the user's own, which may be meant to end the fit
            raise ValueError(
                f"scoring={self._scoring!r} failed: {str(error).rstrip('.')}. Choose a score "
                f"that is defined for this y{_variants(self._scoring)}."
            ) from error
        if np.ndim(score) or not isinstance(np.asarray(score).item(), Real):
            raise ValueError(
                f"scoring={self._scoring!r} must return one number, greater if better, got "
                f"{score!r}."
            )
        return float(score)


def _variants(scoring: Any) -> str:
    """Names of scorers that average what this one is for two classes, for a message, or ''."""
    names = [name for name in get_scorer_names() if name.startswith(f"{scoring}_")]
    names = [name for name in names if not name.endswith("_samples")]  # of labels alone
    return f", perhaps {', '.join(names)}" if names else ""
