import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident
from time import sleep

import numpy as np
import pytest
import scipy.sparse as sp
from joblib import Parallel, delayed, parallel_config
from problems import N_SAMPLES, make_problem
from threadpoolctl import threadpool_info, threadpool_limits

from skshallow import ShallowTanhClassifier, _blocks
from skshallow._backprop import forward, loss_gradient
from skshallow._blocks import (
    BLOCK_ENTRIES,
    RowBlocks,
    block_rows,
    logits,
    one_thread_blas,
    share_out,
    split_rows,
)
from skshallow._losses import LOSSES
from skshallow._parameters import Layout


@pytest.mark.parametrize("n_rows", [1, 7, N_SAMPLES, N_SAMPLES + 3])
@pytest.mark.parametrize("make", [np.asarray, np.asfortranarray, sp.csr_matrix, sp.csr_array])
def test_blocks_cover_the_rows_in_order_without_copying(make, n_rows):
    X = make(make_problem("two classes").dense)
    parts = list(split_rows(X, n_rows))
    assert np.concatenate([np.arange(N_SAMPLES)[rows] for rows, _ in parts]).tolist() == list(
        range(N_SAMPLES)
    )
    for rows, part in parts:
        assert part.shape[0] <= n_rows
        if sp.issparse(X):
            assert part.nnz == 0 or np.shares_memory(part.data, X.data)
            np.testing.assert_array_equal(part.toarray(), X.toarray()[rows])
        else:
            assert np.shares_memory(part, X)
            np.testing.assert_array_equal(part, X[rows])


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_same_sum_for_any_block_size(storage):
    p = make_problem("K classes", storage)
    whole = p.rows(N_SAMPLES).reduce(loss_gradient, p.theta[None], p.loss)
    for n_rows in (1, 2, 10, N_SAMPLES + 3, None):
        parts = p.rows(n_rows).reduce(loss_gradient, p.theta[None], p.loss)
        np.testing.assert_allclose(parts, whole, rtol=1e-12, atol=1e-13)


def test_read_only_memmap_and_fortran_order(tmp_path):
    p = make_problem("two classes")
    np.save(tmp_path / "X.npy", p.X)
    expected = p.rows(7).reduce(loss_gradient, p.theta[None], p.loss)
    for X in (np.load(tmp_path / "X.npy", mmap_mode="r"), np.asfortranarray(p.X)):
        got = p._replace(X=X).rows(7).reduce(loss_gradient, p.theta[None], p.loss)
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_64_bit_indices():
    p = make_problem("two classes", "CSR")
    wide = p.X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    got = p._replace(X=wide).rows(7).reduce(loss_gradient, p.theta[None], p.loss)
    expected = p.rows(7).reduce(loss_gradient, p.theta[None], p.loss)
    np.testing.assert_array_equal(got, expected)


def test_buffers_do_not_grow_with_the_number_of_rows():
    layout = Layout(3, 8, 1)
    X = np.broadcast_to(np.zeros((1, 3)), (200_000, 3))
    p = make_problem("two classes")._replace(X=X, y=np.arange(200_000) % 2, w=np.ones(200_000))
    rows = p._replace(layout=layout, loss=LOSSES["logistic"]).rows()
    buffers = []
    for _ in range(2):
        rows.reduce(loss_gradient, np.zeros((1, layout.size)), LOSSES["logistic"])
        buffers.append(rows._buffers(0, 1, 1))
    assert buffers[0] is buffers[1]
    assert (
        max(part.size for part in buffers[0].views(1, buffers[0].n_rows)) <= 9 / 8 * BLOCK_ENTRIES
    )


def test_rows_of_a_block():
    many = 10**7
    assert block_rows(Layout(1, 10 * BLOCK_ENTRIES, 1), many, 10 * BLOCK_ENTRIES) == 1
    assert block_rows(Layout(4, 32, 1), 100, 32) == 100
    sparse = Layout(50_000, 16, 1)  # a block's gradient is as large as W1
    assert 40_000 < block_rows(sparse, many, 16) <= 50_000
    for n_samples in (BLOCK_ENTRIES // 32 + 1, 20_000, 99_999, many):
        n_rows = block_rows(Layout(4, 32, 1), n_samples, 32)
        assert n_rows <= BLOCK_ENTRIES // 32
        assert -(-n_samples // n_rows) % 4 == 0  # equal shares for two or four threads


@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("few", [True, False])
def test_logits_of_all_rows(storage, dtype, few, monkeypatch):
    monkeypatch.setattr(_blocks, "_FEW", 10**6 if few else 0)
    monkeypatch.setattr(_blocks, "BLOCK_ENTRIES", 20)
    p = make_problem("K classes", storage, dtype=dtype)
    network = p.layout.unpack(p.theta.astype(dtype))
    expected = np.tanh(p.dense @ network.W1 + network.b1) @ network.W2 + network.b2
    got = logits(p.X, network)
    assert got.dtype == dtype
    rounding = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(got, expected, rtol=rounding, atol=rounding)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_overlapping_holds_of_blas_are_lifted_together():
    before = blas_threads()
    inside, leave = Barrier(3), Barrier(3)

    def hold():
        with one_thread_blas:
            inside.wait(10)
            n_threads = one_thread_blas.n_threads
            leave.wait(10)
            return n_threads

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(hold) for _ in range(2)]
        inside.wait(10)
        assert blas_threads() == [1] * len(before)
        assert one_thread_blas.n_threads == 1
        leave.wait(10)
        # Only the first of them has the threads.
        assert min(task.result() for task in tasks) == 1
    assert blas_threads() == before
    with pytest.raises(RuntimeError), one_thread_blas:
        raise RuntimeError
    assert blas_threads() == before


@pytest.fixture(params=[1, 2, 3, 7])
def n_threads(request, monkeypatch):
    """Threads whatever the machine has, from the first block on."""
    monkeypatch.setattr(type(one_thread_blas), "n_threads", request.param)
    return request.param


@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("n_rows", [1, 7])
def test_sums_and_logits_are_the_same_to_the_bit_for_any_number_of_threads(
    storage, n_rows, n_threads, monkeypatch
):
    p = make_problem("K classes", storage)
    monkeypatch.setattr(_blocks, "_PARTS", 5)
    seen = set()

    def kernel(*args):
        seen.add(get_ident())
        sleep(1e-3)  # so that no thread can do it all before another begins
        loss_gradient(*args)

    got = p.rows(n_rows).reduce(kernel, p.theta[None], p.loss)
    monkeypatch.setattr(_blocks, "_FEW", 0)
    monkeypatch.setattr(_blocks, "BLOCK_ENTRIES", 4 * n_rows)
    predicted = logits(p.X, p.layout.unpack(p.theta))
    monkeypatch.setattr(type(one_thread_blas), "n_threads", 1)
    np.testing.assert_array_equal(got, p.rows(n_rows).reduce(loss_gradient, p.theta[None], p.loss))
    np.testing.assert_array_equal(predicted, logits(p.X, p.layout.unpack(p.theta)))
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


def test_a_search_on_all_processors_does_not_ask_for_more_threads():
    n_jobs = os.cpu_count()
    if n_jobs == 1:
        pytest.skip("one processor")

    # Sent by value with its import, since workers cannot import this module.
    def worker_threads():
        from skshallow._blocks import one_thread_blas

        with one_thread_blas:
            return one_thread_blas.n_threads

    with parallel_config("loky", n_jobs=n_jobs):
        assert Parallel()(delayed(worker_threads)() for _ in range(n_jobs)) == [1] * n_jobs


def test_threads_are_those_that_blas_was_allowed():
    assert one_thread_blas.n_threads == 1
    for limit in (1, None):
        with threadpool_limits(limit, "blas"):
            allowed = min([os.cpu_count(), *blas_threads()])
            with one_thread_blas:
                assert one_thread_blas.n_threads == allowed


def test_a_thread_that_blas_does_not_obey_gets_no_more_threads():
    # OpenBLAS may take a limit from one thread alone.
    def hold():
        with one_thread_blas:
            return one_thread_blas.n_threads, max(blas_threads())

    with one_thread_blas:
        pass
    with ThreadPoolExecutor(1) as pool:
        n_threads, blas = pool.submit(hold).result()
    assert n_threads == 1 or blas == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_has_threads_of_its_own():
    code = """
import os, warnings
import numpy as np
from skshallow import ShallowTanhClassifier, _blocks
warnings.simplefilter("ignore")
type(_blocks.one_thread_blas).n_threads = 2
_blocks.BLOCK_ENTRIES = 100
X = np.random.default_rng(0).standard_normal((500, 3))
model = ShallowTanhClassifier(4, max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
expected = model.coefs_[0].tolist()
child = os.fork()
if child == 0:
    again = ShallowTanhClassifier(4, max_iter=2, random_state=0).fit(X, X[:, 0] > 0)
    os._exit(again.coefs_[0].tolist() != expected)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

# While another thread holds BLAS.
from threading import Event, Thread

inside, leave = Event(), Event()

def hold():
    with _blocks.one_thread_blas:
        inside.set()
        leave.wait(30)

thread = Thread(target=hold)
thread.start()
inside.wait(30)
child = os.fork()
if child == 0:
    with _blocks.one_thread_blas:
        os._exit(_blocks.one_thread_blas._owner is None)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
leave.set()
thread.join()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_fits_hold_blas_to_one_thread(monkeypatch):
    seen = []
    original = RowBlocks.reduce

    def spy(self, *args, **kwargs):
        seen.append(blas_threads())
        return original(self, *args, **kwargs)

    monkeypatch.setattr(RowBlocks, "reduce", spy)
    p = make_problem("two classes")
    ShallowTanhClassifier(2, random_state=0).fit(p.X, p.y)
    assert seen
    assert all(set(threads) == {1} for threads in seen)


def test_kernels_pickle():
    assert pickle.loads(pickle.dumps(loss_gradient)) is loss_gradient
    assert pickle.loads(pickle.dumps(forward)) is forward
