"""Outputs are whole or not there, take the place that was named and no other, and never that of an input."""

import errno
import json
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from experiments import output
from experiments.commands.main import app
from experiments.errors import InputError
from experiments.output import check_output, writing
from tests.conftest import ROOT

MODEL = ROOT / "tests/experiments/saved_models/separate-0.1.0"


def put(path, text="new", inputs=()):
    with writing(path, inputs) as temporary:
        temporary.write_text(text)


def refused(path, inputs=()):
    """Return the one line that says why a file isn't written; the block isn't even entered."""
    entered = False
    with pytest.raises(InputError) as caught, writing(path, inputs):
        entered = True
    assert not entered
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_file_appears_only_when_the_block_ends_well(tmp_path):
    path = tmp_path / "new" / "out.txt"
    with writing(path) as temporary:
        temporary.write_text("done")
        assert not path.exists()
    assert path.read_text() == "done"
    assert os.listdir(path.parent) == ["out.txt"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_the_former_file_and_no_rubbish(tmp_path, failure):
    path = tmp_path / "out.txt"
    path.write_text("before")

    def break_half_way():
        with writing(path) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        break_half_way()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    assert "can't be written" in refused(tmp_path / "file" / "out.txt")
    assert "can't be written" in refused(tmp_path / "file" / "deep" / "out.txt")
    assert "is a folder" in refused(tmp_path)


# (a) inputs


def test_an_input_is_refused_by_whatever_name(tmp_path):
    read = tmp_path / "in.txt"
    read.write_text("precious")
    os.link(read, tmp_path / "hard.txt")
    (tmp_path / "soft.txt").symlink_to("in.txt")
    (tmp_path / "around").symlink_to(".")
    for name in ("in.txt", "hard.txt", "soft.txt", "around/in.txt", "../" + tmp_path.name + "/in.txt"):
        line = refused(tmp_path / name, ["hub:owner/name", "missing.txt", "~nobody-of-this-name/x", "a" * 300, read])
        assert line.startswith(f"{tmp_path / name}: is also read, as {read}")
        assert "in.txt" in refused(read, [tmp_path / name])
    assert read.read_text() == "precious"
    put(tmp_path / "out.txt", inputs=[read])


def test_a_file_of_a_folder_that_is_read_is_refused_and_a_new_one_in_it_is_not(tmp_path):
    news = tmp_path / "news"
    (news / "deep").mkdir(parents=True)
    inner = news / "deep" / "a.txt"
    inner.write_text("precious")
    os.link(inner, tmp_path / "hard.txt")
    (tmp_path / "behind.txt").write_text("precious")
    (news / "link.txt").symlink_to(tmp_path / "behind.txt")
    for path, name in ((inner, inner), (tmp_path / "hard.txt", inner), (tmp_path / "behind.txt", news / "link.txt")):
        line = refused(path, [news])
        assert f"as {name}" in line
        assert f"outside of {news}" in line
    put(news / "scores.txt", inputs=[news])
    put(news / ".hidden.txt", inputs=[news])
    put(news / ".hidden.txt", inputs=[news])  # nothing reads it


def test_a_shipped_file_is_an_input_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "lexicon.yaml" in refused(ROOT / "seeds/framing/lexicon.yaml", ["seeds/framing/lexicon.yaml"])


def run(code, cwd, **more):
    """Run Python in a process of its own, whose standard streams are what is given; return what it said at last."""
    code = f"from pathlib import Path\nfrom experiments.output import check_output, writing\n{code}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=cwd, env=environment, stderr=subprocess.PIPE, text=True, timeout=60, **more)
    return (found.stderr.splitlines() or [""])[-1]


def test_standard_input_and_output_may_be_inputs_too(tmp_path):
    read = tmp_path / "in.txt"
    read.write_text("precious")
    with read.open() as stdin:
        said = run("check_output(Path('in.txt'), ['-'])", tmp_path, stdin=stdin)
    assert "in.txt: is also read, as standard input" in said
    with read.open("a") as stdout:
        assert "standard output: is also read, as in.txt" in run(
            "check_output(None, ['in.txt'])", tmp_path, stdout=stdout
        )
        assert "/dev/fd/1: is also read" in run("check_output(Path('/dev/fd/1'), ['.'])", tmp_path, stdout=stdout)


ROW = {"id": "a", "text": "Talks resume.", "labels": ["threat"], "sha256": "0" * 32, "label": ["threat"]}


@pytest.fixture
def inputs(tmp_path, monkeypatch):
    """A folder with one of everything that a command may read, and what each file holds."""
    monkeypatch.chdir(tmp_path)
    rows = "".join(json.dumps({**ROW, "id": str(n)}) + "\n" for n in range(3))
    for name in ("rows.jsonl", "news/a.jsonl", "rows.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(rows)
    (tmp_path / "lexicon.yaml").write_text("keywords: {threat: [bomb]}\ncues: {anger: [bomb]}\n")
    (tmp_path / "parent.yaml").write_text("name: small\ndata: {train: rows.jsonl}\n")
    (tmp_path / "small.yaml").write_text(
        "defaults: parent.yaml\ntask: {name: framing, type: multilabel, labels: [threat]}\n"
        "features: []\nclassifier: {type: lexicon, keywords: lexicon.yaml}\nthresholds: {method: fixed, value: 0.5}\n"
    )
    shutil.copytree(MODEL, tmp_path / "model")
    (tmp_path / "mlflow.db").write_text("a store")
    return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("score rows.jsonl -m model -f jsonl -o", "rows.jsonl"),
        ("score news -m model -f csv -o", "news/a.jsonl"),
        ("score rows.jsonl -m model -f csv -o", "model/framescope.json"),
        ("score rows.jsonl -m model --config small.yaml -f csv -o", "parent.yaml"),
        ("score rows.jsonl -f html -o", "mlflow.db"),
        ("evaluate -d rows.jsonl -m model --predictions", "rows.jsonl"),
        ("evaluate -d rows.jsonl -m model --config small.yaml --predictions", "lexicon.yaml"),
        ("evaluate -d rows.jsonl -m model --predictions", "model/framescope.json"),
        ("compare model starter -d rows.jsonl -o", "rows.jsonl"),
        ("compare model starter -d rows.jsonl -o", "model/framescope.json"),
        ("compare model starter -d rows.jsonl --config small.yaml -o", "small.yaml"),
        ("report -o", "mlflow.db"),
        ("data import rows.jsonl --from doccano -o", "rows.jsonl"),
        ("data export rows.jsonl --to doccano -o", "rows.jsonl"),
        ("data export rows.json --to label-studio -o", "rows.json"),
        ("data hydrate rows.jsonl --from news -o", "rows.jsonl"),
        ("data hydrate rows.jsonl --from news -o", "news/a.jsonl"),
    ],
)
def test_no_command_writes_over_what_it_reads(inputs, command, name):
    result = CliRunner().invoke(app, [*command.split(), name])
    assert result.exit_code == 2, result.output
    said = result.output.splitlines()[-1]
    assert said.startswith(f"framescope: {name}: is also read, as ")
    assert {path: path.read_bytes() for path in inputs} == inputs


def test_a_benchmarks_folder_and_a_demos_lose_no_input(inputs, tmp_path):
    (tmp_path / "out/systems").mkdir(parents=True)
    os.link(tmp_path / "rows.jsonl", tmp_path / "out/table.csv")
    command = ["benchmark", "small.yaml", "--peers", "none", "-o", "out"]
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, "out/table.csv: is also read, as rows.jsonl" in result.output) == (2, True)
    (tmp_path / "out/table.csv").unlink()
    os.link(tmp_path / "lexicon.yaml", tmp_path / "out/systems/a.json")
    result = CliRunner().invoke(app, command)
    assert (result.exit_code, "out/systems/a.json: is also read, as " in result.output) == (2, True)
    (tmp_path / "out/report.html").symlink_to(tmp_path / "mlflow.db")
    result = CliRunner().invoke(app, ["demo", "-o", "out"])
    assert (result.exit_code, "out/report.html: is also read, as " in result.output) == (2, True)
    assert {path: path.read_bytes() for path in inputs} == inputs


# (b) what is no regular file


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_pipe_is_written_to_and_stays(pipe, tmp_path):
    (tmp_path / "link").symlink_to("pipe")
    for path in (pipe, tmp_path / "link"):
        got = []
        descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # there before the writer, which waits for nobody
        os.set_blocking(descriptor, True)
        with os.fdopen(descriptor) as stream:
            reader = threading.Thread(target=lambda stream=stream, got=got: got.append(stream.read()))
            with writing(path) as temporary:
                reader.start()
                temporary.write_text("x" * 200_000)
                assert temporary.parent != tmp_path  # beside a device as root it would be another device's folder
            reader.join(10)
        assert got == ["x" * 200_000]
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


def test_a_pipe_that_nobody_reads_is_one_line(pipe):
    assert "nobody reads" in refused(pipe)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def test_a_failure_sends_nothing_into_a_pipe(pipe):
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor) as stream:
        with suppress(RuntimeError), writing(pipe) as temporary:
            temporary.write_text("half")
            raise RuntimeError
        assert stream.read() == ""


def test_the_null_device_stays(tmp_path):
    # without root's rights, for a device that is replaced would be every program's loss
    lower = "import os\nif os.geteuid() == 0:\n os.setgid(65534); os.setuid(65534)\n"
    before = os.stat(os.devnull)
    said = run(f"{lower}with writing(Path(os.devnull)) as t: t.write_text('new')", tmp_path)
    assert said == ""
    after = os.stat(os.devnull)
    assert (before.st_ino, before.st_rdev, before.st_mode) == (after.st_ino, after.st_rdev, after.st_mode)


def test_a_socket_gets_what_is_written():
    with tempfile.TemporaryDirectory() as folder:  # whose name is short enough for a socket
        path = Path(folder) / "s"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen()
            put(path, "hello")
            taken, _ = server.accept()
            with taken:
                assert taken.recv(100) == b"hello"
        assert "Connection refused" in refused(path)
        assert os.listdir(folder) == ["s"]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="Linux")
def test_the_open_standard_output_is_not_replaced(tmp_path):
    (tmp_path / "stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is, which no test may lose
    code = "print('before', flush=True)\nwith writing(Path('stdout')) as t: t.write_text('new\\n')\nprint('after')"
    with (tmp_path / "out.txt").open("w") as stdout:
        assert run(code, tmp_path, stdout=stdout) == ""
    assert (tmp_path / "out.txt").read_text() == "before\nnew\nafter\n"


# (c) links


def test_a_link_stays_and_its_target_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/real.txt").write_text("before")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("there/real.txt")
    put(tmp_path / "one")
    assert (tmp_path / "there/real.txt").read_text() == "new"
    assert (tmp_path / "one").is_symlink()
    assert (tmp_path / "two").is_symlink()
    assert os.listdir(tmp_path / "there") == ["real.txt"]


def test_a_link_to_nothing_makes_its_target(tmp_path):
    (tmp_path / "link").symlink_to("deep/real.txt")
    put(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "deep/real.txt").read_text() == "new"


def test_links_in_a_circle_are_one_line(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert "circle" in refused(tmp_path / "one")
    assert "can't be written" in refused(tmp_path / "one" / "out.txt")


# (d) permissions


def test_permissions_of_a_replaced_file_are_kept_but_for_set_user_id(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("before")
    path.chmod(0o4751)
    with writing(path) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        temporary.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o751


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_of_a_replaced_file_are_kept(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("before")
    path.chmod(0o640)
    os.chown(path, 12345, 23456)
    put(path)
    found = path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o640)


def test_without_its_group_a_file_is_not_opened_to_another(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    path.write_text("before")
    path.chmod(0o664)
    former = os.stat(path)
    another = os.stat_result([*former[:5], former.st_gid + 1, *former[6:]])
    monkeypatch.setattr(os, "fchown", lambda *args: (_ for _ in ()).throw(PermissionError))
    with path.open() as file:
        output._keep_permissions(file.fileno(), another)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_what_is_read_only_is_told_before_the_work(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    path.write_text("before")
    allowed = os.access  # root may do everything, so the answer is made up
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != path and allowed(place, mode))
    assert "it is read-only" in refused(path)
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != tmp_path and allowed(place, mode))
    assert f"its folder {tmp_path} is read-only" in refused(path)
    assert f"its folder {tmp_path} is read-only" in refused(tmp_path / "deep" / "new.txt")
    assert os.listdir(tmp_path) == ["out.txt"]


# (e) what is left behind


def test_what_a_killed_process_left_is_removed_and_a_living_ones_is_not(tmp_path):
    path = tmp_path / "out.txt"
    code = "import sys; from pathlib import Path; from experiments.output import writing\n"
    code += "with writing(Path(sys.argv[1])) as t:\n t.write_text('half'); print(t.name, flush=True); sys.stdin.read()"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, name], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in (str(path), str(path), str(tmp_path / "out.txt.bak"))
    ]
    try:
        left, living, others = (each.stdout.readline().strip() for each in started)
        assert f".{started[0].pid}-" in left
        for each in (started[0], started[2]):
            each.kill()
            each.wait()
        put(path)
        assert sorted(os.listdir(tmp_path)) == sorted(["out.txt", living, others])
        started[1].communicate("go on", timeout=10)
        assert path.read_text() == "half"
    finally:
        for each in started:
            each.kill()
            each.communicate()


def test_what_this_process_number_left_in_another_life_is_removed(tmp_path):
    path = tmp_path / "out.txt"
    with writing(path) as temporary:
        left = temporary.with_name(temporary.name.replace(temporary.name[-13:-5], "0" * 8))
        left.write_text("half")
        put(path, "meanwhile")
        assert not left.exists()
        temporary.write_text("done")
    assert path.read_text() == "done"


def test_the_disk_has_the_file_before_it_is_renamed(tmp_path, monkeypatch):
    steps = []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append(os.fstat(descriptor).st_ino) or sync(descriptor))
    monkeypatch.setattr(Path, "replace", lambda self, to: steps.append("renamed") or replace(self, to))
    put(tmp_path / "out.txt")
    assert steps == [(tmp_path / "out.txt").stat().st_ino, "renamed"]


# (f) names, and full disks


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "a\nb", "[*]?.jsonl", b"\xff\xfe.txt"])
def test_every_name_that_a_folder_takes_is_written(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    for text in ("one", "two"):
        put(path, text)
    assert path.read_text() == "two"
    assert [os.fsencode(each) for each in os.listdir(tmp_path)] == [os.fsencode(path.name)]


def test_a_name_that_no_folder_takes_is_one_line(tmp_path):
    assert "File name too long" in refused(tmp_path / ("n" * 256))


def test_a_full_disk_leaves_the_former_file(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(InputError, match=r"out\.txt: can't be written: File too large"):
            put(path, "x" * 20_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize("call", ["fsync", "open"])
def test_a_disk_that_fails_at_the_end_or_the_beginning_leaves_the_former_file(tmp_path, monkeypatch, call):
    path = tmp_path / "out.txt"
    path.write_text("before")

    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, full)
        with pytest.raises(InputError, match=r"out\.txt: can't be written: No space left"), writing(path):
            pass
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_standard_output_that_is_closed_or_a_device_is_no_input():
    check_output(None, ["-", str(ROOT / "README.md")])
