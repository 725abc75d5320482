"""From which probability on a label is given."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from experiments.config import Thresholds
from experiments.data import Labelled
from experiments.errors import InputError
from experiments.splits import folds

GRID = np.round(np.arange(0.02, 0.985, 0.01), 2)
_SMOOTH = 5


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


def best_thresholds(y: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return each label's threshold of highest F1, shape (n_labels,).

    F1 over a grid of thresholds is averaged over five neighbours first, so that the choice
    is a plateau and not a lucky peak.

    References
    ----------
    Lipton, Z., Elkan, C. & Naryanaswamy, B. (2014). Optimal thresholding of classifiers to maximize F1
    measure. ECML PKDD.
    """
    chosen = []
    for truth, scores in zip(y.T.astype(bool), probabilities.T, strict=True):
        given = scores[:, None] >= GRID
        hits = (given & truth[:, None]).sum(axis=0)
        f1 = 2 * hits / np.maximum(given.sum(axis=0) + truth.sum(), 1)
        padded = np.pad(f1, _SMOOTH // 2, mode="edge")
        smooth = np.convolve(padded, np.ones(_SMOOTH) / _SMOOTH, mode="valid")
        chosen.append(GRID[np.flatnonzero(smooth >= smooth.max() - 1e-12).mean().round().astype(int)])
    return np.asarray(chosen)


def choose_thresholds(
    settings: Thresholds, build: Callable[[], Any], train: Labelled, multilabel: bool, seed: int
) -> np.ndarray:
    """Return the labels' thresholds as the config asks for them; only training rows are looked at.

    Raises
    ------
    InputError
        If ``where`` names a column that the rows don't have, or leaves a label without rows.
    """
    n_labels = train.y.shape[1]
    if not multilabel or settings.method == "fixed":
        return np.full(n_labels, settings.value)
    chosen = _where(settings.where, train)
    probabilities = out_of_fold(build, train, multilabel, settings.folds, seed)
    return best_thresholds(train.y[chosen], probabilities[chosen])


def _where(wanted: dict[str, str], train: Labelled) -> np.ndarray:
    """Return a mask of the rows with all of these column values."""
    mask = np.ones(len(train), dtype=bool)
    for column, value in wanted.items():
        if column not in train.rows.column_names:
            known = ", ".join(train.rows.column_names)
            raise InputError(f"{train.name}: has no column {column!r} for thresholds.where; it has {known}")
        mask &= np.asarray([str(cell) == value for cell in train.rows[column]])
    if (train.y[mask].sum(axis=0) == 0).any():
        raise InputError(
            f"{train.name}: thresholds.where={wanted} leaves {mask.sum()} training rows, not all labels in them"
        )
    return mask
