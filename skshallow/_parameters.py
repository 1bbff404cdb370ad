"""Layout of the flat parameter vector and its random initialisation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ._arrays import FloatArray


class Parameters(NamedTuple):
    """The network's weights: Z = tanh(X W1 + b1) W2 + b2."""

    W1: FloatArray  # (n_features, n_hidden)
    b1: FloatArray  # (n_hidden,)
    W2: FloatArray  # (n_hidden, n_outputs)
    b2: FloatArray  # (n_outputs,)

    @property
    def layout(self) -> Layout:
        """The sizes of the network."""
        return Layout(*self.W1.shape, *self.b2.shape)


@dataclass(frozen=True)
class Layout:
    """Sizes of the network and the order of its flat parameter vector theta.

    theta = [W1, b1, W2, b2], each raveled in C order, so that [W1; b1] and [W2; b2]
    are contiguous matrices too.
    """

    n_features: int
    n_hidden: int
    n_outputs: int
    # Number of parameters.
    size: int = field(init=False, compare=False)
    # Where in theta each part is, and its shape.
    _slices: tuple[tuple[slice, tuple[int, ...]], ...] = field(init=False, compare=False)
    # 1 where theta holds a weight, 0 where it holds a bias, read-only of shape (size,).
    penalty_mask: FloatArray = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Not cached properties: a forked child may inherit their locks while they are held.
        d, h, k = self.n_features, self.n_hidden, self.n_outputs
        first, size = (d + 1) * h, (d + 1) * h + (h + 1) * k
        slices = (
            (slice(0, d * h), (d, h)),
            (slice(d * h, first), (h,)),
            (slice(first, first + h * k), (h, k)),
            (slice(first + h * k, size), (k,)),
        )
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "_slices", slices)
        mask = np.zeros(size)
        parts = self.unpack(mask)
        parts.W1[...] = 1.0
        parts.W2[...] = 1.0
        mask.flags.writeable = False
        object.__setattr__(self, "penalty_mask", mask)

    @property
    def width(self) -> int:
        """Units of the widest layer."""
        return max(self.n_hidden, self.n_outputs)

    def unpack(self, theta: FloatArray) -> Parameters:
        """Views of W1, b1, W2, b2 in theta; writing to them writes to theta.

        Leading axes stay: rows of a matrix of shape (n, size) give W1 of shape (n, d, h).
        """
        lead = theta.shape[:-1]
        return Parameters(*(theta[..., part].reshape(lead + shape) for part, shape in self._slices))

    def layers(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Views of [W1; b1], (..., d + 1, h), and [W2; b2], (..., h + 1, K), in theta."""
        d, h, k = self.n_features, self.n_hidden, self.n_outputs
        lead, first = theta.shape[:-1], (d + 1) * h
        return (
            theta[..., :first].reshape((*lead, d + 1, h)),
            theta[..., first:].reshape((*lead, h + 1, k)),
        )

    def pack(self, parameters: Parameters) -> FloatArray:
        """A new flat float64 vector that holds the four parts."""
        return np.concatenate([np.ravel(part) for part in parameters]).astype(np.float64)

    def initial(self, random_state: np.random.RandomState) -> FloatArray:
        """Random start, a new float64 vector of shape (size,).

        Each layer, bias included, is uniform within sqrt(6 / (fan_in + fan_out)) of
        zero (Glorot and Bengio, 2010, eq. 16). MLPClassifier draws a tanh network in
        the same order, so one seed gives both the same start.
        """
        bounds = (
            np.sqrt(6.0 / (self.n_features + self.n_hidden)),
            np.sqrt(6.0 / (self.n_hidden + self.n_outputs)),
        )
        theta = np.empty(self.size)
        parts = self.unpack(theta)
        for layer, bound in zip((parts[:2], parts[2:]), bounds, strict=True):
            for part in layer:
                part[...] = random_state.uniform(-bound, bound, part.shape)
        return theta
