"""The function that every solver minimises, and its gradient."""

from __future__ import annotations

from ._backprop import loss_gradient
from ._blocks import RowBlocks
from ._losses import Loss
from ._parameters import FloatArray, Layout, Parameters
from ._standardize import Scaling


class Objective:
    """F(theta) = (1/S) [sum_i w_i loss(y_i, z_i) + (alpha/2) (|V1|^2 + |W2|^2)], S = sum_i w_i.

    theta = [V1, c1, W2, b2] in the order of `Layout`, always float64; biases are not
    penalised.

    Parameters
    ----------
    rows : RowBlocks
        Features, encoded targets and positive weights.
    layout : Layout
    loss : Loss
    total_weight : float
        S.
    alpha : float
        Strength of the penalty.
    scaling : Scaling or None
        Where V1, c1 act on standardised columns but `rows` holds them in their own units
        (sparse X), the scaling between the two. None where theta acts on `rows` as it is.

    Attributes
    ----------
    n_evaluations : int
        Passes over the data so far.
    """

    def __init__(
        self,
        rows: RowBlocks,
        layout: Layout,
        loss: Loss,
        total_weight: float,
        alpha: float,
        scaling: Scaling | None = None,
    ) -> None:
        self.rows = rows
        self.layout = layout
        self.loss = loss
        self.total_weight = total_weight
        self.alpha = alpha
        self.scaling = scaling
        self.n_evaluations = 0

    def loss_gradient(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """F and its gradient at theta, the gradient a new float64 vector of theta's shape."""
        self.n_evaluations += 1
        parameters = self.layout.unpack(theta)
        if self.scaling is not None:
            parameters = Parameters(*self.scaling.fold(*parameters[:2]), *parameters[2:])
        total = self.rows.reduce(loss_gradient, parameters, self.loss)
        gradient = total[1:]
        if self.scaling is not None:
            self.scaling.pull_back(*self.layout.unpack(gradient)[:2])
        weights = theta * self.layout.penalty_mask
        value = total[0] + 0.5 * self.alpha * (weights @ weights)
        gradient += self.alpha * weights
        gradient /= self.total_weight
        return float(value / self.total_weight), gradient
