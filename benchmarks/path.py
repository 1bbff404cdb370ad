"""ShallowTanhClassifierCV beside one network, MLPClassifier and a grid search over it.

Run with `python benchmarks/path.py FOLDER`; on a dozen tables it takes some ten minutes, and the
grid search over MLPClassifier four of them. FOLDER holds tables as in tables.py, which prepares
them and splits their rows. `--only` names the sections to run. All are held to one thread.

- time: seconds of a fit, the preparation of the columns left out. The models take turns on each
  outer fold; the grid search is run on the first fold of each table only.
- seeds: how much the mean test log-loss of a table differs between seeds of `random_state`, the
  outer folds being the same.
- size: units of the network that is kept, and the time that it takes to predict one row.
- noise: features that say nothing about the class, where nothing beats the true class shares.
- best: the alpha that `combine="best"` chooses on its path, where each network starts from its
  neighbour's solution, beside a grid search over networks that start from random weights. Both
  have the same folds. The path visits the alphas from 0.01 to 100 until the log-loss is not better;
  the grid search visits all of them.
- large: seconds and peak memory of a fit of 100,000 rows, in new processes (Linux).
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_wine, make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import MAX_TRAINING_ROWS, folds, make_pipeline_of, read_tables
from threadpoolctl import threadpool_limits

import skshallow
from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

MODELS = (ShallowTanhClassifierCV, ShallowTanhClassifier)
MLP = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
MLP_ALPHAS = np.logspace(-4, 4, 9)
PATH_ALPHAS = np.logspace(-2, 2, 9)  # those of alphas="auto" where rows have no weights
CALLS = 1000
BEST_TABLES = ("penguins", "pima", "vehicle")
NOISE = {"fair coin": [0.5, 0.5], "three classes": [0.6, 0.3, 0.1]}
NOISE_ROWS, NOISE_COLUMNS, NOISE_SEEDS, NOISE_TEST_ROWS = (200, 500, 2000), 20, 20, 20_000


class Fold(NamedTuple):
    """An outer fold of a table, its columns prepared."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def loss_of(self, model) -> float:
        model.fit(self.X, self.y)
        return log_loss(self.y_test, model.predict_proba(self.X_test), labels=model.classes_)


def prepared(X, y) -> Iterator[Fold]:
    """The outer folds of a table."""
    for train, test in folds(y, 0, MAX_TRAINING_ROWS):
        prepare = make_pipeline_of("passthrough")
        X_train = prepare.fit_transform(X.iloc[train])
        yield Fold(X_train, y[train], prepare.transform(X.iloc[test]), y[test])


def seconds_of(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def head(*names: str) -> None:
    print("| " + " | ".join(names) + " |\n|" + "---|" * len(names))


def row(*cells: object) -> None:
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def measure_time(tables) -> None:
    """Seconds of a fit."""
    grid = GridSearchCV(MLP, {"mlpclassifier__alpha": MLP_ALPHAS}, cv=5, scoring="neg_log_loss")
    head(
        "table", "training rows", "columns", "classes", "ShallowTanhClassifierCV, s",
        "MLPClassifier, s", "times ours", "grid search, s", "times ours", "its alpha",
    )  # fmt: skip
    ratios = []
    for name, (X, y) in tables.items():
        ours, theirs = [], []
        for i, fold in enumerate(prepared(X, y)):
            model = ShallowTanhClassifierCV(random_state=0)
            ours.append(seconds_of(partial(model.fit, fold.X, fold.y)))
            theirs.append(seconds_of(partial(MLP.fit, fold.X, fold.y)))
            if i == 0:
                first, grid_seconds = fold, seconds_of(partial(grid.fit, fold.X, fold.y))
        [alpha] = grid.best_params_.values()
        ratios.append((np.median(np.divide(theirs, ours)), grid_seconds / ours[0]))
        row(
            name, *first.X.shape, y.max() + 1, f"{np.median(ours):.3f}", f"{np.median(theirs):.3f}",
            f"{ratios[-1][0]:.2f}", f"{grid_seconds:.1f}", f"{ratios[-1][1]:.0f}", f"{alpha:g}",
        )  # fmt: skip
    for what, of in (("least", np.min), ("median", np.median), ("largest", np.max)):
        one, many = of(ratios, axis=0)
        row(what, "", "", "", "", "", f"{one:.2f}", "", f"{many:.0f}", "")


def measure_seeds(tables) -> None:
    """Standard deviation of the mean test log-loss between ten seeds, and its mean over them."""
    head("table", *(f"{model.__name__}, {what}" for model in MODELS for what in ("sd", "mean")))
    found = []
    for name, (X, y) in tables.items():
        outer = list(prepared(X, y))
        losses = [
            [np.mean([f.loss_of(model(random_state=seed)) for f in outer]) for seed in range(10)]
            for model in MODELS
        ]
        found.append((np.std(losses, axis=1, ddof=1), np.mean(losses, axis=1)))
        row(name, *(f"{value:.4f}" for value in np.transpose(found[-1]).ravel()))
    medians = np.median(found, axis=0)
    row("median", *(f"{value:.4f}" for value in medians.T.ravel()))


def measure_size(tables) -> None:
    """Units over `n_hidden` (the mean of the outer folds), and the time to predict one row."""
    head(
        "table", "units over n_hidden", "predict_proba of one row, ms", "one network's, ms",
        "times as long",
    )  # fmt: skip
    found = []
    for name, (X, y) in tables.items():
        units = []
        for fold in prepared(X, y):
            ours = ShallowTanhClassifierCV(random_state=0).fit(fold.X, fold.y)
            units.append(len(ours.intercepts_[0]) / ours.n_hidden)
        one, x = ShallowTanhClassifier(random_state=0).fit(fold.X, fold.y), fold.X_test[:1]
        times = [
            [seconds_of(partial(model.predict_proba, x)) for model in (ours, one)]
            for _ in range(CALLS)
        ]
        mine, its = 1e3 * np.median(times, axis=0)
        found.append((np.mean(units), mine, its, mine / its))
        row(name, f"{found[-1][0]:.1f}", *(f"{value:.3f}" for value in found[-1][1:]))
    units, *rest = np.median(found, axis=0)
    row("median", f"{units:.1f}", *(f"{value:.3f}" for value in rest))


def measure_noise(tables) -> None:
    """Excess of the test log-loss over that of the true class shares, in percent of it."""
    head("labels", "rows", *(f"{m.__name__}, {what}" for m in MODELS for what in ("mean", "most")))
    for labels, shares in NOISE.items():
        for n_rows in NOISE_ROWS:
            excess = []
            for seed in range(NOISE_SEEDS):
                rng = np.random.default_rng(seed)
                X = rng.standard_normal((n_rows + NOISE_TEST_ROWS, NOISE_COLUMNS))
                y = rng.choice(len(shares), len(X), p=shares)
                fold = Fold(X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:])
                known = -np.log(shares)[fold.y_test].mean()
                losses = [fold.loss_of(model(random_state=seed)) for model in MODELS]
                excess.append(100 * (np.array(losses) / known - 1))
            summary = np.transpose([np.mean(excess, axis=0), np.max(excess, axis=0)])
            row(labels, n_rows, *(f"{value:.2f}" for value in summary.ravel()))


def measure_best(tables) -> None:
    """The alpha of `combine="best"` in a grid search over networks from random starts."""
    data = {load.__name__[5:]: load(return_X_y=True) for load in (load_breast_cancer, load_wine)}
    for name in sorted({*BEST_TABLES} & {*tables}):
        X, y = tables[name]
        data[name] = make_pipeline_of("passthrough").fit_transform(X), y
    head(
        "table", "seed", "the path's alpha", "its log-loss in the path", "in the grid search",
        "the grid search's alpha", "its log-loss", "worse by", "path, s", "grid search, s",
    )  # fmt: skip
    for name, (X, y) in data.items():
        for seed in range(3):
            splits = list(StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y))
            ours = ShallowTanhClassifierCV(combine="best", cv=splits, random_state=seed)
            one = ShallowTanhClassifier(max_iter=5000, random_state=seed)
            grid = GridSearchCV(one, {"alpha": PATH_ALPHAS}, cv=splits, scoring="neg_log_loss")
            times = [seconds_of(partial(model.fit, X, y)) for model in (ours, grid)]
            losses = -grid.cv_results_["mean_test_score"]
            loss = losses[np.argmin(np.abs(np.log(PATH_ALPHAS / ours.alpha_)))]
            row(
                name, seed, f"{ours.alpha_:.3g}", f"{-ours.best_score_:.4f}", f"{loss:.4f}",
                f"{grid.best_params_['alpha']:.3g}", f"{losses.min():.4f}",
                f"{loss / losses.min() - 1:.1%}", *(f"{value:.2f}" for value in times),
            )  # fmt: skip


def peak() -> float:
    """Peak memory of this process in MiB; getrusage would begin with that of the parent."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def fit_large(model) -> list[str]:
    X, y = make_classification(
        120_000, 50, n_informative=20, n_clusters_per_class=4, flip_y=0.05, random_state=0
    )
    n, last = 100_000, model[-1] if isinstance(model, Pipeline) else model
    with threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        model.fit(X[:100], y[:100])  # loads what is loaded once
        Path("/proc/self/clear_refs").write_text("5")  # the peak of making X does not count
        before = peak()
        seconds, used = seconds_of(partial(model.fit, X[:n], y[:n])), peak() - before
        loss = log_loss(y[n:], model.predict_proba(X[n:]))
    n_alphas = len(getattr(last, "alphas_", [last]))
    return [
        type(last).__name__,
        f"{seconds:.1f}",
        f"{used:.0f}",
        f"{loss:.4f}",
        n_alphas,
        last.n_iter_,
    ]


def measure_large(tables) -> None:
    """A fit of 100,000 rows and 50 columns (38 MiB), two classes; 20,000 rows to test."""
    head("model", "fit, s", "MiB beyond X", "test log-loss", "alphas", "iterations or epochs")
    for model in (*(model(random_state=0) for model in MODELS), MLP):
        with ProcessPoolExecutor(1, get_context("spawn")) as new_process:
            row(*new_process.submit(fit_large, model).result())


MEASURES = (
    measure_time, measure_seeds, measure_size, measure_noise, measure_best, measure_large,
)  # fmt: skip
SECTIONS = {measure.__name__.removeprefix("measure_"): measure for measure in MEASURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="tables as CSV files; by default from R")
    parser.add_argument("--tables", nargs="+", metavar="TABLE", help="names without .csv")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    arguments = parser.parse_args()
    tables = read_tables(argparse.Namespace(**vars(arguments), quick=False))
    print(", ".join(f"{module.__name__} {module.__version__}" for module in (skshallow, sklearn)))
    for name in arguments.only:
        print(f"\n## {name}: {SECTIONS[name].__doc__}\n", flush=True)
        with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter("ignore", FutureWarning)
            SECTIONS[name](tables)
        # What a message begins with says whose it is.
        texts = Counter(str(warning.message).partition(":")[0] for warning in caught)
        print("\nWarnings:", ", ".join(f"{n} {text}" for text, n in texts.items()) or "none")


if __name__ == "__main__":
    main()
