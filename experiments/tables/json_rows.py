"""Rows of JSON: one object a line, or one list of objects."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from experiments.errors import InputError
from experiments.tables.cells import mend

DEEPEST = 50
"""Levels to which the value of a cell may be nested."""

LONGEST = 100_000_000
"""Characters that a line may have: it is held in memory whole."""

Bad = Callable[[InputError], None]
"""Called with what is wrong with a row that is then left out."""

Row = tuple[int, dict[str, Any]]
"""The number of the line (in a list: of the object), and the row."""


def parsed(text: str) -> Any:
    """Return what a JSON text says, with broken halves of characters as U+FFFD.

    Raises
    ------
    ValueError
        If it is no JSON (``json.JSONDecodeError``), nested deeper than `DEEPEST` levels, or has a number of thousands
        of digits.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(value)
    return mend(value) if "\\u" in text else value


def read_json(file: TextIO, name: str, bad: Bad | None = None) -> tuple[str, Iterator[Row]]:
    """Read the objects of JSON lines, one after the other, or of one JSON list.

    Parameters
    ----------
    file : text file, seekable
        JSON lines are streamed, a list is read whole.
    name : str
        What to call the file in a message.
    bad : callable, optional
        Called with the fault of a line or object, which is then left out; by default it is raised.

    Returns
    -------
    tuple of (str, iterator of (int, dict))
        What the numbers count, ``line`` or ``row``; and the numbered rows. Broken halves of characters are U+FFFD.

    Raises
    ------
    InputError
        While rows are read: at a line that is no JSON, or no object.
    """
    head = ""
    while not head and (line := file.readline(100_000)):
        head = line.lstrip("\ufeff \t\r\n")[:1]
    file.seek(0)
    if head == "[":
        return "row", _listed(file, name, bad)
    return "line", read_lines(file, name, bad)


def _listed(file: TextIO, name: str, bad: Bad | None) -> Iterator[Row]:
    try:
        rows = parsed(file.read().removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise InputError(f"{name} line {error.lineno}: is not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise InputError(f"{name}: is not readable JSON: {_told(error)}") from None
    yield from _good(enumerate(rows, 1), lambda number, row: _object(row, f"{name} row {number}"), bad)


def read_lines(file: Iterable[str], name: str, bad: Bad | None = None) -> Iterator[Row]:
    """Yield the numbered objects of JSON lines; the other arguments are those of :func:`read_json`."""
    filled = ((number, line) for number, line in _numbered(file, name) if line.strip())

    def read(number: int, line: str) -> dict[str, Any]:
        return _row(line.removeprefix("\ufeff") if number == 1 else line, f"{name} line {number}")

    return _good(filled, read, bad)


def _good(
    rows: Iterable[tuple[int, Any]], read: Callable[[int, Any], dict[str, Any]], bad: Bad | None
) -> Iterator[Row]:
    """Yield rows as they are read; of one that can't be, the fault is told or raised."""
    for number, given in rows:
        try:
            row = read(number, given)
        except InputError as error:
            if bad is None:
                raise
            bad(error)
            continue
        yield number, row


def _numbered(file: Iterable[str], name: str) -> Iterator[tuple[int, str]]:
    if not isinstance(file, io.TextIOBase):
        yield from enumerate(file, 1)
        return
    number = 0
    while line := file.readline(LONGEST):
        number += 1
        if len(line) == LONGEST and not line.endswith("\n"):
            raise InputError(
                f"{name} line {number}: is longer than {LONGEST:,} characters, and a line is one object; is it JSONL?"
            )
        yield number, line


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = parsed(line)
    except json.JSONDecodeError as error:
        if where.endswith(" line 1") and line.strip() in ("{", "["):
            raise InputError(
                f"{where}: one object a line is wanted, or a list; this is JSON over several lines"
            ) from None
        raise InputError(f"{where}: is not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise InputError(f"{where}: is not readable JSON: {_told(error)}") from None
    return _object(row, where)


_TOO_DEEP = f"it is nested too deep; {DEEPEST} levels are read"


def _told(error: ValueError) -> str:
    said = str(error).splitlines()[0]
    return "a number has thousands of digits; put quotes around it" if "digits" in said else said


def _check_depth(value: Any, left: int = DEEPEST) -> None:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner and not left:
        raise ValueError(_TOO_DEEP)
    for each in inner:
        if isinstance(each, list | dict):
            _check_depth(each, left - 1)


def _object(row: Any, where: str) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InputError(f'{where}: must be an object such as {{"text": "...", "labels": []}}')
    return row
