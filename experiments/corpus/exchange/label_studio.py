"""Label Studio: tasks with annotations and predictions (JSON), and its short form JSON-MIN.

References
----------
Label Studio documentation, "Label Studio JSON format of annotated tasks" and "Import pre-annotated data".
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.label_studio_answers import (
    BY,
    CONTROL,
    OF_A_REGION,
    fill,
    in_time,
    is_skipped,
    label_texts,
    region,
    short,
)
from experiments.corpus.exchange.label_studio_min import read_min
from experiments.corpus.exchange.notes import Notes
from experiments.corpus.exchange.rows import (
    FORM,
    Parts,
    Row,
    form_of,
    read_records,
    take_apart,
)
from experiments.errors import InputError
from experiments.notices import Warn
from experiments.output import writing
from experiments.tables.cells import cell_key


def read(name: str, control: str | None, warn: Warn) -> list[Parts]:
    """Read an export of Label Studio, JSON or JSON-MIN, as labelled rows.

    Parameters
    ----------
    name : str
        The file.
    control : str, optional
        Name of the Choices control, needed where a project has several.
    warn : callable
        Called with a line for everything the user should know.

    Notes
    -----
    Annotations that were skipped (``was_cancelled``) count as not annotated. Predictions are a model's and not read.
    Where one person annotated a text twice the later annotation stands (by ``updated_at``, else by its place), and
    one that was submitted stands against one that was skipped. In JSON-MIN, where the task's number has taken the
    place of the row's own id, so does the row. Tables (CSV, TSV) are not read: they don't say who skipped a text, nor
    whether a choice is of the whole text, and hold JSON inside their cells.

    Raises
    ------
    InputError
        If a record is not of a text classification with choices, or the control is not there.
    """
    records = read_records(name, warn)
    notes = Notes()
    full = any("data" in record and "annotation_id" not in record for record in records)
    found = (_read_json if full else read_min)(records, control, name, notes)
    predicted = sum(bool(record.get("predictions")) and not record.get("annotations") for record in records)
    if predicted:
        warn(f"{name}: {predicted} task(s) have predictions and no annotation; predictions are a model's and not read")
    notes.tell(name, warn)
    return found


def write(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write rows as tasks that Label Studio imports.

    The decided labels become an annotation that is the ground truth, and each annotator's one more. Label Studio
    refuses a ``completed_by`` that is no member of the project, so only numbers and e-mail addresses are written there;
    other names stand in the ids of the results. Rows with ``scores`` get a prediction as well. A row some of whose
    labels are undecided goes out as not annotated.
    """
    tasks = []
    for parts in take_apart(rows, name):
        annotations = [] if parts.whole is None else [{**_annotation(parts.whole), "ground_truth": True}]
        annotations += [_annotation(labels, who) for who, labels in parts.annotators.items() if labels is not None]
        task: Row = {"data": {**parts.carried, FORM: parts.form}, "annotations": annotations}
        if isinstance(scores := parts.carried.get("scores"), dict) and scores:
            likely = [label for label, score in scores.items() if score is not None and score >= 0.5]
            task["predictions"] = [
                {
                    "model_version": "framescope",
                    "score": max((score for score in scores.values() if score is not None), default=0.0),
                    "result": _results(likely),
                }
            ]
        tasks.append(task)
    with writing(path) as temporary:
        temporary.write_text(json.dumps(tasks, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def _annotation(labels: Sequence[str], who: str = "") -> Row:
    annotation: Row = {"result": _results(labels, who), "was_cancelled": False, "ground_truth": False}
    if who.isdecimal():
        annotation["completed_by"] = int(who)
    elif "@" in who:
        annotation["completed_by"] = {"email": who}
    return annotation


def _results(labels: Sequence[str], who: str = "") -> list[Row]:
    if not labels:
        return []
    result = {"from_name": CONTROL, "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}
    return [{"id": f"{BY}{who}", **result} if who else result]


def _read_json(tasks: list[Row], control: str | None, name: str, notes: Notes) -> list[Parts]:
    found = [_task(task, f"{name} task {number}") for number, task in enumerate(tasks, 1)]
    ours = any(parts.form is not None for parts, _ in found)
    annotations = [each for _, annotations in found for each in annotations]
    holder = _control_of_results(annotations, control, name, ours, notes)
    emails = _emails(annotation for _, annotation in annotations)
    for number, (parts, annotations) in enumerate(found, 1):
        given = [
            (annotation, None if is_skipped(annotation) else _choices(annotation, holder, where))
            for where, annotation in in_time(annotations)
        ]
        fill(parts, given, emails, f"task {number}", notes)
    if not ours and not any(labels for parts, _ in found for labels in (parts.final, *parts.annotators.values())):
        raise InputError(f"{name}: no annotation gives a label: {_what_is_there(tasks)}; export an annotated project")
    return [parts for parts, _ in found]


def _what_is_there(tasks: Sequence[Row]) -> str:
    """Return what tasks without any label have."""
    annotations = [each for task in tasks for each in task.get("annotations", task.get("completions")) or []]
    skipped = sum(is_skipped(annotation) for annotation in annotations)
    predicted = sum(bool(task.get("predictions")) for task in tasks)
    parts = [f"{len(tasks)} task(s)", f"{len(annotations) - skipped} annotation(s) without a choice"]
    parts += [f"{skipped} skipped"] if skipped else []
    parts += [f"predictions in {predicted} task(s), which are a model's and not read"] if predicted else []
    return ", ".join(parts)


def _task(task: Row, where: str) -> tuple[Parts, list[tuple[str, Row]]]:
    """Return a task's row, still without labels, and its annotations, each with where it stands."""
    data, annotations = task.get("data"), task.get("annotations", task.get("completions")) or []
    if not isinstance(data, dict):
        raise InputError(f'{where}: has no "data", it has {", ".join(task)}; export the project as JSON')
    if not isinstance(data.get("text"), str):
        raise InputError(f'{where}: its "data" has no "text", it has {", ".join(data) or "nothing"}; name the text so')
    if not isinstance(annotations, list) or not all(isinstance(each, dict) for each in annotations):
        raise InputError(
            f'{where}: "annotations" must be a list of objects, not {short(annotations)}; export the project as JSON'
        )
    parts = Parts({key: value for key, value in data.items() if key != FORM}, form=form_of(data.get(FORM), where))
    if parts.form is None:
        if "id" in task:
            parts.carried.setdefault("id", cell_key(task["id"]))
        if task.get("meta"):
            parts.carried.setdefault("meta", task["meta"])
    if task.get("cancelled_annotations"):
        parts.why = "skipped"  # some versions count them, and leave them out of the list
    return parts, [(f"{where}: annotation {number}", each) for number, each in enumerate(annotations, 1)]


def _results_of(annotation: Mapping[str, Any], where: str) -> list[Row]:
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise InputError(f'{where} has no list "result", it has {", ".join(annotation)}; export the project as JSON')
    return results


def _control_of_results(
    annotations: Iterable[tuple[str, Row]], control: str | None, name: str, ours: bool, notes: Notes
) -> str | None:
    """Return the control whose choices are the labels: the one that was asked for, or the only one of choices."""
    types: dict[str, str] = {}
    for where, annotation in annotations:
        for result in [] if is_skipped(annotation) else _results_of(annotation, where):
            types.setdefault(str(result.get("from_name")), str(result.get("type", "choices")))
    there = ", ".join(f"{each} ({kind})" for each, kind in types.items())
    if control:
        if control in types or (ours and not types):
            return control
        raise InputError(
            f"{name}: has no control {control!r}; " + (f"there are {there}" if there else "no annotation has a result")
        )
    choices = [each for each, kind in types.items() if kind == "choices"]
    if len(choices) > 1:
        raise InputError(f"{name}: has results of {there}; say which holds the labels with --control")
    if choices and len(types) > 1:
        notes.add(f"labels are the choices of {choices[0]!r}", f"of {there}, no other holds choices")
    return choices[0] if choices else None


def _choices(annotation: Mapping[str, Any], control: str | None, where: str) -> list[str]:
    """Return the choices of one annotation, in order."""
    labels: list[str] = []
    for result in _results_of(annotation, where):
        if control is not None and str(result.get("from_name")) != control:
            continue
        value: Row = result["value"] if isinstance(result.get("value"), dict) else {}
        choices = value.get("choices")
        if result.get("type", "choices") != "choices" or not isinstance(choices, list | str):
            raise InputError(
                f"{where} has a result of type {result.get('type')!r} (control {result.get('from_name')}); only "
                "choices are labels of a text"
            )
        if any(key in value for key in OF_A_REGION) or result.get("item_index") is not None:
            raise InputError(f"{where} {region(value)}; only choices for the whole text can be read")
        labels += [label for label in label_texts(choices, where) if label not in labels]
    return labels


def _emails(annotations: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the addresses of people who are named by their number elsewhere in the file."""
    people = [each.get("completed_by") for each in annotations]
    return {
        cell_key(by["id"]): by["email"] for by in people if isinstance(by, dict) and by.get("id") and by.get("email")
    }
