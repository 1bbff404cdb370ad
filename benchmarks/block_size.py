"""Time one evaluation of the objective and its gradient for several block sizes.

Run with `python benchmarks/block_size.py`. A row is a problem, a column the number of
entries in one (rows, n_hidden) buffer; figures are medians over repetitions that visit the
sizes in turn, as ratios to the fastest size. `skshallow._split.BLOCK_ENTRIES` is chosen
from this table.
"""

from __future__ import annotations

import time

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from skshallow._objective import Objective
from skshallow._outputs import output_for
from skshallow._parameters import Layout
from skshallow._rows import RowBlocks
from skshallow._threads import one_thread_blas

ENTRIES = [2**k for k in range(13, 21)]
# rows, features, hidden units, classes, dtype, density
PROBLEMS = [
    (100_000, 50, 32, 2, np.float64, 1),
    (100_000, 50, 32, 2, np.float32, 1),
    (20_000, 40, 24, 5, np.float64, 1),
    (100_000, 20, 64, 2, np.float64, 1),
    (100_000, 20, 4, 2, np.float64, 1),
    (20_000, 10_000, 16, 2, np.float64, 0.005),
]


def evaluation(problem: tuple, entries: int):
    """Build a function that evaluates the objective of a problem once."""
    n, d, h, k, dtype, density = problem
    rng = np.random.default_rng(0)
    if density == 1:
        X = rng.standard_normal((n, d)).astype(dtype)
    else:
        X = sp.random_array((n, d), density=density, format="csr", rng=rng, dtype=dtype)
    output = output_for(k, multilabel=False)
    layout = Layout(d, h, output.n_outputs)
    y = output.loss.encode(rng.integers(0, k, n))
    n_rows = max(1, max(entries, d * h) // layout.width)
    rows = RowBlocks(X, y, np.ones(n), n_rows=min(n, n_rows))
    objective = Objective(rows, layout, output.loss, alpha=1.0, total_weight=n)
    thetas = layout.initial(np.random.RandomState(0))[None]
    return lambda: objective.loss_gradient(thetas)


def measure(threads: int | None, n_repetitions: int) -> None:
    """Print the table for so many threads."""
    print(
        f"{'rows x features, hidden, classes, dtype':44s} fastest  " + "  ".join(map(str, ENTRIES))
    )
    for problem in PROBLEMS:
        functions = [evaluation(problem, entries) for entries in ENTRIES]
        times = np.empty((n_repetitions, len(ENTRIES)))
        with threadpool_limits(threads, "blas"), one_thread_blas(), np.errstate(over="ignore"):
            for repetition in times:
                for i, function in enumerate(functions):
                    start = time.perf_counter()
                    function()
                    repetition[i] = time.perf_counter() - start
        medians = np.median(times, axis=0)
        n, d, h, k, dtype, _ = problem
        name = f"{n} x {d}, {h}, {k}, {dtype.__name__}"
        ratios = "  ".join(
            f"{r:{len(str(e))}.2f}" for r, e in zip(medians / medians.min(), ENTRIES, strict=True)
        )
        print(f"{name:44s} {medians.min() * 1e3:5.1f} ms {ratios}", flush=True)


def main(n_repetitions: int = 7) -> None:
    for threads in (1, None):
        print("\nOne thread" if threads == 1 else "\nAs many threads as BLAS may use")
        measure(threads, n_repetitions)


if __name__ == "__main__":
    main()
