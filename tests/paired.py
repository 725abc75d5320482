"""Macro-F1 of tables of predictions on the same rows, and how far each is above the first: what the docs tables say.

Run ``python -m tests.paired FIRST.parquet OTHER.parquet ...`` on files of ``framescope evaluate --predictions``.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmarks.paired import macro_f1_difference
from experiments.measures.metrics import measure

_RESAMPLES, _SEED = 2000, 13


def main(paths: list[str]) -> None:
    """Print a line a table."""
    tables = [pd.read_parquet(path) for path in paths]
    labels = sorted(
        {label for table in tables for column in ("true", "predicted") for row in table[column] for label in row}
    )
    first = tables[0]
    y = _indicator(first["true"], labels)
    for path, table in zip(paths, tables, strict=True):
        if list(table["id"]) != list(first["id"]):
            raise SystemExit(f"{path}: has other rows than {paths[0]}")
        decided = _indicator(table["predicted"], labels)
        own = measure(y, np.zeros(y.shape), decided, labels, list(first["group"]), bootstrap=0)["macro_f1"].value
        found = macro_f1_difference(
            y, _indicator(first["predicted"], labels), decided, list(first["group"]), _RESAMPLES, _SEED
        )
        print(f"{Path(path).stem:40} {own:.3f}  {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")


def _indicator(column: pd.Series, labels: list[str]) -> np.ndarray:
    return np.asarray([[label in row for label in labels] for row in column], dtype=np.int8)


if __name__ == "__main__":
    main(sys.argv[1:])
