"""What pays on small problems: networks side by side, and few rows at once.

Run with `python benchmarks/small_problems.py` (a minute). Medians over repetitions in turn.
`skshallow._rows._SIDE_BY_SIDE`, the numbers that `RowBlocks.n_together` lets a stack hold, and
`skshallow._predict._FEW` are chosen from the tables.

A stack takes fewer calls into NumPy, but its buffers, and the steps and gradients that L-BFGS keeps
for each of its networks (up to 60 times their parameters), displace each other in the processor's
cache. So evaluations gain more than whole fits do, and the fits decide.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable

import numpy as np
from problems import PROBLEMS
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from skshallow import ShallowTanhClassifier, _predict
from skshallow._fit import Data, make_problem
from skshallow._outputs import output_for
from skshallow._parameters import Layout
from skshallow._predict import network_logits
from skshallow._rows import RowBlocks
from skshallow._threads import one_thread_blas

# data, hidden units
CASES = [
    ("flower", 4),
    ("moons", 8),
    ("wine", 8),
    ("wine", 32),
    ("breast cancer", 10),
    ("breast cancer", 32),
    ("clusters", 32),
    ("digits", 32),
]
STACKS = [1, 2, 4, 8, 16, 32]
MEMBERS, FITTED_STACKS = 10, [1, 2, 4, 6, 10]


def medians(functions: list[Callable[[], object]], n_repetitions: int = 50) -> np.ndarray:
    """Median microseconds of each function."""
    times = np.empty((n_repetitions, len(functions)))
    for function in functions:
        function()
    for repetition in times:
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            repetition[i] = 1e6 * (time.perf_counter() - start)
    return np.median(times, axis=0)


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    X, y = PROBLEMS[name]()
    return StandardScaler().fit_transform(X), y


def heading(columns: list[str], sizes: list[int]) -> None:
    print("| " + " | ".join([*columns, *map(str, sizes)]) + " |")
    print("|---" * (len(columns) + len(sizes)) + "|")


def evaluations() -> None:
    """Evaluations of stacks."""
    print("Microseconds of an evaluation, for each of so many networks side by side:\n")
    heading(["data", "hidden", "dtype", "numbers in the widest buffer"], STACKS)
    for dtype in (np.float64, np.float32):
        for name, n_hidden in CASES:
            X, y = data(name)
            problem = make_problem(
                Data.of_positive_weight(X.astype(dtype), y, np.ones(len(y))),
                output_for(int(y.max()) + 1, multilabel=False),
                None,
            )
            F = problem.objective(n_hidden, alpha=1.0)
            starts = [F.layout.initial(np.random.RandomState(seed)) for seed in range(max(STACKS))]
            stacks = [np.array(starts[:size]) for size in STACKS]
            with one_thread_blas(), np.errstate(over="ignore"):
                found = medians([lambda F=F, s=s: F.loss_gradient(s) for s in stacks])
            each = " | ".join(f"{t / size:.0f}" for t, size in zip(found, STACKS, strict=True))
            numbers = len(X) * F.layout.width
            print(
                f"| {name} | {n_hidden} | {np.dtype(dtype).name} | {numbers} | {each} |",
                flush=True,
            )


def fits(solver: str, n_seeds: int = 5) -> None:
    """Whole fits of committees, in stacks."""
    print(
        f"\nTime of a fit of {MEMBERS} members with solver={solver!r}, over that one by one; and "
        "how many\n`n_together` chooses:\n"
    )
    heading(["data", "hidden", "chosen", "one by one, ms"], FITTED_STACKS)
    original = RowBlocks.n_together
    for name, n_hidden in CASES if solver == "lbfgs" else CASES[:2]:
        X, y = data(name)
        output = output_for(int(y.max()) + 1, multilabel=False)
        layout = Layout(X.shape[1], n_hidden, output.n_outputs)
        chosen = RowBlocks(X, None, None).n_together(layout)
        times = np.empty((n_seeds, len(FITTED_STACKS)))
        for seed, repetition in enumerate(times):
            order = range(len(FITTED_STACKS))
            for i in order if seed % 2 == 0 else reversed(order):
                size = FITTED_STACKS[i]
                RowBlocks.n_together = lambda self, layout, size=size: size
                model = ShallowTanhClassifier(
                    n_hidden, solver=solver, alpha=1.0, n_estimators=MEMBERS, standardize=False
                ).set_params(max_iter=300, random_state=seed)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    start = time.perf_counter()
                    model.fit(X, y)
                    repetition[i] = time.perf_counter() - start
            RowBlocks.n_together = original
        ratios = np.median(times / times[:, :1], axis=0)
        print(
            f"| {name} | {n_hidden} | {chosen} | {1e3 * np.median(times[:, 0]):.0f} | "
            + " | ".join(f"{ratio:.2f}" for ratio in ratios)
            + " |",
            flush=True,
        )


def predictions() -> None:
    """Logits of a few rows."""
    print("\nMicroseconds of the logits of so many rows (10 features, 32 units, 2 classes):\n")
    print("| rows | hidden activations | at once | in a block |")
    print("|---|---|---|---|")
    layout = Layout(10, 32, 1)
    network = layout.unpack(layout.initial(np.random.RandomState(0)))
    for n in (1, 8, 32, 64, 128, 256, 512):
        X = np.random.default_rng(0).standard_normal((n, 10))

        def run(few: int, X: np.ndarray = X) -> None:
            _predict._FEW = few
            network_logits(X, network)

        with np.errstate(over="ignore"):
            found = medians([lambda: run(2**40), lambda: run(0)])
        print(f"| {n} | {32 * n} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)


def main() -> None:
    evaluations()
    fits("lbfgs")
    fits("newton")
    predictions()


if __name__ == "__main__":
    main()
