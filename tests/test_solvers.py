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
from skshallow._solvers import CONVERGED, MAX_ITER, SOLVERS, STALLED, _newton, choose_solver
from skshallow._standardize import column_scaling

every_solver = pytest.mark.parametrize("name", SOLVERS)


class Quadratic:
    """0.5 (x - c)' A (x - c) + 1 with known minimum c and condition number 100."""

    minimum = np.array([3.0, -2.0, 0.5])
    A = np.diag([1.0, 10.0, 100.0])

    def loss_gradient(self, theta):
        gradient = self.A @ (theta - self.minimum)
        return 1 + 0.5 * (theta - self.minimum) @ gradient, gradient

    def hessian(self, theta):
        return self.A

    def hessp(self, theta, direction):
        return self.A @ direction


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


@pytest.mark.parametrize("kind", KINDS)
def test_solvers_find_the_same_minimum_from_the_same_start(kind):
    p = make_problem(kind)
    objective = Objective(p.rows(), p.layout, p.loss, p.w.sum(), 1.0)
    # A start in one minimum's basin; from afar each may go down into another.
    minimum = solve("newton", objective, p.theta, tol=1e-8)[0].x
    start = minimum + 0.01 * np.random.default_rng(0).standard_normal(p.layout.size)
    values = {name: solve(name, objective, start, tol=1e-7)[0].fun for name in SOLVERS}
    assert values == pytest.approx(dict.fromkeys(SOLVERS, values["lbfgs"]), abs=1e-8)


# Newton


@pytest.fixture(params=["exact", "conjugate gradients"])
def subproblem(request, monkeypatch):
    monkeypatch.setattr(_newton, "EXACT_SIZE", np.inf if request.param == "exact" else 0)


@pytest.mark.usefixtures("subproblem")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_newton_converges_to_1e_10_without_a_rise(kind, storage):
    p = make_problem(kind, storage)
    scaling = column_scaling(p.X, p.w) if storage == "CSR" else None
    objective = Objective(p.rows(), p.layout, p.loss, p.w.sum(), 0.3, scaling)
    result, path = solve("newton", objective, p.theta, tol=1e-10)
    assert result.status == CONVERGED
    assert np.abs(result.jac).max() <= 1e-10
    assert (np.diff([value for _, value, _ in path]) <= 0).all()
    # A minimum, not a saddle point.
    assert np.linalg.eigvalsh(objective.hessian(result.x))[0] > -1e-12


@pytest.mark.usefixtures("subproblem")
def test_newton_leaves_a_saddle_point_whose_gradient_is_tiny():
    class Saddle:
        """(x^2 - 1)^2 / 4 + y^2, with minima at (+-1, 0) and a saddle point at 0."""

        def loss_gradient(self, theta):
            x, y = theta
            return (x * x - 1) ** 2 / 4 + y * y, np.array([x**3 - x, 2 * y])

        def hessian(self, theta):
            return np.diag([3 * theta[0] ** 2 - 1, 2.0])

        def hessp(self, theta, direction):
            return self.hessian(theta) @ direction

    result, _ = solve("newton", Saddle(), np.array([1e-5, 1.0]), tol=1e-10)
    assert result.status == CONVERGED
    np.testing.assert_allclose(np.abs(result.x), [1, 0], atol=1e-10)


@pytest.mark.parametrize("radius", [1e-3, 0.1, 1.0, 100.0])
@pytest.mark.parametrize("kind", ["definite", "indefinite", "singular", "hard case"])
def test_exact_subproblem_is_the_minimum_over_the_ball(kind, radius):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    values = {
        "definite": [0.5, 1, 2, 3],
        "indefinite": [-2, -1, 0.5, 3],
        "singular": [0, 0, 1, 2],
        "hard case": [-1, 0.5, 1, 2],
    }[kind]
    H = Q * values @ Q.T
    g = rng.standard_normal(4)
    if kind == "hard case":
        g -= Q[:, 0] * (Q[:, 0] @ g)

    class Model(Quadratic):
        def hessian(self, theta):
            return H

    step, predicted, at_boundary = _newton.ExactSubproblem(Model(), np.zeros(4), g).solve(radius)
    length = np.linalg.norm(step)
    assert length <= 1.011 * radius
    assert at_boundary == (length > 0.98 * radius)
    assert predicted == pytest.approx(-(g @ step + 0.5 * step @ H @ step), rel=1e-9)
    # No point of the ball of that radius does better: many tries, on and inside its sphere.
    tries = rng.standard_normal((20_000, 4))
    tries *= (radius * rng.uniform(0, 1, 20_000) ** 0.1 / np.linalg.norm(tries, axis=1))[:, None]
    best = (tries @ g + 0.5 * np.einsum("ij,jk,ik->i", tries, H, tries)).min()
    assert -predicted <= best * (1 - 0.02) if best < 0 else True


def test_newton_forms_no_hessian_at_rejected_points():
    p = make_problem("two classes")
    objective = Objective(p.rows(), p.layout, p.loss, p.w.sum(), 0.01)
    result, path = solve("newton", objective, 5 * p.theta, tol=1e-8)
    assert objective.n_hessians == result.nit == len(path)
    assert objective.n_evaluations > result.nit + 1  # some steps were rejected


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
