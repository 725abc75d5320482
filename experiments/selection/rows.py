"""The rows of a batch, as they go out to be labelled, and those that have been labelled before."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.config.schema import Columns, Data
from experiments.corpus.rows import need
from experiments.notices import Warn
from experiments.selection.candidates import ARTICLE, PER_LABEL, SCORES, Candidate
from experiments.tables.cells import cell_key, cell_text
from experiments.tables.read import read_table


def to_label(candidate: Candidate, name: str, scored: bool, data: Data) -> dict[str, Any]:
    """Return a candidate as a row to be labelled: undecided, and without what a model says of it.

    A row that nothing names gets an ``id``.
    """
    hidden = {*SCORES, *(("labels", "abstained", "boilerplate") if scored else ())}
    row = {
        column: cell for column, cell in candidate.row.items() if column not in hidden and not _is_score(column, scored)
    }
    if not cell_key(row.get(data.columns.id)) and not (scored and "sentence" in row and ARTICLE in row):
        row = {data.columns.id: f"{Path(name).stem}-{candidate.number}", **row}
    if scored:  # without the apostrophe that keeps spreadsheets from running it
        row[data.columns.text] = candidate.text
    labels = data.columns.labels
    if isinstance(labels, str):
        row["label" if labels == Columns().labels and "label" in row else labels] = None
    return row


def _is_score(column: str, scored: bool) -> bool:
    return scored and column.startswith(PER_LABEL)


def read_done(names: Sequence[str], data: Data, say: Warn) -> list[tuple[str, str | None]]:
    """Return the sentences that are labelled, or out to be: (text, target) of every row of some tables.

    The column of the texts is that of the settings, or ``text``, which files of labelling tools have once imported.

    Raises
    ------
    InputError
        If a file can't be read or has neither column.
    """
    found = []
    for name in names:
        rows = read_table(name, data.encoding, data.header, say)
        column = data.columns.text if data.columns.text in rows.column_names else Columns().text
        if column not in rows.column_names:
            need(rows, data.columns.text, "text")
        wanted = data.columns.target
        target = wanted if wanted in rows.column_names else "target" if "target" in rows.column_names else None
        targets = [None] * len(rows) if target is None else [cell_text(cell).strip() for cell in rows[target]]
        found += [
            (text, about if wanted else None)
            for text, about in zip(map(cell_text, rows[column]), targets, strict=True)
            if text.strip()
        ]
    return found
