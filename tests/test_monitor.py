import re

import numpy as np
import pytest

from skshallow._monitor import Monitor
from skshallow._solvers import Ending, Result

GRADIENT = np.array([0.25, -0.5])


def call(monitor, value, k=0):
    return monitor(np.array([value, k]), value, GRADIENT)


def scored(scores, **options):
    """A monitor whose scores are those given, in turn."""
    turn = iter(scores)
    return Monitor(score=lambda theta: next(turn), **options)


def test_without_scores_and_hooks_it_records_F_and_never_stops():
    monitor = Monitor()
    monitor.begin(np.zeros(2), 9.0)
    assert not any(call(monitor, value) for value in (3.0, 2.0, 1.0))
    assert (monitor.curve, monitor.scores, monitor.best) == ([3.0, 2.0, 1.0], [], None)


def test_the_best_iterate_is_a_copy_and_may_be_the_start():
    monitor = scored([0.5, 0.2, 0.9, 0.9, 0.1], patience=99)
    theta = np.zeros(2)
    monitor.begin(theta, 9.0)
    theta += 1
    assert monitor.best[:2] == (0.5, 9.0)
    np.testing.assert_array_equal(monitor.best[2], [0, 0])
    for k, value in enumerate((3.0, 2.0, 1.0, 0.5)):
        call(monitor, value, k)
    assert monitor.best[:2] == (0.9, 2.0)  # the first of equal scores
    np.testing.assert_array_equal(monitor.best[2], [2, 1])
    assert monitor.scores == [0.2, 0.9, 0.9, 0.1]  # without the start's


@pytest.mark.parametrize(
    ("scores", "tol", "n_calls"),
    [
        ([0, 1, 2, 3, 3, 3, 3], 0.0, 6),
        ([5, 1, 2, 3, 4], 0.0, 3),  # the start is the best
        ([0, 0.4, 0.8, 1.2, 1.6, 2.0], 1.0, 6),  # gains that only together beat tol
        ([0, 0.3, 0.6, 0.9, 1.2], 1.0, 3),
        ([0, 0, 0, 1, 1, 1, 1], 0.0, 6),  # waiting begins anew with each gain
        ([-np.inf], 0.0, 3),  # the start is not one of those in a row
    ],
)
def test_it_stops_after_so_many_scores_in_a_row_without_a_gain(scores, tol, n_calls):
    monitor = scored([*scores, *[scores[-1]] * 9], patience=3, tol=tol)
    monitor.begin(np.zeros(2), 9.0)
    for k in range(1, 9):
        if call(monitor, 1.0, k):
            break
    assert k == n_calls
    assert not monitor.hooked


def test_a_hook_stops_after_the_iteration_was_recorded():
    seen = []

    def hook(theta):
        seen.append(len(monitor.curve))
        return len(seen) == 2

    monitor = Monitor(hook=hook)
    assert not call(monitor, 3.0)
    assert not monitor.hooked
    assert call(monitor, 2.0)
    assert monitor.hooked
    assert seen == [1, 2]


def test_a_score_that_is_not_a_number_is_an_error():
    monitor = scored([0.1, 0.2, np.nan], patience=3)
    monitor.begin(np.zeros(2), 9.0)
    call(monitor, 3.0)
    with pytest.raises(ValueError, match="NaN after iteration 2: `scoring` is not defined"):
        call(monitor, 2.0)
    with pytest.raises(ValueError, match="NaN after iteration 0"):
        scored([np.nan]).begin(np.zeros(2), 9.0)


def test_verbose_prints_lines_in_columns(capsys):
    call(Monitor(), 3.0)
    assert capsys.readouterr().out == ""
    monitor = scored([0.125, -12.5], verbose=1, label="start 1/2   ", patience=9)
    call(monitor, 3.0)
    call(monitor, 1.5e-7)
    call(Monitor(verbose=1), 1.5)
    first, second, third = capsys.readouterr().out.splitlines()
    number = r"   validation score = {}   +0\.\d+ s"
    line = r"iteration     {}   F = {}   max\|gradient\| = 5\.00e-01"
    assert re.fullmatch(
        "start 1/2   " + line.format(1, r"    3\.0000000") + number.format(r"    0\.125000"), first
    )
    assert re.fullmatch(
        "start 1/2   " + line.format(2, r"1\.5000000e-07") + number.format(r"    -12\.5000"), second
    )
    assert re.fullmatch(line.format(1, r"    1\.5000000") + r"   +0\.\d+ s", third)
    assert len(first) == len(second)


@pytest.mark.parametrize("verbose", [1, 2])
def test_later_lines_are_fewer_unless_all_are_asked_for(capsys, verbose):
    monitor = Monitor(verbose=verbose)
    for k in range(1, 1250):
        call(monitor, 1.0, k)
    lines = capsys.readouterr().out.splitlines()
    printed = [int(re.search(r"iteration +(\d+) ", line)[1]) for line in lines]
    few = [*range(1, 10), *range(10, 100, 10), *range(100, 1000, 100), 1000]
    assert printed == (few if verbose == 1 else list(range(1, 1250)))


@pytest.mark.parametrize(
    ("ending", "hooked", "verdict"),
    [
        (Ending.CONVERGED, False, "converged after 7 iterations: the largest absolute entry"),
        (Ending.MAX_ITER, False, "not converged: it reached max_iter=7; F = 0.5, max"),
        (Ending.STALLED, False, "not converged: after 7 iterations no step lowered"),
        (Ending.STOPPED, False, "stopped after 7 iterations: no better validation score in 3 it"),
        (Ending.STOPPED, True, "stopped after 7 iterations: a callback asked for it"),
    ],
)
def test_the_end_says_how_it_ended(capsys, ending, hooked, verdict):
    result = Result(np.zeros(2), 0.5, GRADIENT, 7, ending)
    Monitor().end(result)
    assert capsys.readouterr().out == ""
    monitor = Monitor(verbose=1, label="start 1/2   ", patience=3)
    monitor.hooked = hooked
    monitor.end(result)
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("start 1/2   " + verdict)
    assert line.endswith("; F = 0.5, max|gradient| = 5.00e-01")


def test_the_end_says_which_iterate_is_kept(capsys):
    result = Result(np.zeros(2), 0.5, GRADIENT, 2, Ending.STOPPED)
    for scores, kept in (
        ([0.1, 0.3, 0.2], "kept iteration 1, of the best validation score 0.3; F = 3"),
        ([0.1, 0.0, 0.0], "kept the start, of the best validation score 0.1; F = 9"),
    ):
        monitor = scored(scores, verbose=1, patience=9)
        monitor.begin(np.zeros(2), 9.0)
        call(monitor, 3.0)
        call(monitor, 2.0)
        monitor.end(result)
        assert capsys.readouterr().out.splitlines()[-1] == kept
