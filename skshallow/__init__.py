"""The one-hidden-layer tanh network as a scikit-learn classifier."""

from ._classifier import ShallowTanhClassifier
from ._classifier_cv import ShallowTanhClassifierCV

__all__ = ["ShallowTanhClassifier", "ShallowTanhClassifierCV", "__version__"]

__version__ = "0.1.0.dev0"
