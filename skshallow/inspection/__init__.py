"""Pictures of a fitted network, in the way of scikit-learn's displays.

They need matplotlib, which is imported only when something is drawn.
"""

from ._alpha_path import AlphaPathDisplay
from ._hidden_units import HiddenUnitDisplay
from ._loss_curve import LossCurveDisplay

__all__ = ["AlphaPathDisplay", "HiddenUnitDisplay", "LossCurveDisplay"]
