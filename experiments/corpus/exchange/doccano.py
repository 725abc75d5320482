"""doccano: JSON lines and CSV of text classification projects.

References
----------
doccano documentation and ``backend/data_export`` in its repository: lists of labels in JSONL, joined by # in CSV,
and every further column carried as metadata.
"""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.rows import (
    FORM,
    Parts,
    Row,
    form_of,
    put_together,
    read_records,
    take_apart,
    write_lines,
)
from experiments.errors import InputError
from experiments.files import FORMULA, harmless, writing
from experiments.notices import Warn

JOIN = "#"
"""Stands between the labels of one cell in doccano's CSV."""


def read(name: str, control: str | None, warn: Warn) -> list[Row]:
    """Read an export of doccano, JSONL or CSV, as labelled rows.

    Parameters
    ----------
    name : str
        The file. doccano writes one a user unless the project shares its annotations.
    control : str, optional
        Not used: doccano has one question a project.
    warn : callable
        Called with a line for everything the user should know.

    Raises
    ------
    InputError
        If a record is not of a text classification.
    """
    table = Path(name).suffix.lower() == ".csv"
    rows = []
    for number, record in enumerate(read_records(name, warn), 1):
        where = f"{name} {'row' if table else 'record'} {number}"
        if table:
            record = {
                key: cell if key in ("text", "data", "label", "labels") else _value(cell)
                for key, cell in record.items()
                if cell != "" or key in ("text", "data", "label", "labels")
            }
            record = {key: _unharmed(cell) if record.get(FORM) else cell for key, cell in record.items()}
        text = next((key for key in ("text", "data") if key in record), "text")
        if not isinstance(record.get(text), str):
            raise InputError(f'{where}: has no "text" that is text; only text classification projects can be read')
        form = form_of(record.get(FORM), where)
        holder = next((key for key in ("label", "labels") if key in record), "label")
        labels = record.get(holder)
        if table:
            labels = [label for label in str(labels or "").split(JOIN) if label]
        elif isinstance(labels, str):
            labels = [labels]
        if labels is not None and not (isinstance(labels, list) and all(isinstance(label, str) for label in labels)):
            raise InputError(f"{where}: {holder!r} has {labels!r}; only labels of whole texts can be read")
        carried = {key: value for key, value in record.items() if key not in (text, holder, FORM)}
        if form is not None and labels == [] and form.get("unlabelled"):
            labels = None
        rows.append(put_together(Parts({"text": record[text], **carried}, labels, form=form)))
    return rows


def write(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write rows as JSON lines, or as CSV where ``path`` ends so.

    doccano keeps no record of who gave which label within one file, so single annotators' columns are metadata there.
    """
    records = []
    for number, parts in enumerate(take_apart(rows, name, annotators=False), 1):
        form = dict(parts.form or {})
        carried = dict(parts.carried)
        kept = {key: carried.pop(key) for key in ("label", "data") if key in carried}
        if kept:
            form["kept"] = kept  # doccano would take them for its own
        if parts.final is None:
            form["unlabelled"] = True
        records.append({**carried, "label": parts.final or [], FORM: form})
        for label in parts.final or []:
            if path.suffix.lower() == ".csv" and (JOIN in label or not label):
                raise InputError(
                    f"{name} row {number}: the label {label!r} can't stand in doccano's CSV, which joins labels by "
                    f"{JOIN}; write a .jsonl file"
                )
    if path.suffix.lower() != ".csv":
        write_lines(records, path)
        return
    columns = list(dict.fromkeys(key for record in records for key in record))
    with writing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        table.writeheader()
        for record in records:
            cells = {key: _written(value) for key, value in record.items() if key not in ("text", "label")}
            table.writerow({**cells, "text": harmless(record["text"]), "label": harmless(JOIN.join(record["label"]))})


def _written(value: Any) -> str:
    """Return a cell from which `_value` reads the same: plain text as it is, all else (and formulas) as JSON."""
    if isinstance(value, str) and value and _value(value) == value and not value.startswith(FORMULA):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _unharmed(cell: Any) -> Any:
    """Return a cell of a file that this module wrote, without the apostrophe before a formula."""
    return cell[1:] if isinstance(cell, str) and cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def _value(cell: str) -> Any:
    try:
        return json.loads(cell)
    except json.JSONDecodeError:
        return cell
