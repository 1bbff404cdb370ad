"""What each hidden unit computes, in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import FloatArray
from .._classifier import ShallowTanhClassifier
from .._classifier_cv import ShallowTanhClassifierCV
from ._plane import plane_data, units_on_plane
from ._shared import pyplot, unwrap


class HiddenUnitDisplay:
    """What each hidden unit computes over the plane of two features.

    Each unit j has axes of its own, with the colour of tanh(x W1 + b1)_j, a line where it is
    zero, and its output weights, row j of W2, in the title. Create one with `from_estimator` or
    `from_weights`. All parameters are stored as attributes.

    Parameters
    ----------
    xx0, xx1 : ndarray of shape (grid_resolution, grid_resolution)
        First and second feature at the points of a grid.

    activations : ndarray of shape (n_units, grid_resolution, grid_resolution)
        Each unit's value, from -1 to 1, on the grid.

    output_weights : ndarray of shape (n_units, n_outputs)
        The units' rows of W2.

    units : ndarray of shape (n_units,)
        The units' numbers in the network, counted from 0.

    X : ndarray of shape (n_samples, 2), default=None
        Data to draw as points.

    y : ndarray of shape (n_samples,), default=None
        Their classes.

    feature_names : sequence of two str, default=None
        Labels of the axes.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that was drawn on.

    axes_ : ndarray of matplotlib Axes of shape (n_units,)
        Axes of each unit.

    surfaces_ : list of matplotlib QuadMesh
        Colours of each unit.

    zero_lines_ : list of matplotlib ContourSet or None
        Line where each unit is zero; None if that is nowhere on the grid.

    points_ : list of lists of matplotlib PathCollection
        The points on each axes, class by class.

    colorbar_ : matplotlib Colorbar
        Key of the colours.

    See Also
    --------
    sklearn.inspection.DecisionBoundaryDisplay : What the whole network computes.
    LossCurveDisplay : How it was fitted.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import make_moons
    >>> from skshallow import ShallowTanhClassifier
    >>> from skshallow.inspection import HiddenUnitDisplay
    >>> X, y = make_moons(200, noise=0.2, random_state=0)
    >>> model = ShallowTanhClassifier(n_hidden=3, alpha=0.01, random_state=0).fit(X, y)
    >>> display = HiddenUnitDisplay.from_estimator(model, X, y=y)
    >>> display.activations.shape
    (3, 100, 100)
    >>> plt.show()
    """

    def __init__(
        self,
        *,
        xx0: FloatArray,
        xx1: FloatArray,
        activations: FloatArray,
        output_weights: FloatArray,
        units: Any,
        X: FloatArray | None = None,
        y: Any = None,
        feature_names: Sequence[str] | None = None,
    ) -> None:
        self.xx0 = xx0
        self.xx1 = xx1
        self.activations = activations
        self.output_weights = output_weights
        self.units = units
        self.X = X
        self.y = y
        self.feature_names = feature_names

    def plot(
        self,
        ax: Any = None,
        *,
        n_cols: int = 4,
        surface_kw: dict[str, Any] | None = None,
        zero_line_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the units.

        Parameters
        ----------
        ax : array-like of matplotlib Axes, default=None
            Axes for each unit, at least as many as units; None makes a new figure.

        n_cols : int, default=4
            Number of columns of a new figure.

        surface_kw, zero_line_kw, scatter_kw : dict, default=None
            Keyword arguments for matplotlib's `pcolormesh`, `contour` and `scatter`.

        Returns
        -------
        display : HiddenUnitDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are fewer axes than units, or n_cols is below 1.

        ImportError
            If matplotlib is not installed.
        """
        plt = pyplot(self)
        n_units = len(self.units)
        names = ("$x_1$", "$x_2$") if self.feature_names is None else self.feature_names
        if ax is None and n_cols < 1:
            raise ValueError(f"n_cols must be at least 1, but it is {n_cols!r}.")
        if ax is None:
            axes = self._new_axes(plt, n_cols, names)
        else:
            axes = np.atleast_1d(np.asarray(ax)).ravel()[:n_units]
            for axis in axes:
                axis.set(xlabel=names[0], ylabel=names[1])
        if len(axes) < n_units:
            raise ValueError(f"ax holds {len(axes)} axes, but there are {n_units} units to draw.")

        # Lilac and orange, so that points may be red and blue; both are safe for the colour-blind.
        # The ends of the map, too dark behind points, lie beyond tanh's range.
        default = {"cmap": "PuOr_r", "vmin": -1.6, "vmax": 1.6, "alpha": 0.5}
        surface_kw = {**default, **(surface_kw or {})}
        zero_line_kw = {"colors": "black", "linewidths": 1.2, **(zero_line_kw or {})}
        self.surfaces_, self.zero_lines_, self.points_ = [], [], []
        panels = zip(axes, self.units, self.activations, self.output_weights, strict=True)
        for axis, unit, activation, weights in panels:
            surface = axis.pcolormesh(self.xx0, self.xx1, activation, rasterized=True, **surface_kw)
            line = None
            if activation.min() < 0 < activation.max():
                line = axis.contour(self.xx0, self.xx1, activation, levels=[0], **zero_line_kw)
            self.surfaces_.append(surface)
            self.zero_lines_.append(line)
            self.points_.append(self._scatter(axis, scatter_kw or {}))
            many = "s" if len(weights) > 1 else ""
            # Not more of them than a title has room for.
            shown = ", ".join(f"{weight:+.2f}" for weight in weights[:3])
            more = ", ..." if len(weights) > 3 else ""
            text = f"Unit {unit}\noutput weight{many} {shown}{more}".replace("-", "\N{MINUS SIGN}")
            axis.set_title(text, fontsize="medium" if not many else "small")
        self.axes_ = axes
        self.figure_ = axes[0].figure
        self.colorbar_ = self.figure_.colorbar(
            self.surfaces_[0], ax=list(axes), label="tanh(x W1 + b1)", ticks=[-1, 0, 1], pad=0.02
        )
        self.colorbar_.ax.set_ylim(-1, 1)
        return self

    def _new_axes(self, plt: Any, n_cols: int, names: Sequence[str]) -> Any:
        """Axes in a grid of a new figure, labelled at its left and lower edges."""
        n_units = len(self.units)
        n_cols = min(n_cols, n_units)
        n_rows = -(-n_units // n_cols)
        _, grid = plt.subplots(
            n_rows,
            n_cols,
            figsize=(2.6 * n_cols + 1.2, 2.8 * n_rows + 0.3),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        axes = grid.ravel()
        for axis in axes[n_units:]:
            axis.remove()
        for axis in axes[max(n_units - n_cols, 0) : n_units]:  # the lowest of their columns
            axis.tick_params(labelbottom=True)
            axis.set_xlabel(names[0])
        for axis in axes[:n_units:n_cols]:
            axis.set_ylabel(names[1])
        return axes[:n_units]

    def _scatter(self, axis: Any, scatter_kw: dict[str, Any]) -> list[Any]:
        """The points of each class, or all in one."""
        if self.X is None:
            return []
        style: dict[str, Any] = {"s": 10, "linewidth": 0.4, "edgecolor": "white"}
        if self.y is None:
            return [axis.scatter(*self.X.T, **{**style, "color": "0.2", **scatter_kw})]
        classes = np.unique(self.y)
        # Of two classes the second is red, as in a diverging map of its probability. None is like
        # the surface, and markers tell apart what colours do not for everyone.
        colors = ["#2166ac", "#b2182b", "black", "#1b7837", "#e377c2"]
        markers = "osD^vPX<>*"
        return [
            axis.scatter(
                *self.X[self.y == label].T,
                **{
                    **style,
                    "color": colors[k % len(colors)],
                    "marker": markers[k % len(markers)],
                    "label": str(label),
                    **scatter_kw,
                },
            )
            for k, label in enumerate(classes)
        ]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        *,
        y: ArrayLike | None = None,
        units: ArrayLike | None = None,
        margin: float = 0.1,
        grid_resolution: int = 100,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the units of a fitted network.

        Parameters
        ----------
        estimator : estimator instance
            A `ShallowTanhClassifier` or `ShallowTanhClassifierCV` fitted on two features, or a
            fitted Pipeline or search that
            ends in one and takes two. The plane is that of the estimator's own X, before any
            transformer.

        X : {array-like, dataframe} of shape (n_samples, 2)
            Data, which also say which part of the plane to draw.

        y : array-like of shape (n_samples,), default=None
            Their classes, for the colours of the points.

        units : array-like of int, default=None
            Numbers of the units to draw, from 0; None draws all.

        margin : float, default=0.1
            How far the plane goes beyond the data, as a share of their range.

        grid_resolution : int, default=100
            Number of grid points along each axis, at least 2.

        feature_names : sequence of two str, default=None
            Labels of the axes; None takes them from a data frame.

        ax : array-like of matplotlib Axes, default=None
            Axes for each unit; None makes a new figure.

        **plot_kw : dict
            Other keyword arguments of `plot`.

        Returns
        -------
        display : HiddenUnitDisplay
            The display, drawn.

        Raises
        ------
        TypeError
            If there is no network at the end of the estimator.

        NotFittedError
            If the estimator is not fitted.

        ValueError
            If X or the network has other than two features, or another argument is invalid.

        ImportError
            If matplotlib is not installed.
        """
        network, before = unwrap(estimator, cls, ShallowTanhClassifier, ShallowTanhClassifierCV)
        columns = None
        if hasattr(X, "columns") and len(X.columns) == 2:
            columns = [str(name) for name in X.columns]
        frame, X = X, plane_data(X)

        def _transformed(grid: FloatArray) -> Any:
            # What the network gets for points of the plane.
            points: Any = grid
            if before and columns is not None:  # pandas and polars both take a dict of columns
                points = type(frame)(dict(zip(frame.columns, grid.T, strict=True)))
            for pipeline in before:
                points = pipeline.transform(points)
            return points.toarray() if hasattr(points, "toarray") else np.asarray(points)

        values = units_on_plane(
            cls,
            network.coefs_,
            network.intercepts_,
            _transformed,
            X,
            y=y,
            units=units,
            limits=None,
            margin=margin,
            grid_resolution=grid_resolution,
            feature_names=columns if feature_names is None else feature_names,
        )
        return cls(**values).plot(ax, **plot_kw)

    @classmethod
    def from_weights(
        cls,
        coefs: Sequence[ArrayLike],
        intercepts: Sequence[ArrayLike],
        X: ArrayLike | None = None,
        *,
        y: ArrayLike | None = None,
        limits: ArrayLike | None = None,
        units: ArrayLike | None = None,
        margin: float = 0.1,
        grid_resolution: int = 100,
        feature_names: Sequence[str] | None = None,
        ax: Any = None,
        **plot_kw: Any,
    ) -> Self:
        """Draw the units of given weights, in the form of `coefs_` and `intercepts_`.

        Parameters
        ----------
        coefs : sequence of two array-likes of shape (2, n_units) and (n_units, n_outputs)
            Weights W1 and W2.

        intercepts : sequence of two array-likes of shape (n_units,) and (n_outputs,)
            Biases b1 and b2; the second is not used.

        X : array-like of shape (n_samples, 2), default=None
            Data to draw as points.

        y : array-like of shape (n_samples,), default=None
            Their classes, for the colours of the points.

        limits : array-like of shape (2, 2), default=None
            Least and greatest value of the first and of the second feature to draw; None is the
            range of X and the margin.

        units : array-like of int, default=None
            Numbers of the units to draw, from 0; None draws all.

        margin : float, default=0.1
            How far the plane goes beyond X without `limits`, as a share of its range.

        grid_resolution : int, default=100
            Number of grid points along each axis, at least 2.

        feature_names : sequence of two str, default=None
            Labels of the axes.

        ax : array-like of matplotlib Axes, default=None
            Axes for each unit; None makes a new figure.

        **plot_kw : dict
            Other keyword arguments of `plot`.

        Returns
        -------
        display : HiddenUnitDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the shapes do not fit, neither X nor `limits` is given, or another argument is
            invalid.

        ImportError
            If matplotlib is not installed.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from skshallow.inspection import HiddenUnitDisplay
        >>> coefs = [[[1.0, 0.0], [0.0, 1.0]], [[2.0], [-2.0]]]
        >>> intercepts = [[0.0, 0.5], [0.1]]
        >>> display = HiddenUnitDisplay.from_weights(
        ...     coefs, intercepts, limits=[(-1, 1), (-1, 1)]
        ... )
        >>> len(display.axes_)
        2
        >>> plt.show()
        """
        values = units_on_plane(
            cls,
            coefs,
            intercepts,
            lambda points: points,
            None if X is None else plane_data(X),
            y=y,
            units=units,
            limits=limits,
            margin=margin,
            grid_resolution=grid_resolution,
            feature_names=feature_names,
        )
        return cls(**values).plot(ax, **plot_kw)
