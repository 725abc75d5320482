"""Rows of JSON: one object a line, or one list of objects."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

from experiments.errors import InputError
from experiments.tables.cells import mend

Row = tuple[int, dict[str, Any]]
"""The number of the line (in a list: of the object), and the row."""


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
    text = file.read().removeprefix("\ufeff")
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} line {error.lineno}: is not valid JSON: {error.msg}") from None
    except (RecursionError, ValueError) as error:
        raise InputError(f"{name}: is not readable JSON: {_told(error)}") from None
    for number, row in enumerate(rows, 1):
        yield number, _object(row, f"{name} row {number}", "\\u" in text)


def _lines(file: TextIO, name: str) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.removeprefix("\ufeff") if number == 1 else line)
        except json.JSONDecodeError as error:
            if number == 1 and line.strip() in ("{", "["):
                raise InputError(
                    f"{name} line 1: one object a line is wanted, or a list; this is JSON over several lines"
                ) from None
            raise InputError(f"{name} line {number}: is not valid JSON: {error.msg}") from None
        except (RecursionError, ValueError) as error:
            raise InputError(f"{name} line {number}: is not readable JSON: {_told(error)}") from None
        yield number, _object(row, f"{name} line {number}", "\\u" in line)


def _told(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]


def _object(row: Any, where: str, escapes: bool) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise InputError(f'{where}: must be an object such as {{"text": "...", "labels": []}}')
    return mend(row) if escapes else row  # type: ignore[no-any-return]
