"""The design page: its examples run, its files exist, its constants are the code's."""

import importlib
import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import test_losses
import test_solvers
from oracle import KINDS

from skshallow import _backprop
from skshallow._losses import LOSSES
from skshallow._solvers import SOLVERS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text()


@pytest.fixture(scope="module")
def names():
    """What the page's examples define; they add to the registries, for this module alone."""
    found = {}
    with mock.patch.dict(SOLVERS), mock.patch.dict(LOSSES):
        for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S):
            exec(block, found)
        yield found


def test_examples_run(names):
    assert "steepest" in SOLVERS
    assert "network" in names


@pytest.mark.parametrize(
    "test",
    [
        test_solvers.test_finds_the_minimum_of_a_quadratic,
        test_solvers.test_says_that_it_reached_max_iter,
        test_solvers.test_stops_when_the_callback_asks_for_it,
        test_solvers.test_starting_at_the_minimum_takes_no_iteration,
        test_solvers.test_steps_shrink_where_the_objective_is_not_a_number,
    ],
)
def test_the_solver_passes_the_tests_of_the_registry(names, test):
    test("steepest")


@pytest.mark.parametrize("kind", KINDS)
def test_the_solver_runs_starts_side_by_side(names, kind):
    test_solvers.test_starts_side_by_side_end_where_they_do_alone("steepest", kind)


def test_the_loss_passes_the_tests_of_the_registry(names):
    with mock.patch.dict(LOSSES, logistic=names["SmoothedSigmoidLoss"](0.1)):
        test_losses.test_second_derivative_and_its_factors_equal_finite_differences("logistic")
        test_losses.test_networks_side_by_side_have_the_losses_they_have_alone("logistic")
        test_losses.test_probabilities_and_their_logarithms_agree("logistic")


def test_a_loss_without_smoothing_is_the_sigmoids(names):
    Z, codes = np.linspace(-5, 5, 11)[None], np.arange(11) % 2
    results = []
    for loss in (names["SmoothedSigmoidLoss"](0), LOSSES["logistic"]):
        G = np.empty_like(Z)
        results.append((loss.loss_gradient(Z.copy(), loss.encode(codes, float), 1.0, G), G))
    np.testing.assert_allclose(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-15)


def test_rows_in_pieces_are_the_rows_in_one(names):
    X, y, layout, loss = (names[name] for name in ("X", "y", "layout", "loss"))
    rows, thetas = names["rows"], np.random.default_rng(0).standard_normal((2, layout.size))
    whole = names["RowBlocks"](X, loss.encode(y, float), np.ones(len(y)), layout, float)
    square = (1 + layout.size,) * 2
    for kernel, options, keywords in (
        (_backprop.loss_gradient, (), {}),
        (_backprop.hessp, (False,), {"along": thetas[::-1]}),
        (_backprop.loss_gradient_hessian, (False,), {"shape": square}),
    ):
        got, expected = (
            each.reduce(kernel, thetas, loss, *options, **keywords) for each in (rows, whole)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)
    indices = np.random.default_rng(1).integers(0, len(y), 60)
    got, expected = (
        each.reduce_batch(_backprop.loss_gradient, thetas, indices, loss) for each in (rows, whole)
    )
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("solver", ["newton", "adam"])
def test_solvers_take_rows_in_pieces(names, solver):
    objective, start = names["objective"], names["start"]
    result, path = test_solvers.solve(solver, objective, start, max_iter=10, batch_size=50)
    assert len(path) == result.nit > 0
    assert result.fun < 0.5 * objective.loss_gradient(start)[0]


def test_every_file_has_a_room():
    rooms = re.findall(r"^\| `([\w/]+\.py)` \|", PAGE, re.M)
    package = ROOT / "skshallow"
    files = [path.relative_to(package).as_posix() for path in package.rglob("*.py")]
    assert sorted(rooms) == sorted(files)


def test_named_files_exist():
    named = re.findall(r"`((?:skshallow|benchmarks|tests)/[\w/]+\.py)`", PAGE)
    assert named
    for name in set(named) - {"skshallow/_solvers/_steepest.py"}:
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / name).exists(), name


def test_constants_are_those_of_the_code():
    constants = re.findall(r"^\| `([\w.]+)\.(\w+)` \| ([\d_*e-]+) \|", PAGE, re.M)
    assert len(constants) == 15
    for module, name, value in constants:
        code = importlib.import_module(f"skshallow.{module}")
        assert getattr(code, name) == eval(value), name
