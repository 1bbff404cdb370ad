"""The derivation's programs run, and the lines it quotes stand in the functions it names."""

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "derivation.md").read_text()
BLOCKS = re.findall(r"(?:^`(skshallow\.[\w.]+)`:\n\n)?^```python\n(.*?)^```$", PAGE, re.M | re.S)
QUOTES = [(name, code) for name, code in BLOCKS if name]


def find(name):
    """The object of a dotted name."""
    parts = name.split(".")
    for k in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:k]))
        except ModuleNotFoundError:
            continue
        for part in parts[k:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize(("name", "code"), QUOTES, ids=[name for name, _ in QUOTES])
def test_quoted_lines_stand_in_the_function_in_this_order(name, code):
    lines = iter([line.strip() for line in inspect.getsource(find(name)).splitlines()])
    for quoted in code.strip().splitlines():
        assert quoted.strip() in lines, f"{name} has no line (further down): {quoted}"


def test_what_holds_the_equations_is_quoted():
    kernels = {f"skshallow._backprop.{name}" for name in ("forward", "backward", "hessp")}
    kernels |= {
        f"skshallow._hessian.{name}"
        for name in ("loss_gradient_hessian", "_add_gauss_newton_part", "_add_residual_part")
    }
    losses = {
        f"skshallow._losses.{loss}.{verb}"
        for loss in ("SigmoidLoss", "SoftmaxLoss")
        for verb in ("loss_gradient", "hessp", "curvature_factors")
    }
    assert kernels | losses <= {name for name, _ in QUOTES}


def test_programs_run_and_agree_with_the_package():
    programs = [code for name, code in BLOCKS if not name]
    assert len(programs) == 3
    names = {}
    for code in programs:
        assert "assert" in code
        exec(code, names)
    # The page's Hessian, by differences of the page's own gradient.
    objective, theta = names["objective"], names["theta"]
    step = 1e-6 * names["along"]
    up, down = (objective.loss_gradient(theta + sign * step)[1] for sign in (1, -1))
    expected = (up - down) / 2e-6 * names["w"].sum()
    np.testing.assert_allclose(names["product"], expected, rtol=1e-6, atol=1e-6)


def test_equations_are_numbered_in_order_and_those_referred_to_exist():
    tags = [int(number) for number in re.findall(r"\\tag\{(\d+)\}", PAGE)]
    assert tags == list(range(1, len(tags) + 1))
    text = re.sub(r"\$\$.*?\$\$|```.*?```|\$[^$]*\$", "", PAGE, flags=re.S)
    referred = {int(number) for number in re.findall(r"\((\d+)\)", text)}
    assert referred <= set(tags)
    in_code = {
        int(n)
        for code in re.findall(r"```.*?```", PAGE, re.S)
        for n in re.findall(r"# \((\d+)\)", code)
    }
    assert in_code <= set(tags)


def test_every_error_of_the_notes_has_its_row():
    rows = re.findall(r"^\| (\d) \| (.*?) \| (.*?) \| (.*) \|$", PAGE, re.M)
    assert [int(row[0]) for row in rows] == list(range(1, 10))
