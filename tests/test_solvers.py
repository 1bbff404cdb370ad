"""Every test runs over the registry: a new solver is tested by its line there."""

import numpy as np
import pytest
from oracle import KINDS
from problems import make_problem
from sklearn.datasets import load_wine
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier
from skshallow._objective import Objective
from skshallow._solvers import CONVERGED, MAX_ITER, SOLVERS, STALLED, choose_solver

every_solver = pytest.mark.parametrize("name", SOLVERS)


class Quadratic:
    """0.5 (x - c)' A (x - c) + 1 with known minimum c and condition number 100."""

    minimum = np.array([3.0, -2.0, 0.5])
    A = np.diag([1.0, 10.0, 100.0])

    def loss_gradient(self, theta):
        gradient = self.A @ (theta - self.minimum)
        return 1 + 0.5 * (theta - self.minimum) @ gradient, gradient


def solve(name, objective, theta0, *, tol=1e-4, max_iter=1000):
    path = []
    result = SOLVERS[name](
        objective,
        theta0,
        tol=tol,
        max_iter=max_iter,
        callback=lambda theta, value, gradient: path.append((theta.copy(), value, gradient.copy())),
    )
    return result, path


@every_solver
def test_finds_the_minimum_of_a_quadratic(name):
    theta0 = np.zeros(3)
    result, path = solve(name, Quadratic(), theta0, tol=1e-8)
    assert result.status == CONVERGED
    np.testing.assert_allclose(result.x, Quadratic.minimum, atol=1e-8)
    assert result.fun == pytest.approx(1, abs=1e-15)
    assert result.nit == len(path)
    assert not theta0.any()


@every_solver
@pytest.mark.parametrize("kind", KINDS)
def test_converged_means_a_small_gradient_and_F_never_rises(name, kind):
    p = make_problem(kind)
    objective = Objective(p.rows(), p.layout, p.loss, p.w.sum(), 0.1)
    result, path = solve(name, objective, p.theta, tol=1e-6)
    assert result.status == CONVERGED
    assert np.abs(result.jac).max() <= 1e-6
    values = [value for _, value, _ in path]
    assert (np.diff(values) <= 0).all()
    assert values[-1] == result.fun
    for theta, value, gradient in path:
        expected_value, expected_gradient = objective.loss_gradient(theta)
        assert value == expected_value
        np.testing.assert_array_equal(gradient, expected_gradient)


@every_solver
def test_says_that_it_reached_max_iter(name):
    p = make_problem("two classes")
    objective = Objective(p.rows(), p.layout, p.loss, p.w.sum(), 0.1)
    result, path = solve(name, objective, p.theta, max_iter=3)
    assert result.status == MAX_ITER
    assert "max_iter=3" in result.message
    assert result.nit == len(path) == 3
    value, gradient = objective.loss_gradient(result.x)
    assert result.fun == value
    np.testing.assert_array_equal(result.jac, gradient)


@every_solver
def test_says_that_it_stalled_at_rounding_level(name):
    p = make_problem("two classes")
    objective = Objective(p.rows(), p.layout, p.loss, p.w.sum(), 0.1)
    result, _ = solve(name, objective, p.theta, tol=0, max_iter=10_000)
    assert result.status == STALLED
    assert "no step lowered" in result.message
    assert np.abs(result.jac).max() < 1e-6


@every_solver
def test_starting_at_the_minimum_takes_no_iteration(name):
    result, path = solve(name, Quadratic(), Quadratic.minimum.copy())
    assert result.status == CONVERGED
    assert result.nit == len(path) == 0


@every_solver
def test_every_solver_is_a_choice_of_the_estimator(name):
    X, y = load_wine(return_X_y=True)
    model = ShallowTanhClassifier(4, solver=name, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95


def test_auto_is_lbfgs():
    assert choose_solver("auto") is SOLVERS["lbfgs"]


def test_lbfgs_ends_where_that_of_MLPClassifier_does():
    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    for seed in range(3):
        ours = ShallowTanhClassifier(8, standardize=False, tol=1e-7, random_state=seed).fit(X, y)
        theirs = MLPClassifier(
            8,
            activation="tanh",
            solver="lbfgs",
            alpha=1,
            tol=1e-7,
            max_iter=1000,
            random_state=seed,
        ).fit(X, y)
        # It also stops once F falls by less than 2e-9 of itself.
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
        assert ours.loss_ <= theirs.loss_
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
