"""What X and y may be."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from skshallow import ShallowTanhClassifier, _objective
from skshallow._objective import Objective
from skshallow._outputs import LOSSES
from skshallow._parameters import Layout, Parameters
from skshallow._rows import RowBlocks
from skshallow._solvers import SOLVERS

X, Y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]


def fit(X, y=Y, **parameters):
    return ShallowTanhClassifier(
        **{"n_hidden": 5, "alpha": 1.0, "random_state": 0, **parameters}
    ).fit(X, y)


EXPECTED = fit(X)


def memmap(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


def read_only(X, tmp_path):
    X = X.copy()
    X.flags.writeable = False
    return X


STORAGES = {
    "C order": lambda X, _: X,
    "Fortran order": lambda X, _: np.asfortranarray(X),
    "strided": lambda X, _: np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
    "read-only": read_only,
    "memmap": memmap,
    "list": lambda X, _: X.tolist(),
    "longdouble": lambda X, _: X.astype(np.longdouble),
    "pandas": lambda X, _: pd.DataFrame(X, columns=NAMES),
    "pandas nullable": lambda X, _: pd.DataFrame(X, columns=NAMES).convert_dtypes(),
    "polars": lambda X, _: pl.DataFrame(X, schema=NAMES),
    "CSR matrix": lambda X, _: sp.csr_matrix(X),
    "CSR array": lambda X, _: sp.csr_array(X),
    "CSC": lambda X, _: sp.csc_array(X),
    "COO": lambda X, _: sp.coo_array(X),
}


@pytest.mark.parametrize("name", STORAGES)
def test_storages_of_X_give_the_same_fit(name, tmp_path):
    data = STORAGES[name](X, tmp_path)
    model = fit(data)
    # Sums in another order, and their amplification over the iterations.
    np.testing.assert_allclose(model.predict_proba(data), EXPECTED.predict_proba(X), atol=1e-3)
    if name in ("pandas", "pandas nullable", "polars"):
        assert model.feature_names_in_.tolist() == NAMES


@pytest.mark.parametrize("convert", [sp.csr_matrix, sp.csc_matrix])
def test_64_bit_indices_and_read_only_parts(convert):
    data = convert(X)
    data.indices, data.indptr = data.indices.astype(np.int64), data.indptr.astype(np.int64)
    for part in (data.data, data.indices, data.indptr):
        part.flags.writeable = False
    np.testing.assert_allclose(fit(data).predict_proba(data), EXPECTED.predict_proba(X), atol=1e-3)


def test_csr_with_duplicate_entries_means_their_sum():
    data = sp.csr_array(X)
    doubled = sp.csr_array(
        (np.repeat(data.data / 2, 2), np.repeat(data.indices, 2), 2 * data.indptr), X.shape
    )
    np.testing.assert_allclose(fit(doubled).predict_proba(X), EXPECTED.predict_proba(X), atol=1e-3)
    assert doubled.nnz == 2 * data.nnz  # the user's matrix is left as it was


def test_sparse_X_is_never_densified():
    # Dense, a block of these 500000 columns would take gigabytes.
    rng = np.random.default_rng(0)
    entries = (rng.random(10_000), (rng.integers(0, 2000, 10_000), np.arange(0, 500_000, 50)))
    data = sp.coo_array(entries, shape=(2000, 500_000)).tocsr()
    y = rng.integers(0, 2, 2000)
    tracemalloc.start()
    model = ShallowTanhClassifier(1, tol=1e-2, max_iter=5, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit(data, y)
    assert model.predict(data).shape == (2000,)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    theta = 8 * 500_000
    assert peak < 60 * theta  # L-BFGS holds 20 such vectors and more; X dense would be 2000


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, bool, np.float16])
def test_integers_and_booleans_are_computed_in_float64(dtype):
    data = (X > 3) if dtype is bool else np.rint(10 * X)
    model, expected = fit(data.astype(dtype)), fit(data.astype(np.float64))
    assert model.coefs_[0].dtype == np.float64
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
def test_float32_stays_float32(storage):
    data = storage(X.astype(np.float32))
    model = fit(data)
    assert all(part.dtype == np.float32 for part in model.coefs_ + model.intercepts_)
    for method in (model.predict_proba, model.predict_log_proba, model.decision_function):
        assert method(data).dtype == np.float32
        assert method(X).dtype == np.float64
    assert EXPECTED.predict_proba(data).dtype == np.float64
    assert model.loss_ == pytest.approx(EXPECTED.loss_, rel=1e-3)
    np.testing.assert_allclose(model.predict_proba(data), EXPECTED.predict_proba(X), atol=5e-3)


def test_float32_reaches_a_tight_tolerance():
    digits, labels = load_digits(return_X_y=True)
    model = fit(digits.astype(np.float32), labels, tol=1e-5)
    # Rounding sends the descent to another of many minima: not the same value, but as good a one.
    assert model.loss_ == pytest.approx(fit(digits, labels, tol=1e-5).loss_, rel=0.05)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_compute_in_the_dtype_of_X(dtype, monkeypatch):
    seen = set()
    original = _objective.loss_gradient

    def spy(block, layers, work, *args):
        buffers = work.buffers(1, block.X.shape[0])
        seen.update(part.dtype for part in (block.X, block.w, layers.W1, layers.W2, *buffers))
        original(block, layers, work, *args)

    monkeypatch.setattr(_objective, "loss_gradient", spy)
    fit(X.astype(dtype))
    assert seen == {np.dtype(dtype)}


def test_peak_memory_of_a_fit_is_half_of_X_and_the_work_of_a_block():
    data = np.random.default_rng(0).standard_normal((100_000, 20))
    y = data[:, 0] > 0
    model = ShallowTanhClassifier(64, max_iter=2, random_state=0)
    for w in (None, np.arange(100_000) % 100 > 0):
        tracemalloc.start()
        with pytest.warns(ConvergenceWarning), threadpool_limits(1, "blas"):
            model.fit(data, y, w)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # A float32 copy, and without the rows of zero weight a copy of the others; one array of
        # n_samples x n_hidden would be 51 MB.
        copies = 0.5 if w is None else 1.5
        assert peak < copies * data.nbytes + 16e6


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("solver", ["lbfgs", "newton", "adam"])
@pytest.mark.parametrize("storage", ["rows", "columns", "memmap", "zero weights"])
def test_a_descent_that_begins_in_float32_ends_in_float64(
    solver, standardize, storage, monkeypatch, tmp_path
):
    rng = np.random.default_rng(0)
    data, y = 50 + rng.standard_normal((400, 3)), rng.integers(0, 2, 400)
    y[data[:, 0] * data[:, 1] > 2500] = 0
    w = np.ones(400)
    if storage == "columns":
        data = np.asfortranarray(data)
    elif storage == "memmap":
        np.save(tmp_path / "X.npy", data)
        data = np.load(tmp_path / "X.npy", mmap_mode="r")
    elif storage == "zero weights":
        w[::7] = 0
    dtypes = []
    original = RowBlocks.__init__

    def spy(self, *args, **options):
        original(self, *args, **options)
        dtypes.append(self.dtype)

    monkeypatch.setattr(RowBlocks, "__init__", spy)
    monkeypatch.setattr(_objective, "FLOAT32_ENTRIES", 1000)
    parameters = {"solver": solver, "standardize": standardize, "alpha": 5.0, "tol": 1e-6}
    if not standardize:
        data = data - 50
    model = ShallowTanhClassifier(4, random_state=0, max_iter=2000, **parameters)
    if solver == "adam":
        model.set_params(max_iter=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(data, y, w)
    # Rows as they are, standardised ones, and these in float32.
    assert dtypes == [np.float64] * (2 if standardize else 1) + [np.float32]
    # F and its gradient, from their definition and in float64, at what was fitted.
    X = data[w > 0]
    center, scale = (X.mean(axis=0), X.std(axis=0)) if standardize else (0, 1)
    layout = Layout(3, 4, 1)
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    V1 = W1 * np.reshape(scale, (-1, 1)) * np.ones((3, 1))
    theta = layout.pack(Parameters(V1, b1 + np.ones(3) * center @ W1, W2, b2))
    monkeypatch.undo()
    loss = LOSSES["logistic"]
    rows = RowBlocks((X - center) / scale, loss.encode(y[w > 0]), np.ones(len(X)))
    value, gradient = Objective(rows, layout, loss, 5.0, len(X)).loss_gradient(theta)
    assert model.loss_ == pytest.approx(value, rel=1e-12)
    assert solver == "adam" or np.abs(gradient).max() <= 1.0001 * model.tol


@pytest.mark.parametrize("solver", SOLVERS)
def test_values_beyond_float32_are_descended_in_float64_alone(solver, monkeypatch):
    data = np.random.default_rng(0).standard_normal((200, 3))
    y = data[:, 0] > 0
    data[:, 2] = 1e39 * np.sign(data[:, 0])  # saturates every unit it reaches
    found = []
    for entries in (1, np.inf):
        monkeypatch.setattr(_objective, "FLOAT32_ENTRIES", entries)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = ShallowTanhClassifier(
                8, alpha=1.0, solver=solver, standardize=False, random_state=0
            )
            model.set_params(max_iter=50)
            found.append(model.fit(data, y).loss_)
    assert found[0] == found[1]


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
def test_several_starts_early_stopping_and_a_warm_start_in_float32_first(solver, monkeypatch):
    monkeypatch.setattr(_objective, "FLOAT32_ENTRIES", 1)
    data, y = X[50:], Y[50:]
    model = ShallowTanhClassifier(4, alpha=1.0, solver=solver, n_init=3, random_state=0).fit(
        data, y
    )
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=3)
    alone = [
        ShallowTanhClassifier(4, alpha=1.0, solver=solver, random_state=seed).fit(data, y)
        for seed in seeds
    ]
    np.testing.assert_array_equal(model.start_losses_, [[one.loss_ for one in alone]])
    model.set_params(n_init=1, warm_start=True).fit(data, y)
    assert model.n_iter_ == 0
    stopped = ShallowTanhClassifier(
        4, alpha=1.0, solver=solver, early_stopping=True, random_state=0
    )
    stopped.fit(data, y, X_val=data, y_val=y)
    theirs = ShallowTanhClassifier(
        4, alpha=1.0, solver=solver, warm_start=True, tol=10, random_state=0
    )
    theirs.__dict__.update({k: v for k, v in vars(stopped).items() if k.endswith("_")})
    # A warm start that ends where it begins has F of what was kept, in float64.
    assert stopped.loss_ == pytest.approx(theirs.fit(data, y).loss_, rel=1e-12)


@pytest.mark.parametrize("n_features", [10, 2000])
def test_memory_of_wide_sparse_data_is_a_few_vectors_of_their_parameters(n_features):
    data = sp.random(32 * n_features, n_features, 2 / n_features, format="csr", random_state=0)
    y = np.random.default_rng(0).integers(0, 2, data.shape[0])
    model = ShallowTanhClassifier(16, solver="lbfgs", standardize=False, max_iter=2)
    tracemalloc.start()
    with pytest.warns(ConvergenceWarning):
        model.fit(data, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The pairs of L-BFGS are 60 vectors at the most, sums over parts and buffers some 16.
    assert peak < 80 * (n_features * 16 * 8) + 12e6


def test_float32_is_standardised_from_float64_moments():
    offset = X.astype(np.float32) + np.float32(1e4)
    model = fit(offset)
    assert model.loss_ == pytest.approx(fit(offset.astype(np.float64)).loss_, rel=1e-2)


# Scales


@pytest.mark.parametrize("storage", [np.asarray, sp.csr_matrix])
def test_wild_scales_constants_and_timestamps(storage):
    scales, offsets = [1e-30, 1e30, 1, 1e5], [0, 0, 0, 1.7e9]
    wild = np.column_stack([X * scales + offsets, np.full(len(X), 3.3), np.zeros(len(X))])
    tame = np.column_stack([X, np.zeros((len(X), 2))])
    model, expected = fit(storage(wild)), fit(tame)
    assert model.loss_ == pytest.approx(expected.loss_, rel=1e-3)
    np.testing.assert_allclose(
        model.predict_proba(storage(wild)), expected.predict_proba(tame), atol=1e-3
    )
    np.testing.assert_array_equal(model.coefs_[0][4:], 0)
    # Constant columns are without effect, whatever new rows hold there.
    changed = wild + np.array([0, 0, 0, 0, 1e6, -1e6])
    np.testing.assert_array_equal(model.predict_proba(changed), model.predict_proba(wild))


def test_wild_scales_in_float32():
    scales = [1e-30, 1e30, 1, 1e-6]
    model = fit((X * scales).astype(np.float32))
    assert model.loss_ == pytest.approx(EXPECTED.loss_, rel=1e-2)
    assert model.score((X * scales).astype(np.float32), Y) > 0.97


def test_only_constant_columns_give_the_class_frequencies():
    model = fit(np.ones((len(X), 2)), np.arange(150) % 3 > 0)
    np.testing.assert_allclose(model.predict_proba(np.ones((1, 2))), [[1 / 3, 2 / 3]], atol=1e-3)


def test_one_column_and_fewer_rows_than_columns():
    assert fit(X[:, 2:3]).score(X[:, 2:3], Y) > 0.9
    few = np.random.default_rng(0).standard_normal((4, 50))
    assert fit(few, [0, 1, 0, 1]).score(few, [0, 1, 0, 1]) == 1


# Labels

LABELS = {
    "int": [0, 1, 2],
    "negative int": [-5, 3, 100],
    "uint8": np.array([1, 7, 255], np.uint8),
    "integral float": [0.0, 1.0, 2.0],
    "str": ["ash", "beech", "oak"],
    "digits as str": ["0", "1", "2"],
    "bytes-like long str": ["a" * 5, "b" * 50, "c" * 500],
    "objects": np.array(["ash", "beech", "oak"], object),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_of_any_kind(name):
    labels = np.asarray(LABELS[name])
    model = fit(X, labels[Y])
    np.testing.assert_array_equal(model.classes_, labels)
    np.testing.assert_array_equal(model.predict_proba(X), EXPECTED.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[EXPECTED.predict(X)])
    assert model.score(X, labels[Y]) == EXPECTED.score(X, Y)


@pytest.mark.parametrize("labels", [[False, True], ["no", "yes"], [-1, 1], [2.0, 5.0]])
def test_two_labels_of_any_kind(labels):
    y = np.asarray(labels)[(Y > 0).astype(int)]
    model = fit(X, y)
    np.testing.assert_array_equal(model.classes_, labels)
    assert set(model.predict(X)) == set(labels)
    np.testing.assert_array_equal(model.decision_function(X) > 0, model.predict(X) == labels[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda y: y.tolist(),
        pd.Series,
        lambda y: pd.Series(y, dtype="Int64"),
        lambda y: pd.Series(y).map({0: "a", 1: "b", 2: "c"}).astype("category"),
        lambda y: pd.Series(y).map({0: "a", 1: "b", 2: "c"}).astype("string"),
        lambda y: pd.Series(y == 1, dtype="boolean"),
        pl.Series,
        lambda y: pl.Series(np.array(["a", "b", "c"])[y]),
    ],
    ids=[
        "list",
        "pandas",
        "pandas Int64",
        "pandas category",
        "pandas string",
        "pandas boolean",
        "polars",
        "polars str",
    ],
)
def test_containers_of_labels(make):
    y = make(Y)
    model = fit(X, y)
    assert np.mean(model.predict(X) == np.asarray(y)) > 0.95
    assert model.classes_.tolist() == sorted(set(np.asarray(y).tolist()))


def test_a_sparse_column_of_labels_is_a_column_of_labels():
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        model = fit(X, sp.csr_array((Y > 0).astype(int)[:, None]))
    np.testing.assert_array_equal(model.classes_, [0, 1])


def test_a_column_of_labels_warns():
    with pytest.warns(UserWarning, match="column-vector y was passed"):
        model = fit(X, Y[:, None])
    np.testing.assert_array_equal(model.coefs_[0], EXPECTED.coefs_[0])


@pytest.mark.parametrize(
    "make", [np.asarray, sp.csr_matrix, lambda b: b.astype(bool), pd.DataFrame]
)
def test_multilabel_indicators(make):
    A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
    model = fit(A, make(B))
    assert model.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(model.predict(A), fit(A, B).predict(A))
    assert model.score(A, B) > 0.7


def test_a_label_that_never_occurs_has_small_probability():
    A, B = make_multilabel_classification(60, n_features=5, n_classes=3, random_state=0)
    B[:, 1] = 0
    assert fit(A, B).predict_proba(A)[:, 1].max() < 0.01
