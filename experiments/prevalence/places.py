"""What tells a scored sentence from all others, so that it is found again when somebody has labelled it."""

from collections.abc import Mapping
from typing import Any

from experiments.errors import InputError
from experiments.files import unguarded
from experiments.tables.cells import cell_key, cell_text

Place = tuple[str, str, str]
"""An article, which of the two columns numbers its sentences, and the number there."""

NUMBERS = ("sentence", "start")
"""Columns of which one is needed: the sentence's number in its article, or the character at which it begins."""


def place_of(row: Mapping[str, Any], article: str, number: str) -> Place:
    """Return a row's place; its number is empty where it has none."""
    return article, number, cell_key(row.get(number))


def number_column(row: Mapping[str, Any], where: str) -> str:
    """Return which column numbers the sentences.

    Raises
    ------
    InputError
        If there is none.
    """
    if number := next((name for name in NUMBERS if name in row), None):
        return number
    raise InputError(
        f"{where}: has no column 'sentence' or 'start', by which a sentence is found again; give rows as score and "
        "sample write them"
    )


def article_of(cell: Any) -> str:
    """Return an article's name as scored files are read with it."""
    return cell if isinstance(cell, str) and cell.strip() else cell_key(cell)


def same_text(one: Any, other: Any) -> bool:
    """Return whether two cells hold one text; blanks and what guards formulas in spreadsheets don't count."""
    return _plain(one) == _plain(other)


def _plain(cell: Any) -> str:
    return " ".join(unguarded(cell if isinstance(cell, str) else cell_text(cell)).split())
