"""README's Python runs, and its claims about files hold."""

import re
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_python_blocks_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    names = {}
    for block in blocks:
        exec(block, names)
    assert float(capsys.readouterr().out) > -0.1
    np.testing.assert_allclose(
        names["logits"].ravel(), names["network"].decision_function(names["X"]), rtol=1e-10
    )


def test_named_files_exist():
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README) + re.findall(
        r"`((?:skshallow|benchmarks)/[\w/]+\.py)`", README
    ):
        assert (ROOT / target).exists(), target
