"""What a cell of a table is: text, a key, or missing.

The same rule for every file and every command. ``1``, ``1.0`` and ``"1"`` are one id, group, code or annotation;
``NA``, ``NaN``, ``null`` and nothing at all are missing.
"""

import ast
import datetime
import decimal
import math
import re
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np

MISSING = frozenset({"", "NA", "<NA>", "#N/A", "NaN", "nan", "null", "NULL"})
"""What R, pandas, spreadsheets and databases write into a cell that holds nothing."""

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_missing(value: Any, labels: Collection[str] = ()) -> bool:
    """Return whether a cell holds nothing.

    Parameters
    ----------
    value : Any
        The cell.
    labels : collection of str, default ()
        What counts as something although it looks missing: a label or code that is called ``NA``.

    Examples
    --------
    >>> [is_missing(cell) for cell in (None, float("nan"), " ", "NA", "null", "0", "none")]
    [True, True, True, True, True, False, False]
    >>> is_missing("NA", labels=["NA", "EU"])
    False
    """
    if value is None:
        return True
    if isinstance(value, str):
        return (text := value.strip()) in MISSING and text not in labels
    return (isinstance(value, float | np.floating | decimal.Decimal) and math.isnan(value)) or type(value).__name__ in (
        "NaTType",
        "NAType",
    )


def cell_text(value: Any) -> str:
    r"""Return a cell as text, with half characters mended; a missing one is the empty text.

    Examples
    --------
    >>> [cell_text(cell) for cell in ("Talks.", b"Caf\xc3\xa9", None, "NA", 7)]
    ['Talks.', 'Café', '', '', '7']
    """
    if is_missing(value):
        return ""
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "replace")
        return "" if is_missing(value) else value
    return mended(value) if isinstance(value, str) else cell_key(value)


def cell_key(value: Any) -> str:
    """Return what a cell is called as an id, group, code or annotation, without blanks around it.

    Whole numbers are the same however they are written; dates stay dates and codes with leading noughts stay as they
    are.

    Examples
    --------
    >>> [cell_key(cell) for cell in (1, 1.0, "1", " 1.0 ", "01", "2.50", True, None)]
    ['1', '1', '1', '1', '01', '2.50', 'true', '']
    >>> cell_key(datetime.datetime(2024, 5, 1))
    '2024-05-01'
    """
    if is_missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating | decimal.Decimal):
        return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, bytes | bytearray):
        value = bytes(value).decode("utf-8", "replace")
    text = mended(str(value)).strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def listed(cell: str) -> list[Any] | None:
    """Return the list that a text of a cell writes, as pandas and JSON do; None if it writes none.

    Examples
    --------
    >>> listed("['a', 'b']"), listed('["a"]'), listed("[a]"), listed("[{[]: 1}]")
    (['a', 'b'], ['a'], None, None)
    """
    text = cell.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python doesn't know
            found = ast.literal_eval(text)
        str(found)  # a number of thousands of digits can't be written
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return mend(found) if isinstance(found, list) else None


def mended(text: str) -> str:
    """Return a text in which half characters, left by broken JSON escapes, are U+FFFD: no encoder writes them."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def mend(value: Any) -> Any:
    """Return a value of JSON with every text in it mended."""
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, list):
        return [mend(each) for each in value]
    if isinstance(value, dict):
        return {mended(key): mend(each) for key, each in value.items()}
    return value
