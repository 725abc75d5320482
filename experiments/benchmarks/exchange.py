"""Rows as files, between the benchmark and the processes that it measures."""

import json
from pathlib import Path

import numpy as np

from experiments.corpus.rows import Labelled
from experiments.tables.table import Table

ROWS, LABELS, KEPT, COLUMNS = "rows.json", "labels.npy", "labelled.json", "columns.json"


def write_rows(folder: Path, data: Labelled, with_labels: bool) -> None:
    """Write rows into a new folder; the labels of test rows stay here.

    Parameters
    ----------
    folder : Path
        Must not exist.
    data : Labelled
        n rows.
    with_labels : bool
        Whether to write the labels and all other columns too, which training needs.
    """
    folder.mkdir(parents=True)
    plain = {"texts": data.texts, "targets": data.targets}
    (folder / ROWS).write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")
    if with_labels:
        np.save(folder / LABELS, data.y)
        kept = {"name": data.name, "ids": data.ids, "groups": data.groups}
        (folder / KEPT).write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        rows = {"columns": data.rows.columns, "numbers": data.rows.numbers, "unit": data.rows.unit}
        (folder / COLUMNS).write_text(json.dumps(rows, ensure_ascii=False, default=str), encoding="utf-8")


def read_labelled(folder: Path) -> Labelled:
    """Read training rows with all their columns, as :func:`write_rows` wrote them."""
    plain = json.loads((folder / ROWS).read_text(encoding="utf-8"))
    kept = json.loads((folder / KEPT).read_text(encoding="utf-8"))
    return Labelled(
        kept["name"],
        Table(kept["name"], **json.loads((folder / COLUMNS).read_text(encoding="utf-8"))),
        kept["ids"],
        plain["texts"],
        kept["groups"],
        np.load(folder / LABELS),
        plain["targets"],
    )
