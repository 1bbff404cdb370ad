"""README's Python runs, and its claims about files hold."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_python_blocks_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 4
    names = {}
    for block in blocks:
        exec(block, names)
    assert float(capsys.readouterr().out) == pytest.approx(0.085, abs=0.005)
    assert names["scaled"].score(names["X"], names["y"]) > 0.95
    assert names["stream"].score(names["X"], names["y"]) > 0.9
    table = pd.DataFrame(
        {"age": [30, 40, 50, 60], "income": [1, 2, 3, 5], "town": ["A", "B", "A", "C"]}
    )
    # The default alpha, for tables of hundreds of rows, lets four say nothing.
    mixed = names["mixed"].set_params(shallowtanhclassifier__alpha=1.0)
    mixed.fit(table, ["no", "no", "yes", "yes"])
    assert mixed.score(table, ["no", "no", "yes", "yes"]) == 1


def test_named_files_exist():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README) + re.findall(
        r"`((?:skshallow|benchmarks)/[\w/]+\.py)`", README
    ):
        assert (ROOT / target).exists(), target
