"""Scores articles that are rows of a Spark DataFrame, on Spark's executors, which need framescope installed."""

import hashlib
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from experiments.articles.batches import Scorer, batched, score_batch
from experiments.articles.inputs import Columns, Document
from experiments.articles.write import row_format
from experiments.errors import InputError, cut, short
from experiments.model import SentenceClassifier
from experiments.tables.cells import cell_key, cell_text, is_missing

if TYPE_CHECKING:
    import pyarrow as pa

CORRUPT = "_corrupt_record"
"""The column in which Spark's readers put what is no row."""

TEXTS = ("string", "binary")
"""Types that a column with texts may have, as Spark names them; ``varchar(n)`` and ``char(n)`` are strings there."""

EXAMPLES = 5
"""Rows left out that are named."""


@dataclass
class Tally:
    """What has been scored, added up over tasks.

    Attributes
    ----------
    counts : Counter of str
        rows, empty, left_out, articles, sentences, boilerplate, untouched, and ``label:NAME`` for each label.
    left_out : list of str
        Lines about the first few rows that were left out.
    """

    counts: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


class Adding:
    """How Spark's accumulator adds tallies; it needs these two names, and no base class."""

    def zero(self, value: Tally) -> Tally:
        """Return nothing."""
        return Tally()

    def addInPlace(self, one: Tally, other: Tally) -> Tally:  # noqa: N802
        """Add a tally to another."""
        one.counts.update(other.counts)
        one.left_out = [*one.left_out, *other.left_out][:EXAMPLES]
        return one


def scored_frame(
    frame: Any,
    classifier: SentenceClassifier,
    text: str = "text",
    id: str = "id",
    keep: Sequence[str] = (),
    on_error: str = "stop",
) -> Any:
    """Return the sentences of articles, scored: a row a sentence, as ``framescope score -o x.parquet`` writes them.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        One article a row. Rows without text have no sentences.
    classifier : SentenceClassifier
        As ``experiments.load_model`` gives it; sent to each executor once. A stance model needs its target first
        (``classifier.towards("...")``).
    text, id : str
        Columns with the text and with what the article is called.
    keep : sequence of str, default ()
        Columns that every sentence carries on, as text.
    on_error : {"stop", "skip"}
        Whether a row that can't be scored (no id, a text of more than 20 million characters) ends the job, or is left
        out.

    Returns
    -------
    pyspark.sql.DataFrame
        article, sentence, start, end, text, boilerplate, labels, a ``score_`` column for each label, a ``threshold_``
        column for each in a task of several labels a sentence, target_in_training and touches_target of a stance model
        that knows its training targets, and the columns kept. Nothing is scored before an action asks for it.

    Raises
    ------
    InputError
        If a column is missing or holds no texts, a kept one is called as one of the output's own, or the frame is of
        Spark Connect, which sends no broadcasts. A row at fault makes Spark's job fail with that error's line in it.
    """
    if on_error not in ("stop", "skip"):
        raise InputError(f"on_error {on_error!r}: choose skip or stop")
    return score_rows(frame, classifier, Columns(text, id, tuple(keep)), on_error == "skip")


def score_rows(
    frame: Any,
    classifier: SentenceClassifier,
    columns: Columns,
    lenient: bool = False,
    tally: Any = None,
    file: Any = None,
) -> Any:
    """Return the sentences of articles as :func:`scored_frame` does.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        May have a column :data:`CORRUPT`.
    classifier, columns
        As there.
    lenient : bool, default False
        Whether rows that can't be scored are left out.
    tally : pyspark.Accumulator, optional
        Of a :class:`Tally`.
    file : pyspark.sql.Column, optional
        The file that a row is from, for messages.
    """
    rows = row_format(classifier, "parquet", columns.keep)
    check_columns(frame, columns)
    from pyspark.sql import functions
    from pyspark.sql.pandas.types import from_arrow_schema

    corrupt = frame[CORRUPT] if CORRUPT in frame.columns else functions.lit(None).cast("string")
    picked = frame.select(
        _column(frame, columns.id).alias("id"),
        _column(frame, columns.text).alias("text"),
        corrupt.alias("corrupt"),
        (functions.lit("") if file is None else file).alias("file"),
        *(_column(frame, name).alias(f"kept_{at}") for at, name in enumerate(columns.keep)),
    )
    # what only training needs isn't sent
    scorer = Scorer(replace(classifier, trained_on=frozenset(), held_out=None), rows)
    content = pickle.dumps(scorer, protocol=pickle.HIGHEST_PROTOCOL)
    digest = hashlib.sha256(content).hexdigest()
    sent = _context(frame).broadcast(content)

    def score(batches: Iterable["pa.RecordBatch"]) -> Iterator["pa.RecordBatch"]:
        return score_task(batches, digest, sent, columns, lenient, tally)

    return picked.mapInArrow(score, from_arrow_schema(rows.schema))


def check_columns(frame: Any, columns: Columns) -> None:
    """Make sure that a frame has the columns.

    Raises
    ------
    InputError
        If it lacks one, or that with the text holds something else.
    """
    there = [name for name in frame.columns if name != CORRUPT]
    shown = ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")
    wanted = [(columns.text, "for the text", "--text"), (columns.id, "for the id, which Spark needs", "--id")]
    for name, what, option in [*wanted, *((name, "to keep", "--keep") for name in columns.keep)]:
        if name not in there:
            raise InputError(f"the articles have no column {name!r} {what}; they have {shown} (name one with {option})")
    kind = dict(frame.dtypes)[columns.text]
    if kind.partition("(")[0] not in (*TEXTS, "varchar", "char"):
        raise InputError(
            f"column {columns.text!r} is of type {short(kind)}, which is no text; name another with --text"
        )


def score_task(
    batches: Iterable["pa.RecordBatch"],
    digest: str,
    sent: Any,
    columns: Columns,
    lenient: bool,
    tally: Any = None,
) -> Iterator["pa.RecordBatch"]:
    """Score what an executor's Python process gets of the articles.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        With columns id, text, corrupt, file, kept_0, kept_1 and so on.
    digest : str
        Of the broadcast's bytes.
    sent : pyspark.Broadcast
        A pickled :class:`Scorer`.
    columns : Columns
        What they were called.
    lenient : bool
        Whether rows that can't be scored are left out.
    tally : pyspark.Accumulator, optional
        Of a :class:`Tally`.
    """
    scorer = _scorer(digest, sent)
    done = Tally()

    def left_out(line: str) -> None:
        done.counts["left_out"] += 1
        if len(done.left_out) < EXAMPLES:
            done.left_out.append(line)

    for batch in batched(_documents(batches, columns, lenient, done.counts, left_out)):
        scored = score_batch(scorer, batch)
        if scored.error is not None:
            raise InputError(scored.error)
        for line in scored.skipped:
            left_out(line)
        for name in ("articles", "sentences", "boilerplate", "untouched"):
            done.counts[name] += getattr(scored.counts, name)
        for label, count in zip(scorer.classifier.labels, scored.counts.labels, strict=True):
            done.counts[f"label:{label}"] += count
        yield from scored.rows.to_batches()
    if tally is not None:
        tally.add(done)


def _documents(
    batches: Iterable["pa.RecordBatch"],
    columns: Columns,
    lenient: bool,
    counts: Counter[str],
    left_out: Callable[[str], None],
) -> Iterator[Document]:
    """Yield the articles of rows; those without text are counted, those at fault left out or raised."""
    for batch in batches:
        for row in batch.to_pylist():
            counts["rows"] += 1
            article = cell_key(row["id"])
            where = f"{row['file'] or 'the table'} row {article}" if article else row["file"] or "the table"
            if not is_missing(row["corrupt"]):
                fault = f"{where}: a line is no row of the table: {cut(row['corrupt'].strip())}"
            elif not (text := cell_text(row["text"])).strip():
                counts["empty"] += 1
                continue
            elif not article:
                fault = (
                    f"{where}: a row has no id in column {columns.id!r}, and Spark knows no line numbers to call it "
                    f"by: {cut(text.strip())}"
                )
            else:
                kept = {name: cell_text(row[f"kept_{at}"]) for at, name in enumerate(columns.keep)}
                yield Document(article, where, content=text, kept=kept, in_folder=lenient)
                continue
            if not lenient:
                raise InputError(f"{fault} (--on-error skip leaves such rows out)")
            left_out(fault)


class _Own:
    """What this process has been sent: tasks come by the hundred, and a model is unpacked for the first."""

    digest: str | None = None
    scorer: Scorer


def _scorer(digest: str, sent: Any) -> Scorer:
    if _Own.digest != digest:
        _Own.scorer, _Own.digest = pickle.loads(sent.value), digest
    return _Own.scorer


def _column(frame: Any, name: str) -> Any:
    from pyspark.sql import functions

    return functions.col("`" + name.replace("`", "``") + "`")  # a dot in a name would lead into a structure


def _context(frame: Any) -> Any:
    try:
        return frame.sparkSession.sparkContext
    except Exception:
        raise InputError(
            "a session of Spark Connect sends no model to its executors; use a classic one (spark://, yarn, k8s://)"
        ) from None
