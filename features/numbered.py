"""Keys numbered as they are met, and what is known of each by its number: what batches of texts are counted by."""

from collections.abc import Iterable, Sequence

import numpy as np


class Numbered(dict[str, int]):
    """Key -> number; a key that wasn't met before gets the next one.

    Attributes
    ----------
    new : list of str
        Keys met since :meth:`take_new` was asked last.
    characters : int
        Of all keys that were taken.
    """

    def __init__(self) -> None:
        super().__init__()
        self.new: list[str] = []
        self.characters = 0

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        self.new.append(key)
        return number

    def take_new(self) -> list[str]:
        """Return the keys that were met since this was asked last, in the order of their numbers."""
        new, self.new = self.new, []
        self.characters += sum(map(len, new))
        return new


class Lists:
    """Lists of small integers, one a number, end to end in one array.

    Attributes
    ----------
    values : ndarray of int32
        All lists, end to end.
    starts : ndarray of int32, shape (n + 1,)
        Where each begins, and where the last ends.
    """

    def __init__(self) -> None:
        self._values = np.zeros(1024, dtype=np.int32)
        self._starts = np.zeros(256, dtype=np.int32)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def values(self) -> np.ndarray:
        """All lists, end to end."""
        return self._values[: self._starts[self._n]]

    @property
    def starts(self) -> np.ndarray:
        """Where each list begins, and where the last ends."""
        return self._starts[: self._n + 1]

    def extend(self, lists: Iterable[Sequence[int]]) -> None:
        """Add lists, for the next numbers."""
        flat: list[int] = []
        lengths: list[int] = []
        for each in lists:
            flat.extend(each)
            lengths.append(len(each))
        if not lengths:
            return
        filled, n = int(self._starts[self._n]), self._n + len(lengths)
        self._values = _with_room(self._values, filled + len(flat))
        self._starts = _with_room(self._starts, n + 1)
        self._values[filled : filled + len(flat)] = flat
        self._starts[self._n + 1 : n + 1] = filled + np.cumsum(lengths)
        self._n = n

    def of(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lists of k numbers end to end, and how long each is, shape (k,)."""
        starts = self._starts[numbers]
        lengths = self._starts[numbers + 1] - starts
        return self._values[spread(starts, lengths)], lengths


def spread(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the numbers ``start, start + 1, ...`` of k runs of such lengths, end to end.

    Examples
    --------
    >>> spread(np.array([5, 0, 2]), np.array([2, 0, 3])).tolist()
    [5, 6, 2, 3, 4]
    """
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(ends[-1] if len(ends) else 0)


def _with_room(array: np.ndarray, size: int) -> np.ndarray:
    """Return the array, or a copy of twice the length and more, with room for ``size`` values."""
    if size <= len(array):
        return array
    larger = np.zeros(max(size, 2 * len(array)), dtype=array.dtype)
    larger[: len(array)] = array
    return larger
