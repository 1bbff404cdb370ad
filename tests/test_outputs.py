"""Each kind of y: its codes, and what is read from the logits."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.exceptions import DataConversionWarning

from skshallow import _outputs
from skshallow._losses import SigmoidLoss, SoftmaxLoss
from skshallow._outputs import (
    ManyClasses,
    Multilabel,
    TwoClasses,
    indicator_of,
    output_for,
    output_of,
    positions,
)

RNG = np.random.default_rng(0)
NAMES = np.array(["ash", "beech", "oak"])
LOGITS = RNG.standard_normal((9, 3))
LOGITS[0] = 0


@pytest.mark.parametrize("lookup", [1, 7, 2**18])
@pytest.mark.parametrize(
    "y",
    [
        RNG.integers(-3, 4, 50),
        RNG.integers(0, 300, 500),
        RNG.integers(0, 70_000, 200) * 2**40,
        RNG.choice(NAMES, 30),
        RNG.choice(NAMES, 30).astype(object),
        RNG.random(20) < 0.5,
        RNG.choice([0.5, 2.0, -1e300], 20),
    ],
    ids=lambda y: f"{y.dtype}, {len(y)}",
)
def test_positions_are_the_inverse_of_unique(y, lookup, monkeypatch):
    monkeypatch.setattr(_outputs, "_LABELS", lookup)
    classes, inverse = np.unique(y, return_inverse=True)
    found = positions(y, classes)
    np.testing.assert_array_equal(found, inverse)
    assert found.dtype == (np.uint8 if len(classes) <= 256 else np.uint16)


def test_positions_use_the_smallest_dtype_that_holds_them():
    for n_classes, dtype in ((256, np.uint8), (257, np.uint16), (2**16, np.uint16)):
        classes = np.arange(n_classes)
        found = positions(classes[::-1], classes)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, classes[::-1])
    assert positions(np.arange(2**16 + 1), np.arange(2**16 + 1)).dtype == np.uint32


@pytest.mark.parametrize(
    ("n_classes", "multilabel", "kind", "n_outputs", "activation"),
    [
        (2, False, TwoClasses, 1, "logistic"),
        (3, False, ManyClasses, 3, "softmax"),
        (9, False, ManyClasses, 9, "softmax"),
        (2, True, Multilabel, 2, "logistic"),
        (3, True, Multilabel, 3, "logistic"),
    ],
)
def test_an_output_is_known_by_its_public_attributes(
    n_classes, multilabel, kind, n_outputs, activation
):
    output = output_for(n_classes, multilabel)
    assert type(output) is kind
    assert (output.n_outputs, output.activation) == (n_outputs, activation)
    assert output.multilabel == multilabel
    assert type(output.loss) is (SoftmaxLoss if activation == "softmax" else SigmoidLoss)
    again = output_of(activation, n_outputs)
    assert type(again) is kind
    assert again == output
    assert output != output_for(n_classes + 1, multilabel)


def test_outputs_of_different_kinds_differ_even_with_as_many_outputs():
    assert ManyClasses(3) != Multilabel(3)
    assert TwoClasses(1) != Multilabel(1)


def test_two_classes_share_a_logit():
    output, z = TwoClasses(1), LOGITS[:, :1]
    names = NAMES[:2]
    np.testing.assert_array_equal(output.class_logits(z), np.hstack([-z, z]))
    np.testing.assert_array_equal(output.decision(z), z[:, 0])
    np.testing.assert_array_equal(output.predict(z, names), names[(z[:, 0] > 0) * 1])
    P = np.column_stack([expit(-z), expit(z)])
    np.testing.assert_allclose(output.probabilities(z), P, rtol=1e-14)
    np.testing.assert_allclose(output.log_probabilities(z), np.log(P), rtol=1e-13)
    assert output.predict(z[:1], names).tolist() == ["ash"]  # of even odds the first
    assert np.isfinite(output.log_probabilities(np.array([[-1e4]]))).all()


def test_many_classes_have_a_logit_each():
    output, Z = ManyClasses(3), LOGITS
    np.testing.assert_array_equal(output.decision(Z), Z)
    np.testing.assert_array_equal(output.class_logits(Z), Z)
    np.testing.assert_array_equal(output.predict(Z, NAMES), NAMES[Z.argmax(axis=1)])
    np.testing.assert_allclose(output.probabilities(Z), softmax(Z, axis=1), rtol=1e-13)
    np.testing.assert_allclose(output.log_probabilities(Z), log_softmax(Z, axis=1), rtol=1e-13)
    assert output.predict(Z[:1], NAMES).tolist() == ["ash"]


def test_labels_have_a_logit_each_and_are_independent():
    output, Z = Multilabel(3), LOGITS
    np.testing.assert_array_equal(output.decision(Z), Z)
    predicted = output.predict(Z, np.arange(3))
    np.testing.assert_array_equal(predicted, Z > 0)
    assert predicted.dtype == np.int64
    np.testing.assert_allclose(output.probabilities(Z), expit(Z), rtol=1e-14)
    np.testing.assert_allclose(output.log_probabilities(Z), log_expit(Z), rtol=1e-14)


@pytest.mark.parametrize("output", [TwoClasses(1), ManyClasses(3)])
def test_codes_are_positions_among_the_classes(output):
    classes = NAMES[: max(2, output.n_outputs)]
    y = np.array(["beech", "ash", "beech"])
    assert output.codes(y, classes).tolist() == [1, 0, 1]
    with pytest.warns(DataConversionWarning):
        assert output.codes(y[:, None], classes).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match=r"y_val holds the labels \['elm'\], but the classes are"):
        output.codes(np.array(["ash", "elm"]), classes, "y_val")
    with pytest.raises(ValueError, match="y_val must be one column of labels"):
        output.codes(np.eye(3, dtype=int), classes, "y_val")


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
def test_codes_of_labels_are_the_indicator_matrix(storage):
    output, y = Multilabel(3), np.array([[1, 0, 1], [0, 0, 0]])
    codes = output.codes(storage(y), np.arange(3))
    assert type(codes) is np.ndarray
    np.testing.assert_array_equal(codes, y)
    with pytest.raises(ValueError, match="y_val has 2 columns, but the network 3 outputs"):
        output.codes(storage(y[:, :2]), np.arange(3), "y_val")
    with pytest.raises(ValueError, match="y_val must be a multilabel indicator"):
        output.codes(np.array([0, 1]), np.arange(3), "y_val")


def test_an_indicator_holds_zeros_and_ones_alone():
    assert indicator_of(np.array([[True, False]])).tolist() == [[1, 0]]
    with pytest.raises(ValueError, match=r"zeros and ones, got the values \[0, 2\]"):
        indicator_of(sp.csr_matrix(np.array([[0, 2]])))
