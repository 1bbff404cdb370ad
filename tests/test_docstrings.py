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
from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

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
CLASSES = [ShallowTanhClassifier, ShallowTanhClassifierCV]
every_class = pytest.mark.parametrize("estimator", CLASSES)


def section(estimator, name):
    """Names in a section of the class's docstring, each with what follows the colon."""
    doc = inspect.getdoc(estimator)
    [text] = re.findall(rf"^{name}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", doc, re.M | re.S)
    return dict(re.findall(r"^(\w+) : (.+)$", text, re.M))


@pytest.mark.parametrize("test", EXAMPLES, ids=[test.name for test in EXAMPLES])
def test_examples_run(test, capsys):
    runner = doctest.DocTestRunner(
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, verbose=False
    )
    assert runner.run(test).failed == 0, capsys.readouterr().out


@every_class
def test_the_class_has_an_example(estimator):
    assert f"skshallow.{estimator.__name__}" in [test.name for test in EXAMPLES if test.examples]


def test_partial_fit_has_an_example():
    assert [test.examples for test in EXAMPLES if test.name == "partial_fit"] != []


@every_class
def test_every_parameter_is_described_with_its_default(estimator):
    signature = inspect.signature(estimator).parameters
    described = section(estimator, "Parameters")
    assert list(described) == list(signature)
    for name, parameter in signature.items():
        [default] = re.findall(r"default=(.+)$", described[name])
        assert eval(default) == parameter.default, name


@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_attribute_is_described(early_stopping):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = ShallowTanhClassifier(
        2, alpha=1.0, early_stopping=early_stopping, tol=1e-2, n_estimators=2
    )
    model.fit(X, y)
    without = set() if early_stopping else {"validation_scores_", "best_validation_score_"}
    check_attributes(model, without, n_units=4, n_members=2, n_init=1)


@pytest.mark.parametrize("combine", ["stack", "best"])
def test_every_attribute_of_the_cross_validated_estimator_is_described(combine):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = ShallowTanhClassifierCV(2, combine=combine, n_estimators=2, cv=3, tol=1e-2)
    model.fit(X, y)
    n_members = 2 * np.count_nonzero(model.stack_weights_)
    n_alphas = len(model.alphas_)
    check_attributes(
        model, set(), n_units=2 * n_members, n_members=n_members, n_alphas=n_alphas, n_folds=3
    )


def check_attributes(model, without, n_members, **sizes):
    """A model fitted to iris has the attributes that are described, but some, in their shapes."""
    described = section(type(model), "Attributes")
    fitted = {name for name in dir(model) if name.endswith("_") and name[0] != "_"}
    assert fitted == set(described) - without
    sizes |= {
        "n_classes": 3,
        "n_features": 4,
        "n_outputs": 3,
        "n_estimators": model.n_estimators,
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
            assert len(value) == (n_members if name == "estimators_" else model.n_iter_), name
