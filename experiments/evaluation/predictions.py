"""Reads back what a table of predictions holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.corpus.rows import UNDECIDED

SLICE = "slice_"
"""What the columns begin with by whose values an evaluation was sliced."""


@dataclass(frozen=True)
class Predicted:
    """The arrays behind a table of predictions, each of shape (n, n_labels); ``y`` is negative where undecided."""

    y: np.ndarray
    probabilities: np.ndarray
    decided: np.ndarray


def predicted(table: pd.DataFrame, labels: Sequence[str]) -> Predicted:
    """Return the truth, the probabilities and the decisions of a table.

    Parameters
    ----------
    table : DataFrame of n rows
        As :func:`experiments.evaluation.evaluate.predictions_table` makes it.
    labels : sequence of str
        The task's labels, in the order of the columns.
    """
    y = _indicator(table["true"], labels)
    if "undecided" in table:
        y[_indicator(table["undecided"], labels) > 0] = UNDECIDED
    probabilities = table[[f"score_{label}" for label in labels]].to_numpy(dtype=np.float64)
    return Predicted(y, probabilities, _indicator(table["predicted"], labels))


def stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return tables below each other; rows of those without undecided labels have an empty list of them."""
    fullest = max(tables, key=lambda table: len(table.columns))
    whole = pd.concat(list(tables), ignore_index=True)[list(fullest.columns)]
    if "undecided" in whole:
        cells = [cell if isinstance(cell, list | np.ndarray) else [] for cell in whole["undecided"]]
        whole["undecided"] = pd.Series(cells, index=whole.index, dtype=object)
    return whole


def _indicator(cells: Sequence[Sequence[str]] | pd.Series, labels: Sequence[str]) -> np.ndarray:
    return np.asarray([[label in set(cell) for label in labels] for cell in cells], dtype=np.int8)
