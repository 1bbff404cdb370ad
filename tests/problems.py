"""Small problems of every kind, as the package's inner rooms see them."""

from typing import NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp

from skshallow import _rows
from skshallow._backprop import Block, Networks
from skshallow._objective import Objective
from skshallow._outputs import LOSSES
from skshallow._parameters import Layout
from skshallow._rows import RowBlocks

N_SAMPLES, N_FEATURES, N_HIDDEN, N_LABELS = 23, 5, 4, 3


class Problem(NamedTuple):
    X: object  # dense or CSR
    dense: np.ndarray
    y: np.ndarray
    w: np.ndarray
    layout: Layout
    loss: object
    theta: np.ndarray

    def rows(self, n_rows=None, scaling=None):
        encoded = self.loss.encode(self.y)
        return RowBlocks(self.X, encoded, self.w, scaling=scaling, n_rows=n_rows)

    def block(self):
        """All rows in one block."""
        dtype = self.X.dtype
        X = self.X if sp.issparse(self.X) else np.column_stack([self.X, np.ones(len(self.w))])
        return Block(X.astype(dtype), self.loss.encode(self.y), self.w[None].astype(dtype))

    def networks(self, thetas=None, directions=None):
        """Networks, or the one of `theta`."""
        thetas = self.theta[None] if thetas is None else thetas
        return Networks(self.layout, thetas, self.loss, directions)

    def layers(self):
        """The network of `theta`, as kernels read it."""
        return self.networks().layers(self.X.dtype)

    def objective(self, alpha, n_rows=None, scaling=None):
        rows = self.rows(n_rows, scaling)
        return Objective(rows, self.layout, self.loss, alpha, self.w.sum())


def make_problem(kind, storage="dense", weighted=True, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((N_SAMPLES, N_FEATURES))
    dense[rng.random(dense.shape) < 0.4] = 0
    dense = dense.astype(dtype)
    if kind == "two classes":
        y, n_outputs = rng.integers(0, 2, N_SAMPLES), 1
    elif kind == "K classes":
        y, n_outputs = rng.integers(0, N_LABELS, N_SAMPLES), N_LABELS
    else:
        y, n_outputs = rng.integers(0, 2, (N_SAMPLES, N_LABELS)), N_LABELS
    w = rng.uniform(0.1, 3, N_SAMPLES) if weighted else np.ones(N_SAMPLES)
    layout = Layout(N_FEATURES, N_HIDDEN, n_outputs)
    loss = LOSSES["softmax" if kind == "K classes" else "logistic"]
    X = dense if storage == "dense" else sp.csr_matrix(dense)
    return Problem(X, dense, y, w, layout, loss, rng.standard_normal(layout.size))


def standardised(X, scaling, prepared=True, dtype=None):
    """A dense X as the kernels see it, prepared once or at each pass."""

    def kernel(block, layers, work):
        assert not np.shares_memory(block.X, X)
        np.testing.assert_array_equal(block.X[:, -1], 1)
        return block.X[:, :-1]

    layout = Layout(X.shape[1], 1, 1)
    with pytest.MonkeyPatch.context() as patch:
        if not prepared:
            patch.setattr(_rows, "_PREPARED", 0)
            patch.setattr(_rows, "_PREPARED_FLOAT32", 0)
        rows = RowBlocks(X, None, None, dtype, scaling=scaling, n_rows=3)
        networks = Networks(layout, np.zeros((1, layout.size)))
        return rows.map_rows(kernel, networks, shape=(X.shape[1],))
