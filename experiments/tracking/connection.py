"""Points MLflow at the store that runs are kept in."""

import logging
import os
from pathlib import Path

# MLflow reads these when it is imported, so they stand before the import
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from experiments.errors import InputError, first_line
from experiments.notices import to_stderr
from experiments.tracking.founding import make_store
from experiments.tracking.moved import follow
from experiments.tracking.store import check_store, store_uri

_REGISTRY = os.environ.get("MLFLOW_REGISTRY_URI")  # the user's: MLflow itself sets the variable later on


def connect() -> None:
    """Point MLflow at its store: ``MLFLOW_TRACKING_URI`` if set, else ``mlflow.db`` in the working directory.

    Raises
    ------
    InputError
        If the store is corrupt, locked, not writable, of another MLflow's schema, or the server doesn't answer.
    """
    uri = store_uri()
    check_store(uri)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(_REGISTRY or uri)
    _quiet()
    make_store(uri, to_stderr)
    follow()
    try:
        MlflowClient().search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError) as error:
        line = first_line(error)
        if "schema" in line:
            line += f"; run: mlflow db upgrade {uri}"
        raise InputError(f"{uri}: MLflow can't use this store: {line}") from None


def _quiet() -> None:
    """Silence what MLflow and Alembic say of their own doings; a user reads only what concerns the run."""
    for name in ("mlflow", "alembic", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(logging.ERROR)


def whereabouts() -> str:
    """Return where the store is, in words: the server's address, or the database's full path."""
    uri = store_uri()
    return str(Path(uri.removeprefix("sqlite:///")).resolve()) if uri.startswith("sqlite:///") else uri
