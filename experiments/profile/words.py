"""Counts words by label, and finds those that mark a label's sentences against all others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.measures.log_odds import log_odds, scaled_prior
from features.normalise import normalise_text
from features.word_ngrams import WordNgrams

MOST_WORDS = 400_000
"""Different words that are counted at a time; beyond them the rarest are dropped."""

SHOWN_WORDS = 25

LEAST_Z = 1.96
"""What is below is not shown: chance alone gives as much."""

_BATCH = 8192  # sentences whose words are counted at once


@dataclass(frozen=True)
class MarkingWord:
    """A word, how surely it marks a label (z), by how much, and how often it stands in its sentences and the others."""

    word: str
    z: float
    log_odds: float
    count: int
    rest: int


class WordCounts:
    """Counts the words of sentences, of all and of those with each label.

    Words are those of the feature ``words``: lower case, digits as 0, no stop words left out.

    Parameters
    ----------
    most : int, default 400,000
        Different words kept. When there are more, the rarest are dropped until half are left; one that comes back is
        counted from 0, and `short` says by how much any count can fall short (lossy counting).

    References
    ----------
    Manku, G. S. & Motwani, R. (2002). Approximate frequency counts over data streams. VLDB.
    """

    def __init__(self, most: int = MOST_WORDS) -> None:
        self.most = most
        self.short = 0
        """By how much a word's count can fall short; 0 as long as none was dropped."""
        self._tokens = WordNgrams(ngram=(1, 1)).build().build_tokenizer()
        self._forget([])
        self._counts = np.zeros((1, 0), dtype=np.int64)
        self._waiting: list[list[str]] = []
        self._given: list[tuple[int, ...]] = []

    def add(self, text: str, given: tuple[int, ...]) -> None:
        """Count a sentence with the numbers of its labels."""
        self._waiting.append(self._tokens(normalise_text(text)))
        self._given.append(given)
        if len(self._waiting) == _BATCH:
            self._count()

    def marking(self, labels: int, shown: int = SHOWN_WORDS) -> tuple[list[list[MarkingWord]], list[float]]:
        """Return for each label the words that mark it, surest first, and the weight of the prior (a_0).

        The prior is the words' count in all sentences, scaled to as many words as the smaller side has: the label's
        sentences or the others. Words with z below 1.96 are left out; a label that no sentence or every sentence has is
        marked by none.
        """
        self._count()
        words = list(self._numbers)
        self._widen(labels + 1)
        total = self._counts[0]
        found, weights = [], []
        for label in range(labels):
            here = self._counts[label + 1]
            there = total - here
            weight = float(min(here.sum(), there.sum()))
            odds = log_odds(here, there, scaled_prior(total, weight))
            z = np.where(np.isnan(odds.z), -np.inf, odds.z)
            best = [int(at) for at in np.argsort(-z, kind="stable")[:shown] if z[at] >= LEAST_Z]
            found.append(
                [
                    MarkingWord(words[at], float(z[at]), float(odds.ratio[at]), int(here[at]), int(there[at]))
                    for at in best
                ]
            )
            weights.append(weight)
        return found, weights

    def _count(self) -> None:
        flat = [word for words in self._waiting for word in words]
        numbers = np.fromiter(map(self._numbers.__getitem__, flat), dtype=np.int64, count=len(flat))
        lengths = np.asarray([len(words) for words in self._waiting], dtype=np.int64)
        self._widen(1 + max((label + 1 for given in self._given for label in given), default=0))
        size = len(self._numbers)
        self._counts = np.pad(self._counts, ((0, 0), (0, size - self._counts.shape[1])))
        self._counts[0] += np.bincount(numbers, minlength=size)
        having: dict[int, list[int]] = defaultdict(list)
        for at, given in enumerate(self._given):
            for label in given:
                having[label].append(at)
        for label, rows in having.items():
            mask = np.zeros(len(lengths), dtype=bool)
            mask[rows] = True
            self._counts[label + 1] += np.bincount(numbers[np.repeat(mask, lengths)], minlength=size)
        self._waiting, self._given = [], []
        if size > self.most:
            self._drop()

    def _widen(self, rows: int) -> None:
        if rows > len(self._counts):
            self._counts = np.pad(self._counts, ((0, rows - len(self._counts)), (0, 0)))

    def _drop(self) -> None:
        """Drop the rarest words, as many as make the others half of what is allowed or less."""
        limit = int(np.sort(self._counts[0])[-(self.most // 2)])  # all that are rarer than the last that has room
        kept = np.flatnonzero(self._counts[0] > limit)
        words = list(self._numbers)
        self._forget([words[at] for at in kept])
        self._counts = self._counts[:, kept]
        self.short += limit

    def _forget(self, words: Sequence[str]) -> None:
        """Begin anew with these words, numbered as they stand; what else is looked up gets the next number."""
        numbers: defaultdict[str, int] = defaultdict()
        numbers.update((word, at) for at, word in enumerate(words))
        numbers.default_factory = numbers.__len__
        self._numbers = numbers
