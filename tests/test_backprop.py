import numpy as np
import oracle
import pytest
from problems import N_SAMPLES, make_problem

from skshallow._backprop import Block, Work, forward, hessian, hessp, loss_gradient
from skshallow._losses import LOSSES
from skshallow._objective import Objective
from skshallow._parameters import Layout

grid = [
    pytest.mark.parametrize("kind", oracle.KINDS),
    pytest.mark.parametrize("storage", ["dense", "CSR"]),
    pytest.mark.parametrize("weighted", [True, False]),
    pytest.mark.parametrize("n_rows", [1, 7, N_SAMPLES, N_SAMPLES + 3]),
    pytest.mark.parametrize("dtype", [np.float32, np.float64]),
]


def over_grid(test):
    for mark in grid:
        test = mark(test)
    return test


@over_grid
def test_loss_and_gradient_equal_the_per_sample_oracle(kind, storage, weighted, n_rows, dtype):
    p = make_problem(kind, storage, weighted, dtype)
    parameters = p.layout.unpack(p.theta)
    total = p.rows(n_rows).reduce(loss_gradient, parameters, p.loss)
    value, *gradient = oracle.loss_and_gradient(p.dense, p.y, p.w, *parameters, kind)
    # Rounding of sums of 23 terms of order one.
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(total[0], value, rtol=tolerance)
    for ours, theirs in zip(p.layout.unpack(total[1:]), gradient, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=10 * tolerance)


@over_grid
def test_gradient_equals_finite_differences(kind, storage, weighted, n_rows, dtype):
    # Differences need float64; the gradient is the one under test, in either precision.
    exact = make_problem(kind, storage, weighted, np.float64)
    p = make_problem(kind, storage, weighted, dtype)

    def value(theta):
        rows = exact._replace(X=p.X.astype(np.float64)).rows(n_rows)
        return rows.reduce(loss_gradient, p.layout.unpack(theta), p.loss)[0]

    gradient = p.rows(n_rows).reduce(loss_gradient, p.layout.unpack(p.theta), p.loss)[1:]
    tolerance = 1e-4 if dtype == np.float32 else 1e-7
    np.testing.assert_allclose(
        gradient, oracle.finite_difference(value, p.theta), rtol=tolerance, atol=tolerance
    )


@over_grid
def test_hessian_and_its_products_equal_finite_differences(kind, storage, weighted, n_rows, dtype):
    exact = make_problem(kind, storage, weighted, np.float64)
    p = make_problem(kind, storage, weighted, dtype)
    parameters = p.layout.unpack(p.theta)

    def gradient(theta):
        rows = exact._replace(X=p.X.astype(np.float64)).rows(n_rows)
        return rows.reduce(loss_gradient, p.layout.unpack(theta), p.loss)[1:]

    step = 1e-6
    numeric = np.array(
        [
            (gradient(p.theta + step * e) - gradient(p.theta - step * e)) / (2 * step)
            for e in np.eye(p.layout.size)
        ]
    )
    rows = p.rows(n_rows)
    matrix = rows.reduce(hessian, parameters, p.loss, False, shape=numeric.shape)
    tolerance = 1e-4 if dtype == np.float32 else 1e-7
    np.testing.assert_allclose(matrix, numeric, rtol=tolerance, atol=tolerance)
    direction = np.random.default_rng(1).standard_normal(p.layout.size)
    folded = rows.cast(p.layout.unpack(direction))
    product = rows.reduce(hessp, parameters, p.loss, folded, False)
    assert product[0] == 0
    np.testing.assert_allclose(product[1:], numeric @ direction, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_gauss_newton_is_the_curvature_of_the_loss_of_linearised_logits(kind, storage):
    p = make_problem(kind, storage)
    parameters = p.layout.unpack(p.theta)
    shape = (p.layout.size, p.layout.size)
    matrix = p.rows(7).reduce(hessian, parameters, p.loss, True, shape=shape)

    def logits(theta):
        return p.rows(7).logits(forward, p.layout.unpack(theta)).ravel()

    # J' B J from its definition: B the loss's second derivative, J that of the logits.
    step, K = 1e-6, p.layout.n_outputs
    J = np.array(
        [
            (logits(p.theta + step * e) - logits(p.theta - step * e)) / (2 * step)
            for e in np.eye(len(p.theta))
        ]
    ).reshape(-1, N_SAMPLES, K)
    Z = logits(p.theta).reshape(N_SAMPLES, K)
    expected = np.zeros(shape)
    for i, (z, w) in enumerate(zip(Z, p.w, strict=True)):
        P = p.loss.probabilities(z[None])[0]
        B = np.diag(P) - np.outer(P, P) if kind == "K classes" else np.diag(P * (1 - P))
        expected += w * J[:, i] @ B @ J[:, i].T
    np.testing.assert_allclose(matrix, expected, atol=1e-7)
    direction = np.random.default_rng(1).standard_normal(p.layout.size)
    product = p.rows(7).reduce(hessp, parameters, p.loss, p.layout.unpack(direction), True)
    np.testing.assert_allclose(product[1:], matrix @ direction, atol=1e-12)


@pytest.mark.parametrize("kind", oracle.KINDS)
def test_forward_gives_views_of_the_work_buffers(kind):
    p = make_problem(kind)
    work = Work(N_SAMPLES + 2, p.layout, p.X.dtype)
    H, Z = forward(Block(p.X, None, None), p.layout.unpack(p.theta), work)
    assert np.shares_memory(H, work.H)
    assert np.shares_memory(Z, work.Z)
    for x, h, z in zip(p.dense, H, Z, strict=True):
        hidden, logits = oracle.logits(x, *p.layout.unpack(p.theta))
        np.testing.assert_allclose(h, hidden, rtol=1e-13)
        np.testing.assert_allclose(z, logits, rtol=1e-12)


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_kernel_adds_to_its_accumulator_and_leaves_its_inputs(storage):
    p = make_problem("K classes", storage)
    parameters = p.layout.unpack(p.theta.copy())
    block = Block(p.X, p.loss.encode(p.y), p.w)
    work = Work(N_SAMPLES, p.layout, p.X.dtype)
    once = np.zeros(1 + p.layout.size)
    loss_gradient(block, parameters, work, p.loss, p.layout, once)
    twice = once.copy()
    loss_gradient(block, parameters, work, p.loss, p.layout, twice)
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-14)
    fresh = make_problem("K classes", storage)
    np.testing.assert_array_equal(p.dense, fresh.dense)
    np.testing.assert_array_equal(p.w, fresh.w)
    np.testing.assert_array_equal(p.layout.pack(parameters), fresh.theta)


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_float32_sums_do_not_drift_with_the_number_of_rows(storage):
    # The sums over blocks are float64: a thousand equal blocks add up to a thousand times one.
    p = make_problem("two classes", storage, weighted=False, dtype=np.float32)
    one = p.rows(N_SAMPLES).reduce(loss_gradient, p.layout.unpack(p.theta), p.loss)
    total = np.zeros_like(one)
    block = Block(p.X, p.loss.encode(p.y), p.w.astype(np.float32))
    work = Work(N_SAMPLES, p.layout, p.X.dtype)
    parameters = p.rows().cast(p.layout.unpack(p.theta))
    for _ in range(1000):
        loss_gradient(block, parameters, work, p.loss, p.layout, total)
    np.testing.assert_allclose(total, 1000 * one, rtol=1e-12)


def test_saturated_units_have_no_gradient_and_no_warning():
    layout = Layout(1, 1, 1)
    loss = LOSSES["logistic"]
    X = np.array([[1e300], [-1e300]])
    block = Block(X, loss.encode(np.array([0, 1])), np.ones(2))
    total = np.zeros(1 + layout.size)
    parameters = layout.unpack(np.array([1.0, 0, 1, 0]))
    loss_gradient(block, parameters, Work(2, layout, X.dtype), loss, layout, total)
    dW1, _, dW2, _ = layout.unpack(total[1:])
    assert dW1 == 0
    assert dW2 > 0


def test_objective_at_a_minimum_of_one_parameter_is_flat():
    # The bias alone fits the frequency of the positive class: F' = 0 at log(p / (1 - p)).
    layout = Layout(1, 1, 1)
    loss = LOSSES["logistic"]
    y = np.array([1, 1, 1, 0])
    p = make_problem("two classes")._replace(
        X=np.zeros((4, 1)), y=y, w=np.ones(4), layout=layout, loss=loss
    )
    theta = np.array([0, 0, 0, np.log(3)])
    value, gradient = Objective(p.rows(), layout, loss, 4, 1.0).loss_gradient(theta)
    assert value == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    np.testing.assert_allclose(gradient, 0, atol=1e-16)
