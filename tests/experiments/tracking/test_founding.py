"""The store comes into being whole or not at all."""

import multiprocessing
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from experiments.errors import InputError
from experiments.tracking.connection import connect
from experiments.tracking.founding import _MAKING, locked, make_store
from experiments.tracking.store import check_store

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    folder = tmp_path / "New #1 (50%20)"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # MLflow remembers a database by its name, and other tests have called theirs mlflow.db
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{quote(str(folder))}/mlflow.db")
    return folder


def tables(path="mlflow.db"):
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master")}


def started(work):
    process = FORK.Process(target=work)
    process.start()
    return process


def test_many_first_runs_at_once_make_one_store(empty):
    processes = [started(connect) for _ in range(4)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert os.listdir(empty) == ["mlflow.db"]
    connect()


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_store_is_whole_or_not_there_whenever_its_making_is_ended(empty, sign):
    for seconds in (0.1, 0.3, 0.6, 1.0):
        process = started(connect)
        time.sleep(seconds)
        os.kill(process.pid, sign)
        process.join(30)
        if Path("mlflow.db").exists():
            break
    connect()
    assert "runs" in tables()
    assert os.listdir(empty) == ["mlflow.db"]


def test_what_a_killed_maker_left_is_cleared_away(empty):
    Path(f".mlflow.db{_MAKING}4194304").write_bytes(b"half")
    Path(f".mlflow.db{_MAKING}4194304-journal").write_bytes(b"half")
    connect()
    assert os.listdir(empty) == ["mlflow.db"]


@pytest.mark.parametrize("version", [None, "451aebb31d03"])
def test_half_made_store_is_set_aside_and_made_anew(empty, capsys, version):
    with closing(sqlite3.connect("mlflow.db")) as database:
        database.execute("CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT)")
        database.execute("CREATE TABLE runs (run_uuid TEXT)")
        if version:
            database.execute("CREATE TABLE alembic_version (version_num TEXT)")
            database.execute("INSERT INTO alembic_version VALUES (?)", [version])
        database.commit()
    Path("mlflow.db.incomplete").write_bytes(b"an earlier one")
    connect()
    (line,) = capsys.readouterr().err.splitlines()
    assert "mlflow.db was only half made and has no runs: it is mlflow.db.incomplete-2 now" in line
    assert "logged_models" in tables() and "logged_models" not in tables("mlflow.db.incomplete-2")
    assert Path("mlflow.db.incomplete").read_bytes() == b"an earlier one"


def test_broken_store_with_runs_stays_where_it_is(empty):
    with closing(sqlite3.connect("mlflow.db")) as database:
        database.execute("CREATE TABLE runs (run_uuid TEXT)")
        database.execute("INSERT INTO runs VALUES ('a')")
        database.commit()
    with pytest.raises(InputError, match="MLflow can't use this store"):
        connect()
    assert os.listdir(empty) == ["mlflow.db"]
    with closing(sqlite3.connect("mlflow.db")) as database:
        assert database.execute("SELECT run_uuid FROM runs").fetchall() == [("a",)]


def test_full_disk_leaves_no_store(empty, monkeypatch):
    import resource

    def full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            connect()
        except InputError as error:
            os._exit(17 if "the disk is full or broken; nothing is left" in str(error) else 1)

    process = started(full)
    process.join(60)
    assert process.exitcode == 17
    assert os.listdir(empty) == []
    connect()


def test_empty_file_is_no_store_yet(empty):
    Path("mlflow.db").touch()
    connect()
    assert "runs" in tables()


def test_asking_after_a_store_makes_none(empty):
    check_store("sqlite:///mlflow.db")
    assert os.listdir(empty) == []


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///:memory:"])
def test_store_in_memory_is_refused(empty, uri, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InputError, match="is a store in memory, in which nothing is kept"):
        connect()


def test_lock_ends_with_its_process(empty):
    def hold():
        with locked(empty):
            Path("held").touch()
            time.sleep(60)

    process = started(hold)
    while not Path("held").exists():
        time.sleep(0.01)
    process.kill()
    process.join()
    with locked(empty):
        pass


def test_lock_that_another_process_keeps_is_one_line(empty, monkeypatch):
    monkeypatch.setattr("experiments.tracking.founding.PATIENCE", 0.2)

    def wait():
        try:
            make_store("sqlite:///mlflow.db", print)
        except InputError as error:
            os._exit(17 if "another framescope process has been busy" in str(error) else 1)

    with locked(empty):
        process = started(wait)
        process.join(30)
    assert process.exitcode == 17
