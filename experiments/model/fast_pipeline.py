"""Scores texts as a fitted pipeline does, by the fast reading of its features where there is one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from features.fast_union import FastUnion, reads_fast


def scorer_of(pipeline: Any) -> Callable[[Sequence[Any]], np.ndarray]:
    """Return what gives a fitted pipeline's probabilities.

    Parameters
    ----------
    pipeline : estimator
        A fitted one. One of features that :func:`features.fast_union.reads_fast` knows, and a classifier, is read
        several times as fast; every other one by its own ``predict_proba``. It is not changed.

    Returns
    -------
    callable
        n texts in; an array of shape (n, n_labels) out, equal to the pipeline's but for the last digits.
    """
    steps = pipeline.steps if type(pipeline) is Pipeline else []
    if [name for name, _ in steps] != ["features", "classifier"] or not reads_fast(steps[0][1]):
        return lambda texts: np.asarray(pipeline.predict_proba(texts))
    features, classifier = FastUnion(steps[0][1]), steps[1][1]
    return lambda texts: np.concatenate([classifier.predict_proba(part) for part in features.batches(texts)])
