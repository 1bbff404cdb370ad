import pickle

import numpy as np
import pytest
from problems import N_HIDDEN, N_SAMPLES, make_problem

from skshallow import _predict, _rows, _split
from skshallow._backprop import forward, loss_gradient
from skshallow._outputs import LOSSES
from skshallow._parameters import Layout
from skshallow._predict import network_logits
from skshallow._split import BLOCK_ENTRIES


@pytest.mark.parametrize("storage", ["dense", "CSR"])
def test_same_sum_for_any_block_size(storage):
    p = make_problem("K classes", storage)
    whole = p.rows(N_SAMPLES).reduce(loss_gradient, p.networks())
    for n_rows in (1, 2, 10, N_SAMPLES + 3, None):
        parts = p.rows(n_rows).reduce(loss_gradient, p.networks())
        np.testing.assert_allclose(parts, whole, rtol=1e-12, atol=1e-13)


def test_read_only_memmap_and_fortran_order(tmp_path):
    p = make_problem("two classes")
    np.save(tmp_path / "X.npy", p.X)
    expected = p.rows(7).reduce(loss_gradient, p.networks())
    for X in (np.load(tmp_path / "X.npy", mmap_mode="r"), np.asfortranarray(p.X)):
        got = p._replace(X=X).rows(7).reduce(loss_gradient, p.networks())
        np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_64_bit_indices():
    p = make_problem("two classes", "CSR")
    wide = p.X.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    got = p._replace(X=wide).rows(7).reduce(loss_gradient, p.networks())
    expected = p.rows(7).reduce(loss_gradient, p.networks())
    np.testing.assert_array_equal(got, expected)


def test_buffers_do_not_grow_with_the_number_of_rows():
    layout = Layout(3, 8, 1)
    X = np.broadcast_to(np.zeros((1, 3)), (200_000, 3))
    p = make_problem("two classes")._replace(X=X, y=np.arange(200_000) % 2, w=np.ones(200_000))
    p = p._replace(layout=layout, loss=LOSSES["logistic"], theta=np.zeros(layout.size))
    rows = p.rows()
    buffers = []
    for _ in range(2):
        rows.reduce(loss_gradient, p.networks())
        buffers.append(rows._worker(0, 1, 1, layout))
    assert buffers[0] is buffers[1]
    parts = buffers[0].buffers(1, buffers[0].n_rows)
    assert max(part.size for part in parts) <= 9 / 8 * BLOCK_ENTRIES


@pytest.mark.parametrize("storage", ["dense", "CSR"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("few", [True, False])
def test_logits_of_all_rows(storage, dtype, few, monkeypatch):
    monkeypatch.setattr(_predict, "_FEW", N_SAMPLES * N_HIDDEN - (not few))
    monkeypatch.setattr(_split, "BLOCK_ENTRIES", 20)
    p = make_problem("K classes", storage, dtype=dtype)
    network = p.layout.unpack(p.theta.astype(dtype))
    expected = np.tanh(p.dense @ network.W1 + network.b1) @ network.W2 + network.b2
    at_once, calls = _predict.logits_at_once, []
    monkeypatch.setattr(
        _predict, "logits_at_once", lambda X, network: calls.append(X) or at_once(X, network)
    )
    got = network_logits(p.X, network)
    assert len(calls) == few
    assert got.dtype == dtype
    rounding = 1e-5 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(got, expected, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize("row", [0, N_SAMPLES - 1])
@pytest.mark.parametrize("value", [1e200, -1e39])
def test_values_beyond_float32_have_no_rows_in_float32(prepared, row, value, monkeypatch):
    if not prepared:
        monkeypatch.setattr(_rows, "_PREPARED", 0)
        monkeypatch.setattr(_rows, "_PREPARED_FLOAT32", 0)
    p = make_problem("two classes")
    assert p.rows().as_float32() is not None
    far = p.X.copy()
    far[row, 1] = value
    assert p._replace(X=far).rows().as_float32() is None


def test_rows_in_float32_have_blocks_of_the_same_size():
    p, sizes = make_problem("two classes"), []

    def kernel(block, layers, work):
        sizes.append(len(block.X))
        return block.X[:, 0]

    for rows in (p.rows(7), p.rows(7).as_float32()):
        rows.map_rows(kernel, p.networks(), shape=())
    assert sizes[: len(sizes) // 2] == sizes[len(sizes) // 2 :]
    assert max(sizes) == 7


def test_kernels_pickle():
    assert pickle.loads(pickle.dumps(loss_gradient)) is loss_gradient
    assert pickle.loads(pickle.dumps(forward)) is forward
