import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import scipy.sparse as sp
from problems import N_SAMPLES, make_problem
from threadpoolctl import threadpool_info

from skshallow import ShallowTanhClassifier
from skshallow._backprop import forward, loss_gradient
from skshallow._blocks import (
    BLOCK_ENTRIES,
    RowBlocks,
    block_rows,
    single_threaded_blas,
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
    parameters = p.layout.unpack(p.theta)
    whole = p.rows(N_SAMPLES).reduce(loss_gradient, parameters, p.loss)
    for n_rows in (1, 2, 10, N_SAMPLES + 3, None):
        parts = p.rows(n_rows).reduce(loss_gradient, parameters, p.loss)
        np.testing.assert_allclose(parts, whole, rtol=1e-12, atol=1e-13)


def test_read_only_memmap_and_fortran_order(tmp_path):
    p = make_problem("two classes")
    np.save(tmp_path / "X.npy", p.X)
    expected = p.rows(7).reduce(loss_gradient, p.layout.unpack(p.theta), p.loss)
    for X in (np.load(tmp_path / "X.npy", mmap_mode="r"), np.asfortranarray(p.X)):
        got = p._replace(X=X).rows(7).reduce(loss_gradient, p.layout.unpack(p.theta), p.loss)
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_64_bit_indices():
    p = make_problem("two classes", "CSR")
    wide = p.X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    got = p._replace(X=wide).rows(7).reduce(loss_gradient, p.layout.unpack(p.theta), p.loss)
    expected = p.rows(7).reduce(loss_gradient, p.layout.unpack(p.theta), p.loss)
    np.testing.assert_array_equal(got, expected)


def test_buffers_do_not_grow_with_the_number_of_rows():
    layout = Layout(3, 8, 1)
    X = np.broadcast_to(np.zeros((1, 3)), (200_000, 3))
    p = make_problem("two classes")._replace(X=X, y=np.arange(200_000) % 2, w=np.ones(200_000))
    rows = p._replace(layout=layout, loss=LOSSES["logistic"]).rows()
    assert rows._work.H.size == BLOCK_ENTRIES
    assert len(rows._blocks) == -(-200_000 // (BLOCK_ENTRIES // 8))


def test_rows_of_a_block():
    assert block_rows(Layout(1, 10 * BLOCK_ENTRIES, 1)) == 1
    assert block_rows(Layout(50_000, 16, 1)) == 50_000
    assert block_rows(Layout(4, 32, 1)) == BLOCK_ENTRIES // 32
    assert block_rows(Layout(4, 2, 1024)) == BLOCK_ENTRIES // 1024


def test_logits_of_all_rows():
    p = make_problem("K classes")
    parameters = p.layout.unpack(p.theta)
    expected = np.tanh(p.dense @ parameters.W1 + parameters.b1) @ parameters.W2 + parameters.b2
    np.testing.assert_allclose(p.rows(7).logits(forward, parameters), expected, rtol=1e-12)


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_overlapping_holds_of_blas_are_lifted_together():
    before = blas_threads()
    inside, leave = Barrier(3), Barrier(3)

    def hold():
        with single_threaded_blas:
            inside.wait(10)
            leave.wait(10)

    with ThreadPoolExecutor(2) as pool:
        tasks = [pool.submit(hold) for _ in range(2)]
        inside.wait(10)
        assert blas_threads() == [1] * len(before)
        leave.wait(10)
        for task in tasks:
            task.result()
    assert blas_threads() == before
    with pytest.raises(RuntimeError), single_threaded_blas:
        raise RuntimeError
    assert blas_threads() == before


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
