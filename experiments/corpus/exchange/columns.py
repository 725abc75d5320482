"""Gives rows of any table the column names that exchange works with: id, text, group, target, labels, undecided."""

from collections.abc import Sequence
from typing import Any

from experiments.config.schema import Columns, Data, Task
from experiments.corpus.exchange.rows import Row
from experiments.corpus.rows import UNDECIDED, indicator, label_names, need
from experiments.tables.table import table_of


def usual_columns(rows: Sequence[Row], name: str, data: Data) -> list[Row]:
    """Return rows under the usual names of columns, and their labels as lists.

    Rows that have these names already stay as they are, to the letter. A column of another meaning that bears one of
    the names is called ``file_<name>``.

    Parameters
    ----------
    rows : sequence of dict
        As read.
    name : str
        The file, for errors.
    data : Data
        Says which column holds what, and what codes mean.

    Raises
    ------
    InputError
        If a column that was named isn't there, or a 0/1 column holds something else.
    """
    usual, columns = Columns(), data.columns
    if columns == usual and not data.label_codes and data.empty_labels == "none":
        return list(rows)
    table = table_of(rows, name)
    renamed = {}
    for field in ("id", "text", "group", "target"):
        column, own = getattr(columns, field), getattr(usual, field) or field
        if column is not None and column != own:
            need(table, column, field)
            renamed[column] = own
    labels = _labels(rows, name, data)
    taken = {*renamed, *([columns.labels] if isinstance(columns.labels, str) else _flags(columns.labels))}
    return [_renamed(row, renamed, taken, decided) for row, decided in zip(rows, labels, strict=True)]


def _labels(rows: Sequence[Row], name: str, data: Data) -> list[dict[str, Any]]:
    """Return each row's ``labels``, and ``undecided`` where some are."""
    table = table_of(rows, name)
    if isinstance(data.columns.labels, str):
        column = data.columns.labels
        if column == Columns().labels and column not in table.column_names:
            return [{}] * len(rows)
        need(table, column, "labels")
        return [{"labels": label_names(cell, data)} for cell in table[column]]
    named = list(data.columns.labels)
    y = indicator(table, Task(name="export", labels=named), data)
    found: list[dict[str, Any]] = []
    for row in y:
        if (row == UNDECIDED).all():
            found.append({"labels": None})
            continue
        given = {"labels": [label for label, state in zip(named, row, strict=True) if state == 1]}
        open_ = [label for label, state in zip(named, row, strict=True) if state == UNDECIDED]
        found.append({**given, "undecided": open_} if open_ else given)
    return found


def _flags(labels: list[str] | dict[str, str]) -> list[str]:
    return list(labels.values()) if isinstance(labels, dict) else labels


def _renamed(row: Row, renamed: dict[str, str], taken: set[str], decided: dict[str, Any]) -> Row:
    new = {renamed[column]: cell for column, cell in row.items() if column in renamed}
    new |= decided
    for column, cell in row.items():
        if column not in taken:
            new[f"file_{column}" if column in new else column] = cell
    return new
