"""What was kept in a project folder is found after the folder was moved, although the store names its former place."""

import re
import sqlite3
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from experiments.errors import InputError
from experiments.output import writing
from experiments.tracking.store import ARTIFACTS, check_store, store_exists, store_files, store_uri

RELOCATE = "framescope relocate"
"""The command that puts the store right."""

_LOCATIONS = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Where MLflow's database says where files are."""

_EXPERIMENTS = ("experiments", "artifact_location")
"""And where it says where those of new runs go."""


def found_at(uri: str) -> str:
    """Return where a location of the store is now: itself, or the same place in the ``mlartifacts`` beside the store.

    It is taken for moved if there is nothing in its place, and beside the store either is something or, for what is
    still to be written, the whole former ``mlartifacts`` is gone.

    Parameters
    ----------
    uri : str
        A location, such as ``file:///home/me/project/mlartifacts/framing/3f2a/artifacts``. What isn't a ``file:`` URI
        below a folder ``mlartifacts`` is returned as it is.
    """
    if found := _beside(uri):
        return found[1] + found[2]
    for root, tail in _parted(uri):
        for home in store_files()[1:]:
            if home.is_dir() and not _path(root).exists():
                return home.as_uri() + tail
    return uri


def _beside(uri: str, copied: bool = False) -> tuple[str, str, str] | None:
    """Return a location's ``mlartifacts``, the one beside the store that has its files now, and where in it.

    None if it hasn't, or if there is something in its own place, unless the folder was copied from there.
    """
    own = _path(uri)
    if own.exists() and not copied:
        return None
    for root, tail in _parted(uri):
        for home in store_files()[1:]:
            there = _path(home.as_uri() + tail)
            if there.exists():
                return None if there == own else (root, home.as_uri(), tail)
    return None


def follow() -> None:
    """Have MLflow look for files of this process's store where they are now, be it to read or to write them."""
    from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    def repository(artifact_uri: str, *args: Any, **more: Any) -> LocalArtifactRepository:
        return LocalArtifactRepository(found_at(artifact_uri), *args, **more)

    _artifact_repository_registry.register("file", repository)


def lost_line(uri: str) -> str | None:
    """Return what to say of a location that is neither in its place nor beside the store; None if it is."""
    if not uri.startswith("file:") or _path(found_at(uri)).exists():
        return None
    homes = store_files()[1:]
    beside = f", nor in {homes[0]}" if homes and homes[0] not in _path(uri).parents else ""
    return (
        f"its files are not in {_path(uri)}{beside}; if the project was moved, put its {ARTIFACTS} beside the store, "
        f"and '{RELOCATE}' tells MLflow's own programs too"
    )


def relocate(copied: bool = False) -> tuple[int, Path | None]:
    """Write into the store where its files are now, for MLflow's own programs, which don't look beside it.

    All locations change in one transaction; before it a copy of the database is made.

    Parameters
    ----------
    copied : bool, default False
        Change also what is still in its former place, if it is beside the store too: the folder was copied.

    Returns
    -------
    tuple of (int, Path or None)
        How many locations were changed, and the copy of the database; (0, None) if all are right.

    Raises
    ------
    InputError
        If there is no store, it is a server, or it can't be written to.
    """
    if not store_files():
        raise InputError(f"{store_uri()}: only the embedded store (sqlite:///) has its files beside it")
    if not store_exists():
        raise InputError(f"{store_files()[0]}: there is no store; go to the folder that it is in")
    check_store(store_uri())
    database = store_files()[0]
    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as store:  # rolls back what isn't committed
            store.execute("BEGIN IMMEDIATE")
            changed = list(_changed(store, copied))
            if not changed:
                return 0, None
            former = database.with_name(f"{database.stem}.before-relocate{database.suffix}")
            with writing(former) as path:
                _copy(database, path)
            rows = 0
            for table, column, old, new in changed:
                rows += store.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old)).rowcount
            store.execute("COMMIT")
            return rows, former
    except sqlite3.Error as error:
        raise InputError(f"{database}: its locations can't be changed ({error}); they are as they were") from None


def _copy(database: Path, path: Path) -> None:
    # over a connection of its own: the one that holds the lock would wait for itself, for ever
    with closing(sqlite3.connect(database)) as store, closing(sqlite3.connect(path)) as copy:
        store.backup(copy)


def moved_line(rows: int, former: Path | None) -> str:
    """Return what :func:`relocate` did as a line; nothing if it had nothing to do."""
    if former is None:
        return ""
    return f"{rows} location(s) of the store were those of another folder and put right; {former} is how it was"


def _changed(store: sqlite3.Connection, copied: bool) -> Iterator[tuple[str, str, str, str]]:
    """Yield table, column, former and new location.

    What has no files beside the store stays as it is: they may be in a folder that is absent for a while. Experiments,
    whose folders may well be in both, go with their runs and models.
    """
    moved: dict[str, str] = {}
    for table, column in _LOCATIONS:
        for old in _distinct(store, table, column):
            if found := _beside(old, copied):
                root, home, tail = found
                moved[root] = home
                yield table, column, old, home + tail
    for old in _distinct(store, *_EXPERIMENTS):
        for root, tail in _parted(old):
            if root in moved:
                yield *_EXPERIMENTS, old, moved[root] + tail
                break


def _distinct(store: sqlite3.Connection, table: str, column: str) -> list[str]:
    if column not in {row[1] for row in store.execute(f"PRAGMA table_info({table})")}:
        return []  # another MLflow's schema
    found = store.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} LIKE 'file:%'")
    return [location for (location,) in found.fetchall()]


def _parted(uri: str) -> Iterator[tuple[str, str]]:
    """Yield a location up to a folder ``mlartifacts``, and the rest of it; the last such folder first."""
    if uri.startswith("file:"):
        for mark in reversed(list(re.finditer(rf"/{ARTIFACTS}(?=/|$)", uri))):
            yield uri[: mark.end()], uri[mark.end() :]


def _path(uri: str) -> Path:
    return Path(urllib.parse.unquote(urllib.parse.urlparse(uri).path))
