"""Others help only where that saves time."""

import pytest

from experiments.model import pool
from experiments.model.pool import in_processes


class StartedError(Exception):
    """Processes were to be started."""


@pytest.fixture
def clock(monkeypatch):
    """A clock that work moves on, and no processes."""

    def started(tool, jobs):
        raise StartedError

    monkeypatch.setattr(pool, "_processes", started)
    now = [100.0]
    monkeypatch.setattr(pool.time, "monotonic", lambda: now[0])
    return now


def worked(clock, seconds, parts, **more):
    """Return after how many parts others were asked for; None if never."""

    def work(tool, part):
        clock[0] += seconds
        return (part + 1) / parts

    done = 0
    try:
        for _ in in_processes(work, None, range(parts), 2, share=lambda result: result, **more):
            clock[0] += 50  # whoever takes it is slow
            done += 1
    except StartedError:
        return done
    return None


@pytest.mark.parametrize(
    ("seconds", "parts", "asked"),
    [(0.1, 20, None), (1.0, 15, None), (1.0, 22, None), (1.0, 40, 3), (0.25, 400, 12)],
)
def test_others_are_asked_after_three_seconds_if_they_save_ten(clock, seconds, parts, asked):
    assert worked(clock, seconds, parts) == asked


def test_others_are_asked_when_the_caller_says_so(clock):
    assert worked(clock, 0.1, 5, alone=0.0) == 1
    assert worked(clock, 0.1, 5, alone=0.25) == 3
