"""The path over alpha in the folds, and the weights that stack it."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse as sp
from scipy.special import expit, log_softmax, softmax
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.model_selection import KFold
from sklearn.utils import check_random_state

from skshallow import ShallowTanhClassifier, _path, _rows
from skshallow._committee import spawn
from skshallow._fit import Data
from skshallow._path import (
    Choice,
    Folds,
    PathSettings,
    Step,
    combined_logits,
    follow,
    log_odds,
    refit,
    row_losses,
    solve,
    stack,
)
from skshallow._solvers import Ending, Result, make_solver
from skshallow._splits import Split
from skshallow._standardize import column_scaling
from skshallow._target import encode_target

X, Y = load_iris(return_X_y=True)
A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
KINDS = {"two classes": (X, (Y > 1).astype(int)), "K classes": (X, Y), "multilabel": (A / 10, B)}
every_kind = pytest.mark.parametrize("kind", KINDS)

N_FOLDS, N_HIDDEN = 3, 4


def settings_of(solver="lbfgs", tol=1e-3, max_iter=5000, n_jobs=None):
    return PathSettings(
        n_hidden=N_HIDDEN,
        solver=make_solver(solver, vars(ShallowTanhClassifier())),
        tol=tol,
        max_iter=max_iter,
        n_jobs=n_jobs,
    )


def folds_of(kind, storage="dense", noise=False, **settings):
    data, y = KINDS[kind]
    rng = np.random.default_rng(1)
    if noise:
        data = rng.standard_normal(data.shape)
    target = encode_target(y)
    w = rng.uniform(0.5, 3, len(y))
    rows = data if storage == "dense" else sp.csr_matrix(data)
    data = Data.of_positive_weight(rows, target.codes, w)
    splits = [Split(*rows) for rows in KFold(N_FOLDS, shuffle=True, random_state=0).split(w)]
    scaling = column_scaling(data.X, data.w)
    return Folds(data, target.output, scaling, splits, settings_of(**settings))


def starts_of(folds):
    states = spawn(check_random_state(0), len(folds.splits))
    return np.array([folds.layout.initial(state) for state in states]), states


def path_of(folds, alphas, report=lambda step: False, end_early=False):
    thetas, states = starts_of(folds)
    return follow(
        folds, np.array(alphas), thetas, states, first=len(alphas) // 2, end_early=end_early,
        report=report,
    )  # fmt: skip


def losses_by_definition(Z, codes, kind):
    if kind == "K classes":
        return -log_softmax(Z, axis=1)[np.arange(len(Z)), codes]
    codes = codes.reshape(Z.shape)
    return -np.log(np.where(codes == 1, expit(Z), expit(-Z))).sum(axis=1)


# The order of the visits


class Named(NamedTuple):
    """A solver that is nothing but a name."""

    name: str

    def for_warm_start(self):
        return Named("warm")


class Fake:
    """Folds with a given loss at each alpha, whose network at alpha is the number alpha."""

    def __init__(self, losses, shares, flat=np.inf):
        self.losses, self.shares, self.flat_loss = losses, shares, flat
        self.visits, self.solvers, self.limits = [], [], []
        self.settings = replace(settings_of(), solver=Named("first"))

    def solve(self, settings, alpha, thetas, states):
        self.solvers.append(settings.solver.name)
        self.limits.append(settings.max_iter)
        self.visits.append((alpha, thetas[0, 0]))
        return [Result(np.array([alpha]), 0.0, np.zeros(1), 2, Ending.CONVERGED) for _ in thetas]

    def held_out_logits(self, thetas):
        return thetas

    def loss(self, Z):
        return self.losses[int(Z[0, 0])]

    def know(self, Z):
        return np.full(len(Z), self.loss(Z) < self.shares)

    def flat(self, Z):
        return self.loss(Z) >= self.flat_loss


def visits(losses, end_early, stop_after=None, first=None, shares=np.inf, flat=np.inf):
    fake, reported = Fake(losses, shares, flat), []
    first = len(losses) // 2 if first is None else first

    def report(step):
        reported.append(step)
        return len(reported) == stop_after

    alphas = np.arange(float(len(losses)))
    steps = follow(
        fake, alphas, np.full((2, 1), -1.0), [None] * 2, first=first, end_early=end_early,
        report=report,
    )  # fmt: skip
    assert [step.alpha for step in reported] == [alpha for alpha, _ in fake.visits]
    assert sorted(reported, key=lambda step: step.alpha) == steps
    assert all(step.n_iter == 4 and step.loss == losses[int(step.alpha)] for step in steps)
    return fake.visits


def test_alphas_are_visited_upwards_from_the_middle_and_then_downwards_each_from_its_neighbour():
    expected = [(2, -1), (3, 2), (4, 3), (1, 2), (0, 1)]
    assert visits([5, 4, 3, 2, 1], end_early=False) == expected
    assert visits([1], end_early=False) == [(0, -1)]
    assert visits([1, 2], end_early=True) == [(1, -1), (0, 1)]
    assert visits([3, 2, 1], end_early=True, first=0) == [(0, -1), (1, 0), (2, 1)]
    assert visits([1, 2, 3], end_early=True, first=2) == [(2, -1), (1, 2), (0, 1)]


def test_a_solution_that_knows_nothing_is_no_start_downwards():
    losses = [0.5, 0.6, 0.7, 0.7, 0.7]
    expected = [(3, -1), (4, 3), (2, -1), (1, -1), (0, 1)]
    assert visits(losses, end_early=False, first=3, shares=0.7) == expected
    expected[2:4] = [(2, 3), (1, 2)]
    assert visits(losses, end_early=False, first=3, shares=0.72) == expected


def test_the_path_goes_on_downwards_where_networks_say_nothing():
    losses = [0.5, 0.5, 0.6, 0.7, 0.7, 0.7]
    options = {"end_early": True, "first": 4, "shares": 0.7}
    assert [alpha for alpha, _ in visits(losses, **options)] == [4, 5, 3]
    assert [alpha for alpha, _ in visits(losses, **options, flat=0.7)] == [4, 5, 3, 2, 1, 0]
    # Upwards there is nothing to wait for.
    losses = [0.5, 0.7, 0.7, 0.7]
    options = {"end_early": True, "first": 1, "shares": 0.7, "flat": 0.7}
    assert [alpha for alpha, _ in visits(losses, **options)] == [1, 2, 0]


def test_the_path_leaves_an_alpha_at_which_all_weights_are_zero():
    folds = folds_of("K classes")
    shares = folds.loss(folds.prior_logits())
    steps = path_of(folds, [0.1, 1e4, 1e5])
    [alone] = path_of(folds, [0.1])
    assert steps[1].loss == pytest.approx(shares, rel=1e-3)
    assert folds.flat(steps[1].logits)
    assert not folds.flat(alone.logits)
    np.testing.assert_array_equal(steps[0].thetas, alone.thetas)
    assert alone.loss < 0.9 * shares


def test_a_fold_alone_starts_cold_where_its_own_network_knows_nothing():
    folds = folds_of("K classes")
    [last] = path_of(folds, [1.0])
    last.thetas[1] = 0.0
    Z = folds.held_out_logits(last.thetas)
    np.testing.assert_array_equal(folds.know(Z), [True, False, *[True] * (N_FOLDS - 2)])


def test_a_direction_ends_where_the_loss_is_not_better_than_the_best():
    assert [alpha for alpha, _ in visits([9, 9, 1.5, 2, 1, 1.1, 9], True)] == [3, 4, 5, 2]
    # Upwards had the best; downwards it is compared with that.
    assert [alpha for alpha, _ in visits([0.8, 0.9, 2, 1, 1.01], True)] == [2, 3, 4, 1, 0]
    assert [alpha for alpha, _ in visits([0.8, 1, 2, 1, 1.01], True)] == [2, 3, 4, 1]


def test_what_is_for_warm_starts_goes_on_from_the_first_alpha():
    fake = Fake([1.0, 1.0, 1.0], np.inf)
    thetas = np.full((2, 1), -1.0)
    follow(fake, np.arange(3.0), thetas, [None] * 2, first=1, end_early=True, report=bool_of)
    assert fake.solvers == ["first", "warm", "warm"]


def bool_of(step):
    return False


def test_a_little_better_is_not_enough():
    better = 1 - _path._BETTER
    assert len(visits([better**2 - 1e-9, better - 1e-9, 1], end_early=True, first=2)) == 3
    assert len(visits([better**2 - 1e-9, better + 1e-9, 1], end_early=True, first=2)) == 2
    assert len(visits([1, better - 1e-9, better**2 - 2e-9], end_early=True, first=0)) == 3
    assert len(visits([1, better + 1e-9, better**2 - 2e-9], end_early=True, first=0)) == 2
    # The best so far is also one that was not better by enough to go on.
    visited = visits([0.99, 0.994, 1, 0.996, 1], end_early=True)
    assert [alpha for alpha, _ in visited] == [2, 3, 1]


def limits(shares, end_early):
    fake, thetas = Fake([4.0, 5.0, 8.0, 7.0, 6.0], shares), np.full((2, 1), -1.0)
    options = {"first": 2, "end_early": end_early, "report": bool_of}
    follow(fake, np.arange(5.0), thetas, [None] * 2, **options)
    return fake.limits


def test_warm_starts_take_few_iterations_where_alphas_are_not_given():
    few, all_ = _path._WARM_MAX_ITER, settings_of().max_iter
    assert few < all_
    assert limits(np.inf, end_early=True) == [all_, few, few, few, few]
    assert limits(np.inf, end_early=False) == [all_] * 5
    # What starts cold, downwards, may take as many as the first.
    assert limits(7.5, end_early=True) == [all_, few, few, all_, few]


def test_a_given_array_is_visited_whole():
    assert len(visits([9, 9, 1, 9, 9], end_early=False)) == 5


@pytest.mark.parametrize("stop_after", [1, 2, 4])
def test_a_report_that_is_true_ends_the_path(stop_after):
    alphas = [alpha for alpha, _ in visits([1, 1, 1, 1, 1], end_early=False, stop_after=stop_after)]
    assert alphas == [2, 3, 4, 1][:stop_after]


@every_kind
def test_a_step_holds_what_the_folds_networks_say_of_the_rows_that_are_held_out(kind):
    folds = folds_of(kind)
    step = path_of(folds, [1.0, 10.0])[0]
    data, y = KINDS[kind]
    at = 0
    for split, network in zip(folds.splits, folds.networks(step.thetas), strict=True):
        Z = np.tanh(data[split.test] @ network.W1 + network.b1) @ network.W2 + network.b2
        np.testing.assert_allclose(step.logits[at : at + len(Z)], Z, rtol=1e-10, atol=1e-12)
        at += len(Z)
    order = np.concatenate([split.test for split in folds.splits])
    losses = losses_by_definition(step.logits, y[order], kind)
    assert step.loss == pytest.approx(np.average(losses, weights=folds.data.w[order]))
    parts = zip(folds.splits, np.split(step.logits, folds._ends), strict=True)
    by_fold = [
        np.average(losses_by_definition(Z, y[split.test], kind), weights=folds.data.w[split.test])
        for split, Z in parts
    ]
    np.testing.assert_allclose(folds.fold_losses(step.logits), by_fold)


def test_warm_starts_take_fewer_iterations_than_cold_ones():
    folds = folds_of("K classes")
    alphas = [0.5, 1.0, 2.0, 4.0]
    warm = path_of(folds, alphas)
    cold = [path_of(folds, [alpha])[0] for alpha in alphas]
    assert sum(step.n_iter for step in warm) < 0.8 * sum(step.n_iter for step in cold)
    np.testing.assert_array_equal(warm[2].thetas, cold[2].thetas)  # the middle starts cold


# The folds' networks


def solved(folds, alpha=0.5):
    thetas, states = starts_of(folds)
    return folds.solve(folds.settings, alpha, thetas, states)


@every_kind
@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
def test_folds_side_by_side_are_those_on_rows_of_their_own(kind, storage, solver, monkeypatch):
    together = folds_of(kind, storage, solver=solver, tol=0, max_iter=8)
    assert together._weights is not None
    monkeypatch.setattr(_rows, "_SIDE_BY_SIDE", 1)
    apart = folds_of(kind, storage, solver=solver, tol=0, max_iter=8)
    assert apart._weights is None
    for one, other in zip(solved(together), solved(apart), strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-9)
        np.testing.assert_allclose(one.theta, other.theta, rtol=1e-5, atol=1e-7)


def test_rows_that_are_held_out_have_no_effect_on_their_folds_network():
    folds = folds_of("K classes")
    before = solved(folds)
    test = folds.splits[1].test
    folds.data.codes[test] = 0  # the folds' problem has its own encoding of them
    changed = Folds(folds.data, folds.output, folds.scaling, folds.splits, folds.settings)
    after = solved(changed)
    np.testing.assert_array_equal(after[1].theta, before[1].theta)
    assert (after[0].theta != before[0].theta).any()


@pytest.mark.parametrize("kind", ["K classes", "multilabel"])
def test_processes_find_what_one_finds_on_rows_of_the_folds_own(kind, monkeypatch):
    found = solved(folds_of(kind, n_jobs=2))
    monkeypatch.setattr(_rows, "_SIDE_BY_SIDE", 1)
    for one, other in zip(found, solved(folds_of(kind)), strict=True):
        np.testing.assert_array_equal(one.theta, other.theta)


@every_kind
def test_what_is_kept_goes_on_from_the_folds_networks_on_all_rows(kind):
    folds = folds_of(kind, noise=True)
    steps = path_of(folds, [1.0, 3.0, 10.0])
    v = np.array([0.5, 0.0, 0.25])
    choice = Choice(steps, np.zeros((3, N_FOLDS)), 0, v, 0.1, [0, 2], 0.0, 0.0)
    _, states = starts_of(folds)
    kept = refit(folds, settings_of(tol=1e-4), choice, 2, states)
    assert kept.alphas == [1.0, 1.0, 10.0, 10.0]
    np.testing.assert_array_equal(kept.weights, [0.25, 0.25, 0.125, 0.125])
    assert all(result.largest_gradient <= 1e-4 for result in kept.results)
    objective = folds.problem.objective(N_HIDDEN, 10.0)
    theta = folds.problem.theta(kept.networks[2])
    [value], gradient = objective.loss_gradient(theta[None])
    assert value == pytest.approx(kept.results[2].value)
    assert np.abs(gradient).max() <= 2e-4
    one_more = refit(folds, settings_of(tol=1e9), choice, 2, states)
    starts = [steps[0].thetas[0], steps[0].thetas[1], steps[2].thetas[0], steps[2].thetas[1]]
    np.testing.assert_array_equal([result.theta for result in one_more.results], starts)


def test_members_go_on_from_folds_that_know_and_train_on_most_rows():
    """As of a series in time: the first fold trains on few rows, the last says nothing."""
    folds = folds_of("K classes")
    few, rest = folds.splits[0], folds.splits[1:]
    folds.splits = [few._replace(train=few.train[:20]), *rest]
    thetas, states = starts_of(folds)
    good, prior = path_of(folds_of("K classes"), [1.0])[0].logits, folds.prior_logits()
    Z = np.concatenate([*np.split(good, folds._ends)[:2], np.split(prior, folds._ends)[2]])
    assert folds.know(Z).tolist() == [True, True, False]
    step = Step(1.0, thetas, Z, 0.0, 0, 0.0)
    choice = Choice([step], np.zeros((1, N_FOLDS)), 0, np.ones(1), 0.0, [0], 0.0, 0.0)
    kept = refit(folds, settings_of(tol=1e9), choice, 3, states)
    np.testing.assert_array_equal([result.theta for result in kept.results], thetas[[1, 0, 2]])


@every_kind
def test_a_fold_knows_something_where_it_is_better_than_the_class_shares_by_two_percent(kind):
    folds = folds_of(kind)
    of_shares = folds.fold_losses(folds.prior_logits())
    for factors in ([0.97, 0.99, 1.0], [0.5, 2.0, 0.979]):
        losses = of_shares * factors
        folds.fold_losses = lambda Z, losses=losses: of_shares if Z is None else losses
        folds.prior_logits = lambda: None
        assert folds.know(np.zeros(1)).tolist() == [factor < 0.98 for factor in factors]


def test_numbers_that_overflow_show_in_the_loss_and_warn_nowhere():
    folds = folds_of("K classes")
    thetas, states = starts_of(folds)
    huge = np.full_like(thetas, 1e308) * np.where(np.arange(thetas.shape[1]) % 2, 1, -1)
    with np.errstate(all="raise"):
        assert not np.isfinite(folds.held_out_logits(huge)).all()
        objective = folds.problem.objective(N_HIDDEN, 1.0)
        results = solve(folds.settings, objective, huge, states)
    assert not any(np.isfinite(result.value) for result in results)


# Losses and log-odds by their definitions


@every_kind
def test_losses_of_rows(kind):
    folds = folds_of(kind)
    Z = 3 * np.random.default_rng(0).standard_normal((len(folds.w), folds.output.n_outputs))
    expected = losses_by_definition(Z, folds.codes, kind)
    np.testing.assert_allclose(row_losses(Z, folds.codes, folds.output), expected)
    assert np.isfinite(row_losses(1e4 * Z, folds.codes, folds.output)).all()


@every_kind
def test_the_log_odds_are_those_of_the_weighted_shares(kind):
    folds = folds_of(kind)
    codes, w = folds.data.codes, folds.data.w
    Z = log_odds(codes, w, folds.output)
    assert Z.shape == (folds.output.n_outputs,)
    if kind == "K classes":
        shares = [np.average(codes == k, weights=w) for k in range(3)]
        np.testing.assert_allclose(softmax(Z), shares)
    else:
        np.testing.assert_allclose(expit(Z), np.average(codes, axis=0, weights=w))
    np.testing.assert_allclose(log_odds(codes, 8 * w, folds.output), Z)


@every_kind
def test_a_share_of_nothing_counts_as_half_a_row(kind):
    target = encode_target(KINDS[kind][1])
    codes = np.zeros((10, 3), int) if kind == "multilabel" else np.zeros(10, int)
    Z = log_odds(codes, np.full(10, 2.0), target.output)
    rare = {"two classes": 0.5 / 10.5, "K classes": 0.5 / 11, "multilabel": 0.5 / 10}[kind]
    if kind == "K classes":
        np.testing.assert_allclose(softmax(Z), [10 / 11, rare, rare])
    else:
        np.testing.assert_allclose(expit(Z), rare)
    if kind == "multilabel":
        always = log_odds(np.ones((10, 3), int), np.full(10, 2.0), target.output)
        np.testing.assert_allclose(always, -Z)


@every_kind
def test_the_class_shares_are_those_of_each_folds_training_rows(kind):
    folds = folds_of(kind)
    Z = folds.prior_logits()
    ends = np.cumsum([0, *(len(split.test) for split in folds.splits)])
    for k, split in enumerate(folds.splits):
        expected = log_odds(folds.data.codes[split.train], folds.data.w[split.train], folds.output)
        part = Z[ends[k] : ends[k + 1]]
        np.testing.assert_array_equal(part, np.broadcast_to(expected, part.shape))


@every_kind
def test_combined_logits_are_a_weighted_sum(kind):
    folds = folds_of(kind)
    steps = path_of(folds, [1.0, 10.0])
    one, other = (step.logits for step in steps)
    Z = combined_logits(steps, np.array([0.5, 2.0]), 0.3, folds)
    np.testing.assert_allclose(Z, 0.5 * one + 2 * other + 0.3 * folds.prior_logits())
    Z = combined_logits(steps[:1], np.ones(1), 0.0, folds)
    np.testing.assert_array_equal(Z, one)


# The stack


def candidates_of(kind, n_candidates=4, seed=0, noise=1.5):
    """Logits that say something of the truth, and differ."""
    folds = folds_of(kind)
    rng = np.random.default_rng(seed)
    truth = np.eye(3)[folds.codes] if kind == "K classes" else folds.codes.reshape(len(folds.w), -1)
    return folds, [
        truth - 0.5 + noise * (1 + k) * rng.standard_normal(truth.shape) / 2
        for k in range(n_candidates)
    ]


def stacked_loss(v, candidates, folds, kind):
    """The problem as its documentation states it."""
    Z = sum(weight * candidate for weight, candidate in zip(v, candidates, strict=True))
    loss = np.average(losses_by_definition(Z, folds.codes, kind), weights=folds.w)
    return loss + 0.5 * _path._PULL / len(Z) * ((v - 1 / len(v)) ** 2).sum()


@every_kind
@pytest.mark.parametrize("seed", range(3))
def test_the_stack_solves_its_convex_problem(kind, seed, monkeypatch):
    monkeypatch.setattr(_path, "_LEAST_SHARE", 0)
    folds, candidates = candidates_of(kind, seed=seed)
    v = stack(candidates, folds.codes, folds.w, folds.output)
    assert (v >= 0).all()
    reference = scipy.optimize.minimize(
        stacked_loss, np.full(4, 0.25), (candidates, folds, kind), method="SLSQP",
        bounds=[(0, None)] * 4, options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    assert stacked_loss(v, candidates, folds, kind) == pytest.approx(reference.fun, rel=1e-7)
    np.testing.assert_allclose(v, reference.x, rtol=2e-3, atol=1e-3)


@every_kind
def test_two_weights_are_the_best_of_a_fine_grid(kind):
    folds, candidates = candidates_of(kind, 2)
    v = stack(candidates, folds.codes, folds.w, folds.output)
    grid = np.linspace(0, 4, 81)
    losses = [[stacked_loss(np.array([a, b]), candidates, folds, kind) for b in grid] for a in grid]
    ours = stacked_loss(v, candidates, folds, kind)
    assert np.min(losses) - 1e-3 < ours <= np.min(losses)


@every_kind
def test_the_stacks_gradient_is_that_of_its_value(kind, monkeypatch):
    monkeypatch.setattr(_path, "_LEAST_SHARE", 0)
    folds, candidates = candidates_of(kind)
    checked = []

    def check(function, x0, **options):
        v = np.random.default_rng(0).uniform(0.1, 1, len(x0))
        value, gradient = function(v)
        assert value == pytest.approx(stacked_loss(v, candidates, folds, kind))
        steps = 1e-5 * np.eye(len(v))
        numeric = [(function(v + h)[0] - function(v - h)[0]) / 2e-5 for h in steps]
        np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)
        checked.append(v)
        return scipy.optimize.minimize(function, x0, **options)

    monkeypatch.setattr(_path, "minimize", check)
    stack(candidates, folds.codes, folds.w, folds.output)
    assert checked


def test_candidates_that_say_the_same_share_their_weight():
    folds, [one, *_] = candidates_of("K classes")
    v = stack([one, one, one], folds.codes, folds.w, folds.output)
    [alone] = stack([one], folds.codes, folds.w, folds.output)
    np.testing.assert_allclose(v, v.mean(), rtol=1e-4)
    assert v.sum() == pytest.approx(alone, rel=2e-2)  # each is pulled towards a third


def test_a_candidate_of_the_contrary_gets_no_weight():
    folds, [one, *_] = candidates_of("K classes")
    assert stack([one, -one], folds.codes, folds.w, folds.output)[1] == 0
    np.testing.assert_array_equal(stack([-one, -one], folds.codes, folds.w, folds.output), 0)


def test_small_weights_are_zero_and_the_others_are_found_without_them(monkeypatch):
    folds, candidates = candidates_of("K classes", 3)
    monkeypatch.setattr(_path, "_LEAST_SHARE", 0.25)
    v = stack(candidates[::-1], folds.codes, folds.w, folds.output)[::-1]
    kept = np.flatnonzero(v)
    assert 0 < len(kept) < 3
    # The pull is still towards a third.
    again = _path._least_loss(
        [candidates[k] for k in kept], 1 / 3, folds.codes, folds.w, folds.output
    )
    np.testing.assert_allclose(v[kept], again, rtol=1e-6)


@every_kind
@pytest.mark.parametrize("noise", [False, True])
def test_a_stack_is_never_worse_out_of_fold_than_the_class_shares(kind, noise):
    folds = folds_of(kind, noise=noise)
    steps = path_of(folds, [0.1, 1.0, 10.0])
    prior = folds.prior_logits()
    *v, weight = stack([*(s.logits for s in steps), prior], folds.codes, folds.w, folds.output)
    Z = combined_logits(steps, np.array(v), weight, folds)
    # But for the pull towards equal weights, which is at most half of it.
    assert folds.loss(Z) <= folds.loss(prior) + 0.5 * _path._PULL / len(Z)
    assert folds.loss(Z) <= min(step.loss for step in steps) + 0.5 * _path._PULL / len(Z)
    if not noise:
        assert folds.loss(Z) < 0.9 * folds.loss(prior)
