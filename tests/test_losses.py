import math

import numpy as np
import pytest
from oracle import sample_loss_and_residual

from skshallow._outputs import LOSSES


def evaluate(name, Z, codes, w=None, dtype=np.float64):
    """Value and gradient of a loss at logits Z, a row a sample, which are left as they are."""
    loss = LOSSES[name]
    Z = np.array(Z, dtype)
    w = np.ones(len(Z), dtype) if w is None else np.asarray(w, dtype)
    G = np.full_like(Z.T[None], np.nan)
    values = loss.loss_gradient(Z.T[None].copy(), loss.encode(np.asarray(codes)), w[None], G)
    assert values.dtype == np.float64
    assert values.shape == (1,)
    return float(values[0]), G[0].T


@pytest.mark.parametrize(
    ("name", "kind"),
    [("logistic", "two classes"), ("softmax", "K classes"), ("logistic", "multilabel")],
)
def test_value_and_gradient_equal_the_notes_formulas(name, kind):
    rng = np.random.default_rng(0)
    Z = rng.normal(scale=3, size=(50, 1 if kind == "two classes" else 4))
    codes = {
        "two classes": rng.integers(0, 2, 50),
        "K classes": rng.integers(0, 4, 50),
        "multilabel": rng.integers(0, 2, (50, 4)),
    }[kind]
    w = rng.uniform(0, 2, 50)
    value, G = evaluate(name, Z, codes, w)
    expected = [sample_loss_and_residual(z, y, kind) for z, y in zip(Z, codes, strict=True)]
    np.testing.assert_allclose(value, w @ [loss for loss, _ in expected], rtol=1e-13)
    residuals = np.array([residual for _, residual in expected])
    np.testing.assert_allclose(G, w[:, None] * residuals, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_give_finite_and_exact_values(name, dtype):
    # Logits in which class or label 0 wins by 2e4, observed to be right, then wrong.
    Z = [[-2e4]] if name == "logistic" else [[1e4, -1e4]]
    right, G_right = evaluate(name, Z, [0], dtype=dtype)
    wrong, G_wrong = evaluate(name, Z, [1], dtype=dtype)
    assert right == 0
    assert wrong == 2e4
    np.testing.assert_array_equal(G_right, np.zeros_like(G_right))
    np.testing.assert_array_equal(np.abs(G_wrong), np.ones_like(G_wrong))


@pytest.mark.parametrize("z", [5.0, 40.0, 300.0])
def test_sigmoid_loss_keeps_relative_accuracy_far_out(z):
    value, G = evaluate("logistic", [[z]], [1])
    assert value == pytest.approx(math.log1p(math.exp(-z)), rel=1e-14)
    assert G[0, 0] == pytest.approx(-math.exp(-z) / (1 + math.exp(-z)), rel=1e-14)


def test_softmax_of_two_classes_is_the_sigmoid_of_their_difference():
    rng = np.random.default_rng(0)
    Z = rng.normal(scale=5, size=(20, 2))
    y = rng.integers(0, 2, 20)
    value, G = evaluate("softmax", Z, y)
    binary, g = evaluate("logistic", Z[:, 1:] - Z[:, :1], y)
    np.testing.assert_allclose(value, binary, rtol=1e-13)
    np.testing.assert_allclose(G[:, 1:], g, atol=1e-15)
    np.testing.assert_allclose(G[:, :1], -g, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_probabilities_and_their_logarithms_agree(name):
    Z = np.random.default_rng(0).normal(scale=5, size=(20, 3))
    P, log_P = LOSSES[name].probabilities(Z), LOSSES[name].log_probabilities(Z)
    np.testing.assert_allclose(np.exp(log_P), P, rtol=1e-12)
    if name == "softmax":
        np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_log_probabilities_are_finite_where_probabilities_are_zero(name):
    Z = np.array([[-2000.0, 0.0, 2000.0]])
    log_P = LOSSES[name].log_probabilities(Z)
    assert LOSSES[name].probabilities(Z)[0, 0] == 0
    assert log_P[0, 0] == (-2000 if name == "logistic" else -4000)


@pytest.mark.parametrize("name", LOSSES)
def test_second_derivative_and_its_factors_equal_finite_differences(name):
    rng = np.random.default_rng(0)
    Z, R = rng.normal(scale=2, size=(2, 8, 3))
    w = rng.uniform(0, 2, 8)
    codes = rng.integers(0, 2, (8, 3)) if name == "logistic" else rng.integers(0, 3, 8)
    step = 1e-6
    up, down = (evaluate(name, Z + sign * step * R, codes, w)[1] for sign in (1, -1))
    loss = LOSSES[name]
    product = loss.hessp(Z.T, w[None], R.T)
    np.testing.assert_allclose(product.T, (up - down) / (2 * step), atol=1e-8)
    F = np.array(list(loss.curvature_factors(Z.T, w[None])))
    assert len(F) == 3
    np.testing.assert_allclose(np.einsum("fji,fli,il->ji", F, F, R), product, atol=1e-14)
    # What loss_gradient leaves of the logits has the same curvature.
    left = Z.T.copy()
    loss.loss_gradient(left, loss.encode(codes), w[None], np.empty_like(left))
    np.testing.assert_allclose(loss.hessp(left, w[None], R.T), product, rtol=1e-12)


def test_signs_of_two_classes_and_of_labels_are_a_byte_each():
    encode = LOSSES["logistic"].encode
    for codes, signs in (([0, 1, 1], [[1, -1, -1]]), ([[0, 1], [1, 1]], [[1, -1], [-1, -1]])):
        got = encode(np.array(codes))
        assert got.dtype == np.int8
        np.testing.assert_array_equal(got, signs)


@pytest.mark.parametrize("name", LOSSES)
def test_networks_side_by_side_have_the_losses_they_have_alone(name):
    rng = np.random.default_rng(0)
    Z, w = rng.normal(scale=3, size=(5, 4, 50)), rng.uniform(0, 2, (1, 50))
    codes = rng.integers(0, 2, (50, 4)) if name == "logistic" else rng.integers(0, 4, 50)
    y, loss = LOSSES[name].encode(codes), LOSSES[name]
    together, G = Z.copy(), np.empty_like(Z)
    values = loss.loss_gradient(together, y, w, G)
    factors = list(loss.curvature_factors(together, w))
    for k in range(5):
        alone, g = Z[k : k + 1].copy(), np.empty_like(Z[:1])
        assert loss.loss_gradient(alone, y, w, g) == values[k]
        np.testing.assert_array_equal(G[k], g[0])
        for stacked, factor in zip(factors, loss.curvature_factors(alone, w), strict=True):
            np.testing.assert_array_equal(stacked[k], factor[0])
