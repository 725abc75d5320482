"""Rows of scored sentences as JSONL, CSV or Parquet: each as bytes that can be put behind those of other articles."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from experiments.articles.scored import ScoredArticle
from experiments.files import harmless

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_FORMATS = ("jsonl", "csv", "parquet")

ABSTAINED = "abstained"
"""The column that says whether a sentence is left to a human, where the model leaves any."""

NOT_DECIDED = "NA"
"""What stands in CSV in place of labels that nobody decided, as in labelled rows."""


@dataclass(frozen=True)
class RowFormat:
    """How rows are written.

    Attributes
    ----------
    format : {"jsonl", "csv", "parquet"}
        Of the file.
    labels : sequence of str
        Each has a column with its score.
    limits : sequence of str
        Labels that have a column with their threshold; none in a multiclass task.
    about : sequence of str
        Columns of truth values about the target, and ``abstained``.
    keep : sequence of str
        Columns that are carried through.
    """

    format: str
    labels: Sequence[str]
    limits: Sequence[str] = ()
    about: Sequence[str] = ()
    keep: Sequence[str] = ()

    @property
    def head(self) -> str:
        """What stands before all rows."""
        if self.format != "csv":
            return ""
        numbers = [*(f"score_{label}" for label in self.labels), *(f"threshold_{label}" for label in self.limits)]
        own = ["article", "sentence", "start", "end", "text", "boilerplate", "labels"]
        return _csv_line([*own, *numbers, *self.about, *self.keep])

    @property
    def schema(self) -> "pa.Schema":
        """The columns of Parquet and their types."""
        import pyarrow as pa

        return pa.schema(
            [
                pa.field("article", pa.string(), nullable=False),
                pa.field("sentence", pa.int64(), nullable=False),
                pa.field("start", pa.int64(), nullable=False),
                pa.field("end", pa.int64(), nullable=False),
                pa.field("text", pa.string(), nullable=False),
                pa.field("boilerplate", pa.bool_(), nullable=False),
                pa.field("labels", pa.list_(pa.string()), nullable=ABSTAINED in self.about),
                *(pa.field(f"score_{label}", pa.float64()) for label in self.labels),
                *(pa.field(f"threshold_{label}", pa.float64()) for label in self.limits),
                *(pa.field(column, pa.bool_()) for column in self.about),
                *(pa.field(column, pa.string()) for column in self.keep),
            ]
        )

    def packed(self, articles: Iterable[ScoredArticle]) -> Any:
        """Return the rows of some articles: text for JSONL and CSV, a table for Parquet."""
        if self.format == "parquet":
            return self.table(articles)
        rows = (row for article in articles for row in article.rows())
        if self.format == "jsonl":
            return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        for row in rows:
            writer.writerow(self._cells(row))
        return stream.getvalue()

    def table(self, articles: Iterable[ScoredArticle]) -> "pa.Table":
        """Return the rows of some articles as a table of Arrow."""
        import pyarrow as pa

        rows = [
            {
                **{name: row[name] for name in ("article", "sentence", "start", "end", "text", "labels")},
                "boilerplate": row.get("boilerplate", False),
                **{f"score_{label}": row["scores"].get(label) for label in self.labels},
                **{f"threshold_{label}": row.get("thresholds", {}).get(label) for label in self.limits},
                **{column: row.get(column) for column in (*self.about, *self.keep)},
            }
            for article in articles
            for row in article.rows()
        ]
        return pa.Table.from_pylist(rows, schema=self.schema)

    def _cells(self, row: dict[str, Any]) -> list[Any]:
        return [
            harmless(row["article"]),
            row["sentence"],
            row["start"],
            row["end"],
            harmless(row["text"]),
            "true" if row.get("boilerplate") else "false",
            NOT_DECIDED if row["labels"] is None else harmless(";".join(row["labels"])),
            *(row["scores"].get(label, "") for label in self.labels),
            *(row.get("thresholds", {}).get(label, "") for label in self.limits),
            *(_cell(row.get(column, "")) for column in (*self.about, *self.keep)),
        ]


def _cell(value: Any) -> Any:
    return ("true" if value else "false") if isinstance(value, bool) else harmless(value)


def _csv_line(cells: Sequence[str]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(cells)
    return stream.getvalue()
