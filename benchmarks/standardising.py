"""Blocks of a dense X that are standardised once and kept, or anew at each pass.

Run with `python benchmarks/standardising.py` (two minutes; `--quick` takes ten seconds). The first
table: microseconds of an evaluation either way, in turn, in one thread and in two. To keep blocks
takes as much memory as X in the kernels' dtype; `skshallow._rows._PREPARED` weighs that against
what each pass pays beyond it, the last column. The second: nanoseconds that a number takes where
the product with 1 / scale is spread over so many numbers, from which `skshallow._rows._SPREAD` is
chosen, and where `_standardise` does all, which rounds once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from skshallow import _rows
from skshallow._objective import Objective
from skshallow._outputs import output_for
from skshallow._parameters import Layout
from skshallow._rows import RowBlocks
from skshallow._standardize import column_scaling
from skshallow._threads import one_thread_blas

SHAPES = [(5000, 20), (20_000, 40), (100_000, 50), (300_000, 30)]
UNITS = [4, 16, 32, 64]
# of X, of the kernels
DTYPES = [(np.float32, np.float32), (np.float64, np.float64), (np.float64, np.float32)]
FEATURES = [2, 5, 10, 30, 100, 1000]
SPREADS = [1, 128, 512, 1024, 2048, 4096, 16_384]

ALWAYS, NEVER = 2**60, 0


def medians(functions: list[Callable[[], object]], seconds: float) -> np.ndarray:
    """Median microseconds of each function, in turn, after a third of the time to warm up.

    Without it, the first tenth of a second finds both threads on one processor.
    """
    times: list[list[float]] = []
    begin = time.perf_counter()
    warm = False
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        if not warm and time.perf_counter() - begin > seconds / 3:
            warm, times = True, []
        times.append([])
        for function in functions:
            start = time.perf_counter()
            function()
            times[-1].append(1e6 * (time.perf_counter() - start))
    return np.median(times, axis=0)


def rows_of(X: np.ndarray, dtype: type, prepared: int) -> RowBlocks:
    """Standardised rows, of two classes, with this limit for blocks that are kept."""
    y = np.random.default_rng(1).integers(0, 2, len(X))
    scaling = column_scaling(X, np.ones(len(X))).rounded(X.dtype)
    codes = output_for(2, multilabel=False).loss.encode(y)
    original, _rows._PREPARED = _rows._PREPARED, prepared
    rows = RowBlocks(X, codes, np.ones(len(X)), dtype, scaling=scaling)
    _rows._PREPARED = original
    return rows


def passes(shapes: list[tuple[int, int]], units: list[int], seconds: float) -> None:
    """Evaluations with blocks prepared once and at each pass."""
    print("| rows x features | X | kernels | hidden | threads | once, us | at each pass | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    loss = output_for(2, multilabel=False).loss
    for n, d in shapes:
        table = 3 + 2 * np.random.default_rng(0).standard_normal((n, d))
        for given, dtype in DTYPES:
            X = table.astype(given)
            pair = [rows_of(X, dtype, limit) for limit in (ALWAYS, NEVER)]
            for n_hidden in units:
                layout = Layout(d, n_hidden, 1)
                thetas = layout.initial(np.random.RandomState(0))[None]
                objectives = [Objective(rows, layout, loss, 1.0, n) for rows in pair]
                for threads in (1, 2):
                    with threadpool_limits(threads, "blas"), one_thread_blas():
                        once, each = medians(
                            [lambda F=F, t=thetas: F.loss_gradient(t) for F in objectives], seconds
                        )
                    print(
                        f"| {n:,} x {d} | {X.dtype} | {np.dtype(dtype)} | {n_hidden} | {threads} "
                        f"| {once:.0f} | {each:.0f} | {each / once:.2f} |",
                        flush=True,
                    )


def spreads(seconds: float) -> None:
    """A block of 2^18 numbers prepared."""
    print("\n| features | X | kernels | " + " | ".join(map(str, SPREADS)) + " | rounded once |")
    print("|---" * (4 + len(SPREADS)) + "|")
    original = _rows._SPREAD
    for d in FEATURES:
        for given, dtype in DTYPES:
            X = (3 + 2 * np.random.default_rng(0).standard_normal((2**18 // d, d))).astype(given)
            functions: list[Callable[[], object]] = []
            for spread in SPREADS:
                _rows._SPREAD = spread
                source = rows_of(X, dtype, NEVER)._source
                functions.append(lambda source=source, X=X: source.prepare(X, 0))
            out = np.ones((len(X), d + 1), dtype)[:, :-1]
            functions.append(lambda source=source, X=X, out=out: source._standardise(X, out))
            found = medians(functions, seconds)
            print(
                f"| {d} | {X.dtype} | {np.dtype(dtype)} | "
                + " | ".join(f"{1e3 * t / X.size:.2f}" for t in found)
                + " |",
                flush=True,
            )
    _rows._SPREAD = original


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything")
    quick = parser.parse_args().quick
    with np.errstate(over="ignore"):
        if quick:
            passes(SHAPES[:2], UNITS[::2], 0.15)
        else:
            passes(SHAPES, UNITS, 1.2)
        spreads(0.15 if quick else 0.6)


if __name__ == "__main__":
    main()
