"""The estimator of one network or a committee: parameters, wiring, fitted attributes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from ._base import Complaints, TanhNetworkClassifier
from ._callbacks import FitCallbacks
from ._compat import CallbackSupportMixin, Interval, StrOptions, _fit_context, with_callbacks
from ._fit import Data, Fit, Score, Settings, course, extend_course, fit_members, make_problem
from ._messages import check_finite, complaint, overwhelmed
from ._parameters import Parameters
from ._path import shares_loss
from ._solvers import SOLVERS, Stochastic, make_solver
from ._standardize import Scaling, column_scaling
from ._stream import Stream
from ._target import Target, balanced_as, encode_batch, row_weights
from ._threads import one_thread_blas
from ._validation import ValidationLoss, ValidationScore, check_scorer


def _learns_from_streams(estimator: Any) -> bool:
    """Whether the solver can do partial_fit; the error says which can."""
    able = [name for name, solver in SOLVERS.items() if issubclass(solver, Stochastic)]
    if estimator.solver not in able:
        raise AttributeError(
            f"partial_fit needs a solver that takes minibatches, one of {able}, but "
            f"solver={estimator.solver!r}."
        )
    return True


class ShallowTanhClassifier(CallbackSupportMixin, TanhNetworkClassifier):
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
          set `max_iter` to 10 to 100 epochs. They seldom reach `tol`; the fit then warns.
        - "auto": "newton" up to 40 parameters, weights and biases counted, and "lbfgs" beyond;
          from 20,000 rows on 10 epochs of Adam and then "lbfgs".

    alpha : float, default=7.0
        Strength of the penalty on the squared weights, at least 0. Larger values make the function
        smoother and keep the probabilities away from 0 and 1. It is weighed against the *sum* of
        the losses, so the same alpha has less influence the more rows there are. The default is
        the best single value on 31 real tables; try 0.1 to 100, on small clean data 0.1 to 1.
        `ShallowTanhClassifierCV` chooses it for each table.

    standardize : bool, default=True
        Whether to centre each feature and divide it by its standard deviation, both weighted,
        before the network. The scaling is folded into `coefs_` and `intercepts_` afterwards.
        Constant features get no weight. Sparse X stays sparse. Set it to False where features
        share a scale that means something, above all for one-hot columns and TF-IDF: a
        column that is rarely other than zero would get very large values in these rows.

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
        least 0, or beyond 100 hidden units ``tol * 100 / n_hidden``, since entries are smaller in
        wide networks. A fit that ends before, other than by early stopping, gives a
        ConvergenceWarning.

    n_init : int, default=1
        Number of random starts, at least 1, of which the one with the lowest F is kept. For tiny
        networks whose units are to be read.

    n_estimators : int, default=1
        Number of networks, at least 1, each the best of its own `n_init` starts, whose logits are
        averaged. Such a committee is itself one network with n_estimators * n_hidden hidden units,
        and `coefs_` and `intercepts_` hold it joined into one; `estimators_` are the members. For
        better probabilities.

    early_stopping : bool, default=False
        Whether to watch a score on validation data, stop when it no longer improves, and keep the
        iterate where it was best, the start included. Of several starts, the one with the lowest F
        on the training rows is kept also then.

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
        constant. In `partial_fit`, which knows no end, "cosine" falls with the root of the number
        of updates.

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
        same, `n_init` has no effect, and "auto" is "lbfgs". Where F has changed, with `alpha` or
        the data, the fit goes on until the gradient is also at most six tenths of what it was at
        the start, or a hundredth of `tol`, so that no solution is taken for another's.

    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, which do not depend on the number of samples, of the held-out
        rows and of the minibatches. With several starts, start k is the one that
        ``check_random_state(random_state).randint(2**31 - 1, size=n_starts)[k]`` gives alone.

    verbose : int or bool, default=0
        If positive, print how each start ended: whether it has converged, or why not. Before that,
        1 prints a line for the first iterations and ever fewer of the later ones (1 to 9, then each
        tenth, from 100 on each hundredth), and 2 one for each: F, the largest absolute entry of its
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

    estimators_ : list of ShallowTanhClassifier
        The members of the committee, each a fitted classifier with a network of its own, made anew
        when asked for; a single network is its only member.

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
    beyond X a fit needs little more than the buffers of a few blocks. On dense float64 data that
    are not small the descent begins in float32, where an evaluation takes half the time; float64
    then finishes it and decides about convergence. float32 data are computed in float32
    throughout, with sums in float64.

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
        "scoring": [str, callable],
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

    # alpha has the least mean over 31 real tables of the log-loss divided by that of the class
    # shares: 0.536 for 5, 0.527 for 7, 0.528 for 10, 0.537 for 14, and with one seed 0.694 for 1
    # and 0.590 for 30. More units or a smaller tol gain 0.001 at most (benchmarks/defaults.py).
    def __init__(
        self,
        n_hidden: int = 32,
        *,
        solver: str = "auto",
        alpha: float = 7.0,
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

        UserWarning
            If the network knows nothing because `alpha` is large beside the sum of the weights, or
            a column of X varies too little beside its mean to be used.
        """
        self._finish(*self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val))
        return self

    # Inside, so that callbacks are torn down after a failed fit too.
    @with_callbacks
    @one_thread_blas()
    def _fit(
        self, X: Any, y: Any, sample_weight: Any, X_val: Any, y_val: Any, sample_weight_val: Any
    ) -> tuple[Self, Complaints]:
        """Fit a copy; the copy, and what to warn of."""
        model = self._scratch()
        settings = model._settings()
        warm = model.warm_start and hasattr(model, "coefs_")
        given, given_validation = (X, y, sample_weight), (X_val, y_val, sample_weight_val)
        X, y = model._validated(X, y, reset=not warm)
        target = model._encoded(y)
        if warm:
            model._check_same_network(
                target,
                "warm_start=True continues the fitted network",
                "set warm_start=False to start anew",
            )
        w = row_weights(sample_weight, model.class_weight, target, X.shape[0])
        data, held_out = Data.of_positive_weight(X, target.codes, w), None
        if any(part is not None for part in given_validation):
            held_out = model._validation_data(*given_validation, target, sample_weight)
        elif model.early_stopping:
            random_state = check_random_state(model.random_state)
            data, held_out = data.split(target.classes, model.validation_fraction, random_state)
        networks = model._networks() if warm else None
        last_losses = model._last_losses() if warm else None
        model._clear_fit()
        scaling = column_scaling(data.X, data.w) if settings.standardize else None
        problem = make_problem(data, target.output, scaling, networks)
        callbacks = None
        if hasattr(self, "_skl_callbacks"):
            n_starts = settings.n_estimators * (1 if warm else settings.n_init)
            callbacks = FitCallbacks(self, *given, n_starts * settings.max_iter)

        def attributes(network: Parameters) -> dict[str, Any]:
            return model._with_network(target, network, X.dtype)._fitted_attributes()

        fit = fit_members(
            problem,
            settings,
            check_random_state(model.random_state),
            networks=networks,
            last_losses=last_losses,
            score=None if held_out is None else model._score(held_out, target),
            hook=None
            if callbacks is None
            else lambda network: callbacks.iteration(lambda: attributes(network)),
        )
        model._set_fit(fit, target, X.dtype)
        if callbacks is not None:
            callbacks.end(model._fitted_attributes)
        return model, model._complaints(fit, settings, data, target, scaling)

    def _settings(self) -> Settings:
        """The parameters, as the fit needs them."""
        check_scorer(self, "loss")
        return Settings(
            n_hidden=int(self.n_hidden),
            alpha=float(self.alpha),
            standardize=bool(self.standardize),
            solver=make_solver(self.solver, vars(self)),
            max_iter=int(self.max_iter),
            tol=float(self.tol),
            n_init=int(self.n_init),
            n_estimators=int(self.n_estimators),
            n_iter_no_change=int(self.n_iter_no_change),
            verbose=int(self.verbose),
        )

    def _validation_data(
        self, X: Any, y: Any, sample_weight_val: Any, target: Target, sample_weight: Any
    ) -> Data:
        """Validation data that the user gave, weighted by class as the training data are."""
        if not self.early_stopping:
            raise ValueError(
                "X_val, y_val and sample_weight_val are for early stopping: set "
                "early_stopping=True, or leave them out."
            )
        if X is None or y is None:
            raise ValueError("Validation data need both X_val and y_val.")
        class_weight = self.class_weight
        if class_weight == "balanced":
            class_weight = balanced_as(target, sample_weight)
        try:
            X, y = self._validated(X, y, reset=False)
            found = target._replace(codes=target.output.codes(y, target.classes, "y_val"))
            w = row_weights(sample_weight_val, class_weight, found, X.shape[0])
        except ValueError as error:
            raise ValueError(f"In the validation data: {error}") from error
        return Data.of_positive_weight(X, found.codes, w)

    def _score(self, held_out: Data, target: Target) -> Score:
        """Score of a network on validation data, by the loss or a scikit-learn scorer."""
        X, y, w = held_out.X, held_out.codes, held_out.w
        if self.scoring == "loss":
            return ValidationLoss(X, y, w, target.output)
        if y.ndim == 1:
            y = target.classes[y]
        model_of = partial(self._without_names, target, X.dtype)
        return ValidationScore(self.scoring, model_of, X, y, None if (w == w[0]).all() else w)

    def _set_fit(self, fit: Fit, target: Target, dtype: Any) -> None:
        """Set all fitted attributes, or raise if something is not finite."""
        outcomes = fit.outcomes
        loss = float(np.mean([outcome.value for outcome in outcomes]))
        self._set_network(target, fit.networks, dtype)
        check_finite(loss, self.coefs_ + self.intercepts_, dtype)
        self.__dict__.update(course(fit, slice(None), self.early_stopping), loss_=loss)
        for m, member in enumerate(self._described()):
            own = course(fit, slice(m, m + 1), self.early_stopping)
            member.update(own, loss_=outcomes[m].value)

    def _complaints(
        self, fit: Fit, settings: Settings, data: Data, target: Target, scaling: Scaling | None
    ) -> Complaints:
        """What to warn of."""
        name, found = "ShallowTanhClassifier", self._left_out(data.X, scaling)
        if text := complaint(name, fit.outcomes, settings, data.X.dtype):
            found.append((text, ConvergenceWarning))
        alone = partial(shares_loss, data.codes, data.w, target.output)
        if text := overwhelmed(name, settings.alpha, data, self.loss_, alone):
            found.append((text, UserWarning))
        return found

    @property
    def estimators_(self) -> list[ShallowTanhClassifier]:
        """The members of the committee.

        Returns
        -------
        members : list of ShallowTanhClassifier
            Each a fitted classifier with a network of its own; a single network is its only member.
        """
        fitted = self._scratch()
        if not hasattr(fitted, "coefs_"):
            raise AttributeError("The estimator has no members before it is fitted.")
        members = []
        described = fitted._described() or [fitted._fitted_attributes()]
        target = fitted._target()
        for network, known in zip(fitted._networks(), described, strict=True):
            member = fitted._with_network(target, network, network.W1.dtype)
            member.classes_ = fitted.classes_.copy()
            member.n_estimators, member.n_hidden = 1, network.W1.shape[1]
            for name in known.keys() - vars(member).keys():
                if name.endswith("_"):
                    setattr(member, name, known[name])
            members.append(member)
        return members

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

        For ``solver="adam"`` and ``solver="sgd"``. Steps have the size
        ``learning_rate_init / sqrt(1 + n / 300)`` after n updates, or with
        ``learning_rate="constant"`` always the same. Features are standardised by the weighted
        means and deviations of all batches so far; when these change, the weights are re-expressed
        so that the function stays the same. The state of the optimiser goes from call to call;
        `fit` starts without it. After `fit`, the first call goes on from the fitted function.

        There is no early stopping, `n_init`, callback, print or test of convergence. The penalty
        is weighed against all rows so far, so where they pass k times, multiply alpha by k. An
        estimator belongs to one writer: of calls that overlap in threads the last to end counts.

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
            If data or weights are invalid, or do not go with the earlier ones, or a parameter does
            not go with partial_fit; the estimator is then left as it was.

        Warns
        -----
        UserWarning
            If a column of the batch varies too little beside its mean to be used.

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
        self._finish(*self._partial_fit(X, y, classes, sample_weight))
        return self

    @one_thread_blas()
    def _partial_fit(
        self, X: Any, y: Any, classes: Any, sample_weight: Any
    ) -> tuple[Self, Complaints]:
        model = self._scratch()
        for name, forbidden in (("early_stopping", True), ("class_weight", "balanced")):
            if getattr(model, name) == forbidden:
                raise ValueError(
                    f"partial_fit does not go with {name}={forbidden!r}, which needs all rows at "
                    "once; change it, or use fit."
                )
        settings = model._settings()
        first = not hasattr(model, "coefs_")
        X, y = model._validated(X, y, reset=first)
        target = encode_batch(y, classes, None if first else model._target())
        if not first:
            model._check_same_network(
                target, "partial_fit continues the fitted network", "use a new estimator"
            )
        w = row_weights(sample_weight, model.class_weight, target, X.shape[0])
        data = Data.of_positive_weight(X, target.codes, w)
        stream = model._resumed_stream()
        networks, losses = stream.learn(
            data,
            target.output,
            settings,
            check_random_state(model.random_state),
            None if first else model._networks(),
        )
        before, earlier = dict(vars(model)), model._described()
        model._clear_fit()
        model._set_network(target, networks, X.dtype)
        check_finite(float(np.mean(losses)), model.coefs_ + model.intercepts_, X.dtype)
        extend_course(model.__dict__, before, float(np.mean(losses)))
        for m, member in enumerate(model._described()):
            extend_course(member, earlier[m] if earlier else {}, losses[m])
        model._stream = stream.state
        known = stream.state
        scaling = Scaling(known["mean"], known["scale"]) if settings.standardize else None
        return model, model._left_out(data.X, scaling)

    def _resumed_stream(self) -> Stream:
        """The stream of earlier calls, or a new one."""
        state = self.__dict__.get("_stream")
        if state is None:
            return Stream.start(self.solver, check_random_state(self.random_state))
        return Stream.resume(state, self.solver)


# Where users import it from, and so the type that they are asked to trust in a saved model.
ShallowTanhClassifier.__module__ = "skshallow"
