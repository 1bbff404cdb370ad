"""The estimator that chooses alpha: a path over alpha, cross-validated and stacked."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from ._arrays import FloatArray, IntArray
from ._base import Complaints, TanhNetworkClassifier
from ._callbacks import FitCallbacks
from ._classifier import ShallowTanhClassifier
from ._committee import add_prior, join, spawn
from ._compat import CallbackSupportMixin, Interval, StrOptions, _fit_context, with_callbacks
from ._fit import Data, Settings
from ._messages import (
    check_finite,
    complaint,
    not_finite,
    overwhelmed,
    unseen_class,
    worse_than_shares,
)
from ._path import (
    Choice,
    Folds,
    Kept,
    PathSettings,
    Step,
    alphas_of,
    combined_logits,
    follow,
    log_odds,
    refit,
    stack,
)
from ._solvers import make_solver
from ._splits import Split, counted_splits, default_splits, given_splits, splits_of_kept
from ._standardize import column_scaling
from ._target import Target, row_weights
from ._threads import one_thread_blas
from ._validation import ValidationScore, check_scorer

# The path's tolerance beside that of the networks that are kept. On a dozen real tables, with
# tol=3e-4 and three seeds, the mean log-loss was 0.3654 for 4 and 0.3649 for 5, which takes 0.94 of
# the time; on 31 with one seed 0.3679 and 0.3675, and 0.93 of the time. With an earlier path it was
# 0.364 for 1, 0.364 for 3, 0.367 for 7 and 0.370 for 10, and the time 7.7, 3.8, 2.9 and 2.8 s.
_LOOSER = 5.0

# Beyond so many rows the path's tolerance falls with the fourth root of their number: the noise of
# a mean gradient falls with the square root, but on many rows that takes long (docs/design.md).
_ROWS = 2000


class ShallowTanhClassifierCV(CallbackSupportMixin, TanhNetworkClassifier):
    r"""Classifier with one hidden layer of tanh units that chooses its penalty by itself.

    Networks are fitted along a path over alpha, the strength of the penalty, in each fold of a
    cross-validation. Their predictions of the rows that were held out then say how the alphas go
    together best: as a sum of logits with weights that are not negative. Each alpha with a weight
    is fitted once more to all rows, and all of them are joined into one network,

        z(x) = tanh(x W1 + b1) W2 + b2,

    which is what is kept. It takes raw features, as :class:`ShallowTanhClassifier` does, whose
    documentation states what is minimised.

    Parameters
    ----------
    n_hidden : int, default=32
        Number of hidden units of each network, at least 1.

    alphas : "auto", int or array-like of float, default="auto"
        Strengths of the penalty to visit. "auto" are half decades from 0.01 to 100 times the mean
        weight, so that scaling all weights changes nothing, from 3.16 outwards; a direction ends
        where the log-loss of the rows that are held out does not get better by 0.5%. An int, at
        least 2, is a number of values in that range, and an array holds values as
        `ShallowTanhClassifier.alpha`, not negative, from the middle outwards; these are visited
        whole.

    cv : int, cross-validation generator, iterable or None, default=None
        None is 5 shuffled folds, stratified by class except for a multilabel y, and fewer where a
        class has fewer rows. An int, a splitter or an iterable of row numbers mean what
        :func:`sklearn.model_selection.check_cv` says.

    scoring : str, callable or None, default=None
        Score of `scores_`, `alpha_` and `best_score_`, greater being better: a scikit-learn scorer
        or its name, which gets the sample weights, but not those of classes. None is minus the
        log-loss, with both. The path and the stack go by the log-loss whatever the score is.

    combine : {"stack", "best"}, default="stack"
        "stack" weighs the alphas, and the log-odds of the class shares beside them, by the least
        log-loss of the rows that are held out; "best" keeps the alpha of the best mean score alone.

    n_estimators : int, default=1
        Networks for each alpha that is kept, whose logits are averaged, at most the number of
        folds: each goes on from another fold's network.

    n_jobs : int or None, default=None
        Processes that share out the folds; None fits small data side by side in one process, and
        large data in the threads of :class:`ShallowTanhClassifier`.

    solver : {"auto", "lbfgs", "newton"}, default="auto"
        How each network is fitted. The path starts with this solver, and "auto" goes on with
        "lbfgs".

    standardize : bool, default=True
        Whether to centre each feature and divide it by its standard deviation, over all rows.

    class_weight : dict, "balanced" or None, default=None
        Factor on the weight of each class's samples.

    max_iter : int, default=5000
        Limit of iterations of each network at each alpha, at least 1. With ``alphas="auto"``, a
        network that starts from its neighbour's solution takes at most 100.

    tol : float, default=3e-4
        The networks that are kept have converged when the largest absolute entry of the gradient
        is at most `tol`, at least 0, or beyond 100 hidden units ``tol * 100 / n_hidden``; those of
        the folds when it is at most five times as much, or less on many rows.

    random_state : int, RandomState instance or None, default=None
        Seed of the folds and of the initial weights.

    verbose : int or bool, default=0
        If positive, print a line for each alpha, and one for each network that is kept.

    Attributes
    ----------
    alphas_ : ndarray of shape (n_alphas,)
        The alphas that were visited, ascending.

    scores_ : ndarray of shape (n_alphas, n_folds)
        Score of each alpha on the rows that each fold holds out.

    alpha_ : float
        The alpha of the best mean score.

    stack_weights_ : ndarray of shape (n_alphas,)
        Weight of each alpha's logits in the network that is kept. Their sum may exceed 1.

    prior_weight_ : float
        Weight of the log-odds of the class shares.

    best_score_ : float
        Mean over the folds of the score of what is kept, put together of the folds' networks with
        the same weights. With "stack" it is a little too good, since the few weights were chosen
        on the same rows.

    prior_score_ : float
        Mean over the folds of the score of the class shares: what a model that knows nothing has.

    coefs_ : list of two ndarrays of shape (n_features, n_units) and (n_units, n_outputs)
        Weights W1 and W2, in the units of X; n_units is n_hidden * n_estimators times the number
        of alphas with a weight.

    intercepts_ : list of two ndarrays of shape (n_units,) and (n_outputs,)
        Biases b1 and b2.

    estimators_ : list of ShallowTanhClassifier
        The networks that are joined, made anew when asked for.

    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. For a multilabel y the numbers of its columns.

    n_iter_ : int
        Iterations of all networks together.

    n_outputs_ : int
        Number of outputs: 1 for two classes, otherwise n_classes.

    out_activation_ : {"logistic", "softmax"}
        The output layer's activation.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features_in\_,)
        Names of the features, if X was a data frame whose column names are all strings.

    See Also
    --------
    ShallowTanhClassifier : The network for one alpha.
    sklearn.linear_model.LogisticRegressionCV : The model without a hidden layer.

    Notes
    -----
    The stack is Breiman's [1]_. Sample weights count in the loss and the scores, but a whole number
    does not mean as much as repeating the row: repeated rows may fall into different folds, and
    they change the mean weight, which "auto" goes by, and the number of rows, which the stack does.

    References
    ----------
    .. [1] L. Breiman, "Stacked regressions", Machine Learning 24, 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skshallow import ShallowTanhClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ShallowTanhClassifierCV(random_state=0).fit(X, y)
    >>> model.best_score_ > -0.1  # minus the log-loss of rows that were held out
    True
    """

    _parameter_constraints = {  # noqa: RUF012 (scikit-learn reads it from the class)
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "alphas": [StrOptions({"auto"}), Interval(Integral, 2, None, closed="left"), "array-like"],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "combine": [StrOptions({"stack", "best"})],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "solver": [StrOptions({"auto", "lbfgs", "newton"})],
        "standardize": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_hidden: int = 32,
        *,
        alphas: Any = "auto",
        cv: Any = None,
        scoring: str | Callable[..., float] | None = None,
        combine: str = "stack",
        n_estimators: int = 1,
        n_jobs: int | None = None,
        solver: str = "auto",
        standardize: bool = True,
        class_weight: dict[Any, float] | str | None = None,
        max_iter: int = 5000,
        tol: float = 3e-4,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_hidden = n_hidden
        self.alphas = alphas
        self.cv = cv
        self.scoring = scoring
        self.combine = combine
        self.n_estimators = n_estimators
        self.n_jobs = n_jobs
        self.solver = solver
        self.standardize = standardize
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Follow the path, stack it, and fit what is kept to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features, as `ShallowTanhClassifier.fit` takes them.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or a multilabel indicator matrix of zeros and ones.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative. Rows of zero weight are left out.

        **params : dict
            Metadata for the splitter, such as `groups`, with
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        self : ShallowTanhClassifierCV
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or sample_weight is invalid, a class has too few rows for a
            cross-validation, or `n_estimators` is more than the number of folds; a fitted
            estimator is then left as it was.

        Warns
        -----
        ConvergenceWarning
            If a network that is kept stopped before its gradient was at most `tol`.

        UserWarning
            If what is kept has a worse score than the class shares. The stack has them among its
            candidates, so that this is for ``combine="best"``, and for scores other than the
            log-loss. Or if folds of `cv` hold out rows of a class that they do not train on, all
            of the given `alphas` are large beside the sum of the weights, or a column of X varies
            too little beside its mean to be used.
        """
        self._finish(*self._fit(X, y, sample_weight, params))
        return self

    # Inside, so that callbacks are torn down after a failed fit too.
    @with_callbacks
    @one_thread_blas()
    def _fit(
        self, X: Any, y: Any, sample_weight: Any, params: dict[str, Any]
    ) -> tuple[Self, Complaints]:
        """Fit a copy; the copy, and what to warn of."""
        model, given = self._scratch(), (X, y, sample_weight)
        check_scorer(model)
        split_params = model._split_params(params)
        X, y = model._validated(X, y, reset=True)
        target = model._encoded(y)
        w = row_weights(sample_weight, model.class_weight, target, X.shape[0])
        kept = np.flatnonzero(w)
        mean_weight = float(w[kept].mean())
        data = Data.of_positive_weight(X, target.codes, w)
        random_state = check_random_state(model.random_state)
        splits = model._splits(X, data, target, kept, random_state, split_params)
        scaling = column_scaling(data.X, data.w) if model.standardize else None
        looser = _LOOSER * min(1.0, (_ROWS / len(kept)) ** 0.25)
        folds = Folds(data, target.output, scaling, splits, model._path_settings(looser))
        sample_w = row_weights(sample_weight, None, target, X.shape[0])[kept]
        score, scores = model._fold_scores(folds, target, sample_w), {}
        alphas, first, end_early = alphas_of(model.alphas, mean_weight)
        callbacks = None
        if hasattr(self, "_skl_callbacks"):
            callbacks = FitCallbacks(self, *given, len(alphas))

        def report(step: Step) -> bool:
            scores[step.alpha] = score([step], np.ones(1), 0.0)
            if model.verbose:
                _print_step(step, scores[step.alpha])
            return callbacks is not None and callbacks.iteration(
                lambda: model._with_step(step, folds, target)._fitted_attributes()
            )

        if model.verbose:
            name = model.scoring or "minus the log-loss"
            print(f"{len(kept)} rows, {len(splits)} folds, score: {name}, on rows held out")
        states = spawn(random_state, len(splits))
        thetas = np.array([folds.layout.initial(state) for state in states])
        steps = follow(
            folds, alphas, thetas, states, first=first, end_early=end_early, report=report
        )
        choice = model._choose(
            steps, np.array([scores[step.alpha] for step in steps]), folds, score
        )
        ends = refit(folds, model._path_settings(1.0), choice, int(model.n_estimators), states)
        model._clear_fit()
        model._set_fit(choice, ends, folds, target)
        if callbacks is not None:
            callbacks.end(model._fitted_attributes)
        return model, model._complaints(choice, ends, folds)

    def _path_settings(self, looser: float) -> PathSettings:
        """The parameters, as the path needs them, with a tolerance so many times as large."""
        return PathSettings(
            n_hidden=int(self.n_hidden),
            solver=make_solver(self.solver, vars(ShallowTanhClassifier())),
            tol=looser * float(self.tol),
            max_iter=int(self.max_iter),
            n_jobs=self.n_jobs,
        )

    def _split_params(self, params: dict[str, Any]) -> dict[str, Any]:
        """Metadata for the splitter."""
        if not params:
            return {}
        if not get_config()["enable_metadata_routing"]:
            raise ValueError(
                f"fit got {sorted(params)}, which is metadata for `cv`: call "
                "sklearn.set_config(enable_metadata_routing=True), or give cv as a list of splits."
            )
        routed: dict[str, Any] = process_routing(self, "fit", **params).splitter.split
        return routed

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata that `fit` hands on to `cv`.

        Returns
        -------
        routing : MetadataRouter
            The splitter's requests, and the estimator's own.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def _splits(
        self,
        X: Any,
        data: Data,
        target: Target,
        kept: IntArray,
        random_state: np.random.RandomState,
        params: dict[str, Any],
    ) -> list[Split]:
        """The folds, as row numbers of the data."""
        if self.cv is None:
            seed = random_state.randint(2**31 - 1)
            splits = default_splits(data.codes, target.classes, seed)
        elif isinstance(self.cv, Integral):
            splits = counted_splits(int(self.cv), data.codes, target.classes)
        else:
            # Codes, since splitters do not take labels of every kind.
            given = given_splits(self.cv, X, target.codes, params)
            splits = splits_of_kept(given, X.shape[0], kept)
        if self.n_estimators > len(splits):
            raise ValueError(
                f"n_estimators={self.n_estimators} is more than the {len(splits)} folds, from "
                "whose networks the members go on: decrease it, or give cv more folds."
            )
        return splits

    def _fold_scores(self, folds: Folds, target: Target, w: FloatArray) -> FoldScores:
        """What scores a weighted sum of steps in each fold; w are the sample weights."""
        if self.scoring in (None, "neg_log_loss"):
            return lambda steps, v, prior: (
                -folds.fold_losses(combined_logits(steps, v, prior, folds))
            )
        data, equal = folds.data, bool((w == w[0]).all())
        predictor = partial(self._without_names, target, np.float64)

        def score(steps: list[Step], v: FloatArray, prior: float) -> FloatArray:
            found = []
            for k, split in enumerate(folds.splits):
                members = [folds.networks(step.thetas)[k] for step in steps]
                network = add_prior(join(members, v), prior * folds.training_log_odds(k))
                y = data.codes[split.test]
                if not target.output.multilabel:
                    y = target.classes[y]
                own = None if equal else w[split.test]
                test = data.X[split.test], y, own
                found.append(ValidationScore(self.scoring, predictor, *test)(network))
            return np.array(found)

        return score

    def _with_step(self, step: Step, folds: Folds, target: Target) -> Self:
        """A copy that predicts with the mean of the folds' networks at one alpha."""
        model = self._scratch()
        model._clear_fit()
        model._set_network(target, folds.networks(step.thetas), folds.data.X.dtype)
        return model

    def _choose(
        self, steps: list[Step], scores: FloatArray, folds: Folds, score: FoldScores
    ) -> Choice:
        """The weights of the steps, from their scores by fold."""
        means = scores.mean(axis=1)
        finite = np.isfinite(means)
        if not finite.any():
            raise ValueError(
                f"scoring={self.scoring!r} gives no finite mean score at any alpha, but by fold "
                f"{scores[0]} at alpha={steps[0].alpha:.3g}. Is it defined on every fold?"
            )
        best = int(np.argmax(np.where(finite, means, -np.inf)))
        weights, prior = np.zeros(len(steps)), 0.0
        if self.combine == "best":
            weights[best] = 1.0
        else:
            live = [k for k, step in enumerate(steps) if not folds.flat(step.logits)]
            candidates = [*(steps[k].logits for k in live), folds.prior_logits()]
            *weights[live], prior = stack(candidates, folds.codes, folds.w, folds.output)
        if not weights.any():
            # Nothing but the class shares counts; a network of weight zero says it.
            used = [int(np.argmin([step.loss for step in steps]))]
        else:
            used = np.flatnonzero(weights).tolist()
        best_score = score([steps[k] for k in used], weights[used], float(prior)).mean()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a score may not be defined for constant predictions
            prior_score = score(steps[:1], np.zeros(1), 1.0).mean()
        return Choice(
            steps, scores, best, weights, float(prior), used, float(best_score), float(prior_score)
        )

    def _set_fit(self, choice: Choice, kept: Kept, folds: Folds, target: Target) -> None:
        """Set all fitted attributes, or raise if something is not finite."""
        steps = choice.steps
        self._set_network(
            target, kept.networks, folds.data.X.dtype, kept.weights,
            choice.prior * log_odds(folds.data.codes, folds.data.w, folds.output),
        )  # fmt: skip
        values = [result.value for result in kept.results]
        check_finite(float(np.mean(values)), self.coefs_ + self.intercepts_, folds.data.X.dtype)
        for member, alpha, result in zip(self._members, kept.alphas, kept.results, strict=True):
            member |= {"alpha": alpha, "loss_": result.value, "n_iter_": result.n_iter}
        self.alphas_ = np.array([step.alpha for step in steps])
        self.scores_ = choice.scores
        self.alpha_ = float(self.alphas_[choice.best])
        self.stack_weights_ = choice.weights
        self.prior_weight_ = choice.prior
        self.best_score_, self.prior_score_ = choice.best_score, choice.prior_score
        self.n_iter_ = sum(step.n_iter for step in steps) + sum(
            result.n_iter for result in kept.results
        )
        if self.verbose:
            for alpha, v, result in zip(kept.alphas, kept.weights, kept.results, strict=True):
                print(
                    f"alpha = {alpha:<8.3g}   weight {v:.3f}   "
                    f"{result.n_iter} iterations on all rows"
                )
            print(
                f"class shares       weight {choice.prior:.3f}   score {choice.prior_score:.5f}\n"
                f"together           score {choice.best_score:.5f}"
            )

    def _complaints(self, choice: Choice, kept: Kept, folds: Folds) -> Complaints:
        """What to warn of."""
        settings = Settings(
            n_hidden=self.n_hidden, alpha=0.0, standardize=self.standardize,
            solver=make_solver("lbfgs", {}), max_iter=self.max_iter, tol=self.tol,
        )  # fmt: skip
        name, found = type(self).__name__, self._left_out(folds.data.X, folds.scaling)
        if text := unseen_class(folds.splits, folds.data.codes, self.classes_):
            found.append((text, UserWarning))
        if text := worse_than_shares(self.best_score_, self.prior_score_, self.combine):
            found.append((text, UserWarning))
        if text := not_finite(self.scores_, self.alphas_, self.scoring):
            found.append((text, UserWarning))
        if text := complaint(name, kept.results, settings, folds.data.X.dtype, kept.alphas):
            found.append((text, ConvergenceWarning))
        least, alpha = min(step.loss for step in choice.steps), float(self.alphas_[0])
        if text := overwhelmed(
            name, alpha, folds.data, least, lambda: folds.loss(folds.prior_logits()), given=True
        ):
            found.append((text, UserWarning))
        return found

    @property
    def estimators_(self) -> list[ShallowTanhClassifier]:
        """The networks that are joined.

        Returns
        -------
        members : list of ShallowTanhClassifier
            Each a fitted classifier.
        """
        if not hasattr(self, "coefs_"):
            raise AttributeError("The estimator has no members before it is fitted.")
        members = []
        for network, known in zip(self._networks(), self._members, strict=True):
            member = ShallowTanhClassifier(
                len(network.b1), alpha=known["alpha"], solver=self.solver, tol=self.tol,
                standardize=self.standardize, class_weight=self.class_weight,
                max_iter=self.max_iter,
            )  # fmt: skip
            member._set_network(self._target(), [network], network.W1.dtype)
            for name in ("n_features_in_", "feature_names_in_"):
                if name in vars(self):
                    setattr(member, name, getattr(self, name))
            member.loss_, member.n_iter_ = known["loss_"], known["n_iter_"]
            members.append(member)
        return members


# Scores by fold, (n_folds,), of the sum of some steps' logits with weights v, and of the class
# shares' log-odds times a weight.
FoldScores = Callable[[list[Step], FloatArray, float], FloatArray]


def _print_step(step: Step, scores: FloatArray) -> None:
    by_fold = " ".join(f"{score:.4f}" for score in scores)
    print(
        f"alpha = {step.alpha:<8.3g}   score {scores.mean():.5f}   by fold {by_fold}   "
        f"{step.n_iter} iterations   {step.seconds:.3f} s"
    )


ShallowTanhClassifierCV.__module__ = "skshallow"
