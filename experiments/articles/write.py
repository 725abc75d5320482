"""Writes scored articles as JSONL, CSV, Parquet or a page to read, one row a sentence."""

import io
import itertools
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from experiments.articles.batches import Batch, Counts, Scorer, score_batches
from experiments.articles.inputs import Document
from experiments.articles.page import score_page
from experiments.articles.parts import MANIFEST, Job, Parts, folder_beside, parts_in, write_rows, write_text
from experiments.articles.read import Article, article_of
from experiments.articles.rows import ABSTAINED, RowFormat
from experiments.articles.score import known_target, score_articles
from experiments.articles.scored import ScoredArticle
from experiments.errors import InputError
from experiments.files import shown_paths
from experiments.model import SentenceClassifier
from experiments.notices import Warn, to_stderr
from experiments.output import check_output, writing
from experiments.progress import Progress
from features.target_touch import named

PART = 20_000
"""Sentences from which on a part of a long output is written."""

FORMATS = ("jsonl", "csv", "parquet", "html")

OWN_COLUMNS = (
    "article",
    "sentence",
    "start",
    "end",
    "text",
    "boilerplate",
    "labels",
    "scores",
    "thresholds",
    ABSTAINED,
)
"""What the output says of each sentence; no column of the input can be kept under these names."""

TARGET_COLUMNS = ("target_in_training", "touches_target")
"""What it says besides if a stance model knows its training targets."""

PAGE_ARTICLES = 200
PAGE_SENTENCES = 20_000
"""What one page shows at most: a browser has to lay it out, and a person to read it."""


@dataclass
class ScoreSummary:
    """What was scored and how fast.

    Attributes
    ----------
    articles, sentences, boilerplate : int
        How many were read; ``sentences`` counts boilerplate too.
    labels : dict of str to int
        How many sentences got each label.
    target : str or None
        What the stance is about, for a stance model.
    target_in_training : bool or None
        Whether the target was in training; None where the model can't tell.
    untouched : int or None
        How many sentences have no word of the target and none that goes with it; None likewise.
    abstained : int or None
        How many sentences are left to a human; None where the model decides all.
    withheld : int
        How many of these would have got a label.
    labelled : int
        How many sentences got a label.
    skipped : int
        How many files in folders could not be read.
    rows_left_out : int
        How many rows of tables could not.
    duplicates : tuple of (int, int) or None
        How many articles had come before word for word, and nearly so; None if nobody looked.
    seconds, sentences_per_second : float
        Time from the first article read to the last row written, and sentences over it.
    """

    articles: int = 0
    sentences: int = 0
    boilerplate: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    target: str | None = None
    target_in_training: bool | None = None
    untouched: int | None = None
    abstained: int | None = None
    withheld: int = 0
    labelled: int = 0
    skipped: int = 0
    rows_left_out: int = 0
    duplicates: tuple[int, int] | None = None
    seconds: float = 0.0
    sentences_per_second: float = 0.0


def format_of(output: Path | None, format: str | None = None) -> str:
    """Return the format to write: the one asked for, the one of the output's ending, or JSONL.

    Raises
    ------
    InputError
        If there is no such format, or the ending names none.
    """
    if format is not None:
        if format.lower() not in FORMATS:
            raise InputError(f"--format {format}: there is no such format; choose {', '.join(FORMATS)}")
        return format.lower()
    if output is None:
        return "jsonl"
    guessed = {"ndjson": "jsonl", "htm": "html"}.get(ending := output.suffix.lower().lstrip("."), ending)
    if guessed not in FORMATS:
        raise InputError(f"{output}: the ending names no format; end it in .{', .'.join(FORMATS)}, or give --format")
    return guessed


@dataclass(frozen=True)
class Going:
    """How a job goes.

    Attributes
    ----------
    jobs : int, default 1
        Processes.
    resume : bool, default False
        Whether to go on after the parts that an earlier job has left.
    job : callable, optional
        Returns what tells the job from another; without it no parts are kept.
    shown : Progress, optional
        Told how far it is.
    explain : int, optional
        Also write what each answer rests on, as :func:`experiments.articles.score.score_articles` has it: in JSONL with
        so many pieces a label (0 for all), on a page by shading words.
    """

    jobs: int = 1
    resume: bool = False
    job: Job | None = None
    shown: Progress | None = None
    explain: int | None = None


ALONE = Going()
"""One process, and no parts."""


def score_to(
    classifier: SentenceClassifier,
    documents: Iterable[Article | Document],
    output: Path | None = None,
    format: str | None = None,
    batch_size: int = 2048,
    warn: Warn = to_stderr,
    keep: Sequence[str] = (),
    inputs: Sequence[str | Path] = (),
    skip: Warn | None = None,
    going: Going = ALONE,
    folder: bool = False,
) -> ScoreSummary:
    """Score documents and write one row a sentence, or the page that shows them.

    Parameters
    ----------
    classifier : SentenceClassifier
        A trained classifier.
    documents : iterable of Article or Document
        As :func:`experiments.articles.read.read_articles` or :func:`experiments.articles.inputs.read_documents` give
        them. Memory holds some batches of them, and at most :data:`PART` sentences' rows.
    output : Path, optional
        The file, which appears only when everything is written, or the folder of parts; standard output by default.
    format : {"jsonl", "csv", "parquet", "html"}, optional
        By default what the output's ending says, Parquet in a folder, and JSONL on standard output.
    batch_size : int, default 2048
        Sentences a call of the classifier.
    warn : callable
        Called with a line when a page can't show everything, and when the target was not in training.
    keep : sequence of str, default ()
        Columns of the articles' tables that every row carries on (not the page).
    inputs : sequence of str or Path, default ()
        Everything that is read meanwhile: no output goes there.
    skip : callable, optional
        Called with the line of each document in a folder that can't be read; by default `warn` is, with "; skipped".
    going : Going
        Processes, and what to do about parts.
    folder : bool, default False
        Whether the output is a folder of parts with a manifest.

    Returns
    -------
    ScoreSummary
        What was scored; the reader of a closed pipe gets a part, and so the summary counts that part.

    Raises
    ------
    InputError
        If the format is unknown, needs a file, or the file can't be written or is an input; and as documents are read.
    UnfinishedError
        If a process was killed.
    """
    chosen = "parquet" if folder and format is None else format_of(output, format)
    if chosen == "parquet" and output is None:
        raise InputError(
            "--format parquet: is binary and can't go to standard output; name a file with -o FILE.parquet"
        )
    if chosen == "html" and (folder or going.resume):
        raise InputError("a page has no parts; write JSONL, CSV or Parquet")
    if going.explain is not None and chosen not in ("jsonl", "html"):
        raise InputError(f"--explain: {chosen} has no place for what answers rest on; write .jsonl or .html")
    check_output(output / MANIFEST if folder and output else output, inputs)
    rows = row_format(classifier, chosen, keep)
    known = known_target(classifier)
    if note := unknown_target(classifier):
        warn(f"note: {note}")
    leave_out = skip or (lambda line: warn(f"{line}; skipped"))
    started = time.perf_counter()
    counts = Counts(labels=[0] * len(classifier.labels))
    if chosen == "html":
        _write_page(classifier, documents, output, batch_size, warn, leave_out, counts, going.explain)
    else:
        job = _Job(Scorer(classifier, rows, batch_size, going.explain), documents, going, warn, leave_out, counts)
        if output is None:
            with _standard_output() as stream:
                job.to_stream(stream)
        elif folder:
            job.to_folder(output)
        else:
            job.to_file(output)
    summary = ScoreSummary(
        articles=counts.articles,
        sentences=counts.sentences,
        boilerplate=counts.boilerplate,
        labels=dict(zip(classifier.labels, counts.labels, strict=True)),
        target=classifier.target,
        skipped=counts.skipped,
        abstained=None if classifier.decides_from is None else counts.abstained,
        withheld=counts.withheld,
        labelled=counts.labelled,
    )
    if known is not None:
        summary.target_in_training, summary.untouched = known, counts.untouched
    summary.seconds = time.perf_counter() - started
    summary.sentences_per_second = summary.sentences / summary.seconds if summary.seconds else 0.0
    return summary


@dataclass
class _Job:
    """Rows on their way from documents to an output."""

    scorer: Scorer
    documents: Iterable[Article | Document]
    going: Going
    warn: Warn
    skip: Warn
    counts: Counts

    def to_stream(self, stream: IO[str]) -> None:
        head = self.scorer.rows.head
        for batch in self._batches(0):
            write_text(stream, self.scorer.rows, [batch.rows], head=bool(head))
            stream.flush()
            head = ""
        stream.write(head)

    def to_file(self, output: Path) -> None:
        """Write a file; what is more than a part waits beside it until all is there."""
        beside = folder_beside(output)
        go_on = self.going.resume and beside.is_dir()
        if self.going.resume and not go_on:
            self.warn(f"note: {output} has no parts to go on after; begun anew")
        elif not go_on:
            shutil.rmtree(beside, ignore_errors=True)  # of a job that was ended
        batches = self._batches(0)
        first = _Content()
        if not go_on:
            for batch in batches:
                first.add(batch)
                if self.going.job is not None and first.counts.sentences >= PART:
                    break
            else:
                write_rows(output, self.scorer.rows, first.rows)
                return
        assert self.going.job is not None
        with self._parts(beside, whole=False) as parts:
            if go_on:
                batches = self._go_on(parts)
            rest = self._fill(parts, batches, first)
            with writing(output) as temporary:
                parts.together(temporary, rest.rows)
        shutil.rmtree(beside, ignore_errors=True)

    def to_folder(self, output: Path) -> None:
        with self._parts(output, whole=True) as parts:
            if self.going.resume and not parts.done:
                self.warn(f"note: {output} has no parts to go on after; begun anew")
            if parts.complete:
                self.warn(f"note: {output} is complete; nothing was left to do")
                self.counts.add(parts.counts)
                return
            rest = self._fill(parts, self._go_on(parts), _Content())
            if rest.documents or not parts.done:
                rest.to(parts)
            parts.finish()

    def _go_on(self, parts: Parts) -> Iterator[Batch]:
        self.counts.add(parts.counts)
        if self.going.shown is not None:
            self.going.shown.went_on(parts.share)
        return self._batches(parts.documents)

    def _batches(self, passed: int) -> Iterator[Batch]:
        """Yield batches after those documents that are done already, and tell of what happens."""
        documents = itertools.islice(self.documents, passed, None) if passed else self.documents
        for batch in score_batches(self.scorer, documents, self.going.jobs):
            for line in batch.notes:
                self.warn(line)
            for line in batch.skipped:
                self.skip(line)
            self.counts.add(batch.counts)
            if self.going.shown is not None:
                done = f"{self.counts.articles:,} articles, {self.counts.sentences:,} sentences"
                self.going.shown.at(batch.share, done)
            yield batch
            if batch.error is not None:
                raise InputError(batch.error)

    @contextmanager
    def _parts(self, folder: Path, whole: bool) -> Iterator[Parts]:
        """Open parts; if the job ends early, say what has been done."""
        job = self.going.job() if self.going.job is not None else {}
        with parts_in(folder, self.scorer.rows, job, whole, self.going.resume) as parts:
            try:
                yield parts
            except BaseException:
                if parts.done:
                    self.warn(
                        f"note: {parts.counts.articles:,} articles are done and kept in {folder}; "
                        "the same command with --resume goes on after them"
                    )
                elif not whole:
                    shutil.rmtree(folder, ignore_errors=True)
                raise

    def _fill(self, parts: Parts, batches: Iterator[Batch], content: "_Content") -> "_Content":
        """Write part after part, and return what is left over."""
        if content.counts.sentences >= PART:
            content.to(parts)
            content = _Content()
        for batch in batches:
            content.add(batch)
            if content.counts.sentences >= PART:
                content.to(parts)
                content = _Content()
        return content


@dataclass
class _Content:
    """What some batches have together."""

    rows: list[Any] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    documents: int = 0
    share: float | None = None

    def add(self, batch: Batch) -> None:
        if batch.error is not None:  # such a batch isn't done
            return
        self.rows.append(batch.rows)
        self.counts.add(batch.counts)
        self.documents += batch.documents
        self.share = batch.share

    def to(self, parts: Parts) -> None:
        parts.add(self.rows, self.counts, self.documents, self.share)


def row_format(classifier: SentenceClassifier, format: str, keep: Sequence[str] = ()) -> RowFormat:
    """Return how the rows of a model's sentences are written.

    Raises
    ------
    InputError
        If a column to keep is called as one of the output's own.
    """
    about = () if known_target(classifier) is None else TARGET_COLUMNS
    if classifier.decides_from is not None:
        about = (*about, ABSTAINED)
    per_label = ("score_", "threshold_")
    if taken := next((col for col in keep if col in (*OWN_COLUMNS, *about) or col.startswith(per_label)), None):
        raise InputError(f"--keep {taken}: the output has a column {taken!r} of its own; rename that of the input")
    return RowFormat(format, classifier.labels, tuple(classifier.given_from), about, tuple(keep))


def unknown_target(classifier: SentenceClassifier) -> str:
    """Return what to know of a target that was not in training, or nothing if it was, or nobody can tell."""
    known = classifier.known_targets
    if known is None or classifier.target is None or known.knows(classifier.target):
        return ""
    return (
        f"the target {classifier.target!r} was not in training: the stance to it is carried over from other targets "
        f"and less reliable; in training were {named(known.names)}"
    )


@contextmanager
def _standard_output() -> Iterator[IO[str]]:
    """Yield standard output as UTF-8; a reader that hangs up (``| head``) is no error."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # something that only takes text stands in for it
        yield sys.stdout
        return
    sys.stdout.flush()
    stream = io.TextIOWrapper(buffer, encoding="utf-8", newline="", write_through=False)
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        with suppress(OSError, ValueError):  # or Python complains about the pipe when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        with suppress(BrokenPipeError, ValueError):
            stream.detach()


def _write_page(
    classifier: SentenceClassifier,
    documents: Iterable[Article | Document],
    output: Path | None,
    batch_size: int,
    warn: Warn,
    skip: Warn,
    counts: Counts,
    explain: int | None,
) -> None:
    """Write the page, for which articles are read and scored here, one after the other."""

    def articles() -> Iterator[Article]:
        for document in documents:
            if isinstance(document, Article):
                yield document
                continue
            try:
                yield article_of(document, warn)
            except InputError as error:
                if not document.in_folder:
                    raise
                counts.skipped += 1
                skip(str(error).replace("\n", "\\n"))

    def counted() -> Iterator[ScoredArticle]:
        for scored in score_articles(classifier, articles(), batch_size, explain):
            yield scored
            counts.count(scored)

    if output is None:
        with _standard_output() as stream:
            _write_html(stream, counted(), classifier, warn)
    else:
        with writing(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
            _write_html(stream, counted(), classifier, warn)


def _write_html(stream: IO[str], articles: Iterator[ScoredArticle], classifier: SentenceClassifier, warn: Warn) -> None:
    shown: list[ScoredArticle] = []
    sentences = 0
    limit = ""
    for scored in articles:
        room = PAGE_SENTENCES - sentences
        if len(shown) == PAGE_ARTICLES or room <= 0:
            limit = f"This page shows the first {len(shown):,} articles; those after them were not scored."
            break
        if len(scored.article.sentences) > room:
            scored = _first_sentences(scored, room)
            (last,) = shown_paths([scored.article.id])
            limit = f"This page ends after {PAGE_SENTENCES:,} sentences, in {last}; the rest is not shown."
        shown.append(scored)
        sentences += len(scored.article.sentences)
        if limit:
            break
    if limit:
        limit += " Write JSONL, CSV or Parquet for all of it."
        warn(limit)
    stream.write(score_page(shown, classifier.labels, limit, classifier.target, unknown_target(classifier)))


def _first_sentences(scored: ScoredArticle, n: int) -> ScoredArticle:
    article = scored.article
    sentences = article.sentences[:n]
    text = article.text[: sentences[-1].end]
    return replace(
        scored,
        article=Article(article.id, text, sentences, article.kept),
        probabilities=scored.probabilities[:n],
        decided=scored.decided[:n],
        touches=None if scored.touches is None else scored.touches[:n],
        abstained=None if scored.abstained is None else scored.abstained[:n],
        explained=None if scored.explained is None else scored.explained[:n],
    )
