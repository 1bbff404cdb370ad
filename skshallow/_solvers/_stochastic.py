"""Descent on minibatches: one loop over epochs, with the update rule as a plug-in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from .._arrays import FloatArray, IntArray
from ._protocol import Callback, Ending, Function, Result

# A step of a stream is rate / sqrt(1 + updates / _STREAM_UPDATES). Test log-loss after 5 and after
# 20 passes over digits | made data | letter recognition, 100 units (benchmarks/stream.py):
#
#                       Adam                                   SGD
#     constant  0.102 0.132 | 0.282 0.226 | 0.548 0.451   0.101 0.085 | 0.267 0.301 | 0.501 0.315
#     30        0.098 0.089 | 0.240 0.214 | 0.606 0.392   0.105 0.095 | 0.245 0.236 | 0.677 0.497
#     100       0.096 0.086 | 0.234 0.235 | 0.525 0.336   0.099 0.089 | 0.236 0.230 | 0.583 0.393
#     300       0.101 0.080 | 0.229 0.245 | 0.488 0.322   0.097 0.088 | 0.243 0.253 | 0.523 0.337
#     1000      0.107 0.092 | 0.254 0.237 | 0.502 0.336   0.096 0.086 | 0.250 0.261 | 0.499 0.312
#
# The powers 0.75 and 1 in place of the root, with their best numbers of updates, 300 to 1000, are
# within 5% of these, but steps nearly end in a long stream.
_STREAM_UPDATES = 300


class Minibatches(NamedTuple):
    """How a stochastic solver draws its batches and scales its steps."""

    batch_size: int
    schedule: str  # "cosine" or "constant"
    learning_rate: float
    shuffle: bool
    random_state: np.random.RandomState

    def batches(self, n_samples: int) -> list[IntArray]:
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

    def stream_rate(self, n_updates: int) -> float:
        """Step size after so many updates in a stream, whose end is not known."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate / float(np.sqrt(1 + n_updates / _STREAM_UPDATES))


class Rule(Protocol):
    """Turns a sequence of gradients into a sequence of updates."""

    state: dict[str, Any]  # all that goes from one update to the next: arrays and numbers

    def update(self, gradient: FloatArray, rate: float) -> FloatArray:
        """What to add to theta."""


@dataclass(frozen=True)
class Stochastic(ABC):
    """A solver on minibatches; an iteration is an epoch.

    Parameters
    ----------
    batch_size, learning_rate, learning_rate_init, shuffle : as the estimator documents them
    """

    batch_size: int | str = "auto"
    learning_rate: str = "cosine"
    learning_rate_init: float | str = "auto"
    shuffle: bool = True

    # What learning_rate_init="auto" means.
    auto_rate: ClassVar[float]

    @abstractmethod
    def rule(self, size: int) -> Rule:
        """A new rule of update for so many parameters."""

    def minibatches(self, n_samples: int, random_state: np.random.RandomState) -> Minibatches:
        """How an epoch of so many rows is drawn."""
        size, rate = self.batch_size, self.learning_rate_init
        if size == "auto":
            size = min(max(n_samples // 100, 32), 512)
        if rate == "auto":
            rate = self.auto_rate
        return Minibatches(int(size), self.learning_rate, float(rate), self.shuffle, random_state)

    def solve(
        self,
        function: Function,
        thetas: FloatArray,
        *,
        tol: float | FloatArray,
        max_iter: int,
        callback: Callback,
        random_states: list[np.random.RandomState],
    ) -> list[Result]:
        """See `Solver.solve`; starts go one after the other."""
        tols = np.broadcast_to(tol, len(thetas)).tolist()
        return [
            run_epochs(
                function.take([k]),
                theta,
                self.rule(len(theta)),
                self.minibatches(function.n_samples, random_state),
                tol=tols[k],
                max_iter=max_iter,
                callback=partial(callback, k),
            )
            for k, (theta, random_state) in enumerate(zip(thetas, random_states, strict=True))
        ]

    def pass_once(
        self,
        function: Function,
        theta: FloatArray,
        rule: Rule,
        random_state: np.random.RandomState,
        n_updates: int,
    ) -> tuple[FloatArray, int]:
        """Theta after one more epoch of a stream, and the number of updates in all."""
        theta = theta.copy()
        minibatches = self.minibatches(function.n_samples, random_state)
        for batch in minibatches.batches(function.n_samples):
            estimate = function.minibatch_gradient(theta[None], batch)[1][0]
            theta += rule.update(estimate, minibatches.stream_rate(n_updates))
            n_updates += 1
        return theta, n_updates

    def for_warm_start(self) -> Self:
        """The solver that goes on from what a fit has found: itself."""
        return self


def run_epochs(
    function: Function,
    theta0: FloatArray,
    rule: Rule,
    minibatches: Minibatches,
    *,
    tol: float,
    max_iter: int,
    callback: Callable[[FloatArray, float, FloatArray], bool],
) -> Result:
    """Take up to max_iter epochs of steps, of constant size or falling to zero along a cosine.

    After each epoch F and its gradient are computed over all rows: they go to `callback`, they
    decide whether tol is met, and if it is not the epoch with the lowest F is returned. With all
    rows in a batch the estimate is F's gradient itself, and the next step uses that pass.
    """

    def evaluate(theta: FloatArray) -> tuple[float, FloatArray]:
        values, gradients = function.loss_gradient(theta[None])
        return float(values[0]), gradients[0]

    n_samples = function.n_samples
    n_batches = minibatches.n_batches(n_samples)
    theta = theta0.copy()
    value, gradient = evaluate(theta)
    best = (theta.copy(), value, gradient)
    ending, n_iter, step = Ending.CONVERGED, 0, 0
    while np.abs(gradient).max() > tol:
        if n_iter == max_iter:
            ending = Ending.MAX_ITER
            break
        for batch in minibatches.batches(n_samples):
            estimate = gradient
            if n_batches > 1:
                estimate = function.minibatch_gradient(theta[None], batch)[1][0]
            theta += rule.update(estimate, minibatches.rate(step / (max_iter * n_batches)))
            step += 1
        value, gradient = evaluate(theta)
        if not np.isfinite(value):
            ending = Ending.DIVERGED
            break
        n_iter += 1
        if value < best[1]:
            best = (theta.copy(), value, gradient)
        if callback(theta, value, gradient):
            ending = Ending.STOPPED
            break
    if ending is not Ending.CONVERGED:
        theta, value, gradient = best
    return Result(theta, value, gradient, n_iter, ending)
