"""Minibatch descent: one loop over epochs, with the update rule as a plug-in."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.optimize import OptimizeResult

from ._status import CONVERGED, DIVERGED, MAX_ITER, STOPPED

Array = np.ndarray[Any, np.dtype[Any]]


class Minibatches(NamedTuple):
    """How a stochastic solver draws its batches and scales its steps."""

    batch_size: int
    schedule: str  # "cosine" or "constant"
    learning_rate: float
    shuffle: bool
    random_state: np.random.RandomState

    def batches(self, n_samples: int) -> list[Array]:
        """Row indices of an epoch: every row once, batches as equal in size as can be."""
        order = np.arange(n_samples)
        if self.shuffle:
            self.random_state.shuffle(order)
        return np.array_split(order, self.n_batches(n_samples))

    def n_batches(self, n_samples: int) -> int:
        """Number of batches in an epoch."""
        return -(-n_samples // self.batch_size)

    def rate(self, share: float) -> float:
        """Step size when this share of all steps is done.

        The cosine schedule is that of Loshchilov and Hutter (2017, eq. 5) without restarts.
        """
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1 + float(np.cos(np.pi * share)))


class Rule(Protocol):
    """Turns a sequence of gradients into a sequence of updates."""

    state: dict[str, Any]  # all that goes from one update to the next: arrays and numbers

    def update(self, gradient: Array, rate: float) -> Array:
        """What to add to theta."""


class Adam:
    """Adam (Kingma and Ba, 2015, algorithm 1), with its customary constants."""

    def __init__(self, size: int) -> None:
        self.state: dict[str, Any] = {
            "mean": np.zeros(size),
            "square": np.zeros(size),
            "n_updates": 0,
        }

    def update(self, gradient: Array, rate: float) -> Array:
        """-rate times the mean gradient over the root of the mean square, bias-corrected."""
        state = self.state
        state["n_updates"] += 1
        state["mean"] += 0.1 * (gradient - state["mean"])
        state["square"] += 0.001 * (gradient * gradient - state["square"])
        mean = state["mean"] / (1 - 0.9 ** state["n_updates"])
        root = np.sqrt(state["square"] / (1 - 0.999 ** state["n_updates"]))
        update: Array = -rate * mean / (root + 1e-8)
        return update


class Momentum:
    """Gradient descent with momentum, plain or Nesterov's (Sutskever et al., 2013)."""

    def __init__(self, size: int, momentum: float, nesterovs_momentum: bool) -> None:
        self.state: dict[str, Any] = {"velocity": np.zeros(size)}
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum

    def update(self, gradient: Array, rate: float) -> Array:
        """The new velocity, or a look ahead along it."""
        velocity = self.momentum * self.state["velocity"] - rate * gradient
        self.state["velocity"] = velocity
        if self.nesterovs_momentum:
            return self.momentum * velocity - rate * gradient
        return velocity


def pass_once(objective: Any, theta: Array, rule: Rule, minibatches: Minibatches) -> Array:
    """Theta after one epoch of steps of constant size."""
    theta = theta.copy()
    for batch in minibatches.batches(objective.rows.n_samples):
        _, estimate = objective.minibatch_gradient(theta, batch)
        theta += rule.update(estimate, minibatches.learning_rate)
    return theta


def descend_each(
    objective: Any,
    thetas: Array,
    make_rule: Callable[[int], Rule],
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: list[Minibatches],
) -> list[OptimizeResult]:
    """`descend` from each row of thetas, one after the other, with minibatches of its own."""
    return [
        descend(
            objective,
            theta,
            make_rule(len(theta)),
            tol=tol,
            max_iter=max_iter,
            callback=partial(callback, k),
            minibatches=own,
        )
        for k, (theta, own) in enumerate(zip(thetas, minibatches, strict=True))
    ]


def descend(
    objective: Any,
    theta0: Array,
    rule: Rule,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[..., Any],
    minibatches: Minibatches,
) -> OptimizeResult:
    """Take up to max_iter epochs of steps, of constant size or falling to zero along a cosine.

    After each epoch F and its gradient are computed over all rows: they go to `callback`, they
    decide whether tol is met, and if it is not the epoch with the lowest F is returned. With all
    rows in a batch the estimate is F itself and that pass serves the next step too.
    """
    n_samples = objective.rows.n_samples
    n_batches = minibatches.n_batches(n_samples)
    theta = theta0.copy()
    value, gradient = objective.loss_gradient(theta)
    best = (theta.copy(), value, gradient)
    status, n_iter, step = CONVERGED, 0, 0
    while np.abs(gradient).max() > tol:
        if n_iter == max_iter:
            status = MAX_ITER
            break
        for batch in minibatches.batches(n_samples):
            estimate = gradient
            if n_batches > 1:
                _, estimate = objective.minibatch_gradient(theta, batch)
            theta += rule.update(estimate, minibatches.rate(step / (max_iter * n_batches)))
            step += 1
        value, gradient = objective.loss_gradient(theta)
        if not np.isfinite(value):
            status = DIVERGED
            break
        n_iter += 1
        if value < best[1]:
            best = (theta.copy(), value, gradient)
        if callback(theta, value, gradient):
            status = STOPPED
            break
    if status != CONVERGED:
        theta, value, gradient = best
    return OptimizeResult(x=theta, fun=value, jac=gradient, nit=n_iter, status=status)
