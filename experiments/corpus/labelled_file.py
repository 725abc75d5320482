"""A labelled file as it is, with the rows that training would refuse."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from experiments.config.schema import Columns, Config, Data, Task
from experiments.corpus.rows import cell_text, indicator, label_names, read_rows
from experiments.errors import InputError
from experiments.notices import Warn


@dataclass(frozen=True)
class Corpus:
    """A labelled file as it is, faults included.

    Attributes
    ----------
    name : str
        The file.
    rows : Dataset
        The rows as read.
    task : Task
        The labels, given or found, and whether a row may have several.
    ids, texts, groups, pairs, targets : list of str
        One entry a row, empty where the file has none.
    labels : list of (tuple of str, or None)
        What each row has; None if its cell is empty.
    """

    name: str
    rows: Dataset
    task: Task
    ids: list[str]
    texts: list[str]
    groups: list[str]
    pairs: list[str]
    targets: list[str]
    labels: list[tuple[str, ...] | None]

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


def read_corpus(name: str, labels: Sequence[str], text: str | None, config: Config | None, warn: Warn) -> Corpus:
    """Read a labelled file without refusing the rows that training would refuse.

    Parameters
    ----------
    name : str
        Any file that `experiments.corpus.rows.read_rows` reads.
    labels : sequence of str
        The known labels; those of the config, or all that occur, when empty.
    text : str, optional
        Column with the sentence; that of the config, or ``text``, when left out.
    config : Config, optional
        Says which column holds what, and the task.
    warn : callable
        Called with a line for everything the user should know.

    Raises
    ------
    InputError
        If the file can't be read or has no column for the texts or labels.
    """
    data = config.data if config else Data(train=name)
    columns = data.columns.model_copy(update={"text": text} if text else {})
    rows = read_rows(name, data.encoding, warn)
    if columns.text not in rows.column_names:
        raise InputError(
            f"{name}: has no column {columns.text!r} for the text; it has {', '.join(rows.column_names)} (set --text)"
        )

    def column(wanted: str) -> list[str]:
        return [cell_text(cell) for cell in rows[wanted]] if wanted in rows.column_names else [""] * len(rows)

    found = _label_cells(rows, name, config, columns, data)
    occurring = sorted({label for each in found for label in each or ()})
    known = list(labels) or (config.task.labels if config else occurring)
    if not known:
        raise InputError(f"{name}: no row has a label; give the column of the labels with a config (--config)")
    single = all(each is None or len(each) == 1 for each in found) and len(known) > 1
    kind = config.task.type if config else "multiclass" if single else "multilabel"
    ids = [own or str(number) for number, own in enumerate(column(columns.id), 1)]
    return Corpus(
        name,
        rows,
        Task(name=config.task.name if config else "check", type=kind, labels=known),
        ids,
        column(columns.text),
        column(columns.group),
        column("pair"),
        column(columns.target or "target"),
        found,
    )


def _label_cells(
    rows: Dataset, name: str, config: Config | None, columns: Columns, data: Data
) -> list[tuple[str, ...] | None]:
    if not isinstance(columns.labels, str):
        task = config.task.model_copy(update={"type": "multilabel"}) if config else Task(name="check", labels=["none"])
        y = indicator(rows, name, task, data)
        return [tuple(label for label, has in zip(task.labels, row, strict=True) if has) for row in y]
    column = columns.labels
    if column not in rows.column_names and column == Columns().labels and "label" in rows.column_names:
        column = "label"
    if column not in rows.column_names:
        raise InputError(
            f"{name}: has no column {column!r} for the labels; it has {', '.join(rows.column_names)} "
            "(set data.columns.labels in a config and give it with --config)"
        )
    return [None if cell is None else tuple(dict.fromkeys(label_names(cell, data))) for cell in rows[column]]
