"""Peak memory of a fit on 1,000,000 x 20 float64 numbers with 64 hidden units.

Run with `python benchmarks/memory.py` on Linux. The figure is the growth of the process's peak
resident size over its size before the fit, less one standardised copy of X.
"""

from __future__ import annotations

import resource
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skshallow import ShallowTanhClassifier


def peak_mib() -> float:
    """Largest resident size of this process so far (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1_000_000, 20))
    y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)
    model = ShallowTanhClassifier(n_hidden=64, max_iter=10, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X[:100], y[:100])  # what is loaded once
        before = peak_mib()
        model.fit(X, y)
    growth = peak_mib() - before
    copy = X.nbytes / 2**20
    print(f"X: {copy:.0f} MiB; one hidden layer of all rows would be {len(X) * 64 * 8 / 2**20:.0f}")
    print(f"fit: {growth:.0f} MiB beyond X, {growth - copy:.0f} MiB beyond X and one copy")


if __name__ == "__main__":
    main()
