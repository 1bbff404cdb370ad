"""The course of a fit."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import FloatArray
from .._classifier import ShallowTanhClassifier
from ._shared import held_out_score_name, pyplot, unwrap


class LossCurveDisplay:
    """The training objective after each iteration, and the validation score if there is one.

    Create one with `from_estimator` or `from_curves`. All parameters are stored as attributes.

    Parameters
    ----------
    loss_curve : ndarray of shape (n_iter,)
        F after each iteration.

    validation_scores : ndarray of shape (n_iter,), default=None
        Score on validation data after each iteration. Greater is better.

    negate_score : bool, default=False
        Whether to draw minus the scores, so that a loss falls like F.

    score_name : str, default=None
        Label of the scores, negated if they are; None is "Validation score" or, if they are
        negated, "Validation loss".

    name : str, default=None
        What is shown, to be put before the labels in the legend. All lines then have one colour,
        so that several displays can share axes.

    Attributes
    ----------
    best_iteration_ : int
        The first iteration, counted from 1, with the highest validation score, or without
        scores with the lowest F. The start counts as no iteration, though early stopping may
        keep it. Of a committee it is the best of the mean curve, while each member keeps its own.

    figure_ : matplotlib Figure
        Figure that was drawn on.

    ax_ : matplotlib Axes
        Axes with F.

    score_ax_ : matplotlib Axes or None
        Axes with the validation score, which share the x-axis with `ax_`.

    lines_ : list of matplotlib Line2D
        The line of F and, if there are scores, theirs.

    best_line_ : matplotlib Line2D or None
        Vertical line at the best iteration.

    See Also
    --------
    HiddenUnitDisplay : What each hidden unit computes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skshallow import ShallowTanhClassifier
    >>> from skshallow.inspection import LossCurveDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ShallowTanhClassifier(alpha=0.01, early_stopping=True, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)
    >>> len(display.loss_curve) == model.n_iter_
    True
    >>> plt.show()
    """

    def __init__(
        self,
        *,
        loss_curve: FloatArray,
        validation_scores: FloatArray | None = None,
        negate_score: bool = False,
        score_name: str | None = None,
        name: str | None = None,
    ) -> None:
        self.loss_curve = loss_curve
        self.validation_scores = validation_scores
        self.negate_score = negate_score
        self.score_name = score_name
        self.name = name

    def plot(
        self,
        ax: Any = None,
        *,
        score_ax: Any = None,
        score_name: str | None = None,
        name: str | None = None,
        mark_best: bool = True,
        line_kw: dict[str, Any] | None = None,
        score_kw: dict[str, Any] | None = None,
        best_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes for F; None makes a new figure.

        score_ax : matplotlib Axes, default=None
            Axes for the scores, for example another display's `score_ax_`; None makes axes with
            the same x-axis as `ax`.

        score_name : str, default=None
            Label of the scores, in place of the stored one.

        name : str, default=None
            What is shown, in place of the stored one.

        mark_best : bool, default=True
            Whether to mark the best iteration. After `partial_fit` it means little, since each
            value of the curve is F on another batch.

        line_kw, score_kw, best_kw : dict, default=None
            Keyword arguments for matplotlib's `plot` of F and of the scores, and for the
            `axvline` at the best iteration.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        plt = pyplot(self)
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
            # There is no iteration between two.
            ax.xaxis.get_major_locator().set_params(integer=True)
        name = self.name if name is None else name
        iterations = np.arange(1, len(self.loss_curve) + 1)
        # A dot where a line would be none.
        style: dict[str, Any] = {"marker": "o"} if len(iterations) == 1 else {}

        line_kw = {"label": _labelled("F, training", name), **style, **(line_kw or {})}
        self.lines_ = list(ax.plot(iterations, self.loss_curve, **line_kw))
        ax.set(xlabel="Iteration", ylabel="F, the training objective")
        self.score_ax_: Any = None
        if self.validation_scores is not None:
            self.score_ax_ = ax.twinx() if score_ax is None else score_ax
            label = self.score_name if score_name is None else score_name
            self._plot_scores(ax, iterations, label, name, {**style, **(score_kw or {})})
            best = int(np.nanargmax(self.validation_scores))
        else:
            best = int(np.argmin(self.loss_curve))
        self.best_iteration_ = best + 1
        self.best_line_ = None
        if mark_best:
            best_kw = {
                "label": _labelled(f"best: iteration {self.best_iteration_}", name),
                "color": "0.45" if name is None else self.lines_[0].get_color(),
                "linestyle": ":",
                "zorder": 0.5,
                **(best_kw or {}),
            }
            self.best_line_ = ax.axvline(self.best_iteration_, **best_kw)

        self._legend(plt, ax, iterations)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_scores(
        self,
        ax: Any,
        iterations: Any,
        label: str | None,
        name: str | None,
        score_kw: dict[str, Any],
    ) -> None:
        """Draw the scores on `score_ax_`."""
        if label is None:
            label = "Validation loss" if self.negate_score else "Validation score"
        score_kw = {
            "label": _labelled(f"{label[:1].lower()}{label[1:]}", name),
            "color": "C1" if name is None else self.lines_[0].get_color(),
            "linestyle": "--",
            **score_kw,
        }
        scores: Any = self.validation_scores
        if self.negate_score:
            scores = -scores
        self.lines_ += self.score_ax_.plot(iterations, scores, **score_kw)
        self.score_ax_.set_ylabel(label)
        if name is None:  # each axis in the colour of its line
            for axis, line in zip((ax, self.score_ax_), self.lines_, strict=True):
                axis.yaxis.label.set_color(line.get_color())

    def _legend(self, plt: Any, ax: Any, iterations: Any) -> None:
        """Draw one legend for both axes."""
        handles, labels = ax.get_legend_handles_labels()
        upper = ax
        if self.score_ax_ is not None:
            # The legend belongs to the upper axes, or else their line would cross it. It keeps
            # clear of lines in its own axes, so the line of F is there too, unseen.
            upper = self.score_ax_
            upper.add_artist(
                plt.Line2D(iterations, self.loss_curve, transform=ax.transData, alpha=0)
            )
            more = upper.get_legend_handles_labels()
            handles, labels = handles + more[0], labels + more[1]
        upper.legend(handles, labels)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        negate_score: bool = False,
        score_name: str | None = None,
        name: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the curves of a fitted network.

        Parameters
        ----------
        estimator : estimator instance
            A fitted `ShallowTanhClassifier`, or a fitted Pipeline or search that ends in one.

        negate_score : bool, default=False
            Whether to draw minus the scores, so that a loss falls like F.

        score_name : str, default=None
            Label of the scores; None takes it from the network's `scoring`.

        name : str, default=None
            What is shown, to be put before the labels in the legend.

        ax : matplotlib Axes, default=None
            Axes for F; None makes a new figure.

        **plot_kw : dict
            Other keyword arguments of `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no `ShallowTanhClassifier` at the end of the estimator.

        NotFittedError
            If the estimator is not fitted.

        ValueError
            If the last fit took no iteration, because its start had already converged.

        ImportError
            If matplotlib is not installed.
        """
        network, _ = unwrap(estimator, cls, ShallowTanhClassifier)
        if not network.loss_curve_:
            raise ValueError(
                "The last fit took no iteration, because its start had already converged, so "
                "that there is no curve to draw."
            )
        scores = getattr(network, "validation_scores_", None)
        if scores is not None and score_name is None:
            score_name = held_out_score_name(network.scoring, negate_score, "validation")
        return cls.from_curves(
            network.loss_curve_,
            scores,
            negate_score=negate_score,
            score_name=score_name,
            name=name,
            ax=ax,
            **plot_kw,
        )

    @classmethod
    def from_curves(
        cls,
        loss_curve: ArrayLike,
        validation_scores: ArrayLike | None = None,
        *,
        negate_score: bool = False,
        score_name: str | None = None,
        name: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw curves that are at hand, such as the mean over several fits.

        Parameters
        ----------
        loss_curve : array-like of shape (n_iter,)
            F after each iteration.

        validation_scores : array-like of shape (n_iter,), default=None
            Score on validation data after each iteration. Greater is better.

        negate_score : bool, default=False
            Whether to draw minus the scores, so that a loss falls like F.

        score_name : str, default=None
            Label of the scores, negated if they are; None is "Validation score" or, if they are
            negated, "Validation loss".

        name : str, default=None
            What is shown, to be put before the labels in the legend.

        ax : matplotlib Axes, default=None
            Axes for F; None makes a new figure.

        **plot_kw : dict
            Other keyword arguments of `plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If a curve is not one-dimensional or is empty, or their lengths differ.

        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from skshallow.inspection import LossCurveDisplay
        >>> display = LossCurveDisplay.from_curves([0.7, 0.5, 0.4], [-0.7, -0.5, -0.6])
        >>> display.best_iteration_
        2
        >>> plt.show()
        """
        curve = np.asarray(loss_curve, dtype=float)
        if curve.ndim != 1 or len(curve) == 0:
            raise ValueError(
                f"loss_curve must be a list of at least one number, but its shape is {curve.shape}."
            )
        scores = None
        if validation_scores is not None:
            scores = np.asarray(validation_scores, dtype=float)
            if scores.shape != curve.shape:
                raise ValueError(
                    f"validation_scores must have the shape of loss_curve, {curve.shape}, but "
                    f"theirs is {scores.shape}."
                )
        display = cls(
            loss_curve=curve,
            validation_scores=scores,
            negate_score=negate_score,
            score_name=score_name,
            name=name,
        )
        return display.plot(ax, **plot_kw)


def _labelled(label: str, name: str | None) -> str:
    """A label in the legend, after the name of what is shown."""
    return label if name is None else f"{name}: {label}"
