"""How the time of some work grows with its input: no measure of how fast a machine is, or how busy."""

import time
from collections.abc import Callable
from typing import Any


def grows_no_faster(work: Callable[[Any], Any], unit: Any, length: int, floor: float = 0.005) -> bool:
    """Return whether ten times the input takes less than sixty times the time, which a square would not.

    Parameters
    ----------
    work : callable
        Takes a text (or bytes).
    unit : str or bytes
        What the text repeats.
    length : int
        Of the shorter text.
    floor : float, default 0.005
        Seconds below which a time counts as this much: clocks tick.
    """
    return _seconds(work, unit, 10 * length) < 60 * max(_seconds(work, unit, length), floor)


def _seconds(work: Callable[[Any], Any], unit: Any, length: int) -> float:
    """Return the processor's seconds, the best of three: others use the machine, too."""
    text = (unit * (length // len(unit) + 1))[:length]
    taken = []
    for _ in range(3):
        began = time.process_time()
        work(text)
        taken.append(time.process_time() - began)
        if taken[-1] < 0.1:  # short enough to be believed at once
            break
    return min(taken)
