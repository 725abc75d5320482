"""Prodigy: JSON lines of its choice interface, and of its binary classification.

References
----------
Prodigy documentation, "Annotation interfaces": choice, classification.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.rows import (
    FORM,
    Parts,
    Row,
    all_labels,
    form_of,
    put_together,
    read_records,
    take_apart,
    write_lines,
)
from experiments.errors import InputError
from experiments.notices import Warn

ANSWERS = ("accept", "reject", "ignore")

_OWN = ("text", "options", "accept", "answer", "label", "meta", "config", "tokens", FORM)  # and whatever begins with _


def read(name: str, control: str | None, warn: Warn) -> list[Row]:
    """Read Prodigy's annotations (``prodigy db-out``) as labelled rows.

    Records of one text and one ``meta`` are one row, whoever annotated them and, in the binary form, for
    whichever label.

    Parameters
    ----------
    name : str
        The file.
    control : str, optional
        Not used: Prodigy has one question a record.
    warn : callable
        Called with a line for everything the user should know.

    Notes
    -----
    ``accept``: the options in ``accept`` hold, or the record's ``label`` does. ``reject``: none of them does, or the
    ``label`` does not. ``ignore``: not annotated. An annotator is ``_annotator_id``, else ``_session_id``. Where
    somebody answered twice the later answer counts.

    Raises
    ------
    InputError
        If a record is not of a text classification.
    """
    found: dict[str, Parts] = {}
    for number, record in enumerate(read_records(name, warn), 1):
        where = f"{name} record {number}"
        if not isinstance(record.get("text"), str):
            raise InputError(f'{where}: has no "text"; only annotations of texts can be read')
        meta = record.get("meta") or {}
        if not isinstance(meta, dict):
            raise InputError(f'{where}: "meta" must be an object, not {meta!r}')
        form = form_of(record.get(FORM), where)
        key = f"{FORM} {form['row']}" if form and "row" in form else json.dumps([record["text"], meta], sort_keys=True)
        if key not in found:
            extra = {k: v for k, v in record.items() if k not in _OWN and not k.startswith("_")}
            found[key] = Parts({"text": record["text"], **extra, **meta}, form=form)
        _add(found[key], record, where)
    return [put_together(parts) for parts in found.values()]


def write(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write rows as records of the choice interface, one for the decided labels and one for each annotator's."""
    parts = take_apart(rows, name)
    options = [{"id": label, "text": label} for label in all_labels(parts)]
    records = []
    for number, each in enumerate(parts, 1):
        form = {**(each.form or {}), "row": number}
        task = {
            "text": each.carried["text"],
            "options": options,
            "meta": {key: value for key, value in each.carried.items() if key != "text"},
            FORM: form,
        }
        answers = [] if each.final is None else [{"accept": each.final, "answer": "accept"}]
        for who, labels in each.annotators.items():
            if labels is not None:
                answers.append({"accept": labels, "answer": "accept", "_annotator_id": who, "_session_id": who})
        records += [{**task, **answer} for answer in answers or [{}]]
    write_lines(records, path)


def _add(parts: Parts, record: Row, where: str) -> None:
    """Add what one record answers to its row."""
    if "spans" in record and "options" not in record and "accept" not in record and "label" not in record:
        raise InputError(f"{where}: marks spans of the text; only labels of whole texts can be read")
    binary = "accept" not in record and "label" in record
    if not binary and "accept" not in record and "answer" not in record:
        return  # not annotated yet
    answer = record.get("answer", "accept")
    if answer not in ANSWERS:
        raise InputError(f'{where}: "answer" has {answer!r}; it is one of {", ".join(ANSWERS)}')
    who = record.get("_annotator_id") or record.get("_session_id")
    before = parts.annotators.get(str(who)) if who else parts.final
    if binary:
        label = record["label"]
        if not isinstance(label, str):
            raise InputError(f'{where}: "label" has {label!r}; it must be text')
        others = [other for other in before or [] if other != label]
        labels = before if answer == "ignore" else [*others, label] if answer == "accept" else others
    elif answer == "ignore":
        labels = None
    else:
        chosen = _chosen(record, where)
        labels = chosen if answer == "accept" else []
    if who:
        parts.annotators[str(who)] = labels
    else:
        parts.final = labels


def _chosen(record: Row, where: str) -> list[str]:
    accepted: Any = record.get("accept", [])
    options: Any = record.get("options", [])
    if not isinstance(accepted, list) or not isinstance(options, list):
        raise InputError(f'{where}: "accept" and "options" must be lists')
    # numbers as ids mean nothing by themselves: the option's text is the label then
    names = {
        option["id"]: str(option.get("text", option["id"]))
        for option in options
        if isinstance(option, dict) and isinstance(option.get("id"), int)
    }
    return [names.get(each, str(each)) if isinstance(each, int) else str(each) for each in accepted]
