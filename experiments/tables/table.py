"""A table in memory: columns of cells, and where each row stood in its file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Table:
    """Rows as they were read, every column kept.

    Attributes
    ----------
    name : str
        The file.
    columns : dict of str to list
        Column -> its cells, one a row; None where a row has none.
    numbers : list of int
        For each row the line on which it begins, or its place in a list; 1, 2, 3 and so on when left out.
    unit : {"line", "row", "record"}
        What the numbers count.
    """

    name: str
    columns: dict[str, list[Any]]
    numbers: list[int] = field(default_factory=list)
    unit: str = "row"

    def __post_init__(self) -> None:
        if not self.numbers:
            rows = len(next(iter(self.columns.values()), []))
            object.__setattr__(self, "numbers", list(range(1, rows + 1)))

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, column: str) -> list[Any]:
        return self.columns[column]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in the order of the file."""
        return list(self.columns)

    def place(self, row: int) -> str:
        """Return where a row stands, for messages: ``mine.csv line 7``."""
        return f"{self.name} {self.unit} {self.numbers[row]}"

    def select(self, rows: Sequence[int] | np.ndarray) -> "Table":
        """Return the rows of these numbers (counted from 0), in this order."""
        at = [int(row) for row in rows]
        columns = {name: [cells[i] for i in at] for name, cells in self.columns.items()}
        return Table(self.name, columns, [self.numbers[i] for i in at], self.unit)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield each row as a dict."""
        for cells in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, cells, strict=True))


def table_of(rows: Sequence[dict[str, Any]], name: str = "rows") -> Table:
    """Return a table of rows given as dicts; a column that a row lacks is None there.

    Examples
    --------
    >>> table_of([{"text": "One."}, {"text": "Two.", "labels": ["threat"]}])["labels"]
    [None, ['threat']]
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return Table(name, {each: [row.get(each) for row in rows] for each in columns})


def joined(tables: Sequence[Table], name: str) -> Table:
    """Return the rows of several tables as one; a column that a table lacks is None there."""
    names = list(dict.fromkeys(column for table in tables for column in table.columns))
    columns = {
        each: [cell for table in tables for cell in table.columns.get(each, [None] * len(table))] for each in names
    }
    return Table(name, columns, [number for table in tables for number in table.numbers])
