"""What a polite kill does: it ends the program as Ctrl-C does."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Let a polite kill (SIGTERM) end the run as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    try:
        former = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread, where signals can't be caught
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
