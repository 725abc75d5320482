"""An article with what a classifier says of its sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from experiments.articles.read import Article
from experiments.model.explained import Explained


def lack_of(target_in_training: bool | None) -> str:
    """Return what a sentence lacks that doesn't touch the target.

    It isn't called off the topic: a quarter to a half of the texts that take a side lack such words (docs/stance.md).
    """
    return "neither a word of the target nor one that goes with it" if target_in_training else "no word of the target"


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
        1 where the sentence has the label; 0 throughout where it is left to a human.
    thresholds : mapping of str to float
        Label -> the probability from which on it is given; empty in a multiclass task.
    touches : ndarray of shape (n,) or None
        Whether each sentence has a word of the target or one that goes with it (None for boilerplate); None for the
        whole article where there is no target, or the model doesn't know which it was trained on.
    target_in_training : bool or None
        Whether the target was in training; None likewise.
    abstained : ndarray of shape (n,) or None
        Whether each sentence is left to a human (None for boilerplate); None for the whole article where the model
        decides all.
    withheld : int
        How many of those left would have got a label.
    explained : sequence of (Explained or None), optional
        What each answer rests on, by the sentence's own characters; None for boilerplate.
    pieces : int, default 20
        How many of a label's strongest pieces a row lists of it, 0 for all.
    """

    article: Article
    labels: Sequence[str]
    probabilities: np.ndarray
    decided: np.ndarray
    thresholds: Mapping[str, float] = field(default_factory=dict)
    touches: np.ndarray | None = None
    target_in_training: bool | None = None
    abstained: np.ndarray | None = None
    withheld: int = 0
    explained: Sequence[Explained | None] | None = None
    pieces: int = 20

    @property
    def left(self) -> list[bool]:
        """Whether each sentence is left to a human; its labels are not decided then."""
        if self.abstained is None:
            return [False] * len(self.article.sentences)
        return [bool(each) for each in self.abstained.tolist()]

    @property
    def untouched(self) -> int:
        """How many sentences have no word of the target and none that goes with it."""
        return 0 if self.touches is None else sum(touches is False for touches in self.touches.tolist())

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield one row a sentence, as the design calls a scored sentence.

        The labels of one that is left to a human are None: nobody decided them, as in labelled rows.
        """
        left = self.left
        for index, sentence in enumerate(self.article.sentences):
            row: dict[str, Any] = {
                "article": self.article.id,
                "sentence": index,
                "start": sentence.start,
                "end": sentence.end,
                "text": sentence.text,
                "labels": None
                if left[index]
                else [label for label, given in zip(self.labels, self.decided[index], strict=True) if given],
                "scores": {},
                **self.article.kept,
            }
            if self.target_in_training is not None:
                row["target_in_training"] = self.target_in_training
            if self.touches is not None and not sentence.boilerplate:
                row["touches_target"] = bool(self.touches[index])
            if self.abstained is not None and not sentence.boilerplate:
                row["abstained"] = left[index]
            if sentence.boilerplate:
                row["boilerplate"] = True
            else:
                row["scores"] = dict(zip(self.labels, self.probabilities[index].tolist(), strict=True))
                if self.thresholds:
                    row["thresholds"] = dict(self.thresholds)
                if self.explained is not None and (why := self.explained[index]) is not None:
                    row |= why.dump(self.pieces)
            yield row
