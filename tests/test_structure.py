"""What may import what, and how long functions and files may be.

Imports are read, not run: `from . import __version__` within a function is no arrow.
"""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

import skshallow

ROOT = Path(skshallow.__file__).parent
FILES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
PACKAGES = {name for name, path in FILES.items() if path.name == "__init__.py"}
KERNELS = ["_backprop", "_hessian", "_losses"]
SKLEARN = {
    *("_base", "_classifier", "_classifier_cv", "_compat", "inspection"),
    *("_outputs", "_splits", "_target", "_validation"),
}

LINES_OF_A_FUNCTION = 60
LINES_OF_A_FILE = 450


@cache
def tree(module):
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def imports_of(module):
    """Pairs of a module and the name imported from it (None: itself), of imports anywhere."""
    base = module if module in PACKAGES else module.rpartition(".")[0]
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module
            if node.level:
                parts = base.split(".")
                parts = parts[: len(parts) - node.level + 1]
                origin = ".".join([*parts, node.module] if node.module else parts)
            yield from ((origin, alias.name) for alias in node.names)


def arrows_of(module):
    """Modules of the package that a module imports."""
    found = set()
    for origin, name in imports_of(module):
        if (origin, name) == ("skshallow", "__version__"):
            continue
        if f"{origin}.{name}" in FILES:
            found.add(f"{origin}.{name}")
        elif origin in FILES:
            found.add(origin)
        else:
            assert origin.partition(".")[0] != "skshallow", f"{module} imports {origin}"
    return found


def reached_from(module):
    """Modules of the package that a module imports, or that these import, and so on."""
    reached, waiting = set(), [module]
    while waiting:
        new = arrows_of(waiting.pop()) - reached
        reached |= new
        waiting += new
    return reached


def of(*names):
    """Full names of modules, with those of a package that is named."""
    full = {f"skshallow.{name}" for name in names}
    return {name for name in FILES if full & {name, name.rpartition(".")[0]}}


def test_the_reading_of_imports_finds_what_is_there():
    assert "skshallow._losses" in arrows_of("skshallow._backprop")
    assert "skshallow._arrays" in arrows_of("skshallow._solvers._lbfgs")
    assert "skshallow._solvers._auto" in arrows_of("skshallow._solvers")
    assert ("sklearn.base", "_fit_context") in set(imports_of("skshallow._compat"))
    assert "skshallow._losses" in reached_from("skshallow")
    assert {"skshallow", "skshallow._solvers", "skshallow.inspection"} == PACKAGES


def test_no_module_imports_itself_by_way_of_others():
    assert not [module for module in FILES if module in reached_from(module)]


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_know_no_rows_objective_or_solvers(name):
    module = f"skshallow.{name}"
    assert reached_from(module) <= of("_arrays", "_parameters", *KERNELS)
    assert not [origin for origin, _ in imports_of(module) if origin.startswith("sklearn")]


def test_solvers_know_arrays_and_each_other():
    solvers = of("_solvers")
    assert len(solvers) > 5
    for module in solvers:
        assert arrows_of(module) <= of("_arrays", "_solvers"), module
        others = {origin.partition(".")[0] for origin, _ in imports_of(module)} - {"skshallow"}
        assert others <= {"numpy", "scipy", *sys.stdlib_module_names}, module


def test_rows_know_no_objective_solver_or_estimator():
    kernels = of(*KERNELS, "_arrays", "_parameters")
    assert reached_from("skshallow._rows") <= kernels | of("_split", "_standardize", "_threads")


def test_what_fits_knows_no_estimator():
    estimators = of("_base", "_classifier", "_classifier_cv", "inspection") | {"skshallow"}
    for name in FILES.keys() - estimators:
        assert not arrows_of(name) & estimators, name


def is_private(origin, name):
    """Whether an import from scikit-learn is of a private or an experimental name."""
    parts = origin.split(".")
    if parts[0] != "sklearn":
        return False
    names = [*parts[1:], *([] if name is None else [name])]
    return any(part.startswith("_") for part in names) or names[:1] in (
        ["callback"],
        ["experimental"],
    )


def test_one_module_alone_imports_private_or_experimental_names_of_scikit_learn():
    private = {m for m in FILES for found in imports_of(m) if is_private(*found)}
    assert private == {"skshallow._compat"}


def test_few_modules_import_scikit_learn():
    found = {m for m in FILES for origin, _ in imports_of(m) if origin.startswith("sklearn")}
    assert found <= of(*SKLEARN)


def definitions(module):
    """Functions and classes of a module, wherever they are defined."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node for node in ast.walk(tree(module)) if isinstance(node, kinds)]


def docstring_lines(node):
    """Number of lines of a docstring."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    return node.body[0].end_lineno - node.body[0].lineno + 1


def test_functions_are_short():
    n_lines = {
        (module, node.name): node.end_lineno - node.lineno + 1 - docstring_lines(node)
        for module in FILES
        for node in definitions(module)
        if not isinstance(node, ast.ClassDef)
    }
    assert {name: n for name, n in n_lines.items() if n > LINES_OF_A_FUNCTION} == {}


def test_files_are_short_beside_the_docstrings_of_public_classes():
    n_lines = {}
    for module, path in FILES.items():
        docstrings = [
            docstring_lines(node)
            for node in definitions(module)
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        n_lines[module] = len(path.read_text(encoding="utf-8").splitlines()) - sum(docstrings)
    assert {name: n for name, n in n_lines.items() if n > LINES_OF_A_FILE} == {}


def test_every_test_has_a_time_limit(pytestconfig):
    assert 0 < float(pytestconfig.getini("timeout")) <= 120


def test_nothing_has_a_lock_that_a_forked_child_may_inherit_held():
    # That of functools.cached_property in Python 3.11.
    for module in FILES:
        nodes = list(ast.walk(tree(module)))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        names |= {name for _, name in imports_of(module)}
        assert "cached_property" not in names, module
