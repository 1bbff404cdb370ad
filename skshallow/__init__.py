"""The one-hidden-layer tanh network as a scikit-learn classifier."""

from ._classifier import ShallowTanhClassifier

__all__ = ["ShallowTanhClassifier", "__version__"]

__version__ = "0.1.0.dev0"
