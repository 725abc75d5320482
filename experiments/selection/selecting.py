"""The whole program of a selection, from candidates to the batch that is labelled next."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.corpus.checks import find_duplicates
from experiments.errors import InputError
from experiments.selection.candidates import Candidate
from experiments.selection.diversity import spread_out, vectors_of
from experiments.selection.pool import Doubtful, Pool, RandomSample, mixed
from experiments.selection.scoring import Strategy

_MORE = 10
"""Times as many doubtful sentences as are wanted, from which those are chosen that are unlike each other."""


class TooFewError(InputError):
    """A file has fewer sentences to choose from than are wanted."""


@dataclass(frozen=True)
class Wanted:
    """What a batch shall be.

    Parameters
    ----------
    n : int, default 100
        Sentences.
    strategy : {"margin", "least-confidence", "random"}, default "margin"
        How the doubtful ones are told; with ``random`` all are drawn at random.
    per_article : int or None, default 2
        Most sentences of an article; None for no limit. Those drawn at random count, but are not held to it.
    random : float, default 0.2
        Share drawn at random, rounded up to whole sentences.
    seed : int, default 13
        Of the draws.

    Raises
    ------
    InputError
        If a value can't be.
    """

    n: int = 100
    strategy: Strategy = "margin"
    per_article: int | None = 2
    random: float = 0.2
    seed: int = 13

    def __post_init__(self) -> None:
        if self.n < 1:
            raise InputError(f"-n {self.n}: is no number of sentences; give 1 or more")
        if not 0 <= self.random <= 1:
            raise InputError(f"--random {self.random}: is no share; give a number from 0 to 1")
        if self.per_article is not None and self.per_article < 1:
            raise InputError(f"--per-article {self.per_article}: is no limit; give 1 or more, or 0 for none")

    @property
    def drawn(self) -> int:
        """How many are drawn at random."""
        return self.n if self.strategy == "random" else math.ceil(round(self.random * self.n, 6))


@dataclass(frozen=True)
class Selection:
    """A batch.

    Attributes
    ----------
    chosen : sequence of Candidate
        In a random order.
    by : dict of int to str
        A candidate's key -> how it was chosen: ``random``, or the strategy.
    population : int
        The candidates that there were, of which the random part is a simple random sample.
    near : int
        Doubtful sentences left out as nearly the same as others.
    vectors : str
        What it was by which the doubtful ones were found to be unlike each other; empty where there were none.
    over : list of str
        Articles of which the random part brought more sentences than the limit.
    """

    chosen: Sequence[Candidate]
    by: dict[int, str]
    population: int
    near: int = 0
    vectors: str = ""
    over: list[str] = field(default_factory=list)

    @property
    def probability(self) -> float | None:
        """The probability with which each candidate came into the random part; None if there is none."""
        drawn = Counter(self.by.values())["random"]
        return drawn / self.population if drawn else None


def select(
    doubtful: Iterable[Doubtful], wanted: Wanted, done: Sequence[str] = (), pipeline: Any = None, name: str = "rows"
) -> Selection:
    """Choose the sentences to label next.

    The random part is drawn first, from all candidates, so that its probabilities are known: neither the limit of an
    article nor what is nearly the same keeps a sentence out of it. The others are the most doubtful of the rest:
    of ten times as many as are wanted (but no more than half of the candidates, unless so many are wanted) those that
    are unlike each other, and unlike the random part.

    Parameters
    ----------
    doubtful : iterable of Doubtful
        Different candidates with how much the model doubts them; read once, one after the other.
    wanted : Wanted
        What the batch shall be.
    done : sequence of str
        Sentences that are labelled already (after their targets, if they have some): what is nearly the same is not
        chosen as doubtful.
    pipeline : estimator, optional
        The model's, for its vectors of the sentences.
    name : str
        Of the file, for errors.

    Raises
    ------
    TooFewError
        If there are fewer candidates than wanted, or articles allow fewer.
    """
    sample, seek = RandomSample(wanted.drawn, wanted.seed), wanted.n - wanted.drawn
    pool = Pool(_MORE * wanted.n, wanted.per_article)
    population = 0
    for each in doubtful:
        population += 1
        sample.add(each.candidate)
        if seek:
            pool.add(each)
    if population < wanted.n:
        raise TooFewError(
            f"{name}: has {population} sentence(s) to choose from, and -n {wanted.n} are wanted; give "
            + (f"-n {population} or less, or " if population else "")
            + "a file with more"
        )
    drawn = sample.drawn()
    by = {candidate.key: "random" for candidate in drawn}
    taken = Counter(candidate.article for candidate in drawn if candidate.article is not None)
    over = [article for article, n in taken.items() if wanted.per_article is not None and n > wanted.per_article]
    if not seek:
        return Selection(mixed(drawn, wanted.seed), by, population, over=over)
    rest = _allowed([each for each in pool.best() if each.candidate.key not in by], taken, wanted.per_article)
    if len(rest) < seek:
        raise TooFewError(
            f"{name}: with --per-article {wanted.per_article} its articles allow {len(drawn) + len(rest)} sentences, "
            f"and -n {wanted.n} are wanted; give -n {len(drawn) + len(rest)} or less, or a higher --per-article"
        )
    sound, near = _without_near([*done, *(each.wording for each in drawn)], rest)
    sound = sound[: max(seek, min(_MORE * wanted.n, population // 2))]
    candidates = [each.candidate for each in sound]
    everything = [*drawn, *candidates]
    texts = [each.text for each in everything]
    pairs = [each.text if each.target is None else (each.text, each.target) for each in everything]
    vectors, kind = vectors_of(pipeline, texts, pairs)
    rows = spread_out(
        vectors[len(drawn) :],
        np.asarray([each.uncertainty for each in sound]),
        seek,
        [each.article for each in candidates],
        wanted.per_article,
        taken,
        vectors[: len(drawn)],
        wanted.seed,
    )
    chosen = [candidates[row] for row in rows]
    by |= {candidate.key: wanted.strategy for candidate in chosen}
    return Selection(mixed([*drawn, *chosen], wanted.seed), by, population, near, kind, over)


def _allowed(pool: Sequence[Doubtful], taken: Counter[str], limit: int | None) -> list[Doubtful]:
    """Return those that articles still allow, the most doubtful first."""
    count, kept = Counter(taken), []
    for each in pool:
        article = each.candidate.article
        if article is None or limit is None:
            kept.append(each)
        elif count[article] < limit:
            count[article] += 1
            kept.append(each)
    return kept


def _without_near(before: Sequence[str], pool: Sequence[Doubtful]) -> tuple[list[Doubtful], int]:
    """Return the pool without what is nearly the same as a sentence before it, and how many these are."""
    n = len(before)
    like: dict[int, list[int]] = {}
    for first, second in find_duplicates([*before, *(each.candidate.wording for each in pool)]).near:
        like.setdefault(second, []).append(first)
    out: set[int] = set()
    for row in range(n, n + len(pool)):
        if any(other not in out for other in like.get(row, ())):
            out.add(row)
    return [each for row, each in enumerate(pool, n) if row not in out], len(out)
