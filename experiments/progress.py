"""How far a long job is: a bar on a terminal, elsewhere a line a minute, and nothing of short ones."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from experiments.notices import Warn

_FIRST = 2.0  # seconds until a bar is shown
_LINE = 60.0  # seconds between two lines where there is no terminal


Item = TypeVar("Item")


class Progress:
    """What of a job is done.

    Parameters
    ----------
    what : str
        The job, such as ``scoring``.
    say : callable
        Called with a line now and then where standard error is no terminal.

    Notes
    -----
    Made by :func:`progress`. The time left is that of the job's own speed so far, measured by a clock that nobody
    sets.
    """

    def __init__(self, what: str, say: Warn) -> None:
        self.what, self.say = what, say
        self.began = self.told = time.monotonic()
        self.share: float | None = None
        self.text = ""
        self._offset = 0.0
        self._show: Callable[[str, float | None], None] | None = None

    def at(self, share: float | None, text: str = "") -> None:
        """Tell how much is done, from 0 to 1 (None where nobody knows), and of what."""
        self.share, self.text = share, text
        if self._show is not None:
            self._show(text, share)
        elif time.monotonic() - self.told >= _LINE:
            self.told = time.monotonic()
            self.say(self.line())

    def went_on(self, share: float | None) -> None:
        """Tell that a part was done before this job began, which says nothing of its speed."""
        self._offset = share or 0.0

    def seconds_left(self) -> float | None:
        """Return how many seconds the rest takes at the speed so far; None while nobody can tell."""
        done = (self.share or 0.0) - self._offset
        if self.share is None or done <= 0:
            return None
        return (time.monotonic() - self.began) * (1 - self.share) / done

    def line(self) -> str:
        """Return what is done and how long the rest takes, in words."""
        left = self.seconds_left()
        share = "" if self.share is None else f" {100 * self.share:.0f}%"
        rest = "" if left is None else f", about {_told(left)} left"
        return f"{self.what}{share}: {self.text}{rest}" if self.text else f"{self.what}{share}{rest}"


@contextmanager
def progress(what: str, say: Warn) -> Iterator[Progress]:
    """Show how far a job is while the block lasts; the bar goes when it ends."""
    found = Progress(what, say)
    if not sys.stderr.isatty():
        yield found
        return
    from rich.console import Console
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    with Live(console=Console(stderr=True), refresh_per_second=4, transient=True) as live:

        def show(text: str, share: float | None) -> None:
            if time.monotonic() - found.began < _FIRST:
                return
            grid = Table.grid(padding=(0, 1))
            left = found.seconds_left()
            bar = ProgressBar(total=1.0 if share is not None else None, completed=share or 0.0, width=30)
            number = "" if share is None else f"{100 * share:3.0f}%"
            grid.add_row(what, bar, number, text, "" if left is None else f"{_told(left)} left")
            live.update(grid)

        found._show = show
        yield found


def followed(items: Iterable[Item], total: int, what: str, unit: str, say: Warn) -> Iterator[Item]:
    """Yield items and show how many of them have been dealt with."""
    with progress(what, say) as shown:
        for number, item in enumerate(items):
            shown.at(number / max(total, 1), f"{number} of {total} {unit}")
            yield item


def _told(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
