"""The whole Hessian on one block of rows, for few parameters.

With Xa = [X, 1], Ha = [H, 1] and the loss's curvature factors F, the Gauss-Newton part is
sum_F A_F^T A_F, where a row of A_F is the gradient of that row's F . z:

    A_F = [Xa x ((F W2^T) o T), Ha x F],

with x the product of each row's two vectors. The exact Hessian adds, for unit j, the
matrix Xa^T diag(s_j) Xa with s_j = -2 (G W2^T)_j o H_j o T_j = -2 D_j o H_j, and between
W1's unit j and W2[j, k] the column Xa^T (T_j o G_k).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse

from ._arrays import FloatArray, Matrix
from ._backprop import Block, Buffers, Layers, Work, back_to_hidden, backward, forward


def loss_gradient_hessian(
    block: Block, layers: Layers, work: Work, gauss_newton: bool, accumulator: FloatArray
) -> None:
    """Add a block's losses, gradients and Hessians to `accumulator`.

    The accumulator has the shape (B, 1 + layout.size, 1 + layout.size): row 0 of each matrix is
    what `loss_gradient` adds, and its lower right part the Hessian; column 0 below is not used.
    """
    buffers = forward(block, layers, work)
    T = np.empty_like(buffers.H)
    backward(block, layers, buffers, accumulator[:, 0], T)
    hessian = accumulator[:, 1:, 1:]
    X = _with_ones(block.X)
    Xa = np.ascontiguousarray(X.T)  # its rows are what is multiplied with those of units
    S = buffers.D * buffers.H
    S *= -2
    _add_gauss_newton_part(Xa, block, layers, buffers, T, hessian)
    if not gauss_newton:
        _add_residual_part(X, Xa, S, buffers.G, T, hessian)


def _with_ones(X: Matrix) -> FloatArray:
    """A block's X, dense, with a last column of ones."""
    if issparse(X):
        return np.vstack([X.toarray().T, np.ones(X.shape[0], X.dtype)]).T
    return X


def _add_gauss_newton_part(
    Xa: FloatArray,
    block: Block,
    layers: Layers,
    buffers: Buffers,
    T: FloatArray,
    hessian: FloatArray,
) -> None:
    """Add sum_F A_F^T A_F; D is overwritten."""
    H1, D = buffers.H1, buffers.D
    B, h, m = T.shape
    split = len(Xa) * h  # parameters of the first layer, its biases last
    A = np.empty((B, layers.layout.size, m), T.dtype)  # A_F, transposed
    A1, A2 = A[:, :split].reshape(B, -1, h, m), A[:, split:].reshape(B, h + 1, -1, m)
    for F in layers.loss.curvature_factors(buffers.Z, block.w):
        back_to_hidden(layers.W2, F, D)
        D *= T
        np.multiply(Xa[:, None], D[:, None], out=A1)
        np.multiply(H1[:, :, None], F[:, None], out=A2)
        hessian += np.matmul(A, A.swapaxes(1, 2))


def _add_residual_part(
    X: FloatArray,
    Xa: FloatArray,
    S: FloatArray,
    G: FloatArray,
    T: FloatArray,
    hessian: FloatArray,
) -> None:
    """Add the terms with the residuals G."""
    B, h, m = T.shape
    K, split = G.shape[1], len(Xa) * h
    # The views below are of the entries that belong to one and the same unit u.
    weighted = np.multiply(Xa[:, None], S[:, None]).reshape(B, split, m)
    sandwiches = np.matmul(weighted, X).reshape(B, -1, h, len(Xa))
    within = hessian[:, :split, :split].reshape(B, -1, h, len(Xa), h)
    view = np.einsum("biuju->biuj", within)
    view += sandwiches
    cross = np.matmul((T[:, :, None] * G[:, None]).reshape(B, h * K, m), X)
    cross = cross.reshape(B, h, K, len(Xa))
    second = slice(split, split + h * K)
    upper = hessian[:, :split, second].reshape(B, -1, h, h, K)
    view = np.einsum("biuuk->ukib", upper)
    view += cross.transpose(1, 2, 3, 0)
    lower = hessian[:, second, :split].reshape(B, h, K, -1, h)
    view = np.einsum("bukiu->buki", lower)
    view += cross
