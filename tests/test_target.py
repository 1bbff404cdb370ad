"""What y says, in numbers; weights have tests of their own (test_weights.py)."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV
from skshallow._outputs import ManyClasses, Multilabel, TwoClasses
from skshallow._target import check_given, check_labels, encode_batch, encode_target


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (np.array(["oak", "ash", "oak"]), TwoClasses),
        (np.array(["oak", "ash", "beech"], dtype=object), ManyClasses),
        (np.array([True, False, True]), TwoClasses),
        (np.array([5, -3, 5, 7]), ManyClasses),
        (np.array([1.0, 2.0, 2.0]), TwoClasses),
    ],
    ids=str,
)
def test_codes_are_positions_among_the_sorted_labels(y, kind):
    target = encode_target(y)
    assert type(target.output) is kind
    assert target.classes.tolist() == sorted(set(y.tolist()))
    assert target.classes[target.codes].tolist() == y.tolist()
    assert target.classes.dtype == y.dtype


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
def test_an_indicator_matrix_is_several_labels(storage):
    y = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]])
    target = encode_target(storage(y))
    assert target.output == Multilabel(3)
    assert target.classes.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(target.codes, y)


def test_a_single_column_is_a_column_of_labels():
    y = np.array([[1], [0], [1]])
    with pytest.warns(DataConversionWarning):
        target = encode_target(y)
    assert (target.output, target.codes.tolist()) == (TwoClasses(1), [1, 0, 1])
    with pytest.warns(DataConversionWarning):
        target = encode_target(sp.csr_matrix(y))
    assert (target.output, target.codes.tolist()) == (TwoClasses(1), [1, 0, 1])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([0.5, 1.5, 2.25]), "Unknown label type: continuous"),
        (np.array([[1, 2], [3, 4], [2, 2]]), "'multiclass-multioutput' is not supported"),
        (np.array([3, 3]), "only one class: 3"),
        (np.array(["ash", "ash"]), "only one class: 'ash'"),
    ],
)
def test_what_is_no_target_is_an_error_that_says_why(y, message):
    with pytest.raises(ValueError, match=message):
        encode_target(y)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1, 2], r"holds numbers .* metrics do not take: convert it, as by y.astype\(int\)"),
        ([np.int8(1), 2.0], "holds numbers"),
        ([True, False], r"holds booleans .* convert it, as by y.astype\(bool\)"),
        ([np.True_, np.False_], "holds booleans"),
        ([[1, 0], [0, 1]], "holds numbers"),
        ([1, "ash"], "mixed or unknown types"),
        ([1, True], "mixed or unknown types"),
        ([b"ash", b"oak"], "mixed or unknown types"),
        ([None, "ash"], "contains NaN or None: 1 missing label. Leave these rows out"),
        ([np.nan, "ash", np.nan], ": 2 missing labels"),
        ([pd.NA, "ash"], ": 1 missing label"),
        ([pd.NaT, 1], ": 1 missing label"),
    ],
)
def test_objects_that_metrics_do_not_take_are_no_labels(labels, message):
    with pytest.raises(ValueError, match=f"y .*{message}"):
        check_labels(np.array(labels, dtype=object))


@pytest.mark.parametrize("labels", [[2, True], ["ash", 1], ["ash", True], (np.int8(1), np.True_)])
def test_a_list_of_several_kinds_of_labels(labels):
    with pytest.raises(ValueError, match="y holds labels of mixed or unknown types"):
        check_given(labels)


@pytest.mark.parametrize(
    "labels", [[2, 1.0], ["ash", np.str_("oak")], [True, np.False_], [[1, 0], [0, 1]], [None, 1]]
)
def test_a_list_of_one_kind_of_labels(labels):
    check_given(labels)


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="needs NumPy 2")
def test_strings_of_variable_width_say_how_to_convert_them():
    labels = np.array(["ash", "oak"], dtype=np.dtypes.StringDType())
    with pytest.raises(ValueError, match=r"dtype StringDType.*convert it by y.astype\(object\)"):
        check_given(labels)
    check_labels(labels.astype(object))


def test_a_batch_is_encoded_among_all_classes():
    first = encode_batch(np.array(["oak", "ash"]), ["oak", "elm", "ash"], None)
    assert first.classes.tolist() == ["ash", "elm", "oak"]
    assert (first.output, first.codes.tolist()) == (ManyClasses(3), [2, 0])
    later = encode_batch(np.array(["elm"]), None, first)
    assert (later.classes.tolist(), later.codes.tolist()) == (first.classes.tolist(), [1])
    same = encode_batch(np.array(["elm"]), ["elm", "oak", "ash", "ash"], first)
    assert same.codes.tolist() == [1]
    for y, classes, known, message in (
        (["elm"], None, None, "classes must be passed on the first call"),
        (["elm"], ["elm"], None, "only one class: 'elm'"),
        (["elm"], [["elm", "oak"]], None, r"list of all labels .*, got \[\['elm', 'oak'\]\]"),
        (["elm"], [["elm", "oak"]], first, "classes must be a list of all labels that may come"),
        (["elm"], [], None, r"classes must be a list of all labels .*, got \[\]"),
        (["elm"], "elm", None, "classes must be a list of all labels .*, got 'elm'"),
        (["elm"], ["elm", None], None, "Input classes contains NaN or None: 1 missing label"),
        ([1], [1, np.nan], None, "Input classes contains NaN or None: 1 missing label"),
        ([1], [2, True], None, "classes holds labels of mixed or unknown types"),
        (["elm"], ["elm", "oak"], first, "is not what it was on the first call"),
        (["fir"], None, first, r"y holds the labels \['fir'\]"),
    ):
        with pytest.raises(ValueError, match=message):
            encode_batch(np.array(y), classes, known)


def test_a_batch_of_several_labels_needs_no_classes():
    y = np.array([[1, 0], [0, 1]])
    first = encode_batch(y, None, None)
    assert first.output == Multilabel(2)
    assert encode_batch(y[:1], None, first).codes.tolist() == [[1, 0]]


@pytest.mark.parametrize("estimator", [ShallowTanhClassifier, ShallowTanhClassifierCV])
def test_a_million_distinct_labels_are_refused(estimator):
    X, y = np.zeros((1_000_000, 1), np.float32), np.arange(1_000_000)
    with pytest.raises(ValueError, match=r"1000000 distinct labels .* 1.0e\+12 logits.*regressor"):
        estimator().fit(X, y)


def test_many_distinct_labels_have_the_warning_of_scikit_learn():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 2)), np.arange(30) // 2
    ShallowTanhClassifier(2, tol=0.1, random_state=0).fit(X, y)
    y[:2] = [100, 101]
    with pytest.warns(UserWarning, match="number of unique classes is greater than 50%"):
        ShallowTanhClassifier(2, tol=0.1, random_state=0).fit(X, y)


def test_all_classes_of_a_stream_are_distinct_without_a_warning():
    X, y = np.random.default_rng(0).standard_normal((60, 2)), np.arange(60) // 2
    ShallowTanhClassifier(2, solver="adam").partial_fit(X, y, classes=np.arange(30))
