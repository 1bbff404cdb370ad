"""The network's equations on one block of rows.

Rows are samples. With X (m, d), W1 (d, h), b1 (h,), W2 (h, K), b2 (K,):

    H = tanh(X W1 + b1)          (m, h)   hidden activations
    Z = H W2 + b2                (m, K)   logits
    G = d(sum_i w_i loss_i)/dZ   (m, K)   w o (P - Y) for both losses
    dW2 = H^T G                  (h, K)   db2 = column sums of G
    D = (G W2^T) o (1 - H o H)   (m, h)   tanh' = 1 - tanh^2
    dW1 = X^T D                  (d, h)   db1 = column sums of D

Second derivatives along a direction (V1, c1, V2, c2) of parameters, with T = 1 - H o H:

    R_H = T o (X V1 + c1)        (m, h)   derivative of H
    R_Z = R_H W2 + H V2 + c2     (m, K)   derivative of Z
    R_G = w o (loss'' R_Z)       (m, K)   derivative of G
    R_D = (R_G W2^T + G V2^T) o T - 2 (G W2^T) o H o R_H

and the product is R_H^T G + H^T R_G for W2, column sums of R_G for b2, X^T R_D for W1 and
column sums of R_D for b1 (Pearlmutter, 1994). Gauss-Newton drops every term with G.

In the code H, Z, G, D, T and what follows from them lie *transposed*, units by samples, so that
every step runs along contiguous samples; and B networks of one layout are computed side by
side, each of their arrays with a leading axis: W1 (B, d + 1, h) with b1 as its last row,
H (B, h, m), Z (B, K, m). Each network's products are the ones it would have alone, so its result
is the same to the bit.

Kernels are module-level functions. Those that are summed *add* unnormalised sums to one float64
accumulator, so what a block, a thread or another process returns can simply be added; those
that are mapped return something for each row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from ._arrays import FloatArray, Matrix
from ._losses import Loss
from ._parameters import Layout, Parameters


class Networks(NamedTuple):
    """B networks of one layout, for one pass over the rows."""

    layout: Layout
    thetas: FloatArray  # (B, layout.size), float64
    loss: Loss | None = None  # for kernels that need one
    directions: FloatArray | None = None  # (B, layout.size), for products with the Hessian
    weights: FloatArray | None = None  # (B, n_samples), each network's own in place of the rows'

    def layers(self, dtype: np.dtype[Any]) -> Layers:
        """Their weights as matrices in the dtype of the kernels."""
        layers = self.layout.layers(self.thetas.astype(dtype, copy=False))
        if self.directions is None:
            return Layers(self.layout, self.loss, *layers)
        along = self.layout.layers(self.directions.astype(dtype, copy=False))
        return Layers(self.layout, self.loss, *layers, *along)


class Layers(NamedTuple):
    """`Networks` as the kernels read them, biases as the last row of each matrix."""

    layout: Layout
    loss: Any  # a Loss, or None for kernels that need none
    W1: FloatArray  # (B, d + 1, h)
    W2: FloatArray  # (B, h + 1, K)
    V1: FloatArray = np.empty(0)  # directions of W1 and W2, if there are any
    V2: FloatArray = np.empty(0)


class Block(NamedTuple):
    """Some consecutive rows: features, encoded targets and weights."""

    X: Matrix  # (m, d + 1) dense with a last column of ones, or (m, d) CSR
    y: Any  # as the loss encodes it, or None
    w: Any  # (1, m), or (B, 1, m) where networks have weights of their own, or None


class Buffers(NamedTuple):
    """What a kernel writes to, for B networks and m rows."""

    H1: FloatArray  # (B, h + 1, m): H, and a last unit that is always one
    H: FloatArray  # (B, h, m), the view of H1 without that unit
    D: FloatArray  # (B, h, m)
    Z: FloatArray  # (B, K, m)
    G: FloatArray  # (B, K, m)


class Work:
    """Buffers for up to `n_rows` rows of up to `n_stack` networks, overwritten by each block."""

    def __init__(self, n_rows: int, n_stack: int, layout: Layout, dtype: np.dtype[Any]) -> None:
        h, k = layout.n_hidden, layout.n_outputs
        self.n_rows, self.n_stack = n_rows, n_stack
        # The last unit makes [W2; b2] a single product.
        H1 = np.empty((n_stack, h + 1, n_rows), dtype)
        H1[:, h] = 1
        D = np.empty((n_stack, h, n_rows), dtype)
        Z, G = np.empty((2, n_stack, k, n_rows), dtype)
        self._all = Buffers(H1, H1[:, :h], D, Z, G)
        self._views: dict[tuple[int, int], Buffers] = {}

    def buffers(self, n_stack: int, n_rows: int) -> Buffers:
        """Views for a block of so many networks and rows."""
        key = n_stack, n_rows
        if key not in self._views:
            self._views[key] = Buffers(*(part[:n_stack, :, :n_rows] for part in self._all))
        return self._views[key]


def _hidden_sums(X: Matrix, W1: FloatArray, out: FloatArray) -> None:
    """Overwrite `out`, (B, h, m), with X W1 + b1, transposed."""
    if issparse(X):
        B, rows, h = W1.shape
        by_feature = W1[:, :-1].swapaxes(0, 1).reshape(rows - 1, B * h)
        out[...] = (X @ by_feature).T.reshape(out.shape)
        out += W1[:, -1, :, None]
    else:
        np.matmul(W1.swapaxes(1, 2), X.T, out=out)


def _add_first_gradient(X: Matrix, D: FloatArray, first: FloatArray) -> None:
    """Add [X^T D; column sums of D], (B, d + 1, h), to `first`, for D (B, h, m)."""
    if issparse(X):
        B, h, m = D.shape
        product = X.T @ np.ascontiguousarray(D.reshape(B * h, m).T)
        first[:, :-1] += product.reshape(-1, B, h).swapaxes(0, 1)
        first[:, -1] += D.sum(axis=2, dtype=np.float64)
    else:
        first += np.matmul(X.T, D.swapaxes(1, 2))


def back_to_hidden(W2: FloatArray, G: FloatArray, out: FloatArray) -> None:
    """Overwrite `out`, (B, h, m), with G W2^T, transposed."""
    if G.shape[1] == 1:
        np.multiply(W2[:, :-1], G, out=out)  # a fifth of matmul's time for one output
    else:
        np.matmul(W2[:, :-1], G, out=out)


def forward(block: Block, layers: Layers, work: Work) -> Buffers:
    """Hidden activations H and logits Z of a block; D is overwritten."""
    buffers = work.buffers(len(layers.W1), block.X.shape[0])
    A, H = buffers.D, buffers.H
    # tanh(a) = 2 / (1 + exp(-2 a)) - 1, exact to rounding of 1, in under half of np.tanh's time
    # where that has no vector instructions (benchmarks/kernels.py).
    _hidden_sums(block.X, -2 * layers.W1, A)
    np.exp(A, out=A)
    A += 1
    np.divide(2, A, out=A)
    np.subtract(A, 1, out=H)
    np.matmul(layers.W2.swapaxes(1, 2), buffers.H1, out=buffers.Z)
    return buffers


def logits(block: Block, layers: Layers, work: Work) -> FloatArray:
    """Logits (m, K) of a block, for one network."""
    return forward(block, layers, work).Z[0].T


def logits_at_once(X: Matrix, network: Parameters) -> FloatArray:
    """Logits (n, K) of a few rows, where the buffers that `forward` needs cost more than they save.

    A row takes 10 microseconds here, and 60 with `forward`.
    """
    W1, b1, W2, b2 = network
    return np.tanh(X @ W1 + b1) @ W2 + b2


def loss_value(block: Block, layers: Layers, work: Work, accumulator: FloatArray) -> None:
    """Add a block's weighted sums of losses to `accumulator`, of shape (B,)."""
    buffers = forward(block, layers, work)
    accumulator += layers.loss.loss_gradient(buffers.Z, block.y, block.w, buffers.G)


def loss_gradient(block: Block, layers: Layers, work: Work, accumulator: FloatArray) -> None:
    """Add a block's weighted sums of losses and their gradients to `accumulator`.

    Entry 0 of each row of the accumulator, float64 of shape (B, 1 + layout.size), is a loss; the
    others are its gradient in theta's order.
    """
    buffers = forward(block, layers, work)
    backward(block, layers, buffers, accumulator, T=buffers.H)


def backward(
    block: Block, layers: Layers, buffers: Buffers, accumulator: FloatArray, T: FloatArray
) -> None:
    """Add what `loss_gradient` adds, after `forward`; T, which may be H, becomes 1 - H^2."""
    H, D, G = buffers.H, buffers.D, buffers.G
    accumulator[:, 0] += layers.loss.loss_gradient(buffers.Z, block.y, block.w, G)
    first, second = layers.layout.layers(accumulator[:, 1:])
    second += np.matmul(buffers.H1, G.swapaxes(1, 2))
    back_to_hidden(layers.W2, G, D)
    np.multiply(H, H, out=T)
    np.subtract(1, T, out=T)
    D *= T
    _add_first_gradient(block.X, D, first)


def hessp(
    block: Block, layers: Layers, work: Work, gauss_newton: bool, accumulator: FloatArray
) -> None:
    """Add a block's Hessians of the losses times a direction each to `accumulator`.

    Entries 1 and on of a row are the product in theta's order; entry 0 is left as it is.
    """
    loss, W2, V1, V2 = layers.loss, layers.W2, layers.V1, layers.V2
    H1, H, R_H, Z, G = forward(block, layers, work)
    _hidden_sums(block.X, V1, R_H)
    T = 1 - H * H
    R_H *= T
    R_Z = np.matmul(W2[:, :-1].swapaxes(1, 2), R_H)
    R_Z += np.matmul(V2.swapaxes(1, 2), H1)
    R_G = loss.hessp(Z, block.w, R_Z)
    first, second = layers.layout.layers(accumulator[:, 1:])
    second += np.matmul(H1, R_G.swapaxes(1, 2))
    R_D = np.empty_like(R_H)
    back_to_hidden(W2, R_G, R_D)
    if not gauss_newton:
        loss.loss_gradient(Z, block.y, block.w, G)
        second[:, :-1] += np.matmul(R_H, G.swapaxes(1, 2))
        R_D += np.matmul(V2[:, :-1], G)
    R_D *= T
    if not gauss_newton:
        H *= R_H
        H *= np.matmul(W2[:, :-1], G)
        R_D -= 2 * H
    _add_first_gradient(block.X, R_D, first)
