"""The design page: its examples run, its files exist, its constants are the code's."""

import ast
import importlib
import re
import sys
from contextlib import chdir
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import pytest
import test_losses
import test_solvers
from oracle import KINDS

from skshallow import _backprop, _hessian
from skshallow._backprop import Networks
from skshallow._objective import Objective
from skshallow._outputs import LOSSES
from skshallow._solvers import SOLVERS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "design.md").read_text()


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What the page's examples define; they add to the registries, for this module alone."""
    module = ModuleType("design")  # dataclasses look for the module of their class
    found, folder = vars(module), tmp_path_factory.mktemp("design")
    registries = mock.patch.dict(SOLVERS), mock.patch.dict(LOSSES)
    with registries[0], registries[1], mock.patch.dict(sys.modules, design=module):
        with chdir(folder):
            for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S):
                exec(block, found)
        yield found


def test_examples_run(names):
    assert "steepest" in SOLVERS
    assert "network" in names
    assert [file.n_samples for file in names["rows"].files] == [40, 60, 50]


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
    Z, codes, w = np.linspace(-5, 5, 11)[None, None], np.arange(11) % 2, np.ones((1, 11))
    results = []
    for loss in (names["SmoothedSigmoidLoss"](0), LOSSES["logistic"]):
        G = np.empty_like(Z)
        results.append((loss.loss_gradient(Z.copy(), loss.encode(codes), w, G), G))
    np.testing.assert_allclose(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-15)


@pytest.fixture
def whole(names):
    """The rows of the page's files in one array."""
    X, y, loss = (names[name] for name in ("X", "y", "loss"))
    rows = names["RowBlocks"](X, loss.encode(y), np.ones(len(y)))
    return rows.standardised(names["scaling"])


def networks_of(names, weighted=False):
    """Two networks, perhaps with weights of their own."""
    rng, layout, n_samples = np.random.default_rng(0), names["layout"], len(names["y"])
    thetas, directions = rng.standard_normal((2, 2, layout.size))
    weights = rng.uniform(0, 2, (2, n_samples)) if weighted else None
    return Networks(layout, thetas, names["loss"], directions, weights)


@pytest.mark.parametrize("weighted", [False, True])
def test_rows_in_files_have_the_sums_of_rows_in_an_array(names, whole, weighted):
    rows, networks = names["rows"], networks_of(names, weighted)
    square = (1 + networks.layout.size,) * 2
    for kernel, options, shape in (
        (_backprop.loss_gradient, (), None),
        (_backprop.hessp, (False,), None),
        (_hessian.loss_gradient_hessian, (False,), square),
    ):
        got, expected = (
            each.reduce(kernel, networks, *options, shape=shape) for each in (rows, whole)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)
    indices = np.random.default_rng(1).integers(0, rows.n_samples, 60)
    for some in (indices, indices[indices < 40]):
        got, expected = (
            each.reduce_batch(_backprop.loss_gradient, networks, some) for each in (rows, whole)
        )
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)


def test_rows_in_files_give_what_a_kernel_gives_for_each_row(names, whole):
    layout = names["layout"]
    networks = Networks(layout, names["start"][None])
    got, expected = (
        each.map_rows(_backprop.logits, networks, shape=(layout.n_outputs,))
        for each in (names["rows"], whole)
    )
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_rows_in_files_in_float32(names, whole):
    rows, networks = names["rows"].as_float32(), networks_of(names)
    assert rows.dtype == np.float32
    assert rows.as_float32() is None
    got, expected = (
        each.reduce(_backprop.loss_gradient, networks) for each in (rows, whole.as_float32())
    )
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
    assert rows.n_together(networks.layout) >= whole.n_together(networks.layout)


@pytest.mark.parametrize("solver", ["newton", "adam"])
def test_solvers_take_rows_in_files(names, solver):
    objective, start = names["objective"], names["start"]
    result, path = test_solvers.solve(solver, objective, start, max_iter=10, batch_size=50)
    assert len(path) == result.n_iter > 0
    assert result.value < 0.5 * objective.loss_gradient(start)[0]


def test_rows_in_files_serve_problems_with_weights_of_their_own(names, whole):
    networks = networks_of(names, weighted=True)
    totals = networks.weights.sum(axis=1)
    alphas = np.array([0.1, 10.0])
    got, expected = (
        Objective(each, networks.layout, names["loss"], alphas, totals, networks.weights)
        .take([1, 0])
        .loss_gradient(networks.thetas[::-1])
        for each in (names["rows"], whole)
    )
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def test_every_file_has_a_room():
    rooms = re.findall(r"^\| `([\w/]+\.py)` \|", PAGE, re.M)
    package = ROOT / "skshallow"
    files = [path.relative_to(package).as_posix() for path in package.rglob("*.py")]
    assert sorted(rooms) == sorted(files)


def test_named_files_exist():
    named = re.findall(r"`((?:skshallow|benchmarks|tests)/[\w/]+\.py)`", PAGE)
    assert named
    new = {"skshallow/_solvers/_steepest.py", "skshallow/_npy_rows.py"}  # of the examples
    for name in set(named) - new:
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\((?!http)([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / name).exists(), name


def test_constants_are_those_of_the_code():
    """The table has every number that is a constant of a file, with its value."""
    table = dict(re.findall(r"^\| `(\w[\w.]+\.\w+)` \| ([\d_*.e-]+) \|", PAGE, re.M))
    constants = {}
    for path in (ROOT / "skshallow").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for statement in ast.parse(path.read_text()).body:
            for node in ast.walk(statement) if isinstance(statement, ast.Assign) else ():
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    value = getattr(importlib.import_module(name), node.id)
                    if isinstance(value, int | float) and node.id != "_EPS":
                        constants[f"{name.removeprefix('skshallow.')}.{node.id}"] = value
    assert constants == {name: eval(value) for name, value in table.items()}
