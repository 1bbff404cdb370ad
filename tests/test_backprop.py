import numpy as np
import oracle
import pytest
from problems import N_SAMPLES, make_problem

from skshallow._backprop import Work, forward, hessp, loss_gradient
from skshallow._hessian import loss_gradient_hessian
from skshallow._outputs import LOSSES
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
    total = p.rows(n_rows).reduce(loss_gradient, p.networks())[0]
    parameters = p.layout.unpack(p.theta)
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
        return rows.reduce(loss_gradient, p.networks(theta[None]))[0, 0]

    gradient = p.rows(n_rows).reduce(loss_gradient, p.networks())[0, 1:]
    tolerance = 1e-4 if dtype == np.float32 else 1e-7
    np.testing.assert_allclose(
        gradient, oracle.finite_difference(value, p.theta), rtol=tolerance, atol=tolerance
    )


@over_grid
def test_hessian_and_its_products_equal_finite_differences(kind, storage, weighted, n_rows, dtype):
    exact = make_problem(kind, storage, weighted, np.float64)
    p = make_problem(kind, storage, weighted, dtype)

    def gradient(theta):
        rows = exact._replace(X=p.X.astype(np.float64)).rows(n_rows)
        return rows.reduce(loss_gradient, p.networks(theta[None]))[0, 1:]

    step = 1e-6
    numeric = np.array(
        [
            (gradient(p.theta + step * e) - gradient(p.theta - step * e)) / (2 * step)
            for e in np.eye(p.layout.size)
        ]
    )
    rows = p.rows(n_rows)
    shape = (1 + p.layout.size,) * 2
    [bordered] = rows.reduce(loss_gradient_hessian, p.networks(), False, shape=shape)
    tolerance = 1e-4 if dtype == np.float32 else 1e-7
    np.testing.assert_allclose(bordered[1:, 1:], numeric, rtol=tolerance, atol=tolerance)
    rounding = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(
        bordered[0],
        rows.reduce(loss_gradient, p.networks())[0],
        rtol=rounding,
        atol=10 * rounding,
    )
    direction = np.random.default_rng(1).standard_normal(p.layout.size)
    [product] = rows.reduce(hessp, p.networks(directions=direction[None]), False)
    assert product[0] == 0
    np.testing.assert_allclose(product[1:], numeric @ direction, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_gauss_newton_is_the_curvature_of_the_loss_of_linearised_logits(kind, storage):
    p = make_problem(kind, storage)
    shape = (1 + p.layout.size,) * 2
    matrix = p.rows(7).reduce(loss_gradient_hessian, p.networks(), True, shape=shape)
    matrix = matrix[0, 1:, 1:]

    def logits(theta):
        hidden = np.tanh(p.dense @ p.layout.unpack(theta).W1 + p.layout.unpack(theta).b1)
        return (hidden @ p.layout.unpack(theta).W2 + p.layout.unpack(theta).b2).ravel()

    # J' B J from its definition: B the loss's second derivative, J that of the logits.
    step, K = 1e-6, p.layout.n_outputs
    J = np.array(
        [
            (logits(p.theta + step * e) - logits(p.theta - step * e)) / (2 * step)
            for e in np.eye(len(p.theta))
        ]
    ).reshape(-1, N_SAMPLES, K)
    Z = logits(p.theta).reshape(N_SAMPLES, K)
    expected = np.zeros_like(matrix)
    for i, (z, w) in enumerate(zip(Z, p.w, strict=True)):
        P = p.loss.probabilities(z[None])[0]
        B = np.diag(P) - np.outer(P, P) if kind == "K classes" else np.diag(P * (1 - P))
        expected += w * J[:, i] @ B @ J[:, i].T
    np.testing.assert_allclose(matrix, expected, atol=1e-7)
    direction = np.random.default_rng(1).standard_normal(p.layout.size)
    [product] = p.rows(7).reduce(hessp, p.networks(directions=direction[None]), True)
    np.testing.assert_allclose(product[1:], matrix @ direction, atol=1e-12)


@pytest.mark.parametrize("kind", oracle.KINDS)
def test_forward_gives_views_of_the_work_buffers(kind):
    p = make_problem(kind)
    work = Work(N_SAMPLES + 2, 2, p.layout, p.X.dtype)
    buffers = forward(p.block(), p.layers(), work)
    [H], [Z] = buffers.H, buffers.Z
    kept = work.buffers(1, N_SAMPLES)
    assert np.shares_memory(H, kept.H)
    assert np.shares_memory(Z, kept.Z)
    for x, h, z in zip(p.dense, H.T, Z.T, strict=True):
        hidden, logits = oracle.logits(x, *p.layout.unpack(p.theta))
        np.testing.assert_allclose(h, hidden, rtol=1e-12)
        np.testing.assert_allclose(z, logits, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tanh_is_exact_to_the_rounding_of_one(dtype):
    x = np.concatenate([np.linspace(-25, 25, 20_001), [0, 1e-30, -1e-10, 300, -300, 1e30, -1e30]])
    layout = Layout(1, 1, 1)
    X = x.astype(dtype)[:, None]
    p = make_problem("two classes")._replace(X=X, y=np.zeros(len(X)), w=np.ones(len(X)))
    p = p._replace(layout=layout, theta=np.eye(1, 4)[0])
    work = Work(len(X), 1, layout, X.dtype)
    with np.errstate(over="ignore"):
        H = forward(p.block(), p.layers(), work).H
    exact = np.tanh(X[:, 0].astype(np.longdouble))
    assert np.abs(H[0, 0] - exact).max() <= 2 * np.finfo(dtype).eps


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_kernel_adds_to_its_accumulator_and_leaves_its_inputs(storage):
    p = make_problem("K classes", storage)
    layers, block = p.layers(), p.block()
    work = Work(N_SAMPLES, 1, p.layout, p.X.dtype)
    once = np.zeros((1, 1 + p.layout.size))
    loss_gradient(block, layers, work, once)
    twice = once.copy()
    loss_gradient(block, layers, work, twice)
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-14)
    fresh = make_problem("K classes", storage)
    (X, y, w), expected = block, fresh.block()
    dense = [part.toarray() if storage == "CSR" else part for part in (X, expected.X)]
    np.testing.assert_array_equal(*dense)
    np.testing.assert_array_equal(y, expected.y)
    np.testing.assert_array_equal(w, expected.w)
    np.testing.assert_array_equal(p.theta, fresh.theta)  # of which layers are views
    np.testing.assert_array_equal(p.dense, fresh.dense)
    np.testing.assert_array_equal(p.w, fresh.w)


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("n_rows", [7, None])
@pytest.mark.parametrize("kernel", [loss_gradient, loss_gradient_hessian, hessp])
def test_networks_side_by_side_are_to_the_bit_what_they_are_alone(kind, storage, n_rows, kernel):
    p = make_problem(kind, storage)
    rows, size = p.rows(n_rows), p.layout.size
    thetas, directions = np.random.default_rng(2).standard_normal((2, 6, size))
    shape = (1 + size,) * (2 if kernel is loss_gradient_hessian else 1)

    def run(some):
        args = () if kernel is loss_gradient else (False,)
        networks = p.networks(thetas[some], directions[some] if kernel is hessp else None)
        return rows.reduce(kernel, networks, *args, shape=shape)

    together = run(slice(None))
    for k in range(6):
        np.testing.assert_array_equal(together[k], run(slice(k, k + 1))[0])


@pytest.mark.parametrize("kind", oracle.KINDS)
def test_a_column_of_ones_takes_the_biases_into_the_products(kind):
    sums = []
    for storage in ("CSR", "dense"):  # without such a column, and with one
        p = make_problem(kind, storage)
        size = 1 + p.layout.size
        work = Work(N_SAMPLES, 1, p.layout, p.X.dtype)
        total = np.zeros((1, size, size))
        loss_gradient_hessian(p.block(), p.layers(), work, False, total)
        product = np.zeros((1, size))
        layers = p.networks(directions=p.theta[None]).layers(p.X.dtype)
        hessp(p.block(), layers, work, False, product)
        sums.append((total, product))
    for plain, with_ones in zip(*sums, strict=True):
        np.testing.assert_allclose(with_ones, plain, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_float32_sums_do_not_drift_with_the_number_of_rows(storage):
    # The sums over blocks are float64: a thousand equal blocks add up to a thousand times one.
    p = make_problem("two classes", storage, weighted=False, dtype=np.float32)
    work = Work(N_SAMPLES, 1, p.layout, p.X.dtype)
    one, total = np.zeros((2, 1, 1 + p.layout.size))
    loss_gradient(p.block(), p.layers(), work, one)
    for _ in range(1000):
        loss_gradient(p.block(), p.layers(), work, total)
    np.testing.assert_allclose(total, 1000 * one, rtol=1e-12)


def test_saturated_units_have_no_gradient():
    layout = Layout(1, 1, 1)
    p = make_problem("two classes")._replace(
        X=np.array([[1e300], [-1e300]]),
        y=np.array([0, 1]),
        w=np.ones(2),
        layout=layout,
        theta=np.array([1.0, 0, 1, 0]),
    )
    total = np.zeros((1, 1 + layout.size))
    with np.errstate(over="ignore"):  # as a fit has it: exp(-2 a) is infinite
        loss_gradient(p.block(), p.layers(), Work(2, 1, layout, p.X.dtype), total)
    dW1, _, dW2, _ = layout.unpack(total[0, 1:])
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
    value, gradient = p.objective(alpha=1.0).loss_gradient(theta)
    assert value == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    np.testing.assert_allclose(gradient, 0, atol=1e-16)
