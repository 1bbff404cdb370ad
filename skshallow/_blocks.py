"""Row blocks of a dense, memory-mapped or CSR matrix, and the threads that share them out.

A pass over the data visits the rows block by block, so that no array of size
n_samples x n_hidden ever exists and a block's buffers stay in the processor's cache.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Lock, get_ident
from typing import Any

import numpy as np
from scipy.sparse import issparse
from threadpoolctl import ThreadpoolController

from ._backprop import Block, Layers, Work, forward, logits_at_once
from ._parameters import FloatArray, Layout, Parameters

# Entries of a block's widest buffer, 1 MiB in float32; see benchmarks/block_size.py. Less does in
# one thread, but each call into NumPy costs two threads a hand-over of the interpreter.
BLOCK_ENTRIES = 2**18

# Partial sums of a pass. Fixed, so that a sum does not depend on the number of threads; enough
# to keep many threads busy until the end, but few where a sum is large: 8 MiB of them, or 4.
_PARTS = 32
_PARTS_ENTRIES = 2**20

# The next three: see benchmarks/small_problems.py.

# Entries of a dense X up to which a copy with a column of ones is made. It takes the biases into
# the products, which saves a tenth of an evaluation on the smallest.
_SMALL = 2**17

# Hidden activations up to which a prediction is written out: 14 microseconds for a row where the
# buffers of a block make it 66; beyond, tanh costs more than they do.
_FEW = 2**12

# Networks side by side at the most: of 32 each takes as long as of 16.
_SIDE_BY_SIDE = 16


@cache
def _thread_pools() -> ThreadpoolController:
    # Finding the loaded libraries takes milliseconds, longer than many a fit.
    return ThreadpoolController().select(user_api="blas")


class _OneThreadBlas:
    """Holds BLAS to one thread, and gives its threads to the row blocks instead.

    A block's products are too small to be worth sharing between threads; blocks are not.

    The limit belongs to the process, and OpenBLAS may obey one thread alone in this. So of fits
    that overlap in several threads, the first sets the limit, has the threads, and lifts the limit
    when it ends; the others leave it alone and run in one thread of their own.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._owner: int | None = None
        self._depth = 0
        self._limiter: Any = None
        self._n_threads = 1

    def __enter__(self) -> None:
        with self._lock:
            if self._owner is None:
                self._owner = get_ident()
                libraries = _thread_pools().lib_controllers
                allowed = [library.num_threads for library in libraries]
                self._limiter = _thread_pools().limit(limits=1)
                self._limiter.__enter__()
                # A library that is not known, or does not obey, keeps threads of its own.
                obeys = bool(allowed) and all(library.num_threads == 1 for library in libraries)
                self._n_threads = min([*allowed, os.cpu_count() or 1]) if obeys else 1
            self._depth += self._owner == get_ident()

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            if self._owner == get_ident():
                self._depth -= 1
                if self._depth == 0:
                    self._limiter.__exit__(*exception)
                    self._owner = None

    def after_fork(self) -> None:
        """In a forked child: lift what another thread, which the child does not have, has set."""
        self._lock = Lock()
        if self._owner not in (None, get_ident()):
            self._limiter.__exit__(None, None, None)
            self._owner, self._depth = None, 0

    @property
    def n_threads(self) -> int:
        """Threads that the calling thread may use: what BLAS was allowed when it was held."""
        return self._n_threads if self._owner == get_ident() else 1


one_thread_blas = _OneThreadBlas()


@cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="skshallow")


if hasattr(os, "register_at_fork"):
    # A forked child has none of its parent's other threads.
    os.register_at_fork(after_in_child=_helpers.cache_clear)
    os.register_at_fork(after_in_child=one_thread_blas.after_fork)


def share_out(task: Callable[[int, int], None], n_tasks: int) -> None:
    """Call ``task(i, worker)`` for each i below n_tasks, on as many threads as are allowed.

    No two calls at the same time have the same worker, a number below the number of threads.
    """
    waiting = deque(range(n_tasks))
    error_state = np.geterr()  # other threads do not inherit it

    def work(worker: int) -> None:
        with np.errstate(**error_state):
            while True:
                try:
                    i = waiting.popleft()
                except IndexError:
                    return
                try:
                    task(i, worker)
                except BaseException:
                    waiting.clear()  # the others stop too
                    raise

    n_threads = min(one_thread_blas.n_threads, n_tasks)
    futures = [_helpers().submit(work, worker) for worker in range(1, n_threads)]
    try:
        work(0)
    finally:
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error


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
        Targets as the loss encodes them, samples along the last axis.
    w : ndarray of shape (n_samples,) or None
    layout : Layout
    dtype : dtype
        What the kernels compute in.
    n_rows : int, default=None
        Rows in a block; chosen by `block_rows` if None.
    prepare : callable, default=None
        Makes what the kernels see of a dense block out of its X, at each pass anew; for few
        passes over an X whose standardised copy would take too much memory.
    """

    def __init__(
        self,
        X: Any,
        y: Any,
        w: Any,
        layout: Layout,
        dtype: np.dtype[Any],
        n_rows: int | None = None,
        prepare: Callable[[FloatArray], FloatArray] | None = None,
    ) -> None:
        self.n_samples = X.shape[0]
        self.layout = layout
        self.dtype = np.dtype(dtype)
        if y is not None and prepare is None and not issparse(X) and X.size <= _SMALL:
            # Column by column, as a Hessian reads it.
            X = np.vstack([X.T, np.ones(len(X), X.dtype)]).T
        self._X, self._y, self._w, self._n_rows = X, y, w, n_rows
        self._prepare = prepare
        self._splits: dict[int, list[tuple[slice, Block]]] = {}
        self._work: dict[int, Work] = {}

    def _layers(self, thetas: FloatArray) -> Layers:
        return self.layout.layers(thetas.astype(self.dtype, copy=False))

    def _blocks(self, width: int) -> list[tuple[slice, Block]]:
        """Consecutive blocks for kernels that need `width` numbers a row."""
        n_rows = self._n_rows or block_rows(self.layout, self.n_samples, width)
        if n_rows not in self._splits:
            self._splits[n_rows] = [
                (
                    rows,
                    Block(
                        part,
                        None if self._y is None else self._y[..., rows],
                        None if self._w is None else self._w[rows],
                    ),
                )
                for rows, part in split_rows(self._X, n_rows)
            ]
        return self._splits[n_rows]

    @property
    def n_together(self) -> int:
        """Networks that are better computed side by side than one after the other.

        As many as make a block's buffer full; see benchmarks/small_problems.py.
        """
        largest = max(self.n_samples * self.layout.width, self.layout.size)
        return max(1, min(_SIDE_BY_SIDE, BLOCK_ENTRIES // largest))

    def _buffers(self, worker: int, n_stack: int, n_rows: int) -> Work:
        """A worker's own buffers for blocks of so many networks and rows."""
        work = self._work.get(worker)
        if work is None or work.n_stack < n_stack or work.n_rows < n_rows:
            work = self._work[worker] = Work(n_rows, n_stack, self.layout, self.dtype)
        return work

    def reduce(
        self,
        kernel: Callable[..., None],
        thetas: FloatArray,
        *args: Any,
        along: FloatArray | None = None,
        shape: Any = None,
    ) -> FloatArray:
        """Sum of a kernel over all blocks, a new float64 array (n_stack, *shape).

        Calls ``kernel(block, layers, work, *args, layout, accumulator)``, where layers are those
        of the networks in `thetas`, (n_stack, layout.size); with directions `along`, of that
        shape, their layers come after those. The shape is (1 + layout.size,) if None is given: a
        loss and its gradient. Blocks are added up in their order, in consecutive parts, and the
        parts in theirs, whatever the threads.
        """
        layout, n_stack = self.layout, len(thetas)
        shape = (1 + layout.size,) if shape is None else shape
        # A Hessian takes a column for each parameter.
        width = layout.size if len(shape) == 2 else layout.width
        blocks = self._blocks(width)
        most_rows = blocks[0][1].X.shape[0]
        stacks = [self._layers(each) for each in (thetas, along) if each is not None]
        most_parts = max(4, min(_PARTS, _PARTS_ENTRIES // int(np.prod(shape))))
        n_parts = min(len(blocks), most_parts)
        sums = np.zeros((n_parts, n_stack, *shape))

        def add_up(part: int, worker: int) -> None:
            work = self._buffers(worker, n_stack, most_rows)
            part_of = slice(part * len(blocks) // n_parts, (part + 1) * len(blocks) // n_parts)
            for _, block in blocks[part_of]:
                if self._prepare is not None:
                    block = block._replace(X=self._prepare(block.X))
                kernel(block, *stacks, work, *args, layout, sums[part])

        if n_parts == 1:
            add_up(0, 0)
            return sums[0]
        share_out(add_up, n_parts)
        return sums.sum(axis=0)

    def reduce_batch(
        self, kernel: Callable[..., None], thetas: FloatArray, indices: Any, *args: Any
    ) -> FloatArray:
        """Sum of a kernel over the rows with these indices, as `reduce` over all.

        The rows are gathered a block at a time.
        """
        accumulator = np.zeros((len(thetas), 1 + self.layout.size))
        layers = self._layers(thetas)
        n_rows = self._n_rows or block_rows(self.layout, len(indices), self.layout.width)
        for start in range(0, len(indices), n_rows):
            some = indices[start : start + n_rows]
            X = self._X[some] if self._prepare is None else self._prepare(self._X[some])
            block = Block(X, self._y[..., some], self._w[some])
            work = self._buffers(0, len(thetas), len(some))
            kernel(block, layers, work, *args, self.layout, accumulator)
        return accumulator


def logits(X: Any, network: Parameters) -> FloatArray:
    """Logits of a network on every row of X, a new array of shape (n_samples, n_outputs).

    A few rows are done at once; many block by block, on as many threads as BLAS may use.
    """
    dtype = np.result_type(X, network.W1)
    W1, b1, W2, b2 = (part.astype(dtype, copy=False) for part in network)
    if X.shape[0] * len(b1) <= _FEW:
        return logits_at_once(X, Parameters(W1, b1, W2, b2))
    layout = Layout(W1.shape[0], W1.shape[1], len(b2))
    layers = np.vstack([W1, b1])[None], np.vstack([W2, b2])[None]
    n_rows = block_rows(layout, X.shape[0], layout.width)
    blocks = list(split_rows(X, n_rows))
    out = np.empty((X.shape[0], layout.n_outputs), dtype)
    work: dict[int, Work] = {}

    def fill(i: int, worker: int) -> None:
        if worker not in work:
            work[worker] = Work(n_rows, 1, layout, dtype)
        rows, part = blocks[i]
        out[rows] = forward(Block(part, None, None), layers, work[worker])[1][0].T

    with one_thread_blas:
        share_out(fill, len(blocks))
    return out
