"""Several starts, and several networks that act as one.

The mean of the logits of M networks with h hidden units is the logits of one network with M h:

    W1 = [W1_1 ... W1_M],  b1 = [b1_1 ... b1_M],  W2 = [W2_1; ...; W2_M] / M,  b2 = mean of b2_m.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._arrays import FloatArray
from ._parameters import Parameters


def spawn(random_state: np.random.RandomState, n_starts: int) -> list[np.random.RandomState]:
    """A random state for each start.

    One start uses the given state itself. Of several, start k has the seed
    ``random_state.randint(2**31 - 1, size=n_starts)[k]``, so that it can be run alone.
    """
    if n_starts == 1:
        return [random_state]
    seeds = random_state.randint(2**31 - 1, size=n_starts)
    return [np.random.RandomState(seed) for seed in seeds]


def join(members: list[Parameters], weights: FloatArray | None = None) -> Parameters:
    """The one network whose logits are the members', weighted; their mean if weights are None."""
    v = np.full(len(members), 1 / len(members)) if weights is None else weights
    return Parameters(
        np.hstack([member.W1 for member in members]),
        np.hstack([member.b1 for member in members]),
        np.vstack([weight * member.W2 for weight, member in zip(v, members, strict=True)]),
        v @ np.array([member.b2 for member in members]),
    )


def add_prior(network: Parameters, logits: FloatArray | float) -> Parameters:
    """The network whose logits are larger by the same in every row."""
    return network._replace(b2=network.b2 + logits)


def describe_members(
    members: list[Parameters], weights: FloatArray | None, joined: Parameters
) -> list[dict[str, Any]]:
    """What a joined network does not tell of each member: its weight, and its b2 less the joint."""
    v = np.full(len(members), 1 / len(members)) if weights is None else weights
    return [
        {"weight": float(weight), "offset": member.b2 - joined.b2}
        for weight, member in zip(v, members, strict=True)
    ]


def separate(network: Parameters, described: list[dict[str, Any]]) -> list[Parameters]:
    """The members of a joined network; undoes `join`, but for members without weight."""
    M = len(described)
    return [
        Parameters(W1, b1, W2 / (known["weight"] or 1.0), network.b2 + known["offset"])
        for W1, b1, W2, known in zip(
            np.hsplit(network.W1, M),
            np.hsplit(network.b1, M),
            np.vsplit(network.W2, M),
            described,
            strict=True,
        )
    ]


def mean_curve(curves: list[list[float]]) -> list[float]:
    """Mean over members after each iteration, where one that has ended keeps its last value."""
    length = max(map(len, curves))
    padded = [curve + curve[-1:] * (length - len(curve)) for curve in curves if curve]
    return np.mean(padded, axis=0).tolist() if padded else []
