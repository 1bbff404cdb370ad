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

import numpy as np
from threadpoolctl import ThreadpoolController


@cache
def _blas() -> ThreadpoolController:
    # Finding the loaded libraries takes milliseconds, longer than many a fit.
    return ThreadpoolController().select(user_api="blas")


class _Hold:
    """The limit of BLAS to one thread, for one block of code.

    The limit belongs to the process, and OpenBLAS may accept it from one thread alone. So of holds
    that overlap, in several threads or one within the other, the first sets the limit, uses the
    threads, and lifts the limit when it ends; the others do not change it.

    An interrupt may come at any line. So what `release` needs is known before anything is changed,
    and releasing twice does no harm.
    """

    def __init__(self) -> None:
        self.owner = get_ident()
        self.n_threads = 1
        self._allowed: list[int] = []
        self._controls = False

    def take(self) -> None:
        """Set the limit, unless another hold has it."""
        libraries = _blas().lib_controllers
        with _state.lock:
            if _state.hold is None:
                self._allowed = [library.num_threads for library in libraries]
                _state.hold = self
                self._controls = True
                for library in libraries:
                    library.set_num_threads(1)
                # A library that is not known, or does not obey, keeps threads of its own.
                obeys = bool(libraries) and all(library.num_threads == 1 for library in libraries)
                self.n_threads = min([*self._allowed, os.cpu_count() or 1]) if obeys else 1

    def release(self) -> None:
        """Lift the limit, if it is this hold's."""
        with _state.lock:
            if _state.hold is self:
                for library, n_threads in zip(_blas().lib_controllers, self._allowed, strict=True):
                    library.set_num_threads(n_threads)
                _state.hold = None
        if self._controls:
            # threadpoolctl lets one thread alone control OpenBLAS, until a limit of it has ended.
            _blas().limit(limits=None).__enter__().__exit__(None, None, None)
            self._controls = False


class _State:
    """The process's hold on BLAS, and the helping threads."""

    def __init__(self) -> None:
        # One that its own thread may take again: an interrupt may come while it is held.
        self.lock = RLock()
        self.hold: _Hold | None = None

    def after_fork(self) -> None:
        """In a forked child: renew the lock, and lift what a thread of the parent has set."""
        self.lock = RLock()
        hold = self.hold
        if hold is not None and hold.owner != get_ident():
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
    hold = _state.hold
    return hold.n_threads if hold is not None and hold.owner == get_ident() else 1


@cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="skshallow")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.after_fork)


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
