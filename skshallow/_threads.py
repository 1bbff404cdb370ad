"""BLAS held to one thread, and its threads given to blocks of rows instead.

The product of a block is too small to be worth sharing between threads; blocks are not.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import RLock, get_ident
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController


@cache
def _blas() -> ThreadpoolController:
    # Finding the loaded libraries takes milliseconds, longer than many a fit.
    return ThreadpoolController().select(user_api="blas")


def _is_each_threads(library: Any) -> bool:
    """Whether a library has a limit for each thread, and not one for the process."""
    return (
        getattr(library, "internal_api", "") == "openblas"
        and getattr(library, "threading_layer", "") == "openmp"
    )


class _Hold:
    """The limit of BLAS to one thread, for one block of code.

    The limit belongs to the process. So of holds that overlap in several threads, the first sets
    it and uses the threads. A hold that ends before others leaves it to one of them to give the
    threads back, and the last one does. threadpoolctl lets one thread alone control OpenBLAS, so
    each thread gives up that control when it no longer needs it.

    An interrupt may come at any line. So what `release` needs is known before anything is changed,
    and releasing twice does no harm.
    """

    def __init__(self) -> None:
        self.owner = get_ident()
        self.n_threads = 1
        self._to_give_back: dict[Any, int] = {}  # threads of libraries
        self._controls = False

    def take(self) -> None:
        """Limit what is not limited yet; the first hold gets the threads."""
        libraries = _blas().lib_controllers
        with _state.lock:
            is_first = not _state.holds
            _state.holds = [*_state.holds, self]
            allowed = [library.num_threads for library in libraries]
            for library, n_threads in zip(libraries, allowed, strict=True):
                if n_threads > 1:
                    self._to_give_back[library] = n_threads
                    self._controls = True
                    library.set_num_threads(1)
            # A library that is not known, or does not obey, keeps threads of its own.
            obeys = bool(libraries) and all(library.num_threads == 1 for library in libraries)
            if is_first and obeys:
                self.n_threads = min([*allowed, os.cpu_count() or 1])

    def release(self) -> None:
        """Give back what this hold has taken, or leave it to another thread's hold to do so."""
        with _state.lock:
            others = [hold for hold in _state.holds if hold is not self]
            # A hold within another one of the same thread leaves all as it was.
            is_within = any(hold.owner == self.owner for hold in others)
            for library, n_threads in list(self._to_give_back.items()):
                if others and not is_within and not _is_each_threads(library):
                    others[0]._to_give_back[library] = n_threads
                elif library.num_threads == 1:  # or somebody else has changed it since
                    self._controls = True
                    library.set_num_threads(n_threads)
                self._to_give_back.pop(library, None)
            _state.holds = others
            if self._controls:
                # threadpoolctl clears the control when a limit of it has ended.
                _blas().limit(limits=None).__enter__().__exit__(None, None, None)
                self._controls = False


class _State:
    """The process's holds on BLAS, in the order in which they began, and the helping threads."""

    def __init__(self) -> None:
        # One that its own thread may take again: an interrupt may come while it is held.
        self.lock = RLock()
        self.holds: list[_Hold] = []
        self.forks: int | None = None  # the thread that has the lock for a fork

    def before_fork(self) -> None:
        """Wait until no other thread sets a limit.

        OpenBLAS ends its threads before a fork, and may wait for them forever if another thread
        changes their number meanwhile, or if they are at a product, which is why all of a fit holds
        BLAS. The time is a thousand times what setting it takes.
        """
        if self.lock.acquire(timeout=1):
            self.forks = get_ident()

    def after_fork_in_parent(self) -> None:
        """Let other threads set limits again."""
        if self.forks == get_ident():
            self.forks = None
            self.lock.release()

    def after_fork(self) -> None:
        """In a forked child: renew the lock, and end the holds of the parent's other threads."""
        self.lock, self.forks = RLock(), None
        for hold in self.holds:
            if hold.owner != get_ident():
                hold.release()
        _helpers.cache_clear()


_state = _State()


@contextmanager
def one_thread_blas() -> Iterator[None]:
    """Hold BLAS to one thread; the blocks within may use its threads."""
    hold = _Hold()
    try:
        try:
            hold.take()
            yield
        finally:
            hold.release()
    finally:
        hold.release()  # where an interrupt hit the first release


def n_threads() -> int:
    """Threads that the calling thread may use: what BLAS was allowed when it was held."""
    holds = _state.holds
    return holds[0].n_threads if holds and holds[0].owner == get_ident() else 1


@cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="skshallow")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_state.before_fork,
        after_in_parent=_state.after_fork_in_parent,
        after_in_child=_state.after_fork,
    )


def share_out(task: Callable[[int, int], None], n_tasks: int) -> None:
    """Call ``task(i, worker)`` for each i below n_tasks, on as many threads as are allowed.

    No two calls at the same time have the same worker, a number below the number of threads.
    """
    waiting = deque(range(n_tasks))
    error_state = np.geterr()  # other threads do not inherit it

    def work(worker: int) -> None:
        with np.errstate(**error_state):
            while True:
                try:
                    i = waiting.popleft()
                except IndexError:
                    return
                try:
                    task(i, worker)
                except BaseException:
                    waiting.clear()  # the others stop too
                    raise

    futures = []
    try:
        for worker in range(1, min(n_threads(), n_tasks)):
            futures.append(_helpers().submit(work, worker))
        work(0)
    finally:
        waiting.clear()  # where an interrupt hit
        errors = [future.exception() for future in futures]
    for error in errors:
        if error is not None:
            raise error
