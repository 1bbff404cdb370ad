import numpy as np
import oracle
import pytest
from problems import make_problem
from sklearn.neural_network import MLPClassifier

from skshallow._standardize import column_scaling


def objective_of(p, alpha=0.7, scaling=None, n_rows=7):
    return p.objective(alpha, n_rows, scaling)


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_gradient_equals_finite_differences(kind, storage):
    p = make_problem(kind, storage)
    scaling = column_scaling(p.X, p.w) if storage == "CSR" else None
    objective = objective_of(p, scaling=scaling)
    _, gradient = objective.loss_gradient(p.theta)
    numeric = oracle.finite_difference(lambda t: objective.loss_gradient(t)[0], p.theta)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_hessian_equals_finite_differences(kind, storage):
    p = make_problem(kind, storage)
    objective = objective_of(p, scaling=column_scaling(p.X, p.w) if storage == "CSR" else None)
    value, gradient, matrix = objective.loss_gradient_hessian(p.theta)
    for got, want in zip((value, gradient), objective.loss_gradient(p.theta), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)
    step = 1e-6
    numeric = [
        (
            objective.loss_gradient(p.theta + step * e)[1]
            - objective.loss_gradient(p.theta - step * e)[1]
        )
        / (2 * step)
        for e in np.eye(len(p.theta))
    ]
    np.testing.assert_allclose(matrix, numeric, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-15)
    for gauss_newton in (False, True):
        *_, full = objective.loss_gradient_hessian(p.theta, gauss_newton)
        products = [objective.hessp(p.theta, e, gauss_newton) for e in np.eye(len(p.theta))]
        np.testing.assert_allclose(products, full, atol=1e-14)
    assert (objective.counts.hessians, objective.counts.hessps) == (3, 2 * len(p.theta))


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_equal_the_standardised_dense_ones(kind, dtype):
    p = make_problem(kind, "CSR", dtype=dtype)
    scaling = column_scaling(p.X, p.w)
    sparse = objective_of(p, scaling=scaling)
    dense = objective_of(p._replace(X=p.dense), scaling=scaling)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    for ours, theirs in zip(
        sparse.loss_gradient(p.theta), dense.loss_gradient(p.theta), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("kind", oracle.KINDS)
def test_penalty_is_on_weights_alone_and_divided_by_the_total_weight(kind):
    p = make_problem(kind)
    value, gradient = objective_of(p, alpha=0.7).loss_gradient(p.theta)
    free_value, free_gradient = objective_of(p, alpha=0).loss_gradient(p.theta)
    W1, b1, W2, b2 = p.layout.unpack(p.theta)
    squares = (W1**2).sum() + (W2**2).sum()
    assert value - free_value == pytest.approx(0.35 * squares / p.w.sum(), rel=1e-11)
    expected = [0.7 * W1 / p.w.sum(), 0 * b1, 0.7 * W2 / p.w.sum(), 0 * b2]
    for got, want in zip(p.layout.unpack(gradient - free_gradient), expected, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-14)


@pytest.mark.parametrize("kind", oracle.KINDS)
@pytest.mark.parametrize("weighted", [True, False])
def test_value_and_gradient_are_those_of_MLPClassifier(kind, weighted):
    p = make_problem(kind, weighted=weighted)
    peer = MLPClassifier(
        p.layout.n_hidden, activation="tanh", solver="sgd", alpha=0.7, max_iter=1, random_state=0
    )
    peer.partial_fit(
        p.dense, p.y, classes=np.arange(3) if p.y.ndim == 2 else np.unique(p.y)
    )  # gives it its attributes
    W1, b1, W2, b2 = (part.copy() for part in p.layout.unpack(p.theta))
    peer.coefs_, peer.intercepts_ = [W1, W2], [b1, b2]
    Y = peer._label_binarizer.transform(p.y)
    # Its batch kernel, given all rows: the objective of its lbfgs.
    value, (dW1, dW2), (db1, db2) = peer._backprop(
        p.dense, Y, p.w, [p.dense, None, None], [None, None], [None, None], [None, None]
    )
    ours, gradient = objective_of(p).loss_gradient(p.theta)
    assert ours == pytest.approx(value, rel=1e-12)
    for got, want in zip(p.layout.unpack(gradient), (dW1, db1, dW2, db2), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-14)


def test_weights_equal_repetition():
    p = make_problem("K classes")
    times = np.random.default_rng(1).integers(1, 5, len(p.w))
    weighted = p._replace(w=times.astype(float))
    repeated = p._replace(
        X=np.repeat(p.X, times, axis=0), y=np.repeat(p.y, times), w=np.ones(times.sum())
    )
    for ours, theirs in zip(
        objective_of(weighted).loss_gradient(p.theta),
        objective_of(repeated).loss_gradient(p.theta),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


def test_counts_evaluations_and_leaves_theta():
    p = make_problem("two classes", "CSR")
    p.theta.flags.writeable = False
    objective = objective_of(p, scaling=column_scaling(p.X, p.w))
    first = objective.loss_gradient(p.theta)
    second = objective.loss_gradient(p.theta)
    assert objective.counts.evaluations == 2
    assert first[0] == second[0]
    assert not np.shares_memory(first[1], second[1])
