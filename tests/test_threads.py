import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier, Event, get_ident
from time import monotonic, sleep

import numpy as np
import pytest
import threadpoolctl
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky import get_reusable_executor
from problems import make_problem
from sklearn.datasets import load_iris
from threadpoolctl import threadpool_info, threadpool_limits

from skshallow import (
    ShallowTanhClassifier,
    ShallowTanhClassifierCV,
    _classifier,
    _classifier_cv,
    _predict,
    _rows,
    _split,
    _stream,
    _threads,
)
from skshallow._backprop import loss_gradient
from skshallow._predict import network_logits
from skshallow._rows import RowBlocks
from skshallow._threads import one_thread_blas, share_out

IRIS = load_iris(return_X_y=True)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.mark.parametrize("held_before", [False, True])
def test_overlapping_holds_of_blas_are_lifted_together(held_before):
    clear = getattr(threadpoolctl.OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:  # whatever tests before this one have left
        clear(force=True)
    if held_before:  # by this thread, which is not to keep control of OpenBLAS
        with one_thread_blas():
            pass
    before = blas_threads()
    inside, leave = Barrier(3), Barrier(3)

    def hold():
        with one_thread_blas():
            inside.wait(10)
            n_threads = _threads.n_threads()
            leave.wait(10)
            return n_threads

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(hold) for _ in range(2)]
        inside.wait(10)
        assert blas_threads() == [1] * len(before)
        assert _threads.n_threads() == 1
        leave.wait(10)
        # Only the first of them has the threads.
        assert min(task.result() for task in tasks) == 1
    assert blas_threads() == before
    with pytest.raises(RuntimeError), one_thread_blas():
        raise RuntimeError
    assert blas_threads() == before


def set_blas_threads(numbers):
    for library, n_threads in zip(_threads._blas().lib_controllers, numbers, strict=True):
        library.set_num_threads(n_threads)
    # So that another thread may set them.
    _threads._blas().limit(limits=None).__enter__().__exit__(None, None, None)


@pytest.fixture
def two_threads():
    """BLAS that may use two threads, whatever the environment says."""
    before = [library.num_threads for library in _threads._blas().lib_controllers]
    set_blas_threads([2] * len(before))
    if set(blas_threads()) != {2}:
        pytest.skip("BLAS does not take two threads")
    yield
    set_blas_threads(before)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0)])
def test_blas_is_held_until_the_last_of_overlapping_holds_ends(order):
    inside, leave = [Event() for _ in range(3)], [Event() for _ in range(3)]

    def hold(k):
        with one_thread_blas():
            inside[k].set()
            leave[k].wait(10)

    with ThreadPoolExecutor(3) as pool:
        tasks = []
        for k in range(3):
            tasks.append(pool.submit(hold, k))
            assert inside[k].wait(10)
        for k in order:
            assert set(blas_threads()) == {1}
            leave[k].set()
            tasks[k].result(10)
        # As a later one that comes after the end of the first.
        assert set(blas_threads()) == {2}
        with one_thread_blas():
            assert _threads.n_threads() == min(2, os.cpu_count())
            assert set(blas_threads()) == {1}
        assert set(blas_threads()) == {2}


@pytest.mark.usefixtures("two_threads")
def test_a_hold_within_a_limit_within_a_hold_leaves_all_as_it_was():
    with one_thread_blas():
        with threadpool_limits(2, "blas"):
            with one_thread_blas():
                assert set(blas_threads()) == {1}
            assert set(blas_threads()) == {2}
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


class PerThread(threading.local):
    """A library whose limit each thread has for itself, as OpenBLAS built with OpenMP."""

    internal_api, threading_layer = "openblas", "openmp"
    num_threads = 2

    def set_num_threads(self, n_threads):
        self.num_threads = n_threads


def test_a_limit_of_each_thread_is_set_and_lifted_by_each(monkeypatch):
    class Controller:
        lib_controllers = [PerThread()]  # noqa: RUF012

        def limit(self, limits):
            return ExitStack()

    [library] = Controller.lib_controllers
    monkeypatch.setattr(_threads, "_blas", Controller)
    inside, leave = Event(), Event()

    def hold():
        before = library.num_threads
        with one_thread_blas():
            held = library.num_threads
            inside.set()
            assert leave.wait(10)
        return before, held, library.num_threads

    with ThreadPoolExecutor(1) as pool:
        with one_thread_blas():
            task = pool.submit(hold)
            assert inside.wait(10)
            assert library.num_threads == 1
        assert library.num_threads == 2
        leave.set()
        assert task.result(10) == (2, 1, 2)


@pytest.fixture(params=[1, 2, 3, 7])
def n_threads(request, monkeypatch):
    """Threads whatever the machine has, from the first block on."""
    monkeypatch.setattr(_threads, "n_threads", lambda: request.param)
    return request.param


@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("n_rows", [1, 7])
def test_sums_and_logits_are_the_same_to_the_bit_for_any_number_of_threads(
    storage, n_rows, n_threads, monkeypatch
):
    p = make_problem("K classes", storage)
    monkeypatch.setattr(_rows, "_PARTS", 5)
    seen = set()

    def kernel(*args):
        seen.add(get_ident())
        # No thread can do it all before another begins, however late that is on a busy machine.
        end = monotonic() + 30
        while len(seen) < min(n_threads, 2) and monotonic() < end:
            sleep(1e-3)
        loss_gradient(*args)

    got = p.rows(n_rows).reduce(kernel, p.networks())
    monkeypatch.setattr(_predict, "_FEW", 0)
    monkeypatch.setattr(_split, "BLOCK_ENTRIES", 4 * n_rows)
    predicted = network_logits(p.X, p.layout.unpack(p.theta))
    monkeypatch.setattr(_threads, "n_threads", lambda: 1)
    np.testing.assert_array_equal(got, p.rows(n_rows).reduce(loss_gradient, p.networks()))
    np.testing.assert_array_equal(predicted, network_logits(p.X, p.layout.unpack(p.theta)))
    assert (len(seen) > 1) == (n_threads > 1)
    assert len(seen) <= n_threads


def test_an_error_in_any_thread_is_raised_and_ends_the_others(n_threads):
    done = []

    def task(i, worker):
        assert worker < n_threads
        done.append(i)
        if i == 2:
            raise KeyError(i)
        sleep(1e-3)

    with pytest.raises(KeyError):
        share_out(task, 100)
    assert len(done) < 100
    with np.errstate(divide="ignore"):  # other threads ignore it too
        share_out(lambda i, worker: np.ones(1000) / 0, 10)


def test_an_error_waits_for_the_other_threads(monkeypatch):
    monkeypatch.setattr(_threads, "n_threads", lambda: 2)
    begun, done = Event(), []

    def task(i, worker):
        if i == 0:  # the first that either thread gets
            assert begun.wait(10)
            raise KeyError(i)
        begun.set()
        sleep(0.1)
        done.append(i)

    with pytest.raises(KeyError):
        share_out(task, 100)
    assert done == [1]  # it had ended, and none of its buffers is in use any more


def test_an_error_in_a_helping_thread_is_raised(monkeypatch):
    monkeypatch.setattr(_threads, "n_threads", lambda: 2)
    begun = Event()

    def task(i, worker):
        if worker == 1:
            begun.set()
            raise KeyError(i)
        assert begun.wait(10)

    with pytest.raises(KeyError):
        share_out(task, 100)


def test_a_search_on_all_processors_does_not_ask_for_more_threads(monkeypatch):
    n_jobs = os.cpu_count()
    if n_jobs == 1:
        pytest.skip("one processor")

    # Sent by value with its import, since workers cannot import this module.
    def worker_threads():
        from skshallow._threads import n_threads, one_thread_blas

        with one_thread_blas():
            return n_threads()

    # Workers that are started anew, with joblib's limits, which leave a user's variables alone.
    for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM"):
        monkeypatch.delenv(f"{library}_NUM_THREADS", raising=False)
    get_reusable_executor().shutdown()
    with parallel_config("loky", n_jobs=n_jobs):
        assert Parallel()(delayed(worker_threads)() for _ in range(n_jobs)) == [1] * n_jobs
    get_reusable_executor().shutdown()


def test_threads_are_those_that_blas_was_allowed():
    assert _threads.n_threads() == 1
    for limit in (1, None):
        with threadpool_limits(limit, "blas"):
            allowed = min([os.cpu_count(), *blas_threads()])
            with one_thread_blas():
                assert _threads.n_threads() == allowed


def test_a_thread_that_blas_does_not_obey_gets_no_more_threads():
    # OpenBLAS may take a limit from one thread alone.
    def hold():
        with one_thread_blas():
            return _threads.n_threads(), max(blas_threads())

    with one_thread_blas():
        pass
    with ThreadPoolExecutor(1) as pool:
        n_threads, blas = pool.submit(hold).result()
    assert n_threads == 1 or blas == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_has_threads_of_its_own():
    code = """
import os, warnings
import numpy as np
from skshallow import ShallowTanhClassifier, _split, _threads
warnings.simplefilter("ignore")
_threads.n_threads = lambda: 2
_split.BLOCK_ENTRIES = 100
X = np.random.default_rng(0).standard_normal((500, 3))
model = ShallowTanhClassifier(4, alpha=1.0, max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
expected = model.coefs_[0].tolist()
child = os.fork()
if child == 0:
    again = ShallowTanhClassifier(4, alpha=1.0, max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
    os._exit(again.coefs_[0].tolist() != expected)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

# While another thread holds BLAS.
from threading import Event, Thread

inside, leave = Event(), Event()

def hold():
    with _threads.one_thread_blas():
        inside.set()
        leave.wait(30)

thread = Thread(target=hold)
thread.start()
inside.wait(30)
child = os.fork()
if child == 0:
    with _threads.one_thread_blas():
        os._exit(not _threads._state.holds)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
leave.set()
thread.join()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_waits_until_no_other_thread_sets_a_limit():
    code = """
import os, time
from threading import Event, Thread
from skshallow import _threads

inside, done = Event(), []

def set_a_limit():
    with _threads._state.lock:
        inside.set()
        time.sleep(0.2)
        done.append(True)

for _ in range(3):
    inside.clear()
    done.clear()
    thread = Thread(target=set_a_limit)
    thread.start()
    assert inside.wait(30)
    child = os.fork()
    if child == 0:
        with _threads.one_thread_blas():
            os._exit(not done)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    thread.join()
    assert _threads._state.lock.acquire(timeout=0)
    _threads._state.lock.release()
    taken = []
    other = Thread(target=lambda: taken.append(_threads._state.lock.acquire(timeout=1)))
    other.start()
    other.join()
    assert taken == [True]
    _threads._state.lock = type(_threads._state.lock)()  # that of the ended thread
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("name", ["reduce", "map_rows"])
def test_fits_and_predictions_of_many_rows_hold_blas_to_one_thread(monkeypatch, name):
    seen = []
    original = getattr(RowBlocks, name)

    def spy(self, *args, **kwargs):
        seen.append(blas_threads())
        return original(self, *args, **kwargs)

    monkeypatch.setattr(RowBlocks, name, spy)
    monkeypatch.setattr(_predict, "_FEW", 0)
    p = make_problem("two classes")
    ShallowTanhClassifier(2, alpha=1.0, random_state=0).fit(p.X, p.y).predict(p.X)
    assert seen
    assert all(set(threads) == {1} for threads in seen)
    assert set(blas_threads()) == {2}


def test_blas_has_its_threads_after_the_first_fit_of_a_process():
    code = """
import sys
import numpy as np
from threadpoolctl import threadpool_info
from skshallow import ShallowTanhClassifier

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

X = np.random.default_rng(0).standard_normal((500, 30))
before = threads()
ShallowTanhClassifier(40, alpha=1.0, random_state=0).fit(X, X[:, 0] > 0).predict(X)
assert threads() == before, (threads(), before)
if set(before) != {2}:
    sys.exit(77)
"""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = os.environ | dict.fromkeys(names, "2")
    result = subprocess.run([sys.executable, "-c", code], env=environment, timeout=60)
    if result.returncode == 77:
        pytest.skip("BLAS does not take two threads")
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("module", "name", "fit"),
    [
        (
            _classifier,
            "column_scaling",
            lambda: ShallowTanhClassifier(2, random_state=0).fit(*IRIS),
        ),
        (
            _classifier_cv,
            "column_scaling",
            lambda: ShallowTanhClassifierCV(2, random_state=0).fit(*IRIS),
        ),
        (_classifier_cv, "stack", lambda: ShallowTanhClassifierCV(2, random_state=0).fit(*IRIS)),
        (
            _stream,
            "column_scaling",
            lambda: ShallowTanhClassifier(2, solver="adam").partial_fit(*IRIS, [0, 1, 2]),
        ),
    ],
)
def test_all_of_a_fit_holds_blas(module, name, fit, monkeypatch):
    """A fork waits forever for a thread of BLAS that is at a product."""
    function, held = getattr(module, name), []

    def watched(*arguments):
        held.append(len(_threads._state.holds))
        return function(*arguments)

    monkeypatch.setattr(module, name, watched)
    fit()
    assert held
    assert min(held) >= 1
    assert not _threads._state.holds
