import warnings

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from skshallow import ShallowTanhClassifier
from skshallow._committee import add_prior, describe_members, join, mean_curve, separate
from skshallow._parameters import Layout

X, Y = load_iris(return_X_y=True)
A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
KINDS = {"two classes": (X, Y > 0), "K classes": (X, Y), "multilabel": (A / 10, B)}
every_kind = pytest.mark.parametrize("kind", KINDS)


def seeds(n, random_state=7):
    return check_random_state(random_state).randint(2**31 - 1, size=n)


def fit(kind, random_state=7, **parameters):
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=random_state, **parameters)
    return model.fit(*KINDS[kind])


def test_join_is_the_mean_of_the_logits_and_separate_undoes_it():
    rng = np.random.default_rng(0)
    layout = Layout(3, 4, 2)
    members = [layout.unpack(rng.standard_normal(layout.size)) for _ in range(5)]
    data = rng.standard_normal((10, 3))

    def logits(network):
        return np.tanh(data @ network.W1 + network.b1) @ network.W2 + network.b2

    joined = join(members)
    np.testing.assert_allclose(logits(joined), np.mean([logits(m) for m in members], axis=0))
    v = np.array([0.5, 2.0, 1.0, 0.0, 0.25])
    weighted = add_prior(join(members, v), np.array([1.0, -1.0]))
    expected = np.tensordot(v, [logits(m) for m in members], axes=1)
    np.testing.assert_allclose(logits(weighted), expected + np.array([1.0, -1.0]))
    for network, weights in ((joined, None), (weighted, v)):
        described = describe_members(members, weights, network)
        again = separate(network, described)
        for got, want, known in zip(again, members, described, strict=True):
            for name, ours, theirs in zip(got._fields, got, want, strict=True):
                lost = name == "W2" and known["weight"] == 0
                np.testing.assert_allclose(ours, 0 if lost else theirs, rtol=1e-14, atol=1e-15)


def test_mean_curve_keeps_the_last_value_of_those_that_have_ended():
    assert mean_curve([[4.0, 2.0], [2.0, 1.0, 0.0]]) == [3.0, 1.5, 1.0]
    assert mean_curve([[], []]) == []


@every_kind
def test_the_best_start_is_kept_and_each_can_be_run_alone(kind):
    model = fit(kind, n_init=4)
    alone = [fit(kind, random_state=seed) for seed in seeds(4)]
    losses = [one.loss_ for one in alone]
    np.testing.assert_array_equal(model.start_losses_, [losses])
    best = alone[int(np.argmin(losses))]
    assert model.loss_ == best.loss_ == min(losses)
    np.testing.assert_array_equal(model.coefs_[0], best.coefs_[0])
    assert model.loss_curve_ == best.loss_curve_
    assert len(set(losses)) > 1


@every_kind
@pytest.mark.parametrize("solver", ["auto", "newton", "adam"])
def test_a_committee_is_the_mean_of_its_members_logits(kind, solver):
    data, _ = KINDS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        parameters = {"solver": solver, "max_iter": 20}
        model = fit(kind, n_estimators=3, **parameters)
        members = [fit(kind, random_state=seed, **parameters) for seed in seeds(3)]
    logits = np.mean([member.decision_function(data) for member in members], axis=0)
    np.testing.assert_allclose(model.decision_function(data), logits, rtol=1e-11, atol=1e-12)
    P = model.predict_proba(data)
    expected = softmax(logits, axis=1) if kind == "K classes" else expit(logits)
    np.testing.assert_allclose(P[:, 1] if kind == "two classes" else P, expected, rtol=1e-11)
    assert model.coefs_[0].shape[1] == 12
    assert model.loss_ == pytest.approx(np.mean([member.loss_ for member in members]))
    assert model.n_iter_ == max(member.n_iter_ for member in members) == len(model.loss_curve_)
    np.testing.assert_array_equal(model.start_losses_, [[member.loss_] for member in members])


def test_a_committee_of_best_starts():
    model = fit("K classes", n_estimators=2, n_init=3)
    losses = [fit("K classes", random_state=seed).loss_ for seed in seeds(6)]
    np.testing.assert_array_equal(model.start_losses_, np.reshape(losses, (2, 3)))
    assert model.loss_ == pytest.approx(model.start_losses_.min(axis=1).mean())


@every_kind
def test_warm_start_continues_each_member(kind):
    data, y = KINDS[kind]
    model = fit(kind, n_estimators=3, warm_start=True, tol=1e-2)
    rough, before = model.loss_, model.predict_proba(data)
    model.fit(data, y)
    assert model.n_iter_ <= 1
    np.testing.assert_allclose(model.predict_proba(data), before, atol=1e-2)
    model.set_params(tol=1e-4).fit(data, y)
    assert model.loss_ < rough
    with pytest.raises(ValueError, match="n_estimators=2 and it has n_estimators=3"):
        model.set_params(n_estimators=2).fit(data, y)


def test_warning_counts_the_members_that_have_not_converged():
    with pytest.warns(ConvergenceWarning, match=r"not converged in 3 of 3 members: it reached"):
        fit("K classes", n_estimators=3, max_iter=2)


def test_verbose_says_which_start_of_which_member(capsys):
    fit("K classes", n_estimators=2, n_init=2, verbose=1, tol=1e-1)
    lines = capsys.readouterr().out.splitlines()
    for member in (1, 2):
        for start in (1, 2):
            label = f"member {member}/2   start {start}/2   iteration     1 "
            assert sum(line.startswith(label) for line in lines) == 1
            label = f"member {member}/2   start {start}/2   converged after "
            assert sum(line.startswith(label) for line in lines) == 1
    fit("K classes", n_init=10, verbose=1, tol=1e-1)
    labels = {line[: line.index("/10") + 3] for line in capsys.readouterr().out.splitlines()}
    assert labels == {f"start {k:2d}/10" for k in range(1, 11)}
