"""Gradient descent with momentum on minibatches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._arrays import FloatArray
from ._stochastic import Rule, Stochastic


class MomentumRule:
    """Gradient descent with momentum, plain or Nesterov's (Sutskever et al., 2013)."""

    def __init__(self, size: int, momentum: float, nesterovs_momentum: bool) -> None:
        self.state: dict[str, Any] = {"velocity": np.zeros(size)}
        self.momentum, self.nesterovs_momentum = momentum, nesterovs_momentum

    def update(self, gradient: FloatArray, rate: float) -> FloatArray:
        """The new velocity, or with Nesterov's momentum one more step along it."""
        velocity = self.momentum * self.state["velocity"] - rate * gradient
        self.state["velocity"] = velocity
        if self.nesterovs_momentum:
            return self.momentum * velocity - rate * gradient
        return velocity


@dataclass(frozen=True)
class SGD(Stochastic):
    """Gradient descent with momentum on minibatches.

    With all rows in a batch, no momentum and a constant step it is plain gradient descent.
    """

    momentum: float = 0.9
    nesterovs_momentum: bool = True

    # benchmarks/solvers.py shows the choice.
    auto_rate: ClassVar[float] = 0.1

    def rule(self, size: int) -> Rule:
        """A new rule of update for so many parameters."""
        return MomentumRule(size, self.momentum, self.nesterovs_momentum)
