"""Finds the files that a user names, and shows them and their cells so that they do no harm."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.errors import InputError, short

CODE = Path(__file__).resolve().parent.parent
"""The folder that holds the packages ``features`` and ``experiments``."""

ROOT = CODE if (CODE / "configs").is_dir() else Path(sys.prefix) / "share" / "framescope"
"""The folder that holds ``configs/`` and ``seeds/``: the checkout, or where an installed wheel puts them."""

MODELS = ROOT / "seeds" / "models"
"""A folder a task, with the starter model and its card."""

STARTER = "starter"
"""What configs and commands call the model in the box; a folder of that name is ``./starter``."""


def find_file(name: str) -> Path:
    """Return the path of a file or folder that a user or a config names.

    Looked for in the working directory, then among the files that come with the kit.

    Raises
    ------
    InputError
        If it is in neither place.
    """
    path = path_of(name)
    places = [Path.cwd(), ROOT]
    for place in dict.fromkeys(places):
        if exists(place / path):
            return path if place == Path.cwd() else place / path
    raise InputError(f"{name}: no such file; looked in {', '.join(map(str, dict.fromkeys(places)))}")


def path_of(name: str) -> Path:
    """Return the path that a user's name of a file or folder stands for; ``~`` is a home.

    Raises
    ------
    InputError
        If it begins with ``~`` and a user that there isn't, or holds what no path can: a zero byte, half a character.
    """
    if "\0" in name:
        raise InputError(f"{short(name)}: no file's name holds a zero byte; write the name of a file")
    try:
        os.fsencode(name)
        return Path(name).expanduser()
    except UnicodeError:
        raise InputError(f"{short(name)}: holds half a character, and no file's name does; write it again") from None
    except RuntimeError:
        user = name.partition("/")[0]
        raise InputError(
            f"{name}: there is no user {user[1:]!r}, or none with a home; write the path in full"
        ) from None


def exists(path: Path) -> bool:
    """Return whether there is such a file or folder; what the system can't look up (a name too long) isn't there."""
    try:
        return path.exists()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Return whether there is such a file; see :func:`exists`."""
    try:
        return path.is_file()
    except OSError:
        return False


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or raise an `InputError` that says why it can't be read."""
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder, not a file") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}") from None


def shown_paths(names: Sequence[str]) -> list[str]:
    """Return what files are called, as they are shown on a page that others read too.

    A path under the working directory is shown relative to it; of others, absolute ones lose what they have in common,
    so that nothing is told of a home directory and two files of one name can still be told apart.

    Parameters
    ----------
    names : sequence of str
        Files, rows of tables (``FILE:NUMBER``, ``FILE#NUMBER``), or anything else that something is called, which
        stays as it is.

    Examples
    --------
    >>> shown_paths(["news/a.txt", "hub:owner/name", "r-17", "-"])
    ['news/a.txt', 'hub:owner/name', 'r-17', '-']
    """
    here = Path.cwd()
    shown = {}
    outside = []
    for name in dict.fromkeys(names):
        path = Path(name)
        if path.is_absolute() and path.is_relative_to(here) and path != here:
            shown[name] = str(path.relative_to(here))
        elif path.is_absolute() and _names_a_file(path):
            outside.append(path)
    if outside:
        try:
            shared = Path(os.path.commonpath([path.parent for path in outside]))
            shown |= {str(path): str(path.relative_to(shared)) for path in outside}
        except ValueError:  # on several drives
            shown |= {str(path): path.name for path in outside}
    return [shown.get(name, shown.get(str(Path(name)), name)) for name in names]


def _names_a_file(path: Path) -> bool:
    """Return whether there is such a file, or one of which the path names a row."""
    row = re.fullmatch(r"(.+)[:#]\d+", path.name)
    return path.exists() or (row is not None and path.with_name(row[1]).exists())


FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def harmless(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula: texts come from anywhere."""
    return "'" + cell if cell.startswith(FORMULA) else cell


def unguarded(cell: Any) -> Any:
    """Return a cell without the apostrophe that :func:`harmless` put before it; whatever is no text as it is."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def finite(value: Any) -> Any:
    """Replace nan by None: JSON has no nan."""
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and value != value else value
