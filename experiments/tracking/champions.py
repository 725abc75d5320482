"""Whether a new model takes the champion's place: only if it is better, or no worse and cheaper.

A difference in the third digit of macro-F1 is chance. The two models' predictions of the same test rows are compared in
pairs, so that what decides is the difference with its bounds.
"""

from typing import Any

import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Run as KeptRun
from mlflow.exceptions import MlflowException

from experiments.errors import InputError
from experiments.measures.paired import BETTER, MARGIN, NO_WORSE, WORSE, Comparison, compare_decisions
from experiments.measures.resampling import Estimate
from experiments.model import load_model, sentences_per_second
from experiments.tracking.artifacts import fetch_artifact, fetch_model

CHEAPER = 0.1
"""By which part a model has to be smaller or faster for it to count; lesser differences don't."""

SIZE = "model.mb"
_ANYWAY = "tracking.champion=always replaces it"


def judge(y: np.ndarray, first: np.ndarray, second: np.ndarray, groups: list[str]) -> Comparison:
    """Compare two models' labels on the same rows.

    Parameters
    ----------
    y, first, second : ndarray of shape (n, n_labels)
        The true indicator matrix, negative where nobody decided, and those of the two models.
    groups : list of str
        The group of each row.

    Returns
    -------
    Comparison
        The second's macro-F1 minus the first's, and a verdict on the second: "better", "no worse", "worse" or "can't
        tell".
    """
    return compare_decisions(y, first, second, groups, MARGIN)


def is_better(
    client: MlflowClient, run_id: str, champion_run_id: str, version: str, labels: list[str]
) -> tuple[bool, str]:
    """Return whether a run's model should take the place of a champion that was tested on the same rows, and why.

    Parameters
    ----------
    run_id, champion_run_id : str
        The runs, whose ``predictions.parquet`` are compared.
    version : str
        The champion's version, for the reason.
    labels : list of str
        The labels of the task.
    """
    try:
        runs = client.get_run(champion_run_id), client.get_run(run_id)
        first, second = (pd.read_parquet(fetch_artifact(run.info.run_id, "predictions.parquet")) for run in runs)
    except (MlflowException, InputError):
        return False, f"version {version} or this run has no predictions, so the two can't be compared; {_ANYWAY}"
    paired = pair(first, second, labels)
    if paired is None:
        return False, f"version {version} has other row ids or labels, so the two can't be compared; {_ANYWAY}"
    found = judge(*paired)
    difference = f"{_signed(found.difference)} against version {version} on the same {len(paired[0])} test rows"
    if found.verdict == BETTER:
        return True, f"better: {difference}"
    if found.verdict == WORSE:
        return False, f"worse: {difference}"
    if found.verdict == NO_WORSE:
        pays, why = is_cheaper(*runs, second)
        if pays:
            return True, f"no worse and cheaper: {difference}; {why}"
        return False, f"no worse, but no better either: {difference}; {why}"
    enough = f"; about {found.needed:,} groups of rows would tell" if found.needed else ""
    return False, f"can't tell which is better: {difference}{enough}"


def pair(
    first: pd.DataFrame, second: pd.DataFrame, labels: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]] | None:
    """Return the truth, both models' labels and the groups of the rows of two prediction tables, paired.

    Returns
    -------
    tuple or None
        Indicator matrices of shape (n, n_labels), and n groups; None if the tables don't hold the same rows, by id and
        text (and target), with the same true labels, or are of other labels.
    """
    named = [f"score_{label}" for label in labels]
    for table in (first, second):
        if sorted(name for name in table.columns if name.startswith("score_")) != sorted(named):
            return None
    if len(first) != len(second) or ("target" in first) != ("target" in second):
        return None
    key = ["id", "text", *(["target"] if "target" in first else [])]
    first, second = (table.sort_values(key, kind="stable", ignore_index=True) for table in (first, second))
    truth = _truth(first, labels)
    if not first[key].equals(second[key]) or not np.array_equal(truth, _truth(second, labels)):
        return None
    groups = [str(group) for group in first["group"]]
    return truth, _indicators(first["predicted"], labels), _indicators(second["predicted"], labels), groups


def is_cheaper(first: KeptRun, second: KeptRun, rows: pd.DataFrame) -> tuple[bool, str]:
    """Return whether the second run's model is cheaper than the first's, and why.

    Cheaper is faster and not larger, or smaller and not slower; each by a tenth at least, less doesn't count. The sizes
    are those that the runs have logged. Speeds from two runs tell more of what else the machines were doing, so the two
    models score the rows once more, in turns.

    Parameters
    ----------
    first, second : Run
        The champion's run and the new one.
    rows : DataFrame
        ``text`` and, for a stance model, ``target``.
    """
    sizes = [run.data.metrics.get(SIZE) for run in (first, second)]
    if None in sizes:
        return False, f"the size of one of them isn't known, so cheaper can't be told; {_ANYWAY}"
    try:
        models = [load_model(fetch_model(f"runs:/{run.info.run_id}/model")) for run in (first, second)]
        targets = list(rows["target"]) if "target" in rows else None
        speeds = sentences_per_second(models, list(rows["text"]), targets)
    except InputError as error:
        return False, f"one of them can't be timed ({error}), so cheaper can't be told; {_ANYWAY}"
    numbers = f"{sizes[1]:.2f} MB against {sizes[0]:.2f}, {speeds[1]:,.0f} sentences a second against {speeds[0]:,.0f}"
    if first.data.params and first.data.params == second.data.params:  # as fast, then: a difference is the machine's
        speeds = [speeds[0], speeds[0]]
    if cheaper(sizes[0], speeds[0], sizes[1], speeds[1]):
        return True, numbers
    return False, f"not cheaper ({numbers})"


def cheaper(first_size: float, first_speed: float, second_size: float, second_speed: float) -> bool:
    """Return whether the second is faster and not larger, or smaller and not slower; under a tenth doesn't count."""
    smaller, larger = second_size <= (1 - CHEAPER) * first_size, second_size >= (1 + CHEAPER) * first_size
    faster, slower = second_speed >= (1 + CHEAPER) * first_speed, second_speed <= (1 - CHEAPER) * first_speed
    return (faster and not larger) or (smaller and not slower)


def _signed(difference: Estimate) -> str:
    bounds = f" [{difference.low:+.3f}, {difference.high:+.3f}]" if difference.low == difference.low else " (no bounds)"
    return f"macro-F1 {difference.value:+.3f}{bounds}"


def _truth(table: pd.DataFrame, labels: list[str]) -> np.ndarray:
    truth = _indicators(table["true"], labels)
    if "undecided" in table:
        truth = np.where(_indicators(table["undecided"], labels) > 0, -1, truth)
    return truth


def _indicators(column: Any, labels: list[str]) -> np.ndarray:
    return np.asarray([[label in set(names) for label in labels] for names in column], dtype=np.int8)
