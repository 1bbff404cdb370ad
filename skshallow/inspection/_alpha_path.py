"""The path over alpha."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from .._arrays import FloatArray
from .._classifier_cv import ShallowTanhClassifierCV
from ._shared import held_out_score_name, pyplot, unwrap

# Share of the height that the bars of the weights may take.
_BARS = 0.2


class AlphaPathDisplay:
    """Score of each alpha on held-out rows, the weights of the stack and its own score.

    Create one with `from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        The alphas that were visited, ascending.

    scores : ndarray of shape (n_alphas, n_folds)
        Score of each alpha on the rows that each fold holds out. Greater is better.

    stack_weights : ndarray of shape (n_alphas,), default=None
        Weight of each alpha in the network that is kept.

    best_score : float, default=None
        Mean score of what is kept.

    prior_score : float, default=None
        Mean score of the class shares.

    negate_score : bool, default=False
        Whether to draw minus the scores, so that losses are positive.

    score_name : str, default=None
        Label of the scores, negated if they are; None is "Held-out score" or, if they are negated,
        "Held-out loss".

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that was drawn on.

    ax_ : matplotlib Axes
        Axes with the scores.

    weight_ax_ : matplotlib Axes or None
        Axes with the weights, which share the x-axis with `ax_`.

    line_ : matplotlib Line2D
        Mean score against alpha.

    fill_between_ : matplotlib PolyCollection or None
        The standard deviation over the folds, as an area.

    errorbar_ : matplotlib ErrorbarContainer or None
        The standard deviation over the folds, as bars.

    stack_line_ : matplotlib Line2D or None
        Score of what is kept.

    prior_line_ : matplotlib Line2D or None
        Score of the class shares. It is not seen where it is far from the other scores.

    bars_ : matplotlib BarContainer or None
        The weights.

    See Also
    --------
    LossCurveDisplay : The course of the fit of one network.
    sklearn.model_selection.ValidationCurveDisplay : Scores of any estimator for one parameter.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skshallow import ShallowTanhClassifierCV
    >>> from skshallow.inspection import AlphaPathDisplay
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ShallowTanhClassifierCV(random_state=0).fit(X, y)
    >>> display = AlphaPathDisplay.from_estimator(model, negate_score=True)
    >>> display.ax_.get_ylabel()
    'Held-out log loss'
    >>> plt.show()
    """

    def __init__(
        self,
        *,
        alphas: FloatArray,
        scores: FloatArray,
        stack_weights: FloatArray | None = None,
        best_score: float | None = None,
        prior_score: float | None = None,
        negate_score: bool = False,
        score_name: str | None = None,
    ) -> None:
        self.alphas = alphas
        self.scores = scores
        self.stack_weights = stack_weights
        self.best_score = best_score
        self.prior_score = prior_score
        self.negate_score = negate_score
        self.score_name = score_name

    def plot(
        self,
        ax: Any = None,
        *,
        weight_ax: Any = None,
        score_name: str | None = None,
        std_display_style: str | None = "fill_between",
        line_kw: dict[str, Any] | None = None,
        fill_between_kw: dict[str, Any] | None = None,
        errorbar_kw: dict[str, Any] | None = None,
        stack_kw: dict[str, Any] | None = None,
        prior_kw: dict[str, Any] | None = None,
        bar_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the path.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes for the scores; None makes a new figure.

        weight_ax : matplotlib Axes, default=None
            Axes for the weights, for example below `ax`; None puts them at the foot of `ax`, with
            an axis at its right.

        score_name : str, default=None
            Label of the scores, in place of the stored one.

        std_display_style : {"fill_between", "errorbar", None}, default="fill_between"
            How to draw the standard deviation of the scores over the folds.

        line_kw, fill_between_kw, errorbar_kw : dict, default=None
            Keyword arguments for matplotlib's `plot` of the mean scores, and `fill_between` or
            `errorbar` of their deviations.

        stack_kw, prior_kw : dict, default=None
            Keyword arguments for `axhline` at the score of what is kept, and of the class shares.

        bar_kw : dict, default=None
            Keyword arguments for `bar` of the weights.

        Returns
        -------
        display : AlphaPathDisplay
            The display itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.

        ValueError
            If `std_display_style` is none of those above.
        """
        if std_display_style not in ("fill_between", "errorbar", None):
            raise ValueError(
                "std_display_style must be 'fill_between', 'errorbar' or None, "
                f"but got {std_display_style!r}."
            )
        plt = pyplot(self)
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        self._plot_scores(
            ax, std_display_style, line_kw or {}, fill_between_kw or {}, errorbar_kw or {}
        )
        self._plot_references(ax, stack_kw or {}, prior_kw or {})
        if score_name is None:
            score_name = self.score_name or f"Held-out {'loss' if self.negate_score else 'score'}"
        ax.set(xlabel="alpha", ylabel=score_name)
        self._scale(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self._plot_weights(plt, weight_ax, bar_kw or {})
        ax.legend()
        return self

    @property
    def _sign(self) -> int:
        return -1 if self.negate_score else 1

    def _plot_scores(
        self,
        ax: Any,
        std_display_style: str | None,
        line_kw: dict[str, Any],
        fill_between_kw: dict[str, Any],
        errorbar_kw: dict[str, Any],
    ) -> None:
        """Draw the mean scores and their deviations."""
        mean, deviation = self._sign * self.scores.mean(axis=1), self.scores.std(axis=1)

        label = "mean over the folds" + (" and deviation" if std_display_style else "")
        line_kw = {"marker": "o", "label": label, **line_kw}
        [self.line_] = ax.plot(self.alphas, mean, **line_kw)
        color = self.line_.get_color()
        self.fill_between_ = self.errorbar_ = None
        if std_display_style == "fill_between":
            fill_between_kw = {
                "color": color,
                "alpha": 0.2,
                "linewidth": 0,
                **fill_between_kw,
            }
            self.fill_between_ = ax.fill_between(
                self.alphas, mean - deviation, mean + deviation, **fill_between_kw
            )
        elif std_display_style == "errorbar":
            errorbar_kw = {"color": color, "fmt": "none", **errorbar_kw}
            self.errorbar_ = ax.errorbar(self.alphas, mean, deviation, **errorbar_kw)

    def _plot_references(self, ax: Any, stack_kw: dict[str, Any], prior_kw: dict[str, Any]) -> None:
        """Draw lines at the scores of what is kept and of the class shares."""
        self.stack_line_ = self.prior_line_ = None
        if self.best_score is not None:
            value = self._sign * self.best_score
            stack_kw = {
                "color": "black", "linestyle": "--", "label": f"kept: {value:.3g}",
                **stack_kw,
            }  # fmt: skip
            self.stack_line_ = ax.axhline(value, **stack_kw)
        if self.prior_score is not None:
            value = self._sign * self.prior_score
            prior_kw = {
                "color": "0.45", "linestyle": ":", "label": f"class shares: {value:.3g}",
                **prior_kw,
            }  # fmt: skip
            # It may be far away, and would leave no height for the others: the range is theirs.
            limits = ax.get_ylim()
            self.prior_line_ = ax.axhline(value, **prior_kw)
            ax.set_ylim(limits)

    def _scale(self, ax: Any) -> None:
        """A logarithmic axis of alpha, which may begin with zero."""
        positive = self.alphas[self.alphas > 0]
        if len(positive) == len(self.alphas):
            ax.set_xscale("log")
        elif len(positive):
            ax.set_xscale("symlog", linthresh=positive[0])

    def _plot_weights(self, plt: Any, weight_ax: Any, bar_kw: dict[str, Any]) -> None:
        """Draw the weights on axes of their own, or at the foot of those of the scores."""
        self.weight_ax_ = self.bars_ = None
        if self.stack_weights is None:
            return
        # Bars a third as wide as half a decade, the usual distance of alphas. Zero has no width.
        width = np.where(self.alphas > 0, self.alphas, self.alphas[self.alphas > 0].min(initial=1))
        bar_kw = {"width": 0.35 * width, "color": "C1", "alpha": 0.6, **bar_kw}
        own = weight_ax is not None
        self.weight_ax_ = weight_ax if own else self.ax_.twinx()
        self.bars_ = self.weight_ax_.bar(self.alphas, self.stack_weights, **bar_kw)
        self.weight_ax_.set_ylabel("Weight in the stack", loc="bottom")
        if own:
            self.weight_ax_.set_xlabel("alpha")
            self._scale(self.weight_ax_)
            return
        highest = float(self.stack_weights.max()) or 1.0
        self.weight_ax_.set_ylim(0, highest / _BARS)
        self.weight_ax_.set_yticks([0, highest], ["0", f"{highest:.2g}"])
        # The scores are above the bars, and their legend, which keeps clear of lines in its own
        # axes, keeps clear of a line from bar to bar, unseen.
        low, high = self.ax_.get_ylim()
        ticks = [tick for tick in self.ax_.get_yticks() if low <= tick <= high]
        self.ax_.set_ylim(low - (high - low) * _BARS / (1 - _BARS), high)
        self.ax_.set_yticks(ticks)
        self.ax_.add_artist(
            plt.Line2D(
                np.repeat(self.alphas, 3),
                np.ravel([[0, weight, 0] for weight in self.stack_weights]),
                transform=self.weight_ax_.transData,
                alpha=0,
            )
        )
        self.ax_.set_zorder(self.weight_ax_.get_zorder() + 1)
        self.ax_.patch.set_visible(False)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        negate_score: bool = False,
        score_name: str | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the path of a fitted `ShallowTanhClassifierCV`.

        Parameters
        ----------
        estimator : estimator instance
            A fitted `ShallowTanhClassifierCV`, or a fitted Pipeline or search that ends in one.

        negate_score : bool, default=False
            Whether to draw minus the scores, so that losses are positive.

        score_name : str, default=None
            Label of the scores; None takes it from the estimator's `scoring`.

        ax : matplotlib Axes, default=None
            Axes for the scores; None makes a new figure.

        **plot_kw : dict
            Other keyword arguments of `plot`.

        Returns
        -------
        display : AlphaPathDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no `ShallowTanhClassifierCV` at the end of the estimator.

        NotFittedError
            If the estimator is not fitted.

        ImportError
            If matplotlib is not installed.
        """
        model, _ = unwrap(estimator, cls, ShallowTanhClassifierCV)
        if score_name is None:
            score_name = held_out_score_name(model.scoring or "neg_log_loss", negate_score)
        display = cls(
            alphas=model.alphas_,
            scores=model.scores_,
            stack_weights=model.stack_weights_,
            best_score=model.best_score_,
            prior_score=model.prior_score_,
            negate_score=negate_score,
            score_name=score_name,
        )
        return display.plot(ax, **plot_kw)
