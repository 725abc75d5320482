"""The sentences that are surest to have a label: one an article, no text twice."""

from dataclasses import dataclass

SHOWN_SENTENCES = 10

_KEPT = 60  # of which the shown are chosen
_LONGEST = 2000  # characters of a sentence that are kept


@dataclass(frozen=True)
class TypicalSentence:
    """A sentence with its label's score, its article and what it is grouped by."""

    score: float
    text: str
    article: str
    by: tuple[str, ...] = ()


class Typical:
    """Keeps the sentences of a label with the highest scores.

    Of an article only the highest is kept, of a text the first that has it; equal scores are kept in the order of the
    files. Memory holds some dozens of sentences, whatever the number read.
    """

    def __init__(self) -> None:
        self._by_article: dict[str, TypicalSentence] = {}
        self._texts: dict[str, str] = {}  # form -> article
        self._least = -1.0

    def add(self, score: float, text: str, article: str, by: tuple[str, ...] = ()) -> None:
        """Look at a sentence that has the label."""
        if score <= self._least:
            return
        form = _form(text)
        holder = self._texts.get(form)
        if holder is not None and (holder == article or self._by_article[holder].score >= score):
            return
        own = self._by_article.get(article)
        if own is not None and own.score >= score:
            return
        if holder is not None:
            self._remove(holder)
        if own is not None:
            self._remove(article)
        self._by_article[article] = TypicalSentence(score, text[:_LONGEST], article, by)
        self._texts[form] = article
        if len(self._by_article) > _KEPT:
            # of those with equal scores the latest goes
            last = min(enumerate(self._by_article.values()), key=lambda each: (each[1].score, -each[0]))[1]
            self._remove(last.article)
            self._least = min(each.score for each in self._by_article.values())

    def best(self, most: int = SHOWN_SENTENCES) -> list[TypicalSentence]:
        """Return the sentences with the highest scores, highest first."""
        return sorted(self._by_article.values(), key=lambda each: -each.score)[:most]

    def _remove(self, article: str) -> None:
        gone = self._by_article.pop(article)
        self._texts = {form: holder for form, holder in self._texts.items() if holder != gone.article}


def _form(text: str) -> str:
    return " ".join(text.casefold().split())[:_LONGEST]
