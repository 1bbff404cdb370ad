"""From rows to fitted members, without an estimator."""

from types import SimpleNamespace

import numpy as np
import oracle
import pytest
import scipy.sparse as sp
from oracle import KINDS
from problems import make_problem as make_rows

from skshallow._fit import (
    Data,
    Outcome,
    Settings,
    Start,
    course,
    fit_members,
    gradient_tol,
    make_problem,
    make_starts,
    run_solver,
    train,
)
from skshallow._monitor import Monitor
from skshallow._outputs import output_for
from skshallow._solvers import LBFGS, Adam, Ending, Result
from skshallow._standardize import column_scaling

every_kind = pytest.mark.parametrize("kind", KINDS)


def data_of(kind, storage="dense", dtype=np.float64):
    p = make_rows(kind, storage, dtype=dtype)
    return Data.of_positive_weight(p.X, p.y, p.w.copy()), p


def problem_of(kind, storage="dense", standardised=True, dtype=np.float64):
    data, p = data_of(kind, storage, dtype)
    output = output_for(3 if p.y.ndim == 2 else len(np.unique(p.y)), p.y.ndim == 2)
    scaling = column_scaling(data.X, data.w) if standardised else None
    return make_problem(data, output, scaling), p


def settings_of(**parameters):
    usual = {"n_hidden": 3, "alpha": 0.5, "standardize": True, "solver": LBFGS()}
    return Settings(**(usual | {"max_iter": 20, "tol": 1e-4} | parameters))


def seed(k=0):
    return np.random.RandomState(k)


# Data


@pytest.mark.parametrize("factor", [1.0, 3e-300, 5e-324 / 0.2, 7.0, 1e300])
def test_weights_are_divided_exactly_by_a_power_of_two_above_them(factor):
    rng = np.random.default_rng(0)
    w = rng.uniform(0.2, 1, 8) * factor
    given = w.copy()
    data = Data.of_positive_weight(np.zeros((8, 2)), np.zeros(8, int), w)
    assert np.frexp(data.unit)[0] == 0.5  # a power of two
    assert 0.5 <= data.w.max() < 1
    np.testing.assert_array_equal(data.w * data.unit, given)
    assert data.w is w  # overwritten


@pytest.mark.parametrize("as_matrix", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("several", [False, True])
def test_rows_of_zero_weight_are_left_out_with_their_values(as_matrix, several):
    X = np.arange(12.0).reshape(6, 2) + 1
    codes = np.arange(12).reshape(6, 2) if several else np.arange(6)
    X[[1, 4]] = np.inf
    data = Data.of_positive_weight(as_matrix(X), codes, np.array([1.0, 0, 2, 1, 0, 3]))
    kept = [0, 2, 3, 5]
    dense = data.X.toarray() if sp.issparse(data.X) else data.X
    np.testing.assert_array_equal(dense, X[kept])
    np.testing.assert_array_equal(data.codes, codes[kept])
    np.testing.assert_array_equal(data.w * data.unit, [1, 2, 1, 3])


def test_taken_rows_are_copies_in_the_unit_of_the_whole():
    data, p = data_of("K classes")
    assert data.X is p.X  # not copied as long as all rows have weight
    some = data.take(np.array([4, 2, 2]))
    assert some.unit == data.unit
    assert not np.shares_memory(some.X, data.X)
    for part, whole in zip(some[:3], data[:3], strict=True):
        np.testing.assert_array_equal(part, whole[[4, 2, 2]])


def test_a_split_divides_the_rows_by_class():
    data = Data(np.arange(40.0)[:, None], np.arange(40) % 2, np.arange(1.0, 41))
    train_part, held_out = data.split(np.array([0, 1]), 0.25, seed())
    together = np.concatenate([train_part.X, held_out.X]).ravel()
    np.testing.assert_array_equal(np.sort(together), np.arange(40))
    assert np.bincount(held_out.codes).tolist() == [5, 5]
    np.testing.assert_array_equal(held_out.w, held_out.X.ravel() + 1)


# Problem


@every_kind
@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("standardised", [False, True])
def test_F_is_the_oracles_on_standardised_columns(kind, storage, standardised):
    problem, p = problem_of(kind, storage, standardised)
    X = p.dense
    if standardised:
        mean = np.average(X, axis=0, weights=p.w)
        X = (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=p.w))
    for n_hidden in (4, 2):  # the same problem serves both
        theta = np.random.default_rng(n_hidden).standard_normal(problem.layout(n_hidden).size)
        parts = problem.layout(n_hidden).unpack(theta)
        total, *_ = oracle.loss_and_gradient(
            X.tolist(), p.y.tolist(), p.w.tolist(), *(part.tolist() for part in parts), kind
        )
        total += 0.35 * ((parts.W1**2).sum() + (parts.W2**2).sum())
        value, _ = problem.objective(n_hidden, 0.7).loss_gradient(theta)
        assert value == pytest.approx(total / p.w.sum(), rel=1e-12)


def test_several_values_of_alpha_are_several_problems():
    problem, _ = problem_of("two classes")
    theta = np.random.default_rng(0).standard_normal(problem.layout(3).size)
    alphas = np.array([0.1, 1.0, 10.0])
    values, _ = problem.objective(3, alphas).loss_gradient(np.array([theta] * 3))
    alone = [problem.objective(3, alpha).loss_gradient(theta)[0] for alpha in alphas]
    assert values.tolist() == alone
    assert len(set(alone)) == 3


@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("standardised", [False, True])
def test_network_and_theta_undo_each_other(storage, standardised):
    problem, p = problem_of("K classes", storage, standardised)
    theta = np.random.default_rng(0).standard_normal(problem.layout(4).size)
    network = problem.network(theta, 4)
    np.testing.assert_allclose(problem.theta(network), theta, rtol=1e-12, atol=1e-14)
    # On the user's X the network has the losses that F has at theta.
    total, *_ = oracle.loss_and_gradient(
        p.dense.tolist(),
        p.y.tolist(),
        p.w.tolist(),
        *(part.tolist() for part in network),
        "K classes",
    )
    value, _ = problem.objective(4, 0.0).loss_gradient(theta)
    assert value == pytest.approx(total / p.w.sum(), rel=1e-12)


def test_fitted_networks_keep_their_weights_on_columns_that_are_constant_now():
    data, p = data_of("two classes")
    data.X[:, 1] = 7.0
    scaling = column_scaling(data.X, data.w)
    assert scaling.scale[1] == 0
    network = p.layout.unpack(p.theta)
    output = output_for(2, multilabel=False)
    lost = make_problem(data, output, scaling)
    kept = make_problem(data, output, scaling, [network])
    again = kept.network(kept.theta(network), 4)
    for ours, theirs in zip(again, network, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    assert not lost.network(lost.theta(network), 4).W1[1].any()


def test_means_are_rounded_to_the_dtype_of_the_features():
    problem, _ = problem_of("two classes", dtype=np.float32)
    mean = problem.scaling.mean
    np.testing.assert_array_equal(mean, mean.astype(np.float32))
    assert mean.dtype == np.float64


# Starts


def test_starts_are_those_of_their_seeds_and_their_random_states_go_on():
    problem, _ = problem_of("K classes")
    starts = make_starts(problem, settings_of(n_init=2, n_estimators=3), seed(7), None)
    assert [len(member) for member in starts] == [2, 2, 2]
    seeds = seed(7).randint(2**31 - 1, size=6)
    for start, number in zip([one for member in starts for one in member], seeds, strict=True):
        state = seed(number)
        np.testing.assert_array_equal(start.theta, problem.layout(3).initial(state))
        assert start.random_state.randint(10**6) == state.randint(10**6)


def test_fitted_networks_are_the_only_starts_of_their_members():
    problem, p = problem_of("K classes")
    networks = [p.layout.unpack(p.theta), p.layout.unpack(-p.theta)]
    settings = settings_of(n_hidden=4, n_init=5, n_estimators=2)
    starts = make_starts(problem, settings, seed(), networks)
    assert [len(member) for member in starts] == [1, 1]
    for [start], network in zip(starts, networks, strict=True):
        np.testing.assert_array_equal(start.theta, problem.theta(network))


# Solver runs


def start_of(problem, n_hidden=3, k=0):
    return Start(problem.layout(n_hidden).initial(seed(k)), seed(k))


def test_a_run_reports_what_the_solver_found_and_the_monitor_saw():
    problem, _ = problem_of("K classes")
    objective = problem.objective(3, 0.5)
    monitors = [Monitor(), Monitor(hook=lambda theta: True)]
    starts = [start_of(problem), start_of(problem, k=1)]
    one, stopped = run_solver(LBFGS(), objective, starts, monitors, 1e-5, 200)
    assert (one.ending, one.interrupted, one.best_score) == (Ending.CONVERGED, False, None)
    value, gradient = objective.loss_gradient(one.theta)
    assert (one.value, one.largest_gradient) == (value, np.abs(gradient).max())
    assert one.n_iter == len(one.curve) > 3
    assert one.curve[-1] == value
    assert (stopped.ending, stopped.interrupted, stopped.n_iter) == (Ending.STOPPED, True, 1)


def test_with_scores_the_best_iterate_is_kept_be_it_the_start():
    problem, _ = problem_of("K classes")
    objective, start = problem.objective(3, 0.5), start_of(problem)
    scores = iter([0.1, 0.4, 0.9, 0.2, 0.3, 0.3, 0.3])
    thetas = []

    def score(theta):
        thetas.append(theta.copy())
        return next(scores)

    monitor = Monitor(score=score, patience=3)
    [outcome] = run_solver(LBFGS(), objective, [start], [monitor], 1e-9, 100)
    np.testing.assert_array_equal(thetas[0], start.theta)
    np.testing.assert_array_equal(outcome.theta, thetas[2])
    assert outcome.value == objective.loss_gradient(thetas[2])[0]
    assert outcome.best_score == 0.9
    assert outcome.scores == [0.4, 0.9, 0.2, 0.3, 0.3]
    assert outcome.n_iter == len(outcome.curve) == 5
    falling = iter(range(0, -99, -1))
    monitor = Monitor(score=lambda theta: next(falling), patience=2)
    [outcome] = run_solver(LBFGS(), objective, [start], [monitor], 1e-9, 100)
    np.testing.assert_array_equal(outcome.theta, start.theta)
    assert (outcome.best_score, outcome.n_iter) == (0, 2)


# Warm starts


def test_only_networks_whose_F_has_changed_are_to_move():
    """What a solver is asked for: tol, or six tenths of the gradient at the start, or tol / 100."""
    problem, _ = problem_of("K classes")
    objective, asked = problem.objective(3, 0.5), []

    class Asked(LBFGS):
        def solve(self, function, thetas, *, tol, **options):
            asked.append(np.broadcast_to(tol, len(thetas)))
            return super().solve(function, thetas, tol=tol, **options)

    def ask(last_losses, tol):
        starts = [start._replace(last_loss=loss) for loss in last_losses]
        run_solver(Asked(), objective, starts, [Monitor() for _ in starts], tol, 1)
        return asked.pop()

    start = start_of(problem)
    F, gradient = objective.loss_gradient(start.theta)
    largest = np.abs(gradient).max()
    np.testing.assert_array_equal(ask([None, None], 9.0), [9, 9])
    tols = ask([F, F * (1 + 1e-8), F * (1 + 1e-5), np.nan], 2 * largest)
    np.testing.assert_allclose(tols / largest, [2, 2, 0.6, 0.6])
    np.testing.assert_allclose(ask([np.nan], 0.1 * largest), 0.1 * largest)
    np.testing.assert_allclose(ask([np.nan], 1e4 * largest), 1e2 * largest)


def test_a_moved_network_that_meets_tol_has_converged_however_it_ended(capsys):
    problem, _ = problem_of("K classes")
    objective = problem.objective(3, 0.5)
    start, monitor = start_of(problem, k=2)._replace(last_loss=np.nan), Monitor(verbose=1)
    largest = np.abs(objective.loss_gradient(start.theta)[1]).max()
    [outcome] = run_solver(LBFGS(), objective, [start], [monitor], 10 * largest, 1)
    assert 0.6 * largest < outcome.largest_gradient < 10 * largest  # the case in question
    assert (outcome.ending, outcome.n_iter) == (Ending.CONVERGED, 1)
    assert "not converged" not in capsys.readouterr().out
    [outcome] = run_solver(LBFGS(), objective, [start], [monitor], 0.1 * largest, 1)
    assert outcome.ending is Ending.MAX_ITER
    assert "not converged" in capsys.readouterr().out


# Committees


def outcome_of(value, interrupted=False):
    return Outcome(np.zeros(1), value, 0.0, Ending.CONVERGED, 1, [value], [], None, interrupted)


def test_of_each_member_the_start_of_lowest_F_is_kept():
    values = [[3.0, np.nan, 2.0], [np.nan, 5.0, 7.0]]
    calls = []

    def run(some, labels):
        calls.append((list(some), labels))
        return [outcome_of(value) for value in some]

    best, losses = train(values, run, 4)
    assert [outcome.value for outcome in best] == [2.0, 5.0]
    np.testing.assert_array_equal(losses, values)
    assert [len(some) for some, _ in calls] == [4, 2]
    labels = [label for _, several in calls for label in several]
    assert labels[0] == "member 1/2   start 1/3   "
    assert labels[-1] == "member 2/2   start 3/3   "
    assert len(set(labels)) == 6
    train([[1.0]], lambda some, labels: calls.append(labels) or [outcome_of(1.0)], 4)
    assert calls[-1] == [""]


def test_a_member_all_of_whose_starts_overflowed_has_an_outcome():
    best, _ = train([[np.nan, np.nan]], lambda some, _: [outcome_of(value) for value in some], 2)
    assert np.isnan(best[0].value)


def test_after_an_interrupted_start_none_follows():
    ran = []

    def run(some, labels):
        ran.extend(some)
        return [outcome_of(value, interrupted=value == 3.0) for value in some]

    best, losses = train([[4.0, 1.0], [3.0, 2.0], [5.0, 6.0]], run, 1)
    assert ran == [4.0, 1.0, 3.0]
    assert [outcome.value for outcome in best] == [1.0, 3.0]
    np.testing.assert_array_equal(losses, [[4, 1], [3, np.nan], [np.nan, np.nan]])


@every_kind
def test_members_are_the_best_of_their_starts_however_many_go_together(kind, monkeypatch):
    problem, p = problem_of(kind)
    settings = settings_of(n_init=2, n_estimators=2)
    fit = fit_members(problem, settings, seed(3))
    monkeypatch.setattr(type(problem.rows), "n_together", lambda self, layout: 1)
    alone = fit_members(problem, settings, seed(3))
    np.testing.assert_array_equal(fit.start_losses, alone.start_losses)
    assert fit.start_losses.shape == (2, 2)
    for ours, theirs in zip(fit.networks, alone.networks, strict=True):
        for got, want in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(got, want)
    values = [outcome.value for outcome in fit.outcomes]
    assert values == fit.start_losses.min(axis=1).tolist()
    for network, outcome in zip(fit.networks, fit.outcomes, strict=True):
        np.testing.assert_allclose(problem.theta(network), outcome.theta, atol=1e-12)
        assert network.W1.shape == (p.layout.n_features, 3)


def test_a_fit_from_networks_goes_on_with_the_solver_for_that():
    problem, p = problem_of("K classes")
    asked = []

    class Stays(LBFGS):
        """Ends where it starts."""

        def for_warm_start(self):
            asked.append(self)
            return SimpleNamespace(solve=self._solve)

        def _solve(self, function, thetas, **options):
            values, gradients = function.loss_gradient(thetas)
            found = zip(thetas, values.tolist(), gradients, strict=True)
            return [Result(*one, 0, Ending.CONVERGED) for one in found]

    network = p.layout.unpack(p.theta)
    settings = settings_of(n_hidden=4, solver=Stays())
    fit = fit_members(problem, settings, seed(), networks=[network])
    assert len(asked) == 1
    for got, want in zip(fit.networks[0], network, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_scores_and_hooks_get_networks_on_the_users_X():
    problem, _ = problem_of("K classes")
    seen = []

    def hook(network):
        seen.append(network)
        return len(seen) == 5

    settings = settings_of(n_estimators=2, tol=1e-9, n_iter_no_change=99)
    fit = fit_members(problem, settings, seed(), score=lambda n: -n.W1.max(), hook=hook)
    assert len(seen) == 5  # of the first member alone, which it stopped
    [outcome] = fit.outcomes
    assert outcome.interrupted
    assert outcome.scores == [-network.W1.max() for network in seen]
    assert outcome.best_score == max(-problem.network(outcome.theta, 3).W1.max(), *outcome.scores)
    assert np.isnan(fit.start_losses).tolist() == [[False], [True]]


@every_kind
def test_a_random_solver_draws_from_the_random_state_of_its_start(kind):
    problem, _ = problem_of(kind)
    settings = settings_of(solver=Adam(batch_size=7), max_iter=2, n_estimators=2)
    fit = fit_members(problem, settings, seed(5))
    one = settings_of(solver=Adam(batch_size=7), max_iter=2)
    for network, number in zip(fit.networks, seed(5).randint(2**31 - 1, size=2), strict=True):
        alone = fit_members(problem, one, seed(number)).networks[0]
        np.testing.assert_array_equal(network.W1, alone.W1)


def test_the_course_of_some_members_is_the_mean_of_theirs():
    outcomes = [
        Outcome(np.zeros(1), 1.0, 0.0, Ending.CONVERGED, n, curve, scores, best, False)
        for n, curve, scores, best in (
            (2, [4.0, 2.0], [0.5, 0.7], 0.7),
            (1, [1.0], [0.1], 0.3),
        )
    ]
    fit = SimpleNamespace(outcomes=outcomes, start_losses=np.array([[2.0], [1.0]]))
    both = course(fit, slice(None), early_stopping=True)
    assert both["n_iter_"] == 2
    assert both["loss_curve_"] == [2.5, 1.5]
    assert both["validation_scores_"] == pytest.approx([0.3, 0.4])
    assert both["best_validation_score_"] == pytest.approx(0.5)
    second = course(fit, slice(1, 2), early_stopping=False)
    assert second.pop("start_losses_").tolist() == [[1.0]]
    assert second == {"n_iter_": 1, "loss_curve_": [1.0]}


def test_the_tolerance_falls_with_the_width_beyond_a_hundred_units():
    assert gradient_tol(1e-4, 100) == 1e-4
    assert gradient_tol(1e-4, 400) == 2.5e-5
