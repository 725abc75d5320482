"""What is kept of any number of candidates: the most doubtful, so many an article, and a random sample."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from experiments.selection.candidates import Candidate

_FULL = 4  # times its size, from which on the pool is pruned


class Doubtful(NamedTuple):
    """A candidate and how much the model doubts its answer, from 0 to 1."""

    candidate: Candidate
    uncertainty: float


def rank_of(candidate: Candidate, seed: int) -> int:
    """Return 64 bits that order candidates at random, the same way whatever the order of the file."""
    digest = hashlib.blake2b(candidate.key.to_bytes(8, "big"), digest_size=8, key=seed.to_bytes(8, "big"))
    return int.from_bytes(digest.digest(), "big")


class Pool:
    """The most doubtful candidates, at most so many an article; memory holds a few times as many, whatever comes.

    Parameters
    ----------
    size : int
        How many to keep.
    per_article : int or None
        How many an article; None for any number.
    """

    def __init__(self, size: int, per_article: int | None) -> None:
        self.size, self.per_article = size, per_article
        self._kept: list[Doubtful] = []
        self._least = -1.0

    def add(self, each: Doubtful) -> None:
        """Take a candidate, or leave it."""
        if each.uncertainty < self._least:
            return
        self._kept.append(each)
        if len(self._kept) > _FULL * max(self.size, 1):
            self._prune()

    def best(self) -> list[Doubtful]:
        """Return what is kept, the most doubtful first; equals in an order that the file's doesn't change."""
        self._prune()
        return list(self._kept)

    def _prune(self) -> None:
        # of an article whose best are kept, no other can be among the best of all: pruning early loses nothing
        ordered = sorted(self._kept, key=lambda each: (-each.uncertainty, each.candidate.key))
        taken: Counter[str] = Counter()
        self._kept = []
        for each in ordered:
            article = each.candidate.article
            if article is not None and self.per_article is not None:
                if taken[article] >= self.per_article:
                    continue
                taken[article] += 1
            self._kept.append(each)
            if len(self._kept) == self.size:
                self._least = each.uncertainty
                break


class RandomSample:
    """A simple random sample without replacement of any number of different candidates.

    Parameters
    ----------
    size : int
        How many to draw.
    seed : int
        Of the draw.

    Notes
    -----
    Each candidate has a random rank, a keyed hash of the sentence, and those of the lowest ranks are drawn (bottom-k
    sampling). So the order of the file plays no part.

    References
    ----------
    Cohen, E. & Kaplan, H. (2007). Summarizing data using bottom-k sketches. PODC.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed = size, seed
        self._heap: list[tuple[int, int, Candidate]] = []

    def add(self, candidate: Candidate) -> None:
        """Take a candidate, or leave it."""
        entry = (-rank_of(candidate, self.seed), candidate.key, candidate)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, entry)
        elif self.size and entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def drawn(self) -> list[Candidate]:
        """Return the sample, in the order of its ranks."""
        return [candidate for _, _, candidate in sorted(self._heap, key=lambda entry: -entry[0])]


def mixed(candidates: Iterable[Candidate], seed: int) -> Sequence[Candidate]:
    """Return candidates in a random order, in which nothing tells how each was chosen."""
    return sorted(candidates, key=lambda candidate: rank_of(candidate, seed + 1))
