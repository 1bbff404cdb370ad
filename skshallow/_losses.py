"""Pointwise losses of the logits Z, with their gradients and inverse links.

Each loss is -log of the probability the model gives to the observed y, computed
from the logits and never from clipped probabilities, so that the value and the
gradient agree at any logit, however large.

In training the logits of B networks side by side are (B, K, m), outputs by samples, so that every
operation on a class or a sample runs along contiguous memory. Weights w are (1, m) where
the networks share them, and (B, 1, m) where each has its own. In prediction the logits are
(n_samples, K), as users see them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from scipy.special import expit, log_expit, log_softmax

from ._arrays import FloatArray, IntArray


class Loss(Protocol):
    """The methods that the rest of the package calls.

    What is computed for a network must not depend, to the bit, on the networks beside it.
    """

    def encode(self, codes: IntArray) -> Any:
        """Targets in the form that `loss_gradient` reads, samples along the last axis.

        They can be used with logits in float32 and in float64.
        """

    def loss_gradient(self, Z: FloatArray, y: Any, w: FloatArray, G: FloatArray) -> FloatArray:
        """Sums of w_i loss_i, float64 of shape (B,); G is overwritten with d(sum)/dZ.

        Z is overwritten with logits that have the same second derivative.
        """

    def hessp(self, Z: FloatArray, w: FloatArray, R_Z: FloatArray) -> FloatArray:
        """Second derivative in Z times R_Z, the shape of Z; it does not depend on y."""

    def curvature_factors(self, Z: FloatArray, w: FloatArray) -> Iterator[FloatArray]:
        """K arrays F of Z's shape whose outer products sum to the second derivative.

        That is, d^2(sum)/dz_i dz_i' = sum over F of F[:, i] F[:, i]' for each sample i.
        """

    def probabilities(self, Z: FloatArray) -> FloatArray:
        """Inverse link of Z, (n_samples, K), and of that shape."""

    def log_probabilities(self, Z: FloatArray) -> FloatArray:
        """Logarithm of the inverse link, finite wherever the true value is."""


class SigmoidLoss:
    """Independent binary cross-entropies, one for each of K outputs.

    Let u = 1 - 2 y, minus the sign of the target, and v = u z, which is positive where the logit
    has the wrong sign. Then t = exp(-|v|) is at most one, and

        loss = log(1 + exp(v)) = max(v, 0) + log(1 + t),
        dloss/dz = p - y = u sigmoid(v) = u exp(min(v, 0)) / (1 + t),
        d^2loss/dz^2 = p (1 - p) = t / (1 + t)^2,

    all to full relative accuracy, also where p - y would cancel. NumPy's exp and log1p take a
    quarter of the time of SciPy's expit and log_expit, or less (benchmarks/kernels.py).
    """

    def encode(self, codes: IntArray) -> Any:
        """Signs +1 for code 0 and -1 for 1, int8 of shape (K, n_samples); 1-D codes mean K = 1."""
        signs = np.ones((1 if codes.ndim == 1 else codes.shape[1], len(codes)), np.int8)
        np.negative(signs, out=signs, where=codes.T == 1)
        return signs

    def loss_gradient(self, Z: FloatArray, y: Any, w: FloatArray, G: FloatArray) -> FloatArray:
        """Weighted sums of the losses and, into G, their gradient; Z becomes v."""
        Z *= y
        t = _exp_minus_abs(Z)
        np.minimum(Z, 0, out=G)
        np.exp(G, out=G)
        losses = np.log1p(t)
        t += 1
        G /= t
        G *= y
        G *= w
        losses += np.maximum(Z, 0, out=t)
        losses *= w
        return np.add.reduce(losses, axis=(-2, -1), dtype=np.float64)

    def hessp(self, Z: FloatArray, w: FloatArray, R_Z: FloatArray) -> FloatArray:
        """Product with the diagonal second derivative: w o p o (1 - p) o R_Z."""
        t = _exp_minus_abs(Z)
        return w * t / (1 + t) ** 2 * R_Z

    def curvature_factors(self, Z: FloatArray, w: FloatArray) -> Iterator[FloatArray]:
        """Square roots of w p (1 - p), each output's in its own row."""
        t = _exp_minus_abs(Z)
        roots = np.sqrt(w * t)
        t += 1
        roots /= t
        if Z.shape[-2] == 1:
            yield roots
            return
        for k in range(Z.shape[-2]):
            factor = np.zeros_like(Z)
            factor[..., k, :] = roots[..., k, :]
            yield factor

    def probabilities(self, Z: FloatArray) -> FloatArray:
        """P(y_k = 1) of each output."""
        return expit(Z)

    def log_probabilities(self, Z: FloatArray) -> FloatArray:
        """Log P(y_k = 1) of each output."""
        return log_expit(Z)


def _exp_minus_abs(Z: FloatArray) -> FloatArray:
    negative = np.copysign(Z, -1)
    return np.exp(negative, out=negative)


def _softmax(Z: FloatArray, axis: int) -> FloatArray:
    # SciPy's takes twice as long on a single row.
    P = np.exp(Z - np.maximum.reduce(Z, axis=axis, keepdims=True))
    P /= np.add.reduce(P, axis=axis, keepdims=True)
    return P


class SoftmaxLoss:
    """Cross-entropy of one of K classes.

    loss = log(sum_k exp(z_k)) - z_y and dloss/dz_k = softmax(z)_k - [k = y], after
    subtracting the sample's largest logit, which changes neither and prevents overflow.
    """

    def encode(self, codes: IntArray) -> Any:
        """Class indices, shape (n_samples,)."""
        return codes.astype(np.intp, copy=False)

    def loss_gradient(self, Z: FloatArray, y: Any, w: FloatArray, G: FloatArray) -> FloatArray:
        """Weighted sums of the losses and, into G, their gradient; Z is shifted."""
        observed = (..., y, np.arange(len(y)))
        Z -= np.maximum.reduce(Z, axis=-2, keepdims=True)
        np.exp(Z, out=G)
        norm = np.add.reduce(G, axis=-2)
        losses = np.log(norm)
        losses -= Z[observed]
        w = w[..., 0, :]
        G *= (w / norm)[..., None, :]
        G[observed] -= w
        losses *= w
        return np.add.reduce(losses, axis=-1, dtype=np.float64)

    def hessp(self, Z: FloatArray, w: FloatArray, R_Z: FloatArray) -> FloatArray:
        """Product with diag(p) - p p': w o p o (R_Z - sum_k p_k R_Z_k)."""
        P = _softmax(Z, axis=-2)
        mean = (P * R_Z).sum(axis=-2, keepdims=True)
        return w * P * (R_Z - mean)

    def curvature_factors(self, Z: FloatArray, w: FloatArray) -> Iterator[FloatArray]:
        """sqrt(w p_k) (e_k - p) of each k: diag(p) - p p' = sum_k p_k (e_k - p)(e_k - p)'."""
        P = _softmax(Z, axis=-2)
        roots = np.sqrt(w * P)
        for k in range(Z.shape[-2]):
            root = roots[..., k, :]
            factor = P * -root[..., None, :]
            factor[..., k, :] += root
            yield factor

    def probabilities(self, Z: FloatArray) -> FloatArray:
        """P(y = k), rows summing to one."""
        return _softmax(Z, axis=1)

    def log_probabilities(self, Z: FloatArray) -> FloatArray:
        """Log P(y = k)."""
        return log_softmax(Z, axis=1)
