"""A promise about a model's errors: from which confidence on it decides, and what it leaves to a human."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.errors import InputError
from experiments.measures.risk import CONFIDENCE, FAILING, Cut, Surest, choose_cut, least_level, upper_bound
from experiments.model.held_out import HeldOut

WITHOUT = (
    "--abstain needs held-out rows, and the model has none; give --held-out FILE, labelled rows of the kind of text "
    "that is scored"
)

_MORE = (2, 3, 4, 6, 10)  # times the rows that are tried to say how many more would do


@dataclass(frozen=True)
class Promise:
    """Of the sentences that a model decides, at most a share ``level`` is wrong, with 95% confidence.

    Attributes
    ----------
    level : float
        That share, which was asked for. A sentence is wrong if any label of it is.
    cut : Cut
        From which confidence on the model decides.
    source : str
        The rows on which that was chosen.
    articles : int
        How many articles they are of.
    bound : float
        The 95% upper bound of the share of errors at that cut.
    """

    level: float
    cut: Cut
    source: str
    articles: int
    bound: float

    @property
    def line(self) -> str:
        """What is promised, and on what grounds, as a line."""
        cut = self.cut
        return (
            f"with {CONFIDENCE:.0%} confidence at most {self.level:.4g} of the decided sentences are wrong (in any "
            f"label), if they are like those of {self.source}: of these {cut.rows} rows ({self.articles} articles) the "
            f"model is sure of {cut.kept} and errs on {cut.errors}"
        )

    def dump(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        cut = self.cut
        return {
            "level": self.level,
            "confidence": CONFIDENCE,
            "cut": cut.confidence,
            "held_out": {
                "source": self.source,
                "rows": cut.rows,
                "articles": self.articles,
                "kept": cut.kept,
                "errors": cut.errors,
                "bound": round(self.bound, 4),
            },
        }


def check_level(level: float) -> None:
    """Make sure that a level is one that can be promised.

    Raises
    ------
    InputError
        If it is no number between 0 and 1.
    """
    if not (math.isfinite(level) and 0 < level < 1):
        hint = f", such as {level / 100:g}" if 1 < level < 100 else ", such as 0.05"
        raise InputError(f"--abstain {level:g}: is no share of errors; give a number between 0 and 1{hint}")


def promise(held: HeldOut, level: float) -> Promise:
    """Choose from which confidence on a model decides, so that its errors stay below a level.

    Parameters
    ----------
    held : HeldOut
        What it came to on rows that it wasn't fitted to.
    level : float
        A share between 0 and 1.

    Raises
    ------
    InputError
        If the level is no share, the rows are too few or all alike, or no cut can promise it; the message says what
        could be promised and what is lacking.
    """
    check_level(level)
    rows = held.rows
    if rows.wrong.all():
        raise InputError(
            f"--abstain {level:g}: the model is wrong on every one of the {len(rows)} rows of {held.source}, so "
            "nothing can be promised; look whether its labels mean the same (framescope evaluate --data)"
        )
    cut = choose_cut(rows, level)
    if cut is None:
        raise InputError(_impossible(held, rows, level))
    kept = rows.kept(cut.kept)
    return Promise(level, cut, held.source, held.articles, upper_bound(*kept))


def _impossible(held: HeldOut, rows: Surest, level: float) -> str:
    """Return why no cut can promise a level, the lowest that one can, and what would help."""
    least = least_level(rows)
    lowest = "no level at all can" if least is None else f"the lowest that can be is {least:g}"
    start = (
        f"--abstain {level:g}: can't be promised on {len(rows)} rows of {held.articles} articles ({held.source}), "
        f"where the model errs on {int(rows.wrong.sum())}; {lowest}"
    )
    fewest = math.ceil(math.log(FAILING) / math.log1p(-level))
    more = next((times for times in _MORE if choose_cut(_repeated(rows, times), level) is not None), None)
    if more is not None:
        return f"{start}; some {more} times as many held-out articles would do if the model errs on them as often"
    if rows.wrong[: min(fewest, len(rows))].mean() >= level:
        return f"{start}; it errs too often even where it is surest, so more rows wouldn't help, a better model would"
    return f"{start}; at least {fewest} articles without an error are needed, and some more for each error"


def _repeated(rows: Surest, times: int) -> Surest:
    """Return rows as if so many times as many articles had been held out."""
    shift = int(rows.group.max()) + 1
    group = np.concatenate([rows.group + shift * number for number in range(times)])
    return Surest.of(np.tile(rows.confidence, times), np.tile(rows.wrong, times), group)
