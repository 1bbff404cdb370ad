"""Test log-loss after passes over a stream, by how the steps of partial_fit fall.

Run with `python benchmarks/stream.py [TABLE.csv ...]`; it takes some five minutes without tables.
A TABLE has its class in the column `target`, and features that are numbers. The rows come in
batches of BATCH, in a new order in each pass, to a network of 100 hidden units; alpha is multiplied
by the number of passes, as the docstring of `partial_fit` says.

A step is rate / (1 + updates / HALF) ** POWER. A POWER of 0 is a step of constant size.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skshallow import ShallowTanhClassifier
from skshallow._solvers._stochastic import Minibatches

BATCH, PASSES, SEEDS = 500, (1, 5, 20), (0, 1)
FALLS = [(0.0, 1), *product((0.5, 0.75, 1.0), (30, 100, 300, 1000))]


def data_sets(tables: list[Path]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Features and labels by name."""
    X, y = make_classification(20_000, 20, n_informative=10, n_clusters_per_class=4, random_state=0)
    found = {
        "digits": load_digits(return_X_y=True),
        "breast cancer": load_breast_cancer(return_X_y=True),
        "made": (X, y),
    }
    for path in tables:
        table = pd.read_csv(path)
        found[path.stem] = table.drop(columns="target").to_numpy(float), table["target"].to_numpy()
    return found


def losses(X: np.ndarray, y: np.ndarray, solver: str, n_passes: int) -> float:
    """Mean log-loss on rows held out, over seeds."""
    found = []
    for seed in SEEDS:
        train, test, y_train, y_test = train_test_split(X, y, random_state=seed, stratify=y)
        rng = np.random.default_rng(seed)
        model = ShallowTanhClassifier(100, solver=solver, alpha=1.0 * n_passes, random_state=seed)
        for _ in range(n_passes):
            order = rng.permutation(len(train))
            for rows in np.array_split(order, -(-len(train) // BATCH)):
                model.partial_fit(train[rows], y_train[rows], np.unique(y))
        found.append(log_loss(y_test, model.predict_proba(test)))
    return float(np.mean(found))


def main(tables: list[Path]) -> None:
    """Print a row for each way to fall."""
    data = data_sets(tables)
    for solver in ("adam", "sgd"):
        print(f"\n{solver}, log-loss after {PASSES} passes of: {', '.join(data)}")
        for power, half in FALLS:
            Minibatches.stream_rate = lambda self, n, p=power, h=half: (
                self.learning_rate / (1 + n / h) ** p
            )
            cells = [
                " ".join(f"{losses(X, y, solver, n):6.3f}" for n in PASSES)
                for X, y in data.values()
            ]
            print(f"{power:5.2f} {half:6d}   " + "   ".join(cells), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", type=Path)
    sys.exit(main(parser.parse_args().tables))
