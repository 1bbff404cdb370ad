"""What the estimators share: input, prediction, members and persistence of a fitted network."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted, validate_data

from ._arrays import FloatArray
from ._committee import add_prior, describe_members, join, separate
from ._features import check_indices, explained
from ._messages import left_out
from ._outputs import Output, output_of
from ._parameters import Parameters
from ._predict import network_logits
from ._standardize import Scaling, unresolved
from ._target import (
    Target,
    check_given,
    check_labels,
    check_missing,
    check_number_of_classes,
    encode_target,
)

# Where the documentation is; scikit-learn's HTML representation links to it.
DOCUMENTATION = "https://skshallow.readthedocs.io/en/latest/"

# Texts to warn of and their categories.
Complaints = list[tuple[str, type[Warning]]]


class _VersionWarning(InconsistentVersionWarning):
    """InconsistentVersionWarning, in the words of this package."""

    def __str__(self) -> str:
        return (
            f"Trying to unpickle {self.estimator_name} from skshallow "
            f"{self.original_sklearn_version} when using skshallow "
            f"{self.current_sklearn_version}. This might lead to breaking code or invalid "
            "results. Fit it again, or use the version that saved it."
        )


class TanhNetworkClassifier(ClassifierMixin, BaseEstimator):
    """A fitted network of one hidden layer; subclasses fit it.

    Its fitted attributes are `coefs_`, `intercepts_`, `classes_`, `n_outputs_`, `out_activation_`,
    those that scikit-learn's validation sets, and for a committee the private `_members`: for each
    member a dictionary of what the joined network does not hold.
    """

    class_weight: Any  # a parameter of both

    _doc_link_module = "skshallow"
    _doc_link_template = DOCUMENTATION + "generated/{estimator_module}.{estimator_name}.html"

    # Input

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """X and y as arrays, X dense or CSR without duplicates."""
        check_given(y)
        X, y = self._validate(X, y, reset=reset, multi_output=True)
        check_labels(y)
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X, y

    def _validate(self, X: Any, *y: Any, **options: Any) -> Any:
        """`validate_data`, with errors that name what is wrong in X and y, and what helps."""
        check_indices(X)
        dtypes = np.float64, np.float32
        try:
            return validate_data(self, X, *y, accept_sparse="csr", dtype=dtypes, **options)
        except (ValueError, TypeError) as error:
            for labels in y if "NA" in str(error).upper() else ():
                check_missing(labels)
            if (clearer := explained(X, error)) is not None:
                raise clearer from None
            raise

    def _encoded(self, y: Any) -> Target:
        """Classes and codes of y, which `_validated` has returned."""
        target = encode_target(y, type(self).__name__)
        check_number_of_classes(target)
        return target

    # Fitted attributes, which change together

    def _scratch(self) -> Self:
        """A copy as the estimator is at one moment.

        A fit works on it, so that the estimator stays as it was until the end; a prediction reads
        it, so that it is of one fit where another thread fits the estimator meanwhile.
        """
        copied = type(self).__new__(type(self))
        copied.__dict__.update(vars(self))
        return copied

    def _clear_fit(self) -> None:
        """Remove what an earlier fit has set, but for what validation of X has set."""
        for name in self._fitted_attributes().keys() - {"n_features_in_", "feature_names_in_"}:
            del self.__dict__[name]

    def _set_network(
        self,
        target: Target,
        networks: list[Parameters],
        dtype: Any,
        weights: FloatArray | None = None,
        prior: FloatArray | float = 0.0,
    ) -> None:
        """Set what it takes to predict with several networks as one, in new arrays.

        Their logits are averaged, or weighted, and `prior` is added to them.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # the caller checks for it
            joined = add_prior(join(networks, weights), prior)
            W1, b1, W2, b2 = (np.array(part, dtype=dtype) for part in joined)
        self.classes_ = target.classes
        self.n_outputs_ = target.output.n_outputs
        self.out_activation_ = target.output.activation
        self.coefs_, self.intercepts_ = [W1, W2], [b1, b2]
        if weights is not None or len(networks) > 1:
            self._members: list[dict[str, Any]] = describe_members(networks, weights, joined)

    def _with_network(self, target: Target, network: Parameters, dtype: Any) -> Self:
        """A copy of this estimator that predicts with a network under way."""
        model = self._scratch()
        model._clear_fit()
        model._set_network(target, [network], dtype)
        return model

    def _without_names(self, target: Target, dtype: Any, network: Parameters) -> Self:
        """As `_with_network`, for a scorer, which gets X without the names of its columns."""
        model = self._with_network(target, network, dtype)
        model.__dict__.pop("feature_names_in_", None)
        return model

    def _fitted_attributes(self) -> dict[str, Any]:
        """All that a fit has set."""
        return {
            name: value
            for name, value in vars(self).items()
            if (name.endswith("_") and not name.startswith("_")) or name in ("_members", "_stream")
        }

    def _finish(self, fitted: Self, complaints: Complaints) -> None:
        """Warn, and then take over the fitted attributes of a scratch copy."""
        for text, category in complaints:
            # Past the method of the user and scikit-learn's wrapper, to the line that called it.
            warnings.warn(text, category, stacklevel=4)
        self._take_over(fitted)

    def _take_over(self, fitted: Self) -> None:
        """Take over the fitted attributes of a scratch copy, all at once, whatever interrupts."""
        stale = self._fitted_attributes()
        kept = {name: value for name, value in vars(self).items() if name not in stale}
        self.__dict__ = kept | fitted._fitted_attributes()

    def _left_out(self, X: Any, scaling: Scaling | None) -> Complaints:
        """The warning about columns of X that vary too little to be used, if there are any."""
        columns = [] if scaling is None else unresolved(X, scaling)
        text = left_out(columns, getattr(self, "feature_names_in_", None), X.dtype)
        return [(text, UserWarning)] if text else []

    # Members

    def _described(self) -> list[dict[str, Any]]:
        """What the joined network does not hold of each member; empty for a single network."""
        return self.__dict__.get("_members") or []

    def _networks(self) -> list[Parameters]:
        """The fitted members, in the units of X."""
        (W1, W2), (b1, b2) = self.coefs_, self.intercepts_
        network = Parameters(W1, b1, W2, b2)
        members = self._described()
        if not members:
            return [network]
        return separate(network, members)

    def _last_losses(self) -> list[float]:
        """F of each member as it was fitted; NaN where that is not known, as in callbacks."""
        known = [member.get("loss_") for member in self._described() or [self.__dict__]]
        return [np.nan if loss is None else loss for loss in known]

    def _is_finite(self) -> bool:
        """Whether the fitted weights are, which users may write to."""
        return all(bool(np.isfinite(part).all()) for part in self.coefs_ + self.intercepts_)

    def _check_same_network(self, target: Target, why: str, other: str) -> None:
        """Raise a ValueError where the fitted network cannot be continued with these data."""
        if not self._is_finite():
            raise ValueError(
                f"{why}, but coefs_ or intercepts_ hold NaN or infinity. Write finite values, or "
                f"{other}."
            )
        n_members = len(self._described()) or 1
        n_hidden = self.coefs_[0].shape[1] // n_members
        trouble = None
        if target.output != self._output() or not np.array_equal(self.classes_, target.classes):
            trouble = f"the classes in y are {target.classes} and the fitted ones {self.classes_}"
        elif n_hidden != self.n_hidden:
            trouble = f"n_hidden={self.n_hidden} and it has {n_hidden} hidden units"
        elif n_members != self.n_estimators:
            trouble = f"n_estimators={self.n_estimators} and it has n_estimators={n_members}"
        if trouble is not None:
            raise ValueError(f"{why}, but {trouble}. Keep them the same, or {other}.")

    # Prediction

    def _fitted(self) -> Self:
        """A copy as the estimator is at this moment, if that is fitted."""
        model = self._scratch()
        check_is_fitted(model)
        return model

    def _output(self) -> Output:
        return output_of(self.out_activation_, self.n_outputs_)

    def _target(self) -> Target:
        """The fitted classes and output, with no rows."""
        return Target(self.classes_, np.empty(0, np.intp), self._output())

    def _logits(self, X: Any) -> FloatArray:
        """Logits of shape (n_samples, n_outputs)."""
        X = self._validate(X, reset=False)
        (W1, W2), (b1, b2) = self.coefs_, self.intercepts_
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            Z = network_logits(X, Parameters(W1, b1, W2, b2))
        if not np.isfinite(Z).all():
            if not self._is_finite():
                raise ValueError(
                    "coefs_ or intercepts_ hold NaN or infinity, so there are no predictions. "
                    "Write finite values, or fit again."
                )
            raise ValueError(
                f"X holds values so large that the network overflows {Z.dtype}: "
                f"{np.abs(X).max():.3g} at most. Check their units, or give them as float64."
            )
        return Z

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Logits of the network, before the sigmoid or softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of ``classes_[1]``, otherwise a column a class.
        """
        model = self._fitted()
        return model._output().decision(model._logits(X))

    def predict(self, X: ArrayLike) -> Any:
        """Most probable class, or for a multilabel fit every label of probability above 1/2.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Labels, or an indicator matrix of integers for a multilabel fit.
        """
        model = self._fitted()
        return model._output().predict(model._logits(X), model.classes_)

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        P : ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`. Rows sum to one, but for a multilabel fit, where
            each column is the probability of that label.
        """
        model = self._fitted()
        return model._output().probabilities(model._logits(X))

    def predict_log_proba(self, X: ArrayLike) -> FloatArray:
        """Logarithm of the probability of each class, from the logits.

        It is finite also where `predict_proba` rounds to zero.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.

        Returns
        -------
        log_P : ndarray of shape (n_samples, n_classes)
            As `predict_proba`.
        """
        model = self._fitted()
        return model._output().log_probabilities(model._logits(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        # A row with several labels has no class whose weight it could have.
        tags.classifier_tags.multi_label = self.class_weight is None
        return tags

    # Persistence

    def __getstate__(self) -> dict[str, Any]:
        from . import __version__

        return {**super().__getstate__(), "_skshallow_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from . import __version__

        state = state.copy()
        saved_by = state.pop("_skshallow_version", "unknown")
        if saved_by != __version__:
            warnings.warn(
                _VersionWarning(
                    estimator_name=type(self).__name__,
                    current_sklearn_version=__version__,
                    original_sklearn_version=saved_by,
                ),
                stacklevel=2,
            )
        super().__setstate__(state)
