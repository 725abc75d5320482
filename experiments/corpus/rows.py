"""Labelled rows: from any file or hub to one checked table with an indicator matrix of labels."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.config.schema import Columns, Config, Data, Task
from experiments.errors import InputError, short
from experiments.notices import Warn
from experiments.tables.cells import cell_key, cell_text, is_missing, listed
from experiments.tables.read import read_table
from experiments.tables.table import Table, joined

UNDECIDED = -1
"""In a matrix of labels: nobody decided whether the row has this one."""


@dataclass(frozen=True)
class Labelled:
    """Rows with their labels.

    Attributes
    ----------
    name : str
        The files or hub id they come from.
    rows : Table
        The rows as read, every column kept.
    ids, texts, groups : list of str
        One entry a row.
    targets : list of str or None
        What each row's stance is about, in a task with targets.
    y : ndarray of shape (n, n_labels), int8
        1 where the row has the label, 0 where it hasn't, -1 (`UNDECIDED`) where nobody decided; each row has a label
        that somebody decided. In a multiclass task each row holds exactly one 1, and no -1.
    undecided : int
        Rows of the files that are not among these, because nobody decided any of their labels.
    """

    name: str
    rows: Table
    ids: list[str]
    texts: list[str]
    groups: list[str]
    y: np.ndarray
    targets: list[str] | None = None
    undecided: int = 0

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def whole(self) -> np.ndarray:
        """Numbers of the rows all of whose labels are decided."""
        return np.flatnonzero((self.y != UNDECIDED).all(axis=1))

    def take(self, indices: Sequence[int] | np.ndarray) -> "Labelled":
        """Return the rows of these numbers, in this order."""
        at = [int(i) for i in indices]
        return Labelled(
            self.name,
            self.rows.select(at),
            [self.ids[i] for i in at],
            [self.texts[i] for i in at],
            [self.groups[i] for i in at],
            self.y[at],
            None if self.targets is None else [self.targets[i] for i in at],
        )

    @property
    def inputs(self) -> list[Any]:
        """What a pipeline reads: the texts, or pairs (text, target) in a task with targets."""
        return self.texts if self.targets is None else list(zip(self.texts, self.targets, strict=True))

    @property
    def target(self) -> np.ndarray:
        """What a multiclass classifier is fitted to: the label's number of each row, shape (n,)."""
        return np.asarray(self.y.argmax(axis=1))

    @property
    def digest(self) -> str:
        """The first 16 hex digits of a SHA-256 over texts (and targets) and labels, whatever their order."""
        lines = sorted(f"{row}\t{labels.tolist()}" for row, labels in zip(self.inputs, self.y, strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def load_data(config: Config, warn: Warn) -> tuple[Labelled, Labelled | None]:
    """Read the training rows and, if the config names any, the test rows."""
    train = load_labelled(config.data.train, config.task, config.data, warn)
    test = load_labelled(config.data.test, config.task, config.data, warn) if config.data.test else None
    return train, test


def load_labelled(source: str | Sequence[str], task: Task, data: Data, warn: Warn) -> Labelled:
    """Read labelled rows from files or the hub.

    Parameters
    ----------
    source : str or sequence of str
        Files (.jsonl, .csv, .tsv, .parquet) or ``hub:owner/name[:split]``; several are joined.
    task : Task
        Names the labels.
    data : Data
        Columns, codes and encoding; what empty cells mean.
    warn : callable
        Called with a line for everything the user should know: a detected encoding, rows without labels or text, rows
        that nobody decided.

    Raises
    ------
    InputError
        If a file can't be read, a column is missing, a row has no text or a label that the task doesn't know.
    """
    names = [source] if isinstance(source, str) else list(source)
    if not names:
        raise InputError("data: names no file")
    parts = [_label(read_rows(name, data, warn), name, task, data, warn) for name in names]
    if len(parts) == 1:
        return parts[0]
    ids = [row_id for part in parts for row_id in part.ids]
    if len(set(ids)) < len(ids):  # files that each number their rows from 1
        ids = [f"{number}:{row_id}" for number, part in enumerate(parts, 1) for row_id in part.ids]
    return Labelled(
        ", ".join(names),
        joined([part.rows for part in parts], ", ".join(names)),
        ids,
        [text for part in parts for text in part.texts],
        [group for part in parts for group in part.groups],
        np.concatenate([part.y for part in parts]),
        [target for part in parts for target in part.targets or []] if data.columns.target else None,
        sum(part.undecided for part in parts),
    )


def read_rows(name: str, data: Data, warn: Warn) -> Table:
    """Read a table as the settings say, rows without text as ``data.missing_text`` says.

    Raises
    ------
    InputError
        If the file can't be read, has no column for the text, or rows without text that are not to be skipped.
    """
    rows = read_table(name, data.encoding, data.header, warn)
    column = data.columns.text
    need(rows, column, "text")
    texts = [text_of(cell, rows, number, column) for number, cell in enumerate(rows[column])]
    empty = [number for number, text in enumerate(texts) if not text.strip()]
    if empty and data.missing_text == "refuse":
        raise InputError(
            f"{name}: {len(empty)} row(s) without text in column {column!r}, the first is {rows.unit} "
            f"{rows.numbers[empty[0]]}; fill or remove them, or set data.missing_text=skip"
        )
    if len(empty) == len(rows):
        raise InputError(f"{name}: column {column!r} holds no text in any of its {len(rows)} rows")
    if empty:
        warn(f"note: {name}: {len(empty)} of {len(rows)} rows have no text in column {column!r}: left out")
        rows = rows.select([number for number, text in enumerate(texts) if text.strip()])
    return rows


def text_of(cell: Any, rows: Table, number: int, column: str) -> str:
    """Return the text of a cell that must hold one.

    Raises
    ------
    InputError
        If the cell holds a number, a list or anything else that is no text.
    """
    if isinstance(cell, str | bytes) or is_missing(cell):
        return cell_text(cell)
    raise InputError(f"{rows.place(number)}: column {column!r} has {short(str(cell))}, which is no text")


def load_unlabelled(config: Config, warn: Warn = lambda line: None) -> list[Any]:
    """Return the different sentences of ``data.unlabelled``: texts, or pairs (text, target) in a task with targets.

    Raises
    ------
    InputError
        If the config names no file, or a file can't be read or has no column with texts.
    """
    named = config.data.unlabelled
    if not named:
        raise InputError(
            f"config {config.name}: the {config.classifier.type} classifier learns from sentences without labels: set "
            "data.unlabelled to a file of them (.jsonl, .csv, .tsv or .parquet, with the column data.columns.text)"
        )
    found: dict[Any, None] = {}
    data = config.data.model_copy(update={"missing_text": "skip"})
    for name in [named] if isinstance(named, str) else named:
        rows = read_rows(name, data, lambda line: warn(line) if not line.startswith("note:") else None)
        texts = [cell_text(cell) for cell in rows[data.columns.text]]
        targets = _targets(rows, data.columns)
        found |= dict.fromkeys(texts if targets is None else zip(texts, targets, strict=True))
    return list(found)


def load_sentences(
    name: str, data: Data, warn: Warn = lambda line: None
) -> tuple[list[str], list[str], list[str] | None]:
    """Read the sentences of one file, whether it has labels or not.

    Returns
    -------
    texts, groups : list of str
        One entry a row; a row without a group is one of its own.
    targets : list of str or None
        With ``data.columns.target``.

    Raises
    ------
    InputError
        As :func:`read_rows`, or if a column that the user has named isn't there.
    """
    rows = read_rows(name, data, warn)
    groups = [value or f"{name}#{n}" for n, value in enumerate(_optional(rows, data.columns, "group"), 1)]
    return [cell_text(cell) for cell in rows[data.columns.text]], groups, _targets(rows, data.columns)


def _label(rows: Table, name: str, task: Task, data: Data, warn: Warn) -> Labelled:
    columns = data.columns
    refuse_scored(rows)
    y = indicator(rows, task, data, warn)
    decided = np.flatnonzero((y != UNDECIDED).any(axis=1))
    left_out = len(rows) - len(decided)
    if left_out == len(rows):
        raise InputError(f"{name}: nobody decided any label of its {len(rows)} rows")
    # numbered as they stand in the file, whichever are left out
    stem = Path(name).stem
    ids = [value or f"{stem}-{n}" for n, value in enumerate(_optional(rows, columns, "id"), 1)]
    # a row without a group is one of its own, which no row of another file shares
    groups = [value or f"{name}#{n}" for n, value in enumerate(_optional(rows, columns, "group"), 1)]
    texts = [cell_text(cell) for cell in rows[columns.text]]
    found = Labelled(name, rows, ids, texts, groups, y, _targets(rows, columns))
    return replace(found.take(decided), undecided=left_out) if left_out else found


def _optional(rows: Table, columns: Columns, field: str) -> list[str]:
    """Return a column that need not be there, as keys; but one that the user has named must be."""
    column = getattr(columns, field)
    if column in rows.column_names:
        return [cell_key(cell) for cell in rows[column]]
    if column != Columns.model_fields[field].default:
        need(rows, column, field)
    return [""] * len(rows)


def _targets(rows: Table, columns: Columns) -> list[str] | None:
    if columns.target is None:
        return None
    need(rows, columns.target, "target")
    targets = [cell_text(cell).strip() for cell in rows[columns.target]]
    empty = [number for number, target in enumerate(targets) if not target]
    if empty:
        raise InputError(
            f"{rows.name}: {len(empty)} row(s) without a target in column {columns.target!r}, the first is {rows.unit} "
            f"{rows.numbers[empty[0]]}; fill or remove them"
        )
    return targets


def refuse_scored(rows: Table) -> None:
    """Raise an `InputError` if a table is what ``framescope score`` wrote: its labels are no people's."""
    there = rows.column_names
    if "boilerplate" in there and any(name == "scores" or name.startswith("score_") for name in there):
        raise InputError(
            f"{rows.name}: is what framescope score wrote, and its labels are a model's; give labels of people "
            "(draw sentences to label with framescope sample or select; where people have corrected these labels, take "
            "the columns boilerplate and scores out)"
        )


def need(rows: Table, column: str, what: str) -> None:
    """Raise an `InputError` that names what there is, unless a table has a column."""
    if column not in rows.column_names:
        raise InputError(
            f"{rows.name}: has no column {column!r} for the {what}; it has {', '.join(rows.column_names)} "
            f"(name one with --{what.split()[0]}, or set data.columns in the config)"
        )


def indicator(rows: Table, task: Task, data: Data, warn: Warn = lambda line: None) -> np.ndarray:
    """Return the labels as a matrix of shape (n, n_labels), int8, from whichever form the file has them in.

    1 is given, 0 not given, -1 (`UNDECIDED`) not decided: null in JSON and Parquet, ``NA`` and its like in text, an
    empty cell of a 0/1 column, an empty cell of a labels column with ``data.empty_labels: undecided``, and the labels
    that the column ``data.columns.undecided`` lists.

    Raises
    ------
    InputError
        If a column is missing, a row has a label that the task doesn't know, or, in a multiclass task, not exactly one.
    """
    y = np.zeros((len(rows), len(task.labels)), dtype=np.int8)
    number = {label: i for i, label in enumerate(task.labels)}

    def known(label: str, row: int, column: str) -> int:
        if label not in number:
            raise InputError(
                f"{rows.place(row)}: column {column!r} has the label {short(label)}, which the task doesn't know; its "
                f"labels are {', '.join(task.labels)} (map codes with data.label_codes)"
            )
        return number[label]

    if isinstance(data.columns.labels, str):
        column = labels_column(rows, data)
        named = {*task.labels, *data.label_codes}
        empty = 0
        for row, cell in enumerate(rows[column]):
            found = label_names(cell, data, named)
            empty += isinstance(cell, str) and not cell.strip()
            if found is None:
                y[row] = UNDECIDED
            for label in found or ():
                y[row, known(label, row, column)] = 1
        if empty:
            means = "no label" if data.empty_labels == "none" else "undecided"
            warn(f"note: {rows.name}: {empty} empty cell(s) in column {column!r} taken as {means} (data.empty_labels)")
    else:
        names = data.columns.labels
        named_columns = names if isinstance(names, dict) else {name: name for name in names}
        columns = list(named_columns.values())
        if (twice := next((column for column in columns if columns.count(column) > 1), None)) is not None:
            raise InputError(f"data.columns.labels: {twice!r} is named for two labels; each has a column of its own")
        if lacking := [label for label in task.labels if label not in named_columns]:
            if not task.multilabel:
                raise InputError(
                    f"data.columns.labels: names no column for {', '.join(lacking)}; name one for each label"
                )
            y[:, [number[label] for label in lacking]] = UNDECIDED
            warn(f"note: {rows.name}: no column is named for {', '.join(lacking)}: undecided in all rows")
        for label, column in named_columns.items():
            if label not in number:
                raise InputError(
                    f"data.columns.labels: {label!r} is not one of the task's labels {', '.join(task.labels)}"
                )
            need(rows, column, f"label {label!r}")
            y[:, number[label]] = [_flag(cell, rows, column, row) for row, cell in enumerate(rows[column])]
    if data.columns.undecided in rows.column_names:
        column = data.columns.undecided
        for row, cell in enumerate(rows[column]):
            for label in label_names(cell, data, task.labels) or ():
                at = known(label, row, column)
                if y[row, at] == 1:
                    raise InputError(f"{rows.place(row)}: the label {label!r} is given and undecided; take one out")
                y[row, at] = UNDECIDED
    elif data.columns.undecided != Columns().undecided:
        need(rows, data.columns.undecided, "undecided labels")
    if not task.multilabel:
        y[(y == UNDECIDED).any(axis=1)] = UNDECIDED  # one of several: half an answer is none
        given = (y == 1).sum(axis=1)
        if (wrong := np.flatnonzero((given != 1) & (y[:, 0] != UNDECIDED))).size:
            hint = ", or set data.empty_labels=undecided to leave such rows out" if not given[wrong[0]] else ""
            raise InputError(
                f"{rows.place(wrong[0])}: has {given[wrong[0]]} labels; a multiclass task needs exactly one of "
                f"{', '.join(task.labels)}{hint}"
            )
    return y


def labels_column(rows: Table, data: Data) -> str:
    """Return the column that holds the labels; the one called ``label`` where nobody named one and it is there."""
    column = str(data.columns.labels)
    if column not in rows.column_names and column == Columns().labels and "label" in rows.column_names:
        column = "label"  # single-label files mostly call it so
    need(rows, column, "labels")
    return column


def label_names(cell: Any, data: Data, labels: Collection[str] = ()) -> list[str] | None:
    """Return the label names in one cell: a list, a string of one or several, or a code; None if nobody decided.

    Parameters
    ----------
    cell : Any
        The cell.
    data : Data
        Says what separates labels, what codes mean, and whether an empty text is undecided.
    labels : collection of str, default ()
        Labels and codes; one that is called ``NA`` is not taken for a missing value then.
    """
    if isinstance(cell, str) and not cell.strip():
        return None if data.empty_labels == "undecided" else []
    if is_missing(cell, labels):
        return None
    parts = list(cell) if isinstance(cell, list | tuple | np.ndarray) else [cell]
    if isinstance(cell, str) and cell.startswith("[") and cell.endswith("]"):
        read = listed(cell)
        parts = [cell] if read is None else read
    elif isinstance(cell, str) and cell_key(cell) not in data.label_codes:
        parts = cell.split(data.label_separator)
    found = []
    for part in parts:
        code = part.strip() if isinstance(part, str) and part.strip() in labels else cell_key(part)
        label = data.label_codes.get(code, code)
        if label:
            found.append(label)
    return list(dict.fromkeys(found))


_FLAGS = {"1": 1, "true": 1, "yes": 1, "0": 0, "false": 0, "no": 0}


def _flag(cell: Any, rows: Table, column: str, row: int) -> int:
    if is_missing(cell):
        return UNDECIDED
    flag = _FLAGS.get(cell_key(cell).lower())
    if flag is None:
        raise InputError(f"{rows.place(row)}: column {column!r} has {short(cell)}; a label's column holds 0 or 1")
    return flag
