"""The code of the documentation runs, and its links and names hold."""

import re
import tomllib
from pathlib import Path

import pytest

import skshallow.inspection
from skshallow import ShallowTanhClassifier
from skshallow._base import DOCUMENTATION

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
# Pages whose code has a module of tests for itself.
OTHERS = {path.stem.removeprefix("test_docs_") for path in ROOT.glob("tests/test_docs_*.py")}
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, language):
    """(line, text) of a page's blocks of code."""
    text = page.read_text()
    return [
        (text.count("\n", 0, match.start(2)), match[2])
        for match in FENCE.finditer(text)
        if match[1] == language
    ]


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if blocks(page, "python") and page.stem not in OTHERS],
    ids=lambda page: page.stem,
)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem}
    for line, block in blocks(page, "python"):
        # The empty lines make a traceback name the line of the page.
        exec(compile("\n" * line + block, page, "exec"), names)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_no_other_code(page):
    """Whatever is not run or checked elsewhere would rot."""
    checked = {
        "python",  # above, and in test_readme.py
        "sh",  # commands; .ci/run runs README's and those of the same names
        "",  # drawings
    }
    for match in FENCE.finditer(page.read_text()):
        assert match[1] in checked or match[1].startswith("{"), match[0]


def test_the_api_page_names_everything_public():
    text = (ROOT / "docs" / "api.md").read_text()
    for name in set(skshallow.__all__) - {"__version__"}:
        assert re.search(rf"^   {name}$", text, re.MULTILINE), name
    for name in skshallow.inspection.__all__:
        assert re.search(rf"^   {name}$", text, re.MULTILINE), name


def test_every_page_is_in_the_table_of_contents():
    index = (ROOT / "docs" / "index.md").read_text()
    for page in PAGES:
        assert page.stem == "index" or re.search(rf"^{page.stem}$", index, re.MULTILINE), page


def test_html_links_to_the_documentation():
    model = ShallowTanhClassifier()
    page = f"{DOCUMENTATION}generated/skshallow.ShallowTanhClassifier.html"
    assert f'href="{page}"' in model._repr_html_()
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert urls["Documentation"] == DOCUMENTATION
    assert all(url.startswith(DOCUMENTATION) for url in urls.values())
