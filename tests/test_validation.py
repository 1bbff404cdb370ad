"""Early stopping, on held-out rows and on the user's validation data."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV
from skshallow._solvers import SOLVERS
from skshallow._validation import hold_out

X, Y = load_breast_cancer(return_X_y=True)
X_TRAIN, X_VAL, Y_TRAIN, Y_VAL = train_test_split(X, Y, test_size=0.3, random_state=0)
MODEL = ShallowTanhClassifier(
    8, alpha=1e-3, early_stopping=True, n_iter_no_change=5, random_state=0, max_iter=400
)


def fit(**parameters):
    weights = parameters.pop("sample_weight_val", None)
    model = clone(MODEL).set_params(**parameters)
    return model.fit(X_TRAIN, Y_TRAIN, None, X_VAL, Y_VAL, weights)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_stops_early_and_keeps_the_best_iterate(solver):
    model = fit(solver=solver, learning_rate_init=0.01)
    assert model.n_iter_ == len(model.validation_scores_) == len(model.loss_curve_) < 400
    assert model.best_validation_score_ == max(model.validation_scores_)
    loss = log_loss(Y_VAL, model.predict_proba(X_VAL))
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-9)
    best = int(np.argmax(model.validation_scores_))
    # The curve may be that of float32.
    assert model.loss_ == pytest.approx(model.loss_curve_[best], rel=1e-6)


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", make_scorer(accuracy_score)])
def test_scorers(scoring):
    model = fit(scoring=scoring)
    if scoring == "neg_log_loss":
        np.testing.assert_allclose(model.validation_scores_, fit().validation_scores_, rtol=1e-9)
    else:
        assert model.best_validation_score_ == model.score(X_VAL, Y_VAL)


@pytest.mark.parametrize("scoring", ["loss", "neg_log_loss"])
def test_validation_weights(scoring):
    w = np.random.default_rng(0).integers(0, 3, len(Y_VAL))
    weighted = fit(sample_weight_val=w, scoring=scoring)
    repeated = clone(MODEL).set_params(scoring=scoring)
    repeated.fit(X_TRAIN, Y_TRAIN, None, np.repeat(X_VAL, w, axis=0), np.repeat(Y_VAL, w))
    np.testing.assert_allclose(weighted.validation_scores_, repeated.validation_scores_, rtol=1e-9)
    assert weighted.validation_scores_ != pytest.approx(fit().validation_scores_, rel=1e-3)


def test_patience_counts_iterations_without_improvement_beyond_tol():
    model = fit(n_iter_no_change=3, tol=1e-3)
    scores = model.validation_scores_
    mark, waited = -np.inf, 0
    for score in scores[:-1]:
        mark, waited = (score, 0) if score > mark + 1e-3 else (mark, waited + 1)
        assert waited < 3
    assert waited == 2
    assert scores[-1] <= mark + 1e-3


def test_a_warm_start_never_returns_a_worse_score():
    model = clone(MODEL).set_params(warm_start=True)
    scores = [
        model.fit(X_TRAIN, Y_TRAIN, None, X_VAL, Y_VAL).best_validation_score_ for _ in range(4)
    ]
    assert (np.diff(scores) >= -1e-12).all()  # weights are re-expressed, to rounding
    model.set_params(tol=1e3).fit(X_TRAIN, Y_TRAIN, None, X_VAL, Y_VAL)
    assert model.n_iter_ == 0
    assert model.best_validation_score_ == pytest.approx(scores[-1], rel=1e-9)


def test_balanced_classes_weigh_validation_rows_as_training_rows():
    model = clone(MODEL).set_params(class_weight="balanced", max_iter=3, n_iter_no_change=9)
    few = np.concatenate([np.flatnonzero(Y_VAL == 0)[:5], np.flatnonzero(Y_VAL == 1)])
    with pytest.warns(ConvergenceWarning):
        model.fit(X_TRAIN, Y_TRAIN, None, X_VAL[few], Y_VAL[few])
    counts = np.bincount(Y_TRAIN)
    w = (len(Y_TRAIN) / (2 * counts))[Y_VAL[few]]
    loss = log_loss(Y_VAL[few], model.predict_proba(X_VAL[few]), sample_weight=w)
    assert model.best_validation_score_ == pytest.approx(-loss)


def test_balanced_validation_weights_are_of_classes_by_their_sample_weight():
    rng = np.random.default_rng(0)
    v, v_val = rng.uniform(0.1, 3, len(Y_TRAIN)), rng.uniform(0.1, 3, len(Y_VAL))
    v[Y_TRAIN == 0] *= 5
    model = clone(MODEL).set_params(class_weight="balanced", max_iter=3, n_iter_no_change=9)
    for given in (None, v_val):
        with pytest.warns(ConvergenceWarning):
            model.fit(X_TRAIN, Y_TRAIN, v, X_VAL, Y_VAL, given)
        totals = np.bincount(Y_TRAIN, v)
        w = (v.sum() / (2 * totals))[Y_VAL] * (1 if given is None else given)
        loss = log_loss(Y_VAL, model.predict_proba(X_VAL), sample_weight=w)
        assert model.best_validation_score_ == pytest.approx(-loss)


def test_a_scorer_without_weights_is_refused_where_weights_differ():
    model = clone(MODEL).set_params(scoring=lambda estimator, X, y: estimator.score(X, y))
    assert model.fit(X, Y).best_validation_score_ > 0.9
    with pytest.raises(ValueError, match="takes no sample_weight"):
        model.set_params(class_weight="balanced").fit(X, Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes(dtype):
    model = clone(MODEL).fit(X_TRAIN.astype(dtype), Y_TRAIN, None, X_VAL.astype(dtype), Y_VAL)
    P = model.predict_proba(X_VAL.astype(dtype)).astype(np.float64)
    loss = log_loss(Y_VAL, P / P.sum(axis=1, keepdims=True))
    assert model.best_validation_score_ == pytest.approx(-loss, rel=1e-4)
    assert model.coefs_[0].dtype == dtype


def test_held_out_rows_are_not_trained_on():
    model = clone(MODEL).fit(X, Y)
    train, held = hold_out(Y, np.unique(Y), 0.1, np.random.RandomState(0))
    given = clone(MODEL).fit(X[train], Y[train], None, X[held], Y[held])
    np.testing.assert_array_equal(model.coefs_[0], given.coefs_[0])
    assert model.validation_scores_ == given.validation_scores_


def test_hold_out_is_stratified_and_disjoint():
    codes = np.repeat([0, 1, 2], [10, 30, 60])
    train, held = hold_out(codes, np.arange(3), 0.2, np.random.RandomState(0))
    assert np.bincount(codes[held]).tolist() == [2, 6, 12]
    assert sorted([*train, *held]) == list(range(100))


@pytest.mark.parametrize(
    ("y", "fraction", "message"),
    [
        (["a"] + ["b"] * 30, 0.1, "class 'a' has only one row of positive weight.*Pass X_val"),
        ([0, 1] * 3, 0.1, "would hold out 1 of 6 rows, and 2 classes need a row each"),
        ([0, 0, 1, 1], 0.9, "would hold out 4 of 4 rows"),
    ],
)
def test_too_few_rows_to_hold_out(y, fraction, message):
    data = np.random.default_rng(0).standard_normal((len(y), 2))
    with pytest.raises(ValueError, match=message):
        clone(MODEL).set_params(validation_fraction=fraction).fit(data, y)


def test_rows_without_weight_are_left_out_before_the_split():
    w = np.ones(len(Y))
    w[::3] = 0
    weighted = clone(MODEL).fit(X, Y, w)
    removed = clone(MODEL).fit(X[w > 0], Y[w > 0])
    np.testing.assert_array_equal(weighted.coefs_[0], removed.coefs_[0])


def test_multilabel_is_split_without_strata():
    A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
    model = clone(MODEL).fit(A, B)
    assert len(model.validation_scores_) == model.n_iter_
    given = clone(MODEL).fit(A, B, X_val=A, y_val=B)
    assert given.best_validation_score_ < 0


@pytest.mark.parametrize("convert", [sp.csr_array, lambda a: pd.DataFrame(a).add_prefix("x")])
def test_kinds_of_validation_data(convert):
    model = clone(MODEL).fit(convert(X_TRAIN), Y_TRAIN, None, convert(X_VAL), Y_VAL)
    np.testing.assert_allclose(
        model.validation_scores_[:5], fit().validation_scores_[:5], rtol=1e-6
    )
    scored = clone(MODEL).set_params(scoring="accuracy")
    scored.fit(convert(X_TRAIN), Y_TRAIN, None, convert(X_VAL), Y_VAL)
    assert scored.best_validation_score_ > 0.9


NO_NUMBERS = [None, np.ones(3), np.ones(1), "good", 1j, {"a": 1.0}]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
@pytest.mark.parametrize("model", [MODEL, ShallowTanhClassifierCV(cv=3)])
def test_a_scorer_that_returns_no_number_is_named(model, value):
    model = clone(model).set_params(scoring=lambda *args, **kwargs: value)
    start = re.escape(f"scoring={model.scoring!r} must return one number")
    with pytest.raises(ValueError, match=rf"^{start}.*got {re.escape(repr(value))}\.$"):
        model.fit(X, Y)


@pytest.mark.parametrize("value", [1, np.float32(1), np.array(1.0), True])
def test_a_scorer_that_returns_a_number_of_any_kind(value):
    model = clone(MODEL).set_params(scoring=lambda *args, **kwargs: value)
    assert model.fit(X, Y).best_validation_score_ == 1


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_a_score_that_is_not_defined_is_an_error():
    model = clone(MODEL).set_params(scoring="roc_auc")
    with pytest.raises(ValueError, match="validation score is NaN after iteration 0"):
        model.fit(X_TRAIN, Y_TRAIN, X_val=X_VAL[Y_VAL == 1], y_val=Y_VAL[Y_VAL == 1])


def test_through_a_pipeline_that_scales():
    with config_context(enable_metadata_routing=True):
        model = clone(MODEL).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), model, transform_input=["X_val"])
        pipeline.fit(X_TRAIN, Y_TRAIN, X_val=X_VAL, y_val=Y_VAL)
    np.testing.assert_allclose(
        pipeline[-1].validation_scores_[:5], fit().validation_scores_[:5], rtol=1e-6
    )


def test_in_a_grid_search():
    search = GridSearchCV(clone(MODEL), {"n_iter_no_change": [2, 10]}, cv=3, n_jobs=2).fit(X, Y)
    assert search.best_score_ > 0.93
    assert search.best_estimator_.best_validation_score_ < 0


def test_a_committee_stops_each_member_on_the_same_rows():
    model = fit(n_estimators=3)
    assert model.n_iter_ == len(model.validation_scores_)
    assert model.best_validation_score_ < 0
    assert model.coefs_[0].shape[1] == 24


def test_attributes_of_an_earlier_fit_do_not_stay():
    model = fit()
    model.set_params(early_stopping=False, max_iter=1000, alpha=1).fit(X, Y)
    assert not hasattr(model, "validation_scores_")
    assert not hasattr(model, "best_validation_score_")


def test_verbose_prints_the_scores_and_the_best(capsys):
    model = fit(verbose=2)
    *lines, verdict, kept = capsys.readouterr().out.splitlines()
    for line, score in zip(lines, model.validation_scores_, strict=True):
        assert f"validation score = {score:#12.6g}   " in line
    assert "no better validation score in " in verdict
    best = int(np.argmax(model.validation_scores_)) + 1
    score = f"{model.best_validation_score_:.6g}"
    assert kept.startswith(f"kept iteration {best}, of the best validation score {score}; F = ")


def test_verbose_prints_f_of_the_start_where_no_iterate_is_better(capsys):
    model = fit(verbose=1, scoring=lambda model, X, y: 0.0)
    kept = capsys.readouterr().out.splitlines()[-1]
    assert kept == f"kept the start, of the best validation score 0; F = {model.loss_:.8g}"
    assert model.loss_ > model.loss_curve_[0]


IRIS = load_iris(return_X_y=True)


@pytest.mark.parametrize(
    ("parameters", "data", "message"),
    [
        ({"early_stopping": False}, IRIS, "set early_stopping=True, or leave them out"),
        ({}, (IRIS[0], None), "need both X_val and y_val"),
        ({}, (None, IRIS[1]), "need both X_val and y_val"),
        ({}, (IRIS[0][:, :2], IRIS[1]), "X has 2 features"),
        ({}, (IRIS[0], IRIS[1] + 1), r"y_val holds the labels \[3\], but the classes are"),
        ({}, (IRIS[0], np.eye(3)[IRIS[1]]), "y_val must be one column of labels"),
        ({}, (IRIS[0], IRIS[1][:-1]), "inconsistent numbers of samples"),
        ({}, (np.full_like(IRIS[0], np.nan), IRIS[1]), "In the validation data: .*contains NaN"),
    ],
)
def test_bad_validation_data(parameters, data, message):
    with pytest.raises(ValueError, match=message):
        clone(MODEL).set_params(**parameters).fit(*IRIS, X_val=data[0], y_val=data[1])
