"""ConvergenceWarnings at default parameters: 14 data sets, 5 seeds each.

Run with `python benchmarks/convergence.py` (about a minute).
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from problems import PROBLEMS
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowTanhClassifier

N_SEEDS = 5


def main() -> None:
    total = 0
    print("| data | rows x features | classes | median iterations | most | ms | warnings |")
    print("|---|---|---|---|---|---|---|")
    for name, load in PROBLEMS.items():
        X, y = load()
        n_iter, seconds, n_warnings = [], [], 0
        for seed in range(N_SEEDS):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                start = time.perf_counter()
                model = ShallowTanhClassifier(random_state=seed).fit(X, y)
                seconds.append(time.perf_counter() - start)
            n_iter.append(model.n_iter_)
            n_warnings += sum(issubclass(w.category, ConvergenceWarning) for w in caught)
        total += n_warnings
        print(
            f"| {name} | {X.shape[0]} x {X.shape[1]} | {len(model.classes_)} "
            f"| {np.median(n_iter):.0f} | {max(n_iter)} | {1e3 * np.median(seconds):.0f} "
            f"| {n_warnings} |",
            flush=True,
        )
    print(f"\n{total} warnings in {len(PROBLEMS) * N_SEEDS} fits")


if __name__ == "__main__":
    main()
