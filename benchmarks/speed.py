"""How fast the network is fitted, beside every other way to fit it that is installed.

Run with `python benchmarks/speed.py` (some fifteen minutes), with `--quick` for two seeds and the
sections that take little (under two minutes), or with the names of sections: fits, evaluations,
committees, predictions, memory, import, pictures. MLPClassifier comes with scikit-learn; R's nnet,
PyTorch and skorch take part where they are installed. The tables are printed, and take the place of
the section on speed, the last one, in benchmarks/RESULTS.md if all sections are run with `--write`;
the pictures go to the current directory.

All fit the same F on the same standardised rows from the same start (but the references and
skorch, which draw their own), each to its own stopping rule with tol = 1e-4, and F is computed anew
from the weights that each returns. Peers take turns within a seed, but for R, which runs by itself
and does not count its evaluations; times are medians over the seeds, and ratios medians of the
seeds' ratios.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl
from peers import MLP, MLP_ONE, PEERS, Nnet, Ours, Problem, Run, Torch, median_seconds, objective
from problems import PROBLEMS
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skshallow import ShallowTanhClassifier
from skshallow._backprop import Block, Layers, Networks, Work, back_to_hidden
from skshallow._objective import Objective
from skshallow._outputs import output_for
from skshallow._rows import RowBlocks
from skshallow._threads import one_thread_blas

# data, hidden units, alpha
FITS = [
    ("flower", 4, 0.01),
    ("moons", 8, 0.1),
    ("wine", 8, 1.0),
    ("breast cancer", 10, 0.1),
    ("digits", 32, 1.0),
]
# rows, features, classes, hidden units, alpha
LARGE = [(20_000, 40, 5, 24, 3.0), (100_000, 50, 2, 32, 1.0)]


def problem(name: str, n_hidden: int, alpha: float, dtype: Any = np.float64) -> Problem:
    X, y = PROBLEMS[name]()
    return Problem(name, StandardScaler().fit_transform(X).astype(dtype), y, n_hidden, alpha)


def large(
    n: int, d: int, k: int, h: int, alpha: float, dtype: Any = np.float64, seed: int = 0
) -> Problem:
    X, y = make_classification(
        n, d, n_informative=d // 2, n_classes=k, n_clusters_per_class=2, flip_y=0.02,
        random_state=seed,
    )  # fmt: skip
    name = f"{n:,} x {d}, {k} classes, {h} units"
    return Problem(name, StandardScaler().fit_transform(X).astype(dtype), y, h, alpha)


def objective_of(p: Problem) -> Objective:
    """Our objective on a problem's rows, in the dtype of X."""
    loss = output_for(p.n_classes, multilabel=False).loss
    rows = RowBlocks(p.X, loss.encode(p.y), np.ones(len(p.X)))
    return Objective(rows, p.layout, loss, alpha=p.alpha, total_weight=len(p.X))


def environment() -> list[str]:
    """What the figures depend on."""
    versions = []
    for package in ("skshallow", "scikit-learn", "numpy", "scipy", "torch", "skorch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} not installed")
    blas = {
        f"{pool['internal_api']} {pool['version']} ({pool['num_threads']} threads)"
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    }
    return [
        f"Python {platform.python_version()}, {', '.join(versions)}; "
        f"BLAS {', '.join(sorted(blas))}; {os.cpu_count()} processors, {platform.machine()}.",
    ]


def fits(n_seeds: int) -> list[str]:
    """Whole fits on small and middling data."""
    lines = [
        "| problem | fitted by | ms | times ours | F | iterations | evaluations |",
        "|---|---|---|---|---|---|---|",
    ]
    print(*lines, sep="\n", flush=True)
    for name, n_hidden, alpha in FITS:
        cases = [problem(name, n_hidden, alpha)]
        if name == "digits":
            cases.append(problem(name, n_hidden, alpha, np.float32))
        for p in cases:
            peers = [peer for peer in PEERS if peer.unavailable() is None]
            if n_seeds < 3 and p.layout.size > 1000:
                peers = [peer for peer in peers if not isinstance(peer, Nnet)]  # 20 s a fit
            if p.X.dtype == np.float32:
                peers = [peer for peer in peers if isinstance(peer, Ours | MLP)]
            runs: dict[str, list[Run]] = {peer.name: [] for peer in peers}
            for peer in peers:
                if not hasattr(peer, "fit_all"):
                    peer.fit(p, n_seeds)  # what happens once, such as loading, is not timed
            for seed in range(n_seeds):
                for peer in peers:
                    if not hasattr(peer, "fit_all"):
                        runs[peer.name].append(peer.fit(p, seed))
            for peer in peers:
                if hasattr(peer, "fit_all"):
                    runs[peer.name] = peer.fit_all(p, list(range(n_seeds)))
            ours = np.array([run.seconds for run in runs[Ours.name]])
            for peer in peers:
                seconds = np.array([run.seconds for run in runs[peer.name]])
                ratio = float(np.median(seconds / ours))
                values = [objective(p, run.weights) for run in runs[peer.name] if run.weights]
                n_iter = [run.n_iter for run in runs[peer.name] if run.n_iter]
                n_calls = [run.n_evaluations for run in runs[peer.name] if run.n_evaluations]
                if hasattr(peer, "evaluations"):
                    counted = [peer.evaluations(p, seed) for seed in range(n_seeds)]
                    n_calls = [count for count in counted if count]
                dtype = ", float32" if p.X.dtype == np.float32 else ""
                lines.append(
                    f"| {name}{dtype} | {peer.name} | {1e3 * np.median(seconds):.1f} | {ratio:.2f} "
                    f"| {f'{np.median(values):.5f}' if values else ''} "
                    f"| {f'{np.median(n_iter):.0f}' if n_iter else ''} "
                    f"| {f'{np.median(n_calls):.0f}' if n_calls else ''} |"
                )
                print(lines[-1], flush=True)
    return lines


def products(block: Block, layers: Layers, work: Work, accumulator: np.ndarray) -> None:
    """A block's matrix products, and nothing else of `skshallow._backprop.loss_gradient`."""
    X = block.X
    H1, _, D, Z, G = work.buffers(1, X.shape[0])
    np.matmul(layers.W1.swapaxes(1, 2), X.T, out=D)
    np.matmul(layers.W2.swapaxes(1, 2), H1, out=Z)
    np.matmul(H1, G.swapaxes(1, 2))
    back_to_hidden(layers.W2, G, D)
    np.matmul(X.T, D.swapaxes(1, 2))


def pass_seconds(p: Problem, seed: int) -> tuple[float, float]:
    """Seconds of an evaluation, and of its matrix products in the same blocks and threads.

    Both make the blocks ready, which for much data is done at each pass.
    """
    objective = objective_of(p)
    thetas = p.layout.initial(np.random.RandomState(seed))[None]
    networks = Networks(p.layout, thetas)
    with one_thread_blas(), np.errstate(over="ignore"):
        ours = median_seconds(lambda: objective.loss_gradient(thetas), 15)
        alone = median_seconds(lambda: objective.rows.reduce(products, networks), 15)
    return ours, alone


def iteration_seconds(p: Problem, seed: int) -> float:
    """Seconds of an iteration of MLPClassifier's lbfgs in one thread."""
    run = MLP_ONE.fit(p, seed, max_iter=20)
    return run.seconds / (run.n_iter or 1)


def evaluations(n_seeds: int) -> list[str]:
    """One evaluation of F and its gradient on large data."""
    lines = [
        "| problem | dtype | ours, ms | against | ms | times ours |",
        "|---|---|---|---|---|---|",
    ]
    print(*lines, sep="\n", flush=True)
    for shape in LARGE:
        for dtype in (np.float64, np.float32):
            pairs: dict[str, list[tuple[float, float]]] = {}
            for seed in range(n_seeds):
                p = large(*shape, dtype=dtype, seed=seed)
                ours, alone = pass_seconds(p, seed)
                found = {"its matrix products alone": alone}
                found["MLPClassifier lbfgs, one thread: an iteration"] = iteration_seconds(p, seed)
                if dtype == np.float32:
                    double = replace(p, X=p.X.astype(np.float64))
                    found["the same in float64"] = iteration_seconds(double, seed)
                if Torch().unavailable() is None:
                    found["PyTorch: an evaluation"] = Torch().evaluation_seconds(p, 15)
                for name, theirs in found.items():
                    pairs.setdefault(name, []).append((theirs, ours))
            for name, both in pairs.items():
                theirs_all, ours_all = np.array(both).T
                ratio = float(np.median(theirs_all / ours_all))
                lines.append(
                    f"| {p.name} | {np.dtype(dtype).name} | {1e3 * np.median(ours_all):.2f} "
                    f"| {name} | {1e3 * np.median(theirs_all):.2f} | {ratio:.2f} |"
                )
                print(lines[-1], flush=True)
    return lines


def committees(n_seeds: int) -> list[str]:
    """Ten members beside one."""
    lines = [
        "| problem | one, ms | ten members, ms | times one |",
        "|---|---|---|---|",
    ]
    print(*lines, sep="\n", flush=True)
    for name, n_hidden, alpha in FITS:
        p = problem(name, n_hidden, alpha)
        pairs = [
            [Ours(n_estimators=n).fit(p, seed).seconds for n in (1, 10)] for seed in range(n_seeds)
        ]
        one, ten = np.array(pairs).T
        ratio = float(np.median(ten / one))
        lines.append(
            f"| {name} | {1e3 * np.median(one):.1f} | {1e3 * np.median(ten):.1f} | {ratio:.1f} |"
        )
        print(lines[-1], flush=True)
    return lines


def predictions(n_seeds: int) -> list[str]:
    """predict_proba of one row and of many, beside MLPClassifier's."""
    lines = [
        "| rows | ours, ms | MLPClassifier | ms | times ours |",
        "|---|---|---|---|---|",
    ]
    print(*lines, sep="\n", flush=True)
    p = large(*LARGE[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = ShallowTanhClassifier(p.n_hidden, max_iter=3).fit(p.X, p.y)
        theirs = MLPClassifier(p.n_hidden, activation="tanh", max_iter=1).fit(p.X[:999], p.y[:999])
    for n_rows, repeat in ((1, 300), (len(p.X), 3)):
        X = p.X[:n_rows]
        for threads in (1, None):
            times = []
            for _ in range(max(5, n_seeds)):
                mine = median_seconds(lambda X=X: ours.predict_proba(X), repeat)
                with threadpool_limits(threads, "blas"):
                    other = median_seconds(lambda X=X: theirs.predict_proba(X), repeat)
                times.append((mine, other))
            mine_all, other_all = np.array(times).T
            ratio = float(np.median(other_all / mine_all))
            lines.append(
                f"| {n_rows:,} | {1e3 * np.median(mine_all):.3f} "
                f"| {'one thread' if threads else 'as it comes'} "
                f"| {1e3 * np.median(other_all):.3f} | {ratio:.2f} |"
            )
            print(lines[-1], flush=True)
    return lines


def in_new_process(code: str, *arguments: str) -> float:
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    )
    return float(found.stdout)


MEMORY = r"""
import re, sys, warnings
from pathlib import Path
import numpy as np
from sklearn.neural_network import MLPClassifier
from skshallow import ShallowTanhClassifier
warnings.simplefilter("ignore")
X = np.random.default_rng(0).standard_normal((1_000_000, 20))
y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(int)
model = {
    "ours": ShallowTanhClassifier(64, max_iter=12),
    "ours without scaling": ShallowTanhClassifier(64, max_iter=12, standardize=False),
    "MLPClassifier": MLPClassifier(64, activation="tanh", solver="lbfgs", max_iter=3),
}[sys.argv[1]]

def peak():  # MiB; getrusage would begin with what the parent process has
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024

model.fit(X[:100], y[:100])  # loads what is loaded once
before = peak()
model.fit(X, y)
print(peak() - before)
"""


def memory(n_seeds: int) -> list[str]:
    """Peak memory of a fit of 1,000,000 x 20 float64 with 64 units, beyond X (Linux)."""
    lines = ["| fitted by | MiB beyond X | share |", "|---|---|---|"]
    print(*lines, sep="\n", flush=True)
    names = ("MLPClassifier", "ours", "ours without scaling")
    peaks = [in_new_process(MEMORY, name) for name in names]
    for name, peak in zip(names, peaks, strict=True):
        lines.append(f"| {name} | {peak:.0f} | {peak / peaks[0]:.2f} |")
        print(lines[-1], flush=True)
    return lines


def imports(n_seeds: int) -> list[str]:
    """Seconds of an import in a new process."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    modules = ("sklearn.linear_model", "skshallow")
    times = [[in_new_process(code.format(m)) for m in modules] for _ in range(n_seeds + 1)][1:]
    base, ours = np.array(times).T
    ratio = float(np.median(ours / base))
    lines = [
        "| module | seconds | share |",
        "|---|---|---|",
        f"| sklearn.linear_model | {np.median(base):.2f} | 1 |",
        f"| skshallow | {np.median(ours):.2f} | {ratio:.2f} |",
    ]
    print(*lines, sep="\n", flush=True)
    return lines


def pictures(n_seeds: int) -> list[str]:
    """Time against the number of rows, and F against time, as pictures (they need matplotlib)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    peers = [Ours(), MLP_ONE, MLP("lbfgs", None)]
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    sizes = [300, 1000, 3000, 10_000, 30_000]
    for peer in peers:
        medians = []
        for n in sizes:
            runs = [peer.fit(large(n, 20, 3, 16, 1.0, seed=seed), seed) for seed in range(n_seeds)]
            medians.append(np.median([run.seconds for run in runs]))
        axes[0].loglog(sizes, medians, marker="o", label=peer.name)
        print(peer.name, dict(zip(sizes, np.round(medians, 3).tolist(), strict=True)), flush=True)
    axes[0].set(
        xlabel="rows (20 features, 3 classes, 16 units)", ylabel="seconds to convergence",
        title="Time against size",
    )  # fmt: skip
    axes[0].legend()
    p = large(*LARGE[1])
    for peer in peers:
        points = []
        for max_iter in (5, 10, 20, 40, 80, 160):
            if isinstance(peer, Ours):
                run = Ours(max_iter=max_iter).fit(p, 0)
            else:
                run = peer.fit(p, 0, max_iter=max_iter)
            points.append((run.seconds, objective(p, run.weights)))
        axes[1].plot(*zip(*points, strict=True), marker="o", label=peer.name)
        print(peer.name, [(round(s, 2), round(f, 4)) for s, f in points], flush=True)
    axes[1].set(
        xscale="log", xlabel="seconds", ylabel="F",
        title=f"F against time: {p.name}",
    )  # fmt: skip
    axes[1].legend()
    path = Path("speed.png").resolve()
    figure.savefig(path, dpi=110)
    print(f"The picture is in {path}")
    return []


SECTIONS: dict[str, Callable[[int], list[str]]] = {
    "fits": fits,
    "evaluations": evaluations,
    "committees": committees,
    "predictions": predictions,
    "memory": memory,
    "import": imports,
    "pictures": pictures,
}
HEADING = "## Speed"  # in RESULTS.md
QUICK = ("fits", "committees", "predictions", "import")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="two seeds, the short sections")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--write", action="store_true", help="write the section on speed of benchmarks/RESULTS.md"
    )
    options = parser.parse_args()
    n_seeds = 2 if options.quick else options.seeds
    names = options.sections or (QUICK if options.quick else list(SECTIONS))
    if unknown := set(names) - set(SECTIONS):
        parser.error(f"no sections of these names: {sorted(unknown)}")
    if options.write and set(names) != set(SECTIONS):
        parser.error("--write needs all sections")
    text = [
        HEADING, "", "These figures are printed by `python benchmarks/speed.py`.", "",
        *environment(), f"Medians over {n_seeds} seeds.", "",
    ]  # fmt: skip
    print(*text, sep="\n")
    for peer in PEERS:
        if peer.unavailable():
            print(f"Left out: {peer.name}: {peer.unavailable()}.")
    for name in names:
        heading = f"### {(SECTIONS[name].__doc__ or name).rstrip('.')}"
        print(f"\n{heading}\n", flush=True)
        lines = SECTIONS[name](n_seeds)
        if lines:
            text += [heading, "", *lines, ""]
    if options.write:
        path = Path(__file__).with_name("RESULTS.md")
        before = path.read_text().partition(f"{HEADING}\n")[0]
        path.write_text(before + "\n".join(text))
        print(f"\nThe tables are in {path}")


if __name__ == "__main__":
    main()
