"""scikit-learn's callbacks, where it has them."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier
from skshallow._solvers import SOLVERS

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn below 1.9")

X, Y = load_iris(return_X_y=True)
MODEL = ShallowTanhClassifier(4, alpha=1.0, random_state=0)


class Recorder:
    """Notes what happens; asks to stop after some iterations, or raises."""

    def __init__(self, stop_after=None, error=None):
        self.stop_after, self.error = stop_after, error
        self.events, self.scores = [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context, **kwargs):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        self.scores.append(fitted_estimator.score(X, y))
        if self.error is not None:
            raise self.error
        return self.stop_after is not None and len(self.scores) >= self.stop_after

    def teardown(self, estimator, context):
        self.events.append("teardown")


def fit(recorder, **parameters):
    model = clone(MODEL).set_params(**parameters).set_callbacks(recorder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, Y)


@pytest.mark.parametrize("fitted_before", [False, True])
def test_a_copy_that_a_callback_got_can_be_fitted_further(fitted_before):
    copies = []

    class Keeper(Recorder):
        def on_fit_task_end(self, *args, fitted_estimator=None, **kwargs):
            copies.append(fitted_estimator)

    model = clone(MODEL)
    if fitted_before:
        model.fit(X, Y)
    model.set_callbacks(Keeper()).fit(X, Y)
    early = copies[2].set_params(warm_start=True).fit(X, Y)
    assert early.n_iter_ > 0
    assert early.loss_ == pytest.approx(model.loss_, rel=0.02)  # another way down


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_iteration_of_every_solver_is_a_task(solver):
    recorder = Recorder()
    model = fit(recorder, solver=solver, max_iter=15)
    iteration = ["begin iteration", "end iteration"]
    expected = ["setup", "begin fit", *iteration * model.n_iter_, "end fit", "teardown"]
    assert recorder.events == expected
    assert recorder.scores[-1] == model.score(X, Y)


@pytest.mark.parametrize(("parameters", "n_starts"), [({}, 1), ({"n_estimators": 3}, 3)])
def test_a_progress_bar_is_never_full_before_the_end(parameters, n_starts):
    class Sizes(Recorder):
        def on_fit_task_begin(self, estimator, context, **kwargs):
            if context.task_name == "fit":
                self.size = context.max_subtasks

    recorder = Sizes()
    model = fit(recorder, max_iter=15, **parameters)
    assert recorder.size == n_starts * model.max_iter + 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_stops_the_fit_cleanly(solver):
    model = fit(Recorder(stop_after=3), solver=solver)
    assert model.n_iter_ == 3
    assert model.predict(X).shape == Y.shape


def test_a_callback_stops_a_committee_with_the_members_so_far():
    one = fit(Recorder(), tol=1e-2).n_iter_
    model = fit(Recorder(stop_after=one + 3), tol=1e-2, random_state=None, n_estimators=5)
    assert len(model.estimators_) < 5
    assert model.coefs_[0].shape[1] == 4 * len(model.estimators_)
    assert np.isnan(model.start_losses_[-1]).all()


def test_an_error_in_a_callback_is_raised_and_leaves_the_estimator_as_it_was():
    recorder = Recorder(error=RuntimeError("broken"))
    model = clone(MODEL).set_callbacks(recorder)
    before = vars(model).copy()
    with pytest.raises(RuntimeError, match="broken"):
        model.fit(X, Y)
    assert vars(model) == before
    assert recorder.events[-1] == "teardown"


def test_without_callbacks_nothing_of_them_stays():
    assert not [name for name in vars(clone(MODEL).fit(X, Y)) if "callback" in name]


def test_scoring_monitor_alone_and_in_a_grid_search_over_a_pipeline():
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    model = clone(MODEL).set_callbacks(monitor).fit(X, Y, np.ones(len(Y)))
    log = monitor.get_logs().data
    assert len([row for row in log if row["task_name"] == "iteration"]) == model.n_iter_

    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    pipeline = make_pipeline(StandardScaler(), clone(MODEL).set_callbacks(monitor))
    grid = {"shallowtanhclassifier__alpha": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, Y)
    assert search.best_score_ > 0.9
    assert len(monitor.get_logs(select="all")) >= 1


@pytest.mark.parametrize("weights", [None, np.full(len(Y), 2.0)])
def test_callbacks_get_what_was_given_to_fit(weights):
    seen = []

    class Metadata(Recorder):
        def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
            seen.append((X, y, metadata))

        def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
            seen.append((X, y, metadata))

    model = clone(MODEL).set_callbacks(Metadata()).fit(X, Y, weights)
    assert len(seen) == 2 + 2 * model.n_iter_
    for given_X, given_y, metadata in seen:
        assert given_X is X
        assert given_y is Y
        if weights is None:
            assert metadata is None
        else:
            assert metadata.keys() == {"sample_weight"}
            assert metadata["sample_weight"] is weights


def test_progress_bar_in_a_grid_search_over_a_pipeline():
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), clone(MODEL))
    grid = {"shallowtanhclassifier__alpha": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2)
    search.set_callbacks(callback.ProgressBar()).fit(X, Y)
    assert search.best_score_ > 0.9
