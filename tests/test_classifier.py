import doctest
import re
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from problems import standardised
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_iris,
    make_moons,
    make_multilabel_classification,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import skshallow
from skshallow import ShallowTanhClassifier
from skshallow._fit import Data, make_problem, make_starts
from skshallow._outputs import LOSSES, output_for
from skshallow._rows import RowBlocks
from skshallow._solvers import SOLVERS
from skshallow._standardize import column_scaling

X, Y = load_iris(return_X_y=True)
BINARY = Y > 0
A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
A /= 10

KINDS = {"two classes": (X, BINARY), "K classes": (X, Y), "multilabel": (A, B)}
every_kind = pytest.mark.parametrize("kind", KINDS)


def fitted(kind, **parameters):
    return ShallowTanhClassifier(
        **{"n_hidden": 5, "alpha": 1.0, "random_state": 0, **parameters}
    ).fit(*KINDS[kind])


def forward(model, X):
    """The network as the documentation states it."""
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    return np.tanh(X @ W1 + b1) @ W2 + b2


def test_public_names():
    expected = ["ShallowTanhClassifier", "ShallowTanhClassifierCV", "__version__"]
    assert skshallow.__all__ == expected


def test_docstring_example():
    assert doctest.testmod(skshallow).attempted >= 5
    assert doctest.testmod(skshallow).failed == 0


# Fitted attributes and prediction


@every_kind
def test_attributes(kind):
    model = fitted(kind)
    data, y = KINDS[kind]
    n_outputs = {"two classes": 1, "K classes": 3, "multilabel": 3}[kind]
    assert [part.shape for part in model.coefs_] == [(data.shape[1], 5), (5, n_outputs)]
    assert [part.shape for part in model.intercepts_] == [(5,), (n_outputs,)]
    assert model.n_outputs_ == n_outputs
    assert model.n_features_in_ == data.shape[1]
    assert model.out_activation_ == ("softmax" if kind == "K classes" else "logistic")
    expected = np.arange(3) if kind == "multilabel" else np.unique(y)
    np.testing.assert_array_equal(model.classes_, expected)
    assert model.n_iter_ == len(model.loss_curve_) > 1
    assert model.loss_ == model.loss_curve_[-1]
    assert (np.diff(model.loss_curve_) <= 0).all()
    assert not hasattr(model, "feature_names_in_")


@every_kind
@pytest.mark.parametrize("standardize", [True, False])
def test_prediction_is_the_documented_formula_in_the_users_units(kind, standardize):
    model = fitted(kind, standardize=standardize)
    data, _ = KINDS[kind]
    Z = forward(model, data)
    decision = model.decision_function(data)
    assert decision.shape == ((len(data),) if kind == "two classes" else (len(data), 3))
    np.testing.assert_allclose(decision.reshape(Z.shape), Z, rtol=1e-12, atol=1e-12)


@every_kind
def test_predict_and_probabilities_agree(kind):
    model = fitted(kind)
    data, y = KINDS[kind]
    P = model.predict_proba(data)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(data)), P, rtol=1e-12)
    if kind == "multilabel":
        np.testing.assert_array_equal(model.predict(data), P > 0.5)
        assert model.predict(data).dtype == np.int64
    else:
        np.testing.assert_array_equal(model.predict(data), model.classes_[P.argmax(axis=1)])
        np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-14)
        assert model.predict(data).dtype == y.dtype


@every_kind
def test_log_probabilities_are_finite_far_from_the_data(kind):
    model = fitted(kind, alpha=1e-3, max_iter=5000)
    model.coefs_[1] *= 1000
    log_P = model.predict_log_proba(1e6 * KINDS[kind][0])
    assert np.isfinite(log_P).all()
    assert log_P.min() < -750  # where exp gives 0


@every_kind
def test_loss_is_the_objective_at_the_fitted_weights(kind):
    model = fitted(kind, alpha=0.3)
    data, y = KINDS[kind]
    log_P = model.predict_log_proba(data)
    if kind == "multilabel":
        log_Q = LOSSES["logistic"].log_probabilities(-model.decision_function(data))
        losses = -np.where(y, log_P, log_Q).sum()
    else:
        losses = -log_P[np.arange(len(y)), np.searchsorted(model.classes_, y)].sum()
    V1 = model.coefs_[0] * data.std(axis=0)[:, None]
    penalty = 0.15 * ((V1**2).sum() + (model.coefs_[1] ** 2).sum())
    assert model.loss_ == pytest.approx((losses + penalty) / len(data), rel=1e-12)


def test_ties_go_to_the_first_class():
    model = fitted("two classes")
    for part in model.coefs_ + model.intercepts_:
        part[...] = 0
    np.testing.assert_array_equal(model.predict(X), np.zeros(len(X), bool))
    np.testing.assert_array_equal(model.predict_proba(X), 0.5)


@pytest.mark.parametrize("n_rows", [1, 2, 7000])
def test_prediction_in_blocks_equals_prediction_at_once(n_rows):
    model = fitted("K classes")
    many = np.tile(X, (50, 1))[:n_rows]
    np.testing.assert_allclose(model.decision_function(many), forward(model, many), rtol=1e-12)


# Reproducibility


def test_seeds():
    one, same, other = (fitted("K classes", random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.coefs_[0], same.coefs_[0])
    assert (one.coefs_[0] != other.coefs_[0]).any()
    state = np.random.RandomState(1)
    np.testing.assert_array_equal(fitted("K classes", random_state=state).coefs_[0], one.coefs_[0])
    assert (fitted("K classes", random_state=state).coefs_[0] != one.coefs_[0]).any()


def test_scales_and_offsets_of_features_do_not_matter():
    rng = np.random.default_rng(0)
    data, y = load_breast_cancer(return_X_y=True)
    for seed in range(3):
        s = 10 ** rng.uniform(-6, 6, data.shape[1])
        moved = data * s + 10 * s * data.std(axis=0) * rng.standard_normal(data.shape[1])
        # Rounding grows with iterations in any tanh network: probabilities early on,
        # the objective at convergence.
        model = ShallowTanhClassifier(alpha=1.0, tol=0, max_iter=20, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            P = clone(model).fit(data, y).predict_proba(data)
            P_moved = clone(model).fit(moved, y).predict_proba(moved)
        np.testing.assert_allclose(P_moved, P, rtol=0, atol=1e-6)
        model.set_params(tol=1e-4, max_iter=1000)
        assert clone(model).fit(moved, y).loss_ == pytest.approx(
            clone(model).fit(data, y).loss_, rel=1e-3
        )


# Convergence


def test_max_iter_warns_and_says_what_to_change():
    with pytest.warns(ConvergenceWarning, match=r"reached max_iter=3.*Increase max_iter"):
        model = fitted("K classes", max_iter=3)
    assert model.n_iter_ == 3
    assert model.score(X, Y) > 0.5


@pytest.mark.parametrize(
    ("dtype", "standardize", "remedy"),
    [
        (np.float64, True, r"increase tol\.$"),
        (np.float32, True, r"increase tol; or give X as float64\.$"),
        (np.float64, False, r"increase tol; or set standardize=True, unless .*\.$"),
    ],
)
def test_stall_at_rounding_level_warns(dtype, standardize, remedy):
    model = ShallowTanhClassifier(3, alpha=1.0, tol=0, max_iter=10**6, standardize=standardize)
    with pytest.warns(ConvergenceWarning, match=r"no step lowered.*\. Rounding allows.*" + remedy):
        model.set_params(random_state=0, solver="newton").fit(X.astype(dtype), Y)


def test_max_iter_without_standardize_says_to_scale():
    with pytest.warns(ConvergenceWarning, match=r"Increase max_iter.*; or set standardize=True"):
        fitted("K classes", max_iter=3, standardize=False)


def test_warning_points_at_the_line_that_called_fit():
    with pytest.warns(ConvergenceWarning) as caught:
        ShallowTanhClassifier(max_iter=1).fit(X, Y)
    assert caught[0].filename == __file__


def test_alpha_zero_and_large_alpha():
    free = fitted("K classes", alpha=0)
    assert free.score(X, Y) > 0.98
    flat = fitted("K classes", alpha=1e6)
    np.testing.assert_allclose(flat.predict_proba(X), 1 / 3, atol=1e-3)


# Verbosity


def test_verbose_prints_lines_and_how_it_ended(capsys):
    model = fitted("K classes", verbose=2)
    *lines, verdict = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert re.fullmatch(
        r"iteration +1   F = +\d\.\d+   max\|gradient\| = \S+e-\d\d   +\d\.\d{3} s", lines[0]
    )
    for line in (lines[-1], verdict):
        last = float(re.search(r"F = +([^,\s]+)", line)[1])
        assert last == pytest.approx(model.loss_, rel=1e-7)
    assert verdict.startswith(f"converged after {model.n_iter_} iterations: the largest")
    fitted("K classes", verbose=1)
    assert len(capsys.readouterr().out.splitlines()) <= 9 + model.n_iter_ // 10 + 1


def test_silent_by_default(capsys):
    fitted("K classes")
    assert capsys.readouterr() == ("", "")


# Warm start


@every_kind
def test_warm_start_continues_from_the_fitted_function(kind):
    data, y = KINDS[kind]
    model = fitted(kind, tol=1e-2, warm_start=True)
    before, first_iterations = model.loss_, model.n_iter_
    model.set_params(tol=1e-4).fit(data, y)
    assert model.loss_ < before
    assert model.loss_curve_[0] <= before
    converged = model.predict_proba(data)
    model.fit(data, y)
    assert model.n_iter_ <= 1  # rounding of the units may ask for one more step
    np.testing.assert_allclose(model.predict_proba(data), converged, atol=1e-3)
    assert first_iterations > 1


@every_kind
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_warm_start_goes_on_where_alpha_or_the_weights_have_changed(kind, n_estimators):
    data, y = KINDS[kind]
    model = fitted(kind, alpha=1.0, n_estimators=n_estimators, warm_start=True)
    for alpha in (0.999, 0.998, 1e-6, 0.9e-6):  # too near for the gradient to exceed tol
        assert model.set_params(alpha=alpha, max_iter=10_000).fit(data, y).n_iter_ > 0
        assert model.fit(data, y).n_iter_ == 0
    assert model.fit(data, y, sample_weight=np.linspace(1, 1.001, len(y))).n_iter_ > 0
    # In float32 too, F is known again.
    model.set_params(alpha=1.0).fit(data.astype(np.float32), y)
    assert model.fit(data.astype(np.float32), y).n_iter_ == 0


def test_the_members_of_a_warm_committee_move_as_they_do_alone():
    model = fitted("K classes", alpha=1.0, tol=1e-2, n_estimators=4, warm_start=True)
    alone = [member.set_params(alpha=1.001, warm_start=True) for member in model.estimators_]
    model.set_params(alpha=1.001).fit(*KINDS["K classes"])
    for member, again in zip(model.estimators_, alone, strict=True):
        again.fit(*KINDS["K classes"])
        assert member.n_iter_ == again.n_iter_ > 0
        assert member.loss_ == again.loss_


def test_warm_start_keeps_the_function_when_the_statistics_change():
    model = fitted("K classes", warm_start=True)
    part = X[:99:2]
    data = Data(part, np.arange(50) % 3, np.ones(50))
    scaling, networks = column_scaling(part, data.w), model._networks()
    problem = make_problem(data, output_for(3, multilabel=False), scaling, networks)
    [[start]] = make_starts(problem, model._settings(), np.random.RandomState(0), networks)
    V1, c1, W2, b2 = problem.layout(5).unpack(start.theta)
    np.testing.assert_allclose(
        np.tanh(standardised(part, scaling) @ V1 + c1) @ W2 + b2,
        model.decision_function(part),
        atol=1e-10,
    )


def test_an_interrupt_in_the_middle_leaves_the_estimator_as_it_was(monkeypatch):
    original, calls = RowBlocks.reduce, []

    def interrupted(self, *args, **kwargs):
        calls.append(args)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return original(self, *args, **kwargs)

    for solver in SOLVERS:
        model = fitted("K classes", solver=solver, tol=1e-1)
        before = vars(model).copy()
        calls.clear()
        monkeypatch.setattr(RowBlocks, "reduce", interrupted)
        model.set_params(tol=0)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
        monkeypatch.setattr(RowBlocks, "reduce", original)
        model.set_params(tol=1e-1)
        assert vars(model).keys() == before.keys()
        assert all(vars(model)[name] is before[name] for name in before if name.endswith("_"))


@pytest.mark.parametrize(
    ("data", "y", "parameters", "message"),
    [
        (X, BINARY, {}, "classes in y"),
        (X, Y + 1, {}, "classes in y"),
        (X, np.eye(3, dtype=int)[Y], {}, "classes in y"),
        (X[:, :3], Y, {}, "X has 3 features"),
        (X, Y, {"n_hidden": 6}, "n_hidden=6 and it has 5 hidden units"),
    ],
)
def test_warm_start_with_something_else_says_what(data, y, parameters, message):
    model = fitted("K classes", warm_start=True)
    before = model.predict_proba(X)
    model.set_params(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(data, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_without_warm_start_fit_starts_anew():
    model = fitted("K classes")
    again = clone(model).fit(X, BINARY).fit(X[:, ::-1], Y).fit(X, Y)
    np.testing.assert_array_equal(again.coefs_[0], model.coefs_[0])


# Failures


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
def test_a_failed_fit_leaves_the_estimator_as_it_was(monkeypatch, exception):
    @dataclass(frozen=True)
    class Failing:
        def solve(self, *args, **kwargs):
            raise exception

    model = fitted("K classes")
    probabilities = model.predict_proba(X)
    before = vars(model).copy()
    monkeypatch.setitem(SOLVERS, "auto", Failing)
    with pytest.raises(exception):
        model.fit(np.hstack([X, X]), BINARY)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is before[name] for name in before)
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    never = ShallowTanhClassifier()
    with pytest.raises(exception):
        never.fit(X, Y)
    assert vars(never).keys() == never.get_params().keys()


def test_a_convergence_warning_says_which_candidate_of_a_search_it_is():
    grid = {"alpha": [0.5, 50.0], "n_hidden": [3, 4]}
    search = GridSearchCV(
        ShallowTanhClassifier(max_iter=1, random_state=0), grid, cv=2, refit=False
    )
    with pytest.warns(ConvergenceWarning) as caught:
        search.fit(X, Y)
    named = {str(warning.message).partition(" has not converged")[0] for warning in caught}
    assert named == {
        f"ShallowTanhClassifier with n_hidden={n_hidden} and alpha={alpha:g}"
        for n_hidden in grid["n_hidden"]
        for alpha in grid["alpha"]
    }


def test_a_wide_network_does_not_take_a_flat_start_for_a_minimum():
    data, labels = make_moons(1000, noise=0.2, random_state=0)
    few, many = (
        ShallowTanhClassifier(n_hidden, alpha=1.0, random_state=0).fit(data, labels)
        for n_hidden in (32, 500)
    )
    assert many.loss_ == pytest.approx(few.loss_, rel=0.05)


def test_the_tolerance_of_a_wide_network_is_in_its_warning():
    data, labels = make_moons(50, noise=0.2, random_state=0)
    message = r"above 2\.5e-05, which tol=0\.0001 means for so many units"
    with pytest.warns(ConvergenceWarning, match=message):
        ShallowTanhClassifier(400, max_iter=1, random_state=0).fit(data, labels)
