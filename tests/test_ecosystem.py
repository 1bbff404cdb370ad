"""The estimator inside scikit-learn's meta-estimators."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier

X, Y = load_iris(return_X_y=True)
MODEL = ShallowTanhClassifier(6, alpha=1.0, random_state=0)
LINEAR = LogisticRegression(max_iter=1000)


def test_clone_keeps_parameters_and_forgets_the_fit():
    fitted = clone(MODEL).set_params(alpha=0.5).fit(X, Y)
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "coefs_")


def test_pipeline_on_raw_features_equals_one_on_scaled_features():
    raw = make_pipeline(clone(MODEL)).fit(X, Y)
    scaled = make_pipeline(StandardScaler(), clone(MODEL)).fit(X, Y)
    assert raw[-1].loss_ == pytest.approx(scaled[-1].loss_, rel=1e-3)
    assert raw.score(X, Y) == scaled.score(X, Y)


def test_grid_search_with_two_jobs():
    grid = {"shallowtanhclassifier__alpha": [0.1, 1], "shallowtanhclassifier__n_hidden": [2, 6]}
    search = GridSearchCV(make_pipeline(StandardScaler(), clone(MODEL)), grid, cv=3, n_jobs=2)
    search.fit(X, Y)
    assert search.best_score_ > 0.93
    sequential = clone(search).set_params(n_jobs=1).fit(X, Y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], sequential.cv_results_["mean_test_score"]
    )


def test_cross_val_score():
    assert cross_val_score(MODEL, X, Y, cv=5).mean() > 0.93
    assert cross_val_score(MODEL, X, Y, cv=5, scoring="neg_log_loss").mean() > -0.15


@pytest.mark.parametrize(
    "meta",
    [
        CalibratedClassifierCV(MODEL, cv=3),
        OneVsRestClassifier(MODEL),
        BaggingClassifier(MODEL, n_estimators=5, random_state=0),
        StackingClassifier([("net", MODEL), ("linear", LINEAR)], cv=3),
        VotingClassifier([("net", MODEL), ("linear", LINEAR)], voting="soft"),
    ],
    ids=lambda meta: type(meta).__name__,
)
def test_meta_estimators(meta):
    fitted = clone(meta).fit(X, Y)
    assert fitted.score(X, Y) > 0.95
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1, rtol=1e-12)


def test_multilabel_directly_and_in_a_classifier_chain():
    A, B = make_multilabel_classification(80, n_features=6, n_classes=3, random_state=0)
    chain = ClassifierChain(clone(MODEL)).fit(A, B)
    joint = clone(MODEL).fit(A, B)
    assert chain.score(A, B) > 0.7
    assert joint.score(A, B) > 0.7


def test_sample_weight_through_a_pipeline_and_permutation_importance():
    A, b = load_breast_cancer(return_X_y=True)
    w = np.linspace(0, 1, len(b))
    pipeline = make_pipeline(clone(MODEL)).fit(A, b, shallowtanhclassifier__sample_weight=w)
    alone = clone(MODEL).fit(A, b, w)
    np.testing.assert_array_equal(pipeline.predict_proba(A), alone.predict_proba(A))
    importance = permutation_importance(alone, A[:100], b[:100], n_repeats=2, random_state=0)
    assert importance.importances_mean.shape == (A.shape[1],)
