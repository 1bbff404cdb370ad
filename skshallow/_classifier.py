"""The estimator: parameters, validation, encoding of y, wiring and prediction."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ._backprop import forward
from ._blocks import RowBlocks, single_threaded_blas
from ._compat import Interval, StrOptions, _fit_context
from ._losses import LOSSES
from ._objective import Objective
from ._parameters import FloatArray, Layout, Parameters
from ._solvers import CONVERGED, MAX_ITER, SOLVERS, choose_solver
from ._standardize import Scaling, column_scaling
from ._target import Target, encode_target, row_weights


@contextmanager
def _unchanged_on_failure(estimator: BaseEstimator) -> Iterator[None]:
    """Put the estimator's attributes back if the body raises, an interrupt included."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class _Progress:
    """Collects F after each iteration and prints a line for each if asked to."""

    def __init__(self, verbose: int) -> None:
        self.verbose = verbose
        self.curve: list[float] = []
        self._start = time.perf_counter()

    def __call__(self, theta: FloatArray, value: float, gradient: FloatArray) -> None:
        self.curve.append(value)
        if self.verbose:
            print(
                f"iteration {len(self.curve):5d}   F = {value:.8g}   "
                f"max|gradient| = {np.abs(gradient).max():.2e}   "
                f"{time.perf_counter() - self._start:.3f} s"
            )


class _VersionWarning(InconsistentVersionWarning):
    """InconsistentVersionWarning, in the words of this package."""

    def __str__(self) -> str:
        return (
            f"Trying to unpickle {self.estimator_name} from skshallow "
            f"{self.original_sklearn_version} when using skshallow "
            f"{self.current_sklearn_version}. This might lead to breaking code or invalid "
            "results. Fit it again, or use the version that saved it."
        )


class ShallowTanhClassifier(ClassifierMixin, BaseEstimator):
    r"""Classifier with one hidden layer of tanh units, fitted to convergence.

    The model is z(x) = tanh(x W1 + b1) W2 + b2 with one sigmoid output for two classes,
    a softmax for more, and independent sigmoids for a multilabel y. It minimises

    .. math::

        F = \frac{1}{S} \Big[ \sum_i w_i \, \mathrm{loss}(y_i, z(x_i))
            + \frac{\alpha}{2} (\|V_1\|^2 + \|W_2\|^2) \Big],
        \quad S = \sum_i w_i,

    where the loss is the cross-entropy, w_i the sample's weight times its class's, and V1
    the first layer's weights on standardised features. Biases are not penalised. On
    standardised features this is the objective of MLPClassifier(activation="tanh",
    solver="lbfgs") with the same alpha.

    Parameters
    ----------
    n_hidden : int, default=32
        Number of hidden units, at least 1.

    solver : {"auto", "lbfgs", "newton"}, default="auto"
        How F is minimised. "lbfgs" is limited-memory BFGS, which "auto" picks. "newton" is a
        trust-region method with exact second derivatives: a few dozen iterations to gradients
        as small as rounding allows, each dearer, so it is for few parameters or a small `tol`.

    alpha : float, default=1.0
        Strength of the penalty on the squared weights, at least 0. It is weighed against the
        *sum* of the losses, so the same alpha means less and less as data grow.

    standardize : bool, default=True
        Whether to centre each feature and divide it by its standard deviation, both weighted,
        before the network. The scaling is folded into `coefs_` and `intercepts_` afterwards.
        Constant features get no weight. Sparse X stays sparse. Set it to False where features
        share a scale that means something, above all for one-hot columns and TF-IDF: a
        column that is rarely other than zero would be blown up to the weight of the others.

    class_weight : dict, "balanced" or None, default=None
        Factor on the weight of each class's samples: ``{label: weight}``, where a label that is
        not named has weight 1, or "balanced", which makes the classes' total weights equal.
        Not defined for a multilabel y.

    max_iter : int, default=1000
        Limit of iterations, at least 1.

    tol : float, default=1e-4
        The fit has converged when the largest absolute entry of F's gradient is at most `tol`.

    warm_start : bool, default=False
        Whether `fit` continues from the function that the last `fit` found. Classes, features
        and `n_hidden` must then be the same.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights. They do not depend on the number of samples.

    verbose : int or bool, default=0
        If positive, print a line for each iteration.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. For a multilabel y the numbers of its columns.

    coefs_ : list of two ndarrays of shape (n_features, n_hidden) and (n_hidden, n_outputs)
        Weights W1 and W2, in the units of the X given to `fit`; float32 if that X was.

    intercepts_ : list of two ndarrays of shape (n_hidden,) and (n_outputs,)
        Biases b1 and b2.

    n_iter_ : int
        Iterations that the last fit took; 0 only if a warm start had already converged.

    loss_ : float
        F at the end.

    loss_curve_ : list of float of length n_iter\_
        F after each iteration.

    n_outputs_ : int
        Number of outputs: 1 for two classes, otherwise n_classes.

    out_activation_ : {"logistic", "softmax"}
        The output layer's activation.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features_in\_,)
        Names of the features, if X was a data frame whose column names are all strings.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Networks of several layers.
    sklearn.linear_model.LogisticRegression : The model without a hidden layer.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.

    J. Nocedal and S. J. Wright, "Numerical Optimization", Springer 2006, chapters 4 and 7.

    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization",
    Mathematical Programming 45, 1989.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from skshallow import ShallowTanhClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> model = ShallowTanhClassifier(random_state=0).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.95
    True
    >>> model.predict_proba(X_test).shape
    (143, 2)
    """

    _parameter_constraints = {  # noqa: RUF012 (scikit-learn reads it from the class)
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "solver": [StrOptions({"auto", *SOLVERS})],
        "alpha": [Interval(Real, 0, np.inf, closed="left")],
        "standardize": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_hidden: int = 32,
        *,
        solver: str = "auto",
        alpha: float = 1.0,
        standardize: bool = True,
        class_weight: dict[Any, float] | str | None = None,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_hidden = n_hidden
        self.solver = solver
        self.alpha = alpha
        self.standardize = standardize
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 is computed in float32, with sums in float64; anything else in
            float64. Sparse X is converted to CSR.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels of any kind, or a multilabel indicator matrix of zeros and ones.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative. A whole number means as much as repeating the row, zero as
            much as leaving it out (F is the same to rounding), but that a class whose rows all
            have zero weight stays in `classes_`.

        Returns
        -------
        self : ShallowTanhClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or sample_weight is invalid; a fitted estimator is then left as
            it was.

        Warns
        -----
        ConvergenceWarning
            If the fit stopped before the gradient was at most `tol`.
        """
        with _unchanged_on_failure(self):
            self._fit(X, y, sample_weight)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        warm = self.warm_start and hasattr(self, "coefs_")
        X, y = validate_data(
            self,
            X,
            y,
            reset=not warm,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            multi_output=True,
        )
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        target = encode_target(y)
        w = row_weights(sample_weight, self.class_weight, target, X.shape[0])
        layout = Layout(X.shape[1], int(self.n_hidden), target.n_outputs)
        if warm:
            self._check_warm_start(target, layout)
        codes = target.codes
        if not w.all():  # a row of no weight must not act through its values either
            X, codes, w = X[w > 0], codes[w > 0], w[w > 0]
        scaling = column_scaling(X, w) if self.standardize else None
        theta0 = self._start(layout, scaling, warm)

        loss = LOSSES[target.activation]
        dense = not issparse(X)
        rows = RowBlocks(
            scaling.apply(X) if scaling is not None and dense else X,
            loss.encode(codes, X.dtype),
            w.astype(X.dtype, copy=False),
            layout,
            X.dtype,
        )
        objective = Objective(
            rows, layout, loss, w.sum(), float(self.alpha), None if dense else scaling
        )
        progress = _Progress(self.verbose)
        with single_threaded_blas():
            result = choose_solver(self.solver)(
                objective, theta0, tol=self.tol, max_iter=self.max_iter, callback=progress
            )

        fitted = layout.unpack(result.x)
        if scaling is not None:
            fitted = Parameters(*scaling.fold(*fitted[:2]), *fitted[2:])
        with np.errstate(over="ignore"):  # looked for below
            W1, b1, W2, b2 = (np.array(part, dtype=X.dtype) for part in fitted)
        if not (np.isfinite(result.fun) and all(np.isfinite(p).all() for p in (W1, b1, W2, b2))):
            raise ValueError(
                "The fit overflowed: the features are too large or too small for "
                f"{X.dtype}. Set standardize=True, or rescale them, or give X as float64."
            )
        self.classes_ = target.classes
        self.coefs_ = [W1, W2]
        self.intercepts_ = [b1, b2]
        self.n_iter_ = int(result.nit)
        self.loss_ = float(result.fun)
        self.loss_curve_ = progress.curve
        self.n_outputs_ = layout.n_outputs
        self.out_activation_ = target.activation
        if result.status != CONVERGED:
            warnings.warn(
                f"ShallowTanhClassifier has not converged: {result.message}, where the largest "
                f"absolute entry of the gradient is {np.abs(result.jac).max():.1e}, above "
                f"tol={self.tol:g}. {self._remedy(result.status, X.dtype)}",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _remedy(self, status: int, dtype: Any) -> str:
        """What a user can do about a fit that ended in this way."""
        remedies = ["increase tol"]
        if status == MAX_ITER:
            remedies = ["increase max_iter, or alpha, or tol"]
        elif dtype == np.float32:
            remedies.append("give X as float64")
        if not self.standardize:
            remedies.append("set standardize=True, unless the features share a scale")
        reason = "" if status == MAX_ITER else "Rounding allows no smaller gradient: "
        text = reason + "; or ".join(remedies) + "."
        return text[0].upper() + text[1:]

    def _check_warm_start(self, target: Target, layout: Layout) -> None:
        """Raise a ValueError where the fitted network cannot be continued with these data."""
        remedy = "Keep them the same, or set warm_start=False to start anew."
        if self.out_activation_ != target.activation or not np.array_equal(
            self.classes_, target.classes
        ):
            raise ValueError(
                f"warm_start=True, but the classes in y are {target.classes} and the fitted "
                f"ones {self.classes_}. {remedy}"
            )
        n_hidden = self.coefs_[0].shape[1]
        if n_hidden != layout.n_hidden:
            raise ValueError(
                f"warm_start=True, but n_hidden={layout.n_hidden} and the fitted network has "
                f"{n_hidden} hidden units. {remedy}"
            )

    def _start(self, layout: Layout, scaling: Scaling | None, warm: bool) -> FloatArray:
        """Initial theta: random, or the fitted function re-expressed for this scaling."""
        if not warm:
            return layout.initial(check_random_state(self.random_state))
        W1, b1 = self.coefs_[0], self.intercepts_[0]
        if scaling is not None:
            W1, b1 = scaling.unfold(W1, b1)
        return layout.pack(Parameters(W1, b1, self.coefs_[1], self.intercepts_[1]))

    def _logits(self, X: Any) -> FloatArray:
        """Logits of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=(np.float64, np.float32))
        (W1, W2), (b1, b2) = self.coefs_, self.intercepts_
        rows = RowBlocks(
            X, None, None, Layout(W1.shape[0], W1.shape[1], len(b2)), np.result_type(X, W1)
        )
        return rows.logits(forward, Parameters(W1, b1, W2, b2))

    def _class_logits(self, X: Any) -> FloatArray:
        """Logits with one column a class: -z and z for two classes."""
        Z = self._logits(X)
        return np.hstack([-Z, Z]) if self.n_outputs_ == 1 else Z

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
        Z = self._logits(X)
        return Z.ravel() if self.n_outputs_ == 1 else Z

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
        Z = self._logits(X)
        if self.out_activation_ == "softmax":
            return self.classes_[Z.argmax(axis=1)]
        if self.n_outputs_ == 1:
            return self.classes_[(Z.ravel() > 0).astype(np.intp)]
        return (Z > 0).astype(np.int64)

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
        Z = self._class_logits(X)
        return LOSSES[self.out_activation_].probabilities(Z)

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
        Z = self._class_logits(X)
        return LOSSES[self.out_activation_].log_probabilities(Z)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

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
