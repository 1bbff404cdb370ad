"""The displays draw what the estimator holds."""

import doctest
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV
from skshallow.inspection import AlphaPathDisplay, HiddenUnitDisplay, LossCurveDisplay

X, Y = make_moons(200, noise=0.2, random_state=0)
MODEL = ShallowTanhClassifier(3, alpha=0.01, random_state=0).fit(X, Y)
WATCHED = ShallowTanhClassifier(3, alpha=1.0, early_stopping=True, random_state=0).fit(X, Y)
PATH = ShallowTanhClassifierCV(3, alphas=[0.1, 1, 10], random_state=0).fit(X, Y)
SEARCH = GridSearchCV(
    make_pipeline(StandardScaler(), ShallowTanhClassifier(3, alpha=1.0, random_state=0)),
    {"shallowtanhclassifier__alpha": [0.1, 1]},
    cv=2,
)


@pytest.fixture(autouse=True)
def plt():
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def style(line):
    """How a line is drawn."""
    names = ("linestyle", "marker", "zorder", "alpha")
    return [mpl_color(line.get_color()), *(getattr(line, f"get_{name}")() for name in names)]


def run_without_matplotlib(code):
    # None in sys.modules makes an import fail as if the package were not there.
    blocked = f"import sys; sys.modules['matplotlib'] = None\n{code}"
    return subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True)


def test_imports_need_no_matplotlib_and_drawing_says_how_to_get_it():
    assert run_without_matplotlib("import skshallow.inspection").returncode == 0
    code = (
        "from skshallow.inspection import LossCurveDisplay\n"
        "LossCurveDisplay.from_curves([1.0, 0.5])"
    )
    error = run_without_matplotlib(code).stderr
    assert "ImportError: LossCurveDisplay needs matplotlib" in error
    assert 'pip install "skshallow[examples]"' in error


def test_imports_load_no_matplotlib():
    code = "import sys, skshallow, skshallow.inspection; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_examples_in_docstrings():
    attempted = 0
    for display in (AlphaPathDisplay, LossCurveDisplay, HiddenUnitDisplay):
        results = doctest.testmod(sys.modules[display.__module__])
        assert results.failed == 0
        attempted += results.attempted
    assert attempted >= 20


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"units": [True, False]}, ValueError, "units must be whole numbers from 0 to 1"),
        ({"units": [0.0]}, ValueError, "units must be whole numbers"),
        ({"units": [-1]}, ValueError, "units must be whole numbers from 0 to 1"),
        ({"units": [0, 2]}, ValueError, "units must be whole numbers from 0 to 1"),
        ({"n_cols": 0}, ValueError, "n_cols must be at least 1"),
        ({"margin": -1}, ValueError, "margin must not be negative"),
        ({"grid_resolution": 10.0}, TypeError, "grid_resolution must be an int"),
        ({"X": [[0, 1], [np.nan, 2]]}, ValueError, "without missing or infinite values"),
    ],
)
def test_arguments_of_the_hidden_units_that_say_nothing(arguments, error, message):
    coefs, intercepts = [np.eye(2), np.ones((2, 1))], [np.zeros(2), np.zeros(1)]
    arguments = {"X": [[0, 0], [1, 1]]} | arguments
    with pytest.raises(error, match=message):
        HiddenUnitDisplay.from_weights(coefs, intercepts, **arguments)


def test_names_in_an_array_and_scores_that_are_not_defined_at_first():
    names = np.array(["a", "b"])
    display = HiddenUnitDisplay.from_weights(
        [np.eye(2), np.ones((2, 1))], [np.zeros(2), np.zeros(1)], [[0, 0], [1, 1]],
        feature_names=names,
    )  # fmt: skip
    assert display.axes_[0].get_xlabel() == "a"
    curves = LossCurveDisplay.from_curves([3.0, 2.0, 1.0], [np.nan, 0.3, 0.4])
    assert curves.best_iteration_ == 3


# --- LossCurveDisplay


def test_loss_curve_without_validation():
    display = LossCurveDisplay.from_estimator(MODEL)
    [line] = display.lines_
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, MODEL.n_iter_ + 1))
    np.testing.assert_array_equal(line.get_ydata(), MODEL.loss_curve_)
    assert display.best_iteration_ == np.argmin(MODEL.loss_curve_) + 1
    assert display.score_ax_ is None
    assert display.figure_ is display.ax_.figure
    assert texts(display.ax_.get_legend()) == [
        "F, training",
        f"best: iteration {display.best_iteration_}",
    ]


@pytest.mark.parametrize("sign", [1, -1])
def test_loss_curve_with_validation(sign):
    display = LossCurveDisplay.from_estimator(WATCHED, negate_score=sign < 0)
    scores = np.array(WATCHED.validation_scores_)
    np.testing.assert_array_equal(display.lines_[1].get_ydata(), sign * scores)
    assert display.lines_[1].axes is display.score_ax_
    # The iterate that the fit kept.
    assert scores[display.best_iteration_ - 1] == WATCHED.best_validation_score_
    assert display.best_line_.get_xdata()[0] == display.best_iteration_
    expected = "Minus the validation cross-entropy" if sign > 0 else "Validation cross-entropy"
    assert display.score_ax_.get_ylabel() == expected
    assert len(texts(display.score_ax_.get_legend())) == 3
    # Drawn again it is the same picture.
    again = display.plot()
    np.testing.assert_array_equal(again.lines_[1].get_ydata(), sign * scores)
    assert again.score_ax_.get_ylabel() == expected


@pytest.mark.parametrize(
    ("scoring", "plain", "negated"),
    [
        ("accuracy", "Validation accuracy", "Minus the validation accuracy"),
        ("neg_log_loss", "Minus the validation log loss", "Validation log loss"),
        (
            lambda model, X, y: model.score(X, y),
            "Validation score",
            "Minus the validation score",
        ),
    ],
)
def test_scores_are_named_after_scoring(scoring, plain, negated):
    model = ShallowTanhClassifier(
        3, alpha=1.0, early_stopping=True, random_state=0, scoring=scoring
    )
    model.fit(X, Y)
    for negate, name in [(False, plain), (True, negated)]:
        display = LossCurveDisplay.from_estimator(model, negate_score=negate)
        assert display.score_ax_.get_ylabel() == name
    display = LossCurveDisplay.from_estimator(model, score_name="Mine")
    assert display.score_ax_.get_ylabel() == "Mine"


def test_two_loss_curves_share_axes():
    first = LossCurveDisplay.from_estimator(WATCHED, name="first")
    second = LossCurveDisplay.from_estimator(
        WATCHED, name="second", ax=first.ax_, score_ax=first.score_ax_, line_kw={"color": "red"}
    )
    assert second.ax_ is first.ax_
    assert second.score_ax_ is first.score_ax_
    assert {line.get_color() for line in [*second.lines_, second.best_line_]} == {"red"}
    labels = texts(second.score_ax_.get_legend())
    assert len(labels) == 6
    assert "second: F, training" in labels


def test_plot_again_with_other_labels(plt):
    display = LossCurveDisplay.from_curves([3, 2, 1], [0, 2, 1], score_name="Score", name="old")
    _, ax = plt.subplots()
    again = display.plot(ax, score_name="Gain", name="new", mark_best=False)
    assert again is display
    assert display.ax_ is ax
    assert display.best_line_ is None
    assert display.best_iteration_ == 2
    assert texts(display.score_ax_.get_legend()) == ["new: F, training", "new: gain"]


@pytest.mark.parametrize(
    ("display", "network"),
    [
        (LossCurveDisplay, ShallowTanhClassifier(3, alpha=1.0, random_state=0)),
        (HiddenUnitDisplay, ShallowTanhClassifier(3, alpha=1.0, random_state=0)),
        (HiddenUnitDisplay, ShallowTanhClassifierCV(3, alphas=[1.0], cv=2, random_state=0)),
        (AlphaPathDisplay, ShallowTanhClassifierCV(3, alphas=[1.0], cv=2, random_state=0)),
    ],
)
def test_pipelines_and_searches(display, network):
    data = (X,) if display is HiddenUnitDisplay else ()
    pipeline = make_pipeline(StandardScaler(), clone(network))
    search = GridSearchCV(pipeline, {f"{pipeline.steps[1][0]}__n_hidden": [2, 3]}, cv=2)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        display.from_estimator(pipeline, *data)
    display.from_estimator(pipeline.fit(X, Y), *data)
    with pytest.raises(NotFittedError, match="GridSearchCV has no best_estimator_"):
        display.from_estimator(search, *data)
    display.from_estimator(search.fit(X, Y), *data)
    with pytest.raises(TypeError, match="but got LogisticRegression\\."):
        display.from_estimator(LogisticRegression().fit(X, Y), *data)
    other = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    with pytest.raises(TypeError, match="but got Pipeline, which ends in LogisticRegression\\."):
        display.from_estimator(other, *data)


def test_no_iterations_are_no_curve():
    model = ShallowTanhClassifier(3, tol=1e9, random_state=0).fit(X, Y)
    assert model.n_iter_ == 0
    with pytest.raises(ValueError, match="took no iteration"):
        LossCurveDisplay.from_estimator(model)


@pytest.mark.parametrize(
    ("curve", "scores", "message"),
    [
        ([], None, "at least one number"),
        ([[1.0]], None, "at least one number"),
        ([1.0, 2.0], [1.0], "must have the shape of loss_curve"),
    ],
)
def test_wrong_curves(curve, scores, message):
    with pytest.raises(ValueError, match=message):
        LossCurveDisplay.from_curves(curve, scores)


def test_one_iteration_is_a_dot():
    assert LossCurveDisplay.from_curves([1.0]).lines_[0].get_marker() == "o"


@pytest.mark.parametrize("name", [None, "mine"])
def test_what_a_loss_curve_looks_like(name):
    curves = ([3.0, 2.0, 1.0, 0.5], [-4.0, -1.0, -2.0, -3.0])
    display = LossCurveDisplay.from_curves(*curves, negate_score=True, name=name)
    training, scores = display.lines_
    assert style(training) == [mpl_color("C0"), "-", "None", 2, None]
    assert style(scores) == [mpl_color("C1" if name is None else "C0"), "--", "None", 2, None]
    best = "0.45" if name is None else "C0"
    assert style(display.best_line_) == [mpl_color(best), ":", "None", 0.5, None]
    np.testing.assert_array_equal(scores.get_xdata(), [1, 2, 3, 4])
    assert display.ax_.get_xlabel() == "Iteration"
    assert display.ax_.get_ylabel() == "F, the training objective"
    assert display.score_ax_.get_ylabel() == "Validation loss"
    axes = (display.ax_, display.score_ax_)
    colors = [mpl_color(axis.yaxis.label.get_color()) for axis in axes]
    expected = ["C0", "C1"] if name is None else ["black", "black"]
    assert colors == [mpl_color(color) for color in expected]
    before = "" if name is None else "mine: "
    labels = ["F, training", "best: iteration 2", "validation loss"]
    assert texts(display.score_ax_.get_legend()) == [before + label for label in labels]
    assert display.ax_.get_legend() is None
    # F is unseen in the axes of the legend, which keeps clear of it.
    [unseen] = (line for line in display.score_ax_.lines if line is not scores)
    assert (unseen.get_alpha(), unseen.get_transform()) == (0, display.ax_.transData)
    np.testing.assert_array_equal(unseen.get_xydata(), training.get_xydata())
    assert display.ax_.xaxis.get_major_locator()._integer
    assert display.figure_.get_layout_engine() is not None


def test_what_is_given_for_a_loss_curve_is_taken(plt):
    _, axis = plt.subplots()
    display = LossCurveDisplay.from_curves(
        [3.0, 2.0], [1.0, 2.0], ax=axis, line_kw={"marker": "x"}, score_kw={"marker": "s"},
        best_kw={"color": "C7", "label": "here"},
    )  # fmt: skip
    assert display.ax_ is axis
    assert [line.get_marker() for line in display.lines_] == ["x", "s"]
    assert display.best_line_.get_color() == "C7"
    assert display.score_ax_.get_ylabel() == "Validation score"
    assert texts(display.score_ax_.get_legend()) == ["F, training", "here", "validation score"]
    assert not axis.xaxis.get_major_locator()._integer


# --- HiddenUnitDisplay


def test_what_units_look_like():
    from matplotlib.colors import to_hex

    points, classes = np.array([[0.0, 0.0], [1.0, 2.0], [0.5, 0.5]]), ["b", "a", "b"]
    weights = np.array([[1.0, 2.0, 3.0, -4.0]] * 2)
    display = HiddenUnitDisplay.from_weights([np.eye(2), weights], [[0, 0], [0] * 4], points,
                                             y=classes)  # fmt: skip
    assert display.xx0.shape == (100, 100)
    assert [display.xx0.min(), display.xx0.max()] == pytest.approx([-0.1, 1.1])
    assert [display.xx1.min(), display.xx1.max()] == pytest.approx([-0.2, 2.2])
    surface = display.surfaces_[0]
    assert (surface.get_cmap().name, surface.get_clim()) == ("PuOr_r", (-1.6, 1.6))
    assert (surface.get_alpha(), surface.get_rasterized()) == (0.5, True)
    line = display.zero_lines_[0]
    assert (line.colors, line.get_linewidth().tolist(), line.levels) == ("black", [1.2], [0])
    first, second = display.points_[0]
    assert [some.get_label() for some in (first, second)] == ["a", "b"]
    assert [to_hex(some.get_facecolor()[0]) for some in (first, second)] == ["#2166ac", "#b2182b"]
    assert [to_hex(some.get_edgecolor()[0]) for some in (first, second)] == ["#ffffff"] * 2
    assert [some.get_sizes().tolist() for some in (first, second)] == [[10], [10]]
    assert [some.get_linewidth().tolist() for some in (first, second)] == [[0.4], [0.4]]
    assert len(first.get_paths()[0].vertices) != len(second.get_paths()[0].vertices)
    title = display.axes_[0].title
    assert title.get_text() == ("Unit 0\noutput weights +1.00, +2.00, +3.00, ...")
    colorbar = display.colorbar_
    assert colorbar.ax.get_ylabel() == "tanh(x W1 + b1)"
    assert (colorbar.get_ticks().tolist(), colorbar.ax.get_ylim()) == ([-1, 0, 1], (-1, 1))
    assert display.figure_.get_size_inches().tolist() == pytest.approx([6.4, 3.1])
    assert display.figure_.get_layout_engine() is not None
    sizes = [axis.title.get_fontsize() for axis in (display.axes_[0], one_output().axes_[0])]
    assert sizes[0] < sizes[1]


def one_output(**arguments):
    """Five units with an output weight each, around two points."""
    coefs, intercepts = [np.ones((2, 5)), -np.ones((5, 1))], [np.zeros(5), np.zeros(1)]
    return HiddenUnitDisplay.from_weights(coefs, intercepts, [[0, 0], [1, 1]], **arguments)


def test_units_in_rows_and_points_of_no_class():
    display = one_output()
    assert display.axes_[0].get_title() == "Unit 0\noutput weight \N{MINUS SIGN}1.00"
    assert display.figure_.get_size_inches().tolist() == pytest.approx([11.6, 5.9])
    assert [axis.get_ylabel() for axis in display.axes_] == ["$x_2$", "", "", "", "$x_2$"]
    [points] = display.points_[0]
    assert points.get_facecolor()[0].tolist() == pytest.approx([0.2, 0.2, 0.2, 1])
    assert points.get_sizes().tolist() == [10]
    two = one_output(n_cols=2, scatter_kw={"s": 3}, surface_kw={"cmap": "gray"},
                     zero_line_kw={"colors": "red"})  # fmt: skip
    assert two.figure_.get_size_inches().tolist() == pytest.approx([6.4, 8.7])
    # The last of each column has numbers and a name at its lower edge.
    lowest = [axis.xaxis.get_major_ticks()[0].label1.get_visible() for axis in two.axes_]
    assert lowest == [False, False, False, True, True]
    assert [axis.get_xlabel() for axis in two.axes_] == ["", "", "", "$x_1$", "$x_1$"]
    assert two.points_[0][0].get_sizes().tolist() == [3]
    assert two.surfaces_[0].get_cmap().name == "gray"
    assert two.zero_lines_[0].colors == "red"
    # They share their axes.
    two.axes_[0].set(xlim=(0, 7), ylim=(0, 8))
    assert (two.axes_[3].get_xlim(), two.axes_[3].get_ylim()) == ((0, 7), (0, 8))


def test_units_of_weights_on_axes_that_are_given(plt):
    _, axes = plt.subplots(5)
    display = one_output(ax=axes, margin=0.5, grid_resolution=7)
    assert list(display.axes_) == list(axes)
    assert [axis.get_xlabel() for axis in axes] == ["$x_1$"] * 5
    assert [axis.get_ylabel() for axis in axes] == ["$x_2$"] * 5
    assert display.xx0.shape == (7, 7)
    assert [display.xx0.min(), display.xx0.max()] == [-0.5, 1.5]


def test_many_classes_share_colours_but_no_pair_of_colour_and_marker():
    rng = np.random.default_rng(0)
    points, classes = rng.standard_normal((40, 2)), np.repeat(np.arange(20), 2)
    display = HiddenUnitDisplay.from_weights(
        [np.eye(2), np.ones((2, 1))], [np.zeros(2), np.zeros(1)], points, y=classes
    )
    looks = {
        (tuple(some.get_facecolor()[0]), some.get_paths()[0].vertices.tobytes())
        for some in display.points_[0]
    }
    assert len(looks) == 10


def test_units_are_the_formula():
    display = HiddenUnitDisplay.from_estimator(MODEL, X, y=Y, grid_resolution=20)
    (W1, W2), (b1, _) = MODEL.coefs_, MODEL.intercepts_
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    H = np.tanh(grid @ W1 + b1)
    np.testing.assert_allclose(display.activations.reshape(3, -1).T, H)
    for j, surface in enumerate(display.surfaces_):
        np.testing.assert_allclose(surface.get_array().ravel(), H[:, j])
        title = display.axes_[j].get_title().replace("\N{MINUS SIGN}", "-")
        assert title == f"Unit {j}\noutput weight {W2[j, 0]:+.2f}"
    np.testing.assert_array_equal(display.output_weights, W2)
    assert len(display.axes_) == 3
    assert len(display.figure_.axes) == 4  # with the key of the colours


def test_the_line_is_where_the_unit_is_zero():
    display = HiddenUnitDisplay.from_estimator(MODEL, X, grid_resolution=200)
    (W1, _), (b1, _) = MODEL.coefs_, MODEL.intercepts_
    for j, line in enumerate(display.zero_lines_):
        points = np.concatenate([path.vertices for path in line.get_paths()])
        assert len(points) > 0
        np.testing.assert_allclose(np.tanh(points @ W1[:, j] + b1[j]), 0, atol=1e-2)


def test_a_unit_that_is_zero_nowhere_has_no_line():
    coefs, limits = [[[1.0], [1.0]], [[1.0]]], [(-1, 1), (-1, 1)]
    display = HiddenUnitDisplay.from_weights(coefs, [[5.0], [0.0]], limits=limits)
    assert display.zero_lines_ == [None]


def test_points_by_class_and_without():
    display = HiddenUnitDisplay.from_estimator(MODEL, X, y=Y)
    for points in display.points_:
        for label, some in enumerate(points):
            np.testing.assert_array_equal(some.get_offsets(), X[label == Y])
    display = HiddenUnitDisplay.from_estimator(MODEL, X, scatter_kw={"s": 3})
    assert [len(points) for points in display.points_] == [1, 1, 1]
    display = HiddenUnitDisplay.from_weights(
        MODEL.coefs_, MODEL.intercepts_, limits=[(-1, 2), (-3, 4)]
    )
    assert display.points_ == [[], [], []]
    assert display.axes_[0].get_xlim() == pytest.approx((-1, 2), abs=0.05)
    assert display.axes_[0].get_ylim() == pytest.approx((-3, 4), abs=0.05)


def test_a_pipeline_is_drawn_over_its_own_features():
    pipeline = make_pipeline(
        PolynomialFeatures(2, include_bias=False),
        ShallowTanhClassifier(2, alpha=1.0, random_state=0),
    ).fit(X, Y)
    display = HiddenUnitDisplay.from_estimator(pipeline, X, grid_resolution=10)
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    (W1, _), (b1, _) = pipeline[-1].coefs_, pipeline[-1].intercepts_
    H = np.tanh(pipeline[:-1].transform(grid) @ W1 + b1)
    np.testing.assert_allclose(display.activations.reshape(2, -1).T, H)


def test_pipelines_in_pipelines_transform_in_their_order():
    inner = make_pipeline(
        PolynomialFeatures(2, include_bias=False),
        ShallowTanhClassifier(2, alpha=1.0, random_state=0),
    )
    pipeline = make_pipeline(StandardScaler(), inner).fit(5 * X + 3, Y)
    display = HiddenUnitDisplay.from_estimator(pipeline, 5 * X + 3, grid_resolution=10)
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    (W1, _), (b1, _) = inner[-1].coefs_, inner[-1].intercepts_
    H = np.tanh(inner[:-1].transform(pipeline[:-1].transform(grid)) @ W1 + b1)
    np.testing.assert_allclose(display.activations.reshape(2, -1).T, H)


def test_units_are_drawn_in_the_order_that_is_asked_for():
    whole = HiddenUnitDisplay.from_estimator(MODEL, X, grid_resolution=10)
    display = HiddenUnitDisplay.from_estimator(MODEL, X, units=[2, 0], grid_resolution=10)
    np.testing.assert_array_equal(display.units, [2, 0])
    np.testing.assert_array_equal(display.activations, whole.activations[[2, 0]])
    np.testing.assert_array_equal(display.output_weights, MODEL.coefs_[1][[2, 0]])
    titles = [axis.get_title() for axis in whole.axes_]
    assert [axis.get_title() for axis in display.axes_] == [titles[2], titles[0]]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_data_frames_name_the_axes(frame):
    named = frame({"width": X[:, 0], "height": X[:, 1]})
    pipeline = make_pipeline(StandardScaler(), ShallowTanhClassifier(2, alpha=1.0, random_state=0))
    for model in (ShallowTanhClassifier(2, alpha=1.0, random_state=0), pipeline):
        display = HiddenUnitDisplay.from_estimator(model.fit(named, Y), named)
        assert [axis.get_xlabel() for axis in display.axes_] == ["width", "width"]
        assert [axis.get_ylabel() for axis in display.axes_] == ["height", ""]
    display = HiddenUnitDisplay.from_estimator(model, named, feature_names=["a", "b"])
    assert display.axes_[1].get_xlabel() == "a"


def test_many_classes_and_units():
    iris = load_iris()
    model = ShallowTanhClassifier(6, alpha=1.0, random_state=0).fit(iris.data[:, 2:], iris.target)
    display = HiddenUnitDisplay.from_estimator(
        model, iris.data[:, 2:], y=iris.target_names[iris.target], units=[4, 1, 0, 3, 5]
    )
    np.testing.assert_array_equal(display.output_weights, model.coefs_[1][[4, 1, 0, 3, 5]])
    assert display.axes_[0].get_title().startswith("Unit 4\noutput weights ")
    assert display.axes_[0].get_title().count(", ") == 2
    assert len(display.figure_.axes) == 6  # five units in two rows, and the key
    # The lowest of each column are labelled, the fourth of the first row among them.
    assert [axis.get_xlabel() for axis in display.axes_] == ["", "$x_1$", "$x_1$", "$x_1$", "$x_1$"]
    assert [points.get_label() for points in display.points_[0]] == list(iris.target_names)


def test_given_axes(plt):
    _, axes = plt.subplots(2, 2)
    display = HiddenUnitDisplay.from_estimator(MODEL, X, ax=axes)
    assert list(display.axes_) == list(axes.ravel()[:3])
    _, axis = plt.subplots()
    assert HiddenUnitDisplay.from_estimator(MODEL, X, units=1, ax=axis).axes_[0] is axis
    with pytest.raises(ValueError, match="ax holds 1 axes, but there are 3 units"):
        HiddenUnitDisplay.from_estimator(MODEL, X, ax=axis)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": X[:, :1]}, "needs X of shape \\(n_samples, 2\\)"),
        ({"X": X[:0]}, "needs X of shape"),
        ({"y": Y[1:]}, "y must be a class for each row of X"),
        ({"y": Y, "X": None, "limits": [(0, 1), (0, 1)]}, "there is no X"),
        ({"X": None}, "Give X or limits"),
        ({"limits": [(0, 1), (1, 0)]}, "limits must be the least and the greatest"),
        ({"units": [3]}, "units must be whole numbers from 0 to 2"),
        ({"units": []}, "units must be whole numbers"),
        ({"grid_resolution": 1}, "grid_resolution must be at least 2"),
        ({"feature_names": ["a"]}, "feature_names must be two names"),
        ({"coefs": [np.ones((2, 3)), np.ones((4, 1))]}, "coefs must be W1 of shape"),
        ({"coefs": [np.ones((2, 3)), np.ones(3)]}, "coefs must be W1 of shape"),
        ({"coefs": [np.ones((2, 3, 1)), np.ones((3, 1))]}, "coefs must be W1 of shape"),
        ({"coefs": [np.ones((5, 3)), np.ones((3, 1))]}, "but the network has 5"),
    ],
)
def test_wrong_arguments(arguments, message):
    valid = {"coefs": MODEL.coefs_, "intercepts": MODEL.intercepts_, "X": X}
    with pytest.raises(ValueError, match=message):
        HiddenUnitDisplay.from_weights(**{**valid, **arguments})


def test_weights_are_numbers_of_any_kind():
    weights = [np.eye(2).astype(object), [["1"], ["2"]]]
    display = HiddenUnitDisplay.from_weights(weights, [["0", "0"], [0]], [[0, 0], [1, 1]])
    expected = HiddenUnitDisplay.from_weights([np.eye(2), [[1], [2]]], [[0, 0], [0]], display.X)
    np.testing.assert_array_equal(display.activations, expected.activations)
    np.testing.assert_array_equal(display.output_weights, expected.output_weights)


def test_a_constant_feature_gets_some_width():
    flat = np.column_stack([X[:, 0], np.ones(len(X))])
    display = HiddenUnitDisplay.from_weights(MODEL.coefs_, MODEL.intercepts_, flat)
    assert (display.xx1.min(), display.xx1.max()) == (0, 2)


# --- AlphaPathDisplay


@pytest.mark.parametrize("sign", [1, -1])
def test_path(sign):
    display = AlphaPathDisplay.from_estimator(PATH, negate_score=sign < 0)
    np.testing.assert_array_equal(display.line_.get_xdata(), PATH.alphas_)
    mean, deviation = sign * PATH.scores_.mean(axis=1), PATH.scores_.std(axis=1)
    np.testing.assert_array_equal(display.line_.get_ydata(), mean)
    [area] = display.fill_between_.get_paths()
    for edge in (mean - deviation, mean + deviation):
        assert set(edge) < set(area.vertices[:, 1])
    assert set(display.stack_line_.get_ydata()) == {sign * PATH.best_score_}
    assert set(display.prior_line_.get_ydata()) == {sign * PATH.prior_score_}
    assert [bar.get_height() for bar in display.bars_] == PATH.stack_weights_.tolist()
    assert [bar.get_center()[0] for bar in display.bars_] == pytest.approx(PATH.alphas_)
    assert display.ax_.get_xscale() == "log"
    name = "Held-out log loss" if sign < 0 else "Minus the held-out log loss"
    assert display.ax_.get_ylabel() == name
    assert texts(display.ax_.get_legend()) == [
        "mean over the folds and deviation",
        f"kept: {sign * PATH.best_score_:.3g}",
        f"class shares: {sign * PATH.prior_score_:.3g}",
    ]


def test_path_on_axes_that_are_given(plt):
    figure, (upper, lower) = plt.subplots(2, sharex=True)
    display = AlphaPathDisplay.from_estimator(
        PATH, ax=upper, weight_ax=lower, std_display_style="errorbar", score_name="Score",
        line_kw={"color": "C3"}, errorbar_kw={"capsize": 2}, bar_kw={"color": "C4"},
        stack_kw={"color": "C5"}, prior_kw={"color": "C6"},
    )  # fmt: skip
    assert display.figure_ is figure
    assert display.ax_ is upper
    assert display.weight_ax_ is lower
    assert display.fill_between_ is None
    assert len(display.errorbar_.lines[1]) == 2
    assert display.line_.get_color() == "C3"
    assert display.bars_.patches[0].get_facecolor()[:3] == mpl_color("C4")
    assert display.stack_line_.get_color() == "C5"
    assert display.prior_line_.get_color() == "C6"
    assert upper.get_ylabel() == "Score"
    assert display.plot(std_display_style=None).errorbar_ is None


def test_what_a_path_looks_like():
    parts = {"alphas": np.array([1.0, 10.0]), "scores": np.array([[-0.1, -0.2], [-0.2, -0.3]])}
    rest = {"stack_weights": np.array([0.5, 0.25]), "best_score": -0.12, "prior_score": -0.3}
    display = AlphaPathDisplay(**parts, **rest).plot()
    assert style(display.line_) == [mpl_color("C0"), "-", "o", 2, None]
    area = display.fill_between_
    assert (area.get_alpha(), area.get_linewidth().tolist()) == (0.2, [0])
    assert tuple(area.get_facecolor()[0]) == pytest.approx((*mpl_color("C0"), 0.2))
    assert style(display.stack_line_) == [mpl_color("black"), "--", "None", 2, None]
    assert style(display.prior_line_) == [mpl_color("0.45"), ":", "None", 2, None]
    assert display.ax_.get_xlabel() == "alpha"
    assert display.ax_.get_ylabel() == "Held-out score"
    assert display.figure_.get_layout_engine() is not None
    lower = display.weight_ax_
    assert lower.get_ylabel() == "Weight in the stack"
    assert lower.yaxis.label.get_position()[1] == 0  # at the foot, where the bars are
    assert [bar.get_width() for bar in display.bars_] == pytest.approx([0.35, 3.5])
    assert tuple(display.bars_[0].get_facecolor()) == pytest.approx((*mpl_color("C1"), 0.6))
    # The bars take the lower fifth, below the scores.
    assert lower.get_ylim() == pytest.approx((0, 2.5))
    assert lower.get_yticks().tolist() == [0, 0.5]
    assert [label.get_text() for label in lower.get_yticklabels()] == ["0", "0.5"]
    alone = AlphaPathDisplay(**parts, best_score=-0.12).plot().ax_
    low, high = alone.get_ylim()
    assert display.ax_.get_ylim() == pytest.approx((low - (high - low) / 4, high))
    ticks = [tick for tick in alone.get_yticks() if low <= tick <= high]
    assert display.ax_.get_yticks().tolist() == ticks
    # The legend keeps clear of the bars.
    [unseen] = (line for line in display.ax_.lines if line.get_alpha() == 0)
    assert unseen.get_transform() is lower.transData
    assert unseen.get_xdata().tolist() == [1, 1, 1, 10, 10, 10]
    assert unseen.get_ydata().tolist() == [0, 0.5, 0, 0, 0.25, 0]
    assert display.ax_.get_zorder() == lower.get_zorder() + 1
    assert not display.ax_.patch.get_visible()


def test_a_path_with_losses_bars_and_styles(plt):
    parts = {"alphas": np.array([1.0, 10.0]), "scores": np.array([[-0.1, -0.2], [-0.2, -0.3]])}
    weights = {"stack_weights": np.array([0.0, 0.0])}
    display = AlphaPathDisplay(**parts, **weights, negate_score=True).plot(
        std_display_style="errorbar"
    )
    assert display.ax_.get_ylabel() == "Held-out loss"
    assert display.weight_ax_.get_yticks().tolist() == [0, 1]
    assert tuple(display.errorbar_.lines[2][0].get_color()[0][:3]) == mpl_color("C0")
    assert display.errorbar_.lines[0] is None
    assert style(display.line_)[2] == "o"
    _, (axis, lower) = plt.subplots(2)
    display.plot(axis, weight_ax=lower, fill_between_kw={"alpha": 0.5})
    assert display.fill_between_.get_alpha() == 0.5
    assert (lower.get_xlabel(), lower.get_xscale()) == ("alpha", "log")
    assert axis.get_zorder() == lower.get_zorder()
    display.plot(std_display_style=None)
    assert texts(display.ax_.get_legend()) == ["mean over the folds"]


def mpl_color(name):
    from matplotlib.colors import to_rgb

    return to_rgb(name)


def test_the_class_shares_do_not_flatten_the_path(plt):
    axis = plt.subplots()[1]
    parts = {"alphas": np.array([1.0, 10.0]), "scores": np.array([[-0.1, -0.2], [-0.2, -0.3]])}
    AlphaPathDisplay(**parts).plot(axis)
    alone = axis.get_ylim()
    far = AlphaPathDisplay(**parts, prior_score=-9.0).plot()
    assert far.ax_.get_ylim() == alone
    assert far.weight_ax_ is far.bars_ is far.stack_line_ is None


@pytest.mark.parametrize(("alphas", "scale"), [([0.0, 1.0], "symlog"), ([0.0], "linear")])
def test_path_from_alpha_zero(alphas, scale):
    model = ShallowTanhClassifierCV(
        2,
        alphas=alphas,
        cv=2,
        combine="best",
        scoring="accuracy",
        max_iter=20,
        tol=1,
        random_state=0,
    )
    display = AlphaPathDisplay.from_estimator(model.fit(X, Y))
    assert display.ax_.get_xscale() == scale
    assert display.ax_.get_ylabel() == "Held-out accuracy"
    display.figure_.canvas.draw()


def test_std_display_style():
    with pytest.raises(ValueError, match="must be 'fill_between', 'errorbar' or None, but got 7"):
        AlphaPathDisplay.from_estimator(PATH, std_display_style=7)
