"""Fits a union of words, characters and cues to the same columns as it fits itself, in less than half the time.

What a vectorizer does with its counts (which runs stay, in what order, what they weigh) is left to scikit-learn; here
they are only counted otherwise: texts are normalised once, and what a word holds is looked up once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from features.cue_batch import CueBatch, tells_columns_apart
from features.cues import SentenceCues
from features.fast_union import number_words, reads_in_normal_form
from features.ngram_batch import runs_within
from features.normalise import normal_words
from features.numbered import Lists, Numbered
from features.penn import unit_keys


def fits_fast(union: Any) -> bool:
    """Return whether an unfitted transformer is a union of features that :func:`fit_columns` knows how to fit."""
    return (
        type(union) is FeatureUnion
        and bool(union.transformer_list)
        and set(union.transformer_weights or {}) <= {name for name, _ in union.transformer_list}
        and all(
            type(each) is SentenceCues or (reads_in_normal_form(each) and each.vocabulary is None)
            for _, each in union.transformer_list
        )
    )


def fit_columns(union: FeatureUnion, texts: Sequence[str]) -> csr_matrix:
    """Fit a union for which :func:`fits_fast` holds, and return its columns of n texts, shape (n, n_columns), float64.

    The same as ``union.fit_transform(texts)``, which is called where a text isn't a string.

    Raises
    ------
    ValueError
        As the features' own ``fit`` does: no word is in the texts often enough, a lexicon is malformed.
    """
    if not all(isinstance(text, str) for text in texts):
        return union.fit_transform(texts)
    split = normal_words(texts) if len(texts) else []
    weights = union.transformer_weights or {}
    columns = []
    for name, part in union.transformer_list:
        found = _cues(part, texts, split) if isinstance(part, SentenceCues) else _tfidf(part, split)
        if (weight := weights.get(name) or 1.0) != 1:
            found = found * weight
        columns.append(found)
    return hstack(columns, format="csr")


def _cues(cues: SentenceCues, texts: Sequence[str], split: list[list[str]]) -> csr_matrix:
    cues.fit(texts)
    if not tells_columns_apart(cues):
        return cues.transform(texts)
    batch = CueBatch(cues)
    return batch.transform(*number_words(Numbered(), [unit_keys(words) if words else [] for words in split], [batch]))


def _tfidf(vectorizer: TfidfVectorizer, split: list[list[str]]) -> csr_matrix:
    if vectorizer.analyzer == "word":
        counting: Any = _CountsWords(**vectorizer.get_params(deep=False))
    else:
        counting = _CountsCharacters(**vectorizer.get_params(deep=False))
    columns = counting.fit_transform(split)
    vars(vectorizer).update(vars(counting))  # what was learnt; the settings are the same
    return columns


class _CountsCharacters(TfidfVectorizer):
    """Counts the runs of characters in texts that were split at their blanks."""

    def _count_vocab(self, raw_documents: list[list[str]], fixed_vocab: bool) -> Any:
        """Return the runs that there are and how often each text has each, as scikit-learn's own does."""
        words, runs, runs_of_word = Numbered(), Numbered(), Lists()
        numbers, starts = number_words(words, raw_documents, [])
        number = runs.__getitem__
        shortest, longest = self.ngram_range
        runs_of_word.extend([list(map(number, runs_within(word, shortest, longest))) for word in words])
        if not runs:
            return super()._count_vocab([], fixed_vocab)  # which says what is wrong
        of_texts = csr_matrix((np.ones(len(numbers), self.dtype), numbers, starts), shape=(len(starts) - 1, len(words)))
        of_words = csr_matrix(
            (np.ones(len(runs_of_word.values), self.dtype), runs_of_word.values, runs_of_word.starts),
            shape=(len(words), len(runs)),
        )
        counts = of_texts @ of_words
        counts.sort_indices()
        return dict(runs), counts


class _CountsWords(TfidfVectorizer):
    """Counts the runs of words in texts that were split at their blanks."""

    def _count_vocab(self, raw_documents: list[list[str]], fixed_vocab: bool) -> Any:
        """Return the runs that there are and how often each text has each, as scikit-learn's own does."""
        words, tokens, tokens_of_word = Numbered(), Numbered(), Lists()
        numbers, starts = number_words(words, raw_documents, [])
        self.build_analyzer()  # which checks the settings
        find, number = self.build_tokenizer(), tokens.__getitem__
        tokens_of_word.extend([list(map(number, find(word))) for word in words])
        flat, lengths = tokens_of_word.of(numbers)
        flat = flat.astype(np.int64)
        bounds = np.concatenate(([0], np.cumsum(lengths)))[starts]
        owner = np.repeat(np.arange(len(starts) - 1), np.diff(bounds))
        names = single = list(tokens)
        at, run = np.arange(len(flat)), flat
        shortest, longest = self.ngram_range
        vocabulary: list[str] = []
        rows, columns = [], []
        for length in range(1, longest + 1):
            if length > 1:
                inside = at + length - 1 < bounds[owner[at] + 1]
                at = at[inside]
                keys, run = np.unique(run[inside] * max(len(single), 1) + flat[at + length - 1], return_inverse=True)
                begun, last = np.divmod(keys, max(len(single), 1))
                names = [f"{names[a]} {single[b]}" for a, b in zip(begun.tolist(), last.tolist(), strict=True)]
            if length >= shortest:
                rows.append(owner[at])
                columns.append(run + len(vocabulary))
                vocabulary += names
        if not vocabulary:
            return super()._count_vocab([], fixed_vocab)  # which says what is wrong
        row, column = np.concatenate(rows), np.concatenate(columns)
        counts = csr_matrix((np.ones(len(row), self.dtype), (row, column)), shape=(len(starts) - 1, len(vocabulary)))
        counts.sort_indices()
        return {name: number for number, name in enumerate(vocabulary)}, counts
