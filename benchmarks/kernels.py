"""What the functions of a pass cost an element: tanh in several forms, and the losses.

Run with `python benchmarks/kernels.py` (seconds). Buffers of 2^14 numbers, in place where that can
be; medians over repetitions, in nanoseconds. `skshallow._backprop.forward` and the losses are
written by these figures. Where NumPy has vector instructions for tanh in float64 (AVX-512), it wins
by about the cost of the three other passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.special import expit, log_expit

SIZE = 2**14


def tanh_by_exp(a: np.ndarray) -> None:
    """2 / (1 + exp(-2 a)) - 1, where -2 a is a product of scaled weights and costs nothing."""
    np.exp(a, out=a)
    np.add(a, 1, out=a)
    np.divide(2, a, out=a)
    np.subtract(a, 1, out=a)


def losses_written_out(a: np.ndarray) -> None:
    """The sigmoid's loss and gradient by exp and log1p of -|z|."""
    E = np.exp(-np.abs(a))
    losses = np.log1p(E)
    losses += np.maximum(a, 0)
    gradient = np.where(a > 0, 1, E)
    gradient /= 1 + E


def losses_by_scipy(a: np.ndarray) -> None:
    """The same by SciPy's expit and log_expit."""
    expit(a)
    log_expit(np.negative(a))


CASES: dict[str, Callable[[np.ndarray], object]] = {
    "np.tanh": lambda a: np.tanh(a, out=a),
    "tanh by exp": tanh_by_exp,
    "tanh by scipy's expit": lambda a: np.subtract(
        np.multiply(expit(a, out=a), 2, out=a), 1, out=a
    ),
    "np.exp": lambda a: np.exp(a, out=a),
    "np.logaddexp": lambda a: np.logaddexp(0, a, out=a),
    "sigmoid loss and gradient, written out": losses_written_out,
    "sigmoid loss and gradient, by SciPy": losses_by_scipy,
    "a product": lambda a: np.multiply(a, a, out=a),
    "a quotient": lambda a: np.divide(2, a, out=a),
}


def main(n_repetitions: int = 50) -> None:
    print("| function | float64 ns | float32 ns |")
    print("|---|---|---|")
    rng = np.random.default_rng(0)
    for name, function in CASES.items():
        medians = []
        for dtype in (np.float64, np.float32):
            start = (1.5 * rng.standard_normal(SIZE)).astype(dtype)
            times = []
            for _ in range(n_repetitions):
                a = start.copy()
                begin = time.perf_counter()
                function(a)
                times.append(time.perf_counter() - begin)
            medians.append(1e9 * np.median(times) / SIZE)
        print(f"| {name} | {medians[0]:.2f} | {medians[1]:.2f} |")


if __name__ == "__main__":
    main()
