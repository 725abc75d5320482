"""Where a sweep's trials are kept, for every process and machine that works on it, and the lock that they share."""

import importlib.util
import os
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from experiments.config.sweep import Sweep
from experiments.errors import InputError, UnfinishedError, first_line
from experiments.tracking.founding import locked
from experiments.tracking.store import database_file, store_uri

VARIABLE = "FRAMESCOPE_SWEEPS"
"""The environment's name for the address of a sweep's storage; it takes the place of the config's."""

DATABASE = "sweeps.db"

SCHEMA = "framescope_sweeps"
"""Of a PostgreSQL database: Optuna and MLflow both call a table ``alembic_version``, and each takes the other's for its
own."""

_ADVISORY = 0x737765657073  # "sweeps": which of PostgreSQL's advisory locks is ours
_LOCK_SECONDS = 60  # that SQLite waits for another process


@dataclass(frozen=True)
class Storage:
    """A sweep's storage.

    Attributes
    ----------
    optuna : RDBStorage
        Its tables.
    place : str
        In words, without a password.
    shared : bool
        Whether several machines can reach it.
    """

    optuna: RDBStorage
    place: str
    shared: bool
    _lock: Any  # the file that is locked, or the engine

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let no other process into such a block; the lock ends with its process."""
        with _exclusive(self._lock):
            yield

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Turn an error of a storage that was there before into one line.

        Raises
        ------
        UnfinishedError
            If it doesn't answer any more.
        """
        try:
            yield
        except (StorageInternalError, SQLAlchemyError) as error:
            raise UnfinishedError(
                f"{self.place}: the sweep's storage doesn't answer any more ({_why(error)}). Finished trials are kept "
                "in MLflow: once it is back, the same command goes on"
            ) from None


def hidden(address: str | None) -> str | None:
    """Return an address without its password."""
    if address is None:
        return None
    try:
        return sqlalchemy.make_url(address).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "postgresql://"


def open_storage(sweep: Sweep) -> Storage:
    """Open a sweep's storage, and make its tables if it has none: one process at a time.

    Raises
    ------
    InputError
        If the database doesn't answer, isn't one, or its driver is missing.
    """
    address = os.environ.get(VARIABLE) or sweep.storage
    if address is None:
        path = _file()
        guard = path.with_name(f"{path.name}.lock")
        try:
            guard.touch()
        except OSError as error:
            raise InputError(f"{guard}: can't be written: {error.strerror}; change the folder's permissions") from None
        options: dict[str, Any] = {"connect_args": {"timeout": _LOCK_SECONDS}}
        uri = (
            f"sqlite:///{urllib.parse.quote(str(path))}"
            if "%" in str(path) or "?" in str(path)
            else f"sqlite:///{path}"
        )
        return Storage(_opened(uri, options, guard, str(path)), str(path), False, guard)
    name = VARIABLE if os.environ.get(VARIABLE) else "sweep.storage"
    if not address.startswith(("postgresql:", "postgresql+", "postgres:")):
        raise InputError(f"{name}: must be a PostgreSQL address, such as postgresql://me@host/sweeps")
    try:
        url = _with_driver(sqlalchemy.make_url(address))
    except SQLAlchemyError:
        raise InputError(f"{name}: is no address; write it as postgresql://me@host/sweeps") from None
    try:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    except ModuleNotFoundError as error:
        raise InputError(f"{name}: PostgreSQL needs its driver: pip install '{error.name}[binary]'") from None
    place = url.render_as_string(hide_password=True)
    options = {"connect_args": {"options": f"-csearch_path={SCHEMA}"}, "pool_pre_ping": True}
    try:
        with _exclusive(engine), engine.begin() as connection:
            connection.execute(sqlalchemy.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    except SQLAlchemyError as error:
        raise InputError(
            f"{name}: {place}: the database doesn't answer ({_why(error)}); start it, or mend the address"
        ) from None
    return Storage(_opened(url.render_as_string(hide_password=False), options, engine, place), place, True, engine)


def _opened(uri: str, options: dict[str, Any], lock: Any, place: str) -> RDBStorage:
    # Optuna looks whether there are tables and then makes them: two that do so at once break each other
    try:
        with _exclusive(lock):
            return RDBStorage(uri, engine_kwargs=options)
    except (SQLAlchemyError, StorageInternalError, RuntimeError) as error:
        raise InputError(
            f"{place}: can't be used as a sweep's storage ({_why(error)}); move it away, or name another"
        ) from None


def _file() -> Path:
    """Return the SQLite file: beside MLflow's, or in the working directory where MLflow's is no file."""
    store = database_file(store_uri())
    return ((store.parent if store is not None else Path()) / DATABASE).resolve()


def _with_driver(url: sqlalchemy.URL) -> sqlalchemy.URL:
    """Return an address with the driver that is installed, unless it names one."""
    if url.drivername not in ("postgres", "postgresql"):
        return url
    old = importlib.util.find_spec("psycopg2") is not None and importlib.util.find_spec("psycopg") is None
    return url.set(drivername="postgresql+psycopg2" if old else "postgresql+psycopg")


@contextmanager
def _exclusive(lock: Any) -> Iterator[None]:
    if isinstance(lock, Path):
        with locked(lock):
            yield
        return
    with lock.connect() as connection:
        connection.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({_ADVISORY})"))
        connection.commit()  # the lock is the session's, and no transaction is left open
        try:
            yield
        finally:
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_unlock({_ADVISORY})"))
            connection.commit()


def _why(error: BaseException) -> str:
    """Return what the database itself said."""
    cause = getattr(error, "orig", None) or getattr(error.__cause__, "orig", None) or error
    return first_line(cause)[:200]
