"""Two checkouts of the package side by side: their results, times and memory.

Run with `python benchmarks/before_after.py OTHER_CHECKOUT [sections]`, where OTHER_CHECKOUT is the
root of a clone of another commit ("before"); the checkout that holds this file is "after". Sections
are agreement (a minute), speed (six) and memory (four, Linux only; 1 GB in the temporary folder);
all by default.

Each checkout has a worker process of its own, and the two are measured in turns (A B B A ...), so
that what else the machine does meets both. New workers for each seed vary what a process has by
chance, such as addresses. Only the public estimator is used, so that internals may differ.

An agreement of 1e-9 cannot hold where rounding alone moves the result by more, as on dense data
that are descended in float32 first. So "before" is also fitted to the rows in reversed order, which
is the same but for rounding: where before and after differ by no more than ten times of what that
does, the verdict is "rounding", which says little where that is much. The same data as CSR matrices
are computed in float64 throughout, and there 1e-9 can be asked for.
"""

from __future__ import annotations

import argparse
import gc
import os
import pickle
import platform
import re
import subprocess
import sys
import tempfile
import time
import traceback
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
from problems import PROBLEMS
from scipy.sparse import csr_matrix
from sklearn.datasets import (
    load_breast_cancer,
    load_iris,
    make_classification,
    make_multilabel_classification,
)
from sklearn.preprocessing import StandardScaler

# What is required of "after".
PROBABILITIES, OBJECTIVE, SLOWER = 1e-9, 1e-3, 1.03

# Parameters, with 4 hidden units, up to which solver="newton" is compared.
NEWTON_SIZE = 300

# Seconds that a worker warms up for a case, that one turn takes at least, and that the turns of a
# case take in a round; and the least and most turns.
WARM_UP, TURN, ROUND = 1 / 3, 0.03, 2.5
FEWEST, MOST = 6, 30

# Distance between the quartiles of the rounds' medians beyond which 3% cannot be judged in one run.
NOISY = 0.03

MEMORY_SHAPE, CHUNK = (3_000_000, 30), 100_000


# In the workers


def network(*args: Any, **parameters: Any) -> Any:
    """The estimator of the worker's checkout."""
    from skshallow import ShallowTanhClassifier  # the parent process must not import it

    # Its default may differ between the two.
    return ShallowTanhClassifier(*args, **{"alpha": 1.0} | parameters)


def where() -> str:
    import skshallow

    return str(Path(skshallow.__file__).resolve().parent)


def results(problem: str, seeds: list[int], step: int) -> dict[str, Any]:
    """Probabilities after 20 iterations by solver, and F and iterations at convergence.

    Rows are fitted in their order with a step of 1, and in reversed order with -1.
    """
    X_all, y_all = PROBLEMS[problem]()
    X, y = X_all[::step].copy(), y_all[::step].copy()
    settings: dict[str, dict[str, Any]] = {
        "auto, 32 units": {},
        "lbfgs, 4 units": {"solver": "lbfgs", "n_hidden": 4},
    }
    n_classes = len(np.unique(y))
    if 4 * (X.shape[1] + 1) + 5 * (1 if n_classes == 2 else n_classes) <= NEWTON_SIZE:
        settings["newton, 4 units"] = {"solver": "newton", "n_hidden": 4}
    probabilities = {
        name + kind: [
            network(tol=0, max_iter=20, random_state=seed, **setting)
            .fit(rows, y)
            .predict_proba(X_all)
            for seed in seeds
        ]
        for name, setting in settings.items()
        for kind, rows in (("", X), (", CSR", csr_matrix(X)))
    }
    models = [network(random_state=seed).fit(X, y) for seed in seeds]
    return {
        "probabilities": probabilities,
        "F": float(np.median([model.loss_ for model in models])),
        "iterations": float(np.median([model.n_iter_ for model in models])),
    }


# Makes the data of a case, and gives what is timed: a fit, whose estimator it returns, or another
# call, which returns None.
Case = Callable[[int], Callable[[], Any]]


def known(
    name: str, n_hidden: int, alpha: float, dtype: Any, n_estimators: int, seed: int
) -> Callable[[], Any]:
    """A fit to convergence of standardised data from `problems`."""
    X, y = PROBLEMS[name]()
    X = StandardScaler().fit_transform(X).astype(dtype)
    return lambda: network(
        n_hidden, alpha=alpha, n_estimators=n_estimators, random_state=seed
    ).fit(X, y)  # fmt: skip


def large(n: int, d: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = make_classification(
        n, d, n_informative=d // 2, n_classes=k, n_clusters_per_class=2, flip_y=0.02, random_state=0
    )
    return StandardScaler().fit_transform(X), y


def iterations(
    n: int, d: int, k: int, n_hidden: int, alpha: float, dtype: Any, seed: int
) -> Callable[[], Any]:
    """Fifteen iterations on much data."""
    X, y = large(n, d, k)
    X = X.astype(dtype)
    return lambda: network(
        n_hidden, alpha=alpha, solver="lbfgs", max_iter=15, random_state=seed
    ).fit(X, y)  # fmt: skip


def prediction(n_rows: int, seed: int) -> Callable[[], Any]:
    X, y = large(100_000, 50, 2)
    model = network(32, max_iter=3, random_state=seed).fit(X[:1000], y[:1000])
    X = X[:n_rows]

    def predict() -> None:
        model.predict_proba(X)

    return predict


def stream(seed: int) -> Callable[[], Any]:
    X, y = large(20_000, 40, 5)

    def learn() -> None:
        network(24, solver="adam", random_state=seed).partial_fit(X, y, classes=range(5))

    return learn


def several_starts(seed: int) -> Callable[[], Any]:
    X, y = load_iris(return_X_y=True)
    return lambda: network(n_init=5, random_state=seed).fit(X, y)


def early_stopping(seed: int) -> Callable[[], Any]:
    X, y = load_breast_cancer(return_X_y=True)
    return lambda: network(early_stopping=True, random_state=seed).fit(X, y)


def sparse(seed: int) -> Callable[[], Any]:
    X, y = make_classification(5000, 100, n_informative=30, random_state=0)
    X[np.random.default_rng(0).random(X.shape) < 0.9] = 0
    X = csr_matrix(X)
    return lambda: network(16, solver="lbfgs", max_iter=15, random_state=seed).fit(X, y)


def multilabel(seed: int) -> Callable[[], Any]:
    X, y = make_multilabel_classification(1000, 20, n_classes=5, random_state=0)
    return lambda: network(16, standardize=True, random_state=seed).fit(X, y)


# As in speed.py: data, hidden units, alpha, dtype
FITS = [
    ("flower", 4, 0.01, np.float64),
    ("moons", 8, 0.1, np.float64),
    ("wine", 8, 1.0, np.float64),
    ("breast cancer", 10, 0.1, np.float64),
    ("digits", 32, 1.0, np.float64),
    ("digits", 32, 1.0, np.float32),
]
LARGE = [(20_000, 40, 5, 24, 3.0), (100_000, 50, 2, 32, 1.0)]


def label(name: str, dtype: Any) -> str:
    return name if dtype == np.float64 else f"{name}, float32"


MEMBERS = "{}, 10 members"
CASES: dict[str, Case] = {
    **{
        pattern.format(label(fit[0], fit[-1])): partial(known, *fit, n_estimators)
        for fit in FITS
        for pattern, n_estimators in (("{}", 1), (MEMBERS, 10))
    },
    **{
        label(f"{n:,} x {d}, {k} classes, {h} units: an iteration", dtype): partial(
            iterations, n, d, k, h, alpha, dtype
        )
        for n, d, k, h, alpha in LARGE
        for dtype in (np.float64, np.float32)
    },
    "predict_proba of 1 row": partial(prediction, 1),
    "predict_proba of 100,000 rows": partial(prediction, 100_000),
    "partial_fit of adam, 20,000 rows": stream,
    "n_init=5, iris": several_starts,
    "early_stopping, breast cancer": early_stopping,
    "CSR, 5,000 x 100: an iteration": sparse,
    "multilabel, 1,000 x 20": multilabel,
}

ready: list[Callable[[], Any]] = []  # the case under way


def prepare(case: str, seed: int) -> float:
    """Make a case ready and warm up; seconds of a call."""
    ready[:] = [CASES[case](seed)]
    times = []
    start = time.perf_counter()
    while time.perf_counter() - start < WARM_UP:
        times.append(-time.perf_counter())
        ready[0]()
        times[-1] += time.perf_counter()
    gc.collect()
    gc.freeze()  # so that what follows collects no more than its own
    return float(np.median(times))


def turn(number: int) -> tuple[float, int | None]:
    """Median seconds of so many calls, and the iterations of one."""
    gc.collect()
    times = np.empty(number)
    for k in range(number):
        start = time.perf_counter()
        model = ready[0]()
        times[k] = time.perf_counter() - start
    return float(np.median(times)), None if model is None else model.n_iter_


def resident() -> float:
    """Anonymous memory of this process in MiB; pages of mapped files do not count."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\s*(\d+)", status)[1]) / 1024


def footprint(folder: str, dtype: str, standardize: bool, trace: bool) -> tuple[float, float]:
    """MiB beyond X at the peak of a fit to mapped rows, and its seconds.

    Memory is what the process has, or with `trace` what Python and NumPy have asked for.
    """
    X = np.memmap(Path(folder, dtype), dtype, "r", shape=MEMORY_SHAPE)
    y = np.fromfile(Path(folder, "y"), np.int64)
    model = network(32, solver="lbfgs", max_iter=5, random_state=0, standardize=standardize)
    model.fit(np.array(X[:1000]), y[:1000])  # loads what is loaded once
    gc.collect()
    done, seen = Event(), [resident()]
    before = seen[0]

    def watch() -> None:
        while not done.wait(0.002):
            seen[0] = max(seen[0], resident())

    watcher = Thread(target=watch)
    if trace:
        tracemalloc.start()
    else:
        watcher.start()
    start = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - start
    if trace:
        return tracemalloc.get_traced_memory()[1] / 2**20, seconds
    done.set()
    watcher.join()
    return seen[0] - before, seconds


def work() -> None:
    """Answer requests from the parent process until it ends."""
    actions = {action.__name__: action for action in (where, results, prepare, turn, footprint)}
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")  # of fits that reach max_iter
    while True:
        try:
            name, parameters = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = True, actions[name](**parameters)
        except Exception:
            answer = False, traceback.format_exc()
        pickle.dump(answer, answers)
        answers.flush()


# In the parent process


class Worker:
    """A process that has one of the checkouts."""

    def __init__(self, checkout: Path) -> None:
        path = [str(checkout), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        )
        found = self.ask("where")
        if Path(found) != checkout.resolve() / "skshallow":
            raise SystemExit(f"{checkout} was to be compared, but its worker imports {found}.")

    def send(self, action: str, **parameters: Any) -> None:
        pickle.dump((action, parameters), self._process.stdin)
        self._process.stdin.flush()

    def receive(self) -> Any:
        try:
            good, answer = pickle.load(self._process.stdout)
        except EOFError:
            raise SystemExit(f"A worker has ended with {self._process.wait()}.") from None
        if not good:
            raise SystemExit(f"In a worker:\n{answer}")
        return answer

    def ask(self, action: str, **parameters: Any) -> Any:
        self.send(action, **parameters)
        return self.receive()

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()


@contextmanager
def workers(checkouts: list[Path]) -> Iterator[list[Worker]]:
    """New workers, one a checkout."""
    started: list[Worker] = []
    try:
        for checkout in checkouts:
            started.append(Worker(checkout))
        yield started
    finally:
        for worker in started:
            worker.end()


def judged(difference: float, rounding: float, wanted: float) -> str:
    if difference <= wanted:
        return "yes"
    return "rounding" if difference <= 10 * rounding else "**no**"


def agreement(checkouts: list[Path], n_seeds: int) -> None:
    """Agreement of the results."""
    seeds = list(range(n_seeds))
    header = [
        f"\nLargest difference of a probability after 20 iterations, and relative difference of the"
        f"\nmedian F at convergence, over {n_seeds} seeds.\n",
        "| problem | compared | before and after | rounding alone | wanted | agrees |",
        "|---|---|---|---|---|---|",
    ]
    print(*header, sep="\n", flush=True)
    verdicts = []
    with workers(checkouts) as (before, after):
        for problem in PROBLEMS:
            for worker in (before, after):
                worker.send("results", problem=problem, seeds=seeds, step=1)
            first, second = before.receive(), after.receive()
            moved = before.ask("results", problem=problem, seeds=seeds, step=-1)
            rows = []
            for name, ours in first["probabilities"].items():
                largest = [
                    max(
                        float(np.abs(P - Q).max())
                        for P, Q in zip(ours, other["probabilities"][name], strict=True)
                    )
                    for other in (second, moved)
                ]
                rows.append((name, *largest, PROBABILITIES))
            relative = [abs(other["F"] / first["F"] - 1) for other in (second, moved)]
            counts = f"{first['iterations']:g} and {second['iterations']:g} iterations"
            rows.append((f"F, {counts}", *relative, OBJECTIVE))
            for name, difference, rounding, wanted in rows:
                verdicts.append(judged(difference, rounding, wanted))
                print(
                    f"| {problem} | {name} | {difference:.1e} | {rounding:.1e} | {wanted:.0e} "
                    f"| {verdicts[-1]} |",
                    flush=True,
                )
    counted = [f"{verdicts.count(v)} {v}" for v in ("yes", "rounding", "**no**")]
    print(f"\nIn all: {', '.join(counted)}.")


def one_round(checkouts: list[Path], seed: int) -> dict[str, np.ndarray]:
    """For each case seconds and iterations, shape (turns, checkouts, 2)."""
    found = {}
    # The one that starts first may fare better or worse for it throughout.
    order_of_start = checkouts if seed % 2 == 0 else checkouts[::-1]
    with workers(order_of_start) as started:
        pair = started if seed % 2 == 0 else started[::-1]
        for case in CASES:
            seconds = max(worker.ask("prepare", case=case, seed=seed) for worker in started)
            number = max(1, round(TURN / seconds))
            n_turns = round(ROUND / (len(pair) * number * seconds))
            n_turns = min(max(FEWEST, n_turns), MOST)
            turns = np.ones((n_turns, len(pair), 2))
            for k in range(n_turns):
                order = range(len(pair)) if k % 2 == 0 else reversed(range(len(pair)))
                for i in order:
                    turns[k, i, 0], n_iter = pair[i].ask("turn", number=number)
                    turns[k, i, 1] = n_iter or 1
            found[case] = turns
    return found


def speed(checkouts: list[Path], n_seeds: int) -> None:
    """Times of fits and predictions.

    They are noisy where the rounds differ by more than the 3% that are to be judged.
    """
    rounds = []
    for seed in range(n_seeds):
        rounds.append(one_round(checkouts, seed))
        print(f"Round {seed + 1} of {n_seeds} is done.", file=sys.stderr, flush=True)
    header = [
        f"\nMedians over the turns of {n_seeds} rounds, a seed each; ratios are after to before, of"
        "\neach pair of turns.\n",
        "| case | before, ms | after, ms | ratio | quartiles | rounds' medians | turns "
        "| iterations' ratio | slower |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    print(*header, sep="\n")
    for case in CASES:
        turns = [found[case] for found in rounds]
        if "an iteration" in case:
            for some in turns:
                some[..., 0] /= some[..., 1]
        before, after = 1e3 * np.median(np.concatenate(turns)[..., 0], axis=0)
        ratios = [some[:, 1, 0] / some[:, 0, 0] for some in turns]
        medians = [float(np.median(some)) for some in ratios]
        low, ratio, high = np.quantile(np.concatenate(ratios), (0.25, 0.5, 0.75))
        counts = np.median([some[:, 1, 1].sum() / some[:, 0, 1].sum() for some in turns])
        slower = "**yes**" if ratio > SLOWER else "no"
        noisy = ", noisy" if np.ptp(np.quantile(medians, (0.25, 0.75))) > NOISY else ""
        print(
            f"| {case} | {before:.3f} | {after:.3f} | {ratio:.3f} | {low:.3f} to {high:.3f} "
            f"| {min(medians):.3f} to {max(medians):.3f} | {sum(map(len, turns))} | {counts:.3g} "
            f"| {slower}{noisy} |"
        )
    header = [
        "\nTen members beside one, medians of the rounds' ratios:\n",
        "| problem | before | after |",
        "|---|---|---|",
    ]
    print(*header, sep="\n")
    for fit in FITS:
        name = label(fit[0], fit[-1])
        ten, one = (
            np.array([np.median(found[case][..., 0], axis=0) for found in rounds])
            for case in (MEMBERS.format(name), name)
        )
        before, after = np.median(ten / one, axis=0)
        print(f"| {name} | {before:.2f} | {after:.2f} |")


def memory(checkouts: list[Path], n_seeds: int) -> None:
    """Memory of a fit to mapped rows."""
    n, d = MEMORY_SHAPE
    header = [
        f"\nMiB beyond X at the peak of a fit of 5 iterations to mapped rows, {n:,} x {d}, with 32"
        "\nunits: anonymous memory of the process, and what tracemalloc sees in another run.\n",
        "| X | standardize | checkout | MiB | tracemalloc's | share of X | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    print(*header, sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        dtypes = "float32", "float64"
        maps = [np.memmap(Path(folder, dtype), dtype, "w+", shape=(n, d)) for dtype in dtypes]
        y = np.empty(n, np.int64)
        rng = np.random.default_rng(0)
        for start in range(0, n, CHUNK):
            rows = slice(start, min(start + CHUNK, n))
            X = rng.standard_normal((rows.stop - start, d))
            for file in maps:
                file[rows] = X
            y[rows] = X[:, 0] * X[:, 1] + X[:, 2] > 0
        y.tofile(Path(folder, "y"))
        del maps, file, y
        for dtype in dtypes:
            for standardize in (True, False):
                for name, checkout in zip(("before", "after"), checkouts, strict=True):
                    found = []
                    for trace in (False, True):
                        with workers([checkout]) as [worker]:
                            found.append(
                                worker.ask(
                                    "footprint", folder=folder, dtype=dtype,
                                    standardize=standardize, trace=trace,
                                )
                            )  # fmt: skip
                    (grown, seconds), (traced, _) = found
                    share = grown * 2**20 / (n * d * np.dtype(dtype).itemsize)
                    print(
                        f"| {dtype} | {standardize} | {name} | {grown:.0f} | {traced:.0f} "
                        f"| {share:.2f} | {seconds:.1f} |",
                        flush=True,
                    )


SECTIONS = {"agreement": agreement, "speed": speed, "memory": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="the root of the checkout to compare with")
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--after", type=Path, default=Path(__file__).resolve().parents[1],
        help="the other side, if not the checkout that holds this file",
    )  # fmt: skip
    options = parser.parse_args()
    if unknown := set(options.sections) - set(SECTIONS):
        parser.error(f"no sections of these names: {sorted(unknown)}")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn"))
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "not set")
    print(
        f"Python {platform.python_version()}, {packages}; {os.cpu_count()} processors, "
        f"OPENBLAS_NUM_THREADS {threads}."
    )
    for name in options.sections or SECTIONS:
        print(f"\n## {SECTIONS[name].__doc__.splitlines()[0]}", flush=True)
        SECTIONS[name]([options.other, options.after], options.seeds)


if __name__ == "__main__":
    if sys.argv[1:] == ["--worker"]:
        work()
    else:
        main()
