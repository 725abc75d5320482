"""Others help only where that saves time."""

import os
import time

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
    [(0.1, 20, None), (1.0, 12, None), (1.0, 16, 3), (1.0, 40, 3), (0.25, 400, 12)],
)
def test_others_are_asked_after_three_seconds_if_they_save_five(clock, seconds, parts, asked):
    assert worked(clock, seconds, parts) == asked


def test_others_are_asked_when_the_caller_says_so(clock):
    assert worked(clock, 0.1, 5, alone=0.0) == 1
    assert worked(clock, 0.1, 5, alone=0.25) == 3


def where(tool, part):
    time.sleep(0.02)
    if part == tool:
        raise ValueError(f"part {part}")
    return part, os.getpid()


def test_this_process_works_on_while_others_begin_and_beside_them():
    found = list(in_processes(where, None, range(600), 2, alone=0.0))
    assert [part for part, _ in found] == list(range(600))
    mine = [pid == os.getpid() for _, pid in found]
    begun = mine.index(False)
    assert all(mine[:begun]) and begun > 5  # nobody waited for the other
    assert any(mine[begun:]) and len({pid for _, pid in found}) == 2


@pytest.mark.parametrize("bad", [20, 399])
def test_what_breaks_is_told_of_in_its_place_whoever_met_it(bad):
    done = []

    def take():
        for part, _ in in_processes(where, bad, range(400), 2, alone=0.0):
            done.append(part)

    with pytest.raises(ValueError, match=f"part {bad}"):
        take()
    assert done == list(range(bad))
