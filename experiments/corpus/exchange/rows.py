"""Rows taken apart into what an annotation tool edits and what it only carries, and put together again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.corpus.annotations import NESTED, PREFIXES
from experiments.corpus.rows import json_rows, read_rows
from experiments.errors import InputError
from experiments.files import decode, find_file, read_bytes, writing
from experiments.notices import Warn

Row = dict[str, Any]

FORM = "framescope"
"""Column that an exported record carries besides the row's own: which columns held labels, and how."""

FINAL = ("labels", "label")
"""Columns that may hold the decided labels; the first that a row has counts."""


@dataclass
class Parts:
    """A row as annotation tools see it.

    Attributes
    ----------
    carried : dict
        All columns without labels, the text among them.
    final : list of str or None
        The decided labels; None if there are none yet.
    annotators : dict of str to (list of str or None)
        Who gave which labels; None where somebody has passed the row over.
    form : dict or None
        How the row held its labels, None in a record that this package did not write.
    """

    carried: Row
    final: list[str] | None = None
    annotators: dict[str, list[str] | None] = field(default_factory=dict)
    form: dict[str, Any] | None = None


def take_apart(rows: Sequence[Row], name: str, annotators: bool = True) -> list[Parts]:
    """Return rows as parts, from which `put_together` makes equal rows.

    Parameters
    ----------
    rows : sequence of dict
        Labelled rows.
    name : str
        The file, for errors.
    annotators : bool, default True
        Whether single annotators' labels are taken out too, or stay among the columns that are carried.

    Raises
    ------
    InputError
        If a row has no text, or labels that are no text.
    """
    columns = _annotator_columns(rows) if annotators else []
    return [_parts(row, columns, annotators, f"{name} row {number}") for number, row in enumerate(rows, 1)]


def put_together(parts: Parts) -> Row:
    """Return the row.

    A record that this package wrote gets its labels back in the columns and the form that they had; who has
    annotated it since gets a column ``labels_<name>``. In any other record each annotator gets such a column, and
    ``labels`` holds the decided labels, or those that all annotators gave alike.
    """
    row = dict(parts.carried)
    people = dict(parts.annotators)
    if parts.form is None:
        given = [labels for labels in people.values() if labels is not None]
        final = parts.final
        if final is None and given and all(set(labels) == set(given[0]) for labels in given):
            final = given[0]
        if final is not None:
            row["labels"] = list(final)
        return {**row, **{f"labels_{who}": labels for who, labels in people.items()}}
    nested = parts.form.get("nested", {})
    row.update(parts.form.get("kept", {}))
    for column, how in parts.form.get("columns", {}).items():
        if column in FINAL:
            row[column] = _cell(parts.final, how)
        else:
            row[column] = _cell(people.pop(_person(column, nested), None), how)
    if "nested" in parts.form:
        row[NESTED] = {who: _cell(people.pop(who, None), how) for who, how in nested.items()}
    return {**row, **{f"labels_{who}": labels for who, labels in people.items()}}


def _annotator_columns(rows: Sequence[Row]) -> list[str]:
    names = list(dict.fromkeys(column for row in rows for column in row))
    for prefix in PREFIXES:
        found = [name for name in names if name.startswith(prefix) and len(name) > len(prefix)]
        found = [name for name in found if all(_is_labels(row.get(name)) for row in rows)]
        if found and (prefix == PREFIXES[0] or len(found) > 1):
            return found
    return []


def _is_labels(cell: Any) -> bool:
    return cell is None or isinstance(cell, str) or (isinstance(cell, list) and all(isinstance(x, str) for x in cell))


def _parts(row: Row, columns: Sequence[str], annotators: bool, where: str) -> Parts:
    if not isinstance(row.get("text"), str):
        raise InputError(f'{where}: has no "text", or one that is not text; every row needs it')
    form: dict[str, Any] = {"columns": {}}
    parts = Parts(dict(row), form=form)
    nested = row.get(NESTED) if annotators else None
    if isinstance(nested, dict) and all(_is_labels(cell) for cell in nested.values()):
        form["nested"] = {who: _how(cell) for who, cell in nested.items()}
        parts.annotators = {who: _labels(cell) for who, cell in nested.items()}
        del parts.carried[NESTED]
    final = next((column for column in FINAL if column in row), None)
    for column in [*([final] if final else []), *(column for column in columns if column in row)]:
        cell = parts.carried.pop(column)
        if not _is_labels(cell):
            raise InputError(f"{where}: column {column!r} has {cell!r}; labels are text, or a list of texts")
        form["columns"][column] = _how(cell)
        if column == final:
            parts.final = _labels(cell)
        else:
            parts.annotators[_person(column, form.get("nested", {}))] = _labels(cell)
    return parts


def people(form: Mapping[str, Any]) -> list[str]:
    """Return the annotators whose labels a row held, those who passed it over left out."""
    nested = form.get("nested", {})
    held = [(_person(column, nested), how) for column, how in form.get("columns", {}).items() if column not in FINAL]
    return [who for who, how in [*nested.items(), *held] if how.get("cell", "") is not None]


def _person(column: str, nested: Mapping[str, Any]) -> str:
    """Return who annotated in a column: ``labels_a`` is a, unless the row has another a."""
    for prefix in PREFIXES:
        if column.startswith(prefix) and (who := column.removeprefix(prefix)) not in nested:
            return who
    return column


def _labels(cell: str | list[str] | None) -> list[str] | None:
    if cell is None or isinstance(cell, list):
        return cell
    return [label for label in (part.strip() for part in cell.split(";")) if label]


def _how(cell: str | list[str] | None) -> Row:
    """Return what turns labels back into the cell: nothing for a list, else the cell itself."""
    return {} if isinstance(cell, list) else {"cell": cell}


def _cell(labels: list[str] | None, how: Mapping[str, Any]) -> Any:
    if "cell" not in how:
        return labels
    if _labels(how["cell"]) == labels:
        return how["cell"]
    return ";".join(labels) if isinstance(how["cell"], str) and labels is not None else labels


def all_labels(parts: Iterable[Parts]) -> list[str]:
    """Return every label that occurs, sorted."""
    return sorted(
        {
            label
            for each in parts
            for labels in (each.final, *each.annotators.values())
            if labels is not None
            for label in labels
        }
    )


def read_records(name: str, warn: Warn) -> list[Row]:
    """Read the objects of a file; those of JSON exactly as they stand there, without columns they don't have."""
    path = find_file(name)
    if path.suffix.lower() not in (".json", ".jsonl", ".ndjson"):
        return [dict(row) for row in read_rows(name, None, warn)]
    text, _ = decode(read_bytes(path), name)
    rows = list(json_rows(text, name))
    if not rows:
        raise InputError(f"{name}: holds no rows")
    return rows


def write_lines(rows: Iterable[Row], path: Path) -> None:
    """Write rows as JSON lines."""
    with writing(path) as temporary, temporary.open("w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def form_of(value: Any, where: str) -> dict[str, Any] | None:
    """Return the form that a record carries, None if it carries none."""
    if value is None or isinstance(value, dict):
        return value
    raise InputError(f"{where}: {FORM!r} has {value!r}; it is what framescope data export wrote: leave it or remove it")
