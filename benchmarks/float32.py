"""What float32 costs and saves: time of an evaluation, and how far F and its gradient are off.

Run with `python benchmarks/float32.py`. Times are medians of evaluations in turn; differences
are relative to F and to the gradient's largest entry, at the same parameters.
"""

from __future__ import annotations

import time

import numpy as np

from skshallow._blocks import one_thread_blas
from skshallow._losses import LOSSES
from skshallow._parameters import Layout
from skshallow._training import Problem, Rows

SHAPES = [(400, 2, 4, 2), (1797, 64, 32, 10), (20_000, 40, 24, 5), (100_000, 50, 32, 2)]


def main(n_repetitions: int = 15) -> None:
    print(
        "| rows x features, hidden, classes | float64 ms | speed-up | F off by | gradient off by |"
    )
    print("|---|---|---|---|---|")
    for n, d, h, k in SHAPES:
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((n, d)), rng.integers(0, k, n)
        layout = Layout(d, h, 1 if k == 2 else k)
        loss = LOSSES["logistic" if k == 2 else "softmax"]
        objectives = [
            Problem(
                Rows.of_positive_weight(X.astype(dtype), y, np.ones(n)), layout, loss, 1.0, None
            ).objective
            for dtype in (np.float64, np.float32)
        ]
        theta = layout.initial(np.random.RandomState(0))
        times = np.empty((n_repetitions, 2))
        with one_thread_blas:
            results = [objective.loss_gradient(theta) for objective in objectives]
            for repetition in times:
                for i, objective in enumerate(objectives):
                    start = time.perf_counter()
                    objective.loss_gradient(theta)
                    repetition[i] = time.perf_counter() - start
        (F, g), (F32, g32) = results
        print(
            f"| {n} x {d}, {h}, {k} | {1e3 * np.median(times[:, 0]):.2f} "
            f"| {np.median(times[:, 0] / times[:, 1]):.1f} | {abs(F32 / F - 1):.0e} "
            f"| {np.abs(g32 - g).max() / np.abs(g).max():.0e} |"
        )


if __name__ == "__main__":
    main()
