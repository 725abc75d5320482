"""An article with what a classifier says of its sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.articles.read import Article


@dataclass(frozen=True, slots=True)
class ScoredArticle:
    """An article with what the classifier says of its sentences.

    Attributes
    ----------
    article : Article
        n sentences.
    labels : sequence of str
        The names of the columns.
    probabilities : ndarray of shape (n, n_labels)
        Rounded to four digits; NaN where a sentence is boilerplate.
    decided : ndarray of shape (n, n_labels), int8
        1 where the sentence has the label.
    """

    article: Article
    labels: Sequence[str]
    probabilities: np.ndarray
    decided: np.ndarray

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a sentence, as the design calls a scored sentence."""
        for index, sentence in enumerate(self.article.sentences):
            row: dict[str, Any] = {
                "article": self.article.id,
                "sentence": index,
                "start": sentence.start,
                "end": sentence.end,
                "text": sentence.text,
                "labels": [label for label, given in zip(self.labels, self.decided[index], strict=True) if given],
                "scores": {},
                **self.article.kept,
            }
            if sentence.boilerplate:
                row["boilerplate"] = True
            else:
                row["scores"] = dict(zip(self.labels, self.probabilities[index].tolist(), strict=True))
            yield row
