"""Days, months and years of dates as cells write them."""

import datetime
import re
from functools import lru_cache
from typing import Any

from experiments.errors import short
from experiments.tables.cells import cell_key

PERIODS = {"year": 4, "month": 7, "day": 10}
"""What time is divided into, and how many characters of an ISO date say it."""

_FORM = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ].*)?)?)?", re.DOTALL)
_SHORTER = re.compile(r"\d{8}(?:T.*)?|\d{4}-?W\d\d.*", re.DOTALL)  # no seconds since 1970, which look like it


def period_of(cell: Any, period: str) -> str:
    """Return the year, month or day of an ISO date or timestamp, as it is written (no time zone is changed).

    Parameters
    ----------
    cell : Any
        A text, date or timestamp. ``2015`` has a year, ``2015-05`` a month as well.
    period : {"year", "month", "day"}
        What is wanted.

    Returns
    -------
    str
        Such as ``2015``, ``2015-05`` or ``2015-05-20``; empty where the cell is.

    Raises
    ------
    ValueError
        If it is no such date, or not as fine as the period; the message says which, without the place.

    Examples
    --------
    >>> [period_of("2015-05-20T23:10:00Z", period) for period in PERIODS]
    ['2015', '2015-05', '2015-05-20']
    """
    text = cell if isinstance(cell, str) else cell_key(cell)
    return _period(text, period)


@lru_cache(maxsize=100_000)
def _period(text: str, period: str) -> str:
    key = cell_key(text)
    if not key:
        return ""
    date = _iso(key)
    if date is None:
        raise ValueError(f"{short(key)} is no ISO date such as 2024-05-31 or 2024-05-31T10:00:00")
    if len(date) < PERIODS[period]:
        raise ValueError(f"{short(key)} has no {period}; write it as {'2024-05-31'[: PERIODS[period]]}")
    return date[: PERIODS[period]]


def _iso(text: str) -> str | None:
    """Return year, month and day as far as a text has them, if there is such a date."""
    try:
        if found := _FORM.fullmatch(text):
            year, month, day = (int(part or 1) for part in found.groups())
            if text[10:11]:
                datetime.datetime.fromisoformat(text)
            datetime.date(year, month, day)
            return text[:10]
        return datetime.datetime.fromisoformat(text).date().isoformat() if _SHORTER.fullmatch(text) else None
    except ValueError:
        return None


def place_of(period: str) -> int:
    """Return where a period stands on a line on which neighbours are 1 apart.

    Examples
    --------
    >>> place_of("2016-01") - place_of("2015-12"), place_of("2016-03-01") - place_of("2016-02-28")
    (1, 2)
    """
    if len(period) == 4:
        return int(period)
    if len(period) == 7:
        return int(period[:4]) * 12 + int(period[5:]) - 1
    return datetime.date.fromisoformat(period).toordinal()


def period_at(place: int, kind: str) -> str:
    """Return the period that stands at a place: the other way round of :func:`place_of`.

    Examples
    --------
    >>> period_at(place_of("2015-12"), "month"), period_at(place_of("2016-02-29"), "day")
    ('2015-12', '2016-02-29')
    """
    if kind == "year":
        return f"{place:04d}"
    if kind == "month":
        return f"{place // 12:04d}-{place % 12 + 1:02d}"
    return datetime.date.fromordinal(place).isoformat()
