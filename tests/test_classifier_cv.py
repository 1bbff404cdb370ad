"""The estimator that chooses alpha by itself, as its users see it."""

import copy
import pickle
import re
import warnings
from contextlib import ExitStack

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_multilabel_classification,
)
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss, make_scorer
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

X, Y = load_iris(return_X_y=True)
BINARY = Y > 1
A, B = make_multilabel_classification(80, n_features=5, n_classes=3, random_state=0)
A /= 10

KINDS = {"two classes": (X, BINARY), "K classes": (X, Y), "multilabel": (A, B)}
every_kind = pytest.mark.parametrize("kind", KINDS)
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2, len(Y))


def model_of(**parameters):
    return ShallowTanhClassifierCV(**{"n_hidden": 5, "random_state": 0, **parameters})


def fitted(kind="K classes", sample_weight=None, **parameters):
    return model_of(**parameters).fit(*KINDS[kind], sample_weight)


def forward(model, data):
    """The network as the documentation states it."""
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    return np.tanh(data @ W1 + b1) @ W2 + b2


def decision(model, data):
    return model.decision_function(data).reshape(len(data), -1)


def share_logits(y, kind):
    """Log-odds of the class shares."""
    if kind == "K classes":
        return np.log(np.bincount(y) / len(y))
    p = np.mean(y, axis=0)
    return np.log(p / (1 - p))


def assert_same(one, other, data=X):
    """Same to the bit."""
    np.testing.assert_array_equal(one.decision_function(data), other.decision_function(data))
    np.testing.assert_array_equal(one.scores_, other.scores_)
    np.testing.assert_array_equal(one.stack_weights_, other.stack_weights_)


# Fitted attributes and prediction


@every_kind
@pytest.mark.parametrize(("combine", "n_estimators"), [("stack", 1), ("stack", 2), ("best", 3)])
def test_attributes(kind, combine, n_estimators):
    model = fitted(kind, combine=combine, n_estimators=n_estimators)
    data, y = KINDS[kind]
    n_outputs = 1 if kind == "two classes" else 3
    n_alphas = len(model.alphas_)
    n_units = 5 * n_estimators * np.count_nonzero(model.stack_weights_)
    assert (np.diff(model.alphas_) > 0).all()
    assert model.scores_.shape == (n_alphas, 5)
    assert model.alpha_ == model.alphas_[model.scores_.mean(axis=1).argmax()]
    assert model.stack_weights_.shape == (n_alphas,)
    assert (model.stack_weights_ >= 0).all()
    assert model.prior_weight_ >= 0
    assert [part.shape for part in model.coefs_] == [(data.shape[1], n_units), (n_units, n_outputs)]
    assert [part.shape for part in model.intercepts_] == [(n_units,), (n_outputs,)]
    assert model.n_outputs_ == n_outputs
    assert model.n_features_in_ == data.shape[1]
    assert model.out_activation_ == ("softmax" if kind == "K classes" else "logistic")
    expected = np.arange(3) if kind == "multilabel" else np.unique(y)
    np.testing.assert_array_equal(model.classes_, expected)
    assert model.n_iter_ > sum(member.n_iter_ for member in model.estimators_)
    assert not hasattr(model, "feature_names_in_")
    if combine == "best":
        np.testing.assert_array_equal(model.stack_weights_, model.alphas_ == model.alpha_)
        assert model.prior_weight_ == 0
        assert model.best_score_ == model.scores_.mean(axis=1).max()
    else:
        # But for the folds' sizes and weights that are pulled together.
        assert model.best_score_ > model.scores_.mean(axis=1).max() - 1e-3


@every_kind
@pytest.mark.parametrize("standardize", [True, False])
def test_prediction_is_the_documented_formula_in_the_users_units(kind, standardize):
    model = fitted(kind, standardize=standardize)
    data, _ = KINDS[kind]
    Z = model.decision_function(data)
    assert Z.shape == ((len(data),) if kind == "two classes" else (len(data), 3))
    np.testing.assert_allclose(decision(model, data), forward(model, data), rtol=1e-11, atol=1e-11)
    probabilities = softmax(Z, axis=1) if kind == "K classes" else expit(Z)
    P = model.predict_proba(data)
    np.testing.assert_allclose(P[:, 1] if kind == "two classes" else P, probabilities, rtol=1e-11)


@every_kind
@pytest.mark.parametrize(("combine", "n_estimators"), [("stack", 1), ("stack", 3), ("best", 2)])
def test_the_weighted_sum_of_the_members_and_the_class_shares_is_the_network(
    kind, combine, n_estimators
):
    model = fitted(kind, combine=combine, n_estimators=n_estimators)
    data, y = KINDS[kind]
    Z = model.prior_weight_ * share_logits(y, kind)
    members = model.estimators_
    assert len(members) == n_estimators * np.count_nonzero(model.stack_weights_)
    for member in members:
        assert type(member) is ShallowTanhClassifier
        [weight] = model.stack_weights_[model.alphas_ == member.alpha]
        Z = Z + weight / n_estimators * decision(member, data)
        assert member.n_hidden == 5
        assert member.n_features_in_ == model.n_features_in_
        np.testing.assert_array_equal(member.classes_, model.classes_)
    np.testing.assert_allclose(Z, decision(model, data), rtol=1e-9, atol=1e-9)


def test_members_are_minima_of_what_the_single_network_minimises():
    model = fitted(n_estimators=2, tol=1e-5)
    V = X.std(axis=0)[:, None]
    for member in model.estimators_:
        P = member.predict_proba(X)[np.arange(len(Y)), Y]
        penalty = ((member.coefs_[0] * V) ** 2).sum() + (member.coefs_[1] ** 2).sum()
        F = (-np.log(P).sum() + member.alpha / 2 * penalty) / len(Y)
        assert member.loss_ == pytest.approx(F, rel=1e-9)
        alone = ShallowTanhClassifier(5, alpha=member.alpha, tol=1e-5, random_state=0).fit(X, Y)
        assert member.loss_ == pytest.approx(alone.loss_, rel=0.05)


def test_before_a_fit_there_is_nothing():
    model = model_of()
    assert not hasattr(model, "estimators_")
    with pytest.raises(NotFittedError):
        model.predict(X)


@every_kind
def test_the_last_score_is_of_what_is_kept_put_together_of_the_folds_networks(kind):
    splits = list(KFold(3, shuffle=True, random_state=0).split(KINDS[kind][0]))
    one = fitted(kind, alphas=[1.0], cv=splits)
    data, y = KINDS[kind]
    losses = []
    for train, test in splits:
        # Another minimum perhaps, and columns standardised by fewer rows.
        cold = ShallowTanhClassifier(5, alpha=1.0, tol=3e-4, random_state=0)
        Z = one.stack_weights_[0] * decision(cold.fit(data[train], y[train]), data[test])
        Z += one.prior_weight_ * share_logits(y[train], kind)
        if kind == "K classes":
            losses.append(log_loss(y[test], softmax(Z, axis=1)))
        else:
            truth = y[test].reshape(Z.shape)
            losses.append(-np.log(np.where(truth, expit(Z), expit(-Z))).sum(axis=1).mean())
    assert -one.best_score_ == pytest.approx(np.mean(losses), rel=0.05)


@every_kind
def test_the_score_of_the_class_shares(kind):
    data, y = KINDS[kind]
    splits = list(KFold(3, shuffle=True, random_state=0).split(data))
    model = fitted(kind, alphas=[1.0], cv=splits)
    losses = []
    for train, test in splits:
        Z = np.tile(share_logits(y[train], kind), (len(test), 1))
        if kind == "K classes":
            losses.append(log_loss(y[test], softmax(Z, axis=1)))
        else:
            truth = y[test].reshape(Z.shape)
            losses.append(-np.log(np.where(truth, expit(Z), expit(-Z))).sum(axis=1).mean())
    assert model.prior_score_ == pytest.approx(-np.mean(losses), rel=1e-9)


def test_the_score_of_the_class_shares_by_another_score():
    assert fitted("two classes", scoring="roc_auc").prior_score_ == pytest.approx(0.5)


def test_worse_than_the_class_shares_is_said():
    noise = np.random.default_rng(0).standard_normal((60, 8))
    labels = np.arange(60) % 2
    message = "the class shares alone have -0.69.*Use combine='stack'"
    with pytest.warns(UserWarning, match=message) as caught:
        model_of(alphas=[0.1], combine="best").fit(noise, labels)
    assert caught[0].filename == __file__
    stack = model_of(alphas=[0.1]).fit(noise, labels)
    assert stack.best_score_ >= 1.01 * stack.prior_score_


# The alpha that is chosen


@pytest.mark.parametrize(
    ("load", "share"),
    [
        (load_iris, 0.01),
        (load_breast_cancer, 0.01),
        # Of 178 rows: cold starts with alpha=0.1 find 0.046 to 0.056, by their seeds alone.
        (load_wine, 0.1),
        (load_digits, 0.01),
    ],
)
def test_the_best_alpha_is_that_of_a_grid_search_with_cold_starts(load, share):
    data, y = load(return_X_y=True)
    splits = list(StratifiedKFold(5, shuffle=True, random_state=1).split(data, y))
    model = ShallowTanhClassifierCV(combine="best", cv=splits, random_state=0).fit(data, y)
    alphas = np.logspace(-2, 2, 9)
    losses = []
    for alpha in alphas:
        cold = ShallowTanhClassifier(alpha=alpha, tol=3e-4, random_state=0)
        P = cross_val_predict(cold, data, y, cv=splits, method="predict_proba")
        losses.append(np.mean([log_loss(y[test], P[test]) for _, test in splits]))
    [chosen] = np.flatnonzero(np.isclose(alphas, model.alpha_))
    assert losses[chosen] <= (1 + share) * min(losses)
    assert -model.best_score_ == pytest.approx(losses[chosen], rel=0.1)


def test_small_alphas_have_scores_of_their_own():
    data, y = load_digits(return_X_y=True)
    model = ShallowTanhClassifierCV(alphas=9, cv=3, random_state=0).fit(data, y)
    assert len(np.unique(model.scores_[:, 0])) == 9


def test_a_fold_of_few_rows_does_not_stay_where_all_weights_are_zero():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 100)
    data = rng.standard_normal((100, 4))
    data[:, 0] += 1.5 * labels
    split = TimeSeriesSplit(5)
    model = ShallowTanhClassifierCV(cv=split, alphas=9, random_state=0).fit(data, labels)
    # The first fold has 20 rows, at most: there all weights are zero for a large alpha.
    train, test = next(iter(split.split(data)))
    shares = log_loss(labels[test], np.full(len(test), labels[train].mean()))
    assert -model.scores_[-1, 0] == pytest.approx(shares, rel=1e-2)
    assert -model.scores_[:, 0].max() < 0.95 * shares


def test_splits_go_by_the_classes_whatever_the_labels_are():
    for labels in (
        10.0 * Y,
        np.array(["a", "b", "c"])[Y],
        np.array(["a", "b", "c"], object)[Y],
    ):
        for cv in (3, StratifiedKFold(3)):
            np.testing.assert_array_equal(
                model_of(cv=cv).fit(X, labels).scores_, model_of(cv=cv).fit(X, Y).scores_
            )


def test_a_number_of_folds_splits_the_rows_of_positive_weight():
    w = np.ones(len(Y))
    w[:40] = 0
    np.testing.assert_array_equal(
        model_of(cv=5).fit(X, Y, w).scores_, model_of(cv=5).fit(X[40:], Y[40:]).scores_
    )


@pytest.mark.parametrize("combine", ["stack", "best"])
def test_scores_that_are_not_numbers_choose_no_alpha(combine):
    def scorer(estimator, data, labels):
        calls.append(estimator)
        return np.nan if len(calls) == 1 else estimator.score(data, labels)

    calls = []
    with pytest.warns(UserWarning, match="is not finite in some fold for alpha=1, so that"):
        model = model_of(alphas=[0.1, 1.0, 10.0], scoring=scorer, combine=combine).fit(X, Y)
    assert np.isnan(model.scores_[1, 0])
    assert model.alpha_ != 1
    assert model.best_score_ > 0.9


def test_scores_that_are_never_numbers():
    with pytest.raises(ValueError, match="gives no finite mean score at any alpha"):
        fitted(scoring=lambda *data: np.nan)


def test_no_warning_of_a_score_that_the_class_shares_do_not_have():
    assert fitted("two classes", scoring="precision", cv=3).best_score_ > 0.9
    model = fitted("two classes", scoring=correlation)
    assert model.best_score_ > 0.9
    assert not abs(model.prior_score_) > 1e-6  # rounding, or not a number


def correlation(estimator, data, labels):
    return np.corrcoef(estimator.decision_function(data), labels)[0, 1]


def test_named_scores_take_sample_weights_and_not_those_of_classes():
    balanced = fitted("two classes", class_weight={True: 5.0}, scoring="accuracy", alphas=[1.0])
    predicted = fitted("two classes", class_weight={True: 5.0}, scoring=accuracy, alphas=[1.0])
    np.testing.assert_array_equal(balanced.scores_, predicted.scores_)


def accuracy(estimator, data, labels):
    return np.mean(estimator.predict(data) == labels)


def test_no_folds():
    with pytest.raises(ValueError, match="cv gives no folds"):
        fitted(cv=[])


def test_members_have_the_size_that_was_fitted():
    model = fitted().set_params(n_hidden=9)
    assert model.estimators_[0].n_hidden == 5


def test_auto_is_half_decades_around_the_mean_weight_and_ends_early():
    alphas = fitted().alphas_
    assert set(alphas.round(12)) < set(np.logspace(-2, 2, 9).round(12))
    assert 1.0 in alphas
    np.testing.assert_allclose(fitted(sample_weight=np.full(len(Y), 3.0)).alphas_, 3 * alphas)


@pytest.mark.parametrize(
    ("alphas", "expected"),
    [
        (3, [0.01, 1, 100]),
        (np.int64(5), [0.01, 0.1, 1, 10, 100]),
        ([10, 0.1, 10], [0.1, 10]),
        (np.array([0.1, 1e4]), [0.1, 1e4]),
        ((0.0, 1.0), [0.0, 1.0]),
        ([2], [2]),
    ],
)
def test_given_alphas_are_visited_whole(alphas, expected):
    np.testing.assert_allclose(fitted(alphas=alphas).alphas_, expected)
    if not np.isscalar(alphas):
        # Values, unlike a number of them, are not in units of the mean weight.
        model = fitted(alphas=alphas, sample_weight=2 * WEIGHTS)
        np.testing.assert_allclose(model.alphas_, expected)


@pytest.mark.parametrize(
    "alphas", [1, True, [], [-1.0], [1.0, np.nan], [np.inf], ["one"], 0, -2, 1.5, "many", None]
)
def test_bad_alphas(alphas):
    with pytest.raises(ValueError, match="alphas"):
        fitted(alphas=alphas)


# Scores


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_the_score_without_a_name_is_minus_the_log_loss(weights):
    splits = list(StratifiedKFold(4, shuffle=True, random_state=0).split(X, Y))
    ours = fitted(sample_weight=weights, cv=splits)
    named = fitted(sample_weight=weights, cv=splits, scoring="neg_log_loss")
    np.testing.assert_allclose(ours.scores_, named.scores_, rtol=1e-9)
    assert ours.best_score_ == pytest.approx(named.best_score_, rel=1e-9)
    np.testing.assert_array_equal(ours.stack_weights_, named.stack_weights_)


@every_kind
def test_a_score_by_name_decides_alpha_but_not_the_stack(kind):
    plain, named = fitted(kind), fitted(kind, scoring="f1_macro")
    np.testing.assert_array_equal(plain.stack_weights_, named.stack_weights_)
    assert (named.scores_ >= 0).all()
    assert named.alpha_ == named.alphas_[named.scores_.mean(axis=1).argmax()]
    best = fitted(kind, scoring="f1_macro", combine="best")
    assert best.best_score_ == named.scores_.mean(axis=1).max()


def test_a_callable_gets_the_rows_that_are_held_out_their_labels_and_weights():
    names = np.array(["a", "b", "c"])[Y]
    splits = list(StratifiedKFold(3, shuffle=True, random_state=0).split(X, Y))
    calls = []

    def scorer(estimator, X, y, sample_weight):
        calls.append((X, y, sample_weight))
        assert isinstance(estimator, ShallowTanhClassifierCV)
        return estimator.score(X, y, sample_weight)

    model = model_of(cv=splits, scoring=scorer, alphas=[1.0, 10.0]).fit(X, names, WEIGHTS)
    ratios = []
    for (_, test), (data, y, w) in zip(splits, calls[:3], strict=True):
        np.testing.assert_array_equal(data, X[test])
        np.testing.assert_array_equal(y, names[test])
        ratios.append(w / WEIGHTS[test])
    ratios = np.concatenate(ratios)
    np.testing.assert_allclose(ratios, ratios[0])
    named = model_of(cv=splits, scoring="accuracy", alphas=[1.0, 10.0]).fit(X, names, WEIGHTS)
    np.testing.assert_allclose(model.scores_, named.scores_)


def test_a_callable_without_weights_is_for_equal_weights_alone():
    def scorer(estimator, X, y):
        return estimator.score(X, y)

    assert fitted(scoring=scorer, sample_weight=np.full(len(Y), 2.0)).best_score_ > 0.9
    with pytest.raises(ValueError, match="takes no sample_weight"):
        fitted(scoring=scorer, sample_weight=WEIGHTS)


def test_a_scorer_made_by_scikit_learn():
    scorer = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")
    np.testing.assert_allclose(fitted(scoring=scorer).scores_, fitted().scores_, rtol=1e-9)


# Folds


def test_a_number_a_splitter_and_an_iterable_of_folds():
    plain = list(StratifiedKFold(3).split(X, Y))
    masks = [(np.isin(np.arange(len(Y)), train), test.tolist()) for train, test in plain]
    for cv in (3, StratifiedKFold(3), iter(plain), masks):
        assert_same(fitted(cv=cv), fitted(cv=plain))
    assert fitted("multilabel", cv=4).scores_.shape[1] == 4


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_groups_are_handed_on_to_the_splitter(weights):
    groups = np.arange(len(Y)) % 7
    splits = list(GroupKFold(4).split(X, Y, groups))
    with sklearn.config_context(enable_metadata_routing=True):
        model = model_of(cv=GroupKFold(4)).fit(X, Y, sample_weight=weights, groups=groups)
        inner = model_of(cv=GroupKFold(4)).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler(), inner).fit(X, Y, groups=groups)
        assert pipeline[-1].scores_.shape[1] == 4
        with pytest.raises(TypeError, match="unexpected argument"):
            model_of().fit(X, Y, groups=groups)
    assert_same(model, fitted(cv=splits, sample_weight=weights))


def test_groups_without_routing_say_what_to_do():
    with pytest.raises(ValueError, match=r"\['groups'\].*enable_metadata_routing=True"):
        model_of(cv=GroupKFold(4)).fit(X, Y, groups=np.arange(len(Y)) % 7)


# Not StratifiedGroupKFold, which makes folds without groups in some versions of scikit-learn.
@pytest.mark.parametrize("cv", [GroupKFold(3), LeaveOneGroupOut()])
@pytest.mark.parametrize("routing", [False, True])
def test_a_splitter_that_misses_its_groups_says_what_to_do(cv, routing):
    message = rf"^cv={re.escape(repr(cv))} needs groups: .*_routing=True\), or give cv as a list"
    with (
        sklearn.config_context(enable_metadata_routing=routing),
        pytest.raises(ValueError, match=message),
    ):
        fitted(cv=cv)


def test_other_errors_of_a_splitter_name_it():
    message = r"^cv=KFold\(n_splits=151, .*\) cannot split the 150 rows: .*n_samples=150\. Change"
    with pytest.raises(ValueError, match=message):
        fitted(cv=KFold(151))
    groups = np.zeros(len(Y))
    message = r"^cv=GroupKFold\(.* cannot split .* greater than the number of groups: 1\. Change it"
    with (
        sklearn.config_context(enable_metadata_routing=True),
        pytest.raises(ValueError, match=message),
    ):
        model_of(cv=GroupKFold(3)).fit(X, Y, groups=groups)


@pytest.mark.parametrize("cv", [51, 150, 151])
def test_more_folds_than_rows_of_a_class(cv):
    names, kept = np.array(["a", "b", "c"])[Y], np.r_[:20, 50:100, 100:130]
    message = f"^cv={cv} is more folds than the 50 rows .* of class 'b', .*at most 50"
    with pytest.raises(ValueError, match=message):
        model_of(cv=cv).fit(X[kept], names[kept])


def test_more_folds_than_rows_of_several_labels():
    with pytest.raises(ValueError, match=r"^cv=81 is more folds than the 80 rows .*at most 80"):
        fitted("multilabel", cv=81)
    assert fitted("multilabel", cv=80, alphas=[1.0]).scores_.shape[1] == 80


HALVES = np.arange(75), np.arange(75, 150)


@pytest.mark.parametrize(
    ("fold", "message"),
    [
        ((HALVES[0], HALVES[1] + 1), "index 150 is out of bounds"),
        ((HALVES[0], -HALVES[1] - 76), "index -151 is out of bounds"),
        ((HALVES[0] / 1, HALVES[1]), "must be of integer"),
        ((1, 2, 3), "too many values"),
        ((*HALVES, HALVES[0]), "too many values"),
        (3, "cannot unpack"),
        ((1, 2), "one array has 0 dimensions"),
        ((None, HALVES[1]), "one array has 2 dimensions"),
        (("train", "test"), "valid indices"),
        ((HALVES[0] < 3, HALVES[0] >= 3), "boolean"),
    ],
)
def test_folds_that_are_no_pairs_of_rows_are_named(fold, message):
    with pytest.raises(
        ValueError, match=f"^Fold 1 of cv must be two arrays, .*masks of 150 rows: .*{message}"
    ):
        fitted(cv=[HALVES, fold])


def test_an_iterator_of_folds_serves_one_fit():
    model = fitted(cv=KFold(3, shuffle=True, random_state=0).split(X), alphas=[1.0])
    before = vars(model).copy()
    with pytest.raises(ValueError, match=r"cv gives no folds.*iterator may be used up.*a list"):
        model.fit(X, Y)
    assert vars(model) == before


def test_there_are_fewer_folds_where_a_class_has_fewer_rows():
    for n, n_folds in ((2, 2), (3, 3), (4, 4), (5, 5), (9, 5)):
        kept = np.r_[: 100 + n]
        model = model_of().fit(X[kept], Y[kept])
        assert model.scores_.shape[1] == n_folds
    weights = np.where(np.arange(len(Y)) < 103, 1.0, 0.0)
    assert fitted(sample_weight=weights).scores_.shape[1] == 3
    assert fitted("multilabel").scores_.shape[1] == 5
    assert model_of().fit(A[:3], B[:3]).scores_.shape[1] == 3


def test_a_class_with_one_row_is_an_error_unless_cv_is_given():
    kept = np.r_[:101]
    labels = np.array(["a", "b", "c"])[Y]
    with pytest.raises(ValueError, match="class 'c' has only one of positive weight"):
        model_of().fit(X[kept], labels[kept])
    weights = np.where(np.arange(len(Y)) < 101, 1.0, 0.0)
    with pytest.raises(ValueError, match="class 'c' has only one of positive weight"):
        model_of().fit(X, labels, weights)
    with pytest.warns(
        UserWarning, match=r"of cv holds out rows of class 'c' and trains on none: .*one row alone"
    ):
        model = model_of(cv=KFold(4, shuffle=True, random_state=0)).fit(X[kept], labels[kept])
    assert model.predict_proba(X).shape == (150, 3)
    assert np.isfinite(model.scores_).all()


def test_default_folds_are_stratified_shuffled_and_hold_out_each_row_once():
    numbered = np.column_stack([X, np.arange(len(Y))])
    held_out = []

    def scorer(estimator, X, y):
        held_out.append(X[:, -1].astype(int))
        return 0.0

    model_of(scoring=scorer, alphas=[1.0]).fit(numbered, Y)
    folds = held_out[:5]
    assert sorted(np.concatenate(folds)) == list(range(150))
    for test in folds:
        np.testing.assert_array_equal(np.bincount(Y[test]), [10, 10, 10])
        assert (np.diff(np.sort(test)) > 1).sum() > 5
    held_out.clear()
    model_of(scoring=scorer, alphas=[1.0], random_state=1).fit(numbered, Y)
    assert not np.array_equal(held_out[0], folds[0])


def test_a_single_row_has_no_folds():
    weights = (np.arange(len(B)) == 0).astype(float)
    with pytest.raises(ValueError, match="at least two rows of positive weight"):
        fitted("multilabel", weights)


@pytest.mark.parametrize(("train", "test"), [([], [1]), ([0, 60, 120], []), ([149], [0, 60, 120])])
def test_a_fold_without_rows_is_an_error(train, test):
    weights = np.where(np.arange(len(Y)) == 149, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"Fold 0 of cv trains on .* give it some of both"):
        fitted(cv=[(np.array(train, int), np.array(test, int))], sample_weight=weights)


def test_more_members_than_folds_are_an_error():
    assert len(fitted(combine="best", n_estimators=5).estimators_) == 5
    with pytest.raises(ValueError, match="n_estimators=6 is more than the 5 folds"):
        fitted(n_estimators=6)
    with pytest.raises(ValueError, match="n_estimators=3 is more than the 2 folds"):
        fitted(n_estimators=3, cv=2)


def test_processes_find_nearly_the_same():
    alone, shared = fitted(alphas=[1.0, 3.0]), fitted(alphas=[1.0, 3.0], n_jobs=2)
    np.testing.assert_allclose(shared.scores_, alone.scores_, rtol=1e-3)
    np.testing.assert_allclose(shared.predict_proba(X), alone.predict_proba(X), atol=1e-2)


# Weights


@every_kind
def test_scaling_all_weights_changes_nothing(kind):
    data, y = KINDS[kind]
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    one = fitted(kind, w)
    for scale in (1024, 2.0**-300):
        other = fitted(kind, scale * w)
        assert_same(one, other, data)
        np.testing.assert_array_equal(other.alphas_, scale * one.alphas_)
    assert_same(fitted(kind), fitted(kind, np.full(len(y), 8.0)), data)


@every_kind
def test_rows_of_zero_weight_are_left_out(kind):
    data, y = KINDS[kind]
    rng = np.random.default_rng(0)
    kept = rng.random(len(y)) < 0.7
    w = np.where(kept, rng.uniform(0.5, 2, len(y)), 0.0)
    spoilt = np.where(kept[:, None], data, 1e30)
    one, other = fitted(kind, w), model_of().fit(data[kept], y[kept], w[kept])
    assert_same(model_of().fit(spoilt, y, w), other, data)
    assert_same(one, other, data)
    # A splitter counts all rows; what it gives is read without those.
    splits = list(KFold(3, shuffle=True, random_state=0).split(data))
    where = np.cumsum(kept) - 1
    same = [[where[rows[kept[rows]]] for rows in split] for split in splits]
    assert_same(
        fitted(kind, w, cv=splits), model_of(cv=same).fit(data[kept], y[kept], w[kept]), data
    )


def test_class_weight_is_a_factor_on_the_weights():
    factors = np.array([1.0, 4.0, 0.5])
    cv = StratifiedKFold(3)
    by_class = fitted(class_weight=dict(enumerate(factors)), sample_weight=WEIGHTS, cv=cv)
    assert_same(by_class, fitted(sample_weight=WEIGHTS * factors[Y], cv=cv))
    kept = np.r_[:70, 100:150]
    counts = np.bincount(Y[kept])
    balanced = model_of(class_weight="balanced").fit(X[kept], Y[kept])
    weights = (len(kept) / (3 * counts))[Y[kept]]
    other = model_of().fit(X[kept], Y[kept], weights)
    np.testing.assert_allclose(balanced.predict_proba(X), other.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match="not defined for a multilabel y"):
        fitted("multilabel", class_weight="balanced")


@pytest.mark.parametrize("weights", [-WEIGHTS, WEIGHTS[:3], 0 * WEIGHTS, WEIGHTS * np.nan])
def test_bad_weights(weights):
    with pytest.raises(ValueError, match="weight"):
        fitted(sample_weight=weights)


# Kinds of input


def test_a_sparse_X_gives_the_same_model():
    data, y = load_digits(return_X_y=True)
    data, y = data[:300], y[:300]
    dense, sparse = model_of().fit(data, y), model_of().fit(sp.csr_matrix(data), y)
    np.testing.assert_allclose(sparse.scores_, dense.scores_, rtol=1e-3)
    np.testing.assert_allclose(sparse.predict_proba(data), dense.predict_proba(data), atol=1e-2)
    np.testing.assert_allclose(
        sparse.predict_proba(sp.csc_array(data)), sparse.predict_proba(data), atol=1e-12
    )
    scored = model_of(scoring="accuracy").fit(sp.csr_array(data), y)
    assert scored.best_score_ > 0.85


def test_float32_stays_float32():
    model = model_of().fit(X.astype(np.float32), Y)
    assert all(part.dtype == np.float32 for part in model.coefs_ + model.intercepts_)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(model.predict_proba(X), fitted().predict_proba(X), atol=0.02)


def test_a_memory_map_gives_the_same_model(tmp_path):
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_same(model_of().fit(mapped, Y), fitted())


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames_name_their_columns(library):
    frames = pytest.importorskip(library)
    names = ["a", "b", "c", "d"]
    frame = frames.DataFrame({name: X[:, k] for k, name in enumerate(names)})
    for scoring in (None, "accuracy"):
        model = model_of(scoring=scoring).fit(frame, Y)
        np.testing.assert_array_equal(model.feature_names_in_, names)
        np.testing.assert_array_equal(model.estimators_[0].feature_names_in_, names)
        np.testing.assert_array_equal(model.predict_proba(frame), fitted().predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[["b", "a", "c", "d"]])


@pytest.mark.parametrize("dtype", [str, object])
def test_labels_may_be_strings(dtype):
    names = np.array(["setosa", "versicolor", "virginica"], dtype=dtype)
    model = model_of(scoring="accuracy").fit(X, names[Y])
    np.testing.assert_array_equal(model.classes_, names)
    np.testing.assert_array_equal(model.predict(X), names[fitted().predict(X)])
    assert model.best_score_ > 0.9


def test_a_sparse_multilabel_y():
    model = model_of().fit(A, sp.csr_matrix(B))
    assert_same(model, fitted("multilabel"), A)


# Reproducibility


def test_seeds():
    one, same, other = (fitted(random_state=seed) for seed in (1, 1, 2))
    assert_same(one, same)
    assert (one.decision_function(X) != other.decision_function(X)).any()
    state = np.random.RandomState(1)
    assert_same(fitted(random_state=state), one)
    assert (fitted(random_state=state).decision_function(X) != one.decision_function(X)).any()
    np.random.seed(0)  # noqa: NPY002 (None is this state)
    fitted(random_state=None)


def test_a_second_fit_starts_anew():
    model = fitted("multilabel", combine="best", n_estimators=2)
    model.set_params(combine="stack", n_estimators=1).fit(X, Y)
    assert vars(model).keys() == vars(fitted()).keys()
    assert_same(model, fitted())


# Small and odd data


def test_of_labels_that_are_noise_the_stack_says_the_class_shares():
    # Of 24 seeds the mean is 0.3%, and 4 are above 1%, the largest 1.6%.
    excess = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        data, fresh = rng.standard_normal((2, 500, 8))
        y = (rng.random(500) < 0.3).astype(int)
        model = ShallowTanhClassifierCV(random_state=seed).fit(data, y)
        # Mean over the labels that fresh rows may have.
        loss = -np.dot(model.predict_log_proba(fresh).mean(axis=0), [0.7, 0.3])
        shares = -np.dot(np.log([1 - y.mean(), y.mean()]), [0.7, 0.3])
        excess.append(loss / shares - 1)
    assert np.mean(excess) < 0.01
    assert max(excess) < 0.02


def test_without_any_weight_the_network_says_the_log_odds(monkeypatch):
    monkeypatch.setattr(
        "skshallow._classifier_cv.stack", lambda candidates, *_: [0.0] * (len(candidates) - 1) + [1]
    )
    model = fitted("two classes")
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], BINARY.mean())
    assert model.coefs_[0].shape == (4, 5)
    [member] = model.estimators_
    assert np.isfinite(member.predict_proba(X)).all()
    assert not model.stack_weights_.any()
    shares = [BINARY.mean(), 1 - BINARY.mean()]
    assert model.best_score_ == pytest.approx(np.dot(shares, np.log(shares)), rel=0.01)


def test_separable_classes():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    data = rng.standard_normal((60, 2)) + 20 * y[:, None]
    model = ShallowTanhClassifierCV(random_state=0).fit(data, y)
    assert model.score(data, y) == 1
    assert -0.05 < model.best_score_ < 0
    assert np.isfinite(model.decision_function(1e6 * data)).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_twenty_rows(n_classes):
    rng = np.random.default_rng(1)
    y = np.arange(20) % n_classes
    data = rng.standard_normal((20, 3)) + 2 * y[:, None]
    model = ShallowTanhClassifierCV(random_state=0).fit(data, y)
    assert model.score(data, y) > 0.7
    assert -model.best_score_ < np.log(n_classes)


def test_two_rows_a_class():
    model = ShallowTanhClassifierCV(random_state=0).fit(
        X[[0, 1, 60, 61, 120, 121]], [0, 0, 1, 1, 2, 2]
    )
    assert model.scores_.shape[1] == 2
    assert np.isfinite(model.predict_log_proba(X)).all()


def test_26_classes():
    rng = np.random.default_rng(0)
    y = np.arange(260) % 26
    data = (3 * rng.standard_normal((26, 6)))[y] + rng.standard_normal((260, 6))
    labels = np.array(list("abcdefghijklmnopqrstuvwxyz"))[y]
    model = ShallowTanhClassifierCV(random_state=0).fit(data, labels)
    assert model.score(data, labels) > 0.9
    assert -model.best_score_ < 0.5 * np.log(26)
    assert model.predict_proba(data).shape == (260, 26)


def test_constant_columns():
    data = np.column_stack([X, np.full(len(Y), 3.0), np.zeros(len(Y))])
    np.testing.assert_allclose(model_of().fit(data, Y).best_score_, fitted().best_score_, rtol=0.3)


# Convergence


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_no_warning_at_the_defaults(load):
    data, y = load(return_X_y=True)
    model = ShallowTanhClassifierCV(random_state=0).fit(data, y)
    assert model.best_score_ > -0.1


def test_a_stall_at_rounding_level_names_float64_for_float32():
    for dtype, remedy in ((np.float64, r"increase tol\.$"), (np.float32, r"give X as float64\.$")):
        model = ShallowTanhClassifierCV(
            3, alphas=[1.0], cv=2, tol=0, solver="newton", random_state=0
        )
        with pytest.warns(ConvergenceWarning, match=r"no step lowered.*Rounding allows.*" + remedy):
            model.fit(X.astype(dtype), Y)


def test_the_path_gets_the_parameters():
    model = ShallowTanhClassifierCV(3, n_jobs=4, tol=0.25, max_iter=7, solver="newton")
    settings = model._path_settings(2.0)
    assert (settings.n_hidden, settings.tol, settings.max_iter) == (3, 0.5, 7)
    assert settings.n_jobs == 4
    assert type(settings.solver).__name__ == "Newton"


@pytest.mark.parametrize("combine", ["stack", "best"])
def test_folds_that_train_on_no_row_of_a_class_are_named(combine):
    """Iris is sorted by class, so that each of three folds in order holds out one class."""
    data, y = load_iris(return_X_y=True)
    model = ShallowTanhClassifierCV(3, cv=KFold(3), combine=combine, random_state=0)
    message = (
        "Fold 0 of cv holds out rows of class 'a' and trains on none, and so it is in 3 of 3 "
        "folds: .*Give cv folds that train on all classes: stratified, or shuffled"
    )
    with ExitStack() as stack:
        stack.enter_context(pytest.warns(UserWarning, match=message))
        if combine == "best":
            stack.enter_context(pytest.warns(UserWarning, match="the class shares alone have"))
        model.fit(data, np.array(["a", "b", "c"])[y])
    order = np.random.default_rng(0).permutation(150)
    model.fit(data[order], y[order])  # without a warning


def test_a_label_may_be_in_few_rows():
    y = np.zeros((40, 2), int)
    y[:20, 0] = y[:1, 1] = 1
    model = ShallowTanhClassifierCV(2, cv=KFold(4), alphas=[1.0], random_state=0)
    model.fit(np.random.default_rng(0).standard_normal((40, 2)), y)
    assert model.scores_.shape == (1, 4)


def test_max_iter_warns_at_the_line_that_called_fit():
    with pytest.warns(
        ConvergenceWarning,
        match=r"ShallowTanhClassifierCV with n_hidden=32 and alpha=.* has not converged in (\d) of "
        r"\1 networks that are kept: it reached max_iter=1.*"
        r"Increase max_iter or tol; or give alphas without the smallest\.",
    ) as caught:
        model = ShallowTanhClassifierCV(max_iter=1, alphas=[1 / 3, 10], random_state=0).fit(X, Y)
    named = re.search(r"alpha=(.*) has", str(caught[0].message))[1]
    assert named == "0.333333, 10"
    assert (model.stack_weights_ > 0).all()
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton"])
def test_every_solver(solver):
    model = fitted(solver=solver)
    assert model.best_score_ > -0.15
    assert model.score(X, Y) > 0.95


# Verbosity and callbacks


def test_verbose_prints_a_line_an_alpha_and_one_a_network_that_is_kept(capsys):
    model = fitted(verbose=1, n_estimators=2)
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "150 rows, 5 folds, score: minus the log-loss, on rows held out"
    n_alphas, n_kept = len(model.alphas_), len(model.estimators_)
    assert len(lines) == n_alphas + n_kept + 2
    number = r"-?\d+\.\d+"
    visited = {}
    for line in lines[:n_alphas]:
        found = re.fullmatch(
            rf"alpha = (\S+) +score ({number})   by fold ((?:{number} ?){{5}})  "
            rf"\d+ iterations   \d\.\d{{3}} s",
            line,
        )
        visited[float(found[1])] = float(found[2])
    assert next(iter(visited)) == 3.16
    np.testing.assert_allclose(sorted(visited), model.alphas_, rtol=1e-2)
    scores = [visited[alpha] for alpha in sorted(visited)]
    np.testing.assert_allclose(scores, model.scores_.mean(axis=1), atol=1e-5)
    for line in lines[n_alphas:-2]:
        assert re.fullmatch(r"alpha = \S+ +weight \d\.\d{3}   \d+ iterations on all rows", line)
    assert re.fullmatch(
        rf"class shares +weight \d\.\d{{3}}   score {model.prior_score_:.5f}", lines[-2]
    )
    assert re.fullmatch(rf"together +score {model.best_score_:.5f}", lines[-1])


def test_silent_by_default(capsys):
    fitted()
    assert capsys.readouterr() == ("", "")


class Recorder:
    """Notes the tasks, and asks to stop after some."""

    def __init__(self, stop_after=None):
        self.stop_after, self.events, self.scores = stop_after, [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context, **kwargs):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        self.scores.append(fitted_estimator.score(X, y))
        return self.stop_after is not None and len(self.scores) >= self.stop_after

    def teardown(self, estimator, context):
        self.events.append("teardown")


def test_callbacks_see_a_task_an_alpha():
    pytest.importorskip("sklearn.callback", reason="scikit-learn below 1.9")
    recorder = Recorder()
    model = model_of().set_callbacks(recorder)
    for _ in range(2):  # the second time with the attributes of a fit
        recorder.events.clear()
        model.fit(X, Y)
        task = ["begin iteration", "end iteration"]
        expected = ["setup", "begin fit", *task * len(model.alphas_), "end fit", "teardown"]
        assert recorder.events == expected
        assert recorder.scores[-1] == model.score(X, Y)
    assert min(recorder.scores) > 0.9
    assert_same(model, fitted())


def test_a_callback_stops_the_path():
    pytest.importorskip("sklearn.callback", reason="scikit-learn below 1.9")
    model = model_of().set_callbacks(Recorder(stop_after=2)).fit(X, Y)
    np.testing.assert_allclose(model.alphas_, [10**0.5, 10])
    assert model.scores_.shape == (2, 5)
    assert model.score(X, Y) > 0.9


# Copies and failures


@every_kind
def test_copies(kind):
    data, _ = KINDS[kind]
    model = fitted(kind, n_estimators=2)
    for same in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same(same, model, data)
        assert same.get_params() == model.get_params()
        for one, other in zip(same.estimators_, model.estimators_, strict=True):
            np.testing.assert_array_equal(decision(one, data), decision(other, data))
    unfitted = clone(model)
    assert vars(unfitted).keys() == unfitted.get_params().keys()
    assert_same(unfitted.fit(*KINDS[kind]), model, data)


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("at", [1, 7, 22])
def test_a_failed_fit_leaves_the_estimator_as_it_was(exception, at):
    calls = []

    def scorer(estimator, X, y):
        calls.append(y)
        if len(calls) == at:
            raise exception
        return estimator.score(X, y)

    model = fitted().set_params(scoring=scorer)
    before, Z = vars(model).copy(), model.decision_function(X)
    with pytest.raises(exception):
        model.fit(np.hstack([X, X]), BINARY)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)
    np.testing.assert_array_equal(model.decision_function(X), Z)
    calls.clear()
    never = model_of(scoring=scorer)
    with pytest.raises(exception):
        never.fit(X, Y)
    assert vars(never).keys() == never.get_params().keys()


def test_a_fit_that_overflows_says_so_and_changes_nothing():
    model = fitted()
    before = vars(model).copy()
    with pytest.raises(ValueError, match="overflow"):
        model.set_params(alphas=[1e308], standardize=False).fit(X, Y, np.full(len(Y), 1e-300))
    assert vars(model).keys() == before.keys()


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_hidden": 0}, {"cv": "three"}, {"scoring": "nonsense"}, {"combine": "mean"},
        {"n_estimators": 0}, {"n_jobs": 1.5}, {"solver": "adam"}, {"max_iter": 0}, {"tol": -1},
    ],
    ids=str,
)  # fmt: skip
def test_bad_parameters(parameters):
    [name] = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter"):
        fitted(**parameters)


def test_nothing_that_is_given_is_written_to():
    data, y, w = X.copy(), Y.copy(), WEIGHTS.copy()
    alphas = np.array([3.0, 1.0])
    for array in (data, y, w, alphas):
        array.flags.writeable = False
    model_of(alphas=alphas).fit(data, y, w)


# In company


def test_in_a_pipeline_and_nested_in_a_cross_validation():
    data, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), model_of())
    assert cross_val_score(pipeline, data, y, cv=3).mean() > 0.93
    assert cross_val_score(pipeline, data, y, cv=3, scoring="neg_log_loss").mean() > -0.2
    pipeline.fit(data, y, shallowtanhclassifiercv__sample_weight=np.ones(len(y)))
    assert pipeline.score(data, y) > 0.95


def test_warnings_of_the_folds_are_not_the_users():
    # They stop at max_iter too, but only what is kept is complained of.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(max_iter=2)
    assert [w.category for w in caught] == [ConvergenceWarning]
