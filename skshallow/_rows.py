"""Rows of a dense, memory-mapped or CSR matrix, and passes over them.

Rows know no network: each pass gets the networks and a kernel, a function of one block.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, Protocol, Self

import numpy as np
from scipy.sparse import issparse

from ._arrays import FloatArray, IntArray, Matrix
from ._backprop import Block, Networks, Work
from ._parameters import Layout
from ._split import BLOCK_ENTRIES, block_rows, split_rows
from ._standardize import Scaling
from ._threads import share_out

# Partial sums of a pass. Fixed, so that a sum does not depend on the number of threads; enough
# to keep many threads busy until the end, but few where a sum is large: 8 MiB of them, or 4.
_PARTS = 32
_PARTS_ENTRIES = 2**20

# Entries of a dense X up to which its blocks are prepared once and kept, for kernels in float64 and
# in float32, where most of a descent is: 8 and 32 MiB. Beyond that they are prepared at each pass,
# which with 16 to 64 hidden units adds up to 7% to an evaluation in float64, 5 to 20% in float32,
# and 10 to 35% where X is float64 and the kernels compute in float32
# (benchmarks/standardising.py).
_PREPARED = 2**20
_PREPARED_FLOAT32 = 2**23

# Numbers that a product with a short row is spread over: NumPy's loops over rows of 30 numbers
# take up to a quarter more time than over 512 to 4096.
_SPREAD = 2048

# Networks side by side at the most; see benchmarks/small_problems.py.
_SIDE_BY_SIDE = 16


class RowSource(Protocol):
    """What the objective and the fit use of rows, in an array or elsewhere.

    `RowBlocks` is it for arrays and CSR matrices. Sums are in float64 and are added in the order
    of the rows, so that they depend neither on threads nor on workers.
    """

    n_samples: int
    dtype: np.dtype[Any]  # what the kernels compute in
    to_fold: Scaling | None  # thetas must be folded with it before a pass over these rows

    def standardised(self, scaling: Scaling) -> RowSource:
        """The same rows with standardised columns, by a scaling that is rounded to their dtype."""

    def as_float32(self) -> RowSource | None:
        """The same rows for kernels in float32, which take about half the time.

        None where the kernels compute in float32 already, or float32 cannot hold the rows.
        """

    def n_together(self, layout: Layout) -> int:
        """How many networks are computed faster side by side than one after the other."""

    def reduce(
        self, kernel: Callable[..., None], networks: Networks, *args: Any, shape: Any = None
    ) -> FloatArray:
        """Sum of a kernel over all rows, a new float64 array of shape (B, *shape)."""

    def reduce_batch(
        self, kernel: Callable[..., None], networks: Networks, indices: IntArray, *args: Any
    ) -> FloatArray:
        """Sum of a kernel over the rows with these indices."""

    def map_rows(
        self, kernel: Callable[..., FloatArray], networks: Networks, *args: Any, shape: Any
    ) -> Any:
        """What a kernel gives for each row, an array (n_samples, *shape)."""


class RowBlocks:
    """The rows of X with their targets and weights, split into blocks.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features), float32 or float64
    y : ndarray or None
        Targets as the loss encodes them, samples along the last axis.
    w : ndarray of shape (n_samples,) or None
    dtype : dtype, default=None
        What the kernels compute in; that of X if None.
    scaling : Scaling, default=None
        How columns are standardised; None leaves them as they are. A sparse X is left as it is
        too, and thetas are to be folded.
    n_rows : int, default=None
        Rows in a block; chosen by `block_rows` if None.
    """

    def __init__(
        self,
        X: Matrix,
        y: Any,
        w: Any,
        dtype: Any = None,
        *,
        scaling: Scaling | None = None,
        n_rows: int | None = None,
    ) -> None:
        self.n_samples = X.shape[0]
        self.dtype = np.dtype(X.dtype if dtype is None else dtype)
        self.to_fold = scaling if issparse(X) else None
        self._X, self._y = X, y
        self._w: Any = None if w is None else np.asarray(w).astype(self.dtype, copy=False)
        self._scaling, self._n_rows = scaling, n_rows
        self._dense: _DenseBlocks | None = None
        self._splits: dict[int, list[tuple[slice, Block]]] = {}
        self._work: dict[int, tuple[Layout, Work]] = {}
        self._float32: tuple[Self | None] | None = None

    def standardised(self, scaling: Scaling) -> Self:
        """The same rows with standardised columns."""
        return type(self)(
            self._X, self._y, self._w, self.dtype, scaling=scaling, n_rows=self._n_rows
        )

    def as_float32(self) -> Self | None:
        """The same rows for kernels in float32, made once.

        None for CSR, whose columns are not standardised, for rows that are in float32 already,
        and for values beyond float32.
        """
        if self._float32 is None:
            rows = None
            if not issparse(self._X) and self.dtype == np.float64:
                with np.errstate(over="ignore", invalid="ignore"):
                    rows = type(self)(
                        self._X, self._y, self._w, np.float32, scaling=self._scaling,
                        n_rows=self._n_rows,
                    )  # fmt: skip
                    if not rows._finite():
                        rows = None
            self._float32 = (rows,)
        return self._float32[0]

    def _finite(self) -> bool:
        """Whether the kernels' dtype can hold the features."""
        source = self._source
        return source is None or source.finite()

    @property
    def _source(self) -> _DenseBlocks | None:
        """What prepares the blocks of a dense X, made when it is first asked for."""
        if self._dense is None and not issparse(self._X):
            self._dense = _DenseBlocks(self._X, self._scaling, self.dtype)
        return self._dense

    def n_together(self, layout: Layout) -> int:
        """Networks that are better computed side by side than one after the other.

        As many as make a block's buffer full; see benchmarks/small_problems.py.
        """
        largest = max(self.n_samples * layout.width, layout.size)
        return max(1, min(_SIDE_BY_SIDE, BLOCK_ENTRIES // largest))

    def _block_rows(self, layout: Layout, n_samples: int, width: int) -> int:
        """Rows in a block for kernels that need `width` numbers a row."""
        if self._n_rows is not None:
            return self._n_rows
        n_rows, source = block_rows(layout, n_samples, width), self._source
        if source is None or source.prepared is not None:
            return n_rows
        # A buffer for them, as large as W1 all the same, for the reason that `block_rows` gives.
        entries = max(_PREPARED, layout.n_features * layout.n_hidden)
        return min(n_rows, max(1, entries // (layout.n_features + 1)))

    def _blocks(self, n_rows: int) -> list[tuple[slice, Block]]:
        """Consecutive blocks; of a dense X that is prepared at each pass, as it is."""
        if n_rows not in self._splits:
            source = self._source
            prepared = None if source is None else source.prepared
            self._splits[n_rows] = [
                (
                    rows,
                    Block(
                        part,
                        None if self._y is None else self._y[..., rows],
                        None if self._w is None else self._w[None, rows],
                    ),
                )
                for rows, part in split_rows(self._X if prepared is None else prepared, n_rows)
            ]
        return self._splits[n_rows]

    def _worker(self, worker: int, n_stack: int, n_rows: int, layout: Layout) -> Work:
        """A worker's own buffers for blocks of so many networks and rows."""
        known, work = self._work.get(worker, (None, None))
        if work is None or known != layout or work.n_stack < n_stack or work.n_rows < n_rows:
            work = Work(n_rows, n_stack, layout, self.dtype)
            self._work[worker] = layout, work
        return work

    def _ready(self, block: Block, worker: int) -> Block:
        """A block as the kernels see it."""
        source = self._source
        if source is None or source.prepared is not None:
            return block
        return block._replace(X=source.prepare(block.X, worker))

    def reduce(
        self, kernel: Callable[..., None], networks: Networks, *args: Any, shape: Any = None
    ) -> FloatArray:
        """Sum of a kernel over all blocks, a new float64 array (B, *shape).

        Calls ``kernel(block, layers, work, *args, accumulator)``. The shape is (1 + layout.size,)
        if None is given: a loss and its gradient. Blocks are added up in their order, in
        consecutive parts, and the parts in theirs, whatever the threads.
        """
        layout, B = networks.layout, len(networks.thetas)
        shape = (1 + layout.size,) if shape is None else shape
        # A Hessian takes a column for each parameter.
        width = layout.size if len(shape) == 2 else layout.width
        n_rows = self._block_rows(layout, self.n_samples, width)
        blocks = self._blocks(n_rows)
        layers, weights = networks.layers(self.dtype), networks.weights
        most_parts = max(4, min(_PARTS, _PARTS_ENTRIES // prod(shape)))
        n_parts = min(len(blocks), most_parts)
        sums = np.zeros((n_parts, B, *shape))

        def add_up(part: int, worker: int) -> None:
            work = self._worker(worker, B, min(n_rows, self.n_samples), layout)
            part_of = slice(part * len(blocks) // n_parts, (part + 1) * len(blocks) // n_parts)
            for rows, block in blocks[part_of]:
                block = self._ready(block, worker)
                if weights is not None:
                    block = block._replace(w=weights[:, None, rows])
                kernel(block, layers, work, *args, sums[part])

        if n_parts == 1:
            add_up(0, 0)
            return sums[0]
        share_out(add_up, n_parts)
        return sums.sum(axis=0)

    def reduce_batch(
        self, kernel: Callable[..., None], networks: Networks, indices: IntArray, *args: Any
    ) -> FloatArray:
        """Sum of a kernel over the rows with these indices, as `reduce` over all.

        The rows are gathered a block at a time.
        """
        layout, B = networks.layout, len(networks.thetas)
        accumulator = np.zeros((B, 1 + layout.size))
        if not len(indices):
            return accumulator
        layers, weights = networks.layers(self.dtype), networks.weights
        source = self._source
        prepared = None if source is None else source.prepared
        X = self._X if prepared is None else prepared
        n_rows = self._block_rows(layout, len(indices), layout.width)
        for start in range(0, len(indices), n_rows):
            some = indices[start : start + n_rows]
            w = self._w[None, some] if weights is None else weights[:, None, some]
            block = self._ready(Block(X[some], self._y[..., some], w), 0)
            kernel(block, layers, self._worker(0, B, len(some), layout), *args, accumulator)
        return accumulator

    def map_rows(
        self, kernel: Callable[..., FloatArray], networks: Networks, *args: Any, shape: Any
    ) -> FloatArray:
        """What a kernel gives for each row, a new array (n_samples, *shape) in the rows' dtype.

        Calls ``kernel(block, layers, work, *args)``, which returns (m, *shape) of a block's m rows.
        """
        layout, B = networks.layout, len(networks.thetas)
        layers = networks.layers(self.dtype)
        n_rows = self._block_rows(layout, self.n_samples, layout.width)
        blocks = self._blocks(n_rows)
        out = np.empty((self.n_samples, *shape), self.dtype)

        def fill(i: int, worker: int) -> None:
            rows, block = blocks[i]
            work = self._worker(worker, B, min(n_rows, self.n_samples), layout)
            out[rows] = kernel(self._ready(block, worker), layers, work, *args)

        share_out(fill, len(blocks))
        return out


class _DenseBlocks:
    """Blocks of a dense X as the kernels see them: standardised, in their dtype, ones added.

    The column of ones takes the biases into the products, which saves more than the copy costs.
    """

    def __init__(self, X: Matrix, scaling: Scaling | None, dtype: np.dtype[Any]) -> None:
        self._X, self._dtype = X, dtype
        n_samples, self._d = X.shape
        self._buffers: dict[int, FloatArray] = {}
        self._spread = max(1, _SPREAD // (self._d + 1))
        self._scaling = scaling
        if scaling is not None:
            inverse = scaling.inverse
            used = inverse[inverse > 0]
            limits = np.finfo(dtype)
            self._within = bool(((used > 1e3 * limits.tiny) & (used < 1e-3 * limits.max)).all())
            self._mean = scaling.mean.astype(X.dtype)
            with np.errstate(over="ignore"):  # not used then
                row = np.append(inverse, 1).astype(dtype)
            self._inverse = np.tile(row, self._spread)
        self.prepared: FloatArray | None = None
        if X.size <= (_PREPARED_FLOAT32 if dtype == np.float32 else _PREPARED):
            self.prepared = np.ones((n_samples, self._d + 1), dtype)
            for rows, part in split_rows(X, max(1, BLOCK_ENTRIES // (self._d + 1))):
                self._standardise(part, self.prepared[rows, :-1])

    def finite(self) -> bool:
        """Whether the kernels' dtype can hold the blocks."""
        if self.prepared is not None:
            return bool(np.isfinite(self.prepared.sum(dtype=np.float64)))
        n_rows = max(1, _PREPARED // (self._d + 1))
        return all(
            np.isfinite(self.prepare(part, 0).sum(dtype=np.float64))
            for _, part in split_rows(self._X, n_rows)
        )

    def prepare(self, part: FloatArray, worker: int) -> FloatArray:
        """A block in a worker's buffer, overwritten by the next one."""
        buffer = self._buffers.get(worker)
        if buffer is None or len(buffer) < len(part):
            # A multiple of the rows that `_inverse` is spread over.
            n_rows = -(-len(part) // self._spread) * self._spread
            buffer = self._buffers[worker] = np.ones((n_rows, self._d + 1), self._dtype)
        out = buffer[: len(part), :-1]
        if self._scaling is not None and self._within:
            # Two roundings, and half to four fifths of the time of `_standardise`.
            np.subtract(part, self._mean, out=out)
            whole = buffer[: -(-len(part) // self._spread) * self._spread]
            whole[len(part) :] = 1  # what another block has left there
            spread = whole.reshape(-1, len(self._inverse))
            spread *= self._inverse
        else:
            self._standardise(part, out)
        return buffer[: len(part)]

    def _standardise(self, part: FloatArray, out: FloatArray) -> None:
        """Overwrite `out` with standardised columns, rounded once."""
        if self._scaling is None:
            out[...] = part
        else:
            centred = part - self._scaling.mean
            centred *= self._scaling.inverse
            out[...] = centred
