import numpy as np
import pytest
import scipy.sparse as sp
from problems import N_SAMPLES, make_problem

from skshallow._parameters import Layout
from skshallow._split import BLOCK_ENTRIES, block_rows, split_rows


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
