"""What displays share: how they come by matplotlib and by a network, and the name of a score."""

from __future__ import annotations

from typing import Any, TypeVar

from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._base import TanhNetworkClassifier

# A kind of estimator.
T = TypeVar("T", bound=TanhNetworkClassifier)


def pyplot(display: object) -> Any:
    """matplotlib.pyplot; the error says how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__} needs matplotlib. Install it with "
            '`pip install "skshallow[examples]"` or `pip install matplotlib`.'
        ) from error
    return plt


def unwrap(estimator: Any, display: type, *kinds: type[T]) -> tuple[T, list[Pipeline]]:
    """The fitted network at the end of an estimator, and what transforms X on the way to it."""
    before: list[Pipeline] = []
    inner = estimator
    while not isinstance(inner, kinds):
        if isinstance(inner, Pipeline):
            if len(inner) > 1:
                before.append(inner[:-1])
            inner = inner[-1]
        elif hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "refit"):
            raise NotFittedError(
                f"This {type(inner).__name__} has no best_estimator_: fit it, with refit=True, "
                f"before {display.__name__}."
            )
        else:
            within = "" if inner is estimator else f", which ends in {type(inner).__name__}"
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise TypeError(
                f"{display.__name__} needs a fitted {wanted}, or a Pipeline or a "
                f"search that ends in one, but got {type(estimator).__name__}{within}."
            )
    check_is_fitted(inner)
    return inner, before


def held_out_score_name(scoring: Any, negate: bool, what: str = "held-out") -> str:
    """What a score of rows that were held out is, in words; "loss" is minus the cross-entropy."""
    if scoring == "loss":
        scoring = "neg_cross-entropy"
    if not isinstance(scoring, str):
        scoring = "score"
    words = scoring.removeprefix("neg_").replace("_", " ")
    minus = negate != scoring.startswith("neg_")
    name = f"minus the {what} {words}" if minus else f"{what} {words}"
    return name[:1].upper() + name[1:]
