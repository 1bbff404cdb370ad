"""Promises that hold for any shape, scale and label, searched with hypothesis."""

import warnings

import numpy as np
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from oracle import KINDS, loss_and_gradient
from problems import standardised
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowTanhClassifier
from skshallow._backprop import Networks, loss_gradient
from skshallow._outputs import LOSSES
from skshallow._parameters import Layout
from skshallow._rows import RowBlocks
from skshallow._standardize import column_scaling

SHAPES = st.tuples(st.integers(2, 12), st.integers(1, 4))


def numbers(magnitude):
    return st.floats(-magnitude, magnitude, allow_subnormal=False)


@st.composite
def tables(draw, magnitude=1e3):
    shape = draw(SHAPES)
    return draw(hnp.arrays(np.float64, shape, elements=numbers(magnitude)))


def fit(X, y, w=None, **parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        parameters = {"alpha": 1.0, "max_iter": 10, "random_state": 0, **parameters}
        return ShallowTanhClassifier(3, **parameters).fit(X, y, w)


@given(data=st.data(), kind=st.sampled_from(KINDS), X=tables(3))
@settings(max_examples=60)
def test_kernel_equals_the_oracle(data, kind, X):
    n, d = X.shape
    K = 1 if kind == "two classes" else data.draw(st.integers(2, 4))
    labels = st.integers(0, K - 1 if kind == "K classes" else 1)
    shape = (n, K) if kind == "multilabel" else n
    y = data.draw(hnp.arrays(np.int64, shape, elements=labels))
    w = data.draw(hnp.arrays(np.float64, n, elements=st.floats(0.1, 10)))
    layout = Layout(d, data.draw(st.integers(1, 4)), K)
    theta = data.draw(hnp.arrays(np.float64, layout.size, elements=numbers(2)))
    loss = LOSSES["softmax" if kind == "K classes" else "logistic"]
    rows = RowBlocks(X, loss.encode(y), w, n_rows=data.draw(st.integers(1, n + 2)))
    total = rows.reduce(loss_gradient, Networks(layout, theta[None], loss))[0]
    value, *gradient = loss_and_gradient(X, y, w, *layout.unpack(theta), kind)
    np.testing.assert_allclose(total[0], value, rtol=1e-10, atol=1e-10)
    for got, want in zip(layout.unpack(total[1:]), gradient, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


@given(X=tables(1e30), exponents=st.lists(st.integers(-60, 60), min_size=4, max_size=4))
@settings(max_examples=100)
def test_standardised_columns_have_mean_zero_and_variance_one_or_vanish(X, exponents):
    X = X * 10.0 ** np.array(exponents[: X.shape[1]])
    # Columns that differ by less than 1e-308 are refused.
    assume((np.abs(X[X != 0]) > 1e-290).all())
    scaling = column_scaling(X, np.ones(len(X)))
    constant = scaling.scale == 0
    # Rounding of X itself, and how large it is beside the spread.
    rounding = np.abs(X).max(axis=0) * np.finfo(float).eps
    resolution = rounding / np.where(constant, 1, scaling.scale)
    for prepared in (True, False):
        Z = standardised(X, scaling, prepared)
        np.testing.assert_array_equal(Z[:, constant], 0)
        assert (np.abs(Z.mean(axis=0)) <= 10 * resolution + 1e-12)[~constant].all()
        assert (np.abs(Z.std(axis=0) - 1) <= 10 * resolution + 1e-12)[~constant].all()
    sparse = column_scaling(sp.csr_array(X), np.ones(len(X)))
    # Sums in another order; entries of both signs may all but cancel.
    assert (np.abs(sparse.mean - scaling.mean) <= 10 * rounding + 1e-250).all()
    np.testing.assert_array_equal(sparse.scale == 0, constant)


@given(
    X=tables(),
    powers=st.lists(st.integers(-20, 20), min_size=4, max_size=4),
    seed=st.integers(0, 99),
)
@settings(max_examples=50)
def test_units_of_features_change_nothing(X, powers, seed):
    # At the lower end of the range of float64 a factor loses digits, and such columns are refused.
    assume((np.abs(X[X != 0]) > 1e-290).all())
    y = np.random.default_rng(seed).permutation(np.arange(len(X)) % 2)
    factors = 2.0 ** np.array(powers[: X.shape[1]])  # exact, so that rounding is the same
    model, scaled = fit(X, y), fit(X * factors, y)
    np.testing.assert_allclose(
        scaled.predict_proba(X * factors), model.predict_proba(X), rtol=1e-9, atol=1e-12
    )


@given(X=tables(), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_rows_of_no_weight_are_absent(X, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(len(X)) % 2
    w = rng.integers(0, 2, len(X)).astype(float)
    w[:2] = 1
    junk = np.where(w[:, None] > 0, X, rng.standard_normal(X.shape) * 1e100)
    np.testing.assert_array_equal(
        fit(junk, y, w).predict_proba(X), fit(X[w > 0], y[w > 0]).predict_proba(X)
    )


LABEL_KINDS = st.sampled_from(
    [
        st.text(min_size=1, max_size=8).filter(lambda s: "\0" not in s),
        st.integers(-(2**40), 2**40),
        st.booleans(),
    ]
)


@given(data=st.data())
@settings(max_examples=50)
def test_labels_come_back(data):
    labels = data.draw(
        LABEL_KINDS.flatmap(lambda kind: st.lists(kind, min_size=2, max_size=5, unique=True))
    )
    codes = np.arange(20) % len(labels)
    X = np.eye(len(labels))[codes]
    y = [labels[code] for code in codes]
    model = ShallowTanhClassifier(8, alpha=0.01, random_state=0).fit(X, y)
    assert model.classes_.tolist() == sorted(labels)
    assert model.predict(X).tolist() == y
    P = model.predict_proba(X)
    assert np.isfinite(P).all()
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
