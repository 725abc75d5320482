"""How many sentences of each article and group have each label: all that shares and their bounds need."""

from array import array
from collections.abc import Sequence

import numpy as np

from experiments.errors import InputError

MOST_GROUPS = 10_000
"""Groups, in all columns together, that are told apart: a column with more is an id or a text."""


class Counts:
    """Counts by article and group.

    Parameters
    ----------
    names : sequence of str
        What it is grouped by, for messages.

    Notes
    -----
    Memory grows with articles (a row of numbers and the id of each), not with sentences.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)
        self.groups: dict[tuple[str, ...], int] = {}
        self._articles: dict[str, int] = {}
        self._cells: dict[tuple[int, int], int] = {}
        self._numbers = array("q")
        self._width = 0
        self._last: tuple[str, tuple[str, ...]] | None = None
        self._at = 0

    @property
    def articles(self) -> int:
        """How many articles have a sentence."""
        return len(self._articles)

    def add(self, article: str, group: tuple[str, ...], given: Sequence[int], labels: int) -> None:
        """Count a sentence: its article, its group, the numbers of its labels, and how many labels there are.

        Raises
        ------
        InputError
            If there are more than `MOST_GROUPS` groups.
        """
        if self._last != (article, group):  # sentences of one article mostly come one after the other
            self._width = labels + 1
            self._at = self._cell(article, group)
            self._last = (article, group)
        self._numbers[self._at] += 1
        for label in given:
            self._numbers[self._at + 1 + label] += 1

    def _cell(self, article: str, group: tuple[str, ...]) -> int:
        if group not in self.groups and len(self.groups) == MOST_GROUPS:
            raise InputError(
                f"--by {','.join(self.names)}: there are more than {MOST_GROUPS:,} groups; take a column with fewer "
                "values, month or year instead of day, or one column at a time"
            )
        key = (self._articles.setdefault(article, len(self._articles)), self.groups.setdefault(group, len(self.groups)))
        if key not in self._cells:
            self._cells[key] = len(self._numbers)
            self._numbers.extend([0] * self._width)
        return self._cells[key]

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return articles and groups by number, each of shape (n_cells,), and counts of shape (n_cells, 1 + n_labels).

        The first count is of sentences, the others are of those with each label.
        """
        keys = np.fromiter((part for key in self._cells for part in key), dtype=np.int64, count=2 * len(self._cells))
        counts = np.frombuffer(self._numbers, dtype=np.int64).reshape(-1, max(self._width, 1))
        return keys[0::2], keys[1::2], counts
