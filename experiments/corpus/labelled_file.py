"""A labelled file as it is, with the rows that training would refuse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.config.schema import Config, Data, Task
from experiments.corpus.rows import UNDECIDED, indicator, label_names, labels_column, need
from experiments.errors import InputError
from experiments.notices import Warn
from experiments.tables.cells import cell_key, cell_text
from experiments.tables.read import read_table
from experiments.tables.table import Table


@dataclass(frozen=True)
class Corpus:
    """A labelled file as it is, faults included.

    Attributes
    ----------
    name : str
        The file.
    rows : Table
        The rows as read.
    task : Task
        The labels, given or found, and whether a row may have several.
    ids, texts, groups, pairs, targets : list of str
        One entry a row, empty where the file has none.
    labels : list of (tuple of str, or None)
        What each row has; None if nobody decided.
    undecided : list of tuple of str
        Labels of each row that nobody decided, where others are.
    """

    name: str
    rows: Table
    task: Task
    ids: list[str]
    texts: list[str]
    groups: list[str]
    pairs: list[str]
    targets: list[str]
    labels: list[tuple[str, ...] | None]
    undecided: list[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.texts)

    def item(self, *rows: int, **more: Any) -> dict[str, Any]:
        """Return rows as an entry of a finding."""
        return {
            "ids": [self.ids[row] for row in rows],
            "texts": [self.texts[row] for row in rows],
            "labels": [list(self.labels[row] or ()) for row in rows],
            **more,
        }


def read_corpus(
    name: str, labels: Sequence[str], data: Data | None, config: Config | None, warn: Warn = lambda line: None
) -> Corpus:
    """Read a labelled file without refusing the rows that training would refuse.

    Parameters
    ----------
    name : str
        Any file that `experiments.tables.read.read_table` reads.
    labels : sequence of str
        The known labels; those of the config, or all that occur, when empty.
    data : Data, optional
        Says which column holds what; that of the config, or the defaults, when left out.
    config : Config, optional
        Says the task.
    warn : callable
        Called with a line for everything the user should know.

    Raises
    ------
    InputError
        If the file can't be read or has no column for the texts or labels.
    """
    data = data or (config.data if config else Data(train=name))
    columns = data.columns
    rows = read_table(name, data.encoding, data.header, warn)
    need(rows, columns.text, "text")

    def column(wanted: str, read: Callable[[Any], str] = cell_key) -> list[str]:
        return [read(cell) for cell in rows[wanted]] if wanted in rows.column_names else [""] * len(rows)

    found, undecided = _label_cells(rows, config, data, labels)
    occurring = sorted({label for each in found for label in each or ()})
    known = list(labels) or (config.task.labels if config else occurring)
    if not known:
        raise InputError(f"{name}: no row has a label; give the column of the labels with --labels or a config")
    single = all(each is None or len(each) == 1 for each in found) and len(known) > 1
    kind = config.task.type if config else "multiclass" if single else "multilabel"
    ids = [own or str(number) for number, own in enumerate(column(columns.id), 1)]
    return Corpus(
        name,
        rows,
        Task(name=config.task.name if config else "check", type=kind, labels=known),
        ids,
        column(columns.text, cell_text),
        column(columns.group),
        column("pair"),
        column(columns.target or "target", cell_text),
        found,
        undecided,
    )


def _label_cells(
    rows: Table, config: Config | None, data: Data, labels: Sequence[str]
) -> tuple[list[tuple[str, ...] | None], list[tuple[str, ...]]]:
    """Return what each row has (None if nobody decided), and its labels that nobody decided."""
    if not isinstance(data.columns.labels, str):
        names = list(data.columns.labels)
        task = config.task.model_copy(update={"type": "multilabel"}) if config else Task(name="check", labels=names)
        y = indicator(rows, task, data)
        return [_of(row, task.labels, 1) if (row != UNDECIDED).any() else None for row in y], [
            _of(row, task.labels, UNDECIDED) if (row != UNDECIDED).any() else () for row in y
        ]
    column = labels_column(rows, data)
    known = {*labels, *(config.task.labels if config else ()), *data.label_codes}
    found = [label_names(cell, data, known) for cell in rows[column]]
    listed = data.columns.undecided
    undecided = [label_names(cell, data, known) or [] for cell in rows[listed]] if listed in rows.column_names else []
    return [None if each is None else tuple(each) for each in found], [
        tuple(each) for each in undecided or [[]] * len(rows)
    ]


def _of(row: np.ndarray, labels: Sequence[str], state: int) -> tuple[str, ...]:
    return tuple(label for label, value in zip(labels, row, strict=True) if value == state)
