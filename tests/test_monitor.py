import re

import numpy as np
import pytest

from skshallow._monitor import Monitor

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


def test_verbose_prints_a_line_for_each_iteration(capsys):
    call(Monitor(), 3.0)
    assert capsys.readouterr().out == ""
    monitor = scored([0.125, 0.25], verbose=1, label="start 1/2   ", patience=9)
    call(monitor, 3.0)
    call(Monitor(verbose=1), 1.5)
    first, second = capsys.readouterr().out.splitlines()
    number = r"   validation score = 0\.125   0\.\d+ s"
    line = r"iteration     1   F = {}   max\|gradient\| = 5\.00e-01"
    assert re.fullmatch("start 1/2   " + line.format("3") + number, first)
    assert re.fullmatch(line.format(r"1\.5") + r"   0\.\d+ s", second)
