import os
import signal
import time
from contextlib import closing

import pytest

from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.training.processes import default_jobs, run_each, threaded


def silent(line: str) -> None:
    pass


def work(part, say):
    """Do what the part says."""
    say(f"note: {part}")
    if part == "fault":
        raise InputError("mine.csv line 7: is no row")
    if part == "break":
        raise RuntimeError("broken")
    if part == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if part == "wait":
        time.sleep(600)
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


@pytest.mark.slow
def test_every_part_is_told_how_it_ended_and_others_go_on(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    lines = []
    parts = ["a", "fault", "die", "break", "b"]
    ended = {each.number: each for each in run_each(work, parts, 2, True, lines.append)}
    assert sorted(lines) == sorted(f"note: {part}" for part in parts)
    assert ended[0].result == (ended[0].pid, "1")
    assert (ended[4].error, ended[4].result) == (None, (ended[4].pid, "1"))
    assert len({each.pid for each in ended.values()} | {os.getpid()}) == 6
    assert (ended[1].error, ended[1].fault) == ("mine.csv line 7: is no row", True)
    assert ended[2].error.startswith("its process was ended by SIGKILL")
    assert (ended[3].error, ended[3].fault) == ("RuntimeError: broken", False)
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.slow
def test_leaving_early_ends_all_processes():
    began = time.monotonic()
    with closing(run_each(work, ["a", "wait", "wait"], 2, False, silent)) as ended:
        first = next(ended)
    assert first.number == 0
    children = os.popen(f"ps --ppid {os.getpid()} -o args=").read()
    assert "spawn_main" not in children
    assert time.monotonic() - began < 300


def test_without_processes_errors_are_raised_as_they_are():
    assert [each.pid for each in run_each(work, ["a", "b"], None, True, silent)] == [os.getpid()] * 2
    with pytest.raises(InputError, match="line 7"):
        list(run_each(work, ["fault"], None, True, silent))


@pytest.mark.parametrize(
    ("name", "keeps_cores_busy"),
    [
        ("framing/ngrams", False),
        ("framing/boosting", False),
        ("framing/encoder", True),
        ("framing/static", True),
        ("framing/embedding", True),
        ("framing/ensemble", True),
        ("framing/student", True),
        ("stance/svm", False),
    ],
)
def test_what_keeps_the_cores_busy_itself_is_run_one_at_a_time(name, keeps_cores_busy):
    config = load_config(name)
    assert threaded(config) == keeps_cores_busy
    assert (default_jobs(config, 1000) == 1) <= (keeps_cores_busy or (os.cpu_count() or 1) == 1)
    assert default_jobs(config, 1) == 1
