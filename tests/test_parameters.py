import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from skshallow._parameters import Layout, Parameters

LAYOUT = Layout(n_features=3, n_hidden=4, n_outputs=2)


def test_order_is_W1_b1_W2_b2_in_C_order():
    theta = np.arange(LAYOUT.size, dtype=float)
    W1, b1, W2, b2 = LAYOUT.unpack(theta)
    assert LAYOUT.size == 3 * 4 + 4 + 4 * 2 + 2
    np.testing.assert_array_equal(W1, np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(b1, np.arange(12, 16))
    np.testing.assert_array_equal(W2, np.arange(16, 24).reshape(4, 2))
    np.testing.assert_array_equal(b2, [24, 25])


def test_unpack_gives_views_and_pack_a_copy():
    theta = np.zeros(LAYOUT.size)
    parts = LAYOUT.unpack(theta)
    assert all(np.shares_memory(part, theta) for part in parts)
    packed = LAYOUT.pack(parts)
    assert not np.shares_memory(packed, theta)
    parts.W2[1, 1] = 7
    assert theta[19] == 7
    assert packed[19] == 0


@pytest.mark.parametrize("lead", [(), (5,), (2, 3)])
def test_layers_are_views_with_the_biases_last(lead):
    theta = np.zeros((*lead, LAYOUT.size))
    theta[...] = np.arange(LAYOUT.size)
    first, second = LAYOUT.layers(theta)
    W1, b1, W2, b2 = LAYOUT.unpack(theta[(0,) * len(lead)])
    np.testing.assert_array_equal(first, np.broadcast_to(np.vstack([W1, b1]), first.shape))
    np.testing.assert_array_equal(second, np.broadcast_to(np.vstack([W2, b2]), second.shape))
    assert (first.shape, second.shape) == ((*lead, 4, 4), (*lead, 5, 2))
    assert np.shares_memory(first, theta)


def test_pack_undoes_unpack_and_gives_float64():
    theta = np.random.default_rng(0).standard_normal(LAYOUT.size)
    np.testing.assert_array_equal(LAYOUT.pack(LAYOUT.unpack(theta)), theta)
    single = Parameters(*(part.astype(np.float32) for part in LAYOUT.unpack(theta)))
    assert LAYOUT.pack(single).dtype == np.float64


def test_penalty_mask_marks_weights_and_not_biases():
    W1, b1, W2, b2 = LAYOUT.unpack(LAYOUT.penalty_mask)
    assert W1.all()
    assert W2.all()
    assert not b1.any()
    assert not b2.any()
    with pytest.raises(ValueError, match="read-only"):
        LAYOUT.penalty_mask[0] = 0


def test_initial_weights_are_reproducible_and_within_glorot_bounds():
    layout = Layout(30, 20, 3)
    theta = layout.initial(np.random.RandomState(3))
    np.testing.assert_array_equal(theta, layout.initial(np.random.RandomState(3)))
    assert (theta != layout.initial(np.random.RandomState(4))).all()
    W1, b1, W2, b2 = layout.unpack(theta)
    for part, fans in ((W1, 50), (b1, 50), (W2, 23), (b2, 23)):
        assert np.abs(part).max() <= np.sqrt(6 / fans)
    assert np.abs(W1).max() > 0.99 * np.sqrt(6 / 50)


def test_start_is_that_of_MLPClassifier_with_the_same_seed():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((20, 3)), np.arange(20) % 3
    # A step of no length leaves MLPClassifier at its start.
    peer = MLPClassifier(4, activation="tanh", solver="sgd", learning_rate_init=1e-300)
    peer.set_params(random_state=5, max_iter=1).partial_fit(X, y, classes=[0, 1, 2])
    W1, b1, W2, b2 = Layout(3, 4, 3).unpack(Layout(3, 4, 3).initial(np.random.RandomState(5)))
    for ours, theirs in zip((W1, W2, b1, b2), peer.coefs_ + peer.intercepts_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
