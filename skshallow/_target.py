"""y and the weights, in numbers."""

from __future__ import annotations

import warnings
from numbers import Number, Real
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from ._arrays import FloatArray, IntArray
from ._features import is_missing
from ._outputs import Output, indicator_of, output_for, positions


class Target(NamedTuple):
    """The classes, and the class or labels of each row as codes."""

    classes: Any  # (n_classes,) labels; column numbers for a multilabel y
    codes: IntArray  # (n_samples,) positions in classes, or (n_samples, n_classes) of 0 and 1
    output: Output


# Logits of a pass beyond which labels of which most occur once are refused. A pass with so many
# takes 15 to 35 seconds, with 32 hidden units on one processor.
_LOGITS = 2**30

# Weights are divided by the power of two above the largest, which float64 must hold.
_LARGEST = 2.0**1023

# Kinds of labels: what scikit-learn's metrics take as one kind.
_TEXT, _NUMBER, _BOOLEAN, _MISSING = "text", "number", "boolean", "missing"


def _kind(label: Any) -> str:
    if isinstance(label, str):
        return _TEXT
    if isinstance(label, bool | np.bool_):
        return _BOOLEAN
    if is_missing(label):
        return _MISSING
    return _NUMBER if isinstance(label, Number) else type(label).__name__


def _n_labels(row: Any) -> int | None:
    """Length of a list, tuple or array of labels, None for a single label."""
    several = isinstance(row, list | tuple) or (isinstance(row, np.ndarray) and row.ndim > 0)
    return len(row) if several else None


def check_given(y: Any, name: str = "y") -> None:
    """Raise a ValueError if labels are lost or refused without a reason when validated.

    NumPy makes 2 and 1 of [2, True], and "a" and "1" of ["a", 1]; its variable-width strings
    have a dtype that scikit-learn does not know.
    """
    if getattr(getattr(y, "dtype", None), "kind", None) == "T":
        raise ValueError(
            f"{name} is an array of dtype {y.dtype}, which scikit-learn does not take: convert it "
            f"by {name}.astype(object), after rows without a label are left out."
        )
    if isinstance(y, list | tuple):
        if name == "y" and len({_n_labels(row) for row in y}) > 1:
            raise ValueError(
                f"{name} holds lists of labels: if rows have several labels, make y an indicator "
                "matrix of them with sklearn.preprocessing.MultiLabelBinarizer."
            )
        kinds = {_kind(label) for label in y} & {_TEXT, _NUMBER, _BOOLEAN}
        if len(kinds) > 1:
            raise _mixed(name)


def check_labels(y: Any, name: str = "y") -> None:
    """Raise a ValueError if labels in an array of Python objects are anything but text.

    Networks could be fitted to them, but scikit-learn's metrics do not take such labels.
    """
    if issparse(y) or y.dtype != object:
        return
    kinds = [_kind(label) for label in y.flat]
    if n_missing := kinds.count(_MISSING):
        raise _missing(name, n_missing)
    if set(kinds) <= {_TEXT}:
        return
    if set(kinds) in ({_NUMBER}, {_BOOLEAN}):
        to = "bool" if kinds[0] == _BOOLEAN else "int"
        raise ValueError(
            f"Unknown label type: {name} holds {kinds[0]}s in an array of Python objects, which "
            f"scikit-learn's metrics do not take: convert it, as by {name}.astype({to})."
        )
    raise _mixed(name)


def check_missing(y: Any, name: str = "y") -> None:
    """Raise a ValueError if labels are missing, in whatever holds them."""
    if y is None or issparse(y):
        return
    labels = np.asarray(y)
    if labels.dtype.kind in ("f", "O") and (
        n := sum(_kind(label) == _MISSING for label in labels.flat)
    ):
        raise _missing(name, n)


def _missing(name: str, n: int) -> ValueError:
    return ValueError(
        f"Input {name} contains NaN or None: {n} missing label{'s' * (n > 1)}. Leave these rows "
        "out, or give them a label of their own."
    )


def _mixed(name: str) -> ValueError:
    return ValueError(
        f"{name} holds labels of mixed or unknown types; give all of them as strings, all as "
        "numbers or all as booleans. For several labels a row, see "
        "sklearn.preprocessing.MultiLabelBinarizer."
    )


def encode_target(y: Any, estimator: str = "ShallowTanhClassifier") -> Target:
    """Classes and codes of y, which check_array and `check_labels` have seen.

    Raises
    ------
    ValueError
        If y holds continuous values, several multiclass columns or a single class.
    """
    if issparse(y) and y.shape[1] == 1:
        y = y.toarray()
    if not issparse(y) and y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    kind = _kind_of(y)
    if kind == "multilabel-indicator":
        indicator = indicator_of(y)
        classes = np.arange(indicator.shape[1])
        return Target(classes, indicator, output_for(len(classes), multilabel=True))
    if kind not in ("binary", "multiclass"):
        check_classification_targets(y)  # knows the reasons
        raise ValueError(
            f"y of type {kind!r} is not supported: give one column of class labels, or a "
            "multilabel indicator matrix of zeros and ones, which "
            "sklearn.preprocessing.MultiLabelBinarizer makes of lists of labels."
        )
    classes = np.unique(y)
    if len(classes) == 1:
        raise ValueError(
            f"{estimator} needs samples of at least 2 classes in y, but y contains "
            f"only one class: {classes.tolist()[0]!r}."
        )
    return Target(classes, positions(y, classes), output_for(len(classes), multilabel=False))


def check_number_of_classes(target: Target) -> None:
    """Let scikit-learn warn where most rows have a class of their own, and refuse too many.

    Raises
    ------
    ValueError
        If a pass over the rows would take most of a minute, and a fit so many hours.
    """
    n_samples, n_classes = len(target.codes), len(target.classes)
    if target.output.multilabel or 2 * n_classes <= n_samples:
        return
    if n_samples * n_classes > _LOGITS:
        raise ValueError(
            f"y has {n_classes} distinct labels in {n_samples} rows, so that each of hundreds of "
            f"passes would compute {n_samples * n_classes:.1e} logits. If y holds numbers to "
            "predict, use a regressor, or bins (sklearn.preprocessing.KBinsDiscretizer); labels "
            "that identify rows are no classes."
        )
    check_classification_targets(target.classes[target.codes])


def _kind_of(y: Any) -> str:
    """scikit-learn's name of the kind of y, without the warning of many labels in some versions."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The number of unique classes")
        kind: str = type_of_target(y, input_name="y")
    return kind


def encode_batch(y: Any, classes: Any, known: Target | None) -> Target:
    """Encode y of a batch of a stream.

    Parameters
    ----------
    y : array or sparse matrix
    classes : array-like or None
        All labels that may come, as the user named them in this call.
    known : Target or None
        The classes of earlier batches; None for the first one.

    Raises
    ------
    ValueError
        If the classes are missing or not at least two labels of a kind, are not those of earlier
        batches, or y holds another label.
    """
    if known is None:
        if _kind_of(y) == "multilabel-indicator":
            return encode_target(y)
        if classes is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: all labels that may come "
                "in this stream."
            )
        known = encode_target(_all_classes(classes))
    elif classes is not None and not np.array_equal(_all_classes(classes), known.classes):
        raise ValueError(
            f"classes={classes!r} is not what it was on the first call to partial_fit: "
            f"{known.classes.tolist()}."
        )
    return known._replace(codes=known.output.codes(y, known.classes))


def _all_classes(classes: Any) -> Any:
    """The distinct labels that a user names, sorted."""
    check_given(classes, "classes")
    named = np.asarray(classes)
    check_missing(named, "classes")
    check_labels(named, "classes")
    if named.ndim != 1 or not len(named):
        raise ValueError(
            "classes must be a list of all labels that may come, or a one-dimensional array, got "
            f"{classes!r}."
        )
    return np.unique(named)


def _class_weights(class_weight: Any, target: Target, w: FloatArray) -> FloatArray:
    """Weight of each class, shape (n_classes,); "balanced" counts samples by w."""
    if target.output.multilabel:
        raise ValueError(
            "class_weight is not defined for a multilabel y, whose rows have several labels "
            "or none; set class_weight=None and pass sample_weight to fit."
        )
    weights = np.ones(len(target.classes))
    if class_weight == "balanced":
        weighted = w > 0  # a class without weight has no frequency to balance
        present = np.unique(target.codes[weighted])
        weights[present] = compute_class_weight(
            "balanced", classes=present, y=target.codes[weighted], sample_weight=w[weighted]
        )
        return weights
    labels = target.classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown:
        raise ValueError(f"class_weight names {unknown}, but the classes in y are {labels}.")
    for position, label in enumerate(labels):
        weight = class_weight.get(label, 1.0)
        if not (isinstance(weight, Real) and 0 <= float(weight) < np.inf):
            raise ValueError(
                "class_weight must be finite and not negative, one number a class, but "
                f"class_weight[{label!r}] is {weight!r}."
            )
        weights[position] = weight
    return weights


def balanced_as(target: Target, sample_weight: Any) -> dict[Any, float]:
    """What class_weight="balanced" means for these rows, by label."""
    w = row_weights(sample_weight, None, target, len(target.codes))
    weights = _class_weights("balanced", target, w)
    return dict(zip(target.classes.tolist(), weights.tolist(), strict=True))


def _numbers(sample_weight: Any) -> FloatArray:
    """Sample weights as a new float64 array."""
    try:
        return check_array(
            sample_weight,
            ensure_2d=False,
            ensure_min_samples=0,
            dtype=np.float64,
            copy=True,
            input_name="sample_weight",
        )
    except (TypeError, ValueError) as error:
        why = str(error).partition("\n")[0].rstrip(".")
        if "sample_weight" in why:  # NaN or infinity
            raise
        remedy = ""
        if isinstance(sample_weight, dict) or (
            isinstance(sample_weight, str) and sample_weight == "balanced"
        ):
            remedy = f". Set the estimator's class_weight={sample_weight!r} for weights by class"
        raise ValueError(f"sample_weight must be numbers, one a sample: {why}{remedy}.") from error


def row_weights(
    sample_weight: Any, class_weight: Any, target: Target, n_samples: int
) -> FloatArray:
    """w_i = sample_weight_i * class_weight(y_i), a new float64 array of shape (n_samples,).

    Raises
    ------
    ValueError
        If weights are negative, not finite, of another length, or all zero.
    """
    if sample_weight is None:
        w: FloatArray = np.ones(n_samples)
    else:
        w = _numbers(sample_weight)
        if w.ndim == 0:
            w = np.full(n_samples, w)
        if w.shape != (n_samples,):
            raise ValueError(
                f"sample_weight has shape {w.shape}, but X has {n_samples} samples; give one "
                "weight a sample."
            )
        if (w < 0).any():
            raise ValueError(f"sample_weight must not be negative, but its minimum is {w.min()}.")
    with np.errstate(over="ignore"):  # looked for here
        total = w.sum()
        if class_weight is not None and total > 0:
            w *= _class_weights(class_weight, target, w)[target.codes]
            total = w.sum()
    if w.max(initial=0) >= _LARGEST or not np.isfinite(total):
        raise ValueError(
            f"The weights, from sample_weight and class_weight, are up to {w.max():.3g}, and their "
            "sum or the next power of two overflows float64; divide them by a constant."
        )
    if total == 0:
        raise ValueError(
            "All weights are zero: at least one sample needs sample_weight and class_weight "
            "above zero."
        )
    return w
