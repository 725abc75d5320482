"""The same columns several times as fast: words, characters and cues read from one normal form and one numbering.

A fitted union (:func:`features.builder.build_features`) reads every text three times over. Here the words between the
blanks of a text's normal form are numbered as they are met, what each holds (tokens, runs of characters, cues) is
looked up once and kept, and the columns of a batch of texts are counted by number. The fitted union stays what it is,
and what is saved: this reads from it.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.pipeline import FeatureUnion

from features.cue_batch import CueBatch, tells_columns_apart
from features.cues import SentenceCues
from features.ngram_batch import CharacterRuns, WordRuns
from features.normalise import normal_words, normalise_text
from features.numbered import Numbered
from features.penn import unit_keys
from features.vectorizer import VECTORIZERS
from features.word_ngrams import WORD

BATCH = 1024
"""Texts that are counted at once."""

MOST_WORDS = 200_000
"""Words that are kept; when there are more, all are forgotten (some 100 MB)."""

_MOST_RUNS = 4_000_000
_MOST_CHARACTERS = 10_000_000  # of words, since there are texts without blanks


class _Part(Protocol):
    """What reads one feature of a union."""

    def learn(self, words: list[str]) -> None:
        """Take in new words."""

    def transform(self, words: np.ndarray, starts: np.ndarray) -> csr_matrix:
        """Return the columns of texts, given by the numbers of their words."""


class FastUnion:
    """Reads texts as a fitted union of words, characters and cues does.

    Parameters
    ----------
    union : FeatureUnion
        A fitted one for which :func:`reads_fast` holds.

    Notes
    -----
    Values differ from the union's in the last digit, since sums are added up in another order. Threads take turns.
    """

    def __init__(self, union: FeatureUnion) -> None:
        self._union = union
        self._turn = threading.Lock()
        self._forget()

    def batches(self, texts: Sequence[str]) -> Iterator[csr_matrix]:
        """Yield the columns of n texts, some at a time, each of shape (some, n_columns), float64.

        Indices within a row are in no order.
        """
        for at in range(0, len(texts), BATCH):
            with self._turn:
                found = self._transform(texts[at : at + BATCH])
            yield found

    def _transform(self, texts: Sequence[str]) -> csr_matrix:
        try:
            return self._side_by_side(texts)
        except BaseException:  # interrupted in the middle, say: words may be numbered and not taken in
            self._forget()
            raise
        finally:
            if self._is_full():
                self._forget()

    def _side_by_side(self, texts: Sequence[str]) -> csr_matrix:
        split = normal_words(texts)
        words = number_words(self._words, split if self._of_words else [], self._of_words)
        keys = [unit_keys(each) if each else [] for each in split] if self._of_units else []
        units = number_words(self._units, keys, self._of_units)
        columns = []
        for part, weight in self._parts:
            found = part.transform(*(units if isinstance(part, CueBatch) else words))
            if weight != 1:
                found.data *= weight
            columns.append(found)
        return hstack(columns, format="csr") if len(columns) > 1 else columns[0]

    def _forget(self) -> None:
        """Begin anew, with no words."""
        weights = self._union.transformer_weights or {}
        self._words, self._units = Numbered(), Numbered()
        self._parts = [(_part(each), weights.get(name) or 1.0) for name, each in self._union.transformer_list]
        self._of_units = [part for part, _ in self._parts if isinstance(part, CueBatch)]
        self._of_words = [part for part, _ in self._parts if not isinstance(part, CueBatch)]

    def _is_full(self) -> bool:
        runs = sum(len(part) for part in self._of_words if isinstance(part, CharacterRuns))
        return runs > _MOST_RUNS or any(
            len(known) > MOST_WORDS or known.characters > _MOST_CHARACTERS for known in (self._words, self._units)
        )


def reads_fast(union: Any) -> bool:
    """Return whether a fitted transformer is a union of features that :class:`FastUnion` knows how to read.

    Those are words and characters in the kit's normal form, without tags, and lexicon cues.
    """
    return (
        type(union) is FeatureUnion
        and bool(union.transformer_list)
        and set(union.transformer_weights or {}) <= {name for name, _ in union.transformer_list}
        and all(_known(each) for _, each in union.transformer_list)
    )


def _known(transformer: Any) -> bool:
    if type(transformer) is SentenceCues:
        return tells_columns_apart(transformer)
    return reads_in_normal_form(transformer) and type(vars(transformer).get("vocabulary_")) is dict


def reads_in_normal_form(transformer: Any) -> bool:
    """Return whether a transformer is a vectorizer of words or of characters within them, in the kit's normal form."""
    return (
        type(transformer) in VECTORIZERS
        and transformer.preprocessor is normalise_text
        and transformer.input == "content"
        and transformer.tokenizer is None
        and transformer.stop_words is None
        and not transformer.binary
        and np.dtype(transformer.dtype) == np.float64
        and (
            transformer.analyzer == "char_wb" or (transformer.analyzer == "word" and transformer.token_pattern == WORD)
        )
    )


def _part(transformer: Any) -> _Part:
    if isinstance(transformer, SentenceCues):
        return CueBatch(transformer)
    return (WordRuns if transformer.analyzer == "word" else CharacterRuns)(transformer)


def number_words(known: Numbered, split: list[list[str]], parts: Sequence[_Part]) -> tuple[np.ndarray, np.ndarray]:
    """Return the texts' words as numbers; the parts take in the new ones.

    Returns
    -------
    tuple of (ndarray of int32, ndarray of int32)
        The numbers of the n texts' words, end to end, and where each text's begin, shape (n + 1,).
    """
    flat: list[int] = []
    number = known.__getitem__
    starts = np.zeros(len(split) + 1, dtype=np.int32)
    for at, words in enumerate(split, 1):
        flat.extend(map(number, words))
        starts[at] = len(flat)
    if new := known.take_new():
        for part in parts:
            part.learn(new)
    return np.asarray(flat, dtype=np.int32), starts
