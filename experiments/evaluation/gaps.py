"""What an evaluation can't tell, or tells only roughly, for want of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

MIN_SLICE = 20
"""Slices of fewer rows than this are not measured: their bounds would say nothing."""

FEW = 10
"""A label with fewer rows than this is measured, but its F1 hangs on each of them."""

_NAMED = 10  # slices named in a line; the rest are counted


@dataclass(frozen=True)
class Gaps:
    """What was not measured, or on few rows.

    Attributes
    ----------
    labels : list of str
        All labels.
    absent : dict of str to int
        Labels that no row has -> how many rows were given them all the same, wrongly.
    few : dict of str to int
        Labels that fewer than ten rows have -> how many.
    never : dict of str to int
        Labels that rows have and the model gives to none -> how many have them.
    macro_f1 : float
        Over the labels that rows have.
    slices : dict of str to dict of str to int
        Column -> value -> rows, of the values with too few to be measured by themselves.
    columns : list of str
        Columns to slice by that the rows don't have.
    """

    labels: list[str]
    absent: dict[str, int]
    few: dict[str, int]
    macro_f1: float
    slices: dict[str, dict[str, int]] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    never: dict[str, int] = field(default_factory=dict)


def find_gaps(
    labels: Sequence[str],
    y: np.ndarray,
    decided: np.ndarray,
    macro_f1: float,
    slices: Mapping[str, Mapping[str, int]],
    columns: Sequence[str],
) -> Gaps:
    """Return the gaps of an evaluation: by its truth (-1: undecided) and predictions, both (n, n_labels).

    ``slices`` holds the rows of every value of every column that is sliced by, ``columns`` the names that aren't there.
    """
    sought = (y > 0).sum(axis=0).tolist()
    wrong = ((y == 0) & (decided > 0)).sum(axis=0).tolist()
    given = (decided > 0).sum(axis=0).tolist()
    return Gaps(
        list(labels),
        {label: wrong[column] for column, label in enumerate(labels) if not sought[column]},
        {label: sought[column] for column, label in enumerate(labels) if 0 < sought[column] < FEW},
        macro_f1,
        {
            column: {value: rows for value, rows in values.items() if rows < MIN_SLICE}
            for column, values in slices.items()
            if min(values.values(), default=MIN_SLICE) < MIN_SLICE
        },
        list(columns),
        {label: sought[column] for column, label in enumerate(labels) if sought[column] and not given[column]},
    )


def label_lines(gaps: Gaps) -> list[str]:
    """Return over which labels macro-F1 is taken, as a line, if not over all."""
    n, absent = len(gaps.labels), gaps.absent
    if not absent:
        return []
    given = ", ".join(f"{label} in {rows}" for label, rows in absent.items() if rows)
    wrongly = f" (given wrongly: {given} rows)" if given else ""
    if len(absent) == n:
        return [f"macro-F1 is undefined: no test row has a label{wrongly}"]
    lack = f"{', '.join(absent)} {'has' if len(absent) == 1 else 'have'} no test row{wrongly}"
    as_nought = gaps.macro_f1 * (n - len(absent)) / n
    return [f"macro-F1 over {n - len(absent)} of {n} labels: {lack}; counted as 0, macro-F1 would be {as_nought:.3f}"]


def small_slices(values: Mapping[str, int]) -> str:
    """Return values with their rows as a list to read: the first ten, and how many there are besides."""
    named = ", ".join(f"{value} ({rows})" for value, rows in list(values.items())[:_NAMED])
    return named + (f" and {len(values) - _NAMED} more" if len(values) > _NAMED else "")


def gap_lines(gaps: Gaps) -> list[str]:
    """Return all that a reader should know of the gaps, a line each."""
    lines = label_lines(gaps)
    for label, n in gaps.never.items():
        lines.append(
            f"{label} is given to no row, and {n} have it: its F1 is 0. Where the classifier has them, "
            "classifier.class_weight=sqrt, a lower classifier.learning_rate or more classifier.epochs bring one "
            "back; more rows with it always do"
        )
    if gaps.few:
        rows = ", ".join(f"{label} {n}" for label, n in gaps.few.items())
        lines.append(f"few test rows: {rows}; F1 hangs on each of them")
    for column, values in gaps.slices.items():
        lines.append(f"slices by {column} of fewer than {MIN_SLICE} rows are not measured: {small_slices(values)}")
    if gaps.columns:
        lines.append(f"not sliced by {', '.join(gaps.columns)}: the test rows have no such column")
    return lines
