"""scikit-learn's callbacks around a fit (experimental there since 1.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class FitCallbacks:
    """A task for the fit and one for each iteration, as scikit-learn's callbacks see them.

    Parameters
    ----------
    estimator : ShallowTanhClassifier
        One on which `set_callbacks` was called, itself or by a meta-estimator.
    X, y, sample_weight : as the user gave them to `fit`
    max_iterations : int
        The most iterations that may follow.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any, max_iterations: int
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._shared = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        # One more than can be used: a progress bar is then never full before the end.
        self._estimator = estimator
        self._fit = estimator._init_callback_context(max_subtasks=max_iterations + 1)
        self._fit.call_on_fit_task_begin(**self._shared)

    def iteration(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Report an iteration; True if a callback asks to stop.

        `attributes()` gives the fitted attributes with which a copy of the estimator can predict.
        """
        task = self._fit.subcontext(task_name="iteration")
        task.call_on_fit_task_begin(**self._shared)
        return bool(
            task.call_on_fit_task_end(
                **self._shared, reconstruction_attributes=self._instead(attributes)
            )
        )

    def end(self, attributes: Callable[[], dict[str, Any]]) -> None:
        """Report the end of the fit."""
        self._fit.call_on_fit_task_end(
            **self._shared, reconstruction_attributes=self._instead(attributes)
        )

    def _instead(self, attributes: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        """These attributes in place of those of an earlier fit, which become None.

        scikit-learn sets them on a copy of the estimator, and removes none.
        """
        return lambda: dict.fromkeys(self._estimator._fitted_attributes()) | attributes()
