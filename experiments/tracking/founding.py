"""Makes the store before its first use, whole or not at all, however many processes want it at once."""

import os
import sqlite3
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from experiments.errors import InputError
from experiments.notices import Warn
from experiments.tracking.store import database_file

PATIENCE = 60
"""Seconds that a process waits for another one to make the store, or to be done with the registry."""

_MAKING = ".making-"
_CONTENT = {"runs", "registered_models", "logged_models"}  # tables that hold what somebody would miss
_STEP = "alembic_version"
_ADVISORY = 0x6672616D65  # "frame": which of PostgreSQL's advisory locks is ours


def make_store(uri: str, say: Warn) -> None:
    """Make the database of a store that isn't there yet.

    An SQLite file is made under another name beside the place where it belongs, and linked into place when it is whole,
    under a lock on the folder that ends with the process. Schemas of PostgreSQL are made under an advisory lock.
    A server makes its own. A file that somebody began to make and didn't finish, in which there are no runs, is set
    aside under another name with ``.incomplete`` at its end.

    Parameters
    ----------
    uri : str
        MLflow's.
    say : callable
        Called with a line if a file is set aside.

    Raises
    ------
    InputError
        If the disk is full, the folder can't be written to, or another process is at it for more than a minute.
    """
    path = database_file(uri)
    if path is not None and not _is_whole(path):
        with locked(path.parent):
            _clear_away(path)
            if _is_whole(path):  # another process was first
                return
            if _is_there(path):
                _set_aside(path, say)
            _make(path)
    elif uri.startswith(("postgresql:", "postgresql+", "postgres:")):
        _make_schema(uri)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let no other process of framescope into such a block for the same folder; the lock ends with its process.

    On systems or file systems without such locks the block is run without one.

    Raises
    ------
    InputError
        If another process holds the lock for more than a minute.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{folder}: the store's folder can't be opened: {error.strerror}") from None
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise InputError(
                        f"{folder}: another framescope process has been busy with the store for {PATIENCE} seconds; "
                        "wait until it is done, or stop it"
                    ) from None
                time.sleep(0.05)
            except OSError:  # a file system that has no locks
                break
        yield
    finally:
        os.close(handle)


def _is_there(path: Path) -> bool:
    """Return whether there is a database: an empty file is none, SQLite itself makes such files."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _is_whole(path: Path) -> bool:
    """Return whether there is a database that isn't to be made anew.

    What has runs or models never is; what has none must be of the schema that this MLflow makes, to the last step.
    """
    if not _is_there(path):
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            for table in tables & _CONTENT:
                if database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
                    return True
            steps = database.execute("SELECT version_num FROM alembic_version").fetchall() if _STEP in tables else []
    except sqlite3.DatabaseError:  # locked, or no database: nothing of ours
        return True
    return steps == [(_last_step(),)]


def _last_step() -> str | None:
    """Return the name of the last of the steps in which MLflow makes its schema."""
    import mlflow
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations")).get_current_head()


def _set_aside(path: Path, say: Warn) -> None:
    numbers = ("", *(f"-{number}" for number in range(2, 10_000)))
    aside = next(place for each in numbers if not (place := Path(f"{path}.incomplete{each}")).exists())
    for suffix in ("-journal", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    path.rename(aside)
    say(f"note: {path.name} was only half made and has no runs: it is {aside.name} now, and a new one is made")


def _make(path: Path) -> None:
    from mlflow import MlflowClient

    making = path.with_name(f".{path.name}{_MAKING}{os.getpid()}-{time.monotonic_ns()}")  # MLflow knows a name for good
    uri = f"sqlite:///{urllib.parse.quote(str(making))}"
    try:
        making.touch()  # MLflow would try for a hundred seconds to open a file that can't be made
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"{path}: the store can't be written to ({why}); change its permissions, or set MLFLOW_TRACKING_URI"
        ) from None
    try:
        MlflowClient(uri, uri).search_experiments(max_results=1)
        with making.open("rb") as file:
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # MLflow itself may have been started at the same time
            if path.exists():
                path.unlink()  # an empty file
            os.link(making, path)
    except OSError as error:
        raise InputError(f"{path}: the store can't be made: {error.strerror or error}") from None
    except Exception as error:
        if "disk is full" in str(error) or "disk I/O error" in str(error):
            raise InputError(f"{path}: the store can't be made: the disk is full or broken; nothing is left") from None
        if "readonly" in str(error) or "unable to open" in str(error):
            raise InputError(
                f"{path}: the store can't be written to; change its permissions, or set MLFLOW_TRACKING_URI"
            ) from None
        raise
    finally:
        _remove(making)


def _clear_away(path: Path) -> None:
    """Remove what makers have left that were killed: whoever makes one now has the lock, and that is this process."""
    for left in path.parent.glob(f".{path.name}{_MAKING}*"):
        with suppress(OSError):
            left.unlink()


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def _make_schema(uri: str) -> None:
    import sqlalchemy
    from mlflow import MlflowClient

    try:
        engine = sqlalchemy.create_engine(uri)
    except ModuleNotFoundError as error:
        raise InputError(
            f"MLFLOW_TRACKING_URI: a PostgreSQL store needs its driver: pip install '{error.name}[binary]'"
        ) from None
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({_ADVISORY})"))
            try:
                MlflowClient(uri, uri).search_experiments(max_results=1)
            finally:
                connection.execute(sqlalchemy.text(f"SELECT pg_advisory_unlock({_ADVISORY})"))
    except sqlalchemy.exc.OperationalError as error:
        raise InputError(
            f"MLFLOW_TRACKING_URI: the database doesn't answer ({str(error.orig).splitlines()[0]}); start it, or unset "
            "the variable"
        ) from None
    finally:
        engine.dispose()
