"""The network's equations on one block of rows.

Rows are samples. With X (m, d), W1 (d, h), b1 (h,), W2 (h, K), b2 (K,):

    H = tanh(X W1 + b1)          (m, h)   hidden activations
    Z = H W2 + b2                (m, K)   logits
    G = d(sum_i w_i loss_i)/dZ   (m, K)   w o (P - Y) for both losses
    dW2 = H^T G                  (h, K)   db2 = column sums of G
    D = (G W2^T) o (1 - H o H)   (m, h)   tanh' = 1 - tanh^2
    dW1 = X^T D                  (d, h)   db1 = column sums of D

Kernels are module-level functions that *add* unnormalised sums to one float64
accumulator, so what a block, a thread or another process returns can simply be added.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from ._losses import Loss
from ._parameters import FloatArray, Layout, Parameters


class Block(NamedTuple):
    """Some consecutive rows: features, encoded targets and weights."""

    X: Any  # (m, n_features), dense or CSR
    y: Any  # as the loss encodes it, or None
    w: Any  # (m,), or None


class Work:
    """Buffers for blocks of up to `n_rows` rows, allocated once and overwritten by each.

    The logit-sized ones are in Fortran order: sums over a row's few classes then run
    along contiguous columns.
    """

    def __init__(self, n_rows: int, layout: Layout, dtype: np.dtype[Any]) -> None:
        h, k = layout.n_hidden, layout.n_outputs
        self.H = np.empty((n_rows, h), dtype)
        self.D = np.empty((n_rows, h), dtype)
        self.Z = np.empty((n_rows, k), dtype, order="F")
        self.G = np.empty((n_rows, k), dtype, order="F")


def forward(block: Block, parameters: Parameters, work: Work) -> tuple[FloatArray, FloatArray]:
    """Hidden activations H (m, h) and logits Z (m, K) of a block, as views into `work`."""
    m = block.X.shape[0]
    W1, b1, W2, b2 = parameters
    H, Z = work.H[:m], work.Z[:m]
    if issparse(block.X):
        H[...] = block.X @ W1
    else:
        np.matmul(block.X, W1, out=H)
    H += b1
    np.tanh(H, out=H)
    np.matmul(H, W2, out=Z)
    Z += b2
    return H, Z


def loss_gradient(
    block: Block,
    parameters: Parameters,
    work: Work,
    loss: Loss,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's weighted sum of losses and its gradient to `accumulator`.

    Entry 0 of the accumulator, float64 of shape (1 + layout.size,), is the loss; the
    others are the gradient in theta's order.
    """
    H, Z = forward(block, parameters, work)
    G, D = work.G[: len(H)], work.D[: len(H)]
    accumulator[0] += loss.loss_gradient(Z, block.y, block.w, G)
    dW1, db1, dW2, db2 = layout.unpack(accumulator[1:])
    dW2 += H.T @ G
    db2 += G.sum(axis=0, dtype=np.float64)
    np.matmul(G, parameters.W2.T, out=D)
    H *= H
    np.subtract(1, H, out=H)
    D *= H
    dW1 += block.X.T @ D
    db1 += D.sum(axis=0, dtype=np.float64)
