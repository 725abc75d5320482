"""Label Studio: tasks with annotations and predictions (JSON), and its short form JSON-MIN.

References
----------
Label Studio documentation, "Label Studio JSON format of annotated tasks" and "Import pre-annotated data".
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.rows import FORM, Parts, Row, form_of, people, put_together, read_records, take_apart
from experiments.errors import InputError
from experiments.files import writing
from experiments.notices import Warn

CONTROL = "labels"
"""Name of the Choices control in what is written."""

_BY = "framescope-"  # begins the ids of results, before the annotator's name

_MIN_AFTER = ("annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement")  # ends of JSON-MIN


def read(name: str, control: str | None, warn: Warn) -> list[Row]:
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
    In JSON-MIN, where the task's number has taken the place of the row's own id, so does the row.

    Raises
    ------
    InputError
        If a record is not of a text classification with choices.
    """
    records = read_records(name, warn)
    if any("data" in record for record in records):
        return [put_together(_task(task, control, f"{name} task {n}")) for n, task in enumerate(records, 1)]
    return _read_min(records, control, name)


def write(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write rows as tasks that Label Studio imports.

    The decided labels become an annotation that is the ground truth, and each annotator's one more. Label Studio
    refuses a ``completed_by`` that is no member of the project, so only numbers and e-mail addresses are written there;
    other names stand in the ids of the results. Rows with ``scores`` get a prediction as well.
    """
    tasks = []
    for parts in take_apart(rows, name):
        annotations = [] if parts.final is None else [{**_annotation(parts.final), "ground_truth": True}]
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
    return [{"id": f"{_BY}{who}", **result} if who else result]


def _task(task: Row, control: str | None, where: str) -> Parts:
    data, annotations = task.get("data"), task.get("annotations", task.get("completions", []))
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        raise InputError(f'{where}: has no "data" with a "text"; export the project as JSON, and name its text so')
    if not isinstance(annotations, list) or not all(isinstance(each, dict) for each in annotations):
        raise InputError(f'{where}: "annotations" must be a list of objects; export the project as JSON, not JSON-MIN')
    parts = Parts({key: value for key, value in data.items() if key != FORM}, form=form_of(data.get(FORM), where))
    if parts.form is None:
        if "id" in task:
            parts.carried.setdefault("id", str(task["id"]))
        if task.get("meta"):
            parts.carried.setdefault("meta", task["meta"])
    for number, annotation in enumerate(annotations, 1):
        at = f"{where}: annotation {number}"
        labels = None if annotation.get("was_cancelled") else _choices(annotation, control, at)
        who = _person(annotation, number)
        truth = bool(annotation.get("ground_truth")) and labels is not None
        if truth:
            parts.final = labels
        if parts.form is None or who in people(parts.form):
            known = "completed_by" in annotation or not truth
        elif not labels and not truth and (absent := [p for p in people(parts.form) if p not in parts.annotators]):
            who, known = absent[0], True  # without results nothing bears the name, and all who are absent gave none
        else:
            known = not truth  # Label Studio says of imported ground truth that whoever imported it annotated it
        if known:
            parts.annotators[who] = labels
    return parts


def _choices(annotation: Mapping[str, Any], control: str | None, where: str) -> list[str]:
    """Return the choices of one annotation, in order."""
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise InputError(f'{where} has no list "result"; export the project as JSON')
    if control:
        results = [result for result in results if result.get("from_name") == control]
    controls = list(dict.fromkeys(str(result.get("from_name")) for result in results))
    if len(controls) > 1:
        raise InputError(f"{where} has results of {', '.join(controls)}; say which holds the labels with --control")
    labels: list[str] = []
    for result in results:
        choices = result.get("value", {}).get("choices") if isinstance(result.get("value"), dict) else None
        if result.get("type", "choices") != "choices" or not isinstance(choices, list):
            raise InputError(f"{where} has a result of type {result.get('type')!r}; only choices are labels of a text")
        labels += [str(choice) for choice in choices if str(choice) not in labels]
    return labels


def _person(annotation: Mapping[str, Any], number: int) -> str:
    """Return who annotated: by the ids that `write` gave, else as Label Studio says."""
    for result in annotation.get("result") or []:
        if str(result.get("id", "")).startswith(_BY):
            return str(result["id"]).removeprefix(_BY)
    by = annotation.get("completed_by", annotation.get("annotator"))
    if isinstance(by, dict):
        by = next((by[key] for key in ("email", "username", "id") if by.get(key)), None)
    return f"annotator-{number}" if by in (None, "") else str(by)


def _read_min(records: list[Row], control: str | None, name: str) -> list[Row]:
    """Read JSON-MIN: one flat object an annotation."""
    if not all(("annotation_id" in record or "annotator" in record) for record in records):
        raise InputError(
            f'{name}: its records have neither "data" nor "annotation_id"; export the project as JSON or JSON-MIN'
        )
    holder = control or _control(records, name)
    found: dict[str, Parts] = {}
    for number, record in enumerate(records, 1):
        where = f"{name} record {number}"
        if not isinstance(record.get("text"), str):
            raise InputError(f'{where}: has no "text"; name the text so in the project\'s data')
        carried = {key: value for key, value in record.items() if key not in (holder, FORM, *_MIN_AFTER)}
        if "id" in carried:
            carried["id"] = str(carried["id"])
        # the form tells of columns that JSON-MIN may have lost, so it is not relied on here
        parts = found.setdefault(str(record.get("id", record["text"])), Parts(carried))
        choices = record.get(holder)
        if isinstance(choices, dict):
            choices = choices.get("choices")
        labels = [choices] if isinstance(choices, str) else choices if choices is not None else []
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise InputError(f"{where}: {holder!r} has {record[holder]!r}; only choices are labels of a text")
        parts.annotators[_person({"annotator": record.get("annotator")}, len(parts.annotators) + 1)] = labels
    return [put_together(parts) for parts in found.values()]


def _control(records: list[Row], name: str) -> str:
    """Return the name of the control: the one key that stands between the task's id and the annotator."""
    between: dict[str, None] = {}
    for record in records:
        keys = list(record)
        start = keys.index("id") + 1 if "id" in keys else 0
        end = min((keys.index(key) for key in _MIN_AFTER if key in keys), default=len(keys))
        between.update(dict.fromkeys(keys[start:end]))
    multiple = [key for key in between if any(_has_choices(record.get(key)) for record in records)]
    for candidates in (multiple, list(between), [key for key in ("labels", "label", "choice") if key in between]):
        if len(candidates) == 1:
            return candidates[0]
    raise InputError(f"{name}: can't tell which key holds the labels ({', '.join(between)}); name it with --control")


def _has_choices(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("choices"), list)
