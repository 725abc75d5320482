"""Rows that several annotators labelled, read from any labelled file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.config.schema import Columns, Data
from experiments.errors import InputError, short
from experiments.measures.reliability import LabelSet
from experiments.notices import Warn
from experiments.tables.cells import cell_key, is_missing
from experiments.tables.json_rows import parsed
from experiments.tables.read import read_table
from experiments.tables.table import Table

NESTED = "annotators"
"""Column that may hold all annotators' labels as ``{"a": [...], "b": [...]}``."""

PREFIXES = ("labels_", "label_")
"""What the columns of single annotators begin with; the first prefix that two columns have is taken."""

NO_LABEL = ("-", "[]")
"""Cells that say: seen, and no label given. "none" is not one: it is a label of its own in many stance tasks."""


@dataclass(frozen=True)
class Annotations:
    """What each annotator gave each row.

    Attributes
    ----------
    name : str
        The file.
    ids, groups : list of str
        One entry a row.
    labels : list of str
        In the order in which they are shown.
    given : dict of str to list
        Annotator -> a label set for each row, None where the annotator has not seen it.
    slices : dict of str to list of str
        Column -> its value for each row.
    adjudicated : list of bool or None
        Whether somebody decided the row after the annotators; None if the file doesn't say.
    """

    name: str
    ids: list[str]
    groups: list[str]
    labels: list[str]
    given: dict[str, list[LabelSet | None]]
    slices: dict[str, list[str]]
    adjudicated: list[bool] | None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def single(self) -> bool:
        """Whether every annotation is exactly one label, as in a stance task."""
        return all(len(labels) == 1 for column in self.given.values() for labels in column if labels is not None)

    def take(self, rows: Sequence[int] | np.ndarray) -> "Annotations":
        """Return the rows of these numbers, in this order."""
        at = [int(row) for row in rows]
        return Annotations(
            self.name,
            [self.ids[i] for i in at],
            [self.groups[i] for i in at],
            self.labels,
            {annotator: [column[i] for i in at] for annotator, column in self.given.items()},
            {name: [column[i] for i in at] for name, column in self.slices.items()},
            [self.adjudicated[i] for i in at] if self.adjudicated is not None else None,
        )

    def pairable(self) -> "Annotations":
        """Return the rows that two annotators or more have seen."""
        seen = np.array([[labels is not None for labels in column] for column in self.given.values()])
        return self.take(np.flatnonzero(seen.sum(axis=0) > 1))


def read_annotations(
    name: str,
    annotators: Sequence[str],
    labels: Sequence[str],
    slices: Sequence[str],
    data: Data,
    empty_is_no_label: bool,
    warn: Warn,
) -> Annotations:
    """Read a labelled file with two or more annotators' labels a row.

    Parameters
    ----------
    name : str
        Any file that `experiments.tables.read.read_table` reads.
    annotators : sequence of str
        Columns, one an annotator, or names in the nested column; found by themselves when empty.
    labels : sequence of str
        The known labels in their order; all that occur, sorted, when empty.
    slices : sequence of str
        Columns to keep.
    data : Data
        Says which columns name a row and what rows belong together (each row is its own group without the latter), and
        how the file is read.
    empty_is_no_label : bool
        Whether an empty text cell means "seen, no label" rather than "not seen".
    warn : callable
        Called with a line for everything the user should know.

    Raises
    ------
    InputError
        If there are fewer than two annotators, a column is missing, or a label is unknown.
    """
    rows = read_table(name, data.encoding, data.header, warn)
    cells = _columns(rows, name, annotators)
    empty = sum(isinstance(cell, str) and not cell.strip() for column in cells.values() for cell in column)
    if empty and not empty_is_no_label:
        warn(
            f"{name}: {empty} empty cell(s) taken as not annotated; write [] or - where an annotator gave no label, "
            "or add --empty-is no-label"
        )
    given = {
        annotator: [
            _label_set(cell, f"{rows.place(row)}: column {annotator!r}", empty_is_no_label, labels)
            for row, cell in enumerate(column)
        ]
        for annotator, column in cells.items()
    }
    known = list(labels) or sorted({label for column in given.values() for each in column for label in each or ()})
    for annotator, column in given.items():
        for row, each in enumerate(column):
            for label in sorted(each or ()):
                if label not in known:
                    raise InputError(
                        f"{rows.place(row)}: column {annotator!r} has the label {label!r}, which --label-names "
                        f"doesn't name; it names {', '.join(known)}"
                    )
    for column_name in slices:
        if column_name not in rows.column_names:
            raise InputError(
                f"{name}: has no column {column_name!r} to slice by; it has {', '.join(rows.column_names)}"
            )
    for wanted, usual in ((data.columns.id, Columns().id), (data.columns.group, Columns().group)):
        if wanted != usual and wanted not in rows.column_names:
            raise InputError(f"{name}: has no column {wanted!r}; it has {', '.join(rows.column_names)}")
    numbered = [str(row) for row in range(1, len(rows) + 1)]
    ids = [own or number for own, number in zip(_keys(rows, data.columns.id) or numbered, numbered, strict=True)]
    groups = _keys(rows, data.columns.group)
    return Annotations(
        name,
        ids,
        [value or row_id for value, row_id in zip(groups, ids, strict=True)] if groups else ids,
        known,
        _short_names(given),
        {column: _keys(rows, column) for column in slices},
        [_flag(cell) for cell in rows["adjudicated"]] if "adjudicated" in rows.column_names else None,
    )


def _columns(rows: Table, name: str, wanted: Sequence[str]) -> dict[str, list[Any]]:
    """Return each annotator's cells."""
    names = list(rows.column_names)
    nested = [cell if isinstance(cell, dict) else {} for cell in rows[NESTED]] if NESTED in names else []
    people = list(dict.fromkeys(person for cell in nested for person in cell))
    if wanted:
        for column in wanted:
            if column not in names and column not in people:
                raise InputError(
                    f"{name}: has no annotator {column!r}; it has {', '.join(people or names)} (set --annotators)"
                )
        chosen = list(dict.fromkeys(wanted))
    else:
        chosen = next(
            (found for prefix in PREFIXES if len(found := [n for n in names if n.startswith(prefix)]) > 1), people
        )
    if len(chosen) < 2:
        raise InputError(
            f"{name}: agreement needs two annotators or more, in columns such as labels_a and labels_b or one column "
            f"{NESTED!r} of objects; it has {', '.join(names)} (name them with --annotators)"
        )
    return {
        column: list(rows[column]) if column in names else [cell.get(column) for cell in nested] for column in chosen
    }


def _short_names(given: dict[str, list[LabelSet | None]]) -> dict[str, list[LabelSet | None]]:
    """Return the columns under the annotators' own names: ``labels_a`` is a."""
    for prefix in PREFIXES:
        if all(name.startswith(prefix) and len(name) > len(prefix) for name in given):
            return {name.removeprefix(prefix): column for name, column in given.items()}
    return given


def _label_set(cell: Any, where: str, empty_is_no_label: bool, labels: Sequence[str]) -> LabelSet | None:
    if isinstance(cell, str) and not cell.strip():
        return frozenset() if empty_is_no_label else None
    if is_missing(cell, labels):
        return None
    if isinstance(cell, str):
        text = cell.strip()
        if text in NO_LABEL:
            return frozenset()
        if text.startswith("[") and text.endswith("]"):
            try:
                cell = parsed(text.replace("'", '"'))
            except ValueError:
                raise InputError(f'{where} has {short(text)}, which is no list; write ["a", "b"] or a;b') from None
        else:
            cell = text.split(";")
    elif isinstance(cell, bool | dict):
        raise InputError(f"{where} has {short(cell)}; write a list of labels, one label, or labels joined by ;")
    elif not isinstance(cell, list | tuple | np.ndarray):
        cell = [cell]
    named = (part.strip() if isinstance(part, str) and part.strip() in labels else cell_key(part) for part in cell)
    return frozenset(label for label in named if label)


def _keys(rows: Table, column: str) -> list[str]:
    return [cell_key(cell) for cell in rows[column]] if column in rows.column_names else []


def _flag(cell: Any) -> bool:
    return cell_key(cell).lower() in ("1", "true", "yes")
