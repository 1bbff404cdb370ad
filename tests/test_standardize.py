import numpy as np
import pytest
import scipy.sparse as sp
from problems import standardised
from sklearn.preprocessing import StandardScaler

from skshallow import _standardize
from skshallow._standardize import Scaling, column_scaling, merge, unresolved


def weighted_moments(X, w):
    mean = np.average(X, axis=0, weights=w)
    return mean, np.sqrt(np.average((X - mean) ** 2, axis=0, weights=w))


@pytest.mark.parametrize("storage", [np.asarray, np.asfortranarray, sp.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_equal_the_definition(storage, dtype, monkeypatch):
    monkeypatch.setattr(_standardize, "_ENTRIES", 3000)  # the rows are read in parts
    rng = np.random.default_rng(0)
    X = rng.standard_normal((9000, 3)).astype(dtype)
    X[rng.random(X.shape) < 0.5] = 0
    w = rng.uniform(0.1, 2, len(X))
    mean, deviation = weighted_moments(X.astype(np.float64), w)
    scaling = column_scaling(storage(X), w)
    np.testing.assert_allclose(scaling.mean, mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(scaling.scale, deviation, rtol=1e-12)


@pytest.mark.parametrize("prepared", [True, False])
def test_unit_weights_are_StandardScaler(prepared):
    X = np.random.default_rng(0).normal(5, 3, (50, 4))
    scaler = StandardScaler().fit(X)
    scaling = column_scaling(X, np.ones(50))
    Z = standardised(X, scaling, prepared)
    np.testing.assert_allclose(Z, scaler.transform(X), atol=1e-14)


@pytest.mark.parametrize("prepared", [True, False])
def test_kernels_in_float32_lose_nothing_of_features_far_from_zero(prepared):
    X = np.random.default_rng(0).normal(1e7, 1, (50, 3))
    scaling = column_scaling(X, np.ones(50)).rounded(X.dtype)
    Z = standardised(X, scaling, prepared, np.float32)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z, (X - scaling.mean) / scaling.scale, atol=1e-6)


@pytest.mark.parametrize("entries", [3000, 2**18])
@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
def test_scales_and_offsets_that_naive_formulas_lose(storage, entries, monkeypatch):
    monkeypatch.setattr(_standardize, "_ENTRIES", entries)
    rng = np.random.default_rng(0)
    unit = rng.standard_normal((2000, 4))
    unit = (unit - unit.mean(0)) / unit.std(0)
    X = unit * [1e-30, 1e30, 1, 1e-6] + [0, 0, 1.7e9, 1]
    w = rng.uniform(0.5, 1.5, 2000)
    mean, deviation = weighted_moments(unit, w)
    scaling = column_scaling(storage(X), w)
    # Offsets leave the columns themselves this many digits.
    rtol = [1e-12, 1e-12, 1e-6, 1e-9]
    for j in range(4):
        assert scaling.scale[j] == pytest.approx(
            deviation[j] * [1e-30, 1e30, 1, 1e-6][j], rel=rtol[j]
        )
    assert scaling.mean[2] - 1.7e9 == pytest.approx(mean[2], abs=1e-6)


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_columns_get_scale_zero_whatever_their_value(storage, dtype):
    values = [0, 1, 0.1, -1 / 3, 1.7e9, 1e-30, 1e30]
    X = np.tile(values, (5000, 1)).astype(dtype)
    w = np.random.default_rng(0).uniform(0.1, 3, 5000)
    scaling = column_scaling(storage(X), w)
    np.testing.assert_array_equal(scaling.scale, 0)
    np.testing.assert_allclose(scaling.mean, X[0].astype(np.float64), rtol=1e-14)
    V1 = np.ones((len(values), 2))
    W1, _ = scaling.fold(V1, np.zeros(2))
    np.testing.assert_array_equal(W1, 0)


def test_a_column_that_varies_by_its_last_digit_counts_as_constant():
    X = np.full((100, 1), 1e9)
    X[::2] = np.nextafter(1e9, 2e9)
    assert column_scaling(X, np.ones(100)).scale == 0
    assert unresolved(X, column_scaling(X, np.ones(100))) == [0]
    X[::2] = 1e9 + 1e-6  # a deviation of 2.2 times the mean's precision
    assert column_scaling(X, np.ones(100)).scale == pytest.approx(5e-7, rel=0.1)
    assert unresolved(X, column_scaling(X, np.ones(100))) == []
    assert unresolved(np.full((5, 1), 0.1), Scaling(np.array([0.1]), np.zeros(1))) == []


def test_a_column_without_effect_that_varies_where_nothing_is_stored_is_found():
    scaling = Scaling(np.zeros(3), np.zeros(3))
    X = sp.csr_matrix([[1.0, 0, 0], [0, 1e-9, 0], [0, -1e-9, 5]])
    X.data[0] = 0  # stored, and no different from the others
    assert unresolved(X, scaling) == [1, 2]
    full = sp.csr_matrix([[2.0, 1, 3], [2, 1, 4]])
    assert unresolved(full, scaling) == [2]


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("exponent", [-1000, -570, 570, 1000])
def test_deviations_neither_vanish_nor_overflow(storage, exponent):
    rng = np.random.default_rng(0)
    X = rng.normal(1, 2, (300, 3))
    X[rng.random(X.shape) < 0.3] = 0
    w = rng.uniform(0.1, 2, 300)
    mean, deviation = weighted_moments(X, w)
    scaled = X.copy()
    scaled[:, 1] = np.ldexp(X[:, 1], exponent)
    scaling = column_scaling(storage(scaled), w)
    exponents = np.array([0, exponent, 0])
    np.testing.assert_allclose(np.ldexp(scaling.mean, -exponents), mean, rtol=1e-12)
    np.testing.assert_allclose(np.ldexp(scaling.scale, -exponents), deviation, rtol=1e-12)


@pytest.mark.parametrize("mean", [1.0, -1.0, 3e9])
def test_merged_samples_are_constant_by_the_rule_of_a_single_one(mean):
    eps = np.finfo(np.float64).eps
    scales = np.array([0, 1.9, 2.1, 1e3]) * eps * abs(mean)
    one = Scaling(np.full(4, mean), scales)
    merged = merge(one, 3.0, one, 5.0)
    np.testing.assert_allclose(merged.scale, [0, 0, *scales[2:]], rtol=1e-12, atol=0)
    # Two constants that differ are not one.
    other = merge(Scaling(np.full(4, 2 * mean), scales), 3.0, one, 5.0)
    assert (other.scale > 0.4 * abs(mean)).all()


@pytest.mark.parametrize("prepared", [True, False])
def test_folded_weights_compute_the_same_function(prepared):
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, (20, 4))
    scaling = column_scaling(X, np.ones(20))
    V1, c1 = rng.standard_normal((4, 3)), rng.standard_normal(3)
    W1, b1 = scaling.fold(V1, c1)
    Z = standardised(X, scaling, prepared)
    np.testing.assert_allclose(X @ W1 + b1, Z @ V1 + c1, atol=1e-13)
    for got, want in zip(scaling.unfold(W1, b1), (V1, c1), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-14)


def test_pull_back_is_the_transpose_of_fold():
    # <fold(v), g> = <v, pull_back(g)> for the linear map `fold` and any v and g.
    rng = np.random.default_rng(0)
    scaling = Scaling(rng.standard_normal(4), np.array([2.0, 0.5, 0, 3]))
    V1, c1 = rng.standard_normal((4, 3)), rng.standard_normal(3)
    dW1, db1 = rng.standard_normal((4, 3)), rng.standard_normal(3)
    W1, b1 = scaling.fold(V1, c1)
    image = (W1 * dW1).sum() + b1 @ db1
    scaling.pull_back(dW1, db1)
    assert image == pytest.approx((V1 * dW1).sum() + c1 @ db1, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.7e308, "column 1 of X differ by more than float64 holds.*Divide"),
        (1e-310, "column 1 of X differ by too little for float64.*Multiply"),
    ],
)
def test_a_column_beyond_float64_is_named(value, message):
    X = np.ones((4, 2))
    X[:, 1] = [value, value, 0, 0]
    with pytest.raises(ValueError, match=message):
        column_scaling(X, np.ones(4))
    X[:, 1] = value  # constant, and so without effect
    assert (column_scaling(X, np.ones(4)).scale == 0).all()


@pytest.mark.parametrize("prepared", [True, False])
def test_nothing_is_written_to_X(prepared):
    X = np.arange(12.0).reshape(4, 3)
    X.flags.writeable = False
    scaling = column_scaling(X, np.ones(4))
    standardised(X, scaling, prepared)  # sees that what the kernels have is a copy
