"""Faults in the middle: interrupts at any line, forks, and what others see of a fit under way."""

import copy
import linecache
import os
import pickle
import random
import signal
import subprocess
import sys
import warnings
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from threadpoolctl import ThreadpoolController, threadpool_limits

import skshallow
from skshallow import ShallowTanhClassifier, _predict, _rows, _split, _threads

ROOT = str(Path(skshallow.__file__).parent)
X, Y = load_iris(return_X_y=True)
A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
KINDS = {"two classes": (X, Y > 0), "K classes": (X, Y), "multilabel": (A / 10, B)}
every_kind = pytest.mark.parametrize("kind", KINDS)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")


@pytest.fixture(autouse=True)
def few_iterations_are_meant():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.fixture
def time_limit():
    """A lock that is left held ends a test with an error, where the platform has alarms."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(*_):
        raise TimeoutError("a lock was left held")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 60)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# Interrupts


class Lines:
    """Runs a function and counts the lines of the package that it comes to, or interrupts at one.

    Not counted is the way out of a `with`, for which Python comes to its line again: it looks for
    signals after calls, and there is none between the end of the block and the call of __exit__.
    """

    def __init__(self, interrupt_at=None):
        self.interrupt_at = interrupt_at
        self.seen = []  # (file, line) in the order they were come to
        self._last = {}

    def __call__(self, function):
        before = sys.gettrace()  # of a debugger, or of a measurement of coverage

        # Python takes an exception for one that is still handled where tracing raises at the way
        # out of an `except`; within a generator that ends with it.
        def call():
            yield function()

        sys.settrace(self._enter)
        try:
            return next(call())
        finally:
            sys.settrace(before)

    def _enter(self, frame, event, arg):
        return self._line if frame.f_code.co_filename.startswith(ROOT) else None

    def _line(self, frame, event, arg):
        if event == "line":
            name, line = frame.f_code.co_filename, frame.f_lineno
            last, self._last[frame] = self._last.get(frame, 0), line
            if last > line and linecache.getline(name, line).lstrip().startswith("with "):
                return self._line
            self.seen.append((name, line))
            if len(self.seen) == self.interrupt_at:
                raise KeyboardInterrupt
        return self._line


# Where something is held or set; of lines elsewhere a third will do.
HOLDING = {"_base.py", "_callbacks.py", "_classifier.py", "_fit.py", "_rows.py", "_threads.py"}


def some_times(seen, n_more, tried=()):
    """Of lines that were not tried one time that each was come to, and more times at random."""
    rng = random.Random(0)
    times = {}
    for time, place in enumerate(seen, start=1):
        times.setdefault(place, []).append(time)
    chosen = {
        rng.choice(several)
        for place, several in times.items()
        if place not in tried and (Path(place[0]).name in HOLDING or rng.random() < 1 / 3)
    }
    return sorted(chosen | set(rng.sample(range(1, len(seen) + 1), n_more)))


def same(one, other):
    """Whether attributes are the same, to the bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


@pytest.fixture
def two_blas_threads():
    """The BLAS libraries, each allowed two threads, which a leak would leave at one."""
    libraries = ThreadpoolController().select(user_api="blas").lib_controllers
    with threadpool_limits(2, "blas"):
        if not libraries or any(library.num_threads != 2 for library in libraries):
            pytest.skip("BLAS does not take two threads")
        yield libraries


def assert_nothing_is_held(libraries):
    assert [library.num_threads for library in libraries] == [2] * len(libraries)
    assert not _threads._state.holds
    assert _threads.n_threads() == 1
    # A lock that is held can be taken by no other thread.
    free = []

    def take():
        free.append(_threads._state.lock.acquire(blocking=False))
        if free[0]:
            _threads._state.lock.release()

    thread = Thread(target=take)
    thread.start()
    thread.join()
    assert free == [True]


def small_blocks(monkeypatch):
    """Several blocks, and as many threads as BLAS is allowed, whatever the machine has."""
    monkeypatch.setattr(_split, "BLOCK_ENTRIES", 60)
    monkeypatch.setattr(_rows, "BLOCK_ENTRIES", 60)
    monkeypatch.setattr(_predict, "_FEW", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def new_model():
    return ShallowTanhClassifier(2, alpha=1.0, max_iter=2, random_state=0)


def fitted_committee():
    """Of two members, with early stopping; refitted without."""
    model = new_model().set_params(n_estimators=2, early_stopping=True)
    model.fit(X[:, :2], Y)
    return model.set_params(n_estimators=1, early_stopping=False)


def committee_with_scores():
    return new_model().set_params(n_estimators=2, early_stopping=True, solver="adam", max_iter=1)


def in_a_stream():
    return (
        new_model().set_params(solver="sgd", n_estimators=2).partial_fit(X[::3], Y[::3], [0, 1, 2])
    )


ROWS = slice(None, None, 5)


def fit(model):
    return model.fit(X[ROWS], Y[ROWS])


@pytest.mark.usefixtures("time_limit")
def test_a_fit_interrupted_at_any_line_leaves_all_as_it_was(two_blas_threads, monkeypatch):
    fit(new_model())  # what is done once in a process
    tried = set()
    for make, blocks in ((new_model, False), (committee_with_scores, False), (new_model, True)):
        if blocks:
            small_blocks(monkeypatch)
        lines, done = Lines(), make()
        lines(lambda done=done: fit(done))
        error_state, before = np.geterr(), vars(make())
        for time in some_times(lines.seen, 15, tried):
            model, interrupted = make(), Lines(time)
            try:
                interrupted(lambda model=model: fit(model))
            except KeyboardInterrupt:
                place = interrupted.seen[-1]
            else:
                # The other thread did more of the blocks, so that fewer lines were come to.
                assert blocks
                assert len(interrupted.seen) < time
                continue
            assert_nothing_is_held(two_blas_threads)
            assert np.geterr() == error_state, place
            # The last line of all comes after the end.
            assert same(vars(model), before) or same(vars(model), vars(done)), place
            np.testing.assert_array_equal(fit(model).coefs_[0], done.coefs_[0])
        tried |= set(lines.seen)
    assert len({name for name, _ in tried}) > 15  # files


@pytest.mark.parametrize("make", [fitted_committee, in_a_stream])
def test_a_fitted_model_is_after_an_interrupt_the_old_or_the_new_one(make):
    def go_on(model):
        return model.partial_fit(X[ROWS], Y[ROWS]) if "_stream" in vars(model) else fit(model)

    saved = pickle.dumps(make())
    before = vars(pickle.loads(saved))
    lines, done = Lines(), pickle.loads(saved)
    lines(lambda: go_on(done))
    outcomes = set()
    # The lines where something is taken over are among the last.
    for time in range(len(lines.seen) - 60, len(lines.seen) + 1):
        model, interrupted = pickle.loads(saved), Lines(time)
        with pytest.raises(KeyboardInterrupt):
            interrupted(lambda model=model: go_on(model))
        is_old, is_new = same(vars(model), before), same(vars(model), vars(done))
        assert is_old != is_new, interrupted.seen[-1]
        outcomes.add(is_new)
    assert outcomes == {False, True}  # the last line comes after all is done


@pytest.mark.usefixtures("time_limit")
def test_a_large_prediction_interrupted_at_any_line_leaves_all_as_it_was(
    two_blas_threads, monkeypatch
):
    model = new_model().fit(X, Y)
    before = vars(copy.deepcopy(model))
    small_blocks(monkeypatch)
    lines = Lines()
    P = lines(lambda: model.predict_proba(X))
    for time in some_times(lines.seen, 50):
        lines = Lines(time)
        try:
            lines(lambda: model.predict_proba(X))
        except KeyboardInterrupt:
            pass
        else:
            assert len(lines.seen) < time  # the other thread did more of the blocks
        assert_nothing_is_held(two_blas_threads)
        assert same(vars(model), before)
        np.testing.assert_array_equal(model.predict_proba(X), P)


def run(code):
    """Run code that forks in a process of its own, which has no threads but its own."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{code}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@needs_fork
def test_a_first_fit_interrupted_at_any_line_does_not_spoil_the_next():
    # The process imports the package and does nothing else; each first fit is a child's.
    run(
        """
import json, os, random, signal, warnings
from test_interrupts import Lines, fit, new_model
warnings.simplefilter("ignore")

def in_child(task, *args):
    # What the task says, or None where it did not end in time or failed.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        said = json.dumps(task(*args)).encode()
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(said)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else None

def first_and_second():
    first, second = Lines(), Lines()
    model = first(lambda: fit(new_model()))
    second(lambda: fit(new_model()))
    return first.seen, second.seen, model.coefs_[0].tolist()

def interrupted(time):
    try:
        Lines(time)(lambda: fit(new_model()))
    except KeyboardInterrupt:
        return fit(new_model()).coefs_[0].tolist()

first, second, expected = in_child(first_and_second)
# Lines of a first fit alone, what comes after them, and others.
once = [time for time, place in enumerate(first, start=1) if place not in second]
assert once
times = {near for time in once for near in range(time, time + 5)}
times |= set(random.Random(0).sample(range(1, len(first) + 1), 10))
failed = [first[time - 1] for time in sorted(times) if in_child(interrupted, time) != expected]
assert not failed, failed
"""
    )


# Forks

FORKING = """
import contextlib, os, signal, sys, threading, warnings
import numpy as np
from skshallow import ShallowTanhClassifier, _rows, _split, _threads
from test_interrupts import X, Y
warnings.simplefilter("ignore")
_split.BLOCK_ENTRIES = _rows.BLOCK_ENTRIES = 100
os.cpu_count = lambda: 2
inside, leave = threading.Event(), threading.Event()
allowed = [one.num_threads for one in _threads._blas().lib_controllers]

def model(**parameters):
    return ShallowTanhClassifier(4, alpha=1.0, max_iter=3, random_state=0, **parameters)

def waiting(estimator, X, y):
    inside.set()
    assert leave.wait(60)
    return 0.0

def fit_in_child(within=False):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        np.testing.assert_array_equal(model().fit(X, Y).coefs_[0], expected)
        if not within:
            assert not _threads._state.holds
            assert [one.num_threads for one in _threads._blas().lib_controllers] == allowed
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

expected = model().fit(X, Y).coefs_[0]  # with helping threads, which a child has not
"""


@needs_fork
def test_a_child_forked_while_a_fit_is_under_way_can_fit():
    run(
        FORKING
        + """
# In another thread.
other = model(early_stopping=True, scoring=waiting)
thread = threading.Thread(target=other.fit, args=(X, Y))
thread.start()
assert inside.wait(60)
assert _threads._state.holds
fit_in_child()
leave.set()
thread.join()
assert not _threads._state.holds
assert other.coefs_[0].shape == (4, 4)

# In the same thread, which goes on in the child.
def forking(estimator, X_val, y_val):
    if not forked:
        forked.append(True)
        fit_in_child(within=True)
    return 0.0

forked = []
model(early_stopping=True, scoring=forking).fit(X, Y)
assert forked
assert not _threads._state.holds
"""
    )


@needs_fork
def test_a_child_forked_while_another_thread_takes_hold_of_blas_can_fit():
    run(
        FORKING
        + """
class Slow:
    # A BLAS library that waits in the middle of a hold of it by the other thread.
    n_threads = 2

    def wait(self, place):
        if threading.current_thread() is thread and place == waits_at:
            inside.set()
            assert leave.wait(60)

    @property
    def num_threads(self):
        self.wait("get")
        return self.n_threads

    def set_num_threads(self, n):
        self.n_threads = n
        self.wait("set")

class Controller:
    lib_controllers = [Slow(), Slow()]

    def limit(self, limits):
        return contextlib.ExitStack()

_threads._blas = Controller
allowed = [2, 2]
for waits_at in ("get", "set"):
    inside.clear()
    leave.clear()
    thread = threading.Thread(target=model().fit, args=(X, Y))
    thread.start()
    assert inside.wait(60)
    fit_in_child()
    leave.set()
    thread.join()
    fit_in_child()

lock = getattr(_threads._state, "lock", None)
if lock is not None:  # held, whatever for
    inside.clear()
    leave.clear()

    def hold_lock():
        with lock:
            waiting(None, X, Y)

    thread = threading.Thread(target=hold_lock)
    thread.start()
    assert inside.wait(60)
    fit_in_child()
    leave.set()
    thread.join()
"""
    )


# What others see of a fit under way


class Watch:
    """A score for early stopping that looks at the estimator that is being fitted."""

    def __init__(self, look):
        self.look, self.models = look, []

    def __call__(self, estimator, X, y):
        self.models.append(estimator)
        self.look()
        return estimator.score(X, y)


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_the_old_model_predicts_until_the_new_one_is_complete(n_estimators):
    names = np.array(["ash", "beech"])[(Y > 0).astype(int)]
    model = ShallowTanhClassifier(3, alpha=1.0, n_estimators=2, random_state=0, early_stopping=True)
    model.fit(X, names)
    fitted = vars(copy.deepcopy(model))
    P, labels = model.predict_proba(X), model.predict(X)
    members = [member.predict_proba(X) for member in model.estimators_]

    def look():
        np.testing.assert_array_equal(model.predict_proba(X), P)
        np.testing.assert_array_equal(model.predict(X), labels)
        assert model.n_features_in_ == 4
        assert model.classes_.tolist() == ["ash", "beech"]
        assert same({k: v for k, v in vars(model).items() if k in fitted and k[-1] == "_"}, {
            k: v for k, v in fitted.items() if k[-1] == "_"
        })  # fmt: skip
        for member, expected in zip(model.estimators_, members, strict=True):
            np.testing.assert_array_equal(member.predict_proba(X), expected)

    watch = Watch(look)
    model.set_params(scoring=watch, n_estimators=n_estimators, n_hidden=2).fit(X[:, :3], Y)
    assert len(watch.models) > 3
    assert model.n_features_in_ == 3
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.predict_proba(X[:, :3]).shape == (150, 3)
    assert [part.shape for part in model.coefs_] == [(3, 2 * n_estimators), (2 * n_estimators, 3)]
    assert len(model.estimators_) == n_estimators
    assert model.loss_ != fitted["loss_"]


def test_scorers_get_a_model_of_their_own_each():
    plain = ShallowTanhClassifier(
        3, alpha=1.0, random_state=0, early_stopping=True, scoring="accuracy"
    )
    expected = plain.fit(X, Y).coefs_[0]
    model = clone(plain)

    def spoil(estimator, X, y):
        watch.models.append(estimator)
        score = estimator.score(X, y)
        for part in (*estimator.coefs_, *estimator.intercepts_):
            part[...] = np.nan
        estimator.set_params(alpha=1e9, tol=1e9)
        estimator.n_features_in_ = estimator.classes_ = None
        return score

    watch = Watch(lambda: None)
    model.set_params(scoring=spoil).fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], expected)
    assert model.alpha == 1
    assert len({id(one) for one in watch.models}) == len(watch.models) > 3
    assert all(type(one) is ShallowTanhClassifier for one in watch.models)
    assert all(one is not model for one in watch.models)


def test_parameters_set_in_the_middle_of_a_fit_are_for_the_next():
    parameters = {"n_hidden": 3, "alpha": 1.0, "n_estimators": 2, "n_init": 2, "random_state": 0}
    model = ShallowTanhClassifier(**parameters, early_stopping=True, scoring="accuracy")
    expected = clone(model).fit(X, Y)
    changed = {"n_hidden": 7, "alpha": 100.0, "n_estimators": 5, "n_init": 1, "tol": 1e3}
    changed |= {"solver": "sgd", "standardize": False, "early_stopping": False, "max_iter": 1}
    changed |= {"class_weight": {0: 5.0}, "warm_start": True, "random_state": 9, "verbose": 1}
    changed |= {"scoring": "loss", "n_iter_no_change": 1}
    watch = Watch(lambda: model.set_params(**changed))
    model.set_params(scoring=watch).fit(X, Y)
    assert len(watch.models) > 3
    assert {name: model.get_params()[name] for name in changed} == changed
    before, after = (
        {name: value for name, value in vars(one).items() if name not in one.get_params()}
        for one in (expected, model)
    )
    assert same(after, before)


def seen_by_callbacks(model, look):
    """What callbacks are given as the fitted estimator, in a fit of `model` to X and Y."""
    seen = []

    class Callback:
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            look()
            seen.append(fitted_estimator)

    model.set_callbacks(Callback()).fit(X, Y)
    assert len(seen) == model.n_iter_ + 1  # and the fit itself
    np.testing.assert_array_equal(seen[-1].predict_proba(X), model.predict_proba(X))
    return seen


def test_callbacks_see_the_old_model_and_a_new_one_with_its_members():
    pytest.importorskip("sklearn.callback", reason="scikit-learn below 1.9")
    model = ShallowTanhClassifier(3, alpha=1.0, n_estimators=2, random_state=0).fit(X[:, :3], Y > 0)
    P = model.predict_proba(X[:, :3])
    model.set_params(n_estimators=1, n_hidden=2)
    for one in seen_by_callbacks(
        model, lambda: np.testing.assert_array_equal(model.predict_proba(X[:, :3]), P)
    ):
        [member] = one.estimators_
        np.testing.assert_array_equal(member.predict_proba(X), one.predict_proba(X))


def test_the_model_that_callbacks_see_has_no_traces_of_the_fit_before():
    pytest.importorskip("sklearn.callback", reason="scikit-learn below 1.9")
    pandas = pytest.importorskip("pandas")
    model = ShallowTanhClassifier(3, alpha=1.0, early_stopping=True, random_state=0)
    model.fit(pandas.DataFrame(X, columns=list("abcd")), Y > 0)
    for one in seen_by_callbacks(model.set_params(early_stopping=False), lambda: None):
        # scikit-learn cannot remove attributes of the copy.
        assert getattr(one, "feature_names_in_", None) is None
        assert getattr(one, "validation_scores_", None) is None


# Fitted attributes that were edited


@every_kind
@pytest.mark.parametrize("n_estimators", [1, 3])
@pytest.mark.parametrize("way", ["warm_start", "partial_fit"])
def test_fits_go_on_from_weights_that_were_edited(way, n_estimators, kind):
    data, y = KINDS[kind]
    model = ShallowTanhClassifier(
        3, alpha=1.0, solver="adam", n_estimators=n_estimators, random_state=0
    )
    model.set_params(max_iter=3).fit(data, y)
    rng = np.random.default_rng(0)
    for part in (*model.coefs_, *model.intercepts_):
        part += rng.standard_normal(part.shape)
    Z = model.decision_function(data)
    untouched = model.estimators_
    if way == "warm_start":
        model.set_params(warm_start=True, tol=1e9).fit(data, y)  # has converged already
        assert model.n_iter_ == 0
    else:
        model.set_params(learning_rate_init=1e-300).partial_fit(data, y)
    np.testing.assert_allclose(model.decision_function(data), Z, rtol=1e-9, atol=1e-9)
    for ours, theirs in zip(model.estimators_, untouched, strict=True):
        for got, want in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-9)


# Members


@every_kind
@pytest.mark.parametrize("n_estimators", [1, 3])
@pytest.mark.parametrize("way", ["fit", "partial_fit", "fit, partial_fit"])
def test_members_are_fitted_classifiers_whose_mean_is_the_committee(way, n_estimators, kind):
    data, y = KINDS[kind]
    model = ShallowTanhClassifier(
        3, alpha=1.0, solver="adam", n_estimators=n_estimators, random_state=0
    )
    model.set_params(max_iter=3)
    if way.startswith("fit"):
        model.fit(data, y)
    if way.endswith("partial_fit"):
        classes = None if kind == "multilabel" else np.unique(y)
        for rows in (slice(0, None, 2), slice(1, None, 2)):
            model.partial_fit(data[rows], y[rows], classes)
    members = model.estimators_
    assert [type(member) for member in members] == [ShallowTanhClassifier] * n_estimators
    logits = np.mean([member.decision_function(data) for member in members], axis=0)
    np.testing.assert_allclose(logits, model.decision_function(data), rtol=1e-12, atol=1e-12)
    assert model.loss_ == pytest.approx(np.mean([member.loss_ for member in members]), rel=1e-12)
    curve = np.mean([member.loss_curve_ for member in members], axis=0)
    np.testing.assert_allclose(model.loss_curve_, curve, rtol=1e-12)
    assert len({member.loss_ for member in members}) == n_estimators
    for member in members:
        assert member.get_params() == {**model.get_params(), "n_estimators": 1}
        assert member.n_iter_ == len(member.loss_curve_) == len(model.loss_curve_)
        assert member.n_features_in_ == data.shape[1]
        np.testing.assert_array_equal(member.classes_, model.classes_)
        assert member.coefs_[0].shape == (data.shape[1], 3)
        assert len(member.estimators_) == 1
        # A member's members are itself.
        [itself] = member.estimators_
        assert same(vars(itself), vars(member))
        again = pickle.loads(pickle.dumps(member))
        np.testing.assert_array_equal(again.predict_proba(data), member.predict_proba(data))
        assert not hasattr(clone(member), "coefs_")
        assert member.predict(data).shape == y.shape
        member.partial_fit(data, y)  # goes on, and is the member's own matter
    assert model.estimators_[0].loss_ == members[0].loss_curve_[-2]
    if n_estimators == 1:
        [only] = model.estimators_
        np.testing.assert_array_equal(only.decision_function(data), model.decision_function(data))


def test_members_of_best_starts_with_scores_have_their_own_course():
    parameters = {"n_init": 2, "early_stopping": True, "random_state": 0, "solver": "lbfgs"}
    model = ShallowTanhClassifier(3, alpha=1.0, n_estimators=3, **parameters).fit(X, Y)
    members = model.estimators_
    starts = np.concatenate([member.start_losses_ for member in members])
    np.testing.assert_array_equal(starts, model.start_losses_)
    for member in members:
        assert member.loss_ == member.start_losses_.min()
        assert member.n_iter_ == len(member.loss_curve_) == len(member.validation_scores_)
        assert member.best_validation_score_ >= max(member.validation_scores_)
    assert max(member.n_iter_ for member in members) == model.n_iter_
    scores = [member.best_validation_score_ for member in members]
    assert model.best_validation_score_ == pytest.approx(np.mean(scores), rel=1e-12)
    assert len({tuple(member.loss_curve_) for member in members}) == 3


def test_there_are_no_members_before_a_fit():
    model = ShallowTanhClassifier()
    assert not hasattr(model, "estimators_")
    with pytest.raises(AttributeError, match="no members before it is fitted"):
        _ = model.estimators_
    with pytest.raises(NotFittedError):
        model.predict(X)


# Models that earlier versions have saved


def test_a_pickle_by_the_old_path_of_the_class_loads():
    assert skshallow._classifier.ShallowTanhClassifier is ShallowTanhClassifier
    model = ShallowTanhClassifier(3, alpha=1.0, random_state=0).fit(X, Y)
    new, old = b"cskshallow\n", b"cskshallow._classifier\n"
    saved = pickle.dumps(model, protocol=2)
    assert saved.count(new) == 1
    loaded = pickle.loads(saved.replace(new, old))
    assert type(loaded) is ShallowTanhClassifier
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_users_trust_the_class_by_the_name_they_import(tmp_path):
    assert ShallowTanhClassifier.__module__ == "skshallow"
    assert ShallowTanhClassifier.__qualname__ == "ShallowTanhClassifier"
    skops = pytest.importorskip("skops.io")
    trusted = ["skshallow.ShallowTanhClassifier"]
    model = ShallowTanhClassifier(3, alpha=1.0, n_estimators=2, solver="adam", random_state=0)
    model.partial_fit(X, Y, [0, 1, 2])
    skops.dump(model, tmp_path / "model.skops")
    assert skops.get_untrusted_types(file=tmp_path / "model.skops") == trusted
    loaded = skops.load(tmp_path / "model.skops", trusted=trusted)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    for ours, theirs in zip(loaded.estimators_, model.estimators_, strict=True):
        assert ours.loss_ == theirs.loss_
    loaded.partial_fit(X, Y)
