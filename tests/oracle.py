"""The network sample by sample, in plain Python: slow, obvious, and the tests' judge."""

import math

import numpy as np

KINDS = ("two classes", "K classes", "multilabel")


def logits(x, W1, b1, W2, b2):
    hidden = [
        math.tanh(sum(x[i] * W1[i][j] for i in range(len(x))) + b1[j]) for j in range(len(b1))
    ]
    z = [sum(hidden[j] * W2[j][k] for j in range(len(b1))) + b2[k] for k in range(len(b2))]
    return hidden, z


def sample_loss_and_residual(z, y, kind):
    """Loss of one sample and d loss / d z_k = p_k - y_k, in the notes' words."""
    if kind == "K classes":
        norm = sum(math.exp(v) for v in z)
        p = [math.exp(v) / norm for v in z]
        indicator = [1.0 if k == y else 0.0 for k in range(len(z))]
        return -math.log(p[y]), [a - b for a, b in zip(p, indicator, strict=True)]
    labels = [y] if kind == "two classes" else list(y)
    p = [1 / (1 + math.exp(-v)) for v in z]
    loss = -sum(t * math.log(a) + (1 - t) * math.log(1 - a) for t, a in zip(labels, p, strict=True))
    return loss, [a - t for a, t in zip(p, labels, strict=True)]


def loss_and_gradient(X, y, w, W1, b1, W2, b2, kind):
    """Weighted sums over all samples: the loss, dW1, db1, dW2, db2."""
    total = 0.0
    dW1, db1, dW2, db2 = (np.zeros(np.shape(part)) for part in (W1, b1, W2, b2))
    for x, target, weight in zip(X, y, w, strict=True):
        hidden, z = logits(x, W1, b1, W2, b2)
        loss, residual = sample_loss_and_residual(z, target, kind)
        total += weight * loss
        for k, g in enumerate(residual):
            db2[k] += weight * g
            for j, h in enumerate(hidden):
                dW2[j, k] += weight * g * h
        for j, h in enumerate(hidden):
            delta = sum(g * W2[j][k] for k, g in enumerate(residual)) * (1 - h * h)
            db1[j] += weight * delta
            for i, value in enumerate(x):
                dW1[i, j] += weight * delta * value
    return total, dW1, db1, dW2, db2


def finite_difference(function, theta, step=1e-6):
    """Central differences of a scalar function."""
    gradient = np.empty_like(theta)
    for i in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (function(up) - function(down)) / (2 * step)
    return gradient
