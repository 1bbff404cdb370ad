"""F against wall time on 100,000 x 50 for every solver and for MLPClassifier.

Run with `python benchmarks/solvers.py` (some four minutes; it needs matplotlib) to get a table
and `solvers.png`. All minimise the same F from the same start: 2 classes, 20 informative features
in 4 clusters a class, 2% of the labels flipped, standardised beforehand, 32 hidden units, alpha=1.
MLPClassifier's F is computed from its weights; its adam stops by its own rule, its lbfgs after as
many iterations as ours. Its faster BLAS setting, of one thread or all, is the one shown.
"""

from __future__ import annotations

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skshallow import ShallowTanhClassifier
from skshallow._fit import Data, make_problem
from skshallow._objective import Objective
from skshallow._outputs import output_for
from skshallow._parameters import Parameters
from skshallow._solvers import SOLVERS, make_solver
from skshallow._threads import one_thread_blas

LIMITS = {"auto": 150, "lbfgs": 150, "newton": 15, "adam": 20, "sgd": 20}


def make_objective() -> tuple[np.ndarray, np.ndarray, Objective]:
    """Draw the data; the objective on them."""
    X, y = make_classification(
        100_000, 50, n_informative=20, n_clusters_per_class=4, flip_y=0.02, random_state=0
    )
    X = StandardScaler().fit_transform(X)
    data = Data.of_positive_weight(X, y, np.ones(len(y)))
    problem = make_problem(data, output_for(2, multilabel=False), None)
    return X, y, problem.objective(32, alpha=1.0)


def descend(objective: Objective, name: str) -> list[tuple[float, float]]:
    """Seconds and F after each iteration."""
    path: list[tuple[float, float]] = []
    start = time.perf_counter()
    solver = make_solver(name, ShallowTanhClassifier().get_params())
    theta0 = objective.layout.initial(np.random.RandomState(0))
    with one_thread_blas():
        solver.solve(
            objective,
            theta0[None],
            tol=1e-4,
            max_iter=LIMITS[name],
            callback=lambda k, theta, value, gradient: path.append(
                (time.perf_counter() - start, value)
            ),
            random_states=[np.random.RandomState(0)],
        )
    return path


def peer(X: np.ndarray, y: np.ndarray, objective: Objective, name: str) -> tuple[float, float, int]:
    """Seconds, F and iterations of MLPClassifier."""
    best = (np.inf, np.inf, 0)
    for threads in (None, 1):
        model = MLPClassifier(32, activation="tanh", solver=name, alpha=1, random_state=0)
        model.set_params(max_iter=LIMITS["lbfgs"] if name == "lbfgs" else 200)
        with threadpool_limits(threads, "blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            model.fit(X, y)
            seconds = time.perf_counter() - start
        (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
        theta = objective.layout.pack(Parameters(W1, b1, W2, b2))
        values, _ = objective.loss_gradient(theta[None])
        best = min(best, (seconds, float(values[0]), model.n_iter_))
    return best


def main() -> None:
    X, y, objective = make_objective()
    peers = {f"MLPClassifier {name}": peer(X, y, objective, name) for name in ("adam", "lbfgs")}
    seconds, target, _ = peers["MLPClassifier adam"]
    print(f"| solver | iterations | seconds | F | seconds to F = {target:.4f} | share |")
    print("|---|---|---|---|---|---|")
    figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
    for name in SOLVERS:
        path = descend(objective, name)
        reached = next((at for at, value in path if value <= target), np.nan)
        print(
            f"| {name} | {len(path)} | {path[-1][0]:.1f} | {path[-1][1]:.4f} | {reached:.2f} "
            f"| 1/{seconds / reached:.0f} |",
            flush=True,
        )
        axis.plot(*zip(*path, strict=True), marker=".", markersize=4, label=name)
    for name, (at, value, n_iter) in peers.items():
        print(f"| {name} | {n_iter} | {at:.1f} | {value:.4f} | | |")
        axis.plot(at, value, "k*" if "adam" in name else "k^", markersize=10, label=name)
    axis.set(xscale="log", xlabel="seconds", ylabel="F", ylim=(0.1, 0.7))
    axis.set_title("100,000 x 50, 32 hidden units, alpha = 1")
    axis.legend()
    figure.savefig("solvers.png", dpi=110)
    print("\nThe picture is in solvers.png")


if __name__ == "__main__":
    main()
