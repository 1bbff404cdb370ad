"""What happens after each iteration of a start."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ._arrays import FloatArray
from ._solvers import Ending, Result

# A score of theta on validation data, and a hook that returns True to stop.
Score = Callable[[FloatArray], float]
Hook = Callable[[FloatArray], bool]


class Monitor:
    """Records F, prints, scores on validation data and decides whether a start continues.

    Parameters
    ----------
    label : str
        Start of each printed line.
    verbose : int
        If positive, print how the descent ended; 1 prints the first iterations before, and ever
        fewer of the later ones, and 2 or more prints all.
    score : callable or None
        Score of theta on validation data, greater being better.
    patience : int
        Stop after so many iterations in a row without a score that beats the best by `tol`.
    tol : float
    hook : callable or None
        Called with theta after each iteration; stops the fit if it returns True.

    Attributes
    ----------
    curve, scores : list of float
        F and, with `score`, the score after each iteration.
    best : tuple of (float, float, ndarray) or None
        The best score, F and theta there.
    best_iteration : int
        The iteration of `best`; 0 is the start.
    """

    def __init__(
        self,
        *,
        label: str = "",
        verbose: int = 0,
        score: Score | None = None,
        patience: int = 0,
        tol: float = 0.0,
        hook: Hook | None = None,
    ) -> None:
        self.label, self.verbose = label, verbose
        self.score, self.patience, self.tol = score, patience, tol
        self.hook = hook
        self.curve: list[float] = []
        self.scores: list[float] = []
        self.best: tuple[float, float, FloatArray] | None = None
        self.best_iteration = 0
        self.hooked = False
        self._mark, self._waited = -np.inf, 0
        self._start = time.perf_counter()

    def begin(self, theta: FloatArray, value: float) -> None:
        """Score the start too, which is kept if no iterate is better; it is not in `scores`."""
        if self.score is not None:
            self._note(theta, value, self.score(theta))
            self._waited = 0

    def __call__(self, theta: FloatArray, value: float, gradient: FloatArray) -> bool:
        """Record an iteration; True ends the descent."""
        self.curve.append(value)
        if self.score is not None:
            self.scores.append(self._note(theta, value, self.score(theta)))
        if self.verbose:
            self._print(gradient)
        self.hooked = self.hook is not None and self.hook(theta)
        return self.hooked or (self.score is not None and self._waited >= self.patience)

    def _note(self, theta: FloatArray, value: float, score: float) -> float:
        if np.isnan(score):
            raise ValueError(
                f"The validation score is NaN after iteration {len(self.curve)}: `scoring` is not "
                "defined on these validation data. Choose another, or give it other data."
            )
        if self.best is None or score > self.best[0]:
            self.best, self.best_iteration = (score, value, theta.copy()), len(self.curve)
        if score > self._mark + self.tol:
            self._mark, self._waited = score, 0
        else:
            self._waited += 1
        return score

    def end(self, result: Result) -> None:
        """Print how the descent ended."""
        if not self.verbose:
            return
        print(
            f"{self.label}{self._verdict(result)}; F = {result.value:.8g}, "
            f"max|gradient| = {result.largest_gradient:.2e}"
        )
        if self.best is not None:
            where = f"iteration {self.best_iteration}" if self.best_iteration else "the start"
            print(
                f"{self.label}kept {where}, of the best validation score {self.best[0]:.6g}; "
                f"F = {self.best[1]:.8g}"
            )

    def _verdict(self, result: Result) -> str:
        """How the descent ended, in words."""
        ending, n_iter = result.ending, result.n_iter
        if ending.failed:
            return f"not converged: {ending.says(n_iter)}"
        if ending is not Ending.STOPPED:
            return f"converged after {n_iter} iterations: {ending.says(n_iter)}"
        reason = "a callback asked for it"
        if not self.hooked:
            reason = f"no better validation score in {self.patience} iterations in a row"
        return f"stopped after {n_iter} iterations: {reason}"

    def _print(self, gradient: FloatArray) -> None:
        k = len(self.curve)
        if self.verbose == 1 and k % 10 ** (len(str(k)) - 1):
            return  # 1 to 9, then each tenth to 90, each hundredth to 900, and so on
        scored = f"   validation score = {self.scores[-1]:#12.6g}" if self.scores else ""
        print(
            f"{self.label}iteration {k:5d}   F = {self.curve[-1]:#13.8g}   "
            f"max|gradient| = {np.abs(gradient).max():.2e}{scored}   "
            f"{time.perf_counter() - self._start:9.3f} s"
        )
