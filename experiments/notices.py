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
