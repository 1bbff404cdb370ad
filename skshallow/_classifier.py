"""The estimator: parameters, validation, encoding of y, wiring and prediction."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning, InconsistentVersionWarning
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from ._blocks import logits, one_thread_blas
from ._callbacks import FitCallbacks
from ._committee import fold, mean_curve, spawn, unfold
from ._compat import CallbackSupportMixin, Interval, StrOptions, _fit_context, with_callbacks
from ._losses import LOSSES, Loss
from ._monitor import Monitor
from ._parameters import FloatArray, Layout, Parameters
from ._solvers import DIVERGED, MAX_ITER, SOLVERS, STALLED, Minibatches, Solver
from ._standardize import column_scaling
from ._stream import Stream
from ._target import (
    Target,
    balanced_as,
    encode_target,
    encode_target_as,
    row_weights,
    target_of_classes,
)
from ._training import Outcome, Problem, Rows, Start, descend, train
from ._validation import ValidationLoss, ValidationScore

# Where the documentation is; scikit-learn's HTML representation links to it.
DOCUMENTATION = "https://skshallow.readthedocs.io/en/latest/"

# What learning_rate_init="auto" means; benchmarks/solvers.py shows the choice.
AUTO_RATES = {"adam": 0.02, "sgd": 0.1}


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


def _learns_from_streams(estimator: Any) -> bool:
    """Whether the solver can do partial_fit; the error says which can."""
    if estimator.solver not in SOLVERS or SOLVERS[estimator.solver].rule is None:
        able = [name for name, solver in SOLVERS.items() if solver.rule is not None]
        raise AttributeError(
            f"partial_fit needs a solver that takes minibatches, one of {able}, but "
            f"solver={estimator.solver!r}."
        )
    return True


def _weights(networks: list[Parameters], dtype: Any = np.float64) -> dict[str, Any]:
    """The fitted attributes that hold the weights of a committee, as new arrays."""
    with np.errstate(over="ignore", invalid="ignore"):  # the caller looks for it
        W1, b1, W2, b2 = (np.array(part, dtype=dtype) for part in fold(networks))
        biases = np.array([network.b2 for network in networks], dtype=dtype)
    return {"coefs_": [W1, W2], "intercepts_": [b1, b2], "member_intercepts_": biases}


class _VersionWarning(InconsistentVersionWarning):
    """InconsistentVersionWarning, in the words of this package."""

    def __str__(self) -> str:
        return (
            f"Trying to unpickle {self.estimator_name} from skshallow "
            f"{self.original_sklearn_version} when using skshallow "
            f"{self.current_sklearn_version}. This might lead to breaking code or invalid "
            "results. Fit it again, or use the version that saved it."
        )


class ShallowTanhClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
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
        Number of hidden units, at least 1. More of them bend the decision boundary more, and cost
        time in proportion; 4 to 64 serve most tables.

    solver : {"auto", "lbfgs", "newton", "adam", "sgd"}, default="auto"
        How F is minimised; all solvers minimise the same F.

        - "lbfgs": limited-memory BFGS.
        - "newton": damped Newton steps with exact second derivatives. A few dozen iterations reach
          gradients as small as rounding allows, but each costs more, so it is for few parameters
          or a small `tol`.
        - "adam", "sgd": Adam, or gradient descent with momentum, on minibatches. For many rows;
          set `max_iter` to 10 to 100 epochs. They seldom reach `tol`, and then warn.
        - "auto": "newton" up to 40 parameters, weights and biases counted, and "lbfgs" beyond;
          from 20,000 rows on "lbfgs", which then starts where 10 epochs of Adam lead.

    alpha : float, default=1.0
        Strength of the penalty on the squared weights, at least 0. Larger values make the function
        smoother and the probabilities less sure; 0.01 to 10 are worth trying. It is weighed
        against the *sum* of the losses, so the same alpha means less and less as data grow.

    standardize : bool, default=True
        Whether to centre each feature and divide it by its standard deviation, both weighted,
        before the network. The scaling is folded into `coefs_` and `intercepts_` afterwards.
        Constant features get no weight. Sparse X stays sparse. Set it to False where features
        share a scale that means something, above all for one-hot columns and TF-IDF: a
        column that is rarely other than zero would be blown up to the weight of the others.

    class_weight : dict, "balanced" or None, default=None
        Factor on the weight of each class's samples: ``{label: weight}``, where a label that is
        not named has weight 1, or "balanced", which makes the classes' total weights equal.
        Probabilities are then those of data with such weights.
        Not defined for a multilabel y.

    max_iter : int, default=1000
        Limit of iterations of each start, at least 1. For "adam" and "sgd" an iteration is an
        epoch, and the cosine schedule is stretched over all `max_iter` of them.

    tol : float, default=1e-4
        The fit has converged when the largest absolute entry of F's gradient is at most `tol`, at
        least 0. A fit that ends before, other than by early stopping, gives a ConvergenceWarning.

    n_init : int, default=1
        Number of random starts, at least 1, of which the one with the lowest F is kept. For tiny
        networks that one wants to read.

    n_estimators : int, default=1
        Number of networks, at least 1, each the best of its own `n_init` starts, whose logits are
        averaged. Such a committee is itself one network with n_estimators * n_hidden hidden units,
        and `coefs_` and `intercepts_` hold it folded into one. For better probabilities.

    early_stopping : bool, default=False
        Whether to watch a score on validation data, stop when it no longer improves, and keep the
        iterate where it was best, the start included. Of several starts the one with the lowest F
        on the training rows is kept all the same.

    validation_fraction : float, default=0.1
        Share of the rows to hold out for early stopping if no `X_val` is given, between 0 and 1.
        It is stratified by class, except for a multilabel y.

    n_iter_no_change : int, default=10
        With early stopping, the number of iterations in a row, at least 1, without a score better
        than the best by more than `tol` after which a start ends.

    scoring : str or callable, default="loss"
        Score for early stopping: "loss" is minus the mean cross-entropy, weighted as the training
        data are; or the name of a scikit-learn scorer, or a callable
        ``scorer(estimator, X, y)``, with ``sample_weight`` where weights differ. Greater is better.

    batch_size : int or "auto", default="auto"
        Rows in a minibatch of "adam" and "sgd", at least 1; "auto" is a hundredth of the rows, but
        at least 32 and at most 512. The penalty does not depend on it.

    learning_rate : {"cosine", "constant"}, default="cosine"
        Schedule of the step size of "adam" and "sgd": falling to zero along half a cosine wave, or
        constant.

    learning_rate_init : float or "auto", default="auto"
        Step size of "adam" and "sgd" at first, above 0; "auto" is 0.02 for Adam and 0.1 for
        gradient descent.

    shuffle : bool, default=True
        Whether "adam" and "sgd" draw the rows in a new order in each epoch.

    momentum : float, default=0.9
        Momentum of "sgd", at least 0 and below 1.

    nesterovs_momentum : bool, default=True
        Whether the momentum of "sgd" is Nesterov's.

    warm_start : bool, default=False
        Whether `fit` continues from the function that the last `fit` found; a committee continues
        from each member's. Classes, features, `n_hidden` and `n_estimators` must then be the
        same, `n_init` has no effect, and "auto" is "lbfgs".

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, which do not depend on the number of samples, of the held-out
        rows and of the minibatches. With several starts, start k is the one that
        ``check_random_state(random_state).randint(2**31 - 1, size=n_starts)[k]`` gives alone.

    verbose : int or bool, default=0
        If positive, print a line for each iteration: F, the largest absolute entry of its
        gradient, the validation score if there is one, and the seconds since the start.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. For a multilabel y the numbers of its columns.

    coefs_ : list of two ndarrays of shape (n_features, n_units) and (n_units, n_outputs)
        Weights W1 and W2, in the units of the X given to `fit`; float32 if that X was. n_units is
        n_hidden * n_estimators, the units of each member side by side.

    intercepts_ : list of two ndarrays of shape (n_units,) and (n_outputs,)
        Biases b1 and b2.

    member_intercepts_ : ndarray of shape (n_estimators, n_outputs)
        Each member's b2, of which the folded b2 is the mean.

    n_iter_ : int
        Iterations that the last fit took, the most over the members; 0 if the start had
        already converged. After `partial_fit`, the length of `loss_curve_`.

    loss_ : float
        F at the fitted weights, the mean over the members. With "adam", "sgd" and early stopping
        they are those of the best iterate, not of the last.

    loss_curve_ : list of float of length n_iter\_
        F after each iteration, to float32's accuracy where the descent is in float32 (see the
        notes); for a committee the mean over its members, where one that has ended keeps its last
        value.

    start_losses_ : ndarray of shape (n_estimators, n_init)
        F at the end of each start.

    validation_scores_ : list of float of length n_iter\_
        With early stopping, the score after each iteration, averaged like `loss_curve_`.

    best_validation_score_ : float
        With early stopping, the score of the iterate that was kept, the mean over the members.

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

    Notes
    -----
    The derivatives are exact, and computed from the logits. Rows are visited in blocks, so that
    beside X a fit needs little more than a standardised copy of it. Dense float64 data of some size
    are descended in float32 first, where an evaluation takes half the time; float64 then finishes,
    and says what has converged. float32 data are computed in float32 throughout, with sums in
    float64.

    Starts and members on small data are computed side by side, and the blocks of larger data by as
    many threads as BLAS may use (``threadpoolctl.threadpool_limits``, ``OPENBLAS_NUM_THREADS``).
    Results depend on neither.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS 2010.

    .. [2] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
       optimization", Mathematical Programming 45, 1989.

    .. [3] R. H. Byrd, J. Nocedal and R. B. Schnabel, "Representations of quasi-Newton matrices
       and their use in limited memory methods", Mathematical Programming 63, 1994.

    .. [4] H. B. Nielsen, "Damping parameter in Marquardt's method", Technical University of
       Denmark, 1999.

    .. [5] B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6,
       1994.

    .. [6] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

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

    The fitted model is a formula in the units of X:

    >>> import numpy as np
    >>> (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    >>> logits = np.tanh(X_test @ W1 + b1) @ W2 + b2
    >>> np.allclose(logits.ravel(), model.decision_function(X_test))
    True
    """

    _doc_link_module = "skshallow"
    _doc_link_template = DOCUMENTATION + "generated/{estimator_module}.{estimator_name}.html"

    _parameter_constraints = {  # noqa: RUF012 (scikit-learn reads it from the class)
        "n_hidden": [Interval(Integral, 1, None, closed="left")],
        "solver": [StrOptions(SOLVERS.keys())],  # a view: also of what is added later
        "alpha": [Interval(Real, 0, np.inf, closed="left")],
        "standardize": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, np.inf, closed="left")],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "scoring": [StrOptions({"loss", *get_scorer_names()}), callable],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"cosine", "constant"})],
        "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, np.inf, closed="neither")],
        "shuffle": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
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
        n_init: int = 1,
        n_estimators: int = 1,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        scoring: str | Callable[..., float] = "loss",
        batch_size: int | str = "auto",
        learning_rate: str = "cosine",
        learning_rate_init: float | str = "auto",
        shuffle: bool = True,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
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
        self.n_init = n_init
        self.n_estimators = n_estimators
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.scoring = scoring
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.shuffle = shuffle
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. float32 is computed in float32, with sums in float64; anything else in
            float64, and so are polars frames; see the notes of the class. Sparse X is converted to
            CSR; since it is never centred, columns far from zero cost it digits, for which float32
            has no room.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, all strings, numbers or booleans, or a multilabel indicator matrix of
            zeros and ones.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative. A whole number means as much as repeating the row, zero as
            much as leaving it out (F is the same to rounding), but that a class whose rows all
            have zero weight stays in `classes_`.

        X_val, y_val, sample_weight_val : as X, y and sample_weight, default=None
            Validation data for early stopping, in place of rows held out from X. They need
            ``early_stopping=True``.

        Returns
        -------
        self : ShallowTanhClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or sample_weight is invalid, or the validation data are; a fitted
            estimator is then left as it was.

        Warns
        -----
        ConvergenceWarning
            If the fit stopped before the gradient was at most `tol`, other than by early stopping.
        """
        with _unchanged_on_failure(self):
            complaint = self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)
            if complaint:
                # Past this method and scikit-learn's wrapper, to the line that called it.
                warnings.warn(complaint, ConvergenceWarning, stacklevel=3)
        return self

    # Inside, so that callbacks are torn down before a failed fit's traces are removed.
    @with_callbacks
    def _fit(
        self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, sample_weight_val: Any
    ) -> str:
        """Fit; what to warn of, or an empty string."""
        warm = self.warm_start and hasattr(self, "coefs_")
        given = X, y, sample_weight
        X, y = self._validated(X, y, reset=not warm)
        target = encode_target(y)
        w = row_weights(sample_weight, self.class_weight, target, X.shape[0])
        layout = Layout(X.shape[1], int(self.n_hidden), target.n_outputs)
        if warm:
            self._check_same_network(
                target,
                layout,
                "warm_start=True continues the fitted network",
                "set warm_start=False to start anew",
            )
        rows, held_out = Rows.of_positive_weight(X, target.codes, w), None
        if X_val is not None or y_val is not None or sample_weight_val is not None:
            class_weight = self.class_weight
            if class_weight == "balanced":
                class_weight = balanced_as(target, sample_weight)
            held_out = self._validation_rows(X_val, y_val, sample_weight_val, class_weight, target)
        elif self.early_stopping:
            random_state = check_random_state(self.random_state)
            rows, held_out = rows.split(target.classes, self.validation_fraction, random_state)

        # What it takes, besides weights, to predict with the network under way.
        self.classes_ = target.classes
        self.n_outputs_ = layout.n_outputs
        self.out_activation_ = target.activation
        loss = LOSSES[target.activation]
        scaling = column_scaling(rows.X, rows.w) if self.standardize else None
        if warm and scaling is not None:
            scaling = scaling.keeping(self.coefs_[0])
        problem = Problem(rows, layout, loss, float(self.alpha), scaling)
        judge = None if held_out is None else self._judge(held_out, layout, loss)

        starts = self._starts(problem, warm, 1 if warm else int(self.n_init))
        callbacks = None
        if hasattr(self, "_skl_callbacks"):
            n_starts = len(starts) * len(starts[0])
            callbacks = FitCallbacks(self, *given, n_starts * self.max_iter)

        def hook(theta: FloatArray) -> bool:
            assert callbacks is not None  # or there is no hook
            return callbacks.iteration(lambda: _weights([problem.network(theta)]))

        def run(some: list[Start], labels: list[str]) -> list[Outcome]:
            monitors = [
                Monitor(
                    label=label,
                    verbose=self.verbose,
                    score=None if judge is None else lambda theta: judge(problem.network(theta)),
                    patience=self.n_iter_no_change,
                    tol=self.tol,
                    hook=None if callbacks is None else hook,
                )
                for label in labels
            ]
            return descend(
                solver.solve,
                problem,
                some,
                monitors,
                tol=self.tol,
                max_iter=self.max_iter,
                **self._options(solver, len(rows.w), [start.random_state for start in some]),
            )

        # From a fitted network a start by epochs of Adam would lead back up.
        solver = SOLVERS["lbfgs" if warm and self.solver == "auto" else self.solver]
        # Callbacks see one start after the other.
        n_together = problem.objective.rows.n_together if callbacks is None else 1
        members, start_losses = train(starts, run, n_together)
        loss_value = float(np.mean([member.value for member in members]))
        self._set_weights(
            [problem.network(member.theta) for member in members], loss_value, X.dtype
        )
        self._set_course(members, start_losses)
        if callbacks is not None:
            callbacks.end(dict)
        failures = (MAX_ITER, STALLED, DIVERGED)
        unfinished = [member for member in members if member.status in failures]
        return self._complaint(unfinished, X.dtype) if unfinished else ""

    def _validated(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """X and y as arrays, X dense or CSR without duplicates."""
        X, y = validate_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            multi_output=True,
        )
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X, y

    def _validation_rows(
        self, X: Any, y: Any, sample_weight: Any, class_weight: Any, target: Target
    ) -> Rows:
        """Validation data that the user gave."""
        if not self.early_stopping:
            raise ValueError(
                "X_val, y_val and sample_weight_val are for early stopping: set "
                "early_stopping=True, or leave them out."
            )
        if X is None or y is None:
            raise ValueError("Validation data need both X_val and y_val.")
        try:
            X, y = self._validated(X, y, reset=False)
            found = encode_target_as(y, target, "y_val")
            w = row_weights(sample_weight, class_weight, found, X.shape[0])
        except ValueError as error:
            raise ValueError(f"In the validation data: {error}") from error
        return Rows.of_positive_weight(X, found.codes, w)

    def _judge(self, held_out: Rows, layout: Layout, loss: Loss) -> Callable[[Parameters], float]:
        """Score of a network on validation data, by the loss or a scikit-learn scorer."""
        if self.scoring == "loss":
            return ValidationLoss(held_out.X, held_out.codes, held_out.w, layout, loss)
        X, y, w = held_out.X, held_out.codes, held_out.w
        if y.ndim == 1:
            y = self.classes_[y]
        scorer = check_scoring(self, self.scoring)
        return ValidationScore(scorer, self._model, X, y, None if (w == w[0]).all() else w)

    def _model(self, network: Parameters) -> Self:
        """A copy of this estimator with other weights and no feature names."""
        model = copy.copy(self)
        model.__dict__.pop("feature_names_in_", None)
        model.__dict__.update(_weights([network]))
        return model

    def _members(self) -> list[Parameters]:
        """The fitted members, in the units of X."""
        (W1, W2), (b1, b2) = self.coefs_, self.intercepts_
        return unfold(Parameters(W1, b1, W2, b2), self.member_intercepts_)

    def _starts(self, problem: Problem, warm: bool, n_init: int) -> list[list[Start]]:
        """Starts of each member: n_init random ones, or with n_init=1 the fitted member."""
        states = spawn(check_random_state(self.random_state), int(self.n_estimators) * n_init)
        if warm:
            thetas = [problem.theta(member) for member in self._members()]
        else:
            thetas = [problem.layout.initial(state) for state in states]
        starts = [Start(theta, state) for theta, state in zip(thetas, states, strict=True)]
        return [starts[k : k + n_init] for k in range(0, len(starts), n_init)]

    @available_if(_learns_from_streams)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from one more batch of a stream: one pass over it in minibatches.

        For ``solver="adam"`` and ``solver="sgd"``, with steps of the constant size
        `learning_rate_init`. Features are standardised by the weighted means and deviations of
        all batches so far; when these change, the weights are re-expressed so that the function
        stays what it was. The state of the optimiser goes from call to call; `fit` starts without
        it. After `fit`, the first call goes on from the fitted function.

        It does no early stopping, takes no `n_init`, calls no callbacks, prints nothing, and does
        not judge convergence. The penalty is weighed against all rows so far; where the same rows
        pass k times, it is as if there were k times as many, so multiply alpha by k.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features of the batch.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of the batch; it need not hold every class.

        classes : array-like of shape (n_classes,), default=None
            All labels that may come. Needed in the first call, unless y is multilabel; may be
            left out in later ones.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative.

        Returns
        -------
        self : ShallowTanhClassifier
            The estimator, with `loss_` the objective on this batch after the pass and a further
            entry in `loss_curve_`.

        Raises
        ------
        AttributeError
            If `solver` is another one.

        ValueError
            If data or weights are invalid, a label is not among the classes, features differ from
            those before, or a parameter does not go with partial_fit; the estimator is then left
            as it was.

        Examples
        --------
        >>> from sklearn.datasets import load_breast_cancer
        >>> from skshallow import ShallowTanhClassifier
        >>> X, y = load_breast_cancer(return_X_y=True)
        >>> model = ShallowTanhClassifier(solver="adam", random_state=0)
        >>> for start in range(0, len(X), 100):
        ...     batch = slice(start, start + 100)
        ...     model = model.partial_fit(X[batch], y[batch], classes=[0, 1])
        >>> model.score(X, y) > 0.9
        True
        """
        with _unchanged_on_failure(self):
            self._partial_fit(X, y, classes, sample_weight)
        return self

    def _partial_fit(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> None:
        for name, forbidden in (("early_stopping", True), ("class_weight", "balanced")):
            if getattr(self, name) == forbidden:
                raise ValueError(
                    f"partial_fit does not go with {name}={forbidden!r}, which needs all rows at "
                    "once; change it, or use fit."
                )
        first = not hasattr(self, "coefs_")
        X, y = self._validated(X, y, reset=first)
        target = self._stream_target(y, classes, first)
        w = row_weights(sample_weight, self.class_weight, target, X.shape[0])
        rows = Rows.of_positive_weight(X, target.codes, w)
        layout = Layout(X.shape[1], int(self.n_hidden), target.n_outputs)
        if not first:
            self._check_same_network(
                target, layout, "partial_fit continues the fitted network", "use a new estimator"
            )
        state = self.__dict__.get("_stream")
        if state is not None:
            stream = Stream.resume(state, self.solver)
        else:
            stream = Stream.start(self.solver, check_random_state(self.random_state))
        scaling = column_scaling(rows.X, rows.w) if self.standardize else None
        weight = float(rows.w.sum()) * rows.unit
        scaling = stream.see(scaling, weight)
        if scaling is not None and not first:
            scaling = scaling.keeping(self.coefs_[0])
        # In F the penalty is alpha / 2 on the sum of all losses: this batch's share of it.
        alpha = float(self.alpha) * weight / stream.weight
        problem = Problem(rows, layout, LOSSES[target.activation], alpha, scaling)
        solver = SOLVERS[self.solver]
        assert solver.rule is not None  # or this method would not be available
        thetas = []
        with one_thread_blas, np.errstate(over="ignore", invalid="ignore"):
            for m, [start] in enumerate(self._starts(problem, not first, n_init=1)):
                options = self._options(solver, len(rows.w), [stream.random_state(m)])
                [minibatches] = options.pop("minibatches")
                rule = solver.rule(layout.size, **options)
                theta = stream.advance(m, rule, problem.objective, start.theta, minibatches)
                thetas.append(theta)
            loss = float(np.mean([problem.objective.loss_gradient(theta)[0] for theta in thetas]))
        self.classes_ = target.classes
        self.n_outputs_ = layout.n_outputs
        self.out_activation_ = target.activation
        self._set_weights([problem.network(theta) for theta in thetas], loss, X.dtype)
        self.loss_curve_ = [*self.__dict__.get("loss_curve_", []), loss]
        self.n_iter_ = len(self.loss_curve_)
        for name in ("start_losses_", "validation_scores_", "best_validation_score_"):
            self.__dict__.pop(name, None)
        self._stream = stream.state

    def _stream_target(self, y: Any, classes: Any, first: bool) -> Target:
        """Encode y of a batch among the classes of the stream."""
        if first:
            if type_of_target(y, input_name="y") == "multilabel-indicator":
                return encode_target(y)
            if classes is None:
                raise ValueError(
                    "classes must be passed on the first call to partial_fit: all labels that "
                    "may come in this stream."
                )
            return encode_target_as(y, target_of_classes(classes), "y")
        known = Target(
            self.classes_,
            np.empty((0, self.n_outputs_) if self._is_multilabel() else 0, np.intp),
            self.out_activation_,
            self.n_outputs_,
        )
        if classes is not None and not np.array_equal(
            np.unique(np.asarray(classes)), known.classes
        ):
            raise ValueError(
                f"classes={classes!r} is not what it was on the first call to partial_fit: "
                f"{known.classes.tolist()}."
            )
        return encode_target_as(y, known, "y")

    def _is_multilabel(self) -> bool:
        """Whether the fitted network has independent outputs, one a label."""
        return self.out_activation_ == "logistic" and self.n_outputs_ > 1

    def _options(
        self, solver: Solver, n_samples: int, random_states: list[np.random.RandomState]
    ) -> dict[str, Any]:
        """What this solver needs beyond the common arguments, for starts with these states."""
        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = min(max(n_samples // 100, 32), 512)
        rate = self.learning_rate_init
        if rate == "auto":
            rate = AUTO_RATES["sgd" if self.solver == "sgd" else "adam"]
        offered = {
            "minibatches": [
                Minibatches(
                    int(batch_size), self.learning_rate, float(rate), self.shuffle, random_state
                )
                for random_state in random_states
            ],
            "momentum": self.momentum,
            "nesterovs_momentum": self.nesterovs_momentum,
        }
        return {name: offered[name] for name in solver.needs}

    def _set_weights(self, networks: list[Parameters], loss: float, dtype: Any) -> None:
        """Set the weights and `loss_`, or raise if something is not finite."""
        weights = _weights(networks, dtype)
        parts = weights["coefs_"] + weights["intercepts_"]
        if not np.isfinite(loss):
            raise ValueError(
                "F overflowed: alpha is too large beside the weights, or features are with "
                "standardize=False, or learning_rate_init is. Decrease what is too large."
            )
        if not all(np.isfinite(part).all() for part in parts):
            raise ValueError(
                f"Features are too small or too large for weights in {np.dtype(dtype)}. Rescale "
                "them, or give X as float64."
            )
        self.__dict__.update(weights)
        self.loss_ = loss

    def _set_course(self, members: list[Outcome], start_losses: FloatArray) -> None:
        """Set what tells how the fit went."""
        self.n_iter_ = max(member.n_iter for member in members)
        self.loss_curve_ = mean_curve([member.curve for member in members])
        self.start_losses_ = start_losses
        for name in ("validation_scores_", "best_validation_score_", "_stream"):
            self.__dict__.pop(name, None)
        if self.early_stopping:
            self.validation_scores_ = mean_curve([member.scores for member in members])
            best = [member.best_score for member in members if member.best_score is not None]
            self.best_validation_score_ = float(np.mean(best))

    def _complaint(self, unfinished: list[Outcome], dtype: Any) -> str:
        """What to say of members that have not converged."""
        worst = max(unfinished, key=lambda member: member.largest_gradient)
        which = ""
        if self.n_estimators > 1:
            which = f" in {len(unfinished)} of {self.n_estimators} members"
        how = {
            MAX_ITER: f"it reached max_iter={self.max_iter}",
            STALLED: f"after {worst.n_iter} iterations no step lowered the objective further",
            DIVERGED: f"F overflowed after {worst.n_iter} epochs, and the best of them is kept",
        }[worst.status]
        return (
            f"ShallowTanhClassifier has not converged{which}: {how}, where the largest absolute "
            f"entry of the gradient is {worst.largest_gradient:.1e}, above tol={self.tol:g}. "
            f"{self._remedy(worst.status, dtype)}"
        )

    def _remedy(self, status: int, dtype: Any) -> str:
        """What a user can do about a fit that ended in this way."""
        remedies = ["increase tol"]
        if status == DIVERGED:
            return "Decrease learning_rate_init."
        if status == MAX_ITER:
            remedies = ["increase max_iter, or alpha, or tol"]
            if SOLVERS[self.solver].rule is not None:
                remedies.append("if F did not fall, decrease learning_rate_init")
        elif dtype == np.float32:
            remedies.append("give X as float64")
        if not self.standardize:
            remedies.append("set standardize=True, unless the features share a scale")
        reason = "" if status == MAX_ITER else "Rounding allows no smaller gradient: "
        text = reason + "; or ".join(remedies) + "."
        return text[0].upper() + text[1:]

    def _check_same_network(self, target: Target, layout: Layout, why: str, other: str) -> None:
        """Raise a ValueError where the fitted network cannot be continued with these data."""
        n_members = len(self.member_intercepts_)
        n_hidden = self.coefs_[0].shape[1] // n_members
        trouble = None
        if self.out_activation_ != target.activation or not np.array_equal(
            self.classes_, target.classes
        ):
            trouble = f"the classes in y are {target.classes} and the fitted ones {self.classes_}"
        elif n_hidden != layout.n_hidden:
            trouble = f"n_hidden={layout.n_hidden} and it has {n_hidden} hidden units"
        elif n_members != self.n_estimators:
            trouble = f"n_estimators={self.n_estimators} and it has n_estimators={n_members}"
        if trouble is not None:
            raise ValueError(f"{why}, but {trouble}. Keep them the same, or {other}.")

    def _logits(self, X: Any) -> FloatArray:
        """Logits of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, accept_sparse="csr", dtype=(np.float64, np.float32))
        (W1, W2), (b1, b2) = self.coefs_, self.intercepts_
        with np.errstate(over="ignore", invalid="ignore"):  # looked for below
            Z = logits(X, Parameters(W1, b1, W2, b2))
        if not np.isfinite(Z).all():
            raise ValueError(
                f"X holds values so large that the network overflows {Z.dtype}: "
                f"{np.abs(X).max():.3g} at most. Check their units, or give them as float64."
            )
        return Z

    def _class_logits(self, X: Any) -> FloatArray:
        """Logits with one column a class: -z and z for two classes."""
        Z = self._logits(X)
        return np.concatenate([-Z, Z], axis=1) if self.n_outputs_ == 1 else Z

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
