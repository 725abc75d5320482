"""Labels the sentences of articles, in batches that go across them."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from experiments.articles.read import Article
from experiments.articles.scored import ScoredArticle
from experiments.model import SentenceClassifier, rounded
from experiments.model.explained import WORD, Explained


def score_articles(
    classifier: SentenceClassifier, articles: Iterable[Article], batch_size: int = 2048, explain: int | None = None
) -> Iterator[ScoredArticle]:
    """Score articles in their order, batching sentences across them.

    Parameters
    ----------
    classifier : SentenceClassifier
        Never sees boilerplate. One that knows its training targets also tells whether the sentences touch its target.
    articles : iterable of Article
        Read only as far as a batch needs, so memory holds about one batch, or the longest article.
    batch_size : int, default 2048
        Sentences a call of the classifier.
    explain : int, optional
        Also say what each answer rests on (:meth:`SentenceClassifier.explain`), with so many pieces a label in the rows
        and the sum of the others; 0 for all pieces.
    """
    waiting: list[Article] = []
    sentences = 0
    for article in articles:
        waiting.append(article)
        sentences += max(len(article.sentences), 1)
        if sentences >= batch_size:
            yield from _score(classifier, waiting, batch_size, explain)
            waiting, sentences = [], 0
    yield from _score(classifier, waiting, batch_size, explain)


def known_target(classifier: SentenceClassifier) -> bool | None:
    """Return whether the target to score for was in training; None without one, or where the model can't tell."""
    if classifier.known_targets is None or classifier.target is None:
        return None
    return classifier.known_targets.knows(classifier.target)


def _score(
    classifier: SentenceClassifier, articles: Sequence[Article], batch_size: int, explain: int | None
) -> Iterator[ScoredArticle]:
    # a hard-wrapped sentence is one line to the classifier, as those it has learnt from are
    texts = [
        " ".join(sentence.text.split()) if "\n" in sentence.text else sentence.text
        for article in articles
        for sentence in article.sentences
        if not sentence.boilerplate
    ]
    width = len(classifier.labels)
    probabilities = np.zeros((len(texts), width))
    decided = np.zeros((len(texts), width), dtype=np.int8)
    left = np.zeros(len(texts), dtype=bool)
    for start in range(0, len(texts), batch_size):
        batch = slice(start, start + batch_size)
        probabilities[batch] = classifier.predict_proba(texts[batch])
        decided[batch] = classifier.decide(probabilities[batch])
        left[batch] = classifier.abstains(probabilities[batch])
    withheld = left & decided.any(axis=1)
    decided[left] = 0  # no label is given; that none is lacking either, `abstained` says
    thresholds = classifier.given_from
    probabilities = rounded(probabilities, thresholds.values())
    known, target = classifier.known_targets, classifier.target
    touching = None if known is None or target is None else known.touching(texts, target)
    explained = None if explain is None else classifier.explain(texts)
    at = 0
    for article in articles:
        shown = np.asarray([not sentence.boilerplate for sentence in article.sentences], dtype=bool)
        end = at + int(shown.sum())
        abstained = None
        if classifier.decides_from is not None:
            abstained = np.full(len(shown), None, dtype=object)
            abstained[shown] = left[at:end]
        p = np.full((len(shown), width), np.nan)
        y = np.zeros((len(shown), width), dtype=np.int8)
        p[shown], y[shown] = probabilities[at:end], decided[at:end]
        touches = None
        if touching is not None:
            touches = np.full(len(shown), None, dtype=object)
            touches[shown] = touching[at:end]
        held_back = int(withheld[at:end].sum())
        at = end
        whys = None if explained is None else _of_article(article, explained)
        named = classifier.labels, p, y, thresholds, touches, known_target(classifier)
        yield ScoredArticle(article, *named, abstained, held_back, whys, explain or 0)


def _of_article(article: Article, explained: Iterator[Explained]) -> list[Explained | None]:
    """Return what the answers to an article's sentences rest on, by the characters of the sentences as they stand."""
    found: list[Explained | None] = []
    for sentence in article.sentences:
        if sentence.boilerplate:
            found.append(None)
            continue
        why = next(explained)
        found.append(why.moved(_one_line(sentence.text)) if "\n" in sentence.text else why)
    return found


def _one_line(text: str) -> list[int]:
    """Return which of a text's characters are left of it when it is put on one line."""
    words = [match.span() for match in WORD.finditer(text)]
    kept: list[int] = []
    for start, end in words:
        kept += [start - 1] * bool(kept)  # one blank for all
        kept += range(start, end)
    return kept
