"""What pays on small problems: networks side by side, a column of ones, few rows at once.

Run with `python benchmarks/small_problems.py` (about a minute). Medians over repetitions in turn.
`_SIDE_BY_SIDE`, `_SMALL` and `_FEW` of `skshallow._blocks` are chosen from the tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from skshallow import _blocks
from skshallow._blocks import RowBlocks, logits, one_thread_blas
from skshallow._losses import LOSSES
from skshallow._objective import Objective
from skshallow._parameters import Layout

# rows, features, hidden units, classes
SHAPES = [(400, 2, 4, 2), (1000, 2, 8, 2), (178, 13, 8, 3), (569, 30, 32, 2), (1797, 64, 32, 10)]
STACKS = [1, 2, 4, 8, 16, 32]


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


def objective(n: int, d: int, h: int, k: int, ones: bool = True) -> Objective:
    rng = np.random.default_rng(0)
    layout = Layout(d, h, 1 if k == 2 else k)
    loss = LOSSES["logistic" if k == 2 else "softmax"]
    small = _blocks._SMALL
    _blocks._SMALL = 2**40 if ones else 0
    rows = RowBlocks(
        rng.standard_normal((n, d)), loss.encode(rng.integers(0, k, n), float), np.ones(n), layout,
        np.float64,
    )  # fmt: skip
    _blocks._SMALL = small
    return Objective(rows, layout, loss, n, 1.0)


def main() -> None:
    with one_thread_blas, np.errstate(over="ignore"):
        print("Microseconds of an evaluation, for each of so many networks side by side:\n")
        print("| rows, features, hidden, classes | " + " | ".join(map(str, STACKS)) + " |")
        print("|---|" + "---|" * len(STACKS))
        for shape in SHAPES:
            F = objective(*shape)
            rng = np.random.default_rng(1)
            stacks = [rng.standard_normal((size, F.layout.size)) for size in STACKS]
            found = medians([lambda F=F, s=s: F.loss_gradient(s) for s in stacks])
            each = " | ".join(f"{t / size:.0f}" for t, size in zip(found, STACKS, strict=True))
            print(f"| {shape} | {each} |", flush=True)

        print("\nMicroseconds of an evaluation with a column of ones and without:\n")
        print("| rows, features, hidden, classes | with | without |")
        print("|---|---|---|")
        for shape in SHAPES:
            pair = [objective(*shape, ones=ones) for ones in (True, False)]
            theta = np.random.default_rng(1).standard_normal(pair[0].layout.size)
            found = medians([lambda F=F, t=theta: F.loss_gradient(t) for F in pair])
            print(f"| {shape} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)

        print("\nMicroseconds of the logits of so many rows (10 features, 32 units, 2 classes):\n")
        print("| rows | hidden activations | at once | in a block |")
        print("|---|---|---|---|")
        layout = Layout(10, 32, 1)
        network = layout.unpack(layout.initial(np.random.RandomState(0)))
        for n in (1, 8, 32, 64, 128, 256, 512):
            X = np.random.default_rng(0).standard_normal((n, 10))

            def run(few: int, X: np.ndarray = X) -> None:
                _blocks._FEW = few
                logits(X, network)

            found = medians([lambda: run(2**40), lambda: run(0)])
            print(f"| {n} | {32 * n} | {found[0]:.1f} | {found[1]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
