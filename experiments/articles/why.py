"""What the labels of an article rest on, as a page shows it: its words, shaded by what they speak for."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.articles.scored import ScoredArticle
from experiments.model.explained import COEFFICIENTS, PROBABILITY, Explained
from features.cue_names import readable

NAMED = 3
"""Columns that are named of a word, those that contribute most to it."""

_FAINT = 0.03  # a shade below this can't be seen
_LEAST = 0.05  # a probability that moves by less than this is not shaded as if it were much


@dataclass(frozen=True)
class Word:
    """A word, the blanks before it, how strongly it is shaded (0 to 1), for or against, and what a pointer shows."""

    before: str
    text: str
    shade: float
    speaks: str
    title: str


@dataclass(frozen=True)
class Why:
    """What one label of one sentence rests on; ``beside`` are the sums that no word has."""

    id: str
    label: int
    words: list[Word]
    beside: str


@dataclass(frozen=True)
class Whys:
    """What the labels of an article rest on; ``most`` is the contribution that is shaded fully."""

    by: str
    unit: str
    most: float
    each: list[Why]


def whys_of(scored: ScoredArticle, number: int) -> Whys | None:
    """Return what the labels that an article's sentences carry rest on, or None if nobody asked.

    Parameters
    ----------
    scored : ScoredArticle
        The article.
    number : int
        Its number on the page, of which the sentences' ids are made.
    """
    if scored.explained is None:
        return None
    given = [
        (index, k, why)
        for index, why in enumerate(scored.explained)
        if why is not None
        for k in np.flatnonzero(scored.decided[index]).tolist()
    ]
    first = next((why for why in scored.explained if why is not None), None)
    if first is None:
        return None
    parts = [np.abs(why.labels[scored.labels[k]].words) for _, k, why in given]
    least = _LEAST if first.unit == PROBABILITY else 0.0
    most = max([least, *(float(part.max()) for part in parts if part.size)])
    each = [
        Why(f"a{number}s{index}", k, _words(scored.article.sentences[index].text, why, scored.labels[k], most), beside)
        for index, k, why in given
        for beside in [_beside(why, scored.labels[k])]
    ]
    return Whys(first.by, first.unit, most, each)


def _words(text: str, why: Explained, label: str, most: float) -> list[Word]:
    found = why.labels[label]
    named = _named(why, label) if why.by == COEFFICIENTS else [""] * len(why.spans)
    words = []
    last = 0
    for (start, end), value, columns in zip(why.spans, found.words.tolist(), named, strict=True):
        shade = round(abs(value) / most, 2) if most else 0.0
        words.append(
            Word(
                " " if start > last else "",
                text[start:end],
                shade if shade >= _FAINT else 0.0,
                "for" if value > 0 else "against",
                f"{value:+.3f} {why.unit}{columns}",
            )
        )
        last = end
    return words


def _named(why: Explained, label: str) -> list[str]:
    """Return for each word the columns that contribute most on it, with what they contribute to the sentence."""
    found = why.labels[label]
    word_at: dict[int, int] = {at: word for word, (start, end) in enumerate(why.spans) for at in range(start, end)}
    sums: list[dict[str, float]] = [defaultdict(float) for _ in why.spans]
    columns = zip(found.names, found.starts.tolist(), found.ends.tolist(), found.contributions.tolist(), strict=True)
    for name, start, end, value in columns:
        if start < 0:
            continue
        for word in range(word_at.get(start, 0), word_at.get(end - 1, -1) + 1):
            sums[word][name] += value
    best = [sorted(each.items(), key=lambda item: (-abs(item[1]), item[0]))[:NAMED] for each in sums]
    return ["".join(f"\n{readable(name)} {value:+.3f}" for name, value in each) for each in best]


def _beside(why: Explained, label: str) -> str:
    """Return what is in the sum beside the words, for a reader."""
    found: Any = why.labels[label]
    if why.by != COEFFICIENTS:
        return f"{why.unit} {found.total:.3f}"
    if found.total != found.total:
        return "given always or never, whatever the words"
    return (
        f"{why.unit} {found.total:+.2f} = words {float(found.words.sum()):+.2f}, without a place in the text "
        f"{found.elsewhere:+.2f}, intercept {found.intercept:+.2f}"
    )
