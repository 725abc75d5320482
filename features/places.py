"""Where in a text each column of a fitted feature comes from: its words, its characters, its lexicon entries."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from features.cues import SentenceCues
from features.hashtags import normalise_tags, tag_places
from features.lexicon import tokenize
from features.normalise import normal_places, normalise_text
from features.vectorizer import VECTORIZERS

MOST_WORDS = 50_000
"""Words of which the runs of characters are kept; when there are more, all are forgotten."""

_QUOTES = {"``": ('"', "``", "''"), "''": ('"', "''")}  # what NLTK makes of quotation marks, and from what

_Range = tuple[int, int]
_NORMAL: dict[Any, Callable[[str], tuple[str, list[_Range]]]] = {
    normalise_text: normal_places,
    normalise_tags: tag_places,
}


class Occurrences(NamedTuple):
    """Where columns come from in a text: k occurrences, several of a column one after the other or apart.

    Attributes
    ----------
    columns, starts, ends : ndarray of int64, shape (k,)
        The number of the column, and the half-open range of the text's characters.
    """

    columns: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class PlaceReader:
    """Tells where the columns of one fitted feature come from.

    Parameters
    ----------
    transformer : transformer
        A vectorizer of words or of characters within them, or lexicon cues, as the kit's features build them. Of any
        other no column has a place.

    Examples
    --------
    >>> from features.word_ngrams import WordNgrams
    >>> words = WordNgrams(min_df=1).build().fit(["the talks", "no talks"])
    >>> found = PlaceReader(words).read("No “Talks”")
    >>> [str(words.get_feature_names_out()[at]) for at in found.columns], found.starts.tolist(), found.ends.tolist()
    (['no', 'talks', 'no talks'], [0, 4, 0], [2, 9, 9])
    """

    def __init__(self, transformer: Any) -> None:
        self._transformer = transformer
        self._known: dict[str, tuple[list[int], list[int], list[int]]] = {}
        self._read: Callable[[str], Occurrences] = lambda text: _as_arrays([], [], [])
        if isinstance(transformer, SentenceCues):
            self._read = self._cues
        elif type(transformer) in VECTORIZERS and _is_plain(transformer):
            self._read = self._words if transformer.analyzer == "word" else self._characters
            self._token = re.compile(transformer.token_pattern)

    def read(self, text: str) -> Occurrences:
        """Return where the columns come from in a text.

        A run of words covers its first word to its last, a run of characters what it has of its word, a cue the words
        of its entry; a column that joins two categories covers the words of both, one after the other. Columns without
        a place, such as the text's length, don't occur.
        """
        return self._read(text)

    def _words(self, text: str) -> Occurrences:
        normal, at = _normal_form(self._transformer.preprocessor, text)
        matches = list(self._token.finditer(normal))
        words = [match.group() for match in matches]
        spans = [_span(at[match.start() : match.end()]) for match in matches]
        known = self._transformer.vocabulary_
        fewest, most = self._transformer.ngram_range
        columns: list[int] = []
        found: list[_Range] = []
        for n in range(fewest, min(most, len(words)) + 1):
            for first in range(len(words) - n + 1):
                column = known.get(words[first] if n == 1 else " ".join(words[first : first + n]))
                if column is not None:
                    columns.append(column)
                    found.append(_span(spans[first : first + n]))
        return _as_arrays(columns, [start for start, _ in found], [end for _, end in found])

    def _characters(self, text: str) -> Occurrences:
        normal, at = _normal_form(self._transformer.preprocessor, text)
        columns: list[int] = []
        lows: list[int] = []
        highs: list[int] = []
        start = 0
        for word in normal.split():
            start = normal.index(word, start)
            of_word, low, high = self._runs(word)
            columns += of_word
            lows += [start + each for each in low]
            highs += [start + each for each in high]
            start += len(word)
        places = np.asarray(at, dtype=np.int64).reshape(-1, 2)
        return Occurrences(np.asarray(columns, dtype=np.int64), places[lows, 0], places[highs, 1])

    def _runs(self, word: str) -> tuple[list[int], list[int], list[int]]:
        """Return a word's runs of characters: their columns, and the first and last character of each.

        As ``TfidfVectorizer(analyzer="char_wb")`` reads it, with a blank on both sides, which are no characters of it.
        """
        if (kept := self._known.get(word)) is not None:
            return kept
        known, padded, last = self._transformer.vocabulary_, f" {word} ", len(word) - 1
        fewest, most = self._transformer.ngram_range
        found: tuple[list[int], list[int], list[int]] = [], [], []
        for n in range(fewest, most + 1):
            for first in range(max(len(padded) - n, 0) + 1):
                column = known.get(padded[first : first + n])
                if column is not None:
                    found[0].append(column)
                    found[1].append(min(max(first - 1, 0), last))
                    found[2].append(max(min(first + n - 2, last), 0))
            if n >= len(padded):  # a shorter word is counted once
                break
        if len(self._known) >= MOST_WORDS:
            self._known.clear()
        self._known[word] = found
        return found

    def _cues(self, text: str) -> Occurrences:
        tokens = tokenize(text)
        normal, at = _normal_form(normalise_text, text)
        spans = _token_spans(tokens, normal, at)
        columns: list[int] = []
        found: list[_Range] = []
        for column, hits in self._transformer.hits(tokens).items():
            parts = [[span for span in spans[hit.start : hit.end] if span is not None] for hit in hits]
            if all(parts):
                columns += [column] * len(parts)
                found += [_span(part) for part in parts]
        return _as_arrays(columns, [start for start, _ in found], [end for _, end in found])


def _is_plain(vectorizer: TfidfVectorizer) -> bool:
    return (
        vectorizer.preprocessor in _NORMAL
        and vectorizer.tokenizer is None
        and vectorizer.stop_words is None
        and vectorizer.input == "content"
        and vectorizer.analyzer in ("word", "char_wb")
    )


def _token_spans(tokens: Sequence[str], normal: str, at: Sequence[_Range]) -> list[_Range | None]:
    """Return where each token stands in the text; None of one that doesn't stand right behind the one before it."""
    spans: list[_Range | None] = []
    place = 0
    for token in tokens:
        while place < len(normal) and normal[place] == " ":
            place += 1
        written = next((each for each in _QUOTES.get(token, (token,)) if normal.startswith(each, place)), None)
        if written is None:
            spans.append(None)
            continue
        spans.append(_span(at[place : place + len(written)]))
        place += len(written)
    return spans


def _span(parts: Sequence[_Range]) -> _Range:
    """Return the range from the first beginning to the last end; the words of a tag aren't in the text's order."""
    if len(parts) == 1:
        return parts[0]
    return min(start for start, _ in parts), max(end for _, end in parts)


def _as_arrays(columns: list[int], starts: list[int], ends: list[int]) -> Occurrences:
    return Occurrences(*(np.asarray(each, dtype=np.int64) for each in (columns, starts, ends)))


@lru_cache(maxsize=16)  # all features of a text ask for it, one after the other
def _normal_form(preprocessor: Any, text: str) -> tuple[str, list[_Range]]:
    return _NORMAL[preprocessor](text)
