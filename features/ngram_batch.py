"""TF-IDF of word and character runs for many texts at once, by what each word holds, kept from text to text."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from features.numbered import Lists, Numbered


class WordRuns:
    """Counts a fitted vectorizer's word n-grams, token numbers in the place of tokens.

    A run of words is found by the number of the run without its last word, and the number of that word.

    Parameters
    ----------
    vectorizer : TfidfVectorizer
        A fitted one of words, whose tokens never cross a blank.
    """

    def __init__(self, vectorizer: TfidfVectorizer) -> None:
        self._vectorizer = vectorizer
        self._find = re.compile(vectorizer.token_pattern).findall
        shortest, longest = vectorizer.ngram_range
        self._tokens = Numbered()
        terms = list(vectorizer.vocabulary_)
        lengths = np.fromiter((term.count(" ") + 1 for term in terms), dtype=np.int64, count=len(terms))
        numbers = np.asarray([self._tokens[token] for token in " ".join(terms).split(" ")], dtype=np.int64)
        columns = np.fromiter(vectorizer.vocabulary_.values(), dtype=np.int64, count=len(terms))
        begins = np.cumsum(lengths) - lengths
        by_length = [np.flatnonzero(lengths == n) if n >= shortest else lengths[:0] for n in range(1, longest + 1)]
        runs = [numbers[begins[at][:, np.newaxis] + np.arange(n)] for n, at in enumerate(by_length, 1)]
        self._levels = list(self._numbered(runs, [columns[at] for at in by_length]))
        self._tokens_of_word = Lists()

    def _numbered(
        self, runs: Sequence[np.ndarray], columns: Sequence[np.ndarray]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the keys of the runs of each length, sorted, and their columns (-1 for one that only begins others)."""
        n = max(len(self._tokens), 1)
        begun = [np.zeros(len(each), dtype=np.int64) for each in runs]  # the number of what each begins with
        for at in range(len(runs)):
            key = [start * n + each[:, at] for start, each in zip(begun[at:], runs[at:], strict=True)]
            keys = np.unique(np.concatenate(key)) if at else np.arange(n)
            begun[at:] = [np.searchsorted(keys, each) for each in key]
            column_of = np.full(len(keys), -1, dtype=np.int64)
            column_of[begun[at]] = columns[at]
            yield keys, column_of

    def learn(self, words: list[str]) -> None:
        """Take in words, as they stand between blanks, in the order of their numbers."""
        number, find = self._tokens.get, self._find
        self._tokens_of_word.extend([[number(token, -1) for token in find(word)] for word in words])

    def transform(self, words: np.ndarray, starts: np.ndarray) -> csr_matrix:
        """Return the TF-IDF of n texts, shape (n, n_columns), from the numbers of their words and where each begins."""
        tokens, lengths = self._tokens_of_word.of(words)
        bounds = np.concatenate(([0], np.cumsum(lengths)))[starts]
        n = len(starts) - 1
        owner = np.repeat(np.arange(n), np.diff(bounds))
        at = np.flatnonzero(tokens >= 0)
        run = tokens[at].astype(np.int64)
        rows, columns = [], []
        for length, (keys, column_of) in enumerate(self._levels, 1):
            if length > 1:
                inside = at + length - 1 < bounds[owner[at] + 1]
                at, run = at[inside], run[inside]
                last = tokens[at + length - 1]
                key = run * max(len(self._tokens), 1) + last
                run = np.searchsorted(keys, key)
                there = (last >= 0) & (keys[np.minimum(run, len(keys) - 1)] == key) if len(keys) else last < -1
                at, run = at[there], run[there]
            column = column_of[run]
            rows.append(owner[at[column >= 0]])
            columns.append(column[column >= 0])
        row, column = np.concatenate(rows), np.concatenate(columns)
        counts = csr_matrix(
            (np.ones(len(row), dtype=np.int32), (row, column)), shape=(n, len(self._vectorizer.vocabulary_))
        )
        return _weighed(counts, self._vectorizer)


class CharacterRuns:
    """Counts a fitted vectorizer's character n-grams within words.

    The runs of a word are looked up once; a text's counts are those of its words, added up as the product of two
    sparse matrices.

    Parameters
    ----------
    vectorizer : TfidfVectorizer
        A fitted one whose analyzer is ``char_wb``.
    """

    def __init__(self, vectorizer: TfidfVectorizer) -> None:
        self._vectorizer = vectorizer
        self._runs_of_word = Lists()
        self._ones = np.ones(0, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._runs_of_word.values)

    def learn(self, words: list[str]) -> None:
        """Take in words, as they stand between blanks, in the order of their numbers."""
        shortest, longest = self._vectorizer.ngram_range
        column = self._vectorizer.vocabulary_.get
        self._runs_of_word.extend(
            [[at for at in map(column, runs_within(word, shortest, longest)) if at is not None] for word in words]
        )

    def transform(self, words: np.ndarray, starts: np.ndarray) -> csr_matrix:
        """Return the TF-IDF of n texts, shape (n, n_columns), from the numbers of their words and where each begins."""
        runs, n_words = self._runs_of_word, len(self._runs_of_word)
        n_columns = len(self._vectorizer.vocabulary_)
        if len(runs.values) > len(self._ones):
            self._ones = np.ones(2 * len(runs.values), dtype=np.int32)
        of_texts = csr_matrix((np.ones(len(words), dtype=np.int32), words, starts), shape=(len(starts) - 1, n_words))
        ones = self._ones[: len(runs.values)]
        of_words = csr_matrix((ones, runs.values, runs.starts), shape=(n_words, n_columns))
        return _weighed(of_texts @ of_words, self._vectorizer)


def runs_within(word: str, shortest: int, longest: int) -> list[str]:
    """Return a word's character n-grams as scikit-learn's ``char_wb`` has them: with a blank on both sides.

    A word that is shorter than a run is one run by itself, and of no greater length another.

    Examples
    --------
    >>> runs_within("un", 3, 5)
    [' un', 'un ', ' un ']
    """
    word = f" {word} "
    size = len(word)
    found: list[str] = []
    for n in range(shortest, longest + 1):
        if size <= n:
            found.append(word)
            break
        found += [word[at : at + n] for at in range(size - n + 1)]
    return found


def _weighed(counts: csr_matrix, vectorizer: TfidfVectorizer) -> csr_matrix:
    """Return counts as the vectorizer weighs them."""
    tfidf = vectorizer._tfidf
    if tfidf.sublinear_tf:
        most = int(counts.data.max(initial=1))
        values = (1.0 + np.log(np.arange(1, most + 1, dtype=np.float64)))[counts.data - 1]
    else:
        values = counts.data.astype(np.float64)
    if tfidf.use_idf:
        values *= tfidf.idf_[counts.indices]
    weighed = csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
    return weighed if tfidf.norm is None else normalize(weighed, norm=tfidf.norm, copy=False)
