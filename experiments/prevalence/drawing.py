"""Draws the sentences that people label, each with a known probability, from scored files of any size."""

import hashlib
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.errors import InputError, cut
from experiments.measures.allocation import LEAST, allocate
from experiments.notices import Warn
from experiments.prevalence.places import article_of, number_column, place_of
from experiments.progress import Progress
from experiments.scored.reading import OWN, PER_LABEL, By, Reader, Sentence
from experiments.scored.sources import Sources
from experiments.tables.cells import is_missing

DRAWN = ("stratum", "stratum_size", "probability")
"""Columns that say how a sentence was drawn: out of what, how many there were, and with which probability."""

MOST_STRATA = 2000
"""Strata that are told apart: a column with more groups is an id or a text."""

_OF_THE_MODEL = frozenset(("touches_target", "target_in_training"))
_TAKEN = frozenset(("label", "undecided", "framescope"))  # of what annotation tools and their exchange write
_FIRST = ("id", "article", "sentence", "start", "end", "text")


@dataclass
class _Stratum:
    """The sentences of one kind: how many there were, and those with the smallest keys."""

    size: int = 0
    kept: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class Draw:
    """Sentences to label.

    Attributes
    ----------
    rows : list of dict
        As they are written, in a random order.
    strata : list of dict
        Of each stratum its number, what it is of, how many sentences it has and how many were drawn.
    sentences, boilerplate : int
        What was drawn from, and what was set aside before.
    notes : list of str
        What the user should know.
    """

    rows: list[dict[str, Any]]
    strata: list[dict[str, Any]]
    sentences: int
    boilerplate: int
    notes: list[str]


def draw_sample(
    sources: Sources,
    n: int,
    by: tuple[By, ...] = (),
    boost: float = 0.0,
    seed: int = 13,
    encoding: str | None = None,
    warn: Warn = lambda line: None,
    shown: Progress | None = None,
) -> Draw:
    """Draw n sentences that are no boilerplate, at random within strata.

    Parameters
    ----------
    sources : Sources
        The scored files.
    n : int
        How many.
    by : tuple of By
        Columns whose groups get as many sentences each, as far as they have them.
    boost : float, default 0.0
        The part of each group's sentences, below 1, that is spread evenly over what the model says (each label that
        has the highest score among those given, and none); the rest is drawn in proportion to how often it says so.
    seed : int, default 13
        The same files, in whatever order, and seed give the same sentences.
    encoding, warn, shown
        As for :func:`experiments.profile.profiling.profile_of`.

    Raises
    ------
    InputError
        If a file can't be read as one that was scored, it has fewer sentences, n is too small for two from every
        stratum, a sentence stands in the files twice, or a column has the name of one that is written.

    Notes
    -----
    Each sentence gets a random number from its place, text and the seed, and those with the smallest are kept of each
    stratum: a simple random sample without replacement, in one reading. Memory grows with n and strata, not with
    sentences.
    """
    reader = Reader(by, encoding, warn, decides_all=True)
    strata: dict[tuple[str, ...], _Stratum] = {}
    for sentence in reader.sentences(sources.files, shown):
        key = (*sentence.by, _said(sentence, reader.labels) if boost else "")
        stratum = strata.get(key)
        if stratum is None:
            if len(strata) == MOST_STRATA:
                raise InputError(
                    f"--by: there are more than {MOST_STRATA:,} groups; take a column with fewer values, or month or "
                    "year instead of day"
                )
            stratum = strata[key] = _Stratum()
        stratum.size += 1
        number = _random_number(sentence, seed)
        if len(stratum.kept) < n:
            heapq.heappush(stratum.kept, (-number, stratum.size, dict(sentence.row)))
        elif -number > stratum.kept[0][0]:
            heapq.heapreplace(stratum.kept, (-number, stratum.size, dict(sentence.row)))
    return _drawn(sources, reader, strata, n, by, boost)


def _drawn(
    sources: Sources, reader: Reader, strata: dict[tuple[str, ...], _Stratum], n: int, by: tuple[By, ...], boost: float
) -> Draw:
    keys = sorted(strata)
    sizes = np.array([strata[key].size for key in keys], dtype=np.int64)
    _check_number(sources, n, sizes, by, boost)
    numbers = allocate(sizes, _wanted(keys, sizes, boost), n)
    found: list[tuple[int, dict[str, Any]]] = []
    told = []
    for at, (key, size, number) in enumerate(zip(keys, sizes, numbers, strict=True), 1):
        how = dict(zip(DRAWN, (str(at), int(size), float(number / size)), strict=True))
        chosen = sorted(strata[key].kept, key=lambda each: -each[0])[:number]
        found += [(-negative, _row(row, how)) for negative, _, row in chosen]
        told.append({"stratum": str(at), "of": _name(key, by, boost), "sentences": int(size), "drawn": int(number)})
    rows = [row for _, row in sorted(found, key=lambda each: (each[0], each[1]["id"]))]
    places = [row["id"] for row in rows]
    if len(set(places)) < len(places):
        twice = next(place for place in places if places.count(place) > 1)
        raise InputError(
            f"{sources.files[0][0]}: the sentence {cut(twice)!r} stands in the scored files twice; score each article "
            "once, and name each file once"
        )
    return Draw(rows, told, int(sizes.sum()), reader.boilerplate, [*sources.notes, *_notes(reader)])


def _said(sentence: Sentence, labels: Sequence[str]) -> str:
    """Return the given label with the highest score."""
    return labels[max(sentence.given, key=lambda at: (sentence.scores[at], -at))] if sentence.given else ""


def _random_number(sentence: Sentence, seed: int) -> int:
    row = sentence.row
    place = f"{seed}\0{sentence.article}\0{row.get('sentence')}\0{row.get('start')}\0{sentence.text}"
    return int.from_bytes(hashlib.blake2b(place.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def _check_number(sources: Sources, n: int, sizes: np.ndarray, by: tuple[By, ...], boost: float) -> None:
    name = (
        sources.files[0][0] if len(sources.files) == 1 else f"{sources.files[0][0]} and {len(sources.files) - 1} more"
    )
    if not sizes.size:
        raise InputError(f"{name}: has no sentence to draw (boilerplate is left out)")
    if n > sizes.sum():
        raise InputError(f"-n {n}: {name} has {sizes.sum():,} sentences without boilerplate; draw at most as many")
    if n < (least := int(np.minimum(sizes, LEAST).sum())):
        less = " or ".join(["fewer columns in --by"] * bool(by) + ["no --boost"] * bool(boost))
        raise InputError(
            f"-n {n}: is too few for {LEAST} from each of {len(sizes):,} groups, without which some have no chance to "
            f"be drawn; draw {least:,} or more" + (f", or give {less}" if less else "")
        )


def _wanted(keys: Sequence[tuple[str, ...]], sizes: np.ndarray, boost: float) -> np.ndarray:
    """Return in which proportion to draw: groups alike, and in each a part evenly, the rest as there are."""
    groups = [key[:-1] for key in keys]
    number = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    member = np.array([number[group] for group in groups])
    kinds = np.bincount(member)[member]
    return np.asarray(boost / kinds + (1 - boost) * sizes / np.bincount(member, sizes)[member])


def _name(key: tuple[str, ...], by: tuple[By, ...], boost: float) -> str:
    boosted = "" if boost == 0 else f"model says {key[-1] or 'no label'}"
    groups = ", ".join(f"{each.name}={value or '(none)'}" for each, value in zip(by, key[:-1], strict=True))
    return " | ".join(part for part in (groups, boosted) if part) or "all"


def _row(row: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as people get it to label: nothing in it tells what the model says."""
    place = place_of(row, article_of(row["article"]), number_column(row, "a scored file"))
    found = {"id": f"{place[0]}#{place[2]}", **{name: row[name] for name in _FIRST if name in row and name != "id"}}
    for name, cell in row.items():
        if name in DRAWN or name in _TAKEN:
            raise InputError(f"the scored files have a column {name!r} of their own, which sample writes; rename it")
        if name == "id":
            found["scored_id"] = cell
        elif name not in found and name not in OWN and name not in _OF_THE_MODEL and not name.startswith(PER_LABEL):
            found[name] = None if is_missing(cell) else cell
    return {**found, **how}


def _notes(reader: Reader) -> list[str]:
    notes = [
        f"{missing:,} sentences have nothing in column {by.column!r}: they are drawn from as a group of their own"
        for by, missing in zip(reader.by, reader.missing, strict=True)
        if missing
    ]
    if reader.thresholds_differ:
        notes.append(
            "labels were given by different thresholds, so the files come from several models or trainings; the draw "
            "doesn't mind, but --boost takes the labels of each"
        )
    if reader.abstained:
        notes.append(
            f"{reader.abstained:,} sentences were left to a human (abstained): they are drawn from as all others, and "
            "--boost takes the labels that the model would have given"
        )
    return notes
