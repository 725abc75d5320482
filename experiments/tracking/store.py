"""Where MLflow's store is, and whether it can be used: asked before MLflow itself waits, retries or breaks."""

import os
import re
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from experiments.config.names import check_experiment
from experiments.errors import InputError

DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"

_LOCK_SECONDS = 5
_SERVER_SECONDS = 10


def store_uri() -> str:
    """Return ``MLFLOW_TRACKING_URI`` if set, else the database in the working directory."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{DATABASE}"


def store_exists() -> bool:
    """Return whether there may be runs: a server is set, or there is a database already. Nothing is made."""
    path = database_file(store_uri())
    return path is None or path.is_file()


def store_files() -> list[Path]:
    """Return the embedded store's database and the folders that its artifacts may be in; none if a server is set."""
    path = database_file(store_uri())
    if path is None:
        return []
    return [path, *dict.fromkeys(folder.resolve() for folder in (path.parent / ARTIFACTS, Path(ARTIFACTS)))]


def artifact_location(experiment: str) -> str:
    """Return where the files of an experiment of the embedded store are, as a URI.

    MLflow reads every artifact location as a URI, so a plain path with ``%20`` in it would be another folder. And it
    reads the path of a registered model so a second time, which is why the experiment's own folder has no such escapes.

    Raises
    ------
    InputError
        If the folder would be outside of ``mlartifacts``, or can't be made.
    """
    try:
        check_experiment(experiment)
    except ValueError as error:  # it needn't come from a config: a saved model names its task, too
        raise InputError(f"MLflow experiment {error}") from None
    return (Path(ARTIFACTS).resolve() / re.sub(r"%(?=[0-9A-Fa-f]{2})", "_", experiment)).as_uri()


def is_server(uri: str) -> bool:
    """Whether a tracking URI is that of a server."""
    return uri.startswith(("http://", "https://"))


def check_store(uri: str) -> None:
    """Make sure that a store can be reached and written to.

    Raises
    ------
    InputError
        If the server doesn't answer, or the database is corrupt, locked or can't be written to.
    """
    if uri == "sqlite://" or uri.startswith(("sqlite:///:memory:", "sqlite:///?", "sqlite:///file::memory:")):
        raise InputError(
            f"MLFLOW_TRACKING_URI={uri}: is a store in memory, in which nothing is kept; name a file, such as "
            f"sqlite:///{DATABASE}"
        )
    if is_server(uri):
        _ask_server(uri)
    elif path := database_file(uri):
        _ask_database(path)


def database_file(uri: str) -> Path | None:
    """Return the file of an SQLite store, None for any other."""
    if not uri.startswith("sqlite:///"):
        return None
    # as SQLAlchemy reads it: %20 is a blank, and what follows a question mark no part of the name
    return Path(urllib.parse.unquote(uri.removeprefix("sqlite:///").partition("?")[0]))


def _ask_server(uri: str) -> None:
    try:
        with urllib.request.urlopen(uri.rstrip("/") + "/health", timeout=_SERVER_SECONDS):
            return
    except urllib.error.HTTPError:
        return  # it answers; a proxy or log-in may hide /health
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"MLFLOW_TRACKING_URI={uri}: the server doesn't answer ({reason}); start it, or unset the "
            f"variable to use {DATABASE}"
        ) from None


def _ask_database(path: Path) -> None:
    if not path.parent.is_dir():
        raise InputError(f"{path}: the store's folder doesn't exist; make it first")
    if not path.exists() or not path.stat().st_size:
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise InputError(
                f"{path}: the store can't be written to; change its permissions, or set MLFLOW_TRACKING_URI"
            )
        return  # it is made later, whole; opening it would leave an empty file
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_LOCK_SECONDS)
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("SELECT count(*) FROM sqlite_master")
            database.rollback()
        finally:
            database.close()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise InputError(
                f"{path}: another program has locked the store; wait until it is done, or stop it"
            ) from None
        if "readonly" in str(error) or "unable to open" in str(error):
            raise InputError(
                f"{path}: the store can't be written to; change its permissions, or set MLFLOW_TRACKING_URI"
            ) from None
        raise InputError(f"{path}: is not an intact store ({error}); move it away to start a new one") from None
