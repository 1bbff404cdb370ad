"""Newton beside L-BFGS on small problems: iterations, time and convergence over 20 seeds.

Run with `python benchmarks/newton.py` (about ten seconds). Features are standardised beforehand.
`skshallow._solvers._auto.NEWTON_SIZE` is chosen from the times to tol = 1e-4.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from problems import PROBLEMS
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier

# data, n_hidden, alpha
CASES = [
    ("flower", 4, 0.01),
    ("moons", 8, 0.1),
    ("circles", 8, 0.1),
    ("flower", 8, 0.1),
    ("quantiles", 4, 1.0),
    ("flower", 12, 0.1),
    ("iris", 8, 1.0),
    ("blobs", 8, 1.0),
    ("wine", 8, 1.0),
]
RUNS = [("newton", 1e-8), ("newton", 1e-4), ("lbfgs", 1e-4)]
N_SEEDS = 20


def main() -> None:
    print("| data | parameters | solver | tol | iterations | most | ms | F | converged |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, n_hidden, alpha in CASES:
        X, y = PROBLEMS[name]()
        X = StandardScaler().fit_transform(X)
        results = np.empty((N_SEEDS, len(RUNS), 4))
        for seed in range(N_SEEDS):
            for i, (solver, tol) in enumerate(RUNS):
                model = ShallowTanhClassifier(
                    n_hidden, solver=solver, alpha=alpha, tol=tol, standardize=False
                ).set_params(random_state=seed)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    start = time.perf_counter()
                    model.fit(X, y)
                    seconds = time.perf_counter() - start
                results[seed, i] = model.n_iter_, seconds, model.loss_, not caught
        size = sum(part.size for part in model.coefs_ + model.intercepts_)
        for i, (solver, tol) in enumerate(RUNS):
            n_iter, seconds, loss, _ = np.median(results[:, i], axis=0)
            print(
                f"| {name} | {size} | {solver} | {tol:g} | {n_iter:.0f} "
                f"| {results[:, i, 0].max():.0f} | {1e3 * seconds:.1f} | {loss:.5f} "
                f"| {results[:, i, 3].sum():.0f} of {N_SEEDS} |"
            )


if __name__ == "__main__":
    main()
