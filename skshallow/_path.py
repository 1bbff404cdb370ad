"""Networks along a path over alpha, cross-validated, and the weights that stack them into one.

Every fold follows the path by itself: at each alpha it starts from its solution at the neighbouring
alpha. Alphas are compared and stacked by the logits of the rows that each fold holds out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.random import RandomState
from scipy.optimize import minimize

from ._arrays import BoolArray, FloatArray, IntArray
from ._fit import Data, gradient_tol, make_problem, tol_to_move
from ._objective import Objective
from ._outputs import Output
from ._parameters import Parameters
from ._predict import network_logits
from ._solvers import Result, Solver
from ._splits import Split
from ._standardize import Scaling
from ._threads import one_thread_blas

# What alphas="auto" visits, in units of the mean weight: half decades. On 31 real tables the best
# single one lay between 1 and 30.
_AUTO = np.logspace(-2, 2, 9)

# Where the path starts, in the same units. On 31 real tables the mean log-loss was 0.3657 from 1
# and 0.3658 from 3.16, and the time 0.322 and 0.278 s; on a dozen of them 0.3646, 0.3652 and 0.3675
# from 1, 3.16 and 10, and the time 0.306, 0.264 and 0.241 s.
_FIRST = 10**0.5

# A direction of the path goes on while each alpha is better than the best before it by this share
# of the loss. On a dozen real tables, three seeds, and on 31, one seed, the mean log-loss was
# 0.3652 and 0.3682 where a direction ended only at an alpha 0.5% worse; 0.3649 and 0.3679 for 0,
# 0.3649 and 0.3678 for 0.005, 0.3651 and 0.3676 for 0.01.
_BETTER = 0.005

# What the networks of alphas="auto" that start from their neighbours' solutions take at most, in
# iterations. On the dozen, the mean log-loss was 0.3656, 0.3654, 0.3654 and 0.3654 for 50, 100, 200
# and no limit; on 100,000 rows the fit takes a fifth of the time with 100 (docs/design.md).
_WARM_MAX_ITER = 100

# A fold's network whose loss is not better than that of the class shares by this share of it knows
# nothing: all its weights may be zero, a stationary point that no smaller alpha leaves.
_KNOWS = 0.02

# A fold trains on most rows where it has this share of those of the largest: all folds of a usual
# cross-validation do, and the last ones of a series in time.
_MOST = 0.8

# Logits of a fold that differ by less say nothing: no probability differs by more than a quarter of
# a hundredth.
_FLAT = 0.01

# Strength of a pull of the stack's weights towards equal ones, beside the sum of the losses. It
# decides between alphas that say the same, and keeps the weights small on few rows. On a dozen real
# tables and three seeds the mean log-loss was 0.3679, 0.3665 and 0.3663 for 0.1, 1 and 3, with 84,
# 96 and 103 units.
_PULL = 1.0

# Least share of the sum of the stack's weights that is worth a network. On 31 real tables, two
# seeds, the mean log-loss was 0.3675, 0.3674, 0.3675 and 0.3675 for 0.001, 0.03, 0.05 and 0.1, and
# the time 1, 0.96, 0.94 and 0.94 of that with 0.001 (medians).
_LEAST_SHARE = 0.05


def alphas_of(alphas: Any, mean_weight: float) -> tuple[FloatArray, int, bool]:
    """Alphas to visit, ascending; number of the first; whether a direction may end early."""
    if isinstance(alphas, str | Integral):
        auto = isinstance(alphas, str)
        values = _AUTO if auto else np.logspace(-2, 2, int(alphas))
        first = int(np.argmin(np.abs(np.log(values / _FIRST))))
        return values * mean_weight, first, auto
    try:
        values = np.unique(np.asarray(alphas, dtype=np.float64).ravel())
    except (TypeError, ValueError, OverflowError):
        values = np.empty(0)
    if not (len(values) and np.isfinite(values).all() and values[0] >= 0):
        raise ValueError(f"alphas must be finite numbers from 0 on, at least one, got {alphas!r}.")
    return values, len(values) // 2, False


@dataclass(frozen=True)
class PathSettings:
    """What following a path needs to know besides the data."""

    n_hidden: int
    solver: Solver
    tol: float
    max_iter: int
    n_jobs: int | None


class Folds:
    """The folds' networks, at one alpha after the other.

    The columns' means and deviations are those of all rows, so that the folds' networks have the
    same coordinates as those that are refitted to all rows; no label takes part in them. Small
    folds are solved side by side, as problems over the same rows in which the rows that are held
    out have no weight; others each on rows of its own, one after the other or in processes.
    """

    def __init__(
        self,
        data: Data,
        output: Output,
        scaling: Scaling | None,
        splits: list[Split],
        settings: PathSettings,
    ) -> None:
        self.data, self.output, self.scaling = data, output, scaling
        self.splits, self.settings = splits, settings
        self.problem = make_problem(data, output, scaling)
        self.layout = self.problem.layout(settings.n_hidden)
        n_together = self.problem.rows.n_together(self.layout)
        self._weights: FloatArray | None = None
        if settings.n_jobs is None and n_together >= len(splits):
            self._weights = np.zeros((len(splits), len(data.w)))
            for weights, split in zip(self._weights, splits, strict=True):
                weights[split.train] = data.w[split.train]
        self.codes = np.concatenate([data.codes[split.test] for split in splits])
        self.w = np.concatenate([data.w[split.test] for split in splits])
        self._ends = np.cumsum([len(split.test) for split in splits])[:-1]

    def solve(
        self, settings: PathSettings, alpha: float, thetas: FloatArray, states: list[RandomState]
    ) -> list[Result]:
        """The network of each fold at this alpha, from its row of thetas."""
        if self._weights is not None:
            objective = self.problem.objective(settings.n_hidden, alpha, self._weights)
            return solve(settings, objective, thetas, states, move=True)
        # Each copies its rows, and so one fold's at a time.
        return Parallel(n_jobs=settings.n_jobs or 1)(
            delayed(_solve_fold)(
                self.data, self.output, self.scaling, split, settings, alpha, theta, state
            )
            for split, theta, state in zip(self.splits, thetas, states, strict=True)
        )

    def networks(self, thetas: FloatArray) -> list[Parameters]:
        """The network of each fold, on the user's X."""
        return [self.problem.network(theta, self.settings.n_hidden) for theta in thetas]

    def held_out_logits(self, thetas: FloatArray) -> FloatArray:
        """Logits of each fold's network on the rows that it holds out, one fold after the other."""
        with np.errstate(over="ignore", invalid="ignore"):  # shows in the loss
            parts = [
                network_logits(self.data.X[split.test], network)
                for split, network in zip(self.splits, self.networks(thetas), strict=True)
            ]
        return np.concatenate(parts).astype(np.float64)

    def fold_losses(self, Z: FloatArray) -> FloatArray:
        """Weighted mean loss of logits on the rows that each fold holds out, (n_folds,)."""
        losses = np.split(row_losses(Z, self.codes, self.output), self._ends)
        weights = np.split(self.w, self._ends)
        return np.array(
            [np.average(loss, weights=w) for loss, w in zip(losses, weights, strict=True)]
        )

    def loss(self, Z: FloatArray) -> float:
        """Weighted mean loss of logits on all rows that are held out."""
        return float(np.average(row_losses(Z, self.codes, self.output), weights=self.w))

    def know(self, Z: FloatArray) -> BoolArray:
        """Which folds' logits are better than the class shares, (n_folds,)."""
        return self.fold_losses(Z) < (1 - _KNOWS) * self.fold_losses(self.prior_logits())

    def flat(self, Z: FloatArray) -> bool:
        """Whether logits say the same of all rows that a fold holds out, in every fold."""
        return all(np.ptp(part, axis=0).max() < _FLAT for part in np.split(Z, self._ends))

    def training_log_odds(self, k: int) -> FloatArray:
        """Log-odds of the class shares in the rows that fold k trains on."""
        train = self.splits[k].train
        return log_odds(self.data.codes[train], self.data.w[train], self.output)

    def prior_logits(self) -> FloatArray:
        """Log-odds of the class shares in each fold's training rows, on its held-out rows."""
        return np.concatenate(
            [
                np.tile(self.training_log_odds(k), (len(split.test), 1))
                for k, split in enumerate(self.splits)
            ]
        )


def solve(
    settings: PathSettings,
    objective: Objective,
    thetas: FloatArray,
    states: list[RandomState],
    move: bool = False,
) -> list[Result]:
    """Solve problems from a start each, as many side by side as pays.

    With `move`, networks do not end where they start; see `tol_to_move`.
    """
    results: list[Result] = []
    n_together = objective.n_together
    # The fit holds BLAS already, but not where this is a process of its own.
    with one_thread_blas(), np.errstate(over="ignore", invalid="ignore"):
        for first in range(0, len(thetas), n_together):
            some = list(range(first, min(first + n_together, len(thetas))))
            problems = objective.take(some)
            tols = np.full(len(some), gradient_tol(settings.tol, settings.n_hidden))
            if move:
                _, gradients = problems.loss_gradient(thetas[some])
                tols = tol_to_move(gradients, tols[0])
            results += settings.solver.solve(
                problems,
                thetas[some],
                tol=tols,
                max_iter=settings.max_iter,
                callback=lambda k, *iterate: False,
                random_states=[states[k] for k in some],
            )
    return results


def _solve_fold(
    data: Data,
    output: Output,
    scaling: Scaling | None,
    split: Split,
    settings: PathSettings,
    alpha: float,
    theta: FloatArray,
    state: RandomState,
) -> Result:
    problem = make_problem(data.take(split.train), output, scaling)
    objective = problem.objective(settings.n_hidden, alpha)
    [result] = solve(settings, objective, theta[None], [state], move=True)
    return result


class Step(NamedTuple):
    """One alpha of the path."""

    alpha: float
    thetas: FloatArray  # (n_folds, size)
    logits: FloatArray  # (n_held_out, n_outputs)
    loss: float  # over all rows that are held out
    n_iter: int  # of all folds together
    seconds: float


def follow(
    folds: Folds,
    alphas: FloatArray,
    thetas: FloatArray,
    states: list[RandomState],
    *,
    first: int,
    end_early: bool,
    report: Callable[[Step], bool],
) -> list[Step]:
    """Visit alphas, ascending, from ``alphas[first]`` upwards, and then from there downwards.

    Downwards a network that knows nothing is no start: its fold starts as at the first alpha.

    Parameters
    ----------
    thetas : ndarray of shape (n_folds, size)
        Where the folds start at the first alpha.
    first : int
        Number of the alpha that is visited first.
    end_early : bool
        Whether a direction ends where the loss is not better than the best, and networks that start
        from solutions take few iterations.
    report : callable
        Called with each step; True ends the path.

    Returns
    -------
    steps : list of Step
        Ascending by alpha.
    """
    settings, best = folds.settings, np.inf
    steps: dict[int, Step] = {}
    for direction in (range(first, len(alphas)), range(first - 1, -1, -1)):
        last = steps.get(first)
        for i in direction:
            here, limit = thetas, settings.max_iter
            if last is not None:
                know = folds.know(last.logits) | (i > first)
                here = np.where(know[:, None], last.thetas, thetas)
                if end_early and know.all():
                    limit = min(limit, _WARM_MAX_ITER)
            last = _visit(folds, replace(settings, max_iter=limit), float(alphas[i]), here, states)
            steps[i] = last
            settings = replace(settings, solver=settings.solver.for_warm_start())
            if report(last):
                return [steps[k] for k in sorted(steps)]
            # Networks that say nothing, downwards, tell nothing of smaller alphas.
            silent = i < first and folds.flat(last.logits)
            before, best = best, min(best, last.loss)
            if end_early and not silent and last.loss > (1 - _BETTER) * before:
                break
    return [steps[k] for k in sorted(steps)]


def _visit(
    folds: Folds,
    settings: PathSettings,
    alpha: float,
    thetas: FloatArray,
    states: list[RandomState],
) -> Step:
    start = time.perf_counter()
    results = folds.solve(settings, alpha, thetas, states)
    thetas = np.array([result.theta for result in results])
    Z = folds.held_out_logits(thetas)
    n_iter = sum(result.n_iter for result in results)
    return Step(alpha, thetas, Z, folds.loss(Z), n_iter, time.perf_counter() - start)


def row_losses(Z: FloatArray, codes: IntArray, output: Output) -> FloatArray:
    """Cross-entropy of each row, (n,), from logits (n, n_outputs)."""
    log_P = output.log_probabilities(Z)
    if output.multilabel:
        losses: FloatArray = -np.where(codes == 1, log_P, output.log_probabilities(-Z)).sum(axis=1)
        return losses
    return -log_P[np.arange(len(codes)), codes]


def log_odds(codes: IntArray, w: FloatArray, output: Output) -> FloatArray:
    """Logits (n_outputs,) whose probabilities are the weighted shares of the classes or labels.

    A share of nothing counts as half a row of mean weight, so that its logit is finite.
    """
    least, total = 0.5 * w.mean(), w.sum()
    if output.multilabel:
        present = np.clip(w @ codes, least, total - least)
        return np.log(present) - np.log(total - present)
    counts = np.bincount(codes, weights=w, minlength=max(output.n_outputs, 2))
    counts = np.maximum(counts, least)
    logits = np.log(counts) - np.log(counts.sum())
    return logits[1:] - logits[:1] if output.n_outputs == 1 else logits


def shares_loss(codes: IntArray, w: FloatArray, output: Output) -> float:
    """Weighted mean loss of the class shares on the rows that they are of."""
    Z = np.broadcast_to(log_odds(codes, w, output), (len(codes), output.n_outputs))
    return float(np.average(row_losses(Z, codes, output), weights=w))


class Choice(NamedTuple):
    """Which steps of a path are kept."""

    steps: list[Step]
    scores: FloatArray  # (n_steps, n_folds)
    best: int  # the step of the best mean score
    weights: FloatArray  # (n_steps,)
    prior: float  # weight of the log-odds of the class shares
    used: list[int]  # the steps that are kept
    best_score: float  # of what is kept
    prior_score: float  # of the class shares alone


class Kept(NamedTuple):
    """The networks that a path ends in, one a step that is kept and member."""

    networks: list[Parameters]  # on the user's X
    weights: FloatArray  # of each network's logits
    alphas: list[float]
    results: list[Result]


def refit(
    folds: Folds,
    settings: PathSettings,
    choice: Choice,
    n_members: int,
    states: list[RandomState],
) -> Kept:
    """Fit the steps that are kept to all rows, each member from another fold's network.

    Networks that know something, of folds that train on most rows, come first.
    """
    steps = [choice.steps[k] for k in choice.used]
    alphas = [step.alpha for step in steps for _ in range(n_members)]
    trained = np.array([folds.data.w[split.train].sum() for split in folds.splits])
    few = trained < _MOST * trained.max()
    thetas = np.concatenate(
        [step.thetas[np.lexsort((few, ~folds.know(step.logits)))[:n_members]] for step in steps]
    )
    objective = folds.problem.objective(settings.n_hidden, np.array(alphas))
    settings = replace(settings, solver=settings.solver.for_warm_start())
    results = solve(settings, objective, thetas, states[:n_members] * len(steps))
    networks = folds.networks(np.array([result.theta for result in results]))
    weights = np.repeat(choice.weights[choice.used] / n_members, n_members)
    return Kept(networks, weights, alphas, results)


def combined_logits(steps: Sequence[Step], v: FloatArray, prior: float, folds: Folds) -> FloatArray:
    """Logits on the rows that are held out, of steps with weights and of the class shares."""
    Z = np.tensordot(v, np.array([step.logits for step in steps]), axes=1)
    return Z + prior * folds.prior_logits() if prior else Z


def stack(
    candidates: Sequence[FloatArray], codes: IntArray, w: FloatArray, output: Output
) -> FloatArray:
    """Weights v >= 0 of candidate logits, (n, n_outputs) each, with the least mean loss.

    The last candidate is the log-odds of the class shares, the others are networks.

    The logits sum_a v_a z_a are linear in v, so this is a convex problem in as many numbers as
    there are candidates (Breiman, "Stacked regressions", Machine Learning 24, 1996). Weights
    that are too small to be worth a network are set to zero, and the others found anew; the class
    shares cost none.
    """
    equal = 1 / len(candidates)
    v = _least_loss(candidates, equal, codes, w, output)
    least = np.append(np.full(len(v) - 1, _LEAST_SHARE * v.sum()), 0.0)
    kept = np.flatnonzero(v > least).tolist()
    if len(kept) < len(v):
        v = np.zeros(len(candidates))
    if 0 < len(kept) < len(v):
        v[kept] = _least_loss([candidates[k] for k in kept], equal, codes, w, output)
    return v


def _least_loss(
    candidates: Sequence[FloatArray],
    equal: float,
    codes: IntArray,
    w: FloatArray,
    output: Output,
) -> FloatArray:
    loss, Z = output.loss, np.array([candidate.T for candidate in candidates])  # (A, K, n)
    y, w = loss.encode(codes), w[None] / w.sum()
    pull = _PULL / Z.shape[2]

    def value_gradient(v: FloatArray) -> tuple[float, FloatArray]:
        z = np.tensordot(v, Z, axes=1)[None]
        G = np.empty_like(z)
        [value] = loss.loss_gradient(z, y, w, G)
        apart = v - equal
        gradient = np.tensordot(Z, G[0], axes=2) + pull * apart
        return float(value) + 0.5 * pull * float(apart @ apart), gradient

    result = minimize(
        value_gradient,
        np.full(len(Z), equal),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * len(Z),
        options={"maxiter": 1000, "ftol": 1e-12, "gtol": 1e-9},
    )
    weights: FloatArray = result.x
    return weights
