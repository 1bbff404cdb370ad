"""Several starts, and several networks that act as one.

The mean of the logits of M networks with h hidden units is the logits of one network with M h:

    W1 = [W1_1 ... W1_M],  b1 = [b1_1 ... b1_M],  W2 = [W2_1; ...; W2_M] / M,  b2 = mean of b2_m.
"""

from __future__ import annotations

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


def join(members: list[Parameters]) -> Parameters:
    """The one network whose logits are the mean of the members'."""
    return Parameters(
        np.hstack([member.W1 for member in members]),
        np.hstack([member.b1 for member in members]),
        np.vstack([member.W2 for member in members]) / len(members),
        np.mean([member.b2 for member in members], axis=0),
    )


def intercept_offsets(members: list[Parameters]) -> list[FloatArray]:
    """What a joined network does not hold of each member: its b2 minus the mean, (K,)."""
    biases = np.array([member.b2 for member in members])
    return list(biases - biases.mean(axis=0))


def separate(network: Parameters, offsets: list[FloatArray]) -> list[Parameters]:
    """The members of a joined network; undoes `join`."""
    M = len(offsets)
    return [
        Parameters(W1, b1, W2 * M, network.b2 + offset)
        for W1, b1, W2, offset in zip(
            np.hsplit(network.W1, M),
            np.hsplit(network.b1, M),
            np.vsplit(network.W2, M),
            offsets,
            strict=True,
        )
    ]


def mean_curve(curves: list[list[float]]) -> list[float]:
    """Mean over members after each iteration, where one that has ended keeps its last value."""
    length = max(map(len, curves))
    padded = [curve + curve[-1:] * (length - len(curve)) for curve in curves if curve]
    return np.mean(padded, axis=0).tolist() if padded else []
