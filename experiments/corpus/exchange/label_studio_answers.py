"""What both of Label Studio's JSON forms say: whose annotation stands, and which choices are labels of a text."""

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.corpus.exchange.notes import PASSED, TWICE, Notes
from experiments.corpus.exchange.rows import Parts, Row, people
from experiments.errors import InputError
from experiments.tables.cells import cell_key

CONTROL = "labels"
"""Name of the Choices control in what is written."""

BY = "framescope-"  # begins the ids of results, before the annotator's name

OF_A_REGION = ("start", "end", "startOffset", "endOffset", "x", "y", "ranges", "paragraphs")


def fill(
    parts: Parts,
    given: Sequence[tuple[Mapping[str, Any], list[str] | None]],
    emails: Mapping[str, str],
    where: str,
    notes: Notes,
) -> None:
    """Give a row the labels of its annotations, which come in the order in which they were made."""
    truths = [labels for annotation, labels in given if labels is not None and annotation.get("ground_truth")]
    settled = all(set(labels) == set(truths[0]) for labels in truths)
    if not settled:
        notes.add("annotations that are both the ground truth differ; none of them is taken for it", where)
    for number, (annotation, labels) in enumerate(given, 1):
        who = _person(annotation, number, emails)
        truth = bool(annotation.get("ground_truth")) and labels is not None
        if truth and settled:
            parts.final = labels
        if labels is None:
            parts.why = "skipped"
        if parts.form is None or who in people(parts.form):
            known = "completed_by" in annotation or not (truth and settled)
        elif not labels and not truth and (absent := [p for p in people(parts.form) if p not in parts.annotators]):
            who, known = absent[0], True  # without results nothing bears the name, and all who are absent gave none
        else:
            known = not truth  # Label Studio says of imported ground truth that whoever imported it annotated it
        if known:
            _stand(parts, who, labels, where, notes)


def _stand(parts: Parts, who: str, labels: list[str] | None, where: str, notes: Notes) -> None:
    """Give a row what an annotator said last, unless that is a skip after an annotation."""
    before = parts.annotators.get(who)
    if who in parts.annotators and (before is None) != (labels is None):
        notes.add(PASSED, f"{where}, {who}")
        labels = before if labels is None else labels
    elif before is not None and labels is not None and set(before) != set(labels):
        notes.add(TWICE, f"{where}, {who}")
    parts.annotators[who] = labels


def in_time(annotations: Sequence[tuple[str, Row]]) -> list[tuple[str, Row]]:
    """Return annotations in the order in which they were made, where all say when."""
    times = [annotation.get("updated_at") or annotation.get("created_at") for _, annotation in annotations]
    if not all(isinstance(time, str) for time in times):
        return list(annotations)
    return [annotations[at] for at in sorted(range(len(times)), key=lambda at: str(times[at]))]


def is_skipped(annotation: Mapping[str, Any]) -> bool:
    """Return whether whoever annotated passed the text over."""
    return bool(annotation.get("was_cancelled") or annotation.get("skipped"))


def _person(annotation: Mapping[str, Any], number: int, emails: Mapping[str, str]) -> str:
    """Return who annotated: by the ids that `write` gave, else as Label Studio says."""
    for result in annotation.get("result") or []:
        if str(result.get("id", "")).startswith(BY):
            return str(result["id"]).removeprefix(BY)
    by = annotation.get("completed_by", annotation.get("annotator"))
    if isinstance(by, dict):
        by = next((by[key] for key in ("email", "username", "id") if by.get(key)), None)
    who = cell_key(by)
    return emails.get(who, who) or f"annotator-{number}"


def region(value: Mapping[str, Any]) -> str:
    """Return what is wrong with a choice for a part of the text."""
    place = f" on characters {value['start']}-{value['end']}" if {"start", "end"} <= set(value) else ""
    return f"has the choice {short(value.get('choices'))} for a region of the text{place}"


def label_texts(choices: list[Any] | str, where: str) -> list[str]:
    """Return choices as labels, of which each must be a text."""
    listed = [choices] if isinstance(choices, str) else choices
    for choice in listed:
        if not isinstance(choice, str):
            raise InputError(f"{where} has the choice {short(choice)}, which is no label; a choice is a text")
    return [choice for choice in listed if choice.strip()]


def short(value: Any) -> str:
    """Return a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
