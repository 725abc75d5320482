"""The one reader of tables: a file by its ending, or a data set of the hub, whole or row by row."""

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from experiments.encodings import chunks_of, find_encoding
from experiments.errors import InputError
from experiments.files import find_file
from experiments.notices import Warn
from experiments.tables.cells import mended
from experiments.tables.delimited import read_delimited
from experiments.tables.json_rows import read_json
from experiments.tables.packed import endings_of, unpacked
from experiments.tables.parquet import read_parquet
from experiments.tables.table import Table

ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
"""What can be read as a table; each also packed, as in ``.jsonl.gz``."""


@dataclass(frozen=True)
class Rows:
    """A table that is read row by row.

    Attributes
    ----------
    columns : list of str or None
        The names of the columns; None for JSON, whose rows each name their own.
    unit : {"line", "row"}
        What the numbers of rows count.
    rows : iterator of (int, dict)
        The numbered rows.
    share : callable
        Returns how much of the file has been read, from 0 to 1; None where nobody can tell.
    """

    columns: list[str] | None
    unit: str
    rows: Iterator[tuple[int, dict[str, Any]]]
    share: Callable[[], float | None] = lambda: None


def read_table(name: str, encoding: str | None = None, header: bool = True, warn: Warn = lambda line: None) -> Table:
    """Read a table whole.

    Parameters
    ----------
    name : str
        A file (.jsonl, .json, .csv, .tsv, .parquet, each also .gz, .bz2, .xz or .zst), or ``hub:owner/name[:split]``.
    encoding : str, optional
        Of text; found out when left out.
    header : bool, default True
        Whether the first line of a CSV or TSV names the columns; else they are called 1, 2, 3 and so on.
    warn : callable
        Called with a line for everything the user should know, such as a detected encoding.

    Raises
    ------
    InputError
        If there is no such file, or it can't be read in one right way; the message names the line where it can.
    """
    if name.startswith("hub:"):
        return _from_hub(name)
    path = find_file(name)
    with opened(path, name, encoding, header, warn) as table:
        numbers: list[int] = []
        columns: dict[str, list[Any]] = {column: [] for column in table.columns or []}
        for number, row in table.rows:
            for column in row:
                if column not in columns:
                    columns[column] = [None] * len(numbers)
            for column, cells in columns.items():
                cells.append(row.get(column))
            numbers.append(number)
    if not numbers:
        raise InputError(f"{name}: holds no rows")
    return Table(name, columns, numbers, table.unit)


@contextmanager
def opened(
    source: Path | BinaryIO,
    name: str,
    encoding: str | None = None,
    header: bool = True,
    warn: Warn = lambda line: None,
    ending: str | None = None,
    bad: Callable[[InputError], None] | None = None,
) -> Iterator[Rows]:
    """Open a table to be read row by row; memory holds a few rows, whatever the file's size.

    Parameters
    ----------
    source : Path or binary file
        Where the bytes are; a file must be seekable.
    name : str
        What to call it in messages.
    encoding, header, warn
        As for :func:`read_table`.
    ending : str, optional
        What it is read as, such as ``.csv``; the ending of the path when left out.
    bad : callable, optional
        Called with what is wrong with a row that is then left out; by default it is raised.

    Raises
    ------
    InputError
        When it is opened or while its rows are read: if it isn't what its ending says.
    """
    own, packing = endings_of(source.name) if isinstance(source, Path) else ("", "")
    kind = ending or own
    if kind not in ENDINGS:
        raise InputError(f"{name}: {kind or 'a file without ending'} is no table; give {', '.join(ENDINGS)}")
    try:
        if isinstance(source, Path) and source.exists() and not (source.is_file() or source.is_dir()):
            raise InputError(f"{name}: is a FIFO, socket or device, and a table must be a file; write it to one first")
        if isinstance(source, Path) and not source.is_dir() and source.stat().st_size == 0:
            raise InputError(f"{name}: is empty")
        if packing and isinstance(source, Path):
            with (
                source.open("rb") as raw,
                unpacked(raw, packing, name) as packed,
                _at_random(packed, kind) as inside,
                opened(inside, name, encoding, header, warn, kind, bad) as table,
            ):
                yield replace(table, share=_share(raw)) if kind != ".parquet" else table
            return
        if kind == ".parquet":
            names, cells = read_parquet(source, name)
            yield Rows(names, "row", ((number, dict(zip(names, row, strict=True))) for number, row in cells))
            return
        with _text(source, name, encoding, warn) as file:
            share = _share(file.buffer)
            if kind in (".csv", ".tsv"):
                names, lines = read_delimited(file, name, kind == ".tsv", header, warn, bad)
                cut = ((n, dict(zip(names, map(mended, row), strict=True))) for n, row in lines)
                yield Rows(names, "line", cut, share)
            else:
                unit, rows = read_json(file, name, bad)
                yield Rows(None, unit, rows, share)
    except UnicodeError as error:
        raise InputError(
            f"{name}: is not {encoding or 'text'} ({error}); leave the encoding out to detect it"
        ) from None
    except OSError as error:
        if error.errno is None and not isinstance(source, Path):
            raise  # of the unpacking, which says it better
        raise InputError(f"{name}: can't be read: {error.strerror or error}") from None


def _share(file: BinaryIO) -> Callable[[], float | None]:
    try:
        size = os.fstat(file.fileno()).st_size
    except OSError:  # not one of the system's
        return lambda: None
    return lambda: min(file.tell() / size, 1.0) if size and not file.closed else None


@contextmanager
def _at_random(file: BinaryIO, kind: str) -> Iterator[BinaryIO]:
    """Yield a file that can be read from any place on: Parquet is read from its end."""
    if kind != ".parquet":
        yield file
        return
    with tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(file, whole)
        whole.seek(0)
        yield whole


@contextmanager
def _text(source: Path | BinaryIO, name: str, encoding: str | None, warn: Warn) -> Iterator[TextIO]:
    binary: Any = source.open("rb") if isinstance(source, Path) else source
    found = find_encoding(chunks_of(binary), name, encoding)
    if found.note:
        warn(found.note)
    binary.seek(0)
    text = io.TextIOWrapper(binary, encoding=found.codec, errors=found.errors, newline="")
    try:
        yield text
    finally:
        if isinstance(source, Path):
            text.close()
        else:
            text.detach()


def _from_hub(name: str) -> Table:
    from datasets import load_dataset

    _, hub_id, *split = name.split(":")
    try:
        found = load_dataset(hub_id, split=split[0] if split else "train")
    except Exception as error:  # the hub client raises types of many libraries
        raise InputError(
            f"{name}: the hub gave no such data set: {(str(error).splitlines() or [type(error).__name__])[0]}"
        ) from None
    columns = {column: list(found[column]) for column in found.column_names}
    return Table(name, columns, list(range(1, len(found) + 1)))
