"""What happens after each iteration of a start."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ._arrays import FloatArray

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
        Print a line for each iteration if positive.
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
            self.best = score, value, theta.copy()
        if score > self._mark + self.tol:
            self._mark, self._waited = score, 0
        else:
            self._waited += 1
        return score

    def _print(self, gradient: FloatArray) -> None:
        scored = f"   validation score = {self.scores[-1]:.6g}" if self.scores else ""
        print(
            f"{self.label}iteration {len(self.curve):5d}   F = {self.curve[-1]:.8g}   "
            f"max|gradient| = {np.abs(gradient).max():.2e}{scored}   "
            f"{time.perf_counter() - self._start:.3f} s"
        )
