import copy
import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import InconsistentVersionWarning

import skshallow
from skshallow import ShallowTanhClassifier

X, Y = load_iris(return_X_y=True)


@pytest.fixture
def fitted():
    return ShallowTanhClassifier(5, alpha=1.0, random_state=0).fit(X, Y)


def through_joblib(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib")


def test_round_trips_change_nothing(fitted, tmp_path):
    copies = [
        pickle.loads(pickle.dumps(fitted)),
        copy.deepcopy(fitted),
        through_joblib(fitted, tmp_path),
    ]
    for model in copies:
        assert vars(model).keys() == vars(fitted).keys()
        np.testing.assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))


def test_a_memory_mapped_model_predicts(fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "model.joblib")
    model = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))


def test_pickle_is_the_weights_and_little_more():
    model = ShallowTanhClassifier(500, alpha=1.0, max_iter=30, tol=1e-2, random_state=0).fit(X, Y)
    weights = sum(part.nbytes for part in model.coefs_ + model.intercepts_)
    assert len(pickle.dumps(model)) < weights + 3000


def test_fitted_attributes_are_plain_and_own_their_memory(fitted):
    for name, value in vars(fitted).items():
        if name.endswith("_"):
            parts = value if isinstance(value, list) else [value]
            assert all(type(part) in (np.ndarray, int, float, str) for part in parts), name
    for part in fitted.coefs_ + fitted.intercepts_:
        assert part.base is None
        assert part.flags.c_contiguous


def test_another_version_warns(fitted, monkeypatch):
    saved = pickle.dumps(fitted)
    monkeypatch.setattr(skshallow, "__version__", "99.0")
    with pytest.warns(InconsistentVersionWarning, match=r"saved it") as caught:
        model = pickle.loads(saved)
    assert "when using skshallow 99.0" in str(caught[0].message)
    np.testing.assert_array_equal(model.predict(X), fitted.predict(X))


def test_the_warning_of_versions_points_at_the_line_that_loads(fitted, monkeypatch):
    saved = pickle.dumps(fitted)
    monkeypatch.setattr(skshallow, "__version__", "99.0")
    with pytest.warns(InconsistentVersionWarning) as caught:
        pickle.loads(saved)
    assert caught[0].filename == __file__


def test_the_same_version_does_not_warn(fitted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = pickle.loads(pickle.dumps(fitted))
    assert not hasattr(model, "_skshallow_version")
