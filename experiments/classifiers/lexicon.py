"""The keyword baseline: a label is given when a word of its list occurs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, ClassifierMixin

from experiments.classifiers.spec import ClassifierSpec
from features.lexicon import compile_lexicon, find_hits, tokenize


class KeywordClassifier(ClassifierMixin, BaseEstimator):
    """Probability by the number of a label's keywords in a text: 0 for none, then 0.6, 0.8, 0.87 and on to 1.

    Parameters
    ----------
    keywords : mapping of str to list of str
        Label -> entries, in the syntax of :mod:`features.lexicon`.
    labels : sequence of str
        The order of the columns.
    multilabel : bool, default True
        Whether labels are independent; if not, the columns are scaled to sum to 1, and a text without
        any keyword gets ``fallback``.

    Attributes
    ----------
    index_ : dict
        The compiled keywords.
    fallback_ : ndarray of shape (n_labels,)
        The labels' base rates in training.
    """

    def __init__(self, keywords: Mapping[str, list[str]], labels: Sequence[str], multilabel: bool = True) -> None:
        self.keywords = keywords
        self.labels = labels
        self.multilabel = multilabel

    def fit(self, X: Iterable[str], y: Any) -> Self:
        """Compile the keywords; only the base rates are learned."""
        self.index_ = compile_lexicon({label: self.keywords.get(label, []) for label in self.labels})
        y = np.asarray(y)
        rates = (y > 0).mean(axis=0) if self.multilabel else np.bincount(y, minlength=len(self.labels)) / len(y)
        self.fallback_ = np.asarray(rates, dtype=np.float64)
        self.classes_ = np.arange(len(self.labels))
        return self

    def predict_proba(self, X: Iterable[str]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        column = {label: number for number, label in enumerate(self.labels)}
        rows = []
        for text in X:
            found = np.zeros(len(self.labels))
            for hit in find_hits(self.index_, tokenize(text)):
                found[column[hit.category]] += 1
            rows.append(found)
        counts = np.asarray(rows).reshape(-1, len(self.labels))
        if self.multilabel:
            return np.asarray(np.where(counts > 0, 1 - 0.4 / np.maximum(counts, 1), 0.0))
        scores = counts + 1e-9 * self.fallback_
        return np.asarray(
            np.where(counts.sum(axis=1, keepdims=True) > 0, scores / scores.sum(axis=1, keepdims=True), self.fallback_)
        )

    def predict(self, X: Iterable[str]) -> np.ndarray:
        """Return the indicator matrix (n, n_labels) of labels with a keyword, or each row's likeliest label."""
        scores = self.predict_proba(X)
        return np.asarray(scores > 0, dtype=np.int64) if self.multilabel else np.argmax(scores, axis=1)


class Lexicon(ClassifierSpec):
    """Keyword counts: see :class:`KeywordClassifier`. Reads the text itself, so its ``features:`` list is empty.

    Parameters
    ----------
    keywords : str or mapping
        A YAML file of labels and entries, or the same inline.
    """

    reads_text: ClassVar[bool] = True
    takes_undecided: ClassVar[bool] = True

    type: Literal["lexicon"] = "lexicon"
    keywords: str | dict[str, list[str]] = Field(description="A YAML file, or labels and entries inline.")

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> KeywordClassifier:
        """Return the unfitted classifier.

        Raises
        ------
        ValueError
            If the keywords have not been read from their file, or none of them is for a label of the task.
        """
        if isinstance(self.keywords, str):
            raise ValueError(f"the keywords {self.keywords!r} have not been read")
        if not set(labels) & set(self.keywords):
            raise ValueError(f"keywords are for {sorted(self.keywords)}, and the task's labels are {list(labels)}")
        return KeywordClassifier(self.keywords, list(labels), multilabel)
