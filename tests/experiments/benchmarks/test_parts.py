import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.benchmarks import usage, worker
from experiments.benchmarks.compare import Row
from experiments.benchmarks.energy import Meter
from experiments.benchmarks.exchange import read_labelled, write_rows
from experiments.benchmarks.measured import Measured, Predictions, Shelf
from experiments.benchmarks.paired import macro_f1_difference
from experiments.benchmarks.peers import PEERS, SklearnPipeline
from experiments.benchmarks.peers.fasttext_supervised import _tags, _words
from experiments.benchmarks.plot import _figure
from experiments.benchmarks.processes import Candidate, measure_system
from experiments.benchmarks.system import Problem, Rows
from experiments.config.schema import Data, Task
from experiments.corpus.rows import load_labelled
from experiments.evaluation.figures import styled
from experiments.measures.metrics import measure
from experiments.measures.resampling import Estimate
from features.encoder.weights import DEFAULT, find_encoder
from tests.conftest import ROOT

LABELS = ["threat", "cooperation", "denial"]


@pytest.fixture(scope="module")
def sample():
    columns = {"labels": LABELS, "group": "article"}
    task = Task(name="sample", labels=LABELS)
    data = Data(train="seeds/framing/sample.tsv", columns=columns)
    return load_labelled(data.train, task, data, lambda line: None).take(range(300))


def random_decisions(seed, n=200, labels=3):
    rng = np.random.default_rng(seed)
    y, first, second = (rng.integers(0, 2, (n, labels)).astype(np.int8) for _ in range(3))
    y[:, -1] = first[:, -1] = second[:, -1] = 0  # a label that is nowhere
    return y, first, second, [f"g{i // 4}" for i in range(n)]


def test_paired_difference_is_that_of_the_measured_values():
    y, first, second, groups = random_decisions(1)
    values = [
        measure(y, given.astype(float), given, LABELS, groups, bootstrap=50)["macro_f1"] for given in (first, second)
    ]
    found = macro_f1_difference(y, first, second, groups, 50, 0)
    assert found.value == pytest.approx(values[1].value - values[0].value)


def test_paired_difference_leaves_out_what_nobody_decided():
    y, first, second, groups = random_decisions(3)
    y[:90, 0] = -1
    values = [
        measure(y, given.astype(float), given, LABELS, groups, bootstrap=0)["macro_f1"].value
        for given in (first, second)
    ]
    assert macro_f1_difference(y, first, second, groups, 0, 0).value == pytest.approx(values[1] - values[0])


def test_difference_of_equals_is_zero_and_too_few_groups_have_no_bounds():
    y, first, second, groups = random_decisions(2)
    same = macro_f1_difference(y, first, first, groups, 50, 0)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    few = macro_f1_difference(y, first, second, ["a", "b"] * 100, 50, 0)
    assert np.isnan(few.low)


def test_rows_come_back_from_their_files_and_test_labels_stay_behind(sample, tmp_path):
    write_rows(tmp_path / "train", sample, with_labels=True)
    back = read_labelled(tmp_path / "train")
    assert (back.ids, back.texts, back.groups, back.digest) == (sample.ids, sample.texts, sample.groups, sample.digest)
    assert back.rows.column_names == sample.rows.column_names
    write_rows(tmp_path / "test", sample, with_labels=False)
    assert [path.name for path in (tmp_path / "test").iterdir()] == ["rows.json"]
    assert worker._read(tmp_path / "test").y.shape == (len(sample), 0)


def test_targets_are_joined_to_the_text_for_systems_that_know_none():
    assert Rows(["It works."], np.zeros((1, 2)), ["the treaty"]).joined == ["the treaty: It works."]


@pytest.mark.parametrize("multilabel", [True, False])
def test_scikit_learn_peer_scores_the_same_after_loading(sample, tmp_path, multilabel):
    problem = Problem(LABELS, multilabel, 13)
    rows = Rows(sample.texts, sample.y)
    peer = SklearnPipeline(problem)
    peer.fit(rows, tmp_path)
    peer.save(tmp_path)
    other = SklearnPipeline(problem)
    other.load(tmp_path)
    found = other.predict_proba(rows)
    assert found.shape == sample.y.shape
    np.testing.assert_allclose(found, peer.predict_proba(rows))
    assert multilabel or found.sum(axis=1) == pytest.approx(1)
    assert (other.decide(found).sum(axis=1) == 1).all() or multilabel


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PEERS if name != "sklearn"])
@pytest.mark.parametrize("multilabel", [True, False])
def test_peer_that_is_installed_learns(sample, tmp_path, name, multilabel):
    for module in PEERS[name].modules:
        pytest.importorskip(module.partition(".")[0])
    kept = sample.take(range(40))
    encoder = {"encoder": str(find_encoder(DEFAULT))} if PEERS[name].tunes_encoder else {}
    peer = PEERS[name](Problem(LABELS, multilabel, 13, **encoder))
    rows = Rows(kept.texts, kept.y)
    scratch, model = tmp_path / "scratch", tmp_path / "model"
    scratch.mkdir()
    model.mkdir()
    peer.prepare(tmp_path)
    peer.fit(rows, scratch)
    peer.save(model)
    other = PEERS[name](Problem(LABELS, multilabel, 13))
    other.load(model)
    found = other.predict_proba(rows)
    assert found.shape == kept.y.shape
    np.testing.assert_allclose(found, peer.predict_proba(rows), atol=1e-4)
    assert ((found >= 0) & (found <= 1)).all()


def test_fasttext_lines_are_as_its_tutorial_has_them():
    assert _words('He said: "No, never!"\nThen left.') == 'he said: " no , never ! " then left .'
    assert _tags(np.asarray([1, 0, 1])) == "__label__0 __label__2"
    assert _tags(np.asarray([0, 0, 0])) == "__label__none"


def test_memory_and_time_of_started_processes_count():
    before, cpu = usage.peak_mb(), usage.cpu_seconds()
    code = "import time; block = bytearray(150_000_000); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert usage.peak_mb() > before + 140
        assert usage.cpu_seconds() > cpu
        process.kill()


def script(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def candidate(python, peer="sklearn"):
    problem = {"labels": LABELS, "multilabel": True, "seed": 13}
    blank = Measured("peer", "Peer", "peer", "failed")
    return Candidate(blank, {"problem": problem, "peer": peer}, python, "the-library")


@pytest.fixture(scope="module")
def files(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    write_rows(folder / "train", sample, with_labels=True)
    write_rows(folder / "test", sample, with_labels=False)
    return folder


@pytest.mark.slow
def test_peer_runs_in_another_interpreter_that_has_no_framescope(files, sample, tmp_path):
    # -S leaves out site-packages, and with them framescope; NumPy and scikit-learn are put back one by one
    packages = tmp_path / "packages"
    packages.mkdir()
    home = os.path.dirname(os.path.dirname(np.__file__))
    for name in os.listdir(home):
        if not name.startswith(("__editable__", "framescope")):
            os.symlink(os.path.join(home, name), packages / name)
    python = script(tmp_path / "python", f'#!/bin/sh\nPYTHONPATH={packages} exec {sys.executable} -S "$@"\n')
    measured, predictions = measure_system(candidate(python), files, tmp_path / "log", 1, Meter())
    assert measured.done, measured.error
    assert predictions.probabilities.shape == sample.y.shape
    assert measured.figures["sentences_per_second"] > 100
    assert "scikit-learn" in measured.versions


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("kill -9 $$", "failed", "its process ended with signal 9"),
        ("exit 3", "failed", "its process ended with status 3"),
        (f'exec {sys.executable} -S "$@"', "failed", "its process ended with status 1"),  # not even NumPy
    ],
)
def test_process_that_dies_is_a_line_in_the_table(files, tmp_path, line, status, message):
    python = script(tmp_path / "python", f"#!/bin/sh\n{line}\n")
    measured, predictions = measure_system(candidate(python), files, tmp_path / "log", 1, Meter())
    assert predictions is None
    assert (measured.status, message in measured.error) == (status, True), measured.error


def test_interpreter_without_the_library_says_what_to_install(files, tmp_path, monkeypatch):
    blocker = tmp_path / "sklearn.py"
    blocker.write_text("raise ModuleNotFoundError('No module named sklearn', name='sklearn')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    measured, _ = measure_system(candidate(sys.executable), files, tmp_path / "log", 1, Meter())
    assert measured.status == "missing"
    assert measured.error.endswith("(no module named sklearn): pip install the-library")


def test_worker_ends_when_its_parent_is_killed(files, tmp_path):
    job = {"action": "fit", "peer": "sklearn", "problem": {"labels": LABELS, "multilabel": True, "seed": 1}}
    file = tmp_path / "job.json"
    file.write_text(json.dumps({**job, "data": str(files / "train"), "model": str(tmp_path / "model")}))
    # the worker says that it is ready and waits; its parent prints its number and is killed meanwhile
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, {worker.__file__!r}, {str(file)!r}], stdin=subprocess.PIPE, "
        "stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "p.stdout.readline(); print(p.pid, flush=True); input()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        stat_file = Path(f"/proc/{pid}/stat")
        if stat_file.is_file() and stat_file.read_text().rpartition(")")[2].split()[0] == "Z":
            return  # ended, and nobody has asked after it
        time.sleep(0.1)
    pytest.fail("the worker lives on")


def test_shelf_gives_nothing_for_other_circumstances_or_broken_files(sample, tmp_path):
    shelf = Shelf(tmp_path, LABELS)
    measured = Measured("peer", "Peer", "peer", "done", digest="a", figures={"model_mb": 1.0})
    shelf.put(measured, Predictions(sample.y * 0.75, sample.y), sample)
    found, predictions = shelf.get("peer", "a")
    assert found == measured
    np.testing.assert_array_equal(predictions.decided, sample.y)
    np.testing.assert_array_equal(predictions.probabilities, sample.y * 0.75)
    assert shelf.get("peer", "b") is None
    assert shelf.get("other", "a") is None
    (tmp_path / "predictions" / "peer.parquet").write_bytes(b"broken")
    assert shelf.get("peer", "a") is None


def test_names_in_a_crowded_plot_do_not_cover_each_other():
    points = [(50_000, 0.76), (32_000, 0.72), (2_500, 0.77), (190, 0.87), (4_000, 0.78), (3_900, 0.785), (300, 0.86)]
    rows = [
        Row(
            Measured(
                f"s{n}",
                f"system number {n}",
                "peer" if n < 4 else "config",
                "done",
                figures={"sentences_per_second": rate},
            ),
            {"macro_f1": Estimate(value, value - 0.02, value + 0.02)},
            None,
        )
        for n, (rate, value) in enumerate(points)
    ]
    with styled():
        figure = _figure(rows)
        renderer = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    assert len(boxes) == len(points)
    inside = figure.axes[0].get_window_extent()
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 for box in boxes)
    assert not [(a, b) for a in range(7) for b in range(a) if boxes[a].overlaps(boxes[b])]


def test_every_peer_says_what_it_is():
    for name, peer in PEERS.items():
        assert peer.name == name
        assert peer.title and peer.modules and peer.install and peer.settings
    assert (ROOT / "experiments/benchmarks/worker.py").is_file()
