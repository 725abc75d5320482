"""Writes scored articles as JSONL, CSV, Parquet or a page to read, one row a sentence."""

import csv
import io
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from experiments.articles.page import score_page
from experiments.articles.read import Article
from experiments.articles.score import known_target, score_articles
from experiments.articles.scored import ScoredArticle
from experiments.errors import InputError
from experiments.files import harmless, shown_paths
from experiments.model import SentenceClassifier
from experiments.notices import Warn, to_stderr
from experiments.output import check_output, writing
from features.target_touch import named

FORMATS = ("jsonl", "csv", "parquet", "html")

OWN_COLUMNS = ("article", "sentence", "start", "end", "text", "boilerplate", "labels", "scores", "thresholds")
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
    skipped : int
        How many files in folders could not be read.
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
    skipped: int = 0
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


def score_to(
    classifier: SentenceClassifier,
    articles: Iterable[Article],
    output: Path | None = None,
    format: str | None = None,
    batch_size: int = 2048,
    warn: Warn = to_stderr,
    keep: Sequence[str] = (),
    inputs: Sequence[str | Path] = (),
) -> ScoreSummary:
    """Score articles and write one row a sentence, or the page that shows them.

    Parameters
    ----------
    classifier : SentenceClassifier
        A trained classifier.
    articles : iterable of Article
        As :func:`experiments.articles.read.read_articles` gives them.
    output : Path, optional
        The file, which appears only when everything is written; standard output by default.
    format : {"jsonl", "csv", "parquet", "html"}, optional
        By default what the output's ending says, and JSONL on standard output.
    batch_size : int, default 2048
        Sentences a call of the classifier.
    warn : callable
        Called with a line when a page can't show everything, and when the target was not in training.
    keep : sequence of str, default ()
        Columns of the articles' tables that every row carries on (not the page).
    inputs : sequence of str or Path, default ()
        Everything that is read meanwhile: no output goes there.

    Returns
    -------
    ScoreSummary
        What was scored; the reader of a closed pipe gets a part, and so the summary counts that part.

    Raises
    ------
    InputError
        If the format is unknown, needs a file, or the file can't be written or is an input.
    """
    chosen = format_of(output, format)
    if chosen == "parquet" and output is None:
        raise InputError(
            "--format parquet: is binary and can't go to standard output; name a file with -o FILE.parquet"
        )
    check_output(output, inputs)
    known = known_target(classifier)
    about = () if known is None else TARGET_COLUMNS
    per_label = ("score_", "threshold_")
    if taken := next((col for col in keep if col in (*OWN_COLUMNS, *about) or col.startswith(per_label)), None):
        raise InputError(f"--keep {taken}: the output has a column {taken!r} of its own; rename that of the input")
    if note := unknown_target(classifier):
        warn(f"note: {note}")
    summary = ScoreSummary(labels=dict.fromkeys(classifier.labels, 0), target=classifier.target)
    if known is not None:
        summary.target_in_training, summary.untouched = known, 0
    started = time.perf_counter()
    counted = _counted(score_articles(classifier, articles, batch_size), summary)

    def write_text(stream: IO[str]) -> None:
        if chosen == "html":
            _write_html(stream, counted, classifier, warn)
        elif chosen == "csv":
            _write_csv(stream, counted, classifier, (*about, *keep))
        else:
            _write_jsonl(stream, counted)

    if output is None:
        with _standard_output() as stream:
            write_text(stream)
    else:
        with writing(output) as temporary:
            if chosen == "parquet":
                _write_parquet(temporary, counted, classifier, about, keep)
            else:
                with temporary.open("w", encoding="utf-8", newline="") as stream:
                    write_text(stream)
    summary.seconds = time.perf_counter() - started
    summary.sentences_per_second = summary.sentences / summary.seconds if summary.seconds else 0.0
    return summary


def _counted(scored: Iterator[ScoredArticle], summary: ScoreSummary) -> Iterator[ScoredArticle]:
    for article in scored:
        yield article
        summary.articles += 1
        summary.sentences += len(article.article.sentences)
        summary.boilerplate += sum(sentence.boilerplate for sentence in article.article.sentences)
        for label, count in zip(article.labels, article.decided.sum(axis=0).tolist(), strict=True):
            summary.labels[label] += count
        if article.touches is not None and summary.untouched is not None:
            summary.untouched += article.untouched


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


def _write_jsonl(stream: IO[str], articles: Iterator[ScoredArticle]) -> None:
    for scored in articles:
        for row in scored.rows():
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_csv(
    stream: IO[str], articles: Iterator[ScoredArticle], classifier: SentenceClassifier, more: Sequence[str]
) -> None:
    labels, thresholds = classifier.labels, classifier.given_from
    writer = csv.writer(stream, lineterminator="\n")
    header = ["article", "sentence", "start", "end", "text", "boilerplate", "labels"]
    numbers = [*(f"score_{label}" for label in labels), *(f"threshold_{label}" for label in thresholds)]
    writer.writerow([*header, *numbers, *more])
    for scored in articles:
        for row in scored.rows():
            writer.writerow(
                [
                    harmless(row["article"]),
                    row["sentence"],
                    row["start"],
                    row["end"],
                    harmless(row["text"]),
                    "true" if row.get("boilerplate") else "false",
                    harmless(";".join(row["labels"])),
                    *(row["scores"].get(label, "") for label in labels),
                    *(row.get("thresholds", {}).get(label, "") for label in thresholds),
                    *(_cell(row.get(column, "")) for column in more),
                ]
            )


def _cell(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else harmless(value)


def _write_parquet(
    path: Path,
    articles: Iterator[ScoredArticle],
    classifier: SentenceClassifier,
    about: Sequence[str],
    keep: Sequence[str],
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    labels, thresholds = classifier.labels, classifier.given_from

    schema = pa.schema(
        [
            pa.field("article", pa.string(), nullable=False),
            pa.field("sentence", pa.int64(), nullable=False),
            pa.field("start", pa.int64(), nullable=False),
            pa.field("end", pa.int64(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field("boilerplate", pa.bool_(), nullable=False),
            pa.field("labels", pa.list_(pa.string()), nullable=False),
            *(pa.field(f"score_{label}", pa.float64()) for label in labels),
            *(pa.field(f"threshold_{label}", pa.float64()) for label in thresholds),
            *(pa.field(column, pa.bool_()) for column in about),
            *(pa.field(column, pa.string()) for column in keep),
        ]
    )
    with pq.ParquetWriter(path, schema) as writer:
        for rows in _chunks((row for scored in articles for row in scored.rows()), 20_000):
            table = [
                {
                    **{name: row[name] for name in ("article", "sentence", "start", "end", "text", "labels")},
                    "boilerplate": row.get("boilerplate", False),
                    **{f"score_{label}": row["scores"].get(label) for label in labels},
                    **{f"threshold_{label}": row.get("thresholds", {}).get(label) for label in thresholds},
                    **{column: row.get(column) for column in (*about, *keep)},
                }
                for row in rows
            ]
            writer.write_table(pa.Table.from_pylist(table, schema=schema))


def _chunks(rows: Iterator[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


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
    )
