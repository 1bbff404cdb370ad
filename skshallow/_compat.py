"""Everything that skshallow imports from scikit-learn's private modules.

These names have kept their meaning since scikit-learn 1.3 and other packages rely
on them, but they carry no promise; a release that moves one is mended here alone.
"""

from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

__all__ = ["Interval", "StrOptions", "_fit_context"]
