import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skshallow import ShallowTanhClassifier
from skshallow._solvers import SOLVERS
from skshallow._standardize import column_scaling, merge
from skshallow._stream import Stream

X, Y = load_iris(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(Y))
X, Y = X[ORDER], Y[ORDER]
MODEL = ShallowTanhClassifier(5, alpha=1.0, solver="adam", batch_size=10, random_state=0)
stochastic = pytest.mark.parametrize("solver", ["adam", "sgd"])


def stream(model, X=X, y=Y, n_batches=5, n_epochs=1, classes=(0, 1, 2), w=None):
    for _ in range(n_epochs):
        for rows in np.array_split(np.arange(X.shape[0]), n_batches):
            weights = None if w is None else w[rows]
            model.partial_fit(X[rows], y[rows], classes, weights)
    return model


@stochastic
def test_digits_in_batches_from_raw_pixels(solver):
    pixels, labels = load_digits(return_X_y=True)
    train, test, y_train, y_test = train_test_split(pixels, labels, random_state=0, stratify=labels)
    model = ShallowTanhClassifier(alpha=1.0, solver=solver, batch_size=16, random_state=0)
    stream(model, train, y_train, n_batches=50, n_epochs=3, classes=np.arange(10))
    assert model.score(test, y_test) >= 0.95
    assert model.n_iter_ == len(model.loss_curve_) == 150


def test_falling_steps_end_with_a_lower_loss_than_constant_ones():
    pixels, labels = load_digits(return_X_y=True)
    train, test, y_train, y_test = train_test_split(pixels, labels, random_state=0, stratify=labels)
    found = {}
    for rate in ("cosine", "constant"):
        model = ShallowTanhClassifier(
            100, alpha=20.0, solver="adam", learning_rate=rate, random_state=0
        )
        stream(model, train, y_train, n_batches=3, n_epochs=20, classes=np.arange(10))
        found[rate] = log_loss(y_test, model.predict_proba(test))
    assert found["cosine"] < 0.9 * found["constant"]


@stochastic
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_a_pickle_in_the_middle_changes_nothing(solver, n_estimators):
    model = clone(MODEL).set_params(solver=solver, n_estimators=n_estimators)
    whole = stream(clone(model), n_epochs=2)
    halves = pickle.loads(pickle.dumps(stream(clone(model))))
    np.testing.assert_array_equal(stream(halves).coefs_[0], whole.coefs_[0])


def test_an_estimator_belongs_to_one_writer(monkeypatch):
    model, alone = stream(clone(MODEL)), stream(clone(MODEL))
    alone.partial_fit(X[:50], Y[:50])
    original = Stream.learn

    def overlapped(self, *args):
        monkeypatch.setattr(Stream, "learn", original)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(model.partial_fit, X[50:], Y[50:]).result()
        return original(self, *args)

    monkeypatch.setattr(Stream, "learn", overlapped)
    model.partial_fit(X[:50], Y[:50])
    # What the other call has learnt is lost, but nothing is mixed; and this is documented.
    assert model.n_iter_ == alone.n_iter_ == 6
    for ours, theirs in zip(model.coefs_, alone.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for name in ("n_calls", "n_updates", "weight"):
        assert model._stream[name] == alone._stream[name], name
    assert "belongs to one writer" in ShallowTanhClassifier.partial_fit.__doc__


@pytest.mark.parametrize("n_estimators", [1, 2])
def test_each_call_shuffles_anew_for_each_member_and_each_run_alike(n_estimators):
    first, again = stream(clone(MODEL)), stream(clone(MODEL))
    np.testing.assert_array_equal(first.coefs_[0], again.coefs_[0])
    epochs = []
    model = clone(MODEL).set_params(n_estimators=n_estimators)
    original = np.random.RandomState.shuffle

    class Spy(np.random.RandomState):
        def shuffle(self, order):
            original(self, order)
            epochs.append(order.tolist())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skshallow._stream.np.random.RandomState", Spy)
        stream(model)
    assert len(epochs) == 5 * n_estimators
    assert len({tuple(epoch) for epoch in epochs}) == 5 * n_estimators


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_changing_moments_do_not_change_the_function(storage, n_estimators):
    # A step of no length: what is left is the re-expression of the weights.
    model = clone(MODEL).set_params(n_estimators=n_estimators, learning_rate_init=1e-300)
    model.partial_fit(storage(X[:30]), Y[:30], [0, 1, 2])
    expected = model.predict_proba(X)
    model.partial_fit(storage(5 * X[30:60] + 3), Y[30:60])
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-10)


@pytest.mark.parametrize("n_rows", [1, 40])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_constant_columns_of_a_batch_do_not_change_the_function(n_rows, n_estimators):
    model = clone(MODEL).set_params(n_estimators=n_estimators, max_iter=30, tol=1e3)
    model.fit(X, Y)
    expected = model.predict_proba(X)
    batch = X[:n_rows].copy()
    batch[:, 1] = 7
    model.set_params(learning_rate_init=1e-300).partial_fit(batch, Y[:n_rows])
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)
    model.set_params(warm_start=True).fit(batch, Y[:n_rows]) if n_rows > 1 else None
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)


def test_standardize_cannot_change_in_a_stream():
    model = stream(clone(MODEL)).set_params(standardize=False)
    with pytest.raises(ValueError, match="`standardize` must be the same in all calls"):
        model.partial_fit(X, Y)


def test_merged_moments_are_those_of_all_rows():
    rng = np.random.default_rng(0)
    A, B = rng.normal([0, 1e9, 5], 1, (40, 3)), rng.normal([3, 1e9, 5], 2, (60, 3))
    A[:, 2] = B[:, 2] = 5
    v, w = rng.uniform(0.1, 2, 40), rng.uniform(0.1, 2, 60)
    merged = merge(column_scaling(A, v), v.sum(), column_scaling(B, w), w.sum())
    whole = column_scaling(np.vstack([A, B]), np.concatenate([v, w]))
    np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-14)
    np.testing.assert_allclose(merged.scale, whole.scale, rtol=1e-6)
    assert merged.scale[2] == 0


@stochastic
def test_goes_on_from_fit_and_fit_starts_anew(solver):
    model = clone(MODEL).set_params(solver=solver, max_iter=50)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y)
        fitted = model.predict_proba(X)
        model.set_params(learning_rate_init=1e-300).partial_fit(X[:40], Y[:40])
        np.testing.assert_allclose(model.predict_proba(X), fitted, rtol=1e-10)
        assert model.n_iter_ == 51
        model.set_params(learning_rate_init="auto").fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), fitted)
    assert not hasattr(model, "_stream")


def test_what_an_earlier_fit_said_of_itself_does_not_stay():
    model = clone(MODEL).set_params(early_stopping=True, solver="lbfgs", n_init=2).fit(X, Y)
    assert hasattr(model, "best_validation_score_")
    model.set_params(early_stopping=False, solver="adam").partial_fit(X, Y)
    for name in ("start_losses_", "validation_scores_", "best_validation_score_"):
        assert not hasattr(model, name), name
    one = clone(MODEL).partial_fit(X, Y, [0, 1, 2])
    assert vars(model).keys() == vars(one).keys()


def test_a_batch_may_lack_classes_and_holds_any_labels():
    names = np.array(["ash", "beech", "oak"])
    model = clone(MODEL)
    for k in (0, 1, 2, 1, 0):
        model.partial_fit(X[k == Y], names[Y[k == Y]], classes=names[::-1])
    assert model.classes_.tolist() == names.tolist()
    assert model.predict_proba(X).shape == (150, 3)
    two = clone(MODEL).partial_fit(X[:50], Y[:50] > 0, [False, True])
    assert two.predict(X).dtype == bool


def test_multilabel_needs_no_classes():
    A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
    model = stream(clone(MODEL), A, B, n_epochs=30, classes=None)
    assert model.score(A, B) > 0.6
    assert model.predict(A).shape == B.shape
    with pytest.raises(ValueError, match="y has 2 columns, but the network 3 outputs"):
        model.partial_fit(A, B[:, :2])
    with pytest.raises(ValueError, match="y must be a multilabel indicator"):
        model.partial_fit(A, B[:, 0])


def test_rows_of_weight_zero_are_left_out():
    w = np.ones(len(Y))
    w[3::5] = 0
    junk = np.where(w[:, None] > 0, X, 1e200)
    kept = clone(MODEL)
    for rows in np.array_split(np.arange(len(Y)), 5):
        some = rows[w[rows] > 0]
        kept.partial_fit(X[some], Y[some], [0, 1, 2])
    weighted = stream(clone(MODEL), junk, w=w)
    np.testing.assert_array_equal(weighted.coefs_[0], kept.coefs_[0])


def test_penalty_is_weighed_against_all_rows_so_far():
    model = clone(MODEL).set_params(learning_rate_init=1e-300, alpha=1000.0, standardize=False)
    stream(model, n_batches=2)
    squares = sum((part**2).sum() for part in model.coefs_)
    P = model.predict_proba(X[75:])
    log_loss = -np.log(P[np.arange(75), Y[75:]]).mean()
    assert model.loss_ == pytest.approx(log_loss + 500 * squares / 150)


def test_weights_of_a_batch_count_in_the_users_units():
    w = np.where(np.arange(len(Y)) < 75, 1.0, 700.0)
    model = clone(MODEL).set_params(learning_rate_init=1e-300, alpha=1e5)
    stream(model, n_batches=2, w=w)
    mean, scale = column_scaling(X, w).mean, column_scaling(X, w).scale
    np.testing.assert_allclose(model._stream["mean"], mean, rtol=1e-12)
    squares = ((model.coefs_[0] * scale[:, None]) ** 2).sum() + (model.coefs_[1] ** 2).sum()
    P = model.predict_proba(X[75:])
    log_loss_of_batch = -np.log(P[np.arange(75), Y[75:]]).mean()
    assert model.loss_ == pytest.approx(log_loss_of_batch + 5e4 * squares / w.sum())
    assert model._stream["weight"] == w.sum()


@pytest.mark.parametrize("solver", [name for name in SOLVERS if name not in ("adam", "sgd")])
def test_other_solvers_have_no_partial_fit(solver):
    model = ShallowTanhClassifier(solver=solver)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as error:
        model.partial_fit(X, Y)
    assert "one of ['adam', 'sgd']" in str(error.value.__cause__)


@pytest.mark.parametrize(
    ("parameters", "data", "classes", "message"),
    [
        ({}, (X[:, :3], Y), None, "X has 3 features"),
        ({}, (X, Y + 1), None, r"y holds the labels \[3\], but the classes are \[0, 1, 2\]"),
        ({}, (X, Y), [0, 1], "is not what it was on the first call"),
        (
            {"n_hidden": 6},
            (X, Y),
            None,
            "^partial_fit continues the fitted network, but "
            "n_hidden=6 and it has 5 hidden units. Keep them the same, or use a new estimator",
        ),
        ({"n_estimators": 2}, (X, Y), None, "n_estimators=2 and it has n_estimators=1"),
        ({"early_stopping": True}, (X, Y), None, "does not go with early_stopping=True"),
        ({"class_weight": "balanced"}, (X, Y), None, "does not go with class_weight='balanced'"),
        ({"learning_rate_init": 1e308}, (X, Y), None, "or learning_rate_init is. Decrease"),
    ],
)
def test_a_call_that_fails_leaves_the_estimator_as_it_was(parameters, data, classes, message):
    model = stream(clone(MODEL)).set_params(**parameters)
    expected = pickle.dumps(model)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        model.partial_fit(*data, classes)
    assert pickle.dumps(model) == expected


def test_the_first_call_needs_classes():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        clone(MODEL).partial_fit(X, Y)
    with pytest.raises(ValueError, match="only one class: 1"):
        clone(MODEL).partial_fit(X, Y, [1])
