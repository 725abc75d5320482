"""Rows of JSON: one object a line, or one list of objects."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from experiments.errors import InputError
from experiments.tables.cells import mend

DEEPEST = 50
"""Levels to which the value of a cell may be nested."""

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


def read_json(file: TextIO, name: str) -> tuple[str, Iterator[Row]]:
    """Read the objects of JSON lines, one after the other, or of one JSON list.

    Parameters
    ----------
    file : text file, seekable
        JSON lines are streamed, a list is read whole.
    name : str
        What to call the file in a message.

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
        return "row", _listed(file, name)
    return "line", _lines(file, name)


def _listed(file: TextIO, name: str) -> Iterator[Row]:
    try:
        rows = parsed(file.read().removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise InputError(f"{name} line {error.lineno}: is not valid JSON: {error.msg}") from None
    except ValueError as error:
        raise InputError(f"{name}: is not readable JSON: {_told(error)}") from None
    for number, row in enumerate(rows, 1):
        yield number, _object(row, f"{name} row {number}")


def _lines(file: TextIO, name: str) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = parsed(line.removeprefix("\ufeff") if number == 1 else line)
        except json.JSONDecodeError as error:
            if number == 1 and line.strip() in ("{", "["):
                raise InputError(
                    f"{name} line 1: one object a line is wanted, or a list; this is JSON over several lines"
                ) from None
            raise InputError(f"{name} line {number}: is not valid JSON: {error.msg}") from None
        except ValueError as error:
            raise InputError(f"{name} line {number}: is not readable JSON: {_told(error)}") from None
        yield number, _object(row, f"{name} line {number}")


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
