"""Runs, models, reports and champions are found after their folder was moved; none leads out of ``mlartifacts``."""

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.errors import InputError
from experiments.tracking import ui
from experiments.tracking.champions import is_better
from experiments.tracking.comparisons import contestants, find_runs
from experiments.tracking.connection import connect
from experiments.tracking.moved import found_at, relocate
from experiments.tracking.registry import champion_uri
from experiments.tracking.resolve import resolve_model
from experiments.tracking.runs import set_experiment
from experiments.tracking.store import artifact_location
from tests.experiments.tracking.test_registry import empty_store

LABELS = ["threat", "cooperation", "denial"]


@pytest.fixture
def work_in(monkeypatch):
    """Return a function that works with the store of a folder."""
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()

    def work(folder: Path) -> Path:
        monkeypatch.chdir(folder)
        for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            monkeypatch.setenv(variable, f"sqlite:///{folder}/mlflow.db")
        return folder

    yield work
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def keep_one_run(store: Path, run: str) -> None:
    """Take out of a store what other tests have put into it, and make the run's model the champion."""
    with sqlite3.connect(store) as database:
        for table, column in (("runs", "run_uuid"), ("logged_models", "source_run_id"), ("model_versions", "run_id")):
            database.execute(f"DELETE FROM {table} WHERE {column} != ?", [run])
        versions = "SELECT name || '/' || version FROM model_versions"
        database.execute(f"DELETE FROM model_version_tags WHERE name || '/' || version NOT IN ({versions})")
        database.execute("DELETE FROM experiments WHERE experiment_id NOT IN (SELECT experiment_id FROM runs)")
        database.execute("UPDATE registered_model_aliases SET version = (SELECT version FROM model_versions)")


@pytest.fixture
def moved(trained, workspace, tmp_path, work_in) -> Path:
    """The project folder with its trained run, moved from ``was here``, which is no more."""
    shutil.copytree(workspace, tmp_path / "was here")
    keep_one_run(tmp_path / "was here/mlflow.db", trained.run_id)
    work_in(tmp_path / "was here")
    assert relocate(copied=True)[0] >= 4  # the copy is on its own now
    Path("mlflow.before-relocate.db").unlink()
    (tmp_path / "was here").rename(tmp_path / "now 100% here")
    return work_in(tmp_path / "now 100% here")


def invoke(*arguments):
    """Run a command; return its status, what it said last, and whatever it shows."""
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    lines = result.output.splitlines()
    return result.exit_code, lines[-1] if lines else "", result.output


def locations(folder: Path, name: str = "mlflow.db") -> list[str]:
    with sqlite3.connect(folder / name) as database:
        return [
            row[0]
            for query in (
                "SELECT artifact_location FROM experiments WHERE experiment_id > 0",
                "SELECT artifact_uri FROM runs",
                "SELECT artifact_location FROM logged_models",
                "SELECT storage_location FROM model_versions",
            )
            for row in database.execute(query)
        ]


def test_score_report_and_champion_work_after_a_move(moved, trained, tmp_path):
    Path("a.txt").write_text("Talks resume on Monday.")
    for model in ("models:/framing@champion", champion_uri("framing"), trained.model_uri):
        assert invoke("score", "a.txt", "-m", model, "-o", "out.jsonl")[0] == 0
        assert json.loads(Path("out.jsonl").read_text())["text"] == "Talks resume on Monday."
    status, _, _ = invoke("report")
    assert (status, Path("report.html").read_text()[:15]) == (0, "<!doctype html>")
    # a challenger is held against the champion's files
    better, why = is_better(mlflow.MlflowClient(), trained.run_id, trained.run_id, "1", LABELS)
    assert (better, why.startswith("no worse")) == (False, True)
    assert not (tmp_path / "was here").exists()


def test_compare_and_evaluate_work_after_a_move_and_write_where_the_folder_is(moved, trained, small_corpus, tmp_path):
    status, _, said = invoke("evaluate", "-d", small_corpus, "--bootstrap", 0, "--json")
    assert status == 0, said
    run = json.loads(said.splitlines()[-1])["run_id"]
    assert (moved / "mlartifacts/framing" / run / "artifacts/metrics.json").is_file()
    models = trained.model_uri, "models:/framing@champion"
    status, _, said = invoke("compare", *models, "-d", small_corpus, "--bootstrap", 100, "-o", "page.html")
    assert status == 0, said
    (own,) = contestants(find_runs([trained.run_id]))
    assert len(own.table) > 50
    assert Path("page.html").is_file()
    assert not (tmp_path / "was here").exists()


@pytest.mark.slow
def test_a_training_after_a_move_goes_where_the_folder_is(moved, small_config, tmp_path):
    status, _, said = invoke("train", small_config, "--json")
    assert status == 0, said
    trained = json.loads(said.splitlines()[-1])
    assert (moved / "mlartifacts/framing" / trained["run_id"] / "artifacts/report.html").is_file()
    assert resolve_model(trained["model_uri"], "framing")[1].labels == LABELS
    assert not (tmp_path / "was here").exists()
    assert relocate()[0] > 4
    assert resolve_model(trained["model_uri"], "framing")[1].labels == LABELS


def test_relocate_puts_the_store_right_in_one_go_and_keeps_it_as_it_was(moved, trained, tmp_path):
    former = locations(moved)
    assert all("/was%20here/mlartifacts/" in each for each in former)
    status, said, _ = invoke("relocate")
    assert (status, said.split(" location")[0]) == (0, str(len(former)))
    assert "mlflow.before-relocate.db" in said
    here = (moved / "mlartifacts").as_uri()
    assert locations(moved) == [each.replace((tmp_path / "was here/mlartifacts").as_uri(), here) for each in former]
    assert locations(moved, "mlflow.before-relocate.db") == former
    assert "nothing was changed" in invoke("relocate")[1]
    # MLflow by itself finds its files, as its UI does
    with sqlite3.connect(moved / "mlflow.db") as database:
        (uri,) = database.execute("SELECT artifact_uri FROM runs WHERE run_uuid = ?", [trained.run_id]).fetchone()
    assert "report.html" in [each.path for each in mlflow.MlflowClient().list_artifacts(trained.run_id)]
    assert found_at(uri) == uri


def test_the_ui_puts_the_store_right_before_it_serves(moved, monkeypatch):
    def serve(command, **more):
        assert all(each.startswith((moved / "mlartifacts").as_uri()) for each in locations(moved))
        return started([sys.executable, "-c", "pass"], **more)

    started = subprocess.Popen
    monkeypatch.setattr(ui.subprocess, "Popen", serve)
    said = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert ui.serve_ui("127.0.0.1", port, said.append) == 0
    assert "put right" in said[0]


def test_a_relocation_that_fails_changes_nothing(moved):
    former = locations(moved)
    with sqlite3.connect(moved / "mlflow.db") as database:
        database.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON model_versions BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    status, said, _ = invoke("relocate")
    assert (status, "disk full" in said, "as they were" in said) == (2, True, True)
    assert locations(moved) == former


def test_files_that_are_nowhere_are_told_of_with_what_mends_it(moved, trained):
    (moved / "mlartifacts").rename(moved / "elsewhere")
    Path("a.txt").write_text("Talks resume on Monday.")
    for command in (
        ["report", trained.run_id],
        ["compare", trained.run_id, trained.run_id],
        ["score", "a.txt"],
        ["score", "a.txt", "-m", trained.model_uri],
        ["score", "a.txt", "-m", "models:/framing@champion"],
    ):
        status, said, _ = invoke(*command)
        assert status == 2
        assert f"nor in {moved / 'mlartifacts'}" in said
        assert "'framescope relocate'" in said
    assert not (moved / "mlartifacts").exists()
    (moved / "elsewhere").rename(moved / "mlartifacts")
    assert invoke("report", trained.run_id)[0] == 0
    Path("mlartifacts/framing", trained.run_id, "artifacts/report.html").unlink()
    assert "has no report.html" in invoke("report", trained.run_id)[1]  # its other files are where they should be


def test_what_is_in_an_absent_folder_is_left_to_it(moved, tmp_path):
    """Several folders may share a store; one of them on a disk that isn't there at the moment."""
    away = (tmp_path / "away/mlartifacts/framing").as_uri()
    with sqlite3.connect(moved / "mlflow.db") as database:
        database.execute("INSERT INTO experiments (name, artifact_location) VALUES ('away', ?)", [away])
        database.execute("INSERT INTO runs (run_uuid, artifact_uri) VALUES ('r9', ?)", [f"{away}/r9/artifacts"])
    relocate()
    left = [each for each in locations(moved) if not each.startswith((moved / "mlartifacts").as_uri())]
    assert left == [away, f"{away}/r9/artifacts"]


def test_a_copy_leaves_the_folder_that_it_was_made_of_alone_once_it_is_relocated(moved, trained, tmp_path, work_in):
    assert relocate()[0] > 0
    shutil.copytree(moved, tmp_path / "copy")
    copy = work_in(tmp_path / "copy")
    assert relocate() == (0, None)  # nothing is missing, so nothing is taken for moved
    assert relocate(copied=True)[0] == len(locations(copy))
    assert relocate(copied=True) == (0, None)
    assert all(each.startswith((copy / "mlartifacts").as_uri()) for each in locations(copy))
    assert all(each.startswith((moved / "mlartifacts").as_uri()) for each in locations(moved))


@pytest.mark.parametrize("uri", ["sqlite:///missing/mlflow.db", "http://127.0.0.1:1", "postgresql://u@127.0.0.1:1/x"])
def test_relocate_without_an_embedded_store_is_one_line(tmp_path, monkeypatch, uri):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    status, said, whole = invoke("relocate")
    assert (status, len(whole.splitlines()), "store" in said) == (2, 1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("file:///gone/mlartifacts/framing/r1/artifacts", "framing/r1/artifacts"),
        ("file:///gone/mlartifacts/p/mlartifacts/framing/r1/artifacts", "framing/r1/artifacts"),
        ("file:///gone/mlartifacts/a%20b/r2/artifacts", "a%20b/r2/artifacts"),
        ("file:///gone/mlartifacts/framing/never-written", "framing/never-written"),
        ("file:///gone/mlruns/0", None),
        ("file:///gone/mlartifacts-2/framing", None),
        ("s3://bucket/mlartifacts/framing/r1/artifacts", None),
        ("mlflow-artifacts:/mlartifacts/framing/r1", None),
        ("/gone/mlartifacts/framing/r1/artifacts", None),
    ],
)
def test_only_what_lay_in_mlartifacts_is_looked_for_beside_the_store(tmp_path, work_in, uri, found):
    for each in ("framing/r1/artifacts", "a b/r2/artifacts"):
        (tmp_path / "mlartifacts" / each).mkdir(parents=True)
    work_in(tmp_path)
    assert found_at(uri) == (uri if found is None else f"{(tmp_path / 'mlartifacts').as_uri()}/{found}")


def test_a_folder_may_move_to_where_its_own_parent_was(tmp_path, work_in):
    (tmp_path / "mlartifacts/framing/r1").mkdir(parents=True)
    work_in(tmp_path)
    inner = (tmp_path / "mlartifacts/project/mlartifacts/framing/r1").as_uri()
    assert found_at(inner) == (tmp_path / "mlartifacts/framing/r1").as_uri()


def test_what_is_in_its_place_stays_there(tmp_path, work_in):
    for each in ("other/mlartifacts/framing/r1", "mlartifacts/framing/r1"):
        (tmp_path / each).mkdir(parents=True)
    work_in(tmp_path)
    there = (tmp_path / "other/mlartifacts/framing").as_uri()
    assert found_at(f"{there}/r1") == f"{there}/r1"
    assert found_at(f"{there}/new") == f"{there}/new"  # its mlartifacts is there: a run that is to be written


NAMES = ["../../../esc", "/abs", "a/../../b", "..", ".", "a\0b", "a\\..\\b", "x" * 300, "é" * 130, "C:/x", " ", "a\nb"]


@pytest.mark.parametrize("name", NAMES)
def test_no_experiment_leads_out_of_mlartifacts_whoever_named_it(tmp_path, work_in, name):
    (tmp_path / "mlflow.db").write_bytes(empty_store())
    work_in(tmp_path)
    with pytest.raises(InputError, match="MLflow experiment") as caught:
        artifact_location(name)
    assert len(str(caught.value).splitlines()) == 1
    connect()
    with pytest.raises(InputError):  # a saved model's task becomes an experiment so, too
        set_experiment(name)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


@pytest.mark.parametrize("name", NAMES)
def test_a_config_with_such_a_name_is_one_line(tmp_path, monkeypatch, small_config, name):
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(f"defaults: {small_config}\ntracking: {{experiment: {json.dumps(name)}}}\n")
    status, said, whole = invoke("train", "bad.yaml")
    assert (status, len(whole.splitlines())) == (2, 1), whole
    assert "tracking.experiment" in said
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]
