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


def loss_value(
    block: Block,
    parameters: Parameters,
    work: Work,
    loss: Loss,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's weighted sum of losses to `accumulator`, of shape (1,)."""
    H, Z = forward(block, parameters, work)
    accumulator[0] += loss.loss_gradient(Z, block.y, block.w, work.G[: len(H)])


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


def hessp(
    block: Block,
    parameters: Parameters,
    work: Work,
    loss: Loss,
    direction: Parameters,
    gauss_newton: bool,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's Hessian of the loss times a direction to `accumulator`.

    Entries 1 and on are the product in theta's order; entry 0 is left as it is.
    """
    H, Z = forward(block, parameters, work)
    G, W2 = work.G[: len(H)], parameters.W2
    V1, c1, V2, c2 = direction
    R_H = block.X @ V1
    R_H += c1
    T = 1 - H * H
    R_H *= T
    R_G = loss.hessp(Z, block.w, R_H @ W2 + H @ V2 + c2)
    dW1, db1, dW2, db2 = layout.unpack(accumulator[1:])
    dW2 += H.T @ R_G
    db2 += R_G.sum(axis=0, dtype=np.float64)
    R_D = R_G @ W2.T
    if not gauss_newton:
        loss.loss_gradient(Z, block.y, block.w, G)
        dW2 += R_H.T @ G
        R_D += G @ V2.T
    R_D *= T
    if not gauss_newton:
        H *= R_H
        H *= G @ W2.T
        R_D -= 2 * H
    dW1 += block.X.T @ R_D
    db1 += R_D.sum(axis=0, dtype=np.float64)


def hessian(
    block: Block,
    parameters: Parameters,
    work: Work,
    loss: Loss,
    gauss_newton: bool,
    layout: Layout,
    accumulator: FloatArray,
) -> None:
    """Add a block's Hessian of the loss, (layout.size, layout.size), to `accumulator`.

    With Xa = [X, 1], Ha = [H, 1] and the loss's curvature factors F_k, Gauss-Newton is
    sum_k A_k^T A_k, where a row of A_k is the gradient of that row's F_k . z:

        A_k = [Xa x ((F_k W2^T) o T), Ha x F_k],

    with x the product of each row's two vectors. The exact Hessian adds, for unit j, the
    sandwich Xa^T diag(s_j) Xa with s_j = -2 (G W2^T)_j o H_j o T_j, and between W1's unit j and
    W2[j, k] the column Xa^T (T_j o G_k).

    For few parameters: A_k has a column for each.
    """
    H, Z = forward(block, parameters, work)
    m, h, K = len(H), layout.n_hidden, layout.n_outputs
    X = block.X.toarray() if issparse(block.X) else block.X
    Xa = np.column_stack([X, np.ones(m, H.dtype)])
    Ha = np.column_stack([H, np.ones(m, H.dtype)])
    T = 1 - H * H
    first = Xa.shape[1] * h  # parameters of the first layer, its biases last
    for F in loss.curvature_factors(Z, block.w):
        A = np.empty((m, layout.size), H.dtype)
        np.multiply(
            Xa[:, :, None],
            ((F @ parameters.W2.T) * T)[:, None, :],
            out=A[:, :first].reshape(m, -1, h),
        )
        np.multiply(Ha[:, :, None], F[:, None, :], out=A[:, first:].reshape(m, -1, K))
        accumulator += A.T @ A
    if gauss_newton:
        return
    G = work.G[:m]
    loss.loss_gradient(Z, block.y, block.w, G)
    S = -2 * (G @ parameters.W2.T) * H * T
    units = np.arange(h)
    within = accumulator[:first, :first].reshape(-1, h, Xa.shape[1], h)
    sandwiches = Xa.T @ (Xa[:, :, None] * S[:, None, :]).reshape(m, -1)
    within[:, units, :, units] += sandwiches.reshape(-1, Xa.shape[1], h).transpose(2, 0, 1)
    cross = (Xa.T @ (T[:, :, None] * G[:, None, :]).reshape(m, -1)).reshape(-1, h, K)
    second = slice(first, first + h * K)
    upper = accumulator[:first, second].reshape(-1, h, h, K)
    upper[:, units, units] += cross
    lower = accumulator[second, :first].reshape(h, K, -1, h)
    lower[units, :, :, units] += cross.transpose(1, 2, 0)
