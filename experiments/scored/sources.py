"""Which files scored sentences are read from: files, and folders of parts with the list of what is finished."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.articles.parts import MANIFEST
from experiments.errors import InputError
from experiments.files import find_file
from experiments.tables.packed import endings_of
from experiments.tables.read import ENDINGS


@dataclass
class Sources:
    """The files to read.

    Attributes
    ----------
    files : list of (str, Path)
        What each is called, and where it is; in the order in which they are read.
    models : list of str
        What scored them, as far as folders of parts tell.
    notes : list of str
        What the user should know of them.
    """

    files: list[tuple[str, Path]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_sources(inputs: Sequence[str]) -> Sources:
    """Find the files that the inputs name.

    Parameters
    ----------
    inputs : sequence of str
        Scored files, or folders: of these the parts that the manifest lists, without one the files called ``part-*``,
        and else all tables that lie in it (not in folders below).

    Raises
    ------
    InputError
        If an input is missing or named twice, a folder holds nothing to read, or a listed part is missing.
    """
    found = Sources()
    for name in inputs:
        if name == "-":
            raise InputError(
                "-: scored rows are not read from standard input; write a file first (score -o scored.jsonl)"
            )
        path = find_file(name)
        if path.is_dir():
            _add_folder(found, name, path)
        else:
            found.files.append((name, path))
    seen: dict[tuple[int, int], str] = {}
    for name, path in found.files:
        try:
            state = os.stat(path)
        except OSError as error:
            raise InputError(f"{name}: can't be read: {error.strerror}") from None
        if (before := seen.setdefault((state.st_dev, state.st_ino), name)) != name or _twice(found, name):
            raise InputError(
                f"{name}: is read twice{_as(before, name)}; its sentences would count double: name it once"
            )
    return found


def _twice(found: Sources, name: str) -> bool:
    return sum(name == other for other, _ in found.files) > 1


def _as(before: str, name: str) -> str:
    return "" if before == name else f" (also as {before})"


def _add_folder(found: Sources, name: str, folder: Path) -> None:
    try:
        names = sorted(each for each in os.listdir(folder) if not each.startswith("."))
    except OSError as error:
        raise InputError(f"{name}: can't be read: {error.strerror}") from None
    tables = [each for each in names if endings_of(each)[0] in ENDINGS and each != MANIFEST]
    chosen = [each for each in tables if each.startswith("part-")] or tables
    if MANIFEST in names and (said := _manifest(folder / MANIFEST)) is not None:
        listed = [str(part["file"]) for part in said["parts"]]
        if missing := next((each for each in listed if each not in names), None):
            raise InputError(
                f"{folder / missing}: is missing, and {MANIFEST} lists it; put it back, or score anew: shares of the "
                "rest would not be those of the whole"
            )
        if not said.get("complete", True):
            found.notes.append(
                f"{name}: its scoring isn't finished (framescope score --resume goes on); this is of the "
                f"{len(listed)} parts that are"
            )
        if more := sorted(set(chosen) - set(listed)):
            found.notes.append(
                f"{name}: {len(more)} file(s) that {MANIFEST} doesn't list are left out, such as {more[0]}"
            )
        chosen = listed
        model = (said.get("job") or {}).get("model") if isinstance(said.get("job"), dict) else None
        if isinstance(model, str) and model not in found.models:
            found.models.append(model)
    if not chosen:
        raise InputError(
            f"{name}: holds no scored file; it should have part-00000.parquet and so on, or end in a table"
        )
    found.files += [(str(Path(name) / each), folder / each) for each in chosen]


def _manifest(path: Path) -> dict[str, Any] | None:
    """Return what a manifest of parts says; None if it is something else of that name."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path}: is damaged ({type(error).__name__}); remove it to read all parts that lie there"
        ) from None
    if not isinstance(said, dict) or not isinstance(parts := said.get("parts"), list):
        return None
    if not all(isinstance(part, dict) and isinstance(part.get("file"), str) for part in parts):
        return None
    if any(Path(part["file"]).name != part["file"] for part in parts):
        return None  # leads out of the folder
    return said
