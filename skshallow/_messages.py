"""Warnings and errors about fits that have not converged, are not finite, or know nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._arrays import FloatArray
from ._fit import Outcome, Settings
from ._solvers import Ending, Result, Stochastic

# A score counts as worse than that of the class shares if it is so by more than this share of it:
# the mean over folds is not what the stack minimises, which weighs the folds by their rows.
_MARGIN = 1e-2


def complaint(
    name: str, outcomes: Sequence[Outcome | Result], settings: Settings, dtype: Any
) -> str:
    """The warning if some members of a fit of `name` have not converged, or ''."""
    unfinished = [outcome for outcome in outcomes if outcome.ending.failed]
    if not unfinished:
        return ""
    worst = max(unfinished, key=lambda outcome: outcome.largest_gradient)
    which = ""
    if settings.n_estimators > 1:
        which = f" in {len(unfinished)} of {settings.n_estimators} members"
    return (
        f"{name} has not converged{which}: {worst.ending.says(worst.n_iter)}, where the largest "
        f"absolute entry of the gradient is {worst.largest_gradient:.1e}, above "
        f"tol={settings.tol:g}. {_remedy(worst.ending, settings, dtype)}"
    )


def _remedy(ending: Ending, settings: Settings, dtype: Any) -> str:
    """What a user can do about a fit that ended in this way."""
    remedies = ["increase tol"]
    if ending is Ending.DIVERGED:
        return "Decrease learning_rate_init."
    if ending is Ending.MAX_ITER:
        remedies = ["increase max_iter, or alpha, or tol"]
        if isinstance(settings.solver, Stochastic):
            remedies.append("if F did not fall, decrease learning_rate_init")
    elif dtype == np.float32:
        remedies.append("give X as float64")
    if not settings.standardize:
        remedies.append("set standardize=True, unless the features share a scale")
    reason = "" if ending is Ending.MAX_ITER else "Rounding allows no smaller gradient: "
    text = reason + "; or ".join(remedies) + "."
    return text[0].upper() + text[1:]


def check_finite(loss: float, parts: list[Any], dtype: Any) -> None:
    """Raise a ValueError if F or a weight is not finite."""
    if not np.isfinite(loss):
        raise ValueError(
            "F overflowed: alpha is too large beside the weights, or features are with "
            "standardize=False, or learning_rate_init is. Decrease what is too large."
        )
    if not all(np.isfinite(part).all() for part in parts):
        raise ValueError(
            f"Features are too small or too large for weights in {np.dtype(dtype)}. Rescale "
            "them, or give X as float64."
        )


def worse_than_shares(best_score: float, prior_score: float, combine: str) -> str:
    """The warning if the score of what is kept is worse than that of the class shares, or ''."""
    if not best_score < prior_score - _MARGIN * abs(prior_score):
        return ""  # also where a score is not a number
    remedy = "The features seem to say nothing about y by this score."
    if combine == "best":
        remedy = "Use combine='stack', which has the class shares among its candidates."
    return (
        f"What ShallowTanhClassifierCV keeps has the score {best_score:.4g} on rows that were held "
        f"out, and the class shares alone have {prior_score:.4g}. {remedy}"
    )


def not_finite(scores: FloatArray, alphas: FloatArray, scoring: Any) -> str:
    """The warning if scores (n_alphas, n_folds) are not all finite, or ''."""
    bad = alphas[~np.isfinite(scores).all(axis=1)]
    if not len(bad):
        return ""
    named = ", ".join(f"{alpha:.3g}" for alpha in bad)
    return (
        f"scoring={scoring!r} is not finite in some fold for alpha={named}, so that these values "
        "are not chosen. Is the score defined on every fold?"
    )
