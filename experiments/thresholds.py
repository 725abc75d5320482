"""From which probability on a label is given."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from experiments.config import Config
from experiments.data import Labelled
from experiments.errors import InputError
from experiments.operating_points import best_thresholds
from experiments.splits import folds


def out_of_fold(build: Callable[[], Any], data: Labelled, multilabel: bool, n_folds: int, seed: int) -> np.ndarray:
    """Return the probability of every label for every row, by models that did not see the row's group.

    Parameters
    ----------
    build : callable
        Returns a fresh, unfitted pipeline.
    data : Labelled
        n rows.
    multilabel : bool
        Whether labels are independent.
    n_folds, seed : int
        Of the grouped, stratified cross-validation.

    Returns
    -------
    ndarray of shape (n, n_labels)
    """
    inputs, answers = data.inputs, data.y if multilabel else data.target

    def held_out_probabilities(rest: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        pipeline = build().fit([inputs[i] for i in rest], answers[rest])
        return np.asarray(pipeline.predict_proba([inputs[i] for i in held_out]))

    parts = list(folds(data, n_folds, seed))
    jobs = min(n_folds, os.cpu_count() or 1)
    found = Parallel(n_jobs=jobs)(delayed(held_out_probabilities)(rest, held_out) for rest, held_out in parts)
    probabilities = np.zeros(data.y.shape)
    for (_, held_out), part in zip(parts, found, strict=True):
        probabilities[held_out] = part
    return probabilities


def choose_thresholds(
    config: Config, build: Callable[[], Any], train: Labelled, pipeline: Any, held: Labelled | None
) -> np.ndarray:
    """Return the labels' thresholds as the config asks for them, shape (n_labels,).

    Parameters
    ----------
    config : Config
        The experiment.
    build : callable
        Returns a fresh, unfitted pipeline, for cross-validation.
    train : Labelled
        The rows that the pipeline was fitted to.
    pipeline : Any
        The fitted pipeline.
    held : Labelled or None
        Rows set aside, to choose on with ``method: validation``.

    Raises
    ------
    InputError
        If ``where`` names a column that the rows don't have, or leaves a label without rows.
    """
    settings = config.thresholds
    if not config.task.multilabel or settings.method == "fixed":
        return np.full(len(config.task.labels), settings.value)
    rows = train if settings.method == "cv" or held is None else held
    chosen = _where(settings.where, rows)
    if rows is held:
        probabilities = np.asarray(pipeline.predict_proba(held.inputs))
    else:
        probabilities = out_of_fold(build, train, True, settings.folds, config.seed)
    return best_thresholds(rows.y[chosen], probabilities[chosen])


def _where(wanted: dict[str, str | list[str]], train: Labelled) -> np.ndarray:
    """Return a mask of the rows with all of these column values."""
    mask = np.ones(len(train), dtype=bool)
    for column, value in wanted.items():
        values = [value] if isinstance(value, str) else value
        if column not in train.rows.column_names:
            known = ", ".join(train.rows.column_names)
            raise InputError(f"{train.name}: has no column {column!r} for thresholds.where; it has {known}")
        mask &= np.asarray([str(cell) in values for cell in train.rows[column]])
    if (train.y[mask].sum(axis=0) == 0).any():
        raise InputError(
            f"{train.name}: thresholds.where={wanted} leaves {mask.sum()} rows to choose on, not all labels in them"
        )
    return mask
