"""What a user's mistakes say, and that they come before any work."""

import datetime
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV, _base, _classifier

X, Y = load_iris(return_X_y=True)

PARAMETERS = {
    "n_hidden": [0, -1, 2.5, "8", None, (8,)],
    "solver": ["newton-cg", "", None, 1],
    "alpha": [-1e-9, np.nan, np.inf, "1", None],
    "standardize": ["yes", 2, None],
    "class_weight": ["equal", 1.0, [1, 2]],
    "max_iter": [0, -1, 10.0, None],
    "tol": [-1e-9, np.nan, np.inf, None],
    "n_init": [0, 1.5, None],
    "n_estimators": [0, 1.5, None],
    "early_stopping": ["yes", None],
    "validation_fraction": [0, 1, -0.1, "0.1", None],
    "n_iter_no_change": [0, 1.5, None],
    "scoring": ["accurate", None, 1],
    "batch_size": [0, 1.5, "all", None],
    "learning_rate": ["adaptive", None],
    "learning_rate_init": [0, -1, np.inf, "fast", None],
    "shuffle": ["yes", None],
    "momentum": [-0.1, 1, None],
    "nesterovs_momentum": ["yes", None],
    "warm_start": ["yes", None],
    "random_state": [-1, "seed", 1.5],
    "verbose": [-1, "loud", None],
}


@pytest.fixture
def no_work(monkeypatch):
    """Fail if anything is computed."""

    def fail(*args, **kwargs):
        raise AssertionError("work began")

    for name in ("column_scaling", "make_problem", "fit_members"):
        monkeypatch.setattr(_classifier, name, fail)
    monkeypatch.setattr(_base, "network_logits", fail)


def test_every_parameter_is_listed():
    assert PARAMETERS.keys() == ShallowTanhClassifier().get_params().keys()


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in PARAMETERS for value in PARAMETERS[name]]
)
def test_bad_parameters_are_named_with_their_value_and_what_is_allowed(name, value, no_work):
    model = ShallowTanhClassifier(**{name: value})
    start = f"The '{name}' parameter of ShallowTanhClassifier must be "
    end = f"Got {value!r} instead."
    with pytest.raises(ValueError, match=f"^{re.escape(start)}.+{re.escape(end)}$"):
        model.fit(X, Y)


BOTH = [ShallowTanhClassifier(4, early_stopping=True), ShallowTanhClassifierCV(4, cv=3)]


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("accurac", ", such as 'accuracy' or "),
        ("F1", ", such as 'f1'. Got"),
        ("log_loss", ", such as 'neg_log_loss'"),
        ("nothing like it", "(). Got"),
    ],
)
def test_names_of_scorers_that_are_similar_are_shown(model, name, similar, no_work):
    model = clone(model).set_params(scoring=name)
    with pytest.raises(ValueError, match=re.escape(similar)) as caught:
        model.fit(X, Y)
    assert len(str(caught.value)) < 250
    assert str(caught.value).endswith(f"Got {name!r} instead.")


@pytest.mark.parametrize("model", BOTH)
def test_a_metric_is_no_scorer(model, no_work):
    with pytest.raises(ValueError, match="looks like it is a metric function rather than a scorer"):
        clone(model).set_params(scoring=accuracy_score).fit(X, Y)


def failing(estimator, data, labels):
    raise TypeError("no such label")


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize(
    ("scoring", "why"),
    [
        ("f1", "Target is multiclass.* Choose a score .* perhaps f1_macro, "),
        ("roc_auc", r"multi_class must be .*\. Choose a score .* perhaps roc_auc_ovo, "),
    ],
)
def test_a_scorer_that_fails_is_named(model, scoring, why):
    model = clone(model).set_params(scoring=scoring)
    message = f"^{re.escape(f'scoring={scoring!r} failed: ')}{why}"
    with pytest.raises(ValueError, match=message) as caught:
        model.fit(X, Y)
    assert str(caught.value.__cause__).rstrip(".") in str(caught.value)
    assert "_samples" not in str(caught.value)  # which are for several labels


@pytest.mark.parametrize("model", BOTH)
def test_an_error_of_a_users_scorer_is_passed_on(model):
    with pytest.raises(TypeError, match=r"^no such label$"):
        clone(model).set_params(scoring=failing).fit(X, Y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            "balanced",
            "'balanced'. Set the estimator's class_weight='balanced' for weights by class",
        ),
        ({0: 1.0}, "'dict'. Set the estimator's class_weight={0: 1.0} for weights by class"),
        (["a"] * 150, "'a'.$"),
        (np.full(150, 1j), "Complex data not supported.$"),
        ([[1, 2], [3]] * 75, "setting an array element with a sequence.*$"),
    ],
)
def test_weights_that_are_no_numbers(weights, message, no_work):
    message = f"sample_weight must be numbers, one a sample: .*{message}"
    for model in (ShallowTanhClassifier(), ShallowTanhClassifierCV()):
        with pytest.raises(ValueError, match=f"^{message}"):
            model.fit(X, Y, weights)
    with pytest.raises(ValueError, match=f"^{message}"):
        ShallowTanhClassifier(solver="adam").partial_fit(X, Y, [0, 1, 2], weights)
    with pytest.raises(ValueError, match=f"^In the validation data: {message}"):
        ShallowTanhClassifier(early_stopping=True).fit(X, Y, None, X, Y, weights)


@pytest.mark.parametrize("alphas", [["a"], [[1.0], [2.0, 3.0]], [1j], {1.0: 2.0}, [None], [], [-1]])
def test_alphas_that_are_no_numbers(alphas):
    message = f"^alphas must be finite numbers from 0 on, .* got {re.escape(repr(alphas))}\\.$"
    with pytest.raises(ValueError, match=message):
        ShallowTanhClassifierCV(alphas=alphas).fit(X, Y)


def test_no_number_of_processes():
    with pytest.raises(ValueError, match=r"'n_jobs' parameter .* Got 0 instead\."):
        ShallowTanhClassifierCV(n_jobs=0).fit(X, Y)
    for n_jobs in (-1, -2, None, np.int64(1)):
        ShallowTanhClassifierCV(4, alphas=[1.0], cv=2, n_jobs=n_jobs).fit(X[:100], Y[:100])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_hidden", np.int64(3)),
        ("alpha", 0),
        ("alpha", np.float32(1)),
        ("tol", 1),
        ("standardize", np.True_),
        ("random_state", np.random.RandomState(0)),
        ("random_state", np.int64(3)),
        ("max_iter", np.int32(1000)),
    ],
)
def test_numpy_numbers_are_numbers(name, value):
    ShallowTanhClassifier(**{"n_hidden": 3, name: value}).fit(X, Y)


def put(value):
    data = X.astype(object if isinstance(value, str) else np.result_type(X, type(value)))
    data[3, 1] = value
    return data


LISTS = r"^y holds lists of labels: if .*indicator matrix of them with .*MultiLabelBinarizer\.$"


@pytest.mark.parametrize(
    ("data", "y", "message"),
    [
        (put(np.nan), Y, "Input X contains NaN"),
        (put(np.inf), Y, "Input X contains infinity"),
        (sp.csr_matrix(put(np.nan)), Y, "Input X contains NaN"),
        (put(1j), Y, "Complex data not supported"),
        (put("red"), Y, "could not convert string to float: 'red'"),
        (X[:0], Y[:0], r"Found array with 0 sample\(s\)"),
        (X[:, :0], Y, r"Found array with 0 feature\(s\)"),
        (X[:, 0], Y, "Expected 2D array, got 1D array instead"),
        (X[None], Y, r"Found array with dim 3"),
        (X, Y[:-1], r"inconsistent numbers of samples: \[150, 149\]"),
        (X, None, "requires y to be passed"),
        (X, np.zeros(150), "at least 2 classes in y, but y contains only one class: "),
        (X, ["a"] * 150, "only one class: 'a'"),
        (X, X[:, 0], "Unknown label type: continuous"),
        (X, np.where(Y == 1, np.nan, Y), "Input y contains NaN"),
        (X, np.column_stack([Y, Y]), "y of type 'multiclass-multioutput' is not supported"),
        (X, X, "Unknown label type: continuous-multioutput"),
        (X, np.eye(3)[Y] * 2 - 1, "of zeros and ones, got the values"),
        (X, np.array([0, "a"] * 75, dtype=object), "labels of mixed or unknown types"),
        (X, np.array(["a", 0] * 75, dtype=object), "labels of mixed or unknown types"),
        (
            X,
            np.array([0, None] * 75, dtype=object),
            "contains NaN or None: 75 missing labels",
        ),
        (X, Y.astype(object), "y holds numbers in an array of Python objects"),
        (X, pd.Series(Y > 0, dtype=object), "y holds booleans in an array of Python objects"),
        (X, pd.DataFrame({"a": Y > 0, "b": Y}, dtype=object), "labels of mixed or unknown types"),
        (X, [2, True] * 75, "labels of mixed or unknown types"),
        (X, [[1, 2], [3]] * 75, LISTS),
        (X, [("a", "b"), ("c",)] * 75, LISTS),
        (X, [np.array([1, 2]), np.array([3])] * 75, LISTS),
        (X, [1, []] * 75, LISTS),
        (X, [("a", "b"), ("c", "a")] * 75, "not supported: .*MultiLabelBinarizer makes"),
    ],
)
def test_bad_data_says_what_is_wrong(data, y, message, no_work):
    with pytest.raises(ValueError, match=message):
        ShallowTanhClassifier().fit(data, y)


@pytest.mark.parametrize(
    "y",
    [
        Y.tolist(),
        (Y > 0).tolist(),
        Y.astype(str).astype(object),
        pd.Series(Y, dtype="Int64"),
        pd.Series(Y > 0, dtype="boolean"),
        pd.Series(Y.astype(str), dtype="string"),
        pd.Series(Y, dtype="category"),
    ],
)
def test_labels_that_are_fitted_are_scored(y):
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0)
    assert cross_val_score(model, X, y, cv=3).min() > 0.8


def test_bad_data_leaves_a_fitted_estimator_as_it_was():
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit(X, Y)
    before = vars(model).copy()
    for data, y in ((X[:, :2], X[:, 0]), (put(np.nan), Y), (X[:, :3], np.zeros(150))):
        with pytest.raises(ValueError, match=r"NaN|continuous|one class"):
            model.fit(data, y)
        assert vars(model) == before


MISSING = [pd.NA, *Y.astype(str)[1:]]


@pytest.mark.parametrize(
    "y",
    [
        pd.Series(MISSING, dtype="string"),
        pd.Series(MISSING, dtype=object),
        pd.Series(MISSING, dtype="category"),
        pd.Series([None, *Y[1:]], dtype="Int64"),
        pd.Series([np.nan, *Y[1:]]),
    ],
)
def test_missing_labels_are_counted(y, no_work):
    with pytest.raises(ValueError, match="Input y contains NaN or None: 1 missing label"):
        ShallowTanhClassifier().fit(X, y)


FRAME = pd.DataFrame(X.copy(), columns=list("abcd"))


def frame(value, dtype=object):
    data = FRAME.copy()
    data["c"] = data["c"].astype(dtype)
    data.loc[3, "c"] = value
    return data


def matrix(value):
    return sp.csr_matrix(np.where(X[3, 2] == X, value, X))


TEXT = r"no numbers in column 2 \('c'\): encode them .*OneHotEncoder.*skrub"
DATES = r"^X holds dates or times in column 2 \('c'\): turn them into numbers, .*skrub"
HOLES = r"missing in column 2 \('c'\)\. Fill them in.*SimpleImputer.*skrub"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (frame("red"), f"could not convert string to float: 'red'. X holds text .*{TEXT}"),
        (frame("red", str), TEXT),
        (frame(pd.Timestamp(0)), DATES),
        (frame(datetime.time(3)), DATES),
        (frame(datetime.timedelta(3)), DATES),
        (frame(pd.Period("2020")), DATES),
        (FRAME.assign(c=pd.Timestamp(0)), DATES),
        (FRAME.assign(c=pd.Timestamp(0, tz="UTC"), d="red"), DATES),
        (FRAME.assign(c=pd.Timedelta(0)), DATES),
        (FRAME.assign(a="red", c=datetime.date(2020, 1, 1)), DATES),
        (frame(np.nan, float), f"^Input X contains NaN: values are {HOLES}"),
        (frame(None), HOLES),
        (frame(pd.NA), HOLES),
        (frame(pd.NaT), HOLES),
        (frame(pd.NA, "Float64"), HOLES),
        pytest.param(
            pl.DataFrame({"a": X[:, 0], "c": [None, *X[1:, 1]]}),
            r"missing in column 1 \('c'\)\.",
            id="polars",
        ),
        (frame(np.inf, float), r"infinity .*, in column 2 \('c'\)\. Replace or clip"),
        (frame(np.inf), r"infinity .*, in column 2 \('c'\)\. Replace or clip"),
        (put("red").tolist(), "no numbers in column 1: encode"),
        (put("red").astype(str), "no numbers in column 1: encode"),
        (put(np.nan), "missing in column 1. Fill"),
        (np.full((150, 9), np.nan), "missing in columns 0, 1, 2, 3, 4 and 4 more. Fill"),
        (matrix(np.nan), "missing in columns? .*2.* Fill"),
    ],
)
def test_columns_of_X_that_are_no_numbers_are_named(data, message, no_work):
    for model in (ShallowTanhClassifier(), ShallowTanhClassifierCV()):
        with pytest.raises((ValueError, TypeError), match=message) as caught:
            model.fit(data, Y)
        assert "HistGradientBoosting" not in str(caught.value)


def test_columns_that_are_no_numbers_are_named_at_prediction():
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0)
    model.fit(pd.DataFrame(X, columns=list("abcd")), Y)
    for value, message in (("red", TEXT), (pd.NA, HOLES)):
        with pytest.raises(ValueError, match=message):
            model.predict(frame(value))


def test_other_errors_are_not_blamed_on_missing_values():
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"^Expected 2D array, got 1D array instead"):
        model.predict(np.full(4, np.nan))


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict"])
def test_nan_in_the_weights_is_not_blamed_on_the_data(method):
    model = ShallowTanhClassifier(4, solver="adam", warm_start=True, max_iter=5, tol=1.0)
    model.fit(X, Y).coefs_[0][1, 1] = np.nan
    with pytest.raises(ValueError, match="coefs_ or intercepts_ hold NaN or infinity"):
        getattr(model, method)(*((X,) if method == "predict" else (X, Y)))


METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.mark.parametrize("method", METHODS)
def test_not_fitted(method):
    with pytest.raises(NotFittedError, match="ShallowTanhClassifier instance is not fitted yet"):
        getattr(ShallowTanhClassifier(), method)(X)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X[:, :3], "X has 3 features, but ShallowTanhClassifier is expecting 4 features"),
        (X[0], "Expected 2D array, got 1D array instead"),
        (put(np.nan), "Input X contains NaN"),
        (X[:0], r"Found array with 0 sample\(s\)"),
    ],
)
def test_bad_data_at_prediction(method, data, message):
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(data)


def test_feature_names_at_prediction():
    frame = pd.DataFrame(X.copy(), columns=list("abcd"))
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit(frame, Y)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)


def test_weights_beyond_float32_say_what_to_do():
    # Features of 1e-40, which float32 holds, need weights of 1e40, which it does not.
    with pytest.raises(ValueError, match=r"weights in float32.*give X as float64"):
        ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit((X * 1e-40).astype(np.float32), Y)


def test_prediction_that_overflows_says_so():
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit(
        (X * 1e-30).astype(np.float32), Y
    )
    with pytest.raises(ValueError, match="so large that the network overflows float32"):
        model.predict_proba(np.array([[1e30, 1e30, -1e30, 1e30]], np.float32))


def test_alpha_that_overflows_says_so():
    with pytest.raises(ValueError, match=r"F overflowed: alpha is too large .* whose mean is one"):
        ShallowTanhClassifier(4, alpha=1e308, random_state=0).fit(X, Y, np.full(len(Y), 1e-9))


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        (ShallowTanhClassifier(4, alpha=1e300, random_state=0), "decrease alpha"),
        (ShallowTanhClassifierCV(4, alphas=[1e300], random_state=0), "decrease alphas"),
    ],
)
def test_an_alpha_beside_which_steps_vanish_is_to_be_smaller(model, remedy):
    message = rf"alpha=1e\+300 has not converged.*Steps vanish beside rounding: {remedy}\."
    with pytest.warns(ConvergenceWarning, match=message):
        model.fit(X, Y)


def test_a_column_too_large_to_standardise_is_named():
    data = X.copy()
    data[:, 2] *= 1e307
    with pytest.raises(ValueError, match="column 2 of X differ by more than float64 holds"):
        ShallowTanhClassifier().fit(data, Y)


@pytest.mark.parametrize("estimator", [ShallowTanhClassifier, ShallowTanhClassifierCV])
@pytest.mark.parametrize("factor", [1e-170, 1e-300, 1e170, 1e300])
def test_very_small_and_large_columns_are_used(estimator, factor):
    data = X.copy()
    data[:, 2:] *= factor
    model = estimator(random_state=0).fit(data, Y)
    expected = estimator(random_state=0).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(data), expected.predict_proba(X), atol=1e-3)


def test_columns_far_from_zero_are_used_as_far_as_their_digits_go():
    # The deviation of column 1 is 3.6 times the precision of its mean, and of the others more.
    data = X.astype(np.float32) + np.float32(1e6)
    model = ShallowTanhClassifier(random_state=0).fit(data, Y)
    assert model.coefs_[0].all()
    assert model.score(data, Y) > 0.95


TO_FIT = [
    lambda X: ShallowTanhClassifier(random_state=0).fit(X, Y),
    lambda X: ShallowTanhClassifierCV(random_state=0).fit(X, Y),
    lambda X: ShallowTanhClassifier(solver="adam", random_state=0).partial_fit(X, Y, [0, 1, 2]),
]


@pytest.mark.parametrize("fit", TO_FIT)
def test_columns_that_vary_by_too_little_are_named(fit):
    data = pd.DataFrame(X.copy(), columns=list("abcd"))
    data["b"] += 1e15
    data["e"] = 1.0
    with pytest.warns(UserWarning, match=r"in column 1 \('b'\): the precision of float64"):
        model = fit(data)
    assert not model.coefs_[0][[1, 4]].any()
    assert model.coefs_[0][[0, 2, 3]].all()


@pytest.mark.parametrize("fit", TO_FIT)
def test_the_warning_of_columns_points_at_the_call(fit):
    with pytest.warns(UserWarning, match="X varies too little") as caught:
        fit(np.column_stack([X, X[:, 1] + 1e15]))
    assert {warning.filename for warning in caught} == {__file__}


def test_the_precision_that_would_help_is_named():
    data = (X + 1e7).astype(np.float32)
    with pytest.warns(UserWarning, match=r"in columns 0, 1, 2, 3: .* or give X as float64"):
        ShallowTanhClassifier(random_state=0).fit(data, Y)
    wide = np.tile(X[:, 1:2] + 1e15, 7)
    with pytest.warns(UserWarning, match=r"in columns 0, 1, 2, 3, 4 and 2 more: "):
        ShallowTanhClassifier(random_state=0).fit(wide, Y)


def broken(format, attribute, value):
    matrix = sp.csr_matrix(X).asformat(format)
    getattr(matrix, attribute)[7] = value
    return matrix


@pytest.mark.parametrize("value", [99, 10**8, -3, 150])
@pytest.mark.parametrize(
    ("format", "attribute"),
    [
        ("csr", "indices"),
        ("csc", "indices"),
        ("bsr", "indices"),
        ("coo", "col"),
        ("coo", "row"),
    ],
)
def test_indices_beyond_the_shape_come_before_any_work(format, attribute, value, no_work):
    if value == 99 and (format == "csc" or attribute == "row"):
        value = 151  # there are so many rows
    matrix = broken(format, attribute, value)
    model = ShallowTanhClassifier(solver="adam")
    message = (
        rf"format '{format}', has .* (indices from {min(value, 0)} to|indices from 0 to {value})"
    )
    for method in (model.fit, ShallowTanhClassifierCV().fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(matrix, Y)
    with pytest.raises(ValueError, match=f"In the validation data: X.*{message}"):
        ShallowTanhClassifier(early_stopping=True).fit(X, Y, X_val=matrix, y_val=Y)


@pytest.mark.parametrize("method", METHODS)
def test_indices_beyond_the_shape_at_prediction(method):
    model = ShallowTanhClassifier(4, alpha=1.0, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"has 4 columns, but column indices from 0 to 99\. Build"):
        getattr(model, method)(broken("csr", "indices", 99))


@pytest.mark.parametrize(
    ("place", "value"), [(0, 1), (5, 2), (-1, 10**6)], ids=["first", "falls", "beyond"]
)
def test_rows_beyond_the_entries_of_a_sparse_matrix(place, value, no_work):
    matrix = sp.csr_matrix(X)
    matrix.indptr[place] = value
    with pytest.raises(ValueError, match=r"indptr of X, .* must rise from 0 to at most"):
        ShallowTanhClassifier().fit(matrix, Y)


@pytest.mark.parametrize("format", ["csr", "csc", "bsr", "coo", "lil", "dok"])
@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array])
def test_every_sparse_format_is_taken(format, make):
    model = ShallowTanhClassifier(4, tol=1e-2, random_state=0).fit(X, Y)
    np.testing.assert_allclose(
        model.predict_proba(make(X).asformat(format)), model.predict_proba(X), rtol=1e-9
    )
    model.fit(make(X).asformat(format), Y)
