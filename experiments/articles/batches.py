"""Scores documents a batch at a time, in processes where there is enough to do, and yields them in their order."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.articles.inputs import Document
from experiments.articles.read import Article, article_of
from experiments.articles.rows import RowFormat
from experiments.articles.score import score_articles
from experiments.articles.scored import ScoredArticle
from experiments.errors import InputError
from experiments.model import SentenceClassifier
from experiments.model.pool import in_processes, slim

LARGE = 200_000
"""Characters from which on a batch is full: some 1,500 sentences, which a classifier takes in one call."""

MANY = 500
"""Documents from which on it is."""


@dataclass(frozen=True)
class Scorer:
    """What a process needs to score a batch.

    Attributes
    ----------
    classifier : SentenceClassifier
        As for :func:`experiments.articles.score.score_articles`.
    rows : RowFormat
        How rows are written.
    batch_size : int
        Sentences a call of the classifier.
    explain : int, optional
        As for :func:`experiments.articles.score.score_articles`.
    """

    classifier: SentenceClassifier
    rows: RowFormat
    batch_size: int = 2048
    explain: int | None = None


@dataclass
class Counts:
    """What has been scored.

    Attributes
    ----------
    articles, sentences, boilerplate : int
        How many.
    labels : list of int
        How many sentences got each label.
    untouched : int
        How many have no word of the target.
    abstained : int
        How many are left to a human.
    withheld : int
        How many of these would have got a label.
    labelled : int
        How many sentences got a label.
    skipped : int
        How many documents could not be read.
    """

    articles: int = 0
    sentences: int = 0
    boilerplate: int = 0
    labels: list[int] = field(default_factory=list)
    untouched: int = 0
    skipped: int = 0
    abstained: int = 0
    withheld: int = 0
    labelled: int = 0

    def add(self, more: "Counts") -> None:
        """Add what another part has."""
        for name in (
            "articles",
            "sentences",
            "boilerplate",
            "untouched",
            "skipped",
            "abstained",
            "withheld",
            "labelled",
        ):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.labels = [a + b for a, b in itertools.zip_longest(self.labels, more.labels, fillvalue=0)]

    def count(self, scored: ScoredArticle) -> None:
        """Count an article."""
        self.articles += 1
        self.sentences += len(scored.article.sentences)
        self.boilerplate += sum(sentence.boilerplate for sentence in scored.article.sentences)
        given = scored.decided.sum(axis=0).tolist()
        self.labels = [a + int(b) for a, b in itertools.zip_longest(self.labels, given, fillvalue=0)]
        self.untouched += scored.untouched
        self.abstained += sum(scored.left)
        self.withheld += scored.withheld
        self.labelled += int(scored.decided.any(axis=1).sum())


@dataclass
class Batch:
    """What came of some documents.

    Attributes
    ----------
    rows : str or pyarrow.Table
        Of the articles, in the form asked for.
    counts : Counts
        What they hold.
    notes : list of str
        Lines for the user.
    skipped : list of str
        Lines of documents in folders and archives that can't be read.
    documents : int
        How many there were.
    share : float or None
        How much of the input has been read with them.
    error : str or None
        Why a document ended the job; the rows are those of the documents before it.
    """

    rows: Any
    counts: Counts
    notes: list[str]
    skipped: list[str]
    documents: int
    share: float | None
    error: str | None = None


def score_batch(scorer: Scorer, documents: Sequence[Document | Article]) -> Batch:
    """Read documents, score their sentences and write their rows."""
    notes: list[str] = []
    skipped: list[str] = []
    articles: list[Article] = []
    error = None
    for document in documents:
        if isinstance(document, Article):
            articles.append(document)
            continue
        try:
            articles.append(article_of(document, notes.append))
        except InputError as fault:
            if not document.in_folder:
                error = str(fault)
                break
            skipped.append(str(fault).replace("\n", "\\n"))
    counts = Counts(labels=[0] * len(scorer.classifier.labels), skipped=len(skipped))
    scored = list(score_articles(scorer.classifier, articles, scorer.batch_size, scorer.explain))
    for each in scored:
        counts.count(each)
    share = getattr(documents[-1], "share", None) if documents else None
    return Batch(scorer.rows.packed(scored), counts, notes, skipped, len(documents), share, error)


def score_batches(
    scorer: Scorer, documents: Iterable[Document | Article], jobs: int = 1, alone: float | None = None
) -> Iterator[Batch]:
    """Score documents and yield them in batches, in their order, whatever the number of processes.

    The arguments are those of :func:`experiments.model.pool.in_processes`, which says what is raised.
    """
    sent = replace(scorer, classifier=slim(scorer.classifier)) if jobs > 1 else scorer
    return in_processes(score_batch, sent, batched(documents), jobs, alone, lambda batch: batch.share)


def batched(documents: Iterable[Document | Article]) -> Iterator[list[Document | Article]]:
    """Yield documents a batch at a time; a fault in reading on comes after those before it."""
    batch: list[Document | Article] = []
    size = 0
    source = iter(documents)
    while True:
        try:
            document = next(source)
        except StopIteration:
            break
        except InputError:
            if batch:
                yield batch
            raise
        batch.append(document)
        size += len(document.text) if isinstance(document, Article) else document.size
        if size >= LARGE or len(batch) >= MANY:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
