"""doccano: JSON lines and CSV of text classification projects.

References
----------
doccano documentation and ``backend/data_export`` in its repository: lists of labels in JSONL, joined by # in CSV,
and every further column carried as metadata.
"""

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.rows import (
    FORM,
    Parts,
    Row,
    form_of,
    read_records,
    take_apart,
    write_lines,
)
from experiments.errors import InputError
from experiments.files import FORMULA, harmless, unguarded
from experiments.notices import Warn
from experiments.output import writing
from experiments.tables.cells import is_missing
from experiments.tables.json_rows import parsed

JOIN = "#"
"""Stands between the labels of one cell in doccano's CSV."""


HOLDERS = ("label", "labels")
"""Where a record has its labels; the first that is there counts."""

CONFIRMED = ("is_confirmed", "annotation_approver")
"""Where some versions say that somebody has confirmed a text's labels."""

_ELSEWHERE = {
    "annotations": "label ids of an old export",
    "entities": "spans of the text",
    "relations": "relations between spans",
    "spans": "spans of the text",
    "cats": "labels of a joint project of labels and spans, or of spaCy",
    "categories": "labels of another tool",
}

_WHOLE = re.compile(r"-?[1-9]\d{0,14}|0")

_EXPORT = "export a text classification project as JSONL or CSV"


def read(name: str, control: str | None, warn: Warn) -> list[Parts]:
    """Read an export of doccano, JSONL or CSV, as labelled rows.

    Parameters
    ----------
    name : str
        The file. doccano writes one a user unless the project shares its annotations.
    control : str, optional
        Not used: doccano has one question a project.
    warn : callable
        Called with a line for everything the user should know.

    Notes
    -----
    doccano writes an empty list both for a text that was confirmed to have no label and for one that nobody has seen.
    It is taken as decided, unless the record says that nobody confirmed it (``is_confirmed``, or
    ``annotation_approver`` of old versions), and a note says how many such texts there are. A record without a label,
    or with null, is undecided.

    Raises
    ------
    InputError
        If a record is not of a text classification, or no record has a label.
    """
    table = Path(name).suffix.lower() == ".csv"
    records = [_as_json(record) for record in read_records(name, warn)] if table else read_records(name, warn)
    unit = "row" if table else "record"
    if not any(key in record for record in records for key in HOLDERS):
        raise InputError(f'{name}: no {unit} has a "label"; {_what_is_there(records)}; {_EXPORT}')
    rows = [_row(record, table, f"{name} {unit} {number}") for number, record in enumerate(records, 1)]
    if any(parts.form for parts in rows):
        return rows
    if not any(parts.final for parts in rows):
        raise InputError(f'{name}: no "label" holds a label; {_what_is_there(records)}; export an annotated project')
    empty = sum(parts.final == [] and not any(key in parts.carried for key in CONFIRMED) for parts in rows)
    if empty:
        warn(
            f"{name}: {empty} of {len(rows)} texts have an empty label and are taken as decided to have none; doccano "
            "writes the same for texts that nobody has seen: export only confirmed ones if there are such"
        )
    if missing := sum(parts.final is None for parts in rows):
        warn(f"{name}: {missing} of {len(rows)} texts have no label, or were not confirmed; they are undecided")
    if table and all(label.isdecimal() for parts in rows for label in parts.final or []):
        warn(f"{name}: every label is a number; if these are doccano's ids, {_EXPORT}")
    return rows


def write(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write rows as JSON lines, or as CSV where ``path`` ends so.

    doccano keeps no record of who gave which label within one file, so single annotators' columns are metadata there.
    A row some of whose labels are undecided goes out without labels.
    """
    records = []
    for number, parts in enumerate(take_apart(rows, name, annotators=False), 1):
        form = dict(parts.form or {})
        carried = dict(parts.carried)
        kept = {key: carried.pop(key) for key in ("label", "data") if key in carried}
        if kept:
            form["kept"] = kept  # doccano would take them for its own
        if parts.whole is None:
            form["unlabelled"] = True
        records.append({**carried, "label": parts.whole or [], FORM: form})
        for label in parts.whole or []:
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


def _as_json(record: Row) -> Row:
    """Return a row of CSV as the record that JSONL would have."""
    ours = bool(record.get(FORM))
    kept = ("text", "data", *HOLDERS)
    cells = {key: cell if key in kept else _value(cell, ours) for key, cell in record.items() if key in kept or cell}
    return {key: unguarded(cell) for key, cell in cells.items()} if ours else cells


def _row(record: Row, table: bool, where: str) -> Parts:
    text = next((key for key in ("text", "data") if key in record), "text")
    if not isinstance(record.get(text), str):
        raise InputError(
            f'{where}: has no "text" that is text, it has {", ".join(record)}; only text classification can be read'
        )
    form = form_of(record.get(FORM), where)
    holder = next((key for key in HOLDERS if key in record), None)
    if holder is None and any(key in record for key in _ELSEWHERE):
        raise InputError(f'{where}: has no "label"; {_what_is_there([record])}; {_EXPORT}')
    labels = _labels(record[holder], holder, table, where) if holder else None
    if labels == [] and ((form or {}).get("unlabelled") or _is_unconfirmed(record)) and not _is_confirmed(record):
        labels = None
    carried = {key: value for key, value in record.items() if key not in (text, holder, FORM)}
    return Parts({"text": record[text], **carried}, labels, form=form)


def _labels(cell: Any, holder: str, table: bool, where: str) -> list[str] | None:
    """Return the labels of a record, None if nobody decided them."""
    if table:
        text = str(cell or "")
        if text.lstrip().startswith(("[", "{")):
            raise InputError(
                f"{where}: {holder!r} has {text[:60]!r}, which is JSON; labels of a text are joined by {JOIN}"
            )
        return [label for label in text.split(JOIN) if label]
    if not isinstance(cell, str) and is_missing(cell):
        return None
    if isinstance(cell, str):
        cell = [cell]
    if isinstance(cell, list) and all(isinstance(label, str) for label in cell):
        return [label for label in cell if label.strip()]
    first = cell[0] if isinstance(cell, list) else cell
    what = "ids of labels" if isinstance(first, int | float) else "spans" if isinstance(first, list) else "no labels"
    raise InputError(f"{where}: {holder!r} has {str(cell)[:60]}: {what}; only labels of whole texts can be read")


def _what_is_there(records: Sequence[Row]) -> str:
    """Return which keys records have, and what those hold that could be taken for labels."""
    keys = dict.fromkeys(key for record in records for key in record)
    told = [f"{key} ({_ELSEWHERE[key]})" if key in _ELSEWHERE else key for key in keys]
    return f"there are {', '.join(told) or 'no keys'}"


def _is_confirmed(record: Row) -> bool:
    return any(str(record.get(key) or "").lower() not in ("", "false", "0") for key in CONFIRMED)


def _is_unconfirmed(record: Row) -> bool:
    return any(key in record for key in CONFIRMED) and not _is_confirmed(record)


def _written(value: Any) -> str:
    """Return a cell from which `_value` reads the same: plain text as it is, all else (and formulas) as JSON."""
    if isinstance(value, str) and value and _value(value) == value and not value.startswith(FORMULA):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _value(cell: str, ours: bool = True) -> Any:
    """Return what a cell holds: any JSON in a file that this module wrote, else whole numbers, lists and objects."""
    if not ours and not cell.startswith(("[", "{")) and not _WHOLE.fullmatch(cell):
        return cell
    try:
        return parsed(cell)
    except ValueError:
        return cell
