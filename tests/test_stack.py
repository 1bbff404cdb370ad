"""An `Objective` of many problems over the same rows is that many objectives, to the bit."""

from typing import NamedTuple

import numpy as np
import oracle
import pytest
from problems import N_FEATURES, N_SAMPLES, make_problem

from skshallow import _objective
from skshallow._objective import Objective
from skshallow._parameters import Layout
from skshallow._rows import RowBlocks
from skshallow._solvers import SOLVERS, _auto, _newton, make_solver
from skshallow._standardize import column_scaling

N_PROBLEMS = 25  # 5 values of alpha with 5 weightings
ALPHAS = np.repeat([0.01, 0.1, 0.5, 2.0, 10.0], 5)
PARAMETERS = {"batch_size": 8, "learning_rate": "cosine", "learning_rate_init": 0.02}
PARAMETERS |= {"shuffle": True, "momentum": 0.9, "nesterovs_momentum": True}

MAX_ITER = {"auto": 4, "lbfgs": 4, "newton": 4, "adam": 2, "sgd": 2}

every_kind = pytest.mark.parametrize("kind", oracle.KINDS)
every_storage = pytest.mark.parametrize("storage", ["dense", "CSR"])


def weightings():
    """Weights (25, n): five rows of weights in turn, each with zeros at rows of its own."""
    rng = np.random.default_rng(5)
    weights = rng.uniform(0.2, 3, (5, N_SAMPLES))
    for k in range(1, 5):  # the first has all rows
        weights[k, rng.choice(N_SAMPLES, 4, replace=False)] = 0
    return np.tile(weights, (5, 1))


class Stack(NamedTuple):
    """Problems over the same rows, together and one by one."""

    together: Objective
    alone: list  # an Objective for each, whose rows have its weights
    thetas: np.ndarray


def make_stack(kind, storage="dense", dtype=np.float64, standardised=True):
    p = make_problem(kind, storage, dtype=dtype)
    weights, y = weightings(), p.loss.encode(p.y)
    scaling = column_scaling(p.X, np.ones(N_SAMPLES)) if standardised else None

    def rows(w):
        found = RowBlocks(p.X, y, w, n_rows=7)
        return found.standardised(scaling) if standardised else found

    totals = weights.sum(axis=1)
    # The rows' own weights are not to be used.
    together = Objective(rows(p.w), p.layout, p.loss, ALPHAS, totals, weights)
    alone = [
        Objective(rows(w), p.layout, p.loss, float(alpha), float(total))
        for w, alpha, total in zip(weights, ALPHAS, totals, strict=True)
    ]
    thetas = np.random.default_rng(1).standard_normal((N_PROBLEMS, p.layout.size))
    return Stack(together, alone, thetas)


def solve(name, objective, thetas, numbers, max_iter):
    """Results, and the path of each start, where start k has the random numbers numbers[k]."""
    paths = [[] for _ in thetas]

    def callback(k, theta, value, gradient):
        paths[k].append((theta.copy(), value, gradient.copy()))
        return numbers[k] % 7 == 3 and len(paths[k]) == 1  # some are stopped

    with np.errstate(over="ignore"):  # as in a fit, of steps that are far too long
        results = make_solver(name, PARAMETERS).solve(
            objective,
            thetas,
            tol=1e-3,
            max_iter=max_iter,
            callback=callback,
            random_states=[np.random.RandomState(k) for k in numbers],
        )
    return results, paths


def assert_solved_alike(name, stack, max_iter):
    """The stack's solves are the separate ones, and do not all take as many iterations."""
    results, paths = solve(name, stack.together, stack.thetas, range(N_PROBLEMS), max_iter)
    for k, (result, path) in enumerate(zip(results, paths, strict=True)):
        [want], [way] = solve(name, stack.alone[k], stack.thetas[k : k + 1], [k], max_iter)
        assert (result.n_iter, result.ending) == (want.n_iter, want.ending)
        assert result.value == want.value
        np.testing.assert_array_equal(result.theta, want.theta)
        np.testing.assert_array_equal(result.gradient, want.gradient)
        assert len(path) == len(way)
        for ours, theirs in zip(path, way, strict=True):
            assert ours[1] == theirs[1]
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_array_equal(ours[2], theirs[2])
    assert len({result.n_iter for result in results}) > 1


@every_kind
@every_storage
@pytest.mark.parametrize("name", SOLVERS)
def test_a_stack_is_solved_as_its_problems_are_alone(name, kind, storage):
    assert_solved_alike(name, make_stack(kind, storage), MAX_ITER.get(name, 6))


@every_kind
@every_storage
def test_a_stack_is_solved_alike_by_conjugate_gradients(kind, storage, monkeypatch):
    monkeypatch.setattr(_newton, "EXACT_SIZE", 0)
    assert_solved_alike("newton", make_stack(kind, storage), 2)


@every_kind
def test_a_stack_is_solved_alike_by_epochs_and_then_by_lbfgs(kind, monkeypatch):
    monkeypatch.setattr(_auto, "STOCHASTIC_ROWS", 1)
    monkeypatch.setattr(_auto, "STOCHASTIC_EPOCHS", 2)
    # Those that the callback stops in the epochs have no further descent.
    assert_solved_alike("auto", make_stack(kind), 6)


@every_kind
@pytest.mark.parametrize("name", [*SOLVERS, "newton with conjugate gradients"])
def test_a_stack_is_solved_alike_where_the_descent_is_in_float32(name, kind, monkeypatch):
    monkeypatch.setattr(_objective, "FLOAT32_ENTRIES", 1)
    max_iter = MAX_ITER.get(name, 2)
    if name not in SOLVERS:
        monkeypatch.setattr(_newton, "EXACT_SIZE", 0)
        name = "newton"
    stack = make_stack(kind)
    assert stack.together.in_float32(hessians=True).precision == np.finfo(np.float32).eps
    assert_solved_alike(name, stack, max_iter)


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_float32_rows_and_rows_as_they_are_are_solved_alike(storage):
    assert_solved_alike("lbfgs", make_stack("K classes", storage, np.float32), 6)
    assert_solved_alike("lbfgs", make_stack("K classes", storage, standardised=False), 6)


@pytest.mark.parametrize("own", ["alpha", "weights"])
def test_a_stack_may_share_its_weights_or_its_alpha(own):
    p, weights = make_problem("two classes"), weightings()
    rows = p.rows(n_rows=7)
    thetas = np.random.default_rng(1).standard_normal((N_PROBLEMS, p.layout.size))
    if own == "alpha":
        together = Objective(rows, p.layout, p.loss, ALPHAS, p.w.sum())
        alone = [Objective(rows, p.layout, p.loss, alpha, p.w.sum()) for alpha in ALPHAS]
    else:
        totals = weights.sum(axis=1)
        together = Objective(rows, p.layout, p.loss, 0.3, totals, weights)
        # A stack of one.
        alone = [
            Objective(rows, p.layout, p.loss, 0.3, total, w[None])
            for total, w in zip(totals, weights, strict=True)
        ]
    for name in ("lbfgs", "newton", "adam"):
        assert_solved_alike(name, Stack(together, alone, thetas), 3)


def everything_at(objective, thetas, directions, indices):
    """All that may be asked of an objective at a stack of thetas."""
    found = [*objective.loss_gradient(thetas), *objective.minibatch_gradient(thetas, indices)]
    for gauss_newton in (False, True):
        found += objective.loss_gradient_hessian(thetas, gauss_newton)
        found.append(objective.hessp(thetas, directions, gauss_newton))
    return found


@every_kind
@every_storage
@pytest.mark.parametrize("entries", [1, 2**14])
def test_take_gives_those_problems_in_any_order_and_number(kind, storage, entries, monkeypatch):
    monkeypatch.setattr(_objective, "FLOAT32_ENTRIES", entries)  # 1: minibatches in float32
    stack = make_stack(kind, storage)
    indices = np.array([3, 3, 20, 0, 11, 7, 22])
    directions = np.random.default_rng(2).standard_normal(stack.thetas.shape)
    alone = [
        everything_at(one, theta[None], direction[None], indices)
        for one, theta, direction in zip(stack.alone, stack.thetas, directions, strict=True)
    ]
    for which in ([0], [24, 3, 3, 11], list(range(N_PROBLEMS))[::-1]):
        taken = stack.together.take(which)
        got = everything_at(taken, stack.thetas[which], directions[which], indices)
        for part, values in enumerate(got):
            want = np.concatenate([alone[k][part] for k in which])
            np.testing.assert_array_equal(values, want)
    # And of what was taken, some.
    again = stack.together.take([24, 3, 11]).take([2, 0])
    got = again.loss_gradient(stack.thetas[[11, 24]])
    for part, values in enumerate(got):
        np.testing.assert_array_equal(values, np.concatenate([alone[k][part] for k in (11, 24)]))


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_what_is_taken_in_float32_is_float32s(storage, monkeypatch):
    monkeypatch.setattr(_objective, "FLOAT32_ENTRIES", 1)
    stack = make_stack("K classes", storage)
    which = [7, 2]
    if storage == "CSR":
        assert stack.together.in_float32() is None
        return
    orders = [stack.together.take(which).in_float32(), stack.together.in_float32().take(which)]
    values = [one.loss_gradient(stack.thetas[which])[0] for one in orders]
    np.testing.assert_array_equal(*values)
    in_float64 = stack.together.take(which).loss_gradient(stack.thetas[which])[0]
    np.testing.assert_allclose(values[0], in_float64, rtol=1e-5)
    assert (values[0] != in_float64).all()


@every_kind
@every_storage
def test_values_and_gradients_are_the_oracles_with_each_problems_weights(kind, storage):
    p, weights = make_problem(kind, storage), weightings()
    totals = weights.sum(axis=1)
    rows = p.rows(n_rows=7)
    objective = Objective(rows, p.layout, p.loss, ALPHAS, totals, weights)
    thetas = np.random.default_rng(1).standard_normal((N_PROBLEMS, p.layout.size))
    values, gradients = objective.loss_gradient(thetas)
    for k in range(3, N_PROBLEMS, 6):  # each alpha and each weighting once
        parts = p.layout.unpack(thetas[k])
        total, *derivatives = oracle.loss_and_gradient(
            p.dense.tolist(), p.y.tolist(), weights[k].tolist(), *(a.tolist() for a in parts), kind
        )
        total += ALPHAS[k] / 2 * ((parts.W1**2).sum() + (parts.W2**2).sum())
        assert values[k] == pytest.approx(total / totals[k], rel=1e-12)
        for got, dloss, part in zip(p.layout.unpack(gradients[k]), derivatives, parts, strict=True):
            pull = ALPHAS[k] * part if part.ndim == 2 else 0
            np.testing.assert_allclose(got, (dloss + pull) / totals[k], rtol=1e-10, atol=1e-13)


def test_a_row_without_weight_in_a_problem_has_no_part_in_it():
    p, weights = make_problem("K classes"), weightings()
    junk = p.dense.copy()
    junk[weights[1] == 0] = 30
    one, other = (
        Objective(part.rows(), p.layout, p.loss, ALPHAS, weights.sum(axis=1), weights)
        for part in (p, p._replace(X=junk))
    )
    thetas = np.random.default_rng(1).standard_normal((N_PROBLEMS, p.layout.size))
    ours, theirs = (each.loss_gradient(thetas) for each in (one, other))
    assert (weights[6] == weights[1]).all()
    for got, want in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(got[[1, 6]], want[[1, 6]])
        assert not (got[[0, 2]] == want[[0, 2]]).all()


def test_the_same_rows_serve_networks_of_several_sizes():
    p = make_problem("K classes", "CSR")
    for rows in (p.rows(n_rows=7), p._replace(X=p.dense).rows(n_rows=7)):
        for n_hidden in (4, 9, 1, 4, 2):
            layout = Layout(N_FEATURES, n_hidden, 3)
            thetas = np.random.default_rng(n_hidden).standard_normal((3, layout.size))
            fresh = RowBlocks(rows._X, rows._y, p.w, n_rows=7)
            pair = [
                Objective(some, layout, p.loss, 0.3, p.w.sum()).loss_gradient_hessian(thetas)
                for some in (rows, fresh)
            ]
            for got, want in zip(*pair, strict=True):
                np.testing.assert_array_equal(got, want)


def test_where_all_is_shared_take_returns_the_objective_itself():
    p = make_problem("two classes")
    shared = p.objective(0.3)
    assert shared.take([2, 0]) is shared
    assert shared.take([0]) is shared
    rows, total = p.rows(), p.w.sum()
    for own in (
        Objective(rows, p.layout, p.loss, ALPHAS, total),
        Objective(rows, p.layout, p.loss, 0.3, np.full(2, total)),
        Objective(rows, p.layout, p.loss, 0.3, total, weightings()),
    ):
        assert own.take([1]) is not own


def test_what_is_taken_counts_with_the_whole():
    stack = make_stack("two classes")
    taken = stack.together.take([3, 4])
    taken.loss_gradient(stack.thetas[[3, 4]])
    taken.loss_gradient_hessian(stack.thetas[[3, 4]])
    taken.hessp(stack.thetas[[3, 4]], stack.thetas[[3, 4]])
    counts = stack.together.counts
    assert (counts.evaluations, counts.hessians, counts.hessps) == (4, 2, 2)
