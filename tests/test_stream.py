"""What one batch leaves for the next; the estimator's side is in test_partial_fit.py."""

import pickle

import numpy as np
import pytest
from problems import make_problem

from skshallow._fit import Data, Settings
from skshallow._fit import make_problem as problem_of
from skshallow._outputs import output_for
from skshallow._solvers import SGD, Adam
from skshallow._standardize import Scaling, column_scaling
from skshallow._stream import Stream

P = make_problem("K classes")
OUTPUT = output_for(3, multilabel=False)


def settings_of(**parameters):
    usual = {"n_hidden": 3, "alpha": 0.5, "standardize": True, "solver": Adam(batch_size=7)}
    return Settings(**(usual | {"max_iter": 1, "tol": 0.0} | parameters))


def data_of(rows):
    return Data.of_positive_weight(P.X[rows], P.y[rows], P.w[rows].copy())


def new_stream(solver="adam", k=3):
    return Stream.start(solver, np.random.RandomState(k))


def learn(stream, rows, networks=None, **parameters):
    state = np.random.RandomState(0)
    return stream.learn(data_of(rows), OUTPUT, settings_of(**parameters), state, networks)


FIRST, SECOND = slice(0, 11), slice(11, 23)


def test_the_state_is_plain_and_a_copy_of_it_goes_on_alike():
    stream = new_stream()
    networks, _ = learn(stream, FIRST, n_estimators=2)
    state = pickle.loads(pickle.dumps(stream.state))
    plain = (int, float, str, np.ndarray, list, dict)
    assert all(type(value) in plain for value in state.values())
    results = []
    for one in (Stream.resume(state, "adam"), stream):
        again, losses = learn(one, SECOND, networks, n_estimators=2)
        means = [rule["mean"].tolist() for rule in one.state["rules"]]
        results.append((again, losses, means))
    for ours, theirs in zip(results[0][0], results[1][0], strict=True):
        np.testing.assert_array_equal(ours.W1, theirs.W1)
    assert results[0][1:] == results[1][1:]


def test_resume_leaves_the_state_it_is_given():
    stream = new_stream()
    networks, _ = learn(stream, FIRST)
    before = pickle.dumps(stream.state)
    resumed = Stream.resume(stream.state, "adam")
    learn(resumed, SECOND, networks)
    assert pickle.dumps(stream.state) == before
    assert pickle.dumps(resumed.state) != before


def test_another_solvers_rules_start_anew_but_the_moments_stay():
    stream = new_stream()
    networks, _ = learn(stream, FIRST)
    assert stream.state["rules"]
    resumed = Stream.resume(stream.state, "sgd")
    assert (resumed.state["solver"], resumed.state["rules"]) == ("sgd", [])
    assert resumed.weight == stream.weight
    learn(resumed, SECOND, networks, solver=SGD(batch_size=7))
    assert [set(rule) for rule in resumed.state["rules"]] == [{"velocity"}]


def test_moments_are_those_of_all_batches_so_far():
    stream = new_stream()
    assert stream.weight == 0
    for rows in (slice(0, 5), slice(5, 6), slice(6, 23)):
        scaling = stream.see(column_scaling(P.X[rows], P.w[rows]), P.w[rows].sum())
        assert isinstance(scaling, Scaling)
    whole = column_scaling(P.X, P.w)
    np.testing.assert_allclose(scaling.mean, whole.mean, rtol=1e-13)
    np.testing.assert_allclose(scaling.scale, whole.scale, rtol=1e-12)
    assert stream.weight == pytest.approx(P.w.sum())
    assert stream.state["n_calls"] == 3


@pytest.mark.parametrize("standardize", [True, False])
def test_standardising_cannot_begin_or_end_in_the_middle(standardize):
    scaling = column_scaling(P.X, P.w)
    stream = new_stream()
    stream.see(scaling if standardize else None, 1.0)
    with pytest.raises(ValueError, match="`standardize` must be the same in all calls"):
        stream.see(None if standardize else scaling, 1.0)


def test_random_numbers_differ_by_call_and_member_and_repeat_by_seed():
    draws = {}
    for k in (3, 3, 4):
        stream = new_stream(k=k)
        for call in range(2):
            stream.see(None, 1.0)
            for member in range(2):
                draw = stream.random_state(member).randint(2**31 - 1)
                assert draws.setdefault((k, call, member), draw) == draw
    assert len(set(draws.values())) == 8


def test_a_pass_is_an_epoch_of_steps_of_constant_size_with_the_batchs_share_of_the_penalty():
    stream = new_stream()
    solver = Adam(batch_size=7, learning_rate="constant")
    networks, _ = learn(stream, FIRST, solver=solver)
    rule_state = pickle.loads(pickle.dumps(stream.state["rules"][0]))
    [network], [loss] = learn(stream, SECOND, networks, solver=solver)
    # By hand.
    data, weight = data_of(SECOND), P.w[SECOND].sum()
    scaling = Scaling(stream.state["mean"], stream.state["scale"])
    problem = problem_of(data, OUTPUT, scaling, networks)
    objective = problem.objective(3, 0.5 * weight / P.w.sum())
    theta, rule = problem.theta(networks[0]), Adam().rule(problem.layout(3).size)
    rule.state = rule_state
    order = np.arange(12)
    stream.random_state(0).shuffle(order)
    for batch in np.array_split(order, 2):
        theta = theta + rule.update(objective.minibatch_gradient(theta, batch)[1], 0.02)
    for got, want in zip(network, problem.network(theta, 3), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)
    assert loss == pytest.approx(objective.loss_gradient(theta)[0], rel=1e-13)


@pytest.mark.parametrize("solver", [Adam(batch_size=7), SGD(batch_size=7)])
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_steps_fall_with_the_root_of_the_number_of_updates(monkeypatch, solver, n_estimators):
    rates, original = [], type(solver.rule(1)).update

    def spy(self, gradient, rate):
        rates.append(rate / solver.auto_rate)
        return original(self, gradient, rate)

    monkeypatch.setattr(type(solver.rule(1)), "update", spy)
    stream, networks, n_updates = new_stream(), None, 0
    for rows, n_batches in ((FIRST, 2), (SECOND, 2), (slice(0, 23), 4)):
        networks, _ = learn(stream, rows, networks, solver=solver, n_estimators=n_estimators)
        falling = [(1 + (n_updates + k) / 300) ** -0.5 for k in range(n_batches)]
        assert rates == pytest.approx(falling * n_estimators)
        n_updates += n_batches
        rates.clear()
        stream = Stream.resume(stream.state, "adam" if isinstance(solver, Adam) else "sgd")
    assert stream.state["n_updates"] == n_updates
    assert Stream.resume(stream.state, "another").state["n_updates"] == n_updates


def test_each_member_has_a_rule_and_a_loss_of_its_own():
    stream = new_stream()
    networks, losses = learn(stream, FIRST, n_estimators=3)
    assert len(networks) == len(losses) == len(stream.state["rules"]) == len(set(losses)) == 3
    means = [rule["mean"].tolist() for rule in stream.state["rules"]]
    assert means[0] != means[1] != means[2]
    learn(stream, SECOND, networks, n_estimators=3)
    assert [rule["n_updates"] for rule in stream.state["rules"]] == [4, 4, 4]


def test_n_init_has_no_effect():
    one, other = (learn(new_stream(), FIRST, n_init=n_init) for n_init in (1, 5))
    np.testing.assert_array_equal(one[0][0].W1, other[0][0].W1)
