"""From rows to fitted members: the rows, the problem on them, the starts, the best of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from ._arrays import FloatArray, IntArray, Matrix
from ._committee import mean_curve, spawn
from ._monitor import Monitor
from ._objective import Objective
from ._outputs import Output
from ._parameters import Layout, Parameters
from ._rows import RowBlocks, RowSource
from ._solvers import Ending, Solver
from ._standardize import Scaling
from ._validation import hold_out

# Hidden units beyond which the tolerance of the gradient falls. Where F starts flat, as on data
# whose classes no straight line divides, the largest entry of the gradient goes down to 6e-5 with
# 500 units, and to 7e-6 and 3e-6 with 5000 (moons, XOR, circles), before F falls.
_WIDE = 100


def gradient_tol(tol: float, n_hidden: int) -> float:
    """The largest entry of the gradient at which a network has converged.

    Each unit of a wide network has a small share of the logits, and of the gradient.
    """
    return tol * min(1.0, _WIDE / n_hidden)


# A network has moved where the largest entry of the gradient is at most this share of what it was
# at the start. On a path over alpha, 0.3 takes 7% more time for the same log-loss.
_MOVED = 0.6

# But no tolerance is smaller than this share of the fit's: a network that meets it need not move.
_LEAST_TOL = 0.01

# Up to this share of it F is the same: that of a float32 network is rounded in the seventh digit.
_SAME = 1e-6


def tol_to_move(gradients: FloatArray, tol: float) -> FloatArray:
    """Tolerances, (B,), that networks with these gradients, (B, size), do not meet where they are.

    Another alpha's solution would otherwise be taken for this one's, on many rows or for small
    alphas, and its score with it.
    """
    largest = np.abs(gradients).max(axis=1)
    return np.minimum(tol, np.maximum(_MOVED * largest, _LEAST_TOL * tol))


@dataclass(frozen=True)
class Settings:
    """What a fit needs to know besides the data, read once from an estimator's parameters."""

    n_hidden: int
    alpha: float
    standardize: bool
    solver: Solver
    max_iter: int
    tol: float
    n_init: int = 1
    n_estimators: int = 1
    n_iter_no_change: int = 1
    verbose: int = 0


class Data(NamedTuple):
    """Data in numbers: features in the user's units, codes of y, and weights."""

    X: Matrix  # (n, n_features), dense or CSR
    codes: IntArray  # as `Target.codes`
    w: FloatArray  # (n,), float64, in units of `unit`
    unit: float = 1.0  # a power of two

    @classmethod
    def of_positive_weight(cls, X: Matrix, codes: IntArray, w: FloatArray) -> Self:
        """Leave out the rows of zero weight, whose values must have no effect either.

        Weights, which are overwritten, are divided, exactly, by the power of two next above the
        largest, so that no product with them overflows or vanishes, in float32 either.
        """
        unit = float(2.0 ** np.frexp(w.max())[1])
        w /= unit
        data = cls(X, codes, w, unit)
        return data if w.all() else data.take(np.flatnonzero(w))

    def take(self, indices: IntArray) -> Self:
        """The rows with these indices, copied."""
        return self._replace(X=self.X[indices], codes=self.codes[indices], w=self.w[indices])

    def split(
        self, classes: Any, fraction: float, random_state: np.random.RandomState
    ) -> tuple[Self, Self]:
        """A training and a validation part; see `hold_out`."""
        train, held_out = hold_out(self.codes, classes, fraction, random_state)
        return self.take(train), self.take(held_out)


class Problem:
    """Rows with an output layer, for networks of any size and penalty.

    Parameters
    ----------
    rows : RowSource
        Features in the user's units, targets as the output's loss encodes them, and weights.
    output : Output
    scaling : Scaling or None
        How columns are standardised, rounded to the dtype of X; None leaves them as they are.
    n_features : int
    total_weight : float
    unit : float, default=1.0
        Unit of the weights in those of the user's.
    """

    def __init__(
        self,
        rows: RowSource,
        output: Output,
        scaling: Scaling | None,
        *,
        n_features: int,
        total_weight: float,
        unit: float = 1.0,
    ) -> None:
        self.rows = rows if scaling is None else rows.standardised(scaling)
        self.output, self.scaling = output, scaling
        self._n_features, self._total_weight, self._unit = n_features, total_weight, unit
        self._layouts: dict[int, Layout] = {}

    def layout(self, n_hidden: int) -> Layout:
        """The layout of a network with so many hidden units."""
        if n_hidden not in self._layouts:
            self._layouts[n_hidden] = Layout(self._n_features, n_hidden, self.output.n_outputs)
        return self._layouts[n_hidden]

    def objective(
        self, n_hidden: int, alpha: float | FloatArray, weights: FloatArray | None = None
    ) -> Objective:
        """F for networks with so many hidden units; several values of alpha make several problems.

        So do weights of the rows, (B, n_samples), in the rows' own unit. Values of alpha are in the
        units of the user's weights.
        """
        with np.errstate(over="ignore"):  # shows in F
            alpha = np.asarray(alpha, np.float64) / self._unit
        layout = self.layout(n_hidden)
        total = self._total_weight if weights is None else weights.sum(axis=1)
        return Objective(self.rows, layout, self.output.loss, alpha, total, weights)

    def network(self, theta: FloatArray, n_hidden: int) -> Parameters:
        """The network of theta, for the user's X."""
        parts = self.layout(n_hidden).unpack(theta)
        if self.scaling is None:
            return parts
        return Parameters(*self.scaling.fold(*parts[:2]), *parts[2:])

    def theta(self, network: Parameters) -> FloatArray:
        """Theta of a network on the user's X; undoes `network`."""
        if self.scaling is not None:
            network = Parameters(*self.scaling.unfold(*network[:2]), *network[2:])
        return self.layout(len(network.b1)).pack(network)


def make_problem(
    data: Data,
    output: Output,
    scaling: Scaling | None,
    networks: list[Parameters] | None = None,
) -> Problem:
    """The problem on some data, scaled so that given fitted networks have a theta on it."""
    if scaling is not None:
        for network in networks or []:
            scaling = scaling.keeping(network.W1)
        scaling = scaling.rounded(data.X.dtype)
    return Problem(
        RowBlocks(data.X, output.loss.encode(data.codes), data.w),
        output,
        scaling,
        n_features=data.X.shape[1],
        total_weight=float(data.w.sum()),
        unit=data.unit,
    )


class Start(NamedTuple):
    """Where a descent begins, and the random numbers it may use on its way."""

    theta: FloatArray
    random_state: np.random.RandomState
    last_loss: float | None = None  # F of a fitted network when it was fitted, NaN if not known


def make_starts(
    problem: Problem,
    settings: Settings,
    random_state: np.random.RandomState,
    networks: list[Parameters] | None,
    last_losses: list[float] | None = None,
) -> list[list[Start]]:
    """Starts of each member: n_init random ones, or the fitted network that it continues from."""
    n_init = settings.n_init if networks is None else 1
    states = spawn(random_state, settings.n_estimators * n_init)
    if networks is None:
        layout = problem.layout(settings.n_hidden)
        thetas = [layout.initial(state) for state in states]
    else:
        thetas = [problem.theta(network) for network in networks]
    starts = [Start(theta, state) for theta, state in zip(thetas, states, strict=True)]
    if last_losses is not None:
        starts = [
            start._replace(last_loss=loss) for start, loss in zip(starts, last_losses, strict=True)
        ]
    return [starts[k : k + n_init] for k in range(0, len(starts), n_init)]


class Outcome(NamedTuple):
    """Where a descent ended."""

    theta: FloatArray
    value: float  # F at theta
    largest_gradient: float  # where the solver ended
    ending: Ending
    n_iter: int
    curve: list[float]
    scores: list[float]
    best_score: float | None
    interrupted: bool  # a hook asked to stop, this start and the fit


class Fit(NamedTuple):
    """What `fit_members` has found."""

    networks: list[Parameters]  # each member's, on the user's X
    outcomes: list[Outcome]  # of the start of each member that was kept
    start_losses: FloatArray  # (n_members, n_init), F of all starts


# Both get a network in the units of X. A score on validation data is better if greater; a hook
# returns True to stop the fit.
Score = Callable[[Parameters], float]
Hook = Callable[[Parameters], bool]


def fit_members(
    problem: Problem,
    settings: Settings,
    random_state: np.random.RandomState,
    *,
    networks: list[Parameters] | None = None,
    last_losses: list[float] | None = None,
    score: Score | None = None,
    hook: Hook | None = None,
) -> Fit:
    """Fit a committee of networks, each the best of its starts.

    Parameters
    ----------
    problem : Problem
    settings : Settings
    random_state : RandomState
    networks : list of Parameters, default=None
        Fitted networks to continue from, one for each member; None makes random starts.
    last_losses : list of float, default=None
        F of each when it was fitted, NaN if that is not known: where F is another now, the network
        does not stay as it is.
    score : callable, default=None
        Score of a network on validation data; if given, the best iterate is kept.
    hook : callable, default=None
        Called with the network after each iteration; stops the fit if it returns True. Starts are
        then run one after the other, because a hook follows one start at a time.
    """
    starts = make_starts(problem, settings, random_state, networks, last_losses)
    objective = problem.objective(settings.n_hidden, settings.alpha)
    solver = settings.solver if networks is None else settings.solver.for_warm_start()
    tol = gradient_tol(settings.tol, settings.n_hidden)

    def network(theta: FloatArray) -> Parameters:
        return problem.network(theta, settings.n_hidden)

    def run(some: list[Start], labels: list[str]) -> list[Outcome]:
        monitors = [
            Monitor(
                label=label,
                verbose=settings.verbose,
                score=None if score is None else lambda theta: score(network(theta)),
                patience=settings.n_iter_no_change,
                tol=settings.tol,
                hook=None if hook is None else lambda theta: hook(network(theta)),
            )
            for label in labels
        ]
        # All starts share alpha and weights, so any of them are the objective's problems.
        return run_solver(solver, objective, some, monitors, tol, settings.max_iter)

    n_together = objective.n_together if hook is None else 1
    outcomes, start_losses = train(starts, run, n_together)
    return Fit([network(outcome.theta) for outcome in outcomes], outcomes, start_losses)


def _tols(objective: Objective, starts: list[Start], tol: float) -> float | FloatArray:
    """The tolerance of all starts, or of each."""
    last_losses = [start.last_loss for start in starts]
    if None in last_losses:
        return tol
    values, gradients = objective.loss_gradient(np.array([start.theta for start in starts]))
    same = np.isclose(values, np.array(last_losses, np.float64), rtol=_SAME, atol=0)
    return np.where(same, tol, tol_to_move(gradients, tol))


def run_solver(
    solver: Solver,
    objective: Objective,
    starts: list[Start],
    monitors: list[Monitor],
    tol: float,
    max_iter: int,
) -> list[Outcome]:
    """Run a solver from some starts; with validation data, keep the best iterate.

    A fitted network whose F has changed, with alpha or the data, is to move, though it may meet
    tol where it is. If it then meets tol only, and not the smaller one, it has converged too.
    """
    thetas = np.array([start.theta for start in starts])
    if any(monitor.score is not None for monitor in monitors):
        values, _ = objective.loss_gradient(thetas)
        for monitor, theta, value in zip(monitors, thetas, values.tolist(), strict=True):
            monitor.begin(theta, value)

    def callback(k: int, theta: FloatArray, value: float, gradient: FloatArray) -> bool:
        return monitors[k](theta, value, gradient)

    results = solver.solve(
        objective,
        thetas,
        tol=_tols(objective, starts, tol),
        max_iter=max_iter,
        callback=callback,
        random_states=[start.random_state for start in starts],
    )
    outcomes = []
    for k, (result, monitor) in enumerate(zip(results, monitors, strict=True)):
        ended = result.ending in (Ending.MAX_ITER, Ending.STALLED)
        if ended and result.largest_gradient <= tol:
            result = result._replace(ending=Ending.CONVERGED)
        monitor.end(result)
        theta, value, best_score = result.theta, result.value, None
        if monitor.best is not None:
            best_score, _, theta = monitor.best
            # The monitor's value may have been computed in float32.
            value = float(objective.take([k]).loss_gradient(theta[None])[0][0])
        outcomes.append(
            Outcome(
                theta,
                value,
                result.largest_gradient,
                result.ending,
                result.n_iter,
                monitor.curve,
                monitor.scores,
                best_score,
                monitor.hooked,
            )
        )
    return outcomes


def _number(what: str, k: int, n: int) -> str:
    """Which one of several it is, as wide for each of them; '' where there is one alone."""
    return f"{what} {k + 1:{len(str(n))}d}/{n}   " if n > 1 else ""


def train(
    starts: list[list[Start]],
    run: Callable[[list[Start], list[str]], list[Outcome]],
    n_together: int,
) -> tuple[list[Outcome], FloatArray]:
    """Each member's outcome of lowest F, and F of all starts, (n_members, n_init).

    Calls ``run(starts, labels)`` for up to n_together starts at a time, where a label says which
    start of which member it is. An interrupted start is the last one: there are then fewer members,
    and NaN for the starts that were not run.
    """
    n_members, n_init = len(starts), len(starts[0])
    losses = np.full((n_members, n_init), np.nan)
    outcomes: list[list[Outcome]] = [[] for _ in starts]
    places = [(m, k) for m in range(n_members) for k in range(n_init)]
    # Overflow shows in the outcome, and is checked there.
    with np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(places), n_together):
            some = places[first : first + n_together]
            labels = []
            for m, k in some:
                labels.append(_number("member", m, n_members) + _number("start", k, n_init))
            found = run([starts[m][k] for m, k in some], labels)
            for (m, k), outcome in zip(some, found, strict=True):
                outcomes[m].append(outcome)
                losses[m, k] = outcome.value
            if any(outcome.interrupted for outcome in found):
                break
    best = [
        min(ours, key=lambda one: (np.isnan(one.value), one.value)) for ours in outcomes if ours
    ]
    return best, losses


def course(fit: Fit, members: slice, early_stopping: bool) -> dict[str, Any]:
    """Fitted attributes that tell how the fit of some members went."""
    outcomes = fit.outcomes[members]
    course: dict[str, Any] = {
        "n_iter_": max(outcome.n_iter for outcome in outcomes),
        "loss_curve_": mean_curve([outcome.curve for outcome in outcomes]),
        "start_losses_": fit.start_losses[members],
    }
    if early_stopping:
        scores = [outcome.best_score for outcome in outcomes if outcome.best_score is not None]
        course["validation_scores_"] = mean_curve([outcome.scores for outcome in outcomes])
        course["best_validation_score_"] = float(np.mean(scores))
    return course


def extend_course(course: dict[str, Any], before: dict[str, Any], loss: float) -> None:
    """Update `loss_`, `loss_curve_` and `n_iter_` with F after one more pass."""
    course["loss_"] = loss
    course["loss_curve_"] = [*before.get("loss_curve_", []), loss]
    course["n_iter_"] = len(course["loss_curve_"])
