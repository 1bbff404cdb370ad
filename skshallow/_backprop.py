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
side, each of their arrays with a leading axis: W1 (B, d, h), H (B, h, m), Z (B, K, m). Each
network's products are the ones it would have alone, so its result is the same to the bit.

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

    X: Any  # (m, d) dense or CSR, or (m, d + 1) dense with a last column of ones
    y: Any  # as the loss encodes it, or None
    w: Any  # (m,), or None


# [W1; b1] of shape (B, d + 1, h) and [W2; b2] of shape (B, h + 1, K).
Layers = tuple[FloatArray, FloatArray]


class Work:
    """Buffers for up to `n_rows` rows of up to `n_stack` networks, overwritten by each block."""

    def __init__(self, n_rows: int, n_stack: int, layout: Layout, dtype: np.dtype[Any]) -> None:
        h, k = layout.n_hidden, layout.n_outputs
        self.n_rows, self.n_stack = n_rows, n_stack
        # A last unit that is always one makes [W2; b2] a single product.
        H1 = np.empty((n_stack, h + 1, n_rows), dtype)
        H1[:, h] = 1
        D = np.empty((n_stack, h, n_rows), dtype)
        Z, G = np.empty((2, n_stack, k, n_rows), dtype)
        self._buffers = H1, H1[:, :h], D, Z, G
        self._views: dict[tuple[int, int], tuple[FloatArray, ...]] = {}

    def views(self, n_stack: int, n_rows: int) -> tuple[FloatArray, ...]:
        """H1 = [H; 1], H, D, Z and G for a block of so many networks and rows."""
        key = n_stack, n_rows
        if key not in self._views:
            self._views[key] = tuple(part[:n_stack, :, :n_rows] for part in self._buffers)
        return self._views[key]


def _hidden_sums(X: Any, W1: FloatArray, out: FloatArray) -> None:
    """Overwrite `out`, (B, h, m), with X W1 + b1, transposed, for W1 with b1 as last row."""
    if X.shape[1] == W1.shape[1]:
        np.matmul(W1.swapaxes(1, 2), X.T, out=out)
        return
    if issparse(X):
        B, d, h = W1.shape
        out[...] = (X @ W1[:, :-1].swapaxes(0, 1).reshape(d - 1, B * h)).T.reshape(out.shape)
    else:
        np.matmul(W1[:, :-1].swapaxes(1, 2), X.T, out=out)
    out += W1[:, -1, :, None]


def _add_first_gradient(X: Any, D: FloatArray, first: FloatArray) -> None:
    """Add [X^T D; column sums of D], (B, d + 1, h), to `first`, for D (B, h, m)."""
    if X.shape[1] == first.shape[1]:
        first += np.matmul(X.T, D.swapaxes(1, 2))
        return
    if issparse(X):
        B, h, m = D.shape
        product = X.T @ np.ascontiguousarray(D.reshape(B * h, m).T)
        first[:, :-1] += product.reshape(-1, B, h).swapaxes(0, 1)
    else:
        first[:, :-1] += np.matmul(X.T, D.swapaxes(1, 2))
    first[:, -1] += D.sum(axis=2, dtype=np.float64)


def _back_to_hidden(W2: FloatArray, G: FloatArray, out: FloatArray) -> None:
    """Overwrite `out`, (B, h, m), with G W2^T, transposed, for W2 with b2 as last row."""
    if G.shape[1] == 1:
        np.multiply(W2[:, :-1], G, out=out)  # a fifth of matmul's time for one output
    else:
        np.matmul(W2[:, :-1], G, out=out)


def forward(block: Block, layers: Layers, work: Work) -> tuple[FloatArray, FloatArray]:
    """Hidden activations H (B, h, m) and logits Z (B, K, m) of a block, as views into `work`."""
    W1, W2 = layers
    H1, H, A, Z, _ = work.views(len(W1), block.X.shape[0])
    # tanh(a) = 2 / (1 + exp(-2 a)) - 1, exact to rounding of 1, in under half of np.tanh's time
    # where that has no vector instructions (benchmarks/kernels.py).
    _hidden_sums(block.X, -2 * W1, A)
    np.exp(A, out=A)
    A += 1
    np.divide(2, A, out=A)
    np.subtract(A, 1, out=H)
    np.matmul(W2.swapaxes(1, 2), H1, out=Z)
    return H, Z


def logits_at_once(X: Any, network: Parameters) -> FloatArray:
    """Logits (n, K) of a few rows, where the buffers that `forward` needs cost more than they save.

    A row takes 10 microseconds, and 60 by way of `forward`.
    """
    W1, b1, W2, b2 = network
    return np.tanh(X @ W1 + b1) @ W2 + b2


def loss_value(
    block: Block,
    layers: Layers,
    work: Work,
    loss: Loss,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's weighted sums of losses to `accumulator`, of shape (B,)."""
    H, Z = forward(block, layers, work)
    G = work.views(*H.shape[::2])[-1]
    accumulator += loss.loss_gradient(Z, block.y, block.w, G)


def loss_gradient(
    block: Block,
    layers: Layers,
    work: Work,
    loss: Loss,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's weighted sums of losses and their gradients to `accumulator`.

    Entry 0 of each row of the accumulator, float64 of shape (B, 1 + layout.size), is a loss; the
    others are its gradient in theta's order.
    """
    H, _ = forward(block, layers, work)
    _backward(block, layers, work, loss, layout, accumulator, T=H)


def _backward(
    block: Block,
    layers: Layers,
    work: Work,
    loss: Loss,
    layout: Layout,
    accumulator: FloatArray,
    T: FloatArray,
) -> None:
    """What follows `forward` in `loss_gradient`; T, which may be H, is overwritten with 1 - H^2."""
    H1, H, D, Z, G = work.views(*T.shape[::2])
    accumulator[:, 0] += loss.loss_gradient(Z, block.y, block.w, G)
    first, second = layout.layers(accumulator[:, 1:])
    second += np.matmul(H1, G.swapaxes(1, 2))
    _back_to_hidden(layers[1], G, D)
    np.multiply(H, H, out=T)
    np.subtract(1, T, out=T)
    D *= T
    _add_first_gradient(block.X, D, first)


def hessp(
    block: Block,
    layers: Layers,
    direction: Layers,
    work: Work,
    loss: Loss,
    gauss_newton: bool,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's Hessians of the losses times a direction each to `accumulator`.

    Entries 1 and on of a row are the product in theta's order; entry 0 is left as it is.
    """
    H, Z = forward(block, layers, work)
    H1, _, R_H, _, G = work.views(*H.shape[::2])
    (_, W2), (V1, V2) = layers, direction
    _hidden_sums(block.X, V1, R_H)
    T = 1 - H * H
    R_H *= T
    R_Z = np.matmul(W2[:, :-1].swapaxes(1, 2), R_H)
    R_Z += np.matmul(V2.swapaxes(1, 2), H1)
    R_G = loss.hessp(Z, block.w, R_Z)
    first, second = layout.layers(accumulator[:, 1:])
    second += np.matmul(H1, R_G.swapaxes(1, 2))
    R_D = np.empty_like(R_H)
    _back_to_hidden(W2, R_G, R_D)
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


def loss_gradient_hessian(
    block: Block,
    layers: Layers,
    work: Work,
    loss: Loss,
    gauss_newton: bool,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's losses, gradients and Hessians to `accumulator`.

    The accumulator has the shape (B, 1 + layout.size, 1 + layout.size): row 0 of each matrix is
    what `loss_gradient` adds, and its lower right part the Hessian; column 0 below is not used.

    With Xa = [X, 1], Ha = [H, 1] and the loss's curvature factors F, Gauss-Newton is
    sum_F A_F^T A_F, where a row of A_F is the gradient of that row's F . z:

        A_F = [Xa x ((F W2^T) o T), Ha x F],

    with x the product of each row's two vectors. The exact Hessian adds, for unit j, the
    sandwich Xa^T diag(s_j) Xa with s_j = -2 (G W2^T)_j o H_j o T_j = -2 D_j o H_j, and between
    W1's unit j and W2[j, k] the column Xa^T (T_j o G_k).

    For few parameters: A_F has a column for each.
    """
    H, Z = forward(block, layers, work)
    B, h, m = H.shape
    K, size = layout.n_outputs, layout.size
    T = np.empty_like(H)
    _backward(block, layers, work, loss, layout, accumulator[:, 0], T)
    H1, _, D, _, G = work.views(B, m)
    hessian = accumulator[:, 1:, 1:]
    if issparse(block.X) or block.X.shape[1] == layout.n_features:
        Xa = np.ones((layout.n_features + 1, m), H.dtype)
        Xa[:-1] = block.X.toarray().T if issparse(block.X) else block.X.T
    else:
        Xa = block.X.T
    S = D * H
    S *= -2
    split = len(Xa) * h  # parameters of the first layer, its biases last
    A = np.empty((B, size, m), H.dtype)
    A1, A2 = A[:, :split].reshape(B, -1, h, m), A[:, split:].reshape(B, h + 1, K, m)
    for F in loss.curvature_factors(Z, block.w):
        _back_to_hidden(layers[1], F, D)
        D *= T
        np.multiply(Xa[:, None], D[:, None], out=A1)
        np.multiply(H1[:, :, None], F[:, None], out=A2)
        hessian += np.matmul(A, A.swapaxes(1, 2))
    if gauss_newton:
        return
    # The views below are of the entries that belong to one and the same unit u.
    np.multiply(Xa[:, None], S[:, None], out=A1)
    sandwiches = np.matmul(A[:, :split], Xa.T).reshape(B, -1, h, len(Xa))
    within = hessian[:, :split, :split].reshape(B, -1, h, len(Xa), h)
    view = np.einsum("biuju->biuj", within)
    view += sandwiches
    cross = np.matmul((T[:, :, None] * G[:, None]).reshape(B, h * K, m), Xa.T)
    cross = cross.reshape(B, h, K, len(Xa))
    second = slice(split, split + h * K)
    upper = hessian[:, :split, second].reshape(B, -1, h, h, K)
    view = np.einsum("biuuk->ukib", upper)
    view += cross.transpose(1, 2, 3, 0)
    lower = hessian[:, second, :split].reshape(B, h, K, -1, h)
    view = np.einsum("bukiu->buki", lower)
    view += cross
