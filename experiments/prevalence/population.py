"""All scored sentences, as the numbers that estimates need of them, and where those of the sample stand among them."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.errors import InputError, cut
from experiments.notices import Warn
from experiments.prevalence.places import Place, place_of, same_text
from experiments.progress import Progress
from experiments.scored.reading import By, Reader, Sentence
from experiments.scored.sources import Sources

MOST_GROUPS = 300
"""Groups of all columns together: a sample that people label says something of a few dozen."""


@dataclass(frozen=True)
class Population:
    """All scored sentences that are no boilerplate.

    Attributes
    ----------
    labels : list of str
        In the order of the first file.
    exclusive : bool
        Whether each sentence has one label.
    scores : ndarray of shape (n, n_labels), float32
        Probabilities.
    given : ndarray of shape (n, n_labels), bool
        What the model decides.
    articles, groups : ndarray of shape (n,), int
        The number of each one's article, and of its group.
    keys : list of tuple of str
        What each group has in the columns of ``by``; empty where a cell is.
    boilerplate : int
        Rows that were set aside.
    found : dict of Place to int
        Where the sentences of the sample stand.
    notes : list of str
        What the user should know.
    """

    labels: list[str]
    exclusive: bool
    scores: np.ndarray
    given: np.ndarray
    articles: np.ndarray
    groups: np.ndarray
    keys: list[tuple[str, ...]]
    boilerplate: int
    found: dict[Place, int]
    notes: list[str]

    def __len__(self) -> int:
        return len(self.articles)


def read_population(
    sources: Sources,
    sought: Mapping[Place, tuple[Any, str]],
    number: str,
    by: tuple[By, ...] = (),
    encoding: str | None = None,
    warn: Warn = lambda line: None,
    shown: Progress | None = None,
) -> Population:
    """Read scored files.

    Parameters
    ----------
    sources : Sources
        The files.
    sought : mapping of Place to (text, where)
        The sentences of the sample, and where each stands in its file, for messages.
    number : str
        The column that numbers the sentences of an article there.
    by, encoding, warn, shown
        As for :func:`experiments.profile.profiling.profile_of`.

    Raises
    ------
    InputError
        If a file can't be read as one that was scored, has no sentence but boilerplate, a sentence of the sample has
        another text or stands there twice, or there are too many groups.

    Notes
    -----
    Memory grows with sentences, by 5 bytes a label and 16 bytes each, and with articles.
    """
    reader = Reader(by, encoding, warn, decides_all=True)
    scores, given, articles, groups = array("f"), bytearray(), array("q"), array("q")
    article_numbers: dict[str, int] = {}
    group_numbers: dict[tuple[str, ...], int] = {}
    found: dict[Place, int] = {}
    at = 0
    for at, sentence in enumerate(reader.sentences(sources.files, shown), 1):
        if (group := group_numbers.setdefault(sentence.by, len(group_numbers))) == MOST_GROUPS:
            raise InputError(
                f"--by {','.join(each.name for each in by)}: there are more than {MOST_GROUPS} groups; take a column "
                "with fewer values, month or year instead of day, or one column at a time"
            )
        articles.append(article_numbers.setdefault(sentence.article, len(article_numbers)))
        groups.append(group)
        scores.extend(sentence.scores)
        flags = bytearray(len(reader.labels))
        for label in sentence.given:
            flags[label] = 1
        given += flags
        place = place_of(sentence.row, sentence.article, number)
        if place in sought:
            _check_found(place, sentence, sought[place], found)
            found[place] = at - 1
    if not at:
        what = f"all {reader.boilerplate:,} sentences are marked as boilerplate" if reader.boilerplate else "no rows"
        raise InputError(f"{sources.files[0][0]}: has no sentence to count: {what}")
    k = len(reader.labels)
    return Population(
        reader.labels,
        reader.exclusive,
        np.frombuffer(scores, dtype=np.float32).reshape(-1, k),
        np.frombuffer(given, dtype=np.uint8).reshape(-1, k).astype(bool),
        np.frombuffer(articles, dtype=np.int64),
        np.frombuffer(groups, dtype=np.int64),
        list(group_numbers),
        reader.boilerplate,
        found,
        [*sources.notes, *_notes(reader)],
    )


def _check_found(place: Place, sentence: Sentence, sought: tuple[Any, str], found: Mapping[Place, int]) -> None:
    text, where = sought
    if not same_text(text, sentence.text):
        raise InputError(
            f"{where}: has another text than {place[1]} {place[2]} of article {cut(place[0])!r} in the scored files "
            f"({cut(sentence.text)!r}); give the files from which the sample was drawn, with their texts unchanged"
        )
    if place in found:
        raise InputError(
            f"{where}: {place[1]} {place[2]} of article {cut(place[0])!r} stands twice in the scored files; score each "
            "article once, and name each file once"
        )


def _notes(reader: Reader) -> list[str]:
    notes = []
    if reader.thresholds_differ:
        notes.append("rows have different thresholds, so they come from different models or trainings")
    if reader.abstained:
        notes.append(
            f"{reader.abstained:,} sentences were left to a human (abstained): they are part of what shares are of, "
            "with the labels that the model would have given"
        )
    for by, missing in zip(reader.by, reader.missing, strict=True):
        if missing:
            notes.append(
                f"{missing:,} sentences have nothing in column {by.column!r}: they count in the whole and are left "
                f"out by {by.name}"
            )
    return notes
