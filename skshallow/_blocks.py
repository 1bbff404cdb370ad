"""Row blocks of a dense, memory-mapped or CSR matrix.

A pass over the data visits the rows block by block, so that no array of size
n_samples x n_hidden ever exists and a block's buffers stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from threading import Lock, get_ident
from typing import Any

import numpy as np
from scipy.sparse import issparse
from threadpoolctl import ThreadpoolController

from ._backprop import Block, Work
from ._parameters import FloatArray, Layout, Parameters

# Entries of one (rows, n_hidden) or (rows, n_outputs) buffer; see benchmarks/block_size.py.
BLOCK_ENTRIES = 2**15


@cache
def _thread_pools() -> ThreadpoolController:
    # Finding the loaded libraries takes milliseconds, longer than many a fit.
    return ThreadpoolController()


class _SingleThreadedBlas:
    """Holds BLAS to one thread from inside a fit.

    The limit belongs to the process, and OpenBLAS obeys only the thread that set it. Of fits that
    overlap, the first sets the limit and lifts it when it ends; the others leave it alone.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner: int | None = None
        self._depth = 0
        self._limiter: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._owner is None:
                self._owner = get_ident()
                self._limiter = _thread_pools().limit(limits=1, user_api="blas")
                self._limiter.__enter__()
            self._depth += self._owner == get_ident()

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            if self._owner == get_ident():
                self._depth -= 1
                if self._depth == 0:
                    self._limiter.__exit__(*exception)
                    self._owner = None


# A block's products are too small to be worth sharing between threads.
single_threaded_blas = _SingleThreadedBlas()


def block_rows(layout: Layout) -> int:
    """Rows in a block.

    Enough that a pass is spent in products rather than in Python, few enough that the
    buffers stay in cache. But a buffer may always be as large as W1, because each block of a
    CSR matrix pays for a gradient of that size whatever its number of entries.
    """
    widest = max(layout.n_hidden, layout.n_outputs)
    return max(1, max(BLOCK_ENTRIES, layout.n_features * layout.n_hidden) // widest)


def split_rows(X: Any, n_rows: int) -> Iterator[tuple[slice, Any]]:
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


class RowBlocks:
    """The rows of X with their targets and weights, split into blocks.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features), float32 or float64
    y : ndarray or None
        Targets as the loss encodes them, one row a sample.
    w : ndarray of shape (n_samples,) or None
    layout : Layout
    dtype : dtype
        What the kernels compute in.
    n_rows : int, default=None
        Rows in a block; chosen by `block_rows` if None.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        w: Any,
        layout: Layout,
        dtype: np.dtype[Any],
        n_rows: int | None = None,
    ) -> None:
        if n_rows is None:
            n_rows = block_rows(layout)
        n_rows = min(n_rows, X.shape[0])
        self.n_samples = X.shape[0]
        self.layout = layout
        self.dtype = np.dtype(dtype)
        self._X, self._y, self._w, self._n_rows = X, y, w, n_rows
        self._blocks = [
            (rows, Block(part, None if y is None else y[rows], None if w is None else w[rows]))
            for rows, part in split_rows(X, n_rows)
        ]
        self._work = Work(n_rows, layout, self.dtype)

    def cast(self, parameters: Parameters) -> Parameters:
        """The same parameters in what the kernels compute in."""
        return Parameters(*(part.astype(self.dtype, copy=False) for part in parameters))

    def reduce(
        self, kernel: Callable[..., None], parameters: Parameters, *args: Any, shape: Any = None
    ) -> FloatArray:
        """Sum of a kernel over all blocks, a new float64 array.

        Calls ``kernel(block, parameters, work, *args, layout, accumulator)`` in block order. The
        array's shape is (1 + layout.size,) if None is given: a loss and its gradient.
        """
        accumulator = np.zeros((1 + self.layout.size,) if shape is None else shape)
        parameters = self.cast(parameters)
        for _, block in self._blocks:
            kernel(block, parameters, self._work, *args, self.layout, accumulator)
        return accumulator

    def reduce_batch(
        self, kernel: Callable[..., None], parameters: Parameters, indices: Any, *args: Any
    ) -> FloatArray:
        """Sum of a kernel over the rows with these indices, as `reduce` over all.

        The rows are gathered a block at a time.
        """
        accumulator = np.zeros(1 + self.layout.size)
        parameters = self.cast(parameters)
        for start in range(0, len(indices), self._n_rows):
            some = indices[start : start + self._n_rows]
            block = Block(self._X[some], self._y[some], self._w[some])
            kernel(block, parameters, self._work, *args, self.layout, accumulator)
        return accumulator

    def logits(self, forward: Callable[..., Any], parameters: Parameters) -> FloatArray:
        """Logits of all rows, a new array of shape (n_samples, n_outputs)."""
        out = np.empty((self.n_samples, self.layout.n_outputs), self.dtype)
        parameters = self.cast(parameters)
        for rows, block in self._blocks:
            out[rows] = forward(block, parameters, self._work)[1]
        return out
