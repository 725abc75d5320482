"""First runs against a team's database: Debian's PostgreSQL is started for it, where it and psycopg are installed."""

import multiprocessing

import pytest

from experiments.errors import InputError
from experiments.tracking.connection import connect
from tests.postgres import NEEDED, cluster

FORK = multiprocessing.get_context("fork")

pytestmark = [pytest.mark.slow, *NEEDED]


@pytest.fixture
def database(tmp_path, monkeypatch):
    """An empty database, which is the store."""
    with cluster() as home:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"postgresql+psycopg://frame@/postgres?host={home}")
        monkeypatch.chdir(tmp_path)
        yield


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
