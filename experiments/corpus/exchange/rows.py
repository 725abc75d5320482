"""Rows taken apart into what an annotation tool edits and what it only carries, and put together again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.corpus.annotations import NESTED, NO_LABEL, PREFIXES
from experiments.errors import InputError
from experiments.files import find_file
from experiments.notices import Warn
from experiments.output import writing
from experiments.tables.cells import is_missing, listed
from experiments.tables.read import opened, read_table

Row = dict[str, Any]

FORM = "framescope"
"""Column that an exported record carries besides the row's own: which columns held labels, and how."""

FINAL = ("labels", "label")
"""Columns that may hold the decided labels; the first that a row has counts."""

UNDECIDED = "undecided"
"""Column that lists the labels of a row that nobody decided."""

KINDS = ("skipped", "unannotated", "disputed", "unadjudicated")
"""Why nobody decided a row: passed over, not seen, annotators differ, or they agree and the row still has no labels."""


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
    undecided : list of str
        Labels that ``final`` says nothing about, because nobody decided them.
    why : {"skipped", "disputed"} or None
        Why the row is undecided, where ``annotators`` doesn't show it.
    """

    carried: Row
    final: list[str] | None = None
    annotators: dict[str, list[str] | None] = field(default_factory=dict)
    form: dict[str, Any] | None = None
    undecided: list[str] = field(default_factory=list)
    why: str | None = None

    @property
    def whole(self) -> list[str] | None:
        """The decided labels of a row all of whose labels are decided, None of any other."""
        return None if self.undecided else self.final


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
    ``labels`` holds the decided labels: those that all annotators gave alike. It is null where nobody decided, and
    ``undecided`` lists the labels that nobody decided in a row that has others. The tool's own columns of these two
    names are called ``data_labels`` and ``data_undecided`` then.
    """
    if parts.form is None:
        final, undecided = _decided(parts)
        row = {f"data_{key}" if key in ("labels", UNDECIDED) else key: value for key, value in parts.carried.items()}
        row["labels"] = final
        if undecided:
            row[UNDECIDED] = undecided
        return {**row, **{f"labels_{who}": labels for who, labels in parts.annotators.items()}}
    return _as_it_was(parts, parts.form)


def _as_it_was(parts: Parts, form: Mapping[str, Any]) -> Row:
    """Return a row that this package exported."""
    row = {**parts.carried, **form.get("kept", {})}
    people, nested, columns = dict(parts.annotators), form.get("nested", {}), form.get("columns", {})
    final, undecided = _decided(parts)
    for column, how in columns.items():
        if column not in FINAL:
            row[column] = _cell(people.pop(_person(column, nested), None), how, single=True)
    if "nested" in form:
        row[NESTED] = {who: _cell(people.pop(who, None), how, single=True) for who, how in nested.items()}
    holder = next((column for column in columns if column in FINAL), None)
    if undecided and form.get("partly") == final:
        row[UNDECIDED] = form[UNDECIDED]
    if holder or final is not None or people:
        row[holder or FINAL[0]] = _cell(final, columns.get(holder, {}))
    return {**row, **{f"labels_{who}": labels for who, labels in people.items()}}


def _decided(parts: Parts) -> tuple[list[str] | None, list[str]]:
    """Return a row's labels, None if nobody decided them, and those of which nobody decided whether it has them.

    An exported row that nobody has annotated since is as decided as it was.
    """
    if parts.final is not None:
        return parts.final, parts.undecided
    form = parts.form
    since = [who for who, labels in parts.annotators.items() if labels is not None]
    if form is None or any(who not in held(form) for who in since):
        given = [labels for labels in parts.annotators.values() if labels is not None]
        if given and all(set(labels) == set(given[0]) for labels in given):
            return list(given[0]), []
    if form is not None and "partly" in form:
        return form["partly"], _labels(form[UNDECIDED]) or []
    return None, []


def standing(parts: Parts) -> str:
    """Return ``decided`` if a row has decided labels, ``partly`` if it has undecided ones too, else one of `KINDS`."""
    final, undecided = _decided(parts)
    if final is not None:
        return "partly" if undecided else "decided"
    given = [set(labels) for labels in parts.annotators.values() if labels is not None]
    if given:
        return "unadjudicated" if all(labels == given[0] for labels in given) else "disputed"
    return parts.why or "unannotated"


def _annotator_columns(rows: Sequence[Row]) -> list[str]:
    names = list(dict.fromkeys(column for row in rows for column in row))
    for prefix in PREFIXES:
        found = [name for name in names if name.startswith(prefix) and len(name) > len(prefix)]
        found = [name for name in found if all(_is_labels(row.get(name)) for row in rows)]
        if found and (prefix == PREFIXES[0] or len(found) > 1):
            return found
    return []


def _is_labels(cell: Any) -> bool:
    if isinstance(cell, list):
        return all(isinstance(each, str) for each in cell)
    return isinstance(cell, str) or is_missing(cell)


def _parts(row: Row, columns: Sequence[str], annotators: bool, where: str) -> Parts:
    if not isinstance(row.get("text"), str):
        raise InputError(f'{where}: has no "text", or one that is not text; every row needs it')
    form: dict[str, Any] = {"columns": {}}
    parts = Parts(dict(row), form=form)
    nested = row.get(NESTED) if annotators else None
    if isinstance(nested, dict) and all(_is_labels(cell) for cell in nested.values()):
        form["nested"] = {who: _how(cell) for who, cell in nested.items()}
        parts.annotators = {who: _labels(cell, single=True) for who, cell in nested.items()}
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
            parts.annotators[_person(column, form.get("nested", {}))] = _labels(cell, single=True)
    cell = row.get(UNDECIDED)
    if parts.final is not None and _is_labels(cell) and (undecided := _labels(cell)):
        form |= {"partly": parts.final, UNDECIDED: parts.carried.pop(UNDECIDED)}
        parts.undecided = undecided
    return parts


def held(form: Mapping[str, Any]) -> list[str]:
    """Return the annotators for whom an exported row had a cell."""
    nested = form.get("nested", {})
    return [*nested, *(_person(column, nested) for column in form.get("columns", {}) if column not in FINAL)]


def people(form: Mapping[str, Any]) -> list[str]:
    """Return the annotators whose labels a row held, those who passed it over left out."""
    nested = form.get("nested", {})
    cells = [(_person(column, nested), how) for column, how in form.get("columns", {}).items() if column not in FINAL]
    given = [*nested.items(), *cells]
    return [who for who, how in given if "cell" not in how or _labels(how["cell"], single=True) is not None]


def _person(column: str, nested: Mapping[str, Any]) -> str:
    """Return who annotated in a column: ``labels_a`` is a, unless the row has another a."""
    for prefix in PREFIXES:
        if column.startswith(prefix) and (who := column.removeprefix(prefix)) not in nested:
            return who
    return column


def _labels(cell: Any, single: bool = False) -> list[str] | None:
    """Return the labels in a cell, None if nobody decided them.

    An empty text, or NA, means "no label" among decided labels, and "not seen" in the cell of a single annotator.
    """
    if isinstance(cell, list):
        return cell
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if is_missing(text):
        return None if single else []
    if single and text in NO_LABEL:
        return []
    if (read := listed(text)) is not None:
        return [str(label) for label in read]
    return [label for label in (part.strip() for part in text.split(";")) if label]


def _how(cell: Any) -> Row:
    """Return what turns labels back into the cell: nothing for a list, else the cell itself."""
    return {} if isinstance(cell, list) else {"cell": cell if isinstance(cell, str) else None}


def _cell(labels: list[str] | None, how: Mapping[str, Any], single: bool = False) -> Any:
    if "cell" not in how:
        return labels
    if _labels(how["cell"], single) == labels:
        return how["cell"]
    return ";".join(labels) if isinstance(how["cell"], str) and labels else labels


def all_labels(parts: Iterable[Parts]) -> list[str]:
    """Return every label that occurs, sorted."""
    return sorted(
        {
            label
            for each in parts
            for labels in (each.final, each.undecided, *each.annotators.values())
            if labels is not None
            for label in labels
        }
    )


def read_records(name: str, warn: Warn, encoding: str | None = None, header: bool = True) -> list[Row]:
    """Read the objects of a file; those of JSON exactly as they stand there, without columns they don't have."""
    if name.startswith("hub:"):
        return list(read_table(name, encoding, header, warn).records())
    with opened(find_file(name), name, encoding, header, warn) as table:
        rows = [row for _, row in table.rows]
    if not rows:
        raise InputError(f"{name}: holds no rows; export a project that has some")
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


def tally(parts: Iterable[Parts]) -> str:
    """Return how many rows stand how, as ``2 unannotated, 1 skipped``."""
    found = [standing(each) for each in parts]
    return ", ".join(f"{found.count(kind)} {kind}" for kind in dict.fromkeys(found))
