"""Log-loss, Brier score, accuracy and time on real tables, beside other models.

Run with `python benchmarks/tables.py [FOLDER]`; it takes some ten minutes, and under two with
`--quick`. FOLDER holds tables as CSV files, with the class in the column `target` and nothing
where a value is missing. Without it, tables.R writes thirty-one tables from packages of R to a
temporary folder.

All models get the same columns, prepared on the training rows by a pipeline: numbers with the
median where one is missing and a column that says so; words one-hot, with levels of fewer than
MIN_FREQUENCY rows joined. Otherwise each model is as it comes, in one thread. LogisticRegression
and MLPClassifier, which need features of like size, get the numbers standardised. Folds are three,
stratified and shuffled; their training rows are cut to MAX_TRAINING_ROWS, and classes of fewer
than MIN_CLASS rows are left out. Times are of fits of whole pipelines: those of the class shares
are the time of the preparation.

A model that knows nothing predicts the classes' shares. Results worse than that are marked.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from functools import partial
from itertools import cycle
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from matplotlib.ticker import LogLocator
from scipy.stats import rankdata
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

import skshallow
from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV

MIN_FREQUENCY, MIN_CLASS, MAX_TRAINING_ROWS = 10, 10, 1600
QUICK_TABLES, QUICK_TRAINING_ROWS = 6, 200

SHARES = "class shares"
OURS_CV = {
    f"ShallowTanhClassifierCV, {combine}": lambda seed, combine=combine: ShallowTanhClassifierCV(
        combine=combine, random_state=seed
    )
    for combine in ("stack", "best")
}
MODELS = {
    SHARES: lambda seed: DummyClassifier(strategy="prior"),
    "ShallowTanhClassifier": lambda seed: ShallowTanhClassifier(random_state=seed),
    **OURS_CV,
    "LogisticRegression": lambda seed: LogisticRegression(),
    # Its default score is still the accuracy, which is not what is measured here, and is about to
    # become this one.
    "LogisticRegressionCV": lambda seed: LogisticRegressionCV(scoring="neg_log_loss"),
    "MLPClassifier": lambda seed: MLPClassifier(random_state=seed),
    "HistGradientBoosting": lambda seed: HistGradientBoostingClassifier(random_state=seed),
    "RandomForest": lambda seed: RandomForestClassifier(random_state=seed, n_jobs=1),
}
SCALED = {"LogisticRegression", "LogisticRegressionCV", "MLPClassifier"}
VERSIONS = [skshallow, sklearn]

try:
    import lightgbm

    MODELS["LightGBM"] = lambda seed: lightgbm.LGBMClassifier(
        random_state=seed, n_jobs=1, verbosity=-1
    )
    VERSIONS.append(lightgbm)
except ImportError:
    pass
try:
    import catboost

    MODELS["CatBoost"] = lambda seed: catboost.CatBoostClassifier(
        random_seed=seed, thread_count=1, verbose=0, allow_writing_files=False
    )
    VERSIONS.append(catboost)
except ImportError:
    pass

SCORES = ["log-loss", "Brier score", "accuracy"]


def write_tables(folder: str) -> None:
    """The tables of R's packages, as CSV files in `folder`."""
    try:
        subprocess.run(["Rscript", str(Path(__file__).with_suffix(".R")), folder], check=True)
    except FileNotFoundError:
        sys.exit("Rscript is not installed: name a folder of tables, or install R and its packages")


def read_table(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    # pandas would take the word "None", a level of some columns, for a missing value.
    frame = pd.read_csv(path, keep_default_na=False, na_values=["", "NA"])
    if "target" not in frame:
        sys.exit(f"{path} has no column `target`, which is to hold the class")
    frame = frame.dropna(subset="target")
    size = frame.groupby("target")["target"].transform("size")
    frame = frame[size >= MIN_CLASS]
    _, y = np.unique(frame["target"], return_inverse=True)
    return frame.drop(columns="target"), y


def make_pipeline_of(estimator, *, scaled: bool = False):
    """The estimator after the preparation of a table's columns."""
    # One-hot columns are not scaled: that blows up rare levels. With them scaled too, the mean
    # log-losses over four tables with words, two seeds each, rise from 0.367 to 0.419 for
    # MLPClassifier and from 0.365 to 0.366 for LogisticRegressionCV, and fall from 0.374 to 0.371
    # for LogisticRegression.
    scaler = [StandardScaler()] if scaled else []
    prepare = make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median", add_indicator=True), *scaler),
            make_column_selector(dtype_include="number"),
        ),
        (
            OneHotEncoder(
                handle_unknown="infrequent_if_exist",
                min_frequency=MIN_FREQUENCY,
                sparse_output=False,
            ),
            make_column_selector(dtype_exclude="number"),
        ),
    )
    return make_pipeline(prepare, estimator)


def folds(y: np.ndarray, seed: int, max_rows: int):
    """Training and test rows of three folds, the training rows cut to `max_rows`."""
    for train, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(y, y):
        if len(train) > max_rows:
            train, _ = train_test_split(
                train, train_size=max_rows, stratify=y[train], random_state=seed
            )
        yield train, test


def score(model, X, y) -> dict[str, float]:
    P, labels = model.predict_proba(X), model.classes_
    return {
        "log-loss": log_loss(y, P, labels=labels),
        # On one scale for two classes and for many.
        "Brier score": brier_score_loss(y, P, labels=labels, scale_by_half=True),
        "accuracy": accuracy_score(y, labels[P.argmax(axis=1)]),
    }


def measure(name, X, y, n_seeds, max_rows):
    """Mean scores, mean seconds of a fit, and the warnings by their category."""
    runs = []
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("always")
        # Those tell of coming releases, not of the fit.
        warnings.simplefilter("ignore", FutureWarning)
        for seed in range(n_seeds):
            rows = folds(y, seed, max_rows)
            model = make_pipeline_of(MODELS[name](seed), scaled=name in SCALED)
            runs.append(cross_validate(model, X, y, cv=rows, scoring=score, error_score="raise"))
    means = [np.mean([run[f"test_{s}"] for run in runs]) for s in SCORES]
    return [*means, np.mean([run["fit_time"] for run in runs])], Counter(
        warning.category.__name__ for warning in caught
    )


def worse(result, shares) -> np.ndarray:
    """Which of the scores are worse than those of the class shares."""
    sign = np.array([1, 1, -1])
    return sign * result[:3] > sign * shares[:3]


def print_table(names, results, shares, warned) -> None:
    print("| model | log-loss | Brier score | accuracy | fit, s | warnings |")
    print("|---|---|---|---|---|---|")
    for name, result, caught in zip(names, results, warned, strict=True):
        cells = [
            f"{value:.4f}{' (worse)' if bad else ''}"
            for value, bad in zip(result[:3], worse(result, shares), strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} | {result[3]:.3f} | {caught.total() or ''} |")


def print_summary(names, results, warned) -> None:
    """`results` is of shape (tables, models, 4); the class shares are the first of the models."""
    log_losses = results[:, 1:, 0]
    ranks = np.vstack([np.full(len(results), np.nan), rankdata(log_losses, axis=1).T])
    wins = np.bincount(log_losses.argmin(axis=1), minlength=len(names) - 1)
    means, medians = results.mean(axis=0), np.median(results[..., 3], axis=0)
    n_worse = np.sum(results[..., 0] > results[:, :1, 0], axis=0)
    print(
        "| model | mean log-loss | mean Brier score | mean accuracy | mean rank | wins "
        "| worse than class shares | mean fit, s | median fit, s | warnings |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for i, name in enumerate(names):
        total = sum((caught[i] for caught in warned), Counter())
        place = f"{ranks[i].mean():.2f} | {wins[i - 1]} | {n_worse[i]}" if i else " | | "
        print(
            f"| {name} | {means[i, 0]:.4f} | {means[i, 1]:.4f} | {means[i, 2]:.4f} | {place} "
            f"| {means[i, 3]:.3f} | {medians[i]:.3f} "
            f"| {', '.join(f'{count} {kind}' for kind, count in total.items())} |"
        )


def draw(names, results, path: Path) -> None:
    """Mean seconds of a fit against the mean log-loss, a point a model."""
    means = results.mean(axis=0)
    figure, axis = plt.subplots(figsize=(8, 4.6), layout="constrained")
    for name, marker, (log_loss_, _, _, seconds) in zip(
        names[1:], cycle("oPX^v<>sDdhp"), means[1:], strict=False
    ):
        axis.plot(seconds, log_loss_, marker, markersize=9, label=name)
    # Labels beside the points would lie one upon another, and a line at the class shares would
    # leave little height for the models.
    figure.legend(loc="outside right upper", title=f"{SHARES}: {means[0, 0]:.3f}")
    axis.grid(color="0.9")
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter("")
    axis.set(
        xlabel="mean seconds of a fit",
        ylabel="mean log-loss on the test rows",
        title=f"{len(results)} real tables: lower left is better",
    )
    figure.savefig(path, dpi=110)
    print(f"The picture is in {path.resolve()}", file=sys.stderr)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", help="tables as CSV files; by default from R")
    models = list(MODELS)[1:]
    parser.add_argument(
        "--models", nargs="+", choices=models, metavar="MODEL", help=f"among {models}"
    )
    parser.add_argument("--tables", nargs="+", metavar="TABLE", help="names without .csv")
    parser.add_argument(
        "--seeds", type=int, default=1, help="how many seeds, of folds and of models (default: 1)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"the {QUICK_TABLES} smallest tables, {QUICK_TRAINING_ROWS} training rows",
    )
    return parser.parse_args()


def read_tables(arguments: argparse.Namespace) -> dict[str, tuple[pd.DataFrame, np.ndarray]]:
    with tempfile.TemporaryDirectory() as temporary:
        if arguments.folder is None:
            write_tables(temporary)
        folder = Path(arguments.folder or temporary)
        paths = {path.stem: path for path in sorted(folder.glob("*.csv"))}
        names = arguments.tables or list(paths)
        if unknown := set(names) - set(paths):
            sys.exit(f"no table {', '.join(sorted(unknown))}: there are {', '.join(paths)}")
        if not names:
            sys.exit(f"{folder} has no CSV files")
        tables = {name: read_table(paths[name]) for name in names}
    if arguments.quick:
        smallest = sorted(tables, key=lambda name: tables[name][0].size)[:QUICK_TABLES]
        tables = {name: tables[name] for name in smallest}
    return tables


def main() -> None:
    arguments = parse_arguments()
    tables = read_tables(arguments)
    names = [SHARES, *(arguments.models or list(MODELS)[1:])]
    run = partial(
        measure,
        n_seeds=arguments.seeds,
        max_rows=QUICK_TRAINING_ROWS if arguments.quick else MAX_TRAINING_ROWS,
    )
    print(", ".join(f"{module.__name__} {module.__version__}" for module in VERSIONS))
    results, warned = [], []
    for table, (X, y) in tables.items():
        measured = []
        for name in names:
            print(f"{table}: {name}", file=sys.stderr)
            measured.append(run(name, X, y))
        scores, caught = zip(*measured, strict=True)
        results.append(scores)
        warned.append(caught)
        n_words = X.shape[1] - X.select_dtypes("number").shape[1]
        print(
            f"\n## {table}\n\n{len(X)} rows, {X.shape[1]} columns ({n_words} of words, "
            f"{X.isna().to_numpy().mean():.1%} missing), {y.max() + 1} classes\n"
        )
        print_table(names, np.array(scores), np.array(scores[0]), caught)
        sys.stdout.flush()
    print(f"\n## All {len(tables)} tables\n")
    print_summary(names, np.array(results), warned)
    draw(names, np.array(results), Path("tables.png"))


if __name__ == "__main__":
    main()
