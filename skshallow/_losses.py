"""Pointwise losses of the logits Z, with their gradients and inverse links.

Each loss is -log of the probability the model gives to the observed y, computed
from the logits and never from clipped probabilities, so that the value and the
gradient agree at any logit, however large.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax

Array = np.ndarray[Any, np.dtype[Any]]


class Loss(Protocol):
    """What the rest of the package asks of a loss."""

    def encode(self, codes: Array) -> Array:
        """Targets in the form that `loss_gradient` reads, one row a sample."""

    def loss_gradient(self, Z: Array, y: Array, w: Array, G: Array) -> float:
        """Sum of w_i loss_i; G is overwritten with d(sum)/dZ and Z is scratch after."""

    def hessp(self, Z: Array, w: Array, R_Z: Array) -> Array:
        """Second derivative in Z times R_Z, the shape of Z; it does not depend on y."""

    def curvature_factors(self, Z: Array, w: Array) -> Array:
        """F of shape (K, m, K) whose row-wise outer products sum to the second derivative.

        That is, d^2(sum)/dz_i dz_i' = sum_k F[k, i] F[k, i]' for each row i.
        """

    def probabilities(self, Z: Array) -> Array:
        """Inverse link, the shape of Z."""

    def log_probabilities(self, Z: Array) -> Array:
        """Logarithm of the inverse link, finite wherever the true value is."""


class SigmoidLoss:
    """Independent binary cross-entropies, one for each of K outputs.

    With the target's sign t = 2 y - 1 and the margin s = t z,

        loss = log(1 + exp(-s)) = log1p(exp(-|s|)) + max(-s, 0),
        dloss/dz = p - y = -t sigmoid(-s),

    where sigmoid(-s) = exp(min(-s, 0)) / (1 + exp(-|s|)) keeps its relative accuracy
    also where p - y would cancel.
    """

    def encode(self, codes: Array) -> Array:
        """Signs -1 or +1 as int8, shape (n_samples, K), from codes 0 or 1 (1-D means K = 1)."""
        signs = codes.reshape(len(codes), -1).astype(np.int8)
        signs *= 2
        signs -= 1
        return signs

    def loss_gradient(self, Z: Array, y: Array, w: Array, G: Array) -> float:
        """Weighted sum of the losses and, into G, its gradient; Z becomes the margins."""
        Z *= y
        E = np.exp(-np.abs(Z))
        losses = np.log1p(E)
        losses -= np.minimum(Z, 0)
        np.divide(np.where(Z >= 0, E, 1), 1 + E, out=G)
        G *= y
        G *= -w[:, None]
        losses *= w[:, None]
        return float(losses.sum(dtype=np.float64))

    def hessp(self, Z: Array, w: Array, R_Z: Array) -> Array:
        """Product with the diagonal second derivative: w o p o (1 - p) o R_Z."""
        return w[:, None] * expit(Z) * expit(-Z) * R_Z

    def curvature_factors(self, Z: Array, w: Array) -> Array:
        """Square roots of w p (1 - p), each output's in its own column."""
        roots = np.sqrt(w[:, None] * expit(Z) * expit(-Z))
        factors = np.zeros((Z.shape[1], *Z.shape), Z.dtype)
        for k, factor in enumerate(factors):
            factor[:, k] = roots[:, k]
        return factors

    def probabilities(self, Z: Array) -> Array:
        """P(y_k = 1) of each output."""
        return expit(Z)

    def log_probabilities(self, Z: Array) -> Array:
        """Log P(y_k = 1) of each output."""
        return log_expit(Z)


class SoftmaxLoss:
    """Cross-entropy of one of K classes.

    loss = log(sum_k exp(z_k)) - z_y and dloss/dz_k = softmax(z)_k - [k = y], after
    subtracting the row's largest logit, which changes neither and prevents overflow.
    """

    def encode(self, codes: Array) -> Array:
        """Class indices, shape (n_samples,)."""
        return codes.astype(np.intp, copy=False)

    def loss_gradient(self, Z: Array, y: Array, w: Array, G: Array) -> float:
        """Weighted sum of the losses and, into G, its gradient; Z is shifted by row."""
        observed = (np.arange(len(y)), y)
        Z -= Z.max(axis=1, keepdims=True)
        np.exp(Z, out=G)
        norm = G.sum(axis=1)
        losses = np.log(norm)
        losses -= Z[observed]
        G /= norm[:, None]
        G[observed] -= 1
        G *= w[:, None]
        losses *= w
        return float(losses.sum(dtype=np.float64))

    def hessp(self, Z: Array, w: Array, R_Z: Array) -> Array:
        """Product with diag(p) - p p': w o p o (R_Z - sum_k p_k R_Z_k)."""
        P = softmax(Z, axis=1)
        mean = np.einsum("ik,ik->i", P, R_Z)
        return w[:, None] * P * (R_Z - mean[:, None])

    def curvature_factors(self, Z: Array, w: Array) -> Array:
        """F[k] = sqrt(w p_k) (e_k - p), since diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)'."""
        P = softmax(Z, axis=1)
        factors = np.eye(Z.shape[1], dtype=Z.dtype)[:, None, :] - P
        factors *= np.sqrt(w * P.T)[:, :, None]
        return factors

    def probabilities(self, Z: Array) -> Array:
        """P(y = k), rows summing to one."""
        return softmax(Z, axis=1)

    def log_probabilities(self, Z: Array) -> Array:
        """Log P(y = k)."""
        return log_softmax(Z, axis=1)


# Keyed by the name of the output activation, as MLPClassifier calls it.
LOSSES: dict[str, Loss] = {"logistic": SigmoidLoss(), "softmax": SoftmaxLoss()}
