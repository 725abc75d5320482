"""Prodigy: JSON lines of its choice interface, and of its binary classification.

References
----------
Prodigy documentation, "Annotation interfaces": choice, classification.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.notes import PASSED, TWICE, Notes
from experiments.corpus.exchange.rows import (
    FORM,
    Parts,
    Row,
    all_labels,
    form_of,
    read_records,
    standing,
    take_apart,
    tally,
    write_lines,
)
from experiments.errors import InputError
from experiments.notices import Warn
from experiments.tables.cells import cell_key

ANSWERS = ("accept", "reject", "ignore")

_OWN = ("text", "options", "accept", "answer", "label", "meta", "config", "tokens", FORM)  # and whatever begins with _

_OF_THE_STREAM = ("score", "pattern")  # what Prodigy writes into "meta": of one question, not of the text


@dataclass
class _Said:
    """What one annotator said about a text.

    Attributes
    ----------
    labels : dict of str to bool
        Whether the text has a label, for each that was asked about.
    whole : bool
        Whether every label there is was asked about.
    passed : bool
        Whether the annotator ignored or refused a question.
    """

    labels: dict[str, bool] = field(default_factory=dict)
    whole: bool = False
    passed: bool = False

    @property
    def answered(self) -> bool:
        """Whether anything was said at all."""
        return self.whole or bool(self.labels)

    @property
    def given(self) -> list[str]:
        return [label for label, has in self.labels.items() if has]

    def of(self, known: Collection[str]) -> list[str] | None:
        """Return the labels given, None unless all that are known were asked about."""
        return self.given if self.whole or (self.labels and set(known) <= set(self.labels)) else None


def read(name: str, control: str | None, warn: Warn) -> list[Parts]:
    """Read Prodigy's annotations (``prodigy db-out``) as labelled rows.

    Records of one text and one ``meta`` (but for its ``score`` and ``pattern``) are one row, whoever annotated them
    and, in the binary form, for whichever label.

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
    ``accept``: the options in ``accept`` hold and the others don't, or the record's ``label`` does. ``reject``: the
    ``label`` does not hold; of options, the annotator refused the question, and nothing is decided. ``ignore``, or no
    ``answer``: nothing is decided. Labels of the file that nobody was asked about, or about which annotators of whom
    some were asked about some labels only differ, are undecided in that row. An annotator is ``_annotator_id``, else
    ``_session_id``; the column of one who was asked about some labels only is null. Where somebody answered twice the
    later answer counts (by ``_timestamp``, else by its place), and any answer counts more than an ``ignore``.

    Raises
    ------
    InputError
        If a record is not of a text classification, or nothing was answered.
    """
    records = read_records(name, warn)
    found: dict[str, Parts] = {}
    keys = [_row_of(record, f"{name} record {number}", found) for number, record in enumerate(records, 1)]
    said: dict[str, dict[str, _Said]] = {key: {} for key in found}
    known: dict[str, None] = {}
    notes = Notes()
    for at in _in_time(records):
        known |= dict.fromkeys(_add(said[keys[at]], records[at], name, f"record {at + 1}", notes))
    for key, parts in found.items():
        _settle(parts, said[key], list(known))
    rows = list(found.values())
    if not any(parts.form for parts in rows):
        there = f"they have {', '.join(dict.fromkeys(key for record in records for key in record))}"
        if all(standing(parts) in ("skipped", "unannotated") for parts in rows):
            raise InputError(f"{name}: no record is answered ({tally(rows)}; {there}); export what has been annotated")
        if not known:
            raise InputError(f'{name}: no record has "options", a "label", or anything in "accept" ({there})')
    notes.tell(name, warn)
    if partial := sum(bool(parts.undecided) for parts in rows):
        warn(f"{name}: {partial} row(s) have labels that nobody was asked about, or that are disputed: left undecided")
    return rows


def write(rows: Sequence[Row], name: str, path: Path) -> None:
    """Write rows as records of the choice interface, one for the decided labels and one for each annotator's.

    A row some of whose labels are undecided goes out as not annotated.
    """
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
        answers = [] if each.whole is None else [{"accept": each.whole, "answer": "accept"}]
        for who, labels in each.annotators.items():
            if labels is not None:
                answers.append({"accept": labels, "answer": "accept", "_annotator_id": who, "_session_id": who})
        records += [{**task, **answer} for answer in answers or [{}]]
    write_lines(records, path)


def _row_of(record: Row, where: str, found: dict[str, Parts]) -> str:
    """Return the key of a record's row, which is added to ``found`` if it isn't there."""
    if not isinstance(record.get("text"), str):
        raise InputError(f'{where}: has no "text", it has {", ".join(record)}; only annotations of texts can be read')
    meta = record.get("meta") or {}
    if not isinstance(meta, dict):
        raise InputError(f'{where}: "meta" must be an object, not {meta!r}')
    form = form_of(record.get(FORM), where)
    same = {key: value for key, value in meta.items() if key not in _OF_THE_STREAM}
    key = f"{FORM} {form['row']}" if form and "row" in form else json.dumps([record["text"], same], sort_keys=True)
    if key not in found:
        extra = {k: v for k, v in record.items() if k not in _OWN and not k.startswith("_")}
        found[key] = Parts({"text": record["text"], **extra, **(meta if form else same)}, form=form)
    return key


def _in_time(records: Sequence[Row]) -> list[int]:
    """Return the numbers of the records in the order in which they were answered, where all say when."""
    times: list[Any] = [record.get("_timestamp") for record in records]
    timed = all(isinstance(time, int | float) for time in times)
    return sorted(range(len(records)), key=lambda at: times[at]) if timed else list(range(len(records)))


def _add(said: dict[str, _Said], record: Row, name: str, place: str, notes: Notes) -> list[str]:
    """Add what one record answers to what was said about its text, and return the labels that it asks about."""
    where = f"{name} {place}"
    choice = "accept" in record or "options" in record
    if not choice and "label" not in record:
        if "spans" in record or record.get("answer") is not None:
            what = "marks spans of the text" if "spans" in record else f"has {', '.join(record)}"
            raise InputError(f'{where}: {what}; labels of whole texts stand in "options" and "accept", or in "label"')
        return []
    if not choice and not isinstance(record["label"], str):
        raise InputError(f'{where}: "label" has {record["label"]!r}; it must be text')
    chosen, asked = _choices(record, where) if choice else ([], [record["label"]])
    answer = record.get("answer")
    if answer is None:
        return asked or chosen
    if answer not in ANSWERS:
        raise InputError(f'{where}: "answer" has {answer!r}; it is one of {", ".join(ANSWERS)}')
    who = cell_key(record.get("_annotator_id")) or cell_key(record.get("_session_id"))
    mine = said.setdefault(who, _Said())
    named = f"{place}, {who}" if who else place
    if answer == "ignore" or (answer == "reject" and choice):
        if answer == "reject":
            notes.add('"reject" of a record with options refuses the question; its labels are undecided', named)
        if mine.answered and (choice or asked[0] in mine.labels):
            notes.add(PASSED, named)
        mine.passed = True
        return asked or chosen
    if mine.passed and choice:
        notes.add(PASSED, named)
    now = {label: label in chosen for label in [*chosen, *asked]} if choice else {asked[0]: answer == "accept"}
    whole = choice and not asked
    again = mine.whole and whole and set(mine.given) != set(chosen)
    if again or any(mine.labels.get(label, has) != has for label, has in now.items()):
        notes.add(TWICE, named)
    mine.labels = now if whole else {**mine.labels, **now}
    mine.whole = whole or mine.whole
    return asked or chosen


def _settle(parts: Parts, said: dict[str, _Said], known: list[str]) -> None:
    """Give a row its labels from what everyone said about it; where all said all, `put_together` looks who agrees."""
    if any(each.passed for each in said.values()):
        parts.why = "skipped"
    parts.annotators = {who: each.of(known) for who, each in said.items() if who}
    if (unnamed := said.get("")) and unnamed.of(known) is not None:
        parts.final = unnamed.of(known)
        return
    answers = [each for each in said.values() if each.answered]
    if all(each.of(known) is not None for each in answers):
        return
    votes = {
        label: {each.labels.get(label, False) for each in answers if each.whole or label in each.labels}
        for label in known
    }
    if any(len(vote) == 1 for vote in votes.values()):
        parts.final = [label for label, vote in votes.items() if vote == {True}]
        parts.undecided = sorted(label for label, vote in votes.items() if len(vote) != 1)
    else:
        parts.why = "disputed"


def _choices(record: Row, where: str) -> tuple[list[str], list[str]]:
    """Return the labels that are accepted, and those that the options offer."""
    accepted: Any = record.get("accept") or []
    options: Any = record.get("options") or []
    if not isinstance(accepted, list) or not isinstance(options, list):
        raise InputError(f'{where}: "accept" and "options" must be lists')
    names: dict[str, str] = {}
    for option in options:
        if not isinstance(option, dict):
            option = {"id": option}
        if "id" not in option:
            raise InputError(f'{where}: "options" has {option!r}, which has no "id"')
        # numbers as ids mean nothing by themselves: the option's text is the label then
        number = isinstance(option["id"], int | float)
        names[cell_key(option["id"])] = str(option.get("text", option["id"])) if number else str(option["id"])
    for each in accepted:
        if names and cell_key(each) not in names:
            raise InputError(f'{where}: "accept" has {each!r}, which is none of its options {", ".join(names)}')
        if not names and not isinstance(each, str):
            raise InputError(f'{where}: "accept" has {each!r}, and no "options" say what it stands for; export both')
    return [names.get(cell_key(each), str(each)) for each in accepted], list(names.values())
