"""What the functions of a pass cost an element: tanh in several forms, and the two-class loss.

Run with `python benchmarks/kernels.py` (a second). Buffers of 2^14 numbers, in place where that can
be; medians over repetitions, in nanoseconds. `skshallow._backprop.forward` and
`skshallow._losses.SigmoidLoss` are written by these figures. Where NumPy has vector instructions
for tanh (AVX-512), np.tanh wins by up to the cost of the three other passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.special import expit, log_expit

from skshallow._losses import SigmoidLoss

SIZE = 2**14


def tanh_by_exp(a: np.ndarray) -> None:
    """2 / (1 + exp(-2 a)) - 1, where -2 a is a product of scaled weights and costs nothing."""
    np.exp(a, out=a)
    np.add(a, 1, out=a)
    np.divide(2, a, out=a)
    np.subtract(a, 1, out=a)


def functions_by_numpy(a: np.ndarray) -> None:
    """The functions of numbers that `SigmoidLoss` needs for the losses and their gradient."""
    t = np.copysign(a, -1)
    np.exp(t, out=t)
    np.log1p(t)
    G = np.minimum(a, 0)
    np.exp(G, out=G)


def functions_by_scipy(a: np.ndarray) -> None:
    """Functions that give the same by themselves."""
    expit(a)
    log_expit(np.negative(a))


def loss_by_scipy(Z: np.ndarray, y: np.ndarray, w: np.ndarray, G: np.ndarray) -> np.ndarray:
    """What `SigmoidLoss.loss_gradient` does, by SciPy's functions."""
    Z *= y
    expit(Z, out=G)
    G *= y
    G *= w
    losses = log_expit(np.negative(Z))
    losses *= w
    return -np.add.reduce(losses, axis=(-2, -1), dtype=np.float64)


def on_a_block(loss: Callable[..., np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """A loss with its gradient, for one network's logits."""
    signs = SigmoidLoss().encode(np.random.default_rng(1).integers(0, 2, SIZE))
    weights = {dtype: np.ones((1, SIZE), dtype) for dtype in (np.float64, np.float32)}
    buffers = {dtype: np.empty((1, 1, SIZE), dtype) for dtype in (np.float64, np.float32)}

    def function(a: np.ndarray) -> np.ndarray:
        return loss(a.reshape(1, 1, -1), signs, weights[a.dtype.type], buffers[a.dtype.type])

    return function


CASES: dict[str, Callable[[np.ndarray], object]] = {
    "np.tanh": lambda a: np.tanh(a, out=a),
    "tanh by exp": tanh_by_exp,
    "tanh by scipy's expit": lambda a: np.subtract(
        np.multiply(expit(a, out=a), 2, out=a), 1, out=a
    ),
    "np.exp": lambda a: np.exp(a, out=a),
    "np.logaddexp": lambda a: np.logaddexp(0, a, out=a),
    "np.log1p of positive numbers": lambda a: np.log1p(np.abs(a, out=a), out=a),
    "scipy's expit": lambda a: expit(a, out=a),
    "scipy's log_expit": lambda a: log_expit(a, out=a),
    "exp and log1p of the two-class loss": functions_by_numpy,
    "expit and log_expit for the same": functions_by_scipy,
    "two-class loss and gradient, SigmoidLoss": on_a_block(SigmoidLoss().loss_gradient),
    "two-class loss and gradient, by SciPy": on_a_block(loss_by_scipy),
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
