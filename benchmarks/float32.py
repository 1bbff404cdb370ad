"""What float32 saves and costs: evaluations, whole fits that begin in it, and its rounding.

Run with `python benchmarks/float32.py` (about two minutes). The first table: time of an evaluation
in both precisions in turn, and how far F and its gradient are off, relative to F and to the
gradient's largest entry. The second: fits of float64 data by L-BFGS and Newton in float64
alone, over the same that go down in float32 first and finish in float64, from the same starts;
medians over five seeds. `skshallow._objective.FLOAT32_ENTRIES` is chosen from it.
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from problems import PROBLEMS
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier, _objective
from skshallow._fit import Data, make_problem
from skshallow._outputs import output_for
from skshallow._parameters import Layout
from skshallow._threads import one_thread_blas

SHAPES = [(400, 2, 4, 2), (1797, 64, 32, 10), (20_000, 40, 24, 5), (100_000, 50, 32, 2)]
# data, hidden units, solver
FITS = [
    ("flower", 4, "newton"),
    ("circles", 8, "newton"),
    ("moons", 8, "newton"),
    ("wine", 32, "lbfgs"),
    ("breast cancer", 10, "lbfgs"),
    ("breast cancer", 32, "lbfgs"),
    ("hastie", 16, "lbfgs"),
    ("clusters", 32, "lbfgs"),
    ("digits", 32, "lbfgs"),
]


def evaluations(n_repetitions: int = 15) -> None:
    print(
        "| rows x features, hidden, classes | float64 ms | speed-up | F off by | gradient off by |"
    )
    print("|---|---|---|---|---|")
    for n, d, h, k in SHAPES:
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((n, d)), rng.integers(0, k, n)
        output = output_for(k, multilabel=False)
        objectives = [
            make_problem(
                Data.of_positive_weight(X.astype(dtype), y, np.ones(n)), output, None
            ).objective(h, alpha=1.0)
            for dtype in (np.float64, np.float32)
        ]
        thetas = objectives[0].layout.initial(np.random.RandomState(0))[None]
        times = np.empty((n_repetitions, 2))
        with one_thread_blas(), np.errstate(over="ignore"):
            results = [objective.loss_gradient(thetas) for objective in objectives]
            for repetition in times:
                for i, objective in enumerate(objectives):
                    start = time.perf_counter()
                    objective.loss_gradient(thetas)
                    repetition[i] = time.perf_counter() - start
        (F, g), (F32, g32) = results
        print(
            f"| {n} x {d}, {h}, {k} | {1e3 * np.median(times[:, 0]):.2f} "
            f"| {np.median(times[:, 0] / times[:, 1]):.1f} | {abs(float(F32[0] / F[0]) - 1):.0e} "
            f"| {np.abs(g32 - g).max() / np.abs(g).max():.0e} |"
        )


def fits(n_seeds: int = 5) -> None:
    print("\n| data | solver | numbers in the widest buffer | float64 ms | speed-up | F apart by |")
    print("|---|---|---|---|---|---|")
    for name, n_hidden, solver in FITS:
        X, y = PROBLEMS[name]()
        X = StandardScaler().fit_transform(X)
        output = output_for(int(y.max()) + 1, multilabel=False)
        layout = Layout(X.shape[1], n_hidden, output.n_outputs)
        width = layout.size if solver == "newton" else layout.width
        found = np.empty((n_seeds, 2, 2))
        for seed in range(n_seeds):
            for i, entries in enumerate((np.inf, 0)):
                _objective.FLOAT32_ENTRIES = entries
                model = ShallowTanhClassifier(n_hidden, alpha=1.0, solver=solver, standardize=False)
                model.set_params(max_iter=5000, random_state=seed)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    start = time.perf_counter()
                    model.fit(X, y)
                    found[seed, i] = time.perf_counter() - start, model.loss_
        (alone, both), (F, F_both) = found.transpose(2, 1, 0)
        print(
            f"| {name} | {solver} | {len(X) * width} | {1e3 * np.median(alone):.1f} "
            f"| {np.median(alone / both):.2f} | {np.median(np.abs(F_both / F - 1)):.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    evaluations()
    fits()
