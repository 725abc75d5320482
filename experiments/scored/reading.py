"""From scored files to scored sentences, one after the other, whatever the files' form."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from experiments.config.names import SEPARATOR
from experiments.errors import InputError, short
from experiments.files import unguarded
from experiments.notices import Warn
from experiments.progress import Progress
from experiments.scored.periods import PERIODS, period_of
from experiments.tables.cells import cell_key, cell_text, is_missing
from experiments.tables.packed import endings_of
from experiments.tables.read import Rows, opened

MOST_BY = 2
"""Columns to group by at a time."""

_NEEDED = ("article", "text", "labels")
OWN = frozenset((*_NEEDED, "sentence", "start", "end", "boilerplate", "abstained", "scores", "thresholds"))
"""Columns that scoring writes."""

PER_LABEL = ("score_", "threshold_")
"""What the names of others begin with, of which there is one a label."""

_WRITTEN = frozenset(
    ("frame", "sentences", "articles", "given", "share", "low", "high", "method", "report", "labelled", "positive")
)
_LOOKED_AT = 1000  # rows of JSON after which a column that none has is missing
_TELL = 4096  # rows between two looks at how far the reading is


class Sentence(NamedTuple):
    """A scored sentence that is no boilerplate.

    ``given`` holds the numbers of its labels, ``scores`` a probability a label, ``by`` what it is grouped by (empty
    texts where a cell is missing), ``row`` its columns as they were read.
    """

    article: str
    text: str
    given: tuple[int, ...]
    scores: list[float]
    by: tuple[str, ...]
    row: Mapping[str, Any]


@dataclass(frozen=True)
class By:
    """What sentences are grouped by: the name that was given, the column, and the period of a column of dates."""

    name: str
    column: str
    period: str | None = None


def parse_by(names: Sequence[str], date: str = "date") -> tuple[By, ...]:
    """Return what is grouped by: columns, and ``day``, ``month`` and ``year``, which are taken from a column of dates.

    Raises
    ------
    InputError
        If a name stands twice, is one of the columns that scoring, profile or prevalence writes, or there are
        more than two.
    """
    if twice := next((name for name in names if list(names).count(name) > 1), None):
        raise InputError(f"--by: {twice} stands twice")
    if len(names) > MOST_BY:
        raise InputError(
            f"--by {','.join(names)}: names {len(names)} columns; give one or two, and run it again for others"
        )
    for name in names:
        if name in OWN or name.startswith(PER_LABEL):
            raise InputError(
                f"--by {name}: is what scoring says of each sentence; group by a column that score --keep carried "
                "along, or by year, month or day"
            )
        if name in _WRITTEN:
            raise InputError(f"--by {name}: the CSV has a column {name!r} of its own; rename that of the scored file")
    return tuple(By(name, date, name) if name in PERIODS else By(name, name) for name in names)


@dataclass
class Reader:
    """Reads scored files that one model wrote.

    Parameters
    ----------
    by : tuple of By
        What sentences are grouped by.
    encoding : str, optional
        Of text files; found out when left out.
    warn : callable
        Called with a line, as when an encoding was found out.
    decides_all : bool, default False
        Whether sentences that the model left to a human are yielded as well, with the labels that it would have given
        by its thresholds: they are part of what there is, whoever counts all there is.

    Attributes
    ----------
    labels : list of str
        Known from the first sentence on, in the order of the first file.
    exclusive : bool
        Whether a sentence has one label, and no label a threshold.
    boilerplate : int
        Rows that are set aside.
    abstained : int
        Sentences that the model left to a human: nobody decided their labels, so without ``decides_all`` they count
        nowhere.
    missing : list of int
        For each column that is grouped by, how many sentences have nothing there.
    thresholds_differ : bool
        Whether rows come from models, or trainings, with different thresholds.
    untouched, unknown_target : int
        Sentences without a word of the target, and of a target that was not in training.
    """

    by: tuple[By, ...] = ()
    encoding: str | None = None
    warn: Warn = lambda line: None
    decides_all: bool = False
    labels: list[str] = field(default_factory=list)
    boilerplate: int = 0
    abstained: int = 0
    thresholds_differ: bool = False
    untouched: int = 0
    unknown_target: int = 0

    def __post_init__(self) -> None:
        self.missing = [0] * len(self.by)
        self._numbers: dict[str, int] = {}
        self._file = ""  # whose labels those are
        self._thresholds: dict[str, Any] | None = None
        self._given: dict[str, tuple[int, ...]] = {}  # of cells of CSV

    @property
    def exclusive(self) -> bool:
        """Whether a sentence has one label, and no label a threshold."""
        return not self._thresholds

    def sentences(self, files: Sequence[tuple[str, Path]], shown: Progress | None = None) -> Iterator[Sentence]:
        """Yield the sentences that are no boilerplate.

        Parameters
        ----------
        files : sequence of (str, Path)
            What each is called, and where it is.
        shown : Progress, optional
            Told how far the reading is.

        Raises
        ------
        InputError
            If a file is none that ``framescope score`` wrote, is damaged, has other labels than those before it or
            lacks a column that is grouped by; if a cell is not what it should be, with its row.
        """
        done = 0
        for number, (name, path) in enumerate(files):
            with opened(path, name, self.encoding, warn=self.warn) as table:
                for sentence in self._of_table(table, name, endings_of(path.name)[0]):
                    if sentence is not None:
                        yield sentence
                    done += 1
                    if shown is not None and not done % _TELL:
                        share = table.share()
                        shown.at((number + (share or 0.0)) / len(files), f"{done:,} rows")

    def _of_table(self, table: Rows, name: str, ending: str) -> Iterator[Sentence | None]:
        if table.columns is not None:
            self._check_columns(table.columns, name)
        delimited = ending in (".csv", ".tsv")
        scored = [column for column in table.columns or [] if column.startswith("score_")]
        limits = [column for column in table.columns or [] if column.startswith("threshold_")]
        sought = {by.column for by in self.by} if table.columns is None else set()
        seen: dict[str, None] = {}
        read = 0
        for number, row in table.rows:
            read += 1
            if table.columns is None:
                if read == 1:
                    self._check_columns(list(row), name, grouped=False)
                if sought:
                    seen.update(dict.fromkeys(row))
                    sought -= row.keys()
                    if sought and read == _LOOKED_AT:
                        self._lacks(sought, list(seen), name)
            if delimited:
                row = {column: unguarded(cell) for column, cell in row.items()}
            try:
                yield self._sentence(row, scored, limits, name)
            except ValueError as error:
                raise InputError(f"{name} {table.unit} {number}: {error}") from None
        if sought and read:
            self._lacks(sought, list(seen), name)

    def _check_columns(self, there: Sequence[str], name: str, grouped: bool = True) -> None:
        lacking = [column for column in _NEEDED if column not in there]
        has_scores = "scores" in there or any(column.startswith("score_") for column in there)
        if lacking or not has_scores:
            column = lacking[0] if lacking else "scores"
            raise InputError(
                f"{name}: is no scored file: it has no column {column!r}; it has {_shown(there)} (framescope score "
                "writes what is wanted)"
            )
        if grouped:
            self._lacks({by.column for by in self.by} - set(there), there, name)

    def _lacks(self, columns: set[str], there: Sequence[str], name: str) -> None:
        """Raise if there is a column to group by that a file hasn't."""
        by = next((by for by in self.by if by.column in columns), None)
        if by is None:
            return
        own = [column for column in there if column not in OWN and not column.startswith(PER_LABEL)]
        has = f"it has {_shown(own)}" if own else "it has none to group by"
        dates = "; name the column of dates with --date" if by.period else ""
        raise InputError(
            f"{name}: has no column {by.column!r} for --by {by.name}; {has}{dates} (framescope score --keep carries "
            "columns along)"
        )

    def _sentence(
        self, row: Mapping[str, Any], scored: Sequence[str], limits: Sequence[str], name: str
    ) -> Sentence | None:
        """Return a row's sentence; None for boilerplate, also of an unscored file, and if left to a human."""
        if _is_true(row.get("boilerplate")):
            self.boilerplate += 1
            return None
        scores = row.get("scores")
        if not isinstance(scores, dict):
            scores = {column[6:]: row.get(column) for column in scored}
        if not scores:
            raise ValueError("has no scores and is no boilerplate; score the articles again")
        if not self._numbers:
            self.labels = list(scores)
            self._numbers = {label: number for number, label in enumerate(scores)}
            self._file = name
        elif scores.keys() != self._numbers.keys():
            raise ValueError(
                f"has the labels {_shown(list(scores))}, but {self._file} has {_shown(self.labels)}; give what one "
                "model scored at a time"
            )
        thresholds = row.get("thresholds")
        if not isinstance(thresholds, dict):
            thresholds = {column[10:]: row.get(column) for column in limits}
        if thresholds != self._thresholds:
            if self._thresholds is None:
                self._thresholds = dict(thresholds)
            else:
                self._thresholds_changed(thresholds)
        abstained = _is_true(row.get("abstained"))
        self.abstained += abstained
        if abstained and not self.decides_all:
            return None
        article = row.get("article")
        if not isinstance(article, str) or not article.strip():
            article = cell_key(article)
            if not article:
                raise ValueError("names no article")
        text = row.get("text")
        self._about_target(row)
        found = [_probability(scores[label], label) for label in self.labels]
        return Sentence(
            article,
            text if isinstance(text, str) else cell_text(text),
            self._decided(found, thresholds) if abstained else self._labels_of(row.get("labels")),
            found,
            self._groups(row),
            row,
        )

    def _decided(self, scores: Sequence[float], thresholds: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the labels that the model would have given."""
        if not thresholds:
            return (scores.index(max(scores)),)
        limits = [float(thresholds[label]) for label in self.labels]
        return tuple(at for at, (score, limit) in enumerate(zip(scores, limits, strict=True)) if score >= limit)

    def _thresholds_changed(self, thresholds: Mapping[str, Any]) -> None:
        now, then = (
            {key: float(value) for key, value in each.items()} for each in (thresholds, self._thresholds or {})
        )
        self.thresholds_differ = self.thresholds_differ or now != then

    def _about_target(self, row: Mapping[str, Any]) -> None:
        if "touches_target" in row and not is_missing(row["touches_target"]):
            self.untouched += not _is_true(row["touches_target"])
        if "target_in_training" in row and not is_missing(row["target_in_training"]):
            self.unknown_target += not _is_true(row["target_in_training"])

    def _labels_of(self, cell: Any) -> tuple[int, ...]:
        if isinstance(cell, list):
            if not cell:
                return ()
            try:
                return tuple({self._numbers[label] for label in cell})
            except (KeyError, TypeError):
                strange = next(label for label in cell if not isinstance(label, str) or label not in self._numbers)
                raise ValueError(f"labels has {short(strange)}, which has no score") from None
        if not isinstance(cell, str):
            raise ValueError(f"labels is {short(cell)}, and must list labels")
        if cell not in self._given:
            self._given[cell] = tuple({self._numbers[label] for label in self._split(cell)})
        return self._given[cell]

    def _split(self, cell: str) -> list[str]:
        """Return the labels of a cell; one may hold the separator, but then it is no list of others."""
        found: list[str] = []
        waiting = ""
        for part in cell.split(SEPARATOR) if cell.strip() else ():
            waiting = f"{waiting}{SEPARATOR}{part}" if waiting else part
            if waiting.strip() in self._numbers:
                found.append(waiting.strip())
                waiting = ""
        if waiting:
            raise ValueError(f"labels has {short(waiting)}, which has no column score_{waiting[:40]}")
        return found

    def _groups(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        if not self.by:
            return ()
        groups = []
        for at, by in enumerate(self.by):
            cell = row.get(by.column)
            try:
                key = period_of(cell, by.period) if by.period else cell_key(cell)
            except ValueError as error:
                raise ValueError(f"column {by.column!r}: {error}") from None
            if not key:
                self.missing[at] += 1
            groups.append(key)
        return tuple(groups)


def _probability(cell: Any, label: str) -> float:
    try:
        number = cell if type(cell) is float else float(cell)
    except (TypeError, ValueError):
        raise ValueError(f"the score of {label} is {short(cell)}, and must be a number from 0 to 1") from None
    if not 0 <= number <= 1:
        raise ValueError(f"the score of {label} is {number}, and must be from 0 to 1")
    return number


def _is_true(cell: Any) -> bool:
    return cell is True or (isinstance(cell, str) and cell.strip().lower() == "true")


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
