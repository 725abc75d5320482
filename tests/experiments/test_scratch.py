import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from experiments.files import CODE
from experiments.scratch import own_scratch

WORKER = """
import sys, tempfile, time
from experiments.scratch import own_scratch
with own_scratch():
    handle, path = tempfile.mkstemp()
    print(path, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A folder that stands for the system's temporary one."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def start():
    """Start another process with a temporary file; return it and the file."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CODE
    )
    return process, Path(process.stdout.readline().strip())


def test_temporary_files_are_in_one_folder_that_goes(scratch):
    with own_scratch():
        path = Path(tempfile.mkstemp()[1])
        assert path.parent.parent == scratch
        assert {os.environ[name] for name in ("TMPDIR", "TEMP", "TMP")} == {str(path.parent)}
    assert list(scratch.iterdir()) == []
    assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(scratch)


def test_folder_of_a_killed_process_is_cleared_by_the_next_and_that_of_a_live_one_stays(scratch):
    killed, left = start()
    live, used = start()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert left.exists()
    with own_scratch():
        assert not left.parent.exists()
        assert used.exists()
    live.communicate("")
    assert list(scratch.iterdir()) == []


def test_what_only_looks_like_such_a_folder_stays(scratch):
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "paper.txt").write_text("mine", encoding="utf-8")
    (scratch / "framescope-link").symlink_to(elsewhere)
    (scratch / "framescope-notes").write_text("mine", encoding="utf-8")
    with own_scratch():
        pass
    assert sorted(path.name for path in scratch.iterdir()) == ["elsewhere", "framescope-link", "framescope-notes"]
    assert (elsewhere / "paper.txt").exists()


def test_without_a_place_for_it_all_is_as_without(scratch, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(scratch / "gone"))
    with own_scratch():
        assert tempfile.gettempdir() == str(scratch / "gone")


@pytest.mark.parametrize("statement", ["sys.exit(3)", "raise KeyboardInterrupt"])
def test_command_leaves_none_however_it_ends(scratch, statement):
    program = (
        "import sys, tempfile, experiments.commands.main as main\n"
        f"def run():\n tempfile.mkstemp()\n {statement}\n"
        "main.main = run\n"
        "from experiments.commands.entry import main\nmain()"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=CODE, capture_output=True, check=False)
    assert ended.returncode in (3, 130)
    assert list(scratch.iterdir()) == []
