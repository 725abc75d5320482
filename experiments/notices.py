"""How a module tells its user something: by calling what it was handed with one line."""

import sys
from collections.abc import Callable

Warn = Callable[[str], None]
"""Called with a line for everything the user should know."""


def to_stderr(line: str) -> None:
    """Print a line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


def once(say: Warn) -> Warn:
    """Return what says each line the first time only."""
    told: set[str] = set()

    def tell(line: str) -> None:
        if line not in told:
            told.add(line)
            say(line)

    return tell


class Limited:
    """Says the first lines of many, and counts them all: of a million empty files nobody reads a million lines.

    Parameters
    ----------
    say : callable
        Called with the first lines.
    most : int, default 20
        How many.
    """

    def __init__(self, say: Warn, most: int = 20) -> None:
        self._say, self.most, self.count = say, most, 0

    def __call__(self, line: str) -> None:
        """Say a line, or count it."""
        self.count += 1
        if self.count <= self.most:
            self._say(line)

    def told(self) -> None:
        """Say how many more there were."""
        if self.count > self.most:
            self._say(f"... and {self.count - self.most:,} more like these")
