import io
import re

import pytest

from experiments import progress as module
from experiments.progress import followed, progress


class Clock:
    now = 1000.0


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(module.time, "monotonic", lambda: Clock.now)
    Clock.now = 1000.0
    return Clock


def test_where_there_is_no_terminal_a_line_a_minute_says_how_long_it_takes(clock):
    said = []
    with progress("scoring", said.append) as shown:
        for second in range(0, 200, 10):
            clock.now = 1000.0 + second
            shown.at(second / 400, f"{second} articles")
    assert said == [
        "scoring 15%: 60 articles, about 6 min left",
        "scoring 30%: 120 articles, about 5 min left",
        "scoring 45%: 180 articles, about 4 min left",
    ]


def test_short_jobs_say_nothing(clock):
    said = []
    assert list(followed("abc", 3, "scoring", "files", said.append)) == ["a", "b", "c"]
    assert said == []


def test_what_an_earlier_job_did_says_nothing_of_the_speed(clock):
    with progress("scoring", lambda line: None) as shown:
        shown.went_on(0.5)
        clock.now += 10
        shown.at(0.6)
        assert shown.seconds_left() == pytest.approx(40)
        shown.at(None, "7 articles")
        assert shown.seconds_left() is None and shown.line() == "scoring: 7 articles"


def test_terminal_has_a_bar_that_goes(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with progress("scoring", lambda line: None) as shown:
        shown.began -= 10
        shown.at(0.25, "7 articles")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert "scoring" in text and "25%" in text and "7 articles" in text and "30 s left" in text
    assert terminal.getvalue().endswith(("\x1b[2K", "\x1b[?25h"))
