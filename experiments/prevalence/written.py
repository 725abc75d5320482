"""Corrected shares as CSV and as JSON."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.files import harmless
from experiments.prevalence.found import METHODS, REPORTED, Prevalence, rows_of

WHERE = "docs/prevalence.md"

TO_REPORT = (
    "Report the column PPI++: it is right on average whatever the model's errors, and its bounds count them. The naive "
    "figure is not: its bounds count only that other articles could have been drawn. The adjusted count and EMQ are "
    "right only if the model errs alike in the sample and in each group, and its probabilities can be trusted."
)
"""Which figure to take, and why."""


def write_csv(found: Prevalence, path: Path) -> None:
    """Write a row a group, label and method; shares have six digits, and what there isn't is empty."""
    rows = list(rows_of(found))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([harmless(name) for name in rows[0]])
        for row in rows:
            writer.writerow([_cell(value) for value in row.values()])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return "" if value != value else f"{value:.6f}"
    return harmless(str(value))


def as_json(found: Prevalence, files: Sequence[str], labelled: str, page: str, table: str) -> dict[str, Any]:
    """Return everything as one object of plain values."""
    whole = found.whole
    return {
        "files": list(files),
        "labelled_file": labelled,
        "articles": whole.articles,
        "sentences": whole.sentences,
        "boilerplate": found.boilerplate,
        "sample_rows": found.rows,
        "sample_decided": found.decided,
        "labels": found.labels,
        "exclusive": found.exclusive,
        "report": REPORTED,
        "why": f"{TO_REPORT} ({WHERE})",
        "methods": METHODS,
        "shares": list(rows_of(found)),
        "weight": {share.label: share.weight for share in whole.shares},
        "differences": [
            {
                "by": list(gap.names),
                "group": list(gap.group),
                "other": list(gap.other) or "all others",
                "frame": gap.label,
                "difference": gap.value,
                "low": gap.low,
                "high": gap.high,
                "p_holm": gap.p,
            }
            for view in found.views
            for gap in view.gaps
        ],
        "needed": None
        if found.width is None
        else {
            "width": found.width,
            "labelled": {share.label: share.needed for share in whole.shares},
            "labelled_without_model": {share.label: share.needed_alone for share in whole.shares},
        },
        "notes": found.notes,
        "page": page,
        "csv": table,
    }
