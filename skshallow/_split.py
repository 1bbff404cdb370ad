"""How rows are split into blocks.

A pass over the data visits the rows block by block, so that no array of size
n_samples x n_hidden ever exists and a block's buffers stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from scipy.sparse import issparse

from ._arrays import Matrix
from ._parameters import Layout

# Entries of a block's widest buffer, 1 MiB in float32; see benchmarks/block_size.py. Less is
# enough for one thread, but with two each call into NumPy costs a change of the interpreter lock.
BLOCK_ENTRIES = 2**18


def block_rows(layout: Layout, n_samples: int, width: int) -> int:
    """Rows in a block for kernels whose widest buffer holds `width` numbers a row.

    Enough that a pass is spent in products rather than in Python, few enough that the
    buffers stay in cache. But a buffer may always be as large as W1, because each block of a
    CSR matrix pays for a gradient of that size whatever its number of entries. Of several
    blocks there are a multiple of four, equal in size, so that a few threads end together.
    """
    most = max(1, max(BLOCK_ENTRIES, layout.n_features * layout.n_hidden) // width)
    if n_samples <= most:
        return n_samples
    n_blocks = -4 * (-n_samples // (4 * most))
    return -(-n_samples // n_blocks)


def split_rows(X: Matrix, n_rows: int) -> Iterator[tuple[slice, Matrix]]:
    """Consecutive row blocks of X, each with its slice; views, never copies, of X's entries."""
    for start in range(0, X.shape[0], n_rows):
        rows = slice(start, min(start + n_rows, X.shape[0]))
        if issparse(X):
            entries = slice(X.indptr[rows.start], X.indptr[rows.stop])
            # SciPy's slicing, and its constructor for short views, would copy the entries.
            part = type(X)((rows.stop - rows.start, X.shape[1]), dtype=X.dtype)
            part.data, part.indices = X.data[entries], X.indices[entries]
            part.indptr = X.indptr[rows.start : rows.stop + 1] - X.indptr[rows.start]
            yield rows, part
        else:
            yield rows, X[rows]
