import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.ensemble import AdaBoostClassifier

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

X, Y = load_iris(return_X_y=True)
A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
RNG = np.random.default_rng(0)
TIMES = RNG.integers(0, 4, len(Y))


def fit(X, y, w=None, **parameters):
    # A short way down, since any tanh network amplifies rounding over a long one.
    parameters = {"n_hidden": 5, "alpha": 1.0, "tol": 1e-2, "random_state": 0, **parameters}
    return ShallowTanhClassifier(**parameters).fit(X, y, w)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2, 1: 0.3}])
@pytest.mark.parametrize("standardize", [True, False])
def test_integer_weights_equal_repetition(storage, class_weight, standardize):
    parameters = {"class_weight": class_weight, "standardize": standardize}
    if not standardize:
        parameters["tol"] = 0.1  # it takes five times as many iterations to 1e-2
    weighted = fit(storage(X), Y, TIMES, **parameters)
    repeated = fit(storage(np.repeat(X, TIMES, axis=0)), np.repeat(Y, TIMES), **parameters)
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-10)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


def test_integer_weights_equal_repetition_for_multilabel():
    times = RNG.integers(0, 4, len(B))
    weighted = fit(A, B, times)
    repeated = fit(np.repeat(A, times, axis=0), np.repeat(B, times, axis=0))
    np.testing.assert_allclose(weighted.predict_proba(A), repeated.predict_proba(A), rtol=1e-7)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("junk", [1e300, -1e-300])
def test_rows_of_weight_zero_are_left_out_whatever_they_hold(storage, junk):
    data, w = X.copy(), np.ones(len(X))
    data[::5], w[::5] = junk, 0
    kept = fit(storage(data[w > 0]), Y[w > 0])
    weighted = fit(storage(data), Y, w)
    np.testing.assert_array_equal(weighted.coefs_[0], kept.coefs_[0])
    assert weighted.loss_ == kept.loss_


def test_weights_times_a_power_of_two_with_alpha_times_it_change_nothing():
    w = RNG.uniform(0.5, 2, len(Y))
    np.testing.assert_array_equal(
        fit(X, Y, w).coefs_[0], fit(X, Y, 1024 * w, alpha=1024.0).coefs_[0]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [-900, -140, 140, 900])
def test_weights_of_any_size(dtype, exponent):
    # Small and large features too: neither products nor float32 weights over- or underflow.
    data = (X * 1e-15).astype(dtype)
    scale = 2.0**exponent
    np.testing.assert_array_equal(
        fit(data, Y, np.full(len(Y), scale), alpha=scale).coefs_[0], fit(data, Y).coefs_[0]
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_inf_are_errors_in_rows_of_weight_zero_too(value):
    data, w = X.copy(), np.ones(len(X))
    data[3, 1], w[3] = value, 0
    with pytest.raises(ValueError, match="Input X contains"):
        fit(data, Y, w)


def test_scalar_weight_is_that_weight_for_every_row():
    np.testing.assert_array_equal(fit(X, Y, 2).coefs_[0], fit(X, Y, np.full(len(Y), 2.0)).coefs_[0])


@pytest.mark.parametrize("make", [list, np.float32, np.asarray])
def test_weights_are_not_written_to(make):
    w = np.linspace(0, 1, len(Y))
    given = w.tolist() if make is list else w.astype(make) if make is np.float32 else w
    before = np.array(given)
    fit(X, Y, given, class_weight="balanced")
    np.testing.assert_array_equal(given, before)


# Class weights


def test_class_weight_multiplies_sample_weight():
    factors = {0: 3.0, 1: 1.0, 2: 0.5}
    w = RNG.uniform(0.5, 2, len(Y))
    expected = fit(X, Y, w * np.array([3.0, 1.0, 0.5])[Y])
    got = fit(X, Y, w, class_weight=factors)
    np.testing.assert_allclose(got.predict_proba(X), expected.predict_proba(X), rtol=1e-9)


def test_balanced_gives_classes_equal_total_weight():
    y = np.where(Y == 0, "rare", "common")
    w = RNG.uniform(0.5, 2, len(Y))
    rare = y == "rare"
    factors = {
        "rare": w.sum() / (2 * w[rare].sum()),
        "common": w.sum() / (2 * w[~rare].sum()),
    }
    np.testing.assert_allclose(
        fit(X, y, w, class_weight="balanced").predict_proba(X),
        fit(X, y, w, class_weight=factors).predict_proba(X),
        rtol=1e-9,
    )


@pytest.mark.parametrize("labels", [["0", "1", "2"], [10.0, 20.0, 30.0], [False, True]])
def test_class_weight_names_labels_of_any_kind(labels):
    labels = np.asarray(labels)
    y = labels[np.minimum(Y, len(labels) - 1)]
    last = labels[-1].item()
    expected = fit(X, y, np.where(y == last, 5.0, 1.0))
    got = fit(X, y, class_weight={last: 5})
    np.testing.assert_allclose(got.predict_proba(X), expected.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("without", [[0], [0, 1]])
def test_a_class_without_weight_stays_in_classes(class_weight, without):
    w = np.where(np.isin(Y, without), 0.0, 1.0)
    model = fit(X, Y, w, class_weight=class_weight, tol=1e-4)
    assert model.classes_.tolist() == [0, 1, 2]
    P = model.predict_proba(X)
    assert P[:, without].max() < 0.02
    assert not np.isin(model.predict(X[w > 0]), without).any()


def test_a_class_of_class_weight_zero_is_left_out():
    model = fit(X, Y, class_weight={1: 0})
    expected = fit(X, Y, np.where(Y == 1, 0.0, 1.0))
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])


def test_of_two_classes_one_without_weight():
    y = Y > 0
    model = fit(X, y, y.astype(float), tol=1e-4)
    assert model.predict(X).all()


@pytest.mark.parametrize(
    ("w", "message"),
    [
        (np.zeros(150), "All weights are zero"),
        (-np.ones(150), "sample_weight must not be negative, but its minimum is -1"),
        (np.full(150, np.nan), "sample_weight contains NaN"),
        (np.full(150, np.inf), "sample_weight contains infinity"),
        (np.full(150, 1e308), r"up to 1e\+308, and their sum .* divide them by a constant"),
        (np.r_[1.5e308, np.ones(149)], r"up to 1.5e\+308, and .* next power of two overflows"),
        (np.ones(149), "shape .149,., but X has 150 samples"),
        (np.ones((150, 1)), "shape .150, 1., but X has 150 samples"),
        (["a"] * 150, "could not convert string"),
        (-1, "must not be negative"),
        (0, "All weights are zero"),
    ],
)
def test_bad_sample_weights(w, message):
    with pytest.raises(ValueError, match=message):
        fit(X, Y, w)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({3: 1}, r"class_weight names \[3\], but the classes in y are \[0, 1, 2\]"),
        ({0: -1}, "class_weight must be finite and not negative"),
        ({0: np.nan}, "class_weight must be finite and not negative"),
        ({0: np.inf}, "class_weight must be finite and not negative"),
        ({0: "heavy"}, r"one number a class, but class_weight\[0\] is 'heavy'"),
        ({1: None}, r"one number a class, but class_weight\[1\] is None"),
        ({1: [1.0]}, r"one number a class, but class_weight\[1\] is \[1.0\]"),
        ({0: 0, 1: 0, 2: 0}, "All weights are zero"),
        ("equal", "class_weight"),
        ([1, 2, 3], "class_weight"),
    ],
)
def test_bad_class_weights(class_weight, message):
    with pytest.raises(ValueError, match=message):
        fit(X, Y, class_weight=class_weight)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2}])
def test_class_weight_of_a_multilabel_y_says_what_to_do(class_weight):
    with pytest.raises(ValueError, match=r"not defined for a multilabel y.*pass sample_weight"):
        fit(A, B, class_weight=class_weight)


# Weights that sum to little beside alpha


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        (ShallowTanhClassifier(random_state=0), "alpha by 150 or use ShallowTanhClassifierCV with"),
        (ShallowTanhClassifierCV(alphas=[7.0, 50.0]), "alphas by 150 or use alphas='auto'"),
    ],
)
def test_weights_that_leave_nothing_to_learn_are_named_with_the_remedy(model, remedy):
    message = (
        r"learned nothing.*weights of the 150 rows sum to 1, and alpha=7 .*"
        rf"Multiply the weights by 150.*divide {remedy}"
    )
    with pytest.warns(UserWarning, match=message):
        model.fit(X, Y, np.full(len(Y), 1 / len(Y)))
    assert model.score(X, Y) < 0.4
    assert model.fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_a_strong_penalty_is_no_matter_of_weights(class_weight):
    # Nothing is learned here either, but other weights would not help.
    for rows in (slice(None), slice(0, None, 10)):
        model = fit(X[rows], Y[rows], alpha=1e4, class_weight=class_weight)
        assert np.abs(model.coefs_[1]).max() < 1e-2
    fit(X[::10], Y[::10], alpha=7.0, tol=1e-4)


def test_boosting_the_path_reaches_what_an_alpha_in_its_units_reaches():
    train, test = slice(0, None, 2), slice(1, None, 2)

    def boosted(model):
        model = AdaBoostClassifier(model, n_estimators=3, random_state=0)
        return model.fit(X[train], Y[train]).score(X[test], Y[test])

    assert boosted(ShallowTanhClassifier(alpha=1 / 75, random_state=0)) > 0.95
    assert boosted(ShallowTanhClassifierCV(random_state=0)) > 0.95
    with pytest.warns(UserWarning, match="weights of the 75 rows sum to 1"):
        boosted(ShallowTanhClassifier(random_state=0))
