"""JSON-MIN, the short form of Label Studio: one flat object an annotation, data and controls side by side."""

from collections.abc import Mapping
from typing import Any

from experiments.corpus.exchange.label_studio_answers import (
    CONTROL,
    OF_A_REGION,
    fill,
    in_time,
    is_skipped,
    label_texts,
    region,
    short,
)
from experiments.corpus.exchange.notes import Notes
from experiments.corpus.exchange.rows import FORM, Parts, Row
from experiments.errors import InputError
from experiments.tables.cells import cell_key

_MIN_AFTER = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")  # ends of JSON-MIN


def read_min(records: list[Row], control: str | None, name: str, notes: Notes) -> list[Parts]:
    """Read JSON-MIN: one flat object an annotation."""
    if not all(("annotation_id" in record or "annotator" in record) for record in records):
        raise InputError(
            f'{name}: its records have neither "data" nor "annotation_id", they have '
            f"{', '.join(dict.fromkeys(key for record in records for key in record))}; export the project as JSON or "
            "JSON-MIN"
        )
    holder = _control_of_keys(records, control, name, notes)
    found: dict[str, tuple[Parts, list[tuple[str, Row]]]] = {}
    for number, record in enumerate(records, 1):
        where = f"{name} record {number}"
        if not isinstance(record.get("text"), str):
            raise InputError(f'{where}: has no "text", it has {", ".join(record)}; name the text so in the project')
        carried = {key: value for key, value in record.items() if key not in (holder, FORM, *_MIN_AFTER)}
        if "id" in carried:
            carried["id"] = cell_key(carried["id"])
        # the form tells of columns that JSON-MIN may have lost, so it is not relied on here
        found.setdefault(cell_key(record.get("id", record["text"])), (Parts(carried), []))[1].append((where, record))
    for parts, annotations in found.values():
        given: list[tuple[Mapping[str, Any], list[str] | None]] = []
        for where, record in in_time(annotations):
            if record.get(holder) is None and record.get("annotation_id") is None and record.get("annotator") is None:
                continue  # a task that nobody has annotated
            skipped = is_skipped(record)
            given.append(
                ({"annotator": record.get("annotator")}, None if skipped else _choices_in(record, holder, where))
            )
        fill(parts, given, {}, annotations[0][0].removeprefix(f"{name} "), notes)
    return [parts for parts, _ in found.values()]


def _choices_in(record: Row, holder: str, where: str) -> list[str]:
    """Return the choices in the control's key of a record of JSON-MIN."""
    value = record.get(holder)
    labels: list[str] = []
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(each, dict) and any(key in each for key in OF_A_REGION):
            raise InputError(f"{where} {region(each)}; only choices for the whole text can be read")
        choices = each.get("choices") if isinstance(each, dict) else each
        if not isinstance(choices, list | str):
            raise InputError(f"{where}: {holder!r} has {short(value)}; only choices are labels of a text")
        labels += [label for label in label_texts(choices, where) if label not in labels]
    return labels


def _control_of_keys(records: list[Row], control: str | None, name: str, notes: Notes) -> str:
    """Return the key that holds the labels in JSON-MIN, where data and controls stand side by side.

    The controls stand between the task's id and the annotator, unless the data brought an id of their own.
    """
    between: dict[str, None] = {}
    for record in records:
        keys = list(record)
        start = keys.index("id") + 1 if "id" in keys else 0
        end = min((keys.index(key) for key in _MIN_AFTER if key in keys), default=len(keys))
        between.update(dict.fromkeys(keys[start:end]))
    values = {
        key: [record[key] for record in records if record.get(key) is not None]
        for key in between
        if key not in ("text", FORM)
    }
    there = ", ".join(values) or "none"
    regions = [key for key, cells in values.items() if any(map(_has_regions, cells))]
    if control:
        if control in ("text", "id", FORM, *_MIN_AFTER) or not any(control in record for record in records):
            raise InputError(f"{name}: has no control {control!r}; between the id and the annotator there are {there}")
        holders = [control]
    elif CONTROL in values and any(FORM in record for record in records):
        holders = [CONTROL]
    else:
        holders = [key for key, cells in values.items() if cells and all(map(_may_be_choices, cells))]
    if len(holders) > 1:
        raise InputError(f"{name}: can't tell which key holds the labels ({there}); name it with --control")
    if not holders:
        raise InputError(
            f"{name}: no key holds choices; between the id and the annotator there are {there}"
            + (f", of which {', '.join(regions)} hold regions of the text" if regions else "")
        )
    (holder,) = holders
    others = [key for key in regions if key != holder]
    if others and any(isinstance(record.get(holder), list) for record in records):
        raise InputError(
            f"{name}: {holder!r} has choices for the regions in {', '.join(others)}; only choices for the whole text "
            "can be read"
        )
    if others and not control:
        raise InputError(
            f"{name}: {', '.join(others)} hold regions of the text, and JSON-MIN doesn't say whether the choices of "
            f"{holder!r} are theirs; export the project as JSON, or say --control {holder}"
        )
    if others:
        notes.add(f"choices of {holder!r} are read as the whole text's", f"JSON-MIN doesn't say; see {others[0]}")
    return holder


def _has_regions(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) and set(each) & set(OF_A_REGION) for each in value)


def _may_be_choices(value: Any) -> bool:
    each = value if isinstance(value, list) else [] if value is None else [value]
    return all(isinstance(one, str) or (isinstance(one, dict) and isinstance(one.get("choices"), list)) for one in each)
