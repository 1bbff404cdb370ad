"""Docstrings: their examples run, and what they say of defaults and attributes is so."""

import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pytest
from sklearn.datasets import load_iris

import skshallow
from skshallow import ShallowTanhClassifier

MODULES = ["skshallow"] + [
    module.name for module in pkgutil.walk_packages(skshallow.__path__, "skshallow.")
]
EXAMPLES = [
    test
    for name in MODULES
    for test in doctest.DocTestFinder().find(importlib.import_module(name), name)
    if test.examples
]
# partial_fit is wrapped, and doctest takes what is wrapped for another module's.
EXAMPLES += doctest.DocTestFinder().find(
    inspect.unwrap(ShallowTanhClassifier.__dict__["partial_fit"].fn), "partial_fit", module=False
)
DOC = inspect.getdoc(ShallowTanhClassifier)


def section(name):
    """Names in a section of the class's docstring, each with what follows the colon."""
    [text] = re.findall(rf"^{name}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", DOC, re.M | re.S)
    return dict(re.findall(r"^(\w+) : (.+)$", text, re.M))


@pytest.mark.parametrize("test", EXAMPLES, ids=[test.name for test in EXAMPLES])
def test_examples_run(test, capsys):
    runner = doctest.DocTestRunner(
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, verbose=False
    )
    assert runner.run(test).failed == 0, capsys.readouterr().out


def test_the_class_has_an_example():
    assert {"skshallow.ShallowTanhClassifier", "partial_fit"} <= {test.name for test in EXAMPLES}
    assert all(test.examples for test in EXAMPLES)


def test_every_parameter_is_described_with_its_default():
    signature = inspect.signature(ShallowTanhClassifier).parameters
    described = section("Parameters")
    assert list(described) == list(signature)
    for name, parameter in signature.items():
        [default] = re.findall(r"default=(.+)$", described[name])
        assert eval(default) == parameter.default, name


@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_attribute_is_described(early_stopping):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = ShallowTanhClassifier(2, early_stopping=early_stopping, tol=1e-2, n_estimators=2)
    model.fit(X, y)
    described = section("Attributes")
    fitted = {name for name in dir(model) if name.endswith("_") and name[0] != "_"}
    with_validation = {"validation_scores_", "best_validation_score_"}
    assert fitted == set(described) - (set() if early_stopping else with_validation)
    sizes = {
        "n_classes": 3,
        "n_features": 4,
        "n_units": 4,
        "n_outputs": 3,
        "n_estimators": 2,
        "n_init": 1,
        "n_features_in": 4,
    }
    for name in fitted:
        shapes = [
            tuple(sizes[size.rstrip("\\_")] for size in re.findall(r"[\w\\]+", shape))
            for shape in re.findall(r"\(([^)]+)\)", described[name])
        ]
        value = getattr(model, name)
        if shapes:
            arrays = value if isinstance(value, list) else [value]
            assert [np.shape(array) for array in arrays] == shapes, name
        elif isinstance(value, list):
            length = model.n_estimators if name == "estimators_" else model.n_iter_
            assert len(value) == length, name
