"""Cross-validated accuracy, log-loss and time at default parameters, on raw features.

Run with `python benchmarks/cross_validation.py`; it takes some three minutes. Each model is fitted
on the same five shuffled folds for each of five seeds (of folds and initial weights); figures
are means over folds and medians over seeds. Times are of the five fits and predictions,
models in turn; the MLPClassifier's is given as it comes and with BLAS held to one thread.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import skshallow
from skshallow import ShallowTanhClassifier

DATA = {
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "iris": load_iris,
    "digits": load_digits,
}
OURS, MLP = "ShallowTanhClassifier", "scaled MLPClassifier"
MODELS = {
    OURS: (lambda seed: ShallowTanhClassifier(random_state=seed), None),
    MLP: (lambda seed: make_pipeline(StandardScaler(), MLPClassifier(random_state=seed)), None),
    f"{MLP}, one thread": (
        lambda seed: make_pipeline(StandardScaler(), MLPClassifier(random_state=seed)),
        1,
    ),
    "scaled LogisticRegression": (
        lambda seed: make_pipeline(StandardScaler(), LogisticRegression()),
        None,
    ),
    "HistGradientBoosting": (lambda seed: HistGradientBoostingClassifier(random_state=seed), None),
}
N_SEEDS = 5


def measure(make_model, threads, X, y, seed):
    """Accuracy, log-loss, seconds and number of warnings over five folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    scoring = ["accuracy", "neg_log_loss"]
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(threads, "blas"):
        warnings.simplefilter("always")
        start = time.perf_counter()
        scores = cross_validate(make_model(seed), X, y, cv=folds, scoring=scoring)
        seconds = time.perf_counter() - start
    accuracy, log_loss = scores["test_accuracy"].mean(), -scores["test_neg_log_loss"].mean()
    return accuracy, log_loss, seconds, len(caught)


def main() -> None:
    print(f"skshallow {skshallow.__version__}, scikit-learn {sklearn.__version__}\n")
    print("| data | model | accuracy | log-loss | seconds | times ours | warnings |")
    print("|---|---|---|---|---|---|---|")
    log_losses = {name: [] for name in MODELS}
    for data, load in DATA.items():
        X, y = load(return_X_y=True)
        results = np.array(
            [
                [measure(make, threads, X, y, seed) for make, threads in MODELS.values()]
                for seed in range(N_SEEDS)
            ]
        )
        ratios = np.median(results[..., 2] / results[:, :1, 2], axis=0)
        n_warnings = results[..., 3].sum(axis=0)
        for i, name in enumerate(MODELS):
            accuracy, log_loss, seconds, _ = np.median(results[:, i], axis=0)
            log_losses[name].append(log_loss)
            print(
                f"| {data} | {name} | {accuracy:.4f} | {log_loss:.4f} | {seconds:.2f} "
                f"| {ratios[i]:.1f} | {n_warnings[i]:.0f} |"
            )
    print("\n| model | mean log-loss over the data sets |")
    print("|---|---|")
    for name, values in log_losses.items():
        print(f"| {name} | {np.mean(values):.4f} |")
    worst = np.max(np.subtract(log_losses[OURS], log_losses[MLP]))
    print(f"\n{OURS}'s log-loss minus that of {MLP}, at its largest: {worst:+.4f}.")


if __name__ == "__main__":
    main()
