"""Regular expressions as tables: a row for each thing that is found, with an example of it."""

import functools
import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from experiments.articles.quick_tests import QuickTest, quick_test


class Row(NamedTuple):
    """One alternative of a regular expression.

    Attributes
    ----------
    name : str
        What it finds.
    pattern : str
        A regular expression.
    example : str
        What it finds, as it stands on a page. ``{one;another}`` stands for each of them in turn.
    news : str, default ""
        What looks like it and belongs to the story. Notation as in ``example``.
    """

    name: str
    pattern: str
    example: str
    news: str = ""


class PatternTable:
    r"""Rows joined into one regular expression, which finds what any of them finds.

    Parameters
    ----------
    method : {"search", "match", "fullmatch"}
        Whether it is looked for anywhere in a text, at its start, or must be all of it.
    *rows : Row
        Tried in this order.
    before, after : str, default ""
        Regular expressions of what stands around every row.
    flags : int, default re.IGNORECASE
        Flags of the `re` module.

    Attributes
    ----------
    rows : tuple of Row
        As given.
    find_slowly : callable
        The method, from a text to a match or None. The rows are compiled once, when the table is made.

    Examples
    --------
    >>> table = PatternTable("match", Row("video", r"watch(?: now)?", "Watch now: the ferries"), after=r"\s*:")
    >>> bool(table.find("Watch: the harbour")), bool(table.find("Watch the harbour"))
    (True, False)
    """

    def __init__(
        self,
        method: Literal["search", "match", "fullmatch"],
        *rows: Row,
        before: str = "",
        after: str = "",
        flags: int = re.IGNORECASE,
    ) -> None:
        self.method, self.rows, self.before, self.after, self.flags = method, rows, before, after, flags
        self.find_slowly: Callable[[str], re.Match[str] | None] = self._compiled(*rows)

    @functools.cached_property
    def quick(self) -> QuickTest:
        """What each text passes in which a row is found, read off the patterns of the rows."""
        at_start = self.method != "search"
        return QuickTest.any_of(
            quick_test(f"{self.before}(?:{row.pattern}){self.after}", self.flags, at_start) for row in self.rows
        )

    def find(self, text: str) -> re.Match[str] | None:
        """Return what the method returns; most texts are turned down by the quick test."""
        return self.find_slowly(text) if self.quick(text) else None

    def alone(self, row: Row) -> Callable[[str], re.Match[str] | None]:
        """Return what `find` would be if the table held this row and no other."""
        return self._compiled(row)

    def _compiled(self, *rows: Row) -> Callable[[str], re.Match[str] | None]:
        either = "|".join(row.pattern for row in rows)
        compiled: Callable[[str], re.Match[str] | None] = getattr(
            re.compile(f"{self.before}(?:{either}){self.after}", self.flags), self.method
        )
        return compiled
