"""What depends on the kind of y: two classes, more, or several labels a row.

Each kind has one object, made by `output_for`; no other file depends on the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from ._arrays import FloatArray, IntArray
from ._losses import Loss, SigmoidLoss, SoftmaxLoss

# Keyed by the name of the output activation, as MLPClassifier calls it.
LOSSES: dict[str, Loss] = {"logistic": SigmoidLoss(), "softmax": SoftmaxLoss()}


@dataclass(frozen=True)
class Output:
    """An output layer: how y is encoded for it, and how its logits Z, (n, n_outputs), are read."""

    n_outputs: int
    activation: ClassVar[str]  # MLPClassifier's name of it, and a key of LOSSES
    multilabel: ClassVar[bool] = False  # whether codes are an indicator matrix

    @property
    def loss(self) -> Loss:
        """The loss that it is trained with."""
        return LOSSES[self.activation]

    def codes(self, y: Any, classes: Any, name: str = "y") -> IntArray:
        """Codes of y among the classes: positions (n,), or an indicator matrix (n, n_outputs).

        Raises
        ------
        ValueError
            If y, called `name` in the message, is of another kind or holds an unknown label.
        """
        if type_of_target(y, input_name=name) == "multilabel-indicator":
            raise ValueError(
                f"{name} must be one column of labels, as what the network is fitted to."
            )
        y = column_or_1d(y, warn=True)
        unseen = np.setdiff1d(y, classes)
        if len(unseen):
            raise ValueError(
                f"{name} holds the labels {unseen.tolist()}, but the classes are "
                f"{classes.tolist()}."
            )
        return positions(y, classes)

    def class_logits(self, Z: FloatArray) -> FloatArray:
        """Logits with one column a class or label."""
        return Z

    def decision(self, Z: FloatArray) -> FloatArray:
        """What `decision_function` returns."""
        return Z

    def predict(self, Z: FloatArray, classes: Any) -> Any:
        """Labels, or an indicator matrix."""
        raise NotImplementedError

    def probabilities(self, Z: FloatArray) -> FloatArray:
        """What `predict_proba` returns."""
        return self.loss.probabilities(self.class_logits(Z))

    def log_probabilities(self, Z: FloatArray) -> FloatArray:
        """What `predict_log_proba` returns."""
        return self.loss.log_probabilities(self.class_logits(Z))


class TwoClasses(Output):
    """One logit z, the log-odds of the second class."""

    activation = "logistic"

    def class_logits(self, Z: FloatArray) -> FloatArray:
        """-z and z."""
        return np.concatenate([-Z, Z], axis=1)

    def decision(self, Z: FloatArray) -> FloatArray:
        """Logits z, of shape (n,)."""
        return Z.ravel()

    def predict(self, Z: FloatArray, classes: Any) -> Any:
        """The second class where z is positive."""
        return classes[(Z.ravel() > 0).astype(np.intp)]


class ManyClasses(Output):
    """A logit a class, through a softmax."""

    activation = "softmax"

    def predict(self, Z: FloatArray, classes: Any) -> Any:
        """The class of the largest logit."""
        return classes[Z.argmax(axis=1)]


class Multilabel(Output):
    """A logit a label, each through a sigmoid of its own."""

    activation = "logistic"
    multilabel = True

    def codes(self, y: Any, classes: Any, name: str = "y") -> IntArray:
        """The indicator matrix."""
        if type_of_target(y, input_name=name) != "multilabel-indicator":
            raise ValueError(
                f"{name} must be a multilabel indicator, as what the network is fitted to."
            )
        indicator = indicator_of(y)
        if indicator.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name} has {indicator.shape[1]} columns, but the network {self.n_outputs} "
                "outputs."
            )
        return indicator

    def predict(self, Z: FloatArray, classes: Any) -> Any:
        """1 where a logit is positive."""
        return (Z > 0).astype(np.int64)


def output_for(n_classes: int, multilabel: bool) -> Output:
    """The output layer for so many classes or labels."""
    if multilabel:
        return Multilabel(n_classes)
    return TwoClasses(1) if n_classes == 2 else ManyClasses(n_classes)


def output_of(activation: str, n_outputs: int) -> Output:
    """The output layer with these public attributes, `out_activation_` and `n_outputs_`."""
    if activation == ManyClasses.activation:
        return ManyClasses(n_outputs)
    return TwoClasses(1) if n_outputs == 1 else Multilabel(n_outputs)


def indicator_of(y: Any) -> IntArray:
    """A multilabel y, dense or sparse, as a dense matrix of zeros and ones."""
    indicator = y.toarray() if issparse(y) else np.asarray(y)
    if not np.isin(indicator, (0, 1)).all():
        raise ValueError(
            "A multilabel y must be an indicator matrix of zeros and ones, got the values "
            f"{np.unique(indicator).tolist()}."
        )
    return indicator


# Labels that are looked up at a time.
_LABELS = 2**18


def positions(y: Any, classes: Any) -> IntArray:
    """Where labels stand among the sorted classes that hold them all, in the smallest dtype.

    np.unique with return_inverse finds the same, and takes five times the memory of y.
    """
    found = np.empty(len(y), np.min_scalar_type(len(classes) - 1))
    for start in range(0, len(y), _LABELS):
        some = slice(start, start + _LABELS)
        found[some] = np.searchsorted(classes, y[some])
    return found
