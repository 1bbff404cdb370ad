"""Where epochs of Adam before L-BFGS pay: the threshold of solver="auto".

Run with `python benchmarks/auto_rule.py` (some three minutes). For each number of rows: the time
that L-BFGS takes from where ten epochs of Adam lead, epochs included, over the time that L-BFGS
alone takes, both to the F that L-BFGS alone has after 100 iterations. Medians over three seeds; a
ratio below 1 means that Adam pays. `skshallow._solvers._auto.STOCHASTIC_ROWS` is chosen from it.
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.datasets import make_classification
from sklearn.preprocessing import StandardScaler

from skshallow._fit import Data, make_problem
from skshallow._outputs import output_for
from skshallow._solvers import _auto
from skshallow._threads import one_thread_blas


def race(n_samples: int, n_features: int, n_hidden: int, n_classes: int, seed: int) -> float:
    """Seconds with Adam over seconds without, to the same F."""
    X, y = make_classification(
        n_samples,
        n_features,
        n_informative=n_features // 2,
        n_classes=n_classes,
        n_clusters_per_class=3,
        flip_y=0.02,
        random_state=seed,
    )
    data = Data.of_positive_weight(StandardScaler().fit_transform(X), y, np.ones(n_samples))
    problem = make_problem(data, output_for(n_classes, multilabel=False), None)
    objective = problem.objective(n_hidden, alpha=1.0)
    start_at = problem.layout(n_hidden).initial(np.random.RandomState(seed))
    target, seconds = -np.inf, []
    for threshold in (np.inf, 0):
        _auto.STOCHASTIC_ROWS = threshold
        path = []
        start = time.perf_counter()

        def callback(k, theta, value, gradient, path=path, start=start, target=target):
            path.append((time.perf_counter() - start, value))
            return value <= target

        _auto.Auto().solve(
            objective,
            start_at[None],
            tol=0,
            max_iter=100 if threshold else 1000,
            callback=callback,
            random_states=[np.random.RandomState(0)],
        )
        seconds.append(path[-1][0])
        target = path[-1][1]
    return seconds[1] / seconds[0]


def main() -> None:
    print("| features, hidden, classes | " + " | ".join(map(str, SIZES)) + " rows |")
    print("|---|" + "---|" * len(SIZES))
    with one_thread_blas():
        for shape in SHAPES:
            ratios = [np.median([race(n, *shape, seed) for seed in range(3)]) for n in SIZES]
            print(f"| {shape} | " + " | ".join(f"{r:.2f}" for r in ratios) + " |", flush=True)


SIZES = [1000, 3000, 10_000, 30_000, 100_000]
SHAPES = [(20, 32, 2), (50, 32, 2), (20, 16, 5)]

if __name__ == "__main__":
    main()
