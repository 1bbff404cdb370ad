"""Small problems of every kind, as the package's inner rooms see them."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from skshallow._blocks import RowBlocks
from skshallow._losses import LOSSES
from skshallow._parameters import Layout

N_SAMPLES, N_FEATURES, N_HIDDEN, N_LABELS = 23, 5, 4, 3


class Problem(NamedTuple):
    X: object  # dense or CSR
    dense: np.ndarray
    y: np.ndarray
    w: np.ndarray
    layout: Layout
    loss: object
    theta: np.ndarray

    def rows(self, n_rows=None):
        dtype = self.X.dtype
        encoded = self.loss.encode(self.y, dtype)
        return RowBlocks(self.X, encoded, self.w.astype(dtype), self.layout, dtype, n_rows)


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
