"""First runs against a team's database: Debian's PostgreSQL is started for it, where it and psycopg are installed."""

import importlib.util
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from experiments.errors import InputError
from experiments.tracking.connection import connect

FORK = multiprocessing.get_context("fork")


def binary(name):
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(binary("initdb") is None, reason="needs PostgreSQL: apt install postgresql"),
    pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="needs pip install 'psycopg[binary]'"),
]


@pytest.fixture
def database(tmp_path, monkeypatch):
    """An empty database in a cluster of its own, which is stopped afterwards; PostgreSQL refuses to run as root."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    home = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's name has room for 107 letters
    if as_user:
        shutil.chown(home, "postgres")

    def do(*command):
        subprocess.run(
            [*as_user, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=home, timeout=60
        )

    do(binary("initdb"), "-D", f"{home}/data", "-A", "trust", "-U", "frame")
    settings = f"-c listen_addresses='' -c unix_socket_directories={home}"
    do(binary("pg_ctl"), "-D", f"{home}/data", "-o", settings, "-l", f"{home}/log", "-w", "start")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql+psycopg://frame@/postgres?host={home}")
    monkeypatch.chdir(tmp_path)
    yield
    do(binary("pg_ctl"), "-D", f"{home}/data", "-m", "immediate", "stop")
    shutil.rmtree(home)


def test_many_first_runs_at_once_on_an_empty_database(database):
    processes = [FORK.Process(target=connect) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    connect()


def test_database_that_does_not_answer_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql+psycopg://frame@/postgres?host={tmp_path}")
    with pytest.raises(InputError, match="MLFLOW_TRACKING_URI: the database doesn't answer"):
        connect()
