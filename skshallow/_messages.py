"""Warnings and errors about fits that have not converged, are not finite, or know nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._arrays import FloatArray, IntArray
from ._features import named
from ._fit import Data, Outcome, Settings, gradient_tol
from ._solvers import Ending, Result, Stochastic
from ._splits import Split

# A score counts as worse than that of the class shares if it is so by more than this share of it:
# the mean over folds is not what the stack minimises, which weighs the folds by their rows.
_MARGIN = 1e-2

# Weights are blamed for a network that knows nothing where a row weighs at most this on average,
# and alpha is more than this share of their sum. On iris, wine and breast cancer with weights of
# one, networks have learned less than 1% of the class shares' loss from alpha = 1, 1 and 2 times
# the sum on, and 3, 5 and 12% at 0.7 times.
_LIGHT = 0.5

# Where rounding ends a descent with a larger gradient, alpha or the features are out of all
# measure. On iris, wine and breast cancer, standardised, with alpha from 1e-3 to 1e3, descents with
# tol=0 ended with at most 1e-6 in float32; with alpha=1e300 it is 5e297.
_STEEP = 10.0

# A network knows nothing if F is not below the loss of the class shares by this share of it. Where
# all weights have collapsed it was within 2e-7 on the same data.
_NOTHING = 1e-2


def complaint(
    name: str,
    outcomes: Sequence[Outcome | Result],
    settings: Settings,
    dtype: Any,
    alphas: Sequence[float] = (),
) -> str:
    """The warning if some networks of a fit of `name` have not converged, or ''.

    They are members of a committee, or, where `alphas` are given, have an alpha each.
    """
    unfinished = [k for k, outcome in enumerate(outcomes) if outcome.ending.failed]
    if not unfinished:
        return ""
    worst = max((outcomes[k] for k in unfinished), key=lambda outcome: outcome.largest_gradient)
    values = sorted({alphas[k] for k in unfinished}) if alphas else [settings.alpha]
    alpha = "alpha=" + ", ".join(f"{value:g}" for value in values)
    which, kind = "", "networks that are kept" if alphas else "members"
    if len(outcomes) > 1:
        which = f" in {len(unfinished)} of {len(outcomes)} {kind}"
    limit = f"tol={settings.tol:g}"
    if (lower := gradient_tol(settings.tol, settings.n_hidden)) < settings.tol:
        limit = f"{lower:.1e}, which {limit} means for so many units"
    return (
        f"{name} with n_hidden={settings.n_hidden} and {alpha} has not converged"
        f"{which}: {worst.ending.says(worst.n_iter)}, where the largest absolute entry of the "
        f"gradient is {worst.largest_gradient:.1e}, above {limit}. "
        f"{_remedy(worst, settings, dtype, 'alphas' if alphas else 'alpha')}"
    )


def _remedy(worst: Outcome | Result, settings: Settings, dtype: Any, alpha: str) -> str:
    """What a user can do about a fit that ended in this way; `alpha` is the parameter's name."""
    reason, remedies = "Rounding allows no smaller gradient: ", ["increase tol"]
    if worst.ending is Ending.DIVERGED:
        return "Decrease learning_rate_init."
    if worst.ending is Ending.MAX_ITER:
        reason, remedies = "", ["increase max_iter, or alpha, or tol"]
        if alpha == "alphas":
            remedies = ["increase max_iter or tol", "give alphas without the smallest"]
        if isinstance(settings.solver, Stochastic):
            remedies.append("if F did not fall, decrease learning_rate_init")
    elif worst.largest_gradient > _STEEP:
        reason, remedies = "Steps vanish beside rounding: ", [f"decrease {alpha}"]
    if worst.ending is not Ending.MAX_ITER and dtype == np.float32:
        remedies.append("give X as float64")
    if not settings.standardize:
        remedies.append("set standardize=True, unless the features share a scale")
    text = reason + "; or ".join(remedies) + "."
    return text[0].upper() + text[1:]


def check_finite(loss: float, parts: list[Any], dtype: Any) -> None:
    """Raise a ValueError if F or a weight is not finite."""
    if not np.isfinite(loss):
        raise ValueError(
            "The objective F overflowed: alpha is too large beside the sum of the weights, or "
            "features are with standardize=False, or learning_rate_init is. Decrease what is too "
            "large, or give weights whose mean is one."
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


def overwhelmed(
    name: str,
    alpha: float,
    data: Data,
    loss: float,
    shares_loss: Callable[[], float],
    given: bool = False,
) -> str:
    """The warning if alpha leaves nothing to learn because the weights sum to little, or ''.

    Parameters
    ----------
    name : str
        The estimator.
    alpha : float
        The least one that was used.
    data : Data
        The rows that were fitted to.
    loss : float
        What was reached.
    shares_loss : callable
        Returns the loss of the class shares alone, which few fits need.
    given : bool, default=False
        Whether `alpha` is the least of a path's alphas that the user has given.
    """
    n_samples = len(data.w)
    total = float(data.w.sum()) * data.unit
    small = total <= _LIGHT * n_samples and alpha > _LIGHT * total
    if not small or loss < (1 - _NOTHING) * shares_loss():
        return ""
    instead = "alphas='auto'" if given else "ShallowTanhClassifierCV with alphas='auto'"
    return (
        f"{name} has learned nothing but the class shares: the weights of the {n_samples} rows sum "
        f"to {total:.3g}, and alpha={alpha:g} is weighed against that sum. Multiply the weights by "
        f"{n_samples / total:.3g}, so that their mean is one; or, where you cannot, as inside "
        f"AdaBoostClassifier, divide {'alphas' if given else 'alpha'} by {n_samples / total:.3g} "
        f"or use {instead}."
    )


def unseen_class(splits: Sequence[Split], codes: IntArray, classes: Any) -> str:
    """The warning if folds hold out rows of a class that they do not train on, or ''.

    Codes of several labels have no such classes.
    """
    if codes.ndim > 1:
        return ""
    unseen = [np.setdiff1d(codes[split.test], codes[split.train]) for split in splits]
    folds = [k for k, missing in enumerate(unseen) if len(missing)]
    if not folds:
        return ""
    others = f", and so it is in {len(folds)} of {len(splits)} folds" if len(folds) > 1 else ""
    code = unseen[folds[0]][0]
    remedy = (
        "Give cv folds that train on all classes: stratified, or shuffled if order means nothing."
    )
    if (codes == code).sum() == 1:
        remedy = "The class has one row alone: leave it out, or join it with another class."
    return (
        f"Fold {folds[0]} of cv holds out rows of class {classes.tolist()[code]!r} and trains on "
        f"none{others}: what its networks say of them counts in the choice of alpha, and may leave "
        f"nothing in the stack. {remedy}"
    )


def left_out(columns: Sequence[int], names: Any, dtype: Any) -> str:
    """The warning about columns that vary by too little to be used, or ''; names may be None."""
    if not columns:
        return ""
    remedy = " or give X as float64" if dtype == np.float32 else ""
    return (
        f"X varies too little beside its mean in {named(columns, names)}: the precision of "
        f"{np.dtype(dtype)} cannot tell values there from rounding, and the fit leaves them out. "
        f"Subtract a constant where the data are made,{remedy} to use them; drop them if they are "
        "constant."
    )


def not_finite(scores: FloatArray, alphas: FloatArray, scoring: Any) -> str:
    """The warning if scores (n_alphas, n_folds) are not all finite, or ''."""
    bad = alphas[~np.isfinite(scores).all(axis=1)]
    if not len(bad):
        return ""
    values = ", ".join(f"{alpha:.3g}" for alpha in bad)
    return (
        f"scoring={scoring!r} is not finite in some fold for alpha={values}, so that these values "
        "are not chosen. Is the score defined on every fold?"
    )
