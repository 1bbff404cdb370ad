"""Adam on minibatches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._arrays import FloatArray
from ._stochastic import Rule, Stochastic


class AdamRule:
    """Adam (Kingma and Ba, 2015, algorithm 1), with its customary constants."""

    def __init__(self, size: int) -> None:
        self.state: dict[str, Any] = {
            "mean": np.zeros(size),
            "square": np.zeros(size),
            "n_updates": 0,
        }

    def update(self, gradient: FloatArray, rate: float) -> FloatArray:
        """-rate times the mean gradient over the root of the mean square, bias-corrected."""
        state = self.state
        state["n_updates"] += 1
        state["mean"] += 0.1 * (gradient - state["mean"])
        state["square"] += 0.001 * (gradient * gradient - state["square"])
        mean = state["mean"] / (1 - 0.9 ** state["n_updates"])
        root = np.sqrt(state["square"] / (1 - 0.999 ** state["n_updates"]))
        update: FloatArray = -rate * mean / (root + 1e-8)
        return update


@dataclass(frozen=True)
class Adam(Stochastic):
    """Adam on minibatches."""

    # benchmarks/solvers.py shows the choice.
    auto_rate: ClassVar[float] = 0.02

    def rule(self, size: int) -> Rule:
        """A new rule of update for so many parameters."""
        return AdamRule(size)
