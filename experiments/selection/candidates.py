"""From a table of sentences to those that could be labelled next, one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config.schema import Columns, Data
from experiments.corpus.rows import label_names, need
from experiments.errors import InputError, short
from experiments.files import find_file, unguarded
from experiments.model import fingerprint
from experiments.notices import Warn
from experiments.progress import Progress
from experiments.tables.cells import cell_key, cell_text, is_missing
from experiments.tables.packed import endings_of
from experiments.tables.read import Rows, opened, read_table
from experiments.tables.table import table_of

ARTICLE = "article"
"""Column that says what belongs together in scored files, and in others that have no column of groups."""

OWN = ("selected_by", "probability")
"""Columns that a selection writes."""

SCORES, PER_LABEL = ("scores", "thresholds"), ("score_", "threshold_")
"""What holds a model's answers: objects in JSON lines, or columns that begin so."""

_LOOKED_AT = 1000  # rows of JSON after which a column that none has is missing
_TELL = 2048  # rows between two looks at how far the reading is


@dataclass(frozen=True, eq=False)
class Candidate:
    """A sentence that could be labelled.

    Attributes
    ----------
    row : dict
        As it was read.
    number : int
        Its line, or its place in the file.
    text : str
        The sentence.
    target : str or None
        What its stance is about.
    article : str or None
        What it is of; None of a row that names nothing, which is an article of its own.
    key : int
        Of 64 bits: the same for the same sentence (about the same target), whatever its case and typography.
    probabilities : list of float or None
        One a label, of a file that was scored.
    """

    row: dict[str, Any]
    number: int
    text: str
    target: str | None
    article: str | None
    key: int
    probabilities: list[float] | None = None

    @property
    def wording(self) -> str:
        """The text, after its target if it has one: what must not be asked twice."""
        return wording(self.text, self.target)


@dataclass
class LeftOut:
    """How many rows are no candidates, and why; each counts once, for the first reason that holds.

    Attributes
    ----------
    no_text, boilerplate : int
        Without a text, or marked as no text of the article.
    labelled : int
        Labelled already: in the file itself, or the same sentence is among those named as labelled.
    trained_on : int
        The model was trained on the sentence.
    repeated : int
        The same sentence came before.
    near : int
        Nearly the same as a sentence that is labelled or chosen, or as a more doubtful one; of these only the most
        doubtful sentences are compared.
    """

    no_text: int = 0
    boilerplate: int = 0
    labelled: int = 0
    trained_on: int = 0
    repeated: int = 0
    near: int = 0


def wording(text: str, target: str | None) -> str:
    """Return a text, after its target if it has one."""
    return text if target is None else f"{target}: {text}"


def key_of(text: str, target: str | None = None) -> int:
    """Return 64 bits that stand for a sentence (about a target), whatever its case and typography.

    Nor does it count whether an apostrophe keeps spreadsheets from running the sentence, as in CSV that the kit writes.
    """
    return int(fingerprint(wording(unguarded(text), unguarded(target))), 16)


@dataclass
class Reader:
    """Reads the candidates of a table.

    Parameters
    ----------
    data : Data
        Which column holds what.
    targeted : bool
        Whether the model reads targets, of which each row must have one then.
    known : set of int
        Keys of labelled sentences.
    trained_on : callable
        Says whether the model was trained on a text (about a target).
    rescored : bool
        Whether the file's own scores are passed over.
    say : callable
        Called with a line for what the user should know.

    Attributes
    ----------
    left_out : LeftOut
        Counted up.
    rows, found : int
        All rows, and the candidates among them.
    labels, thresholds
        Of a scored file: the labels in their order and, where they are independent, their thresholds.
    scored : bool or None
        Whether the file was scored; None before the first row.
    grouped : bool
        Whether a row said what it is of.
    """

    data: Data
    targeted: bool = False
    known: set[int] = field(default_factory=set)
    trained_on: Callable[[str, str | None], bool] = lambda text, target: False
    rescored: bool = False
    say: Warn = lambda line: None
    left_out: LeftOut = field(default_factory=LeftOut)
    rows: int = 0
    found: int = 0
    labels: list[str] = field(default_factory=list)
    thresholds: list[float] | None = None
    scored: bool | None = None
    grouped: bool = False

    def __post_init__(self) -> None:
        self._limits: dict[str, Any] = {}

    def candidates(self, name: str, shown: Progress | None = None) -> Iterator[Candidate]:
        """Yield the candidates of a file.

        Raises
        ------
        InputError
            If the file can't be read, is empty or has no texts; a column that the user named is missing; a cell is not
            what it should be, with its row.
        """
        seen = set(self.known)
        with _opened(name, self.data, self.say) as table:
            guarded = endings_of(Path(name).name)[0] in (".csv", ".tsv")
            first, names = _beginning(table)
            self._look(names, name)
            for number, row in chain(first, table.rows):
                self.rows += 1
                if shown is not None and not self.rows % _TELL:
                    shown.at(table.share(), f"{self.rows:,} sentences")
                if self.scored and guarded:
                    row = {column: unguarded(cell) for column, cell in row.items()}
                try:
                    candidate = self._candidate(row, number)
                except ValueError as error:
                    raise InputError(f"{name} {table.unit} {number}: {error}") from None
                if candidate is None:
                    continue
                if candidate.key in self.known:
                    self.left_out.labelled += 1
                elif self.trained_on(candidate.text, candidate.target):
                    self.left_out.trained_on += 1
                elif candidate.key in seen:
                    self.left_out.repeated += 1
                else:
                    seen.add(candidate.key)
                    self.found += 1
                    yield candidate
        if self.left_out.no_text == self.rows:
            raise InputError(f"{name}: column {self.data.columns.text!r} holds no text in any of its {self.rows} rows")

    def _look(self, names: Sequence[str], name: str) -> None:
        """Look at which columns there are."""
        if not names:
            raise InputError(f"{name}: holds no rows")
        there = table_of([dict.fromkeys(names)], name)
        columns, usual = self.data.columns, Columns()
        need(there, columns.text, "text")
        for what in ("id", "group"):
            if getattr(columns, what) != getattr(usual, what):
                need(there, getattr(columns, what), what)
        if columns.target is not None:
            need(there, columns.target, "target")
        elif self.targeted:
            raise InputError(
                f"{name}: the model tells the stance to a target, and no column says which: name it with "
                f"--target-column (there are {', '.join(there.column_names)})"
            )
        if own := next((column for column in OWN if column in there.columns), None):
            raise InputError(f"{name}: has a column {own!r}, which a selection writes itself; rename or remove it")
        self.scored = has_scores(there.column_names)

    def _candidate(self, row: dict[str, Any], number: int) -> Candidate | None:
        column = self.data.columns.text
        cell = row.get(column)
        if not (isinstance(cell, str | bytes) or is_missing(cell)):
            raise ValueError(f"column {column!r} has {short(cell)}, which is no text")
        text = cell_text(cell)
        if not text.strip():
            self.left_out.no_text += 1
            return None
        if cell_key(row.get("boilerplate")).lower() == "true":
            self.left_out.boilerplate += 1
            return None
        if not self.scored and self._is_labelled(row):
            self.left_out.labelled += 1
            return None
        target = None
        if self.targeted:
            target = cell_text(row.get(str(self.data.columns.target))).strip()
            if not target:
                raise ValueError(f"has no target in column {self.data.columns.target!r}; fill or remove the row")
        article = cell_key(row.get(self.data.columns.group)) or cell_key(row.get(ARTICLE))
        self.grouped = self.grouped or bool(article)
        scores = self._scores(row) if self.scored and not self.rescored else None
        return Candidate(row, number, text, target, article or None, key_of(text, target), scores)

    def _is_labelled(self, row: Mapping[str, Any]) -> bool:
        labels = self.data.columns.labels
        if not isinstance(labels, str):
            flags = labels.values() if isinstance(labels, dict) else labels
            return any(not is_missing(row.get(column)) for column in flags)
        column = labels if labels in row or labels != Columns().labels else "label"
        return column in row and label_names(row[column], self.data) is not None

    def _scores(self, row: Mapping[str, Any]) -> list[float]:
        scores, thresholds = (_per_label(row, *names) for names in zip(SCORES, PER_LABEL, strict=True))
        if not scores:
            raise ValueError("has no scores and is no boilerplate; score the file again, or name a model with --model")
        if not self.labels:
            self.labels, self._limits = list(scores), thresholds
            if thresholds:
                self.thresholds = [_probability(thresholds.get(label), label, "threshold") for label in self.labels]
        elif scores.keys() != set(self.labels):
            raise ValueError(
                f"has the labels {', '.join(map(str, scores))}, and the rows before {', '.join(self.labels)}; select "
                "from what one model scored"
            )
        elif thresholds != self._limits:
            raise ValueError("has other thresholds than the rows before; select from what one model scored")
        return [_probability(scores[label], label, "score") for label in self.labels]


def columns_of(name: str, data: Data) -> list[str]:
    """Return the columns of a file; of JSON those of its first 1,000 rows."""
    with _opened(name, data, lambda line: None) as table:
        return _beginning(table)[1]


def has_scores(names: Sequence[str]) -> bool:
    """Return whether columns are those of a scored file."""
    return "scores" in names or any(name.startswith("score_") for name in names)


def _beginning(table: Rows) -> tuple[list[tuple[int, dict[str, Any]]], list[str]]:
    """Return the first rows of a table, and the names of its columns."""
    first = list(islice(table.rows, _LOOKED_AT))
    return first, list(dict.fromkeys(table.columns or [column for _, row in first for column in row]))


@contextmanager
def _opened(name: str, data: Data, say: Warn) -> Iterator[Rows]:
    if name.startswith("hub:"):
        table = read_table(name, data.encoding, data.header, say)
        yield Rows(table.column_names, table.unit, iter(list(zip(table.numbers, table.records(), strict=True))))
        return
    if (path := find_file(name)).is_dir():
        raise InputError(f"{name}: is a folder; name one table (framescope score -o scored.parquet writes one file)")
    with opened(path, name, data.encoding, data.header, say) as rows:
        yield rows


def _per_label(row: Mapping[str, Any], column: str, prefix: str) -> dict[str, Any]:
    if isinstance(row.get(column), dict):
        return dict(row[column])
    return {key[len(prefix) :]: cell for key, cell in row.items() if key.startswith(prefix) and not is_missing(cell)}


def _probability(cell: Any, label: str, what: str) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = np.nan
    if not 0 <= number <= 1:
        raise ValueError(f"the {what} of {label} is {short(cell)}, and must be a number from 0 to 1")
    return number
