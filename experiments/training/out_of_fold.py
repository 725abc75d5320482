"""Predicts every row by a model that has not seen its group."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from experiments.classifiers.members import fit_pipeline
from experiments.corpus.rows import Labelled
from experiments.corpus.splits import folds
from experiments.model.fast_pipeline import scorer_of
from experiments.notices import Warn
from experiments.progress import followed


def out_of_fold(
    build: Callable[[], Any],
    data: Labelled,
    multilabel: bool,
    n_folds: int,
    seed: int,
    say: Warn = lambda line: None,
) -> np.ndarray:
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
    say : callable
        Called with a line a minute that says how far it is, where there is no terminal to show a bar.

    Returns
    -------
    ndarray of shape (n, n_labels)
    """
    inputs, answers = data.inputs, data.y if multilabel else data.target

    def held_out_probabilities(rest: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        pipeline = fit_pipeline(build(), [inputs[i] for i in rest], answers[rest])
        return scorer_of(pipeline)([inputs[i] for i in held_out])

    parts = list(folds(data, n_folds, seed))
    jobs = min(n_folds, os.cpu_count() or 1)
    found = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(held_out_probabilities)(rest, held_out) for rest, held_out in parts
    )
    probabilities = np.zeros(data.y.shape)
    shown = followed(found, len(parts), "out of fold", "folds", say)
    for (_, held_out), part in zip(parts, shown, strict=True):
        probabilities[held_out] = part
    return probabilities
