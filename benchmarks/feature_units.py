"""How far a fit depends on the units of its features.

Run with `python benchmarks/feature_units.py`. For each data set and seed, each column is
multiplied by a factor between 1e-6 and 1e6 and moved by up to 100 of its standard deviations.
The table gives the largest difference of a probability after 20 iterations (a tanh network
amplifies rounding with each further one) and the largest relative difference of F at
convergence.
"""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowTanhClassifier

N_SEEDS = 10


def main() -> None:
    print("| data | probabilities after 20 iterations | F at convergence |")
    print("|---|---|---|")
    for load in (load_breast_cancer, load_wine, load_iris, load_digits):
        X, y = load(return_X_y=True)
        differences = []
        for seed in range(N_SEEDS):
            rng = np.random.default_rng(seed)
            factors = 10 ** rng.uniform(-6, 6, X.shape[1])
            moved = factors * (X + 100 * X.std(axis=0) * rng.uniform(-1, 1, X.shape[1]))
            short = ShallowTanhClassifier(tol=0, max_iter=20, random_state=seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                P = short.fit(X, y).predict_proba(X)
                probability = np.abs(P - short.fit(moved, y).predict_proba(moved)).max()
            full = ShallowTanhClassifier(random_state=seed)
            F, F_moved = full.fit(X, y).loss_, full.fit(moved, y).loss_
            differences.append((probability, abs(F_moved / F - 1)))
        probability, loss = np.max(differences, axis=0)
        print(f"| {load.__name__[5:]} | {probability:.1e} | {loss:.1e} |")


if __name__ == "__main__":
    main()
