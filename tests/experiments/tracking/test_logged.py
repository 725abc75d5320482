"""A fitted model is never lost: what a run has to say is in a folder until the store has all of it."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import mlflow
import pytest
import sqlalchemy
from mlflow import MlflowClient
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.errors import InputError, UnloggedError
from experiments.tracking.logged import log_record
from experiments.tracking.records import RECORDS, left_records, read_record
from experiments.train import train

FAST = ["evaluation.bootstrap=0", "evaluation.errors=0"]


def framescope(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def nothing_left(in_workspace):
    for record in left_records():
        record.remove()


def silent(line):
    pass


@contextmanager
def busy(path):
    """Lock an SQLite store as a program does that writes to it and hangs."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other
        if other.in_transaction:
            other.rollback()


@pytest.fixture
def lost(in_workspace, trained, small_config, monkeypatch):
    """A run whose store was locked when it was to be logged: its record, and the error."""
    module = sys.modules["experiments.train"]
    whole = module.log_record

    def log(*arguments):
        with busy("mlflow.db"):
            return whole(*arguments)

    monkeypatch.setattr(module, "log_record", log)
    monkeypatch.setattr("experiments.tracking.store._LOCK_SECONDS", 0.1)
    with pytest.raises(UnloggedError) as error:
        train(load_config(str(small_config), [*FAST, "tracking.patience=4"]), silent)
    monkeypatch.undo()
    os.chdir(in_workspace)
    (record,) = left_records()
    yield record, str(error.value)
    os.chdir(in_workspace)
    record.remove()


def test_store_that_is_locked_at_the_end_loses_nothing(lost):
    record, error = lost
    assert "the store didn't take the" in error and "locked" in error
    assert f"log it with: framescope log {record.folder}" in error
    assert {path.name for path in record.files.iterdir()} > {"config.yaml", "metrics.json", "predictions.parquet"}

    told = framescope("report").stderr
    assert f"was never logged whole; log it with: framescope log {record.folder}" in told

    before = MlflowClient().get_run(record.run_id).info
    assert before.status != "FINISHED"
    time.sleep(1.1)
    result = framescope("log", record.folder, "--patience", 60, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    run = MlflowClient().get_run(found["run_id"])
    assert run.info.run_id == record.run_id and run.info.status == "FINISHED"
    assert run.info.start_time == before.start_time
    assert run.info.end_time == record.end
    assert {key: run.data.metrics[key] for key in record.metrics} == record.metrics
    assert run.data.metrics["model.mb"] == record.values["model.mb"]
    assert "framescope.error" not in run.data.tags
    assert found["registered"].startswith("framing version ")
    (output,) = run.outputs.model_outputs
    logged = MlflowClient().get_logged_model(output.model_id)
    assert {metric.dataset_name for metric in logged.metrics} == {"sentences-test"}
    assert not record.folder.exists()
    score = framescope("score", "--model", f"runs:/{record.run_id}/model", record_article())
    assert score.exit_code == 0, score.output


@contextmanager
def pragma(begin, end):
    """Give each connection to SQLite a setting, for as long as the block lasts."""

    def checkout(connection, *_):
        connection.execute(begin)

    def checkin(connection, *_):
        connection.execute(end)

    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "checkout", checkout)
    sqlalchemy.event.listen(sqlalchemy.pool.Pool, "checkin", checkin)
    try:
        yield
    finally:
        sqlalchemy.event.remove(sqlalchemy.pool.Pool, "checkout", checkout)
        sqlalchemy.event.remove(sqlalchemy.pool.Pool, "checkin", checkin)


FULL = ("PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000")  # which SQLite takes for: not one page more
READ_ONLY = ("PRAGMA query_only = ON", "PRAGMA query_only = OFF")


@pytest.mark.parametrize(("settings", "why"), [(FULL, "disk is full"), (READ_ONLY, "readonly database")])
def test_store_that_is_full_or_read_only_loses_nothing(in_workspace, trained, small_config, monkeypatch, settings, why):
    module = sys.modules["experiments.train"]
    whole = module.log_record

    def log(*arguments):
        with pragma(*settings):
            return whole(*arguments)

    monkeypatch.setattr(module, "log_record", log)
    with pytest.raises(UnloggedError, match=why):
        train(load_config(str(small_config), [*FAST, "tracking.patience=4"]), silent)
    (record,) = left_records()
    assert MlflowClient().get_run(record.run_id).info.status != "FINISHED"
    result = framescope("log", record.folder, "--patience", 60)  # not the 4 s of the record: machines may be slow
    assert result.exit_code == 0, result.output
    run = MlflowClient().get_run(record.run_id)
    assert run.info.status == "FINISHED"
    assert {key: run.data.metrics[key] for key in record.metrics} == record.metrics


def record_article():
    path = Path("article.txt")
    path.write_text("Ostland threatened to attack the port on Monday.", encoding="utf-8")
    return path


def test_record_can_be_logged_to_another_store_with_its_times(lost, tmp_path, monkeypatch):
    record, _ = lost
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    log_record(record, 30, silent)
    log_record(record, 30, silent)  # a second time changes nothing
    client = MlflowClient()
    (run,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert (run.info.start_time, run.info.end_time) == (record.start, record.end)
    assert run.data.tags["framescope.record"] == record.run_id
    assert run.data.tags["framescope.kind"] == "training"
    assert run.data.params["classifier.type"] == "logistic"
    assert [each.dataset.digest for each in run.inputs.dataset_inputs] == [part["digest"] for part in record.data]
    assert len(client.search_logged_models([run.info.experiment_id])) == 1
    assert {each.path for each in client.list_artifacts(run.info.run_id)} >= {"config.yaml", "report.html"}


def test_store_that_is_free_again_in_time_is_waited_for(in_workspace, trained, small_config, monkeypatch):
    module = sys.modules["experiments.train"]
    whole = module.log_record

    def log(*arguments):
        with busy("mlflow.db") as other:
            timer = threading.Timer(7, other.rollback)
            timer.start()
            return whole(*arguments)

    monkeypatch.setattr(module, "log_record", log)
    said = []
    found = train(load_config(str(small_config), FAST), said.append)
    assert any(line.startswith("waiting for the store (connection: ") for line in said)
    assert MlflowClient().get_run(found.run_id).info.status == "FINISHED"
    assert not RECORDS.exists()


def test_server_that_hangs_is_given_up_in_the_stated_time(lost, monkeypatch):
    record, _ = lost
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections and never answers
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        began = time.monotonic()
        result = framescope("log", record.folder, "--patience", "1")
        assert time.monotonic() - began < 20
    assert result.exit_code == 1
    assert "the store didn't take the connection (no answer in 1 s). Nothing is lost" in result.stderr
    assert "Traceback" not in result.stderr and record.folder.is_dir()


def test_run_that_breaks_off_after_fitting_is_logged_with_its_model(in_workspace, trained, small_config, monkeypatch):
    monkeypatch.setattr(sys.modules["experiments.train"], "write_report", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(load_config(str(small_config), FAST), silent)
    run = mlflow.search_runs(search_all_experiments=True, order_by=["start_time DESC"], output_format="list")[0]
    assert run.info.status == "FAILED"
    assert run.data.tags["framescope.error"] == "division by zero"
    assert run.outputs.model_outputs
    assert not RECORDS.exists()


def test_interrupted_run_leaves_its_model_only_once_it_was_fitted(in_workspace, trained, small_config, monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    module = sys.modules["experiments.train"]
    with monkeypatch.context() as patch:
        patch.setattr(module, "fit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train(load_config(str(small_config), FAST), silent)
    assert not RECORDS.exists()
    monkeypatch.setattr(module, "evaluate", interrupt)
    said = []
    with pytest.raises(KeyboardInterrupt):
        train(load_config(str(small_config), FAST), said.append)
    (record,) = left_records()
    assert said[-1].endswith(f"log it with: {record.command}")
    log_record(record, 30, silent)
    run = MlflowClient().get_run(record.run_id)
    assert run.info.status == "KILLED" and run.outputs.model_outputs
    record.remove()


@pytest.mark.slow
def test_killed_run_is_cleared_away_or_told_of(in_workspace, trained, small_config):
    for at in ("fit", "evaluate"):
        program = (
            "import os, sys; from experiments.config.files import load_config; import experiments.train; "
            "program = sys.modules['experiments.train']; "
            f"program.{at} = lambda *given: os.kill(os.getpid(), 9); "
            f"program.train(load_config({str(small_config)!r}, {FAST!r}), print)"
        )
        quiet = subprocess.DEVNULL  # a pipe would be held open by its workers
        done = subprocess.run([sys.executable, "-c", program], stdout=quiet, stderr=quiet, timeout=120)
        assert done.returncode == -9
        assert len(list(RECORDS.iterdir())) == 1
        told = framescope("report").stderr
        assert ("was never logged whole" in told) == (at == "evaluate")
        assert RECORDS.exists() == (at == "evaluate")
    for record in left_records():
        record.remove()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is no folder that a run has left (it has no record.json)"),
        ("{", "is not the record of a run any more"),
        ('{"run_id": "a"}', "is not the record of a run any more"),
        ("\udcff", "is not the record of a run any more"),
    ],
)
def test_folder_that_is_no_record_is_one_line(in_workspace, tmp_path, content, said):
    if content is not None:
        (tmp_path / "record.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    result = framescope("log", tmp_path)
    assert result.exit_code == 2 and said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_record_without_a_model_is_refused(lost):
    record, _ = lost
    other = record.model_copy(update={"folder": record.folder / "none"})
    with pytest.raises(InputError, match="ended before its model was fitted"):
        log_record(other, 1, silent)
    assert read_record(record.folder).metrics == record.metrics
