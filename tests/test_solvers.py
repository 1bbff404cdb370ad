"""Every test runs over the registry: a new solver is tested by its line there."""

import numpy as np
import pytest
from oracle import KINDS
from problems import make_problem
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier
from skshallow._solvers import SOLVERS, Ending, Stochastic, _auto, _lbfgs, _newton, make_solver
from skshallow._solvers._stochastic import Minibatches
from skshallow._standardize import column_scaling

FULL_BATCH = [name for name, solver in SOLVERS.items() if not issubclass(solver, Stochastic)]
every_solver = pytest.mark.parametrize("name", SOLVERS)
full_batch = pytest.mark.parametrize("name", FULL_BATCH)
stochastic = pytest.mark.parametrize("name", ["adam", "sgd"])


class Quadratic:
    """0.5 (x - c)' A (x - c) + 1 with known minimum c and condition number 100."""

    minimum = np.array([3.0, -2.0, 0.5])
    A = np.diag([1.0, 10.0, 100.0])
    n_samples = 1  # all of them in a batch
    precision = np.finfo(float).eps

    def take(self, which):
        return self

    def in_float32(self, hessians=False):
        return None

    def loss_gradient(self, thetas):
        gradients = (thetas - self.minimum) @ self.A
        return 1 + 0.5 * ((thetas - self.minimum) * gradients).sum(axis=-1), gradients

    def hessian(self, theta):
        """Of one theta; subclasses with another one need no more."""
        return self.A

    def loss_gradient_hessian(self, thetas):
        return *self.loss_gradient(thetas), np.array([self.hessian(theta) for theta in thetas])

    def hessp(self, thetas, directions):
        return np.array(
            [self.hessian(theta) @ d for theta, d in zip(thetas, directions, strict=True)]
        )


def solver_of(name, **parameters):
    """A solver with parameters that suit small problems, but for those that are given."""
    usual = {"batch_size": 5, "learning_rate": "cosine", "learning_rate_init": 0.02}
    usual |= {"shuffle": True, "momentum": 0.9, "nesterovs_momentum": True}
    assert parameters.keys() <= usual.keys()
    return make_solver(name, usual | parameters)


def states(n_starts):
    return [np.random.RandomState(k) for k in range(n_starts)]


def solve_all(name, objective, thetas, *, tol=1e-4, max_iter=1000, stop_after=None, **parameters):
    """Results and paths from several starts."""
    paths = [[] for _ in thetas]

    def callback(k, theta, value, gradient):
        paths[k].append((theta.copy(), value, gradient.copy()))
        return len(paths[k]) == stop_after

    results = solver_of(name, **parameters).solve(
        objective,
        np.array(thetas),
        tol=tol,
        max_iter=max_iter,
        callback=callback,
        random_states=states(len(thetas)),
    )
    return results, paths


def solve(name, objective, theta0, **options):
    """Result and path from one start."""
    [result], [path] = solve_all(name, objective, [theta0], **options)
    return result, path


@every_solver
@pytest.mark.parametrize("kind", KINDS)
def test_starts_side_by_side_end_where_they_do_alone(name, kind):
    p = make_problem(kind)
    objective = p.objective(0.1)
    thetas = np.random.default_rng(0).standard_normal((5, p.layout.size))
    thetas[2] = solve("newton", objective, thetas[2], tol=1e-9)[0].theta  # ends before it begins
    before = thetas.copy()
    results, paths = solve_all(name, objective, thetas, tol=1e-5, max_iter=60)
    assert len({result.n_iter for result in results}) > 1
    np.testing.assert_array_equal(thetas, before)
    for k in range(5):
        if k == 0 or name not in ("adam", "sgd"):  # the same minibatches too
            alone, path = solve(name, objective, thetas[k], tol=1e-5, max_iter=60)
            assert (results[k].n_iter, results[k].ending) == (alone.n_iter, alone.ending)
            np.testing.assert_array_equal(results[k].theta, alone.theta)
            np.testing.assert_array_equal(results[k].gradient, alone.gradient)
            assert results[k].value == alone.value
            assert [value for _, value, _ in paths[k]] == [value for _, value, _ in path]


@every_solver
def test_finds_the_minimum_of_a_quadratic(name):
    theta0 = np.zeros(3)
    rate = {"sgd": 0.01, "adam": 0.3}.get(name, 1)
    result, path = solve(
        name, Quadratic(), theta0, tol=1e-6, max_iter=5000, learning_rate_init=rate
    )
    assert result.ending is Ending.CONVERGED
    np.testing.assert_allclose(result.theta, Quadratic.minimum, atol=1e-6)
    assert result.value == pytest.approx(1, abs=1e-11)
    assert result.n_iter == len(path)
    assert not theta0.any()


@full_batch
@pytest.mark.parametrize("kind", KINDS)
def test_converged_means_a_small_gradient_and_F_never_rises(name, kind):
    p = make_problem(kind)
    objective = p.objective(0.1)
    result, path = solve(name, objective, p.theta, tol=1e-6)
    assert result.ending is Ending.CONVERGED
    assert np.abs(result.gradient).max() <= 1e-6
    values = [value for _, value, _ in path]
    assert (np.diff(values) <= 0).all()
    assert values[-1] == result.value
    for theta, value, gradient in path:
        expected_value, expected_gradient = objective.loss_gradient(theta)
        assert value == expected_value
        np.testing.assert_array_equal(gradient, expected_gradient)


@every_solver
def test_says_that_it_reached_max_iter(name):
    p = make_problem("two classes")
    objective = p.objective(0.1)
    result, path = solve(name, objective, p.theta, max_iter=3)
    assert result.ending is Ending.MAX_ITER
    assert result.n_iter == len(path) == 3
    assert result.value == min(value for _, value, _ in path)
    value, gradient = objective.loss_gradient(result.theta)
    assert result.value == value
    np.testing.assert_array_equal(result.gradient, gradient)


@full_batch
def test_says_that_it_stalled_at_rounding_level(name):
    p = make_problem("two classes")
    objective = p.objective(0.1)
    result, _ = solve(name, objective, p.theta, tol=0, max_iter=10_000)
    assert result.ending is Ending.STALLED
    assert np.abs(result.gradient).max() < 1e-6


@full_batch
def test_a_stall_returns_the_value_and_gradient_of_its_point(name):
    for seed in range(8):
        p = make_problem("two classes", seed=seed)
        objective = p.objective(0.1)
        result, _ = solve(name, objective, p.theta, tol=0, max_iter=10_000)
        value, gradient = objective.loss_gradient(result.theta)
        assert result.value == value
        np.testing.assert_array_equal(result.gradient, gradient)


@every_solver
def test_stops_when_the_callback_asks_for_it(name):
    p = make_problem("two classes")
    objective = p.objective(0.1)
    result, path = solve(name, objective, p.theta, tol=1e-12, stop_after=4)
    assert result.ending is Ending.STOPPED
    assert result.n_iter == len(path) == 4
    assert result.value == min(value for _, value, _ in path)


@every_solver
def test_starting_at_the_minimum_takes_no_iteration(name):
    result, path = solve(name, Quadratic(), Quadratic.minimum.copy())
    assert result.ending is Ending.CONVERGED
    assert result.n_iter == len(path) == 0


@every_solver
def test_every_solver_is_a_choice_of_the_estimator(name):
    X, y = load_wine(return_X_y=True)
    model = ShallowTanhClassifier(4, alpha=1.0, solver=name, random_state=0, tol=1e-2).fit(X, y)
    assert model.score(X, y) > 0.95
    again = ShallowTanhClassifier(4, alpha=1.0, solver=name, random_state=0, tol=1e-2).fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize("kind", KINDS)
def test_solvers_find_the_same_minimum_from_the_same_start(kind):
    p = make_problem(kind)
    objective = p.objective(1.0)
    # A start in one minimum's basin; from afar each may go down into another.
    minimum = solve("newton", objective, p.theta, tol=1e-8)[0].theta
    start = minimum + 0.01 * np.random.default_rng(0).standard_normal(p.layout.size)
    values = {name: solve(name, objective, start, tol=1e-7)[0].value for name in FULL_BATCH}
    assert values == pytest.approx(dict.fromkeys(FULL_BATCH, values["lbfgs"]), abs=1e-8)


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
    objective = p.objective(0.3, scaling=scaling)
    result, path = solve("newton", objective, p.theta, tol=1e-10)
    assert result.ending is Ending.CONVERGED
    assert np.abs(result.gradient).max() <= 1e-10
    values = np.array([value for _, value, _ in path])
    assert (np.diff(values) <= np.spacing(values[1:])).all()  # but for rounding
    # A minimum, not a saddle point.
    assert np.linalg.eigvalsh(objective.loss_gradient_hessian(result.theta)[2])[0] > -1e-12


@pytest.mark.usefixtures("subproblem")
def test_newton_leaves_a_saddle_point_whose_gradient_is_tiny():
    class Saddle(Quadratic):
        """(x^2 - 1)^2 / 4 + y^2, with minima at (+-1, 0) and a saddle point at 0."""

        def loss_gradient(self, theta):
            x, y = theta.T
            return (x * x - 1) ** 2 / 4 + y * y, np.stack([x**3 - x, 2 * y], axis=-1)

        def hessian(self, theta):
            return np.diag([3 * theta[0] ** 2 - 1, 2.0])

    result, _ = solve("newton", Saddle(), np.array([1e-5, 1.0]), tol=1e-10)
    assert result.ending is Ending.CONVERGED
    np.testing.assert_allclose(np.abs(result.theta), [1, 0], atol=1e-10)


@pytest.mark.parametrize("damping", [0.0, 1e-3, 0.1, 10.0])
@pytest.mark.parametrize("values", [[0.5, 1, 2, 3], [-2, -1, 0.5, 3], [0, 0, 1, 2]])
def test_systems_are_solved_where_they_are_positive_definite(values, damping):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    H, g = Q * values @ Q.T, 1e-12 * rng.standard_normal(4)  # a tolerance of CG of 1e-6

    class Model(Quadratic):
        def hessian(self, theta):
            return H

    exact = _newton.ExactSystem(H, g)
    iterative = _newton.ConjugateGradientSystem(Model(), np.zeros(4), g)
    assert exact.scale == np.abs(np.diagonal(H)).max()
    assert iterative.scale == pytest.approx(abs(g @ H @ g) / (g @ g))
    step = exact.solve(damping)
    if min(values) + damping > 1e-9:
        expected = np.linalg.solve(H + damping * np.eye(4), -g)
        np.testing.assert_allclose(step, expected, rtol=1e-12)
        np.testing.assert_allclose(iterative.solve(damping), expected, rtol=1e-5)
    elif min(values) + damping < 0:
        assert step is None
        step = iterative.solve(damping)
        assert step is None or step @ g < 0  # what was found up to there is downhill


@pytest.mark.parametrize(
    ("H", "expected"),
    [
        ([0.0, 0.0], None),  # the gradient's direction is flat
        ([1.0, -1.0], True),  # the second direction leads down for ever, the first does not
    ],
)
def test_conjugate_gradients_end_before_a_direction_without_curvature(H, expected):
    g = np.array([1.0, 0.1])

    class Model(Quadratic):
        def hessian(self, theta):
            return np.diag(H)

    step = _newton.ConjugateGradientSystem(Model(), np.zeros(2), g).solve(0.0)
    if expected is None:
        assert step is None
    else:  # to the minimum along the gradient
        np.testing.assert_allclose(step, -g * (g @ g) / (g @ np.diag(H) @ g))


@pytest.mark.usefixtures("subproblem")
def test_newton_ends_where_second_derivatives_overflow():
    class Overflowing(Quadratic):
        def hessian(self, theta):
            return np.full((3, 3), np.nan)

    result, _ = solve("newton", Overflowing(), np.zeros(3))
    assert (result.ending, result.n_iter) == (Ending.STALLED, 0)


@pytest.mark.parametrize("name", ["lbfgs", "newton"])
def test_steps_shrink_where_the_objective_is_not_a_number(name):
    class Bounded(Quadratic):
        def loss_gradient(self, theta):
            value, gradient = super().loss_gradient(theta)
            return np.where(np.abs(theta).max(axis=-1) > 2.5, np.nan, value), gradient

    result, path = solve(name, Bounded(), np.zeros(3), max_iter=50)
    assert path
    assert np.isfinite(result.value)
    assert result.value < Quadratic().loss_gradient(np.zeros(3))[0]


def test_newton_computes_the_hessian_with_the_value():
    p = make_problem("two classes")
    objective = p.objective(0.01)
    result, path = solve("newton", objective, 5 * p.theta, tol=1e-8)
    assert result.n_iter == len(path)
    counts = objective.counts
    # At every trial point: few of them are rejected.
    assert result.n_iter + 1 < counts.hessians == counts.evaluations < 1.4 * result.n_iter


# L-BFGS


def test_pairs_act_as_the_two_loop_recursion():
    """Nocedal and Wright (2006), algorithm 7.4, with all pairs that are kept."""
    rng = np.random.default_rng(0)
    A = rng.standard_normal((12, 12))
    A = A @ A.T + np.eye(12)
    pairs, kept = _lbfgs.Pairs(12), []
    for _ in range(2 * pairs.m + 5):
        s = rng.standard_normal(12)
        y = A @ s + 0.1 * rng.standard_normal(12)
        pairs.add(s, y)
        if s @ y > 0:
            kept.append((s, y))
        gradient = rng.standard_normal(12)
        q, alphas = gradient.copy(), []
        for s, y in reversed(kept[-pairs.m :]):
            alphas.append(s @ q / (s @ y))
            q -= alphas[-1] * y
        s, y = kept[-1]
        q *= s @ y / (y @ y)
        for (s, y), alpha in zip(kept[-pairs.m :], reversed(alphas), strict=True):
            q += (alpha - y @ q / (s @ y)) * s
        np.testing.assert_allclose(pairs.direction(gradient), -q, rtol=1e-9, atol=1e-12)
    assert len(kept) > pairs.m


def test_fewer_pairs_are_kept_of_many_parameters():
    assert [_lbfgs.Pairs(size).m for size in (10, 25_000, 10**6)] == [30, 20, 10]


def test_a_pair_without_curvature_is_left_out():
    pairs = _lbfgs.Pairs(3)
    pairs.add(np.ones(3), -np.ones(3))
    assert pairs.n_pairs == 0
    np.testing.assert_array_equal(pairs.direction(np.ones(3)), -np.ones(3))
    pairs.add(np.full(3, 1e-12), np.full(3, 2e-12))  # the last steps to a minimum are this small
    np.testing.assert_allclose(pairs.direction(np.ones(3)), -np.ones(3) / 2)


@pytest.mark.parametrize("scale", [1e-4, 1, 1e4])
def test_line_search_meets_the_conditions_of_Wolfe(scale):
    """From first steps, of length 1 at most, that are far too short, right, and far too long."""
    objective, start = Quadratic(), np.zeros(3)
    objective.A = scale * Quadratic.A
    previous = (start, *objective.loss_gradient(start))
    result, path = solve("lbfgs", objective, start, tol=1e-9 * scale)
    assert result.ending is Ending.CONVERGED
    for theta, value, gradient in path:
        slope = previous[2] @ (theta - previous[0])
        assert value - previous[1] <= 1e-4 * slope + 1e-15 * abs(value)
        assert gradient @ (theta - previous[0]) >= 0.9 * slope
        previous = theta, value, gradient


PARABOLA = 0.125 / 0.35  # where that through a slope of -1/4 and a rise of 0.1 at 1 is least


@pytest.mark.parametrize(
    ("trials", "step"),
    [
        ([(-0.249, -0.24)], 10),  # as steep as the start: farther
        ([(-0.249, -0.24), (-2.49, -0.24)], 100),
        ([(0.1, 0.5)], PARABOLA),
        ([(10.0, 0.5)], 0.1),  # but no less than a tenth
        ([(0.0, 0.5)], 0.5),
        ([(np.inf, 0.5)], 0.5),
        ([(0.1, 0.5), (0.1, 0.5)], PARABOLA * 0.125 * PARABOLA / (0.1 + 0.25 * PARABOLA)),
        ([(-0.249, -0.24), (1.0, 0.5)], 5.5),  # between one too short and one too long
    ],
)
def test_the_next_step_of_a_search(trials, step):
    """From the rise of F and the slope at steps along a direction of length 1/2 and slope -1/4."""
    descent = _lbfgs._Descent(np.zeros(1), 1e-16, 7.0, np.array([-0.5]))
    assert descent.propose() == 0.5
    for rise, slope in trials:
        assert not descent.decide(7.0 + rise, np.array([slope / 0.5]))
    assert descent.propose()[0] / 0.5 == pytest.approx(step)


def test_a_search_halves_a_step_to_where_the_objective_is_infinite():
    gradient = np.array([0.3, -0.4, 0.0])
    descent = _lbfgs._Descent(np.zeros(3), 1e-16, 1.0, gradient)
    first = descent.propose().copy()
    for k in (1, 2, 3):
        assert not descent.decide(np.inf, gradient)
        np.testing.assert_allclose(descent.propose(), 0.5**k * first)


def test_newtons_damping_does_not_fall_to_nothing():
    objective, theta = Quadratic(), np.zeros(3)
    value, gradient = objective.loss_gradient(theta)
    system = _newton.ExactSystem(objective.A, gradient)
    descent = _newton._Descent(theta, 1e-16, value, gradient, system)
    descent._damping = least = 1e-10 * 100  # beside the largest curvature
    point = descent.propose()
    value, gradient = objective.loss_gradient(point)
    assert descent.decide(value, gradient, _newton.ExactSystem(objective.A, gradient))
    assert descent._damping == pytest.approx(least)


@full_batch
def test_an_objective_without_curvature_or_with_endless_slopes_ends(name):
    flat, steep = Quadratic(), Quadratic()
    flat.A = np.zeros((3, 3))
    flat.loss_gradient = lambda theta: (theta.sum(axis=-1), np.ones(theta.shape))
    result, path = solve(name, flat, np.zeros(3), max_iter=20)
    assert result.ending in (Ending.STALLED, Ending.MAX_ITER)
    assert result.n_iter == len(path)
    steep.A = 1e200 * Quadratic.A
    with np.errstate(over="ignore", invalid="ignore"):
        result, path = solve(name, steep, np.zeros(3), max_iter=20)
    assert result.value <= steep.loss_gradient(np.zeros(3))[0]
    assert result.n_iter == len(path)


class TwoPrecisions(Quadratic):
    """A quadratic whose gradients in float32 are off by some 1e-6, and a count of its calls."""

    def __init__(self, off=1e-6):
        self.calls, self.float32_calls, self.off = 0, 0, off

    def loss_gradient(self, thetas):
        self.calls += 1
        return super().loss_gradient(thetas)

    def in_float32(self, hessians=False):
        whole = self

        class Float32(Quadratic):
            precision = float(np.finfo(np.float32).eps)

            def loss_gradient(self, thetas):
                whole.float32_calls += 1
                values, gradients = super().loss_gradient(thetas)
                return values, gradients + whole.off * np.sin(1e8 * thetas)

        return Float32()


@pytest.mark.parametrize("name", ["lbfgs", "newton"])
@pytest.mark.parametrize("tol", [1e-3, 1e-9])
def test_most_of_the_way_goes_down_in_float32_and_the_end_is_the_objectives(name, tol):
    objective = TwoPrecisions()
    result, path = solve(name, objective, np.zeros(3), tol=tol)
    assert result.ending is Ending.CONVERGED
    assert np.abs(Quadratic().loss_gradient(result.theta)[1]).max() <= tol
    assert result.value == Quadratic().loss_gradient(result.theta)[0]
    assert result.n_iter == len(path)
    if tol > objective.off:
        assert objective.calls == 2  # at the start and at the end
        assert objective.float32_calls > 2


@pytest.mark.parametrize("name", ["lbfgs", "newton"])
def test_a_start_that_has_converged_is_not_led_away_by_float32(name):
    objective = TwoPrecisions(off=1e-2)
    starts = [Quadratic.minimum.copy(), np.zeros(3)]
    results, paths = solve_all(name, objective, starts, tol=1e-8)
    assert [result.ending for result in results] == [Ending.CONVERGED] * 2
    assert results[0].n_iter == len(paths[0]) == 0
    np.testing.assert_array_equal(results[0].theta, Quadratic.minimum)
    assert results[1].n_iter > 0


@pytest.mark.parametrize("name", ["lbfgs", "newton"])
def test_a_start_that_has_converged_stays_where_float32_says_that_it_has_not(name):
    class Float32(Quadratic):
        precision = float(np.finfo(np.float32).eps)

        def loss_gradient(self, thetas):
            values, gradients = super().loss_gradient(thetas)
            return values, 1.001 * gradients

    objective, tol = Quadratic(), 2.0**-10
    objective.in_float32 = lambda hessians=False: Float32()
    start = Quadratic.minimum + np.array([tol, 0, 0])
    assert np.abs(objective.loss_gradient(start)[1]).max() == tol
    result, path = solve(name, objective, start, tol=tol)
    assert (result.ending, result.n_iter, len(path)) == (Ending.CONVERGED, 0, 0)
    np.testing.assert_array_equal(result.theta, start)


@pytest.mark.parametrize(
    ("name", "size", "hessians"), [("lbfgs", 3, False), ("newton", 3, True), ("newton", 0, False)]
)
def test_float32_is_worth_it_for_gradients_or_for_hessians_too(name, size, hessians, monkeypatch):
    monkeypatch.setattr(_newton, "EXACT_SIZE", size)
    objective, asked = Quadratic(), []
    objective.in_float32 = lambda hessians=False: asked.append(hessians)
    solve(name, objective, np.zeros(3))
    assert asked == [hessians]


# Stochastic solvers


def small_objective(kind="K classes", storage="dense", alpha=0.3, n_rows=7):
    p = make_problem(kind, storage)
    scaling = column_scaling(p.X, p.w) if storage == "CSR" else None
    return p, p.objective(alpha, n_rows, scaling)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("batch_size", [1, 5, 23])
def test_minibatch_gradients_average_to_the_gradient(kind, storage, batch_size):
    p, objective = small_objective(kind, storage, n_rows=2)
    order = np.random.default_rng(0).permutation(len(p.w))
    # Each row in equally many batches of one size: the mean over them is the expectation.
    batches = [np.roll(order, k)[:batch_size] for k in range(len(order))]
    estimates = [objective.minibatch_gradient(p.theta, batch) for batch in batches]
    value, gradient = objective.loss_gradient(p.theta)
    assert np.mean([estimate for estimate, _ in estimates]) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(
        np.mean([estimate for _, estimate in estimates], axis=0), gradient, atol=1e-14
    )


def test_a_batch_without_weight_is_the_penalty_alone():
    p = make_problem("two classes")
    p.w[:4] = 0
    objective = p.objective(0.3)
    _, gradient = objective.minibatch_gradient(p.theta, np.arange(4))
    np.testing.assert_allclose(
        gradient, 0.3 * p.theta * p.layout.penalty_mask / p.w.sum(), rtol=1e-14
    )


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_visits_every_row_once(shuffle):
    state = np.random.RandomState(0)
    epoch = Minibatches(4, "cosine", 0.1, shuffle, state).batches(11)
    assert sorted(len(batch) for batch in epoch) == [3, 4, 4]
    rows = np.concatenate(epoch)
    assert sorted(rows.tolist()) == list(range(11))
    assert (rows.tolist() == list(range(11))) == (not shuffle)


def test_cosine_schedule_falls_from_the_first_rate_to_zero():
    batches = Minibatches(4, "cosine", 0.1, True, np.random.RandomState(0))
    assert [batches.rate(share) for share in (0, 0.5, 1)] == pytest.approx([0.1, 0.05, 0])
    assert batches._replace(schedule="constant").rate(0.7) == 0.1


def test_sgd_with_all_rows_and_no_momentum_is_gradient_descent():
    p, objective = small_objective()
    options = {"batch_size": 23, "learning_rate": "constant", "learning_rate_init": 0.1}
    _, path = solve(
        "sgd",
        objective,
        p.theta,
        tol=0,
        max_iter=5,
        momentum=0,
        nesterovs_momentum=False,
        **options,
    )
    theta = p.theta.copy()
    for step, _, _ in path:
        theta = theta - 0.1 * objective.loss_gradient(theta)[1]
        np.testing.assert_allclose(step, theta, rtol=1e-12)
    assert objective.counts.evaluations == 6 + 5  # a pass an epoch, and those of this test


@pytest.mark.parametrize("nesterovs_momentum", [True, False])
def test_momentum_follows_its_recurrence(nesterovs_momentum):
    options = {"learning_rate": "constant", "learning_rate_init": 0.005, "momentum": 0.5}
    _, path = solve(
        "sgd",
        Quadratic(),
        np.zeros(3),
        max_iter=4,
        nesterovs_momentum=nesterovs_momentum,
        **options,
    )
    position, velocity = np.zeros(3), np.zeros(3)
    for theta, _, _ in path:
        # As in the paper: the gradient where momentum leads (Nesterov), or where one stands. The
        # solver keeps the point that momentum leads to.
        ahead = position + 0.5 * velocity if nesterovs_momentum else position
        velocity = 0.5 * velocity - 0.005 * Quadratic().loss_gradient(ahead)[1]
        position = position + velocity
        expected = position + 0.5 * velocity if nesterovs_momentum else position
        np.testing.assert_allclose(theta, expected, rtol=1e-12)


@pytest.mark.parametrize(("name", "rate"), [("adam", 0.02), ("sgd", 0.1)])
def test_what_is_left_to_the_solver(name, rate):
    """Sizes of batches follow the number of rows, steps the solver; both may be given."""
    state = np.random.RandomState(0)
    auto = solver_of(name, batch_size="auto", learning_rate_init="auto", shuffle=False)
    expected = {10: 32, 3299: 32, 3300: 33, 51_200: 512, 10**7: 512}
    for n_samples, size in expected.items():
        assert auto.minibatches(n_samples, state) == (size, "cosine", rate, False, state)
    given = solver_of(name, batch_size=7, learning_rate="constant", learning_rate_init=0.3)
    assert given.minibatches(10**7, state) == (7, "constant", 0.3, True, state)


def test_adam_steps_have_the_size_of_the_rate_at_first():
    _, path = solve("adam", Quadratic(), np.zeros(3), max_iter=1, learning_rate_init=0.01)
    gradient = Quadratic().loss_gradient(np.zeros(3))[1]
    np.testing.assert_allclose(path[0][0], -0.01 * np.sign(gradient), rtol=1e-6)


@stochastic
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_stochastic_solvers_go_down_to_the_minimum_of_their_basin(name, kind, storage):
    p, objective = small_objective(kind, storage)
    minimum, _ = solve("newton", objective, p.theta, tol=1e-8)
    start = minimum.theta + 0.1 * np.random.default_rng(0).standard_normal(p.layout.size)
    excess = objective.loss_gradient(start)[0] - minimum.value
    rate = 0.01 if name == "adam" else 0.05
    result, path = solve(name, objective, start, tol=0, max_iter=300, learning_rate_init=rate)
    assert result.ending is Ending.MAX_ITER
    assert result.value - minimum.value < 0.02 * excess
    # The best epoch is what is returned.
    assert result.value == min(value for _, value, _ in path)


@stochastic
def test_the_best_epoch_is_kept_as_it_was(name):
    p, objective = small_objective()
    options = {"learning_rate": "constant", "learning_rate_init": 0.3}
    result, path = solve(name, objective, p.theta, tol=0, max_iter=40, **options)
    best = int(np.argmin([value for _, value, _ in path]))
    assert best < len(path) - 1  # F rises afterwards
    np.testing.assert_array_equal(result.theta, path[best][0])
    assert result.value == objective.loss_gradient(result.theta)[0]


@stochastic
def test_divergence_is_said_and_the_best_epoch_kept(name):
    X, y = load_wine(return_X_y=True)
    model = ShallowTanhClassifier(
        4, alpha=1.0, solver=name, learning_rate_init=1e300, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match="F overflowed after 0 epochs.*Decrease learning"):
        model.fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    assert np.isfinite(model.loss_)


@stochastic
def test_max_iter_of_a_stochastic_solver_names_the_step_size(name):
    X, y = load_wine(return_X_y=True)
    model = ShallowTanhClassifier(4, alpha=1.0, solver=name, max_iter=2, random_state=0)
    with pytest.warns(
        ConvergenceWarning, match=r"; or if F did not fall, decrease learning_rate_init\.$"
    ):
        model.fit(X, y)


# Auto


def test_auto_is_lbfgs_for_few_rows(monkeypatch):
    p, objective = small_objective()
    monkeypatch.setattr(_auto, "NEWTON_SIZE", p.layout.size - 1)
    auto, _ = solve("auto", objective, p.theta)
    lbfgs, _ = solve("lbfgs", objective, p.theta)
    np.testing.assert_array_equal(auto.theta, lbfgs.theta)


def test_auto_is_newton_for_few_parameters(monkeypatch):
    p, objective = small_objective()
    monkeypatch.setattr(_auto, "NEWTON_SIZE", p.layout.size)
    auto, _ = solve("auto", objective, p.theta)
    newton, _ = solve("newton", objective, p.theta)
    np.testing.assert_array_equal(auto.theta, newton.theta)


def test_auto_starts_with_epochs_of_adam_for_many_rows(monkeypatch):
    monkeypatch.setattr(_auto, "STOCHASTIC_ROWS", 20)
    p, objective = small_objective()
    auto, path = solve("auto", objective, p.theta, tol=1e-6)
    start, first = solve("adam", objective, p.theta, tol=1e-6, max_iter=_auto.STOCHASTIC_EPOCHS)
    then, second = solve("lbfgs", objective, start.theta, tol=1e-6)
    np.testing.assert_array_equal(auto.theta, then.theta)
    assert [value for _, value, _ in path] == [value for _, value, _ in first + second]
    assert auto.ending is Ending.CONVERGED
    assert auto.n_iter == len(path)
    short, _ = solve("auto", objective, p.theta, tol=0, max_iter=15)
    assert (short.ending, short.n_iter) == (Ending.MAX_ITER, 15)
    stopped, _ = solve("auto", objective, p.theta, tol=0, stop_after=3)
    assert (stopped.ending, stopped.n_iter) == (Ending.STOPPED, 3)
    # Of two starts one is stopped among the epochs; the other goes on, under its own number.
    paths = {0: 0, 1: 0}

    def callback(k, theta, value, gradient):
        paths[k] += 1
        return k == 0 and paths[k] == 3

    thetas = np.array([p.theta, -p.theta])
    options = {"tol": 0, "max_iter": 15, "callback": callback, "random_states": states(2)}
    ended, went_on = solver_of("auto").solve(objective, thetas, **options)
    assert (ended.ending, ended.n_iter) == (Ending.STOPPED, 3)
    assert (went_on.ending, went_on.n_iter) == (Ending.MAX_ITER, 15)
    assert paths == {0: 3, 1: 15}


def test_a_warm_start_of_auto_goes_on_with_lbfgs(monkeypatch):
    monkeypatch.setattr(_auto, "STOCHASTIC_ROWS", 20)
    X, y = load_wine(return_X_y=True)
    fits = {}
    for solver in ("lbfgs", "auto"):
        model = ShallowTanhClassifier(4, alpha=1.0, solver="lbfgs", tol=1e-2, random_state=0)
        model.fit(X, y)
        before = model.loss_
        fits[solver] = model.set_params(solver=solver, warm_start=True, tol=1e-5).fit(X, y)
        assert max(model.loss_curve_) < before  # in the first epochs of Adam it would rise
    assert fits["auto"].loss_curve_ == fits["lbfgs"].loss_curve_
    np.testing.assert_array_equal(fits["auto"].coefs_[0], fits["lbfgs"].coefs_[0])


@pytest.mark.parametrize("max_iter", [1, 3, _auto.STOCHASTIC_EPOCHS])
def test_a_small_limit_leaves_auto_its_epochs_of_adam(monkeypatch, max_iter):
    monkeypatch.setattr(_auto, "STOCHASTIC_ROWS", 20)
    p, objective = small_objective()
    auto, path = solve("auto", objective, p.theta, tol=0, max_iter=max_iter)
    adam, _ = solve("adam", objective, p.theta, tol=0, max_iter=max_iter)
    np.testing.assert_array_equal(auto.theta, adam.theta)
    assert (auto.ending, auto.n_iter, len(path)) == (Ending.MAX_ITER, max_iter, max_iter)


@full_batch
def test_ends_where_the_lbfgs_of_MLPClassifier_does(name):
    X, y = load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    alpha = 10  # with few minima, so that other steps lead to the same
    for seed in range(3):
        ours = ShallowTanhClassifier(8, solver=name, standardize=False, alpha=alpha, tol=1e-7)
        ours.set_params(random_state=seed).fit(X, y)
        theirs = MLPClassifier(
            8,
            activation="tanh",
            solver="lbfgs",
            alpha=alpha,
            tol=1e-7,
            max_iter=1000,
            random_state=seed,
        ).fit(X, y)
        # It also stops once F falls by less than 2e-9 of itself.
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
        assert ours.loss_ <= theirs.loss_
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
