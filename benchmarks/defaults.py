"""Constants of ShallowTanhClassifier, chosen on real tables.

Run with `python benchmarks/defaults.py [FOLDER]`; it takes some five minutes. FOLDER holds tables
as in tables.py, which prepares them and splits their rows.

The rule: the least mean over tables of the log-loss divided by that of the class shares. A table on
which nothing can be learned then counts as much as one that is learned without error. First alpha
is varied, then each other constant beside the best. One seed does not tell apart the values of
alpha near the best; `--seeds 4` does. The figures are in the section on constants of
docs/design.md.

On clean data a smaller alpha is better: on those that come with scikit-learn (breast cancer, wine,
iris, digits) the mean log-losses are 0.074 for alpha=1, 0.091 for 3 and 0.129 for 7.
"""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
from joblib import Parallel, delayed
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_validate
from tables import MAX_TRAINING_ROWS, folds, make_pipeline_of, parse_arguments, read_tables
from threadpoolctl import threadpool_limits

from skshallow import ShallowTanhClassifier

ALPHAS = [0.3, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 30.0]
OTHERS = {
    "n_hidden": [8, 16, 32, 64, 128],
    "tol": [1e-5, 1e-4, 3e-4, 1e-3, 3e-3],
}


def measure(estimator, X, y, n_seeds):
    """Mean log-loss, mean seconds of a fit, most iterations, number of warnings."""
    runs, n_iter = [], 0
    with warnings.catch_warnings(record=True) as caught, threadpool_limits(1):
        warnings.simplefilter("always")
        for seed in range(n_seeds):
            if isinstance(estimator, ShallowTanhClassifier):
                estimator.set_params(random_state=seed)
            rows = folds(y, seed, MAX_TRAINING_ROWS)
            runs.append(
                cross_validate(
                    make_pipeline_of(estimator),
                    X,
                    y,
                    cv=rows,
                    scoring="neg_log_loss",
                    error_score="raise",
                    return_estimator=True,
                )
            )
            models = [model[-1] for model in runs[-1]["estimator"]]
            n_iter = max([n_iter, *(getattr(model, "n_iter_", 0) for model in models)])
    loss = -np.mean([run["test_score"] for run in runs])
    return loss, np.mean([run["fit_time"] for run in runs]), n_iter, len(caught)


def main() -> None:
    arguments = parse_arguments()
    tables = read_tables(arguments).values()
    run = partial(measure, n_seeds=arguments.seeds)

    def on_all_tables(estimator):
        return np.array(Parallel(-1)(delayed(run)(estimator, X, y) for X, y in tables)).T

    shares = on_all_tables(DummyClassifier(strategy="prior"))[0]

    def ratio_of(**parameters):
        loss, seconds, n_iter, n_warnings = on_all_tables(ShallowTanhClassifier(**parameters))
        ratio = (loss / shares).mean()
        print(
            f"| {', '.join(f'{k}={v:g}' for k, v in parameters.items())} | {ratio:.4f} "
            f"| {loss.mean():.4f} | {int((loss > shares).sum())} | {seconds.mean():.3f} "
            f"| {int(n_iter.max())} | {int(n_warnings.sum())} |",
            flush=True,
        )
        return ratio

    print(
        "| parameters | log-loss / class shares' | log-loss | worse than class shares | fit, s "
        "| most iterations | warnings |\n|---|---|---|---|---|---|---|"
    )
    alpha = min(ALPHAS, key=lambda alpha: ratio_of(alpha=alpha))
    for name, values in OTHERS.items():
        for value in values:
            ratio_of(alpha=alpha, **{name: value})


if __name__ == "__main__":
    main()
