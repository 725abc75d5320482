import os
import signal
import subprocess
import sys
import time

import pytest
from typer import Exit

from experiments.commands.console import Console
from experiments.files import CODE
from experiments.signals import interrupt_status, terminate_as_interrupt, unbroken

HERE = {**os.environ, "PYTHONPATH": str(CODE)}


class Slow:
    """Takes a while to be tidied away, and is interrupted meanwhile."""

    def __init__(self, sign):
        self.sign = sign

    def __del__(self):
        os.kill(os.getpid(), self.sign)
        time.sleep(0.01)


def tidy_then_work(sign):
    Slow(sign)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_interrupt_ends_work_also_when_it_hits_an_object_that_is_tidied_away(sign):
    with terminate_as_interrupt():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt) as error:
                tidy_then_work(sign)
            assert interrupt_status(error.value) == 128 + sign


def made_another_error(sign):
    try:
        os.kill(os.getpid(), sign)
        time.sleep(1)
    except BaseException:
        raise ValueError("cannot build the model") from None  # as Pydantic does


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_interrupt_that_a_library_made_another_error_of_is_told_apart(sign, capsys):
    with terminate_as_interrupt(), pytest.raises(Exit) as ended, Console(False, False).errors():
        made_another_error(sign)
    assert ended.value.exit_code == 128 + sign
    assert capsys.readouterr().err == "framescope: interrupted; nothing half-written is left\n"
    with terminate_as_interrupt(), pytest.raises(Exit) as ended, Console(False, False).errors():
        raise ValueError("cannot build the model")
    assert ended.value.exit_code == 1


def test_polite_kill_is_as_before_afterwards():
    before = signal.getsignal(signal.SIGTERM)
    with terminate_as_interrupt():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def whole(signs, steps):
    with unbroken():
        with unbroken():
            os.kill(os.getpid(), signs[0])
            steps.append("inner")
        for sign in signs[1:]:
            os.kill(os.getpid(), sign)
        steps.append("outer")


def test_interrupt_waits_for_what_must_stay_whole_and_a_second_one_does_not():
    steps = []
    with terminate_as_interrupt():
        with pytest.raises(KeyboardInterrupt):
            whole([signal.SIGINT], steps)
        with pytest.raises(KeyboardInterrupt):
            whole([signal.SIGTERM, signal.SIGTERM], steps)
        with unbroken():
            steps.append("none waits")
    assert steps == ["inner", "outer", "inner", "none waits"]


GENERATED = """
import experiments.commands.main
from experiments.commands.entry import main

def interrupted():
    exec("raise KeyboardInterrupt(15)")

experiments.commands.main.main = interrupted
main()
"""


def test_interrupt_in_generated_code_has_its_status_too(tmp_path):
    (tmp_path / "program.py").write_text(GENERATED, encoding="utf-8")
    ended = subprocess.run([sys.executable, "-m", "program"], cwd=tmp_path, env=HERE, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.count("\n")) == (143, 1)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_interrupted_says_one_line_whenever_it_hits(tmp_path, sign):
    article = tmp_path / "article.txt"
    article.write_text("Ostland threatened to attack the port on Monday. " * 20_000, encoding="utf-8")
    command = [sys.executable, "-m", "experiments", "score", str(article), "--model", "starter", "-o", "scored.jsonl"]
    for seconds in (0.3, 0.7, 1.5, 3.0):  # imports, the model, the sentences
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=HERE)
        time.sleep(seconds)
        process.send_signal(sign)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 128 + sign
        assert said.splitlines()[-1] == "framescope: interrupted; nothing half-written is left"
        assert "Traceback" not in said
        assert [path.name for path in tmp_path.iterdir()] == ["article.txt"]
