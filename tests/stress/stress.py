"""Interrupts, forks, threads and random cases, in large numbers; to run before a release.

    python tests/stress/stress.py [--interrupts N] [--forks N] [--seconds S] [--threads N]
                                  [--cases N] [--seed N]

It needs signals and `os.fork`, and the `test` extra. Each part prints how often it did what, and
the script ends with an error if anything was lost, got stuck, or differs from what a single thread
finds that nothing disturbs. pytest does not collect it.
"""

from __future__ import annotations

import argparse
import faulthandler
import inspect
import os
import pickle
import random
import signal
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import HealthCheck, seed, settings
from sklearn.datasets import load_iris, make_classification
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from skshallow import ShallowTanhClassifier, ShallowTanhClassifierCV, _threads

STUCK = 60  # seconds after which a task of a few hundredths of one counts as stuck

SMALL = load_iris(return_X_y=True)
# Of several blocks, so that helping threads take part.
LARGE = make_classification(6000, 20, n_informative=8, random_state=0)


def _classifier(data: Any, **parameters: Any) -> Callable[[], Any]:
    def task() -> Any:
        return ShallowTanhClassifier(alpha=1.0, random_state=0, **parameters).fit(*data)

    return task


def _stream() -> Any:
    X, y = SMALL
    model = ShallowTanhClassifier(8, solver="adam", alpha=1.0, random_state=0)
    for rows in np.array_split(np.random.default_rng(0).permutation(len(y)), 6):
        model.partial_fit(X[rows], y[rows], [0, 1, 2])
    return model


def _path() -> Any:
    return ShallowTanhClassifierCV(4, alphas=[1.0, 10.0], cv=2, random_state=0).fit(*SMALL)


TASKS: dict[str, Callable[[], Any]] = {
    "lbfgs": _classifier(SMALL, n_hidden=8, solver="lbfgs"),
    "newton": _classifier(SMALL, n_hidden=2, solver="newton"),
    "adam": _classifier(SMALL, n_hidden=8, solver="adam", max_iter=10),
    "committee": _classifier(SMALL, n_hidden=4, n_estimators=3, n_init=2, early_stopping=True),
    "blocks": _classifier(LARGE, n_hidden=32, max_iter=15),
    "stream": _stream,
    "path": _path,
}


def outcome(model: Any) -> bytes:
    """All that a fit has found, for comparison to the bit."""
    return pickle.dumps([*model.coefs_, *model.intercepts_, model.n_iter_])


def blas_threads() -> list[int]:
    """Threads that BLAS may use."""
    return [library.num_threads for library in _threads._blas().lib_controllers]


class Report:
    """Counts of what happened, and what went wrong."""

    def __init__(self, name: str) -> None:
        self.name, self.counts, self.troubles = name, Counter(), Counter()
        self.start = time.perf_counter()

    def trouble(self, text: str) -> None:
        """Note something lost, stuck or different."""
        self.troubles[text] += 1

    def check_nothing_is_held(self, allowed: list[int], after: str) -> None:
        """BLAS has its threads, and no hold is left."""
        if _threads._state.holds:
            self.trouble(f"a hold on BLAS was left after {after}")
        if blas_threads() != allowed:
            self.trouble(f"BLAS was left with other threads after {after}")

    def print(self) -> bool:
        """Print the counts; whether all is well."""
        counts = ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items()))
        print(f"{self.name}: {counts} ({time.perf_counter() - self.start:.0f} s)")
        for text, n in self.troubles.items():
            print(f"    FAILED {n} times: {text}")
        sys.stdout.flush()
        return not self.troubles


class Late(BaseException):
    """A task is stuck."""


def interrupts(n: int, expected: dict[str, bytes], rng: random.Random) -> Report:
    """Interrupt tasks, by real signals, at random times; what comes after must not notice."""
    report = Report("interrupts")
    allowed = blas_threads()
    durations = {}
    for name, task in TASKS.items():
        start = time.perf_counter()
        task()
        durations[name] = time.perf_counter() - start

    def strike(*_: Any) -> None:
        raise KeyboardInterrupt

    def late(*_: Any) -> None:
        raise Late

    before = signal.getsignal(signal.SIGALRM)
    for _ in range(n):
        name = rng.choice(list(TASKS))
        hit = False
        try:
            try:
                signal.signal(signal.SIGALRM, strike)
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 1.1 * durations[name]))
                found = TASKS[name]()
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            hit = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        report.counts["interrupted" if hit else "ended before"] += 1
        report.check_nothing_is_held(allowed, f"an interrupt of {name}")
        if not hit and outcome(found) != expected[name]:
            report.trouble(f"{name} that was not hit differs")
        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, STUCK)
        try:
            if outcome(TASKS[name]()) != expected[name]:
                report.trouble(f"{name} differs after an interrupt")
        except Late:
            report.trouble(f"{name} is stuck after an interrupt")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    return report


def forks(n: int, expected: dict[str, bytes], rng: random.Random) -> Report:
    """Fork at random times while other threads fit; each child must be able to fit."""
    report = Report("forks")
    allowed, end = blas_threads(), threading.Event()

    def work(k: int) -> None:
        own = random.Random(k)
        while not end.is_set():
            name = own.choice(list(TASKS))
            if outcome(TASKS[name]()) != expected[name]:
                report.trouble(f"{name} differs beside forks")
            report.counts["fits in the parent"] += 1

    threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(n):
        time.sleep(rng.uniform(0, 0.02))
        name = rng.choice(list(TASKS))
        # A watchdog that needs no lock of Python: the fork itself may get stuck.
        faulthandler.dump_traceback_later(2 * STUCK, exit=True)
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(STUCK)
            try:
                same = outcome(TASKS[name]()) == expected[name]
                os._exit(0 if same and blas_threads() == allowed else 3)
            finally:
                os._exit(4)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        faulthandler.cancel_dump_traceback_later()
        report.counts["children"] += 1
        reasons = {0: "", 3: "differs, or BLAS has other threads", -signal.SIGALRM: "is stuck"}
        if code:
            report.trouble(f"{name} in a child {reasons.get(code, f'ended with {code}')}")
    end.set()
    for thread in threads:
        thread.join(STUCK)
        if thread.is_alive():
            report.trouble("a thread of the parent is stuck")
    report.check_nothing_is_held(allowed, "forks")
    return report


def overlaps(n_threads: int, seconds: float, expected: dict[str, bytes], seed: int) -> Report:
    """Fit in several threads at once; each must find what it finds alone."""
    report = Report(f"{n_threads} threads")
    allowed, end = blas_threads(), time.monotonic() + seconds
    lock = threading.Lock()

    def work(k: int) -> None:
        own = random.Random(seed + k)
        while time.monotonic() < end:
            name = own.choice(list(TASKS))
            try:
                same = outcome(TASKS[name]()) == expected[name]
            except Exception as error:
                with lock:
                    report.trouble(f"{name} raised {error!r}")
                continue
            with lock:
                report.counts["fits"] += 1
                if not same:
                    report.trouble(f"{name} differs from what it is alone")

    threads = [threading.Thread(target=work, args=(k,), daemon=True) for k in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + STUCK)
        if thread.is_alive():
            report.trouble("a thread is stuck")
    report.check_nothing_is_held(allowed, "fits in threads")
    return report


def cases(n: int, number: int) -> Report:
    """The properties of tests/test_properties.py, on many more cases than the tests have."""
    report = Report("cases")
    # Hypothesis refuses to replace the settings of a test, so they are imported without.
    with mock.patch("hypothesis.settings", return_value=lambda test: test):
        import test_properties
    properties = {
        name: test
        for name, test in inspect.getmembers(test_properties, inspect.isfunction)
        if name.startswith("test_")
    }
    for name, test in properties.items():
        each = n // len(properties)
        if each == 0:
            continue
        wanted = settings(
            max_examples=each,
            derandomize=False,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        try:
            seed(number)(wanted(test))()
        except Exception as error:
            report.trouble(f"{name}: {error!r}")
        report.counts["tried"] += each
    return report


def main() -> int:
    """Run all parts; 1 if any failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--interrupts", type=int, default=500)
    parser.add_argument("--forks", type=int, default=500)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = random.Random(options.seed)
    expected = {}
    with threadpool_limits(1, "blas"):
        for name, task in TASKS.items():
            expected[name] = outcome(task())
    print(f"BLAS may use {blas_threads()} threads")
    good = [
        interrupts(options.interrupts, expected, rng).print(),
        forks(options.forks, expected, rng).print(),
        overlaps(options.threads, options.seconds, expected, options.seed).print(),
        cases(options.cases, options.seed).print(),
    ]
    print("all is well" if all(good) else "FAILED")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
