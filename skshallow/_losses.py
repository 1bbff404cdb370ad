"""Pointwise losses of the logits Z, with their gradients and inverse links.

Each loss is -log of the probability the model gives to the observed y, computed
from the logits and never from clipped probabilities, so that the value and the
gradient agree at any logit, however large.

In training the logits of a block lie as (..., K, m): outputs by samples, so that whatever
is done to a class or to a sample runs along contiguous memory. Leading axes are networks
side by side. In prediction they are (n_samples, K), as users see them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from scipy.special import expit, log_expit, log_softmax

Array = np.ndarray[Any, np.dtype[Any]]


class Loss(Protocol):
    """What the rest of the package asks of a loss."""

    def encode(self, codes: Array, dtype: Any) -> Array:
        """Targets in the form that `loss_gradient` reads, samples along the last axis."""

    def loss_gradient(self, Z: Array, y: Array, w: Array, G: Array) -> Array:
        """Sums of w_i loss_i, float64 of Z's leading shape; G becomes d(sum)/dZ.

        Z is overwritten by logits that have the same second derivative.
        """

    def hessp(self, Z: Array, w: Array, R_Z: Array) -> Array:
        """Second derivative in Z times R_Z, the shape of Z; it does not depend on y."""

    def curvature_factors(self, Z: Array, w: Array) -> Iterator[Array]:
        """K arrays F of Z's shape whose outer products sum to the second derivative.

        That is, d^2(sum)/dz_i dz_i' = sum over F of F[:, i] F[:, i]' for each sample i.
        """

    def probabilities(self, Z: Array) -> Array:
        """Inverse link of Z, (n_samples, K), and of that shape."""

    def log_probabilities(self, Z: Array) -> Array:
        """Logarithm of the inverse link, finite wherever the true value is."""


class SigmoidLoss:
    """Independent binary cross-entropies, one for each of K outputs.

    With the sign u = 1 - 2 y of the target, turned round, and v = u z, which is positive where
    the logit is on the wrong side,

        loss = log(1 + exp(v)),    dloss/dz = p - y = u sigmoid(v),

    both to full relative accuracy, also where p - y would cancel.
    """

    def encode(self, codes: Array, dtype: Any) -> Array:
        """Signs +1 for code 0 and -1 for 1, shape (K, n_samples); 1-D codes mean K = 1."""
        signs = np.empty((1 if codes.ndim == 1 else codes.shape[1], len(codes)), dtype)
        np.multiply(codes.T, -2, out=signs, casting="unsafe")
        signs += 1
        return signs

    def loss_gradient(self, Z: Array, y: Array, w: Array, G: Array) -> Array:
        """Weighted sums of the losses and, into G, their gradient; Z becomes v."""
        Z *= y
        expit(Z, out=G)
        G *= y
        G *= w
        losses = np.negative(Z)
        log_expit(losses, out=losses)
        losses *= w
        return -np.add.reduce(losses, axis=(-2, -1), dtype=np.float64)

    def hessp(self, Z: Array, w: Array, R_Z: Array) -> Array:
        """Product with the diagonal second derivative: w o p o (1 - p) o R_Z."""
        return w * expit(Z) * expit(-Z) * R_Z

    def curvature_factors(self, Z: Array, w: Array) -> Iterator[Array]:
        """Square roots of w p (1 - p), each output's in its own row."""
        P = expit(Z)
        roots = P * P
        np.subtract(P, roots, out=roots)
        roots *= w
        np.sqrt(roots, out=roots)
        if Z.shape[-2] == 1:
            yield roots
            return
        for k in range(Z.shape[-2]):
            factor = np.zeros_like(Z)
            factor[..., k, :] = roots[..., k, :]
            yield factor

    def probabilities(self, Z: Array) -> Array:
        """P(y_k = 1) of each output."""
        return expit(Z)

    def log_probabilities(self, Z: Array) -> Array:
        """Log P(y_k = 1) of each output."""
        return log_expit(Z)


def _softmax(Z: Array, axis: int) -> Array:
    # SciPy's takes twice as long on a single row.
    P = np.exp(Z - np.maximum.reduce(Z, axis=axis, keepdims=True))
    P /= np.add.reduce(P, axis=axis, keepdims=True)
    return P


class SoftmaxLoss:
    """Cross-entropy of one of K classes.

    loss = log(sum_k exp(z_k)) - z_y and dloss/dz_k = softmax(z)_k - [k = y], after
    subtracting the sample's largest logit, which changes neither and prevents overflow.
    """

    def encode(self, codes: Array, dtype: Any) -> Array:
        """Class indices, shape (n_samples,)."""
        return codes.astype(np.intp, copy=False)

    def loss_gradient(self, Z: Array, y: Array, w: Array, G: Array) -> Array:
        """Weighted sums of the losses and, into G, their gradient; Z is shifted."""
        observed = (..., y, np.arange(len(y)))
        Z -= np.maximum.reduce(Z, axis=-2, keepdims=True)
        np.exp(Z, out=G)
        norm = np.add.reduce(G, axis=-2)
        losses = np.log(norm)
        losses -= Z[observed]
        G *= (w / norm)[..., None, :]
        G[observed] -= w
        losses *= w
        return np.add.reduce(losses, axis=-1, dtype=np.float64)

    def hessp(self, Z: Array, w: Array, R_Z: Array) -> Array:
        """Product with diag(p) - p p': w o p o (R_Z - sum_k p_k R_Z_k)."""
        P = _softmax(Z, axis=-2)
        mean = (P * R_Z).sum(axis=-2, keepdims=True)
        return w * P * (R_Z - mean)

    def curvature_factors(self, Z: Array, w: Array) -> Iterator[Array]:
        """sqrt(w p_k) (e_k - p) of each k: diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)'."""
        P = _softmax(Z, axis=-2)
        roots = np.sqrt(w * P)
        for k in range(Z.shape[-2]):
            root = roots[..., k, :]
            factor = P * -root[..., None, :]
            factor[..., k, :] += root
            yield factor

    def probabilities(self, Z: Array) -> Array:
        """P(y = k), rows summing to one."""
        return _softmax(Z, axis=1)

    def log_probabilities(self, Z: Array) -> Array:
        """Log P(y = k)."""
        return log_softmax(Z, axis=1)


# Keyed by the name of the output activation, as MLPClassifier calls it.
LOSSES: dict[str, Loss] = {"logistic": SigmoidLoss(), "softmax": SoftmaxLoss()}
