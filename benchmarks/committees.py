"""Cross-validated log-loss of the best of several starts and of committees.

Run with `python benchmarks/committees.py` (some four minutes). Raw features, 16 hidden units,
alpha=1, five shuffled folds.
"""

from __future__ import annotations

import numpy as np
from problems import PROBLEMS
from sklearn.model_selection import StratifiedKFold, cross_val_score

from skshallow import ShallowTanhClassifier

CHOICES = [("n_init", 1), ("n_init", 5), ("n_init", 10), ("n_estimators", 5), ("n_estimators", 10)]


def main() -> None:
    print("| data | " + " | ".join(f"{name}={value}" for name, value in CHOICES) + " |")
    print("|---|" + "---|" * len(CHOICES))
    table = []
    for data, load in PROBLEMS.items():
        X, y = load()
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        row = []
        for name, value in CHOICES:
            model = ShallowTanhClassifier(
                16, alpha=1.0, random_state=0, max_iter=3000, **{name: value}
            )
            row.append(-cross_val_score(model, X, y, cv=folds, scoring="neg_log_loss").mean())
        table.append(row)
        print(f"| {data} | " + " | ".join(f"{loss:.4f}" for loss in row) + " |", flush=True)
    print("| mean | " + " | ".join(f"{loss:.4f}" for loss in np.mean(table, axis=0)) + " |")


if __name__ == "__main__":
    main()
