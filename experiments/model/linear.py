"""The weights of a fitted classifier that adds up its columns, or the answer that it doesn't."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier, _ConstantPredictor

from experiments.classifiers.decided import DecidedOneVsRest

LOG_ODDS, SCORE = "log odds", "score"


@dataclass(frozen=True)
class Linear:
    """A classifier as sums: ``weights @ columns + intercepts`` is what it makes its probabilities of.

    Attributes
    ----------
    weights : ndarray of shape (n_labels, n_columns)
        What a column's value is multiplied by.
    intercepts : ndarray of shape (n_labels,)
        What is there without any column; nan for a label that is always or never given, whatever the columns.
    unit : {"log odds", "score"}
        Of the sums. ``log odds``: the logistic function of a sum is the label's probability (of labels that exclude
        each other and are calibrated one by one: before these are scaled to sum to 1). ``score``: the softmax of all
        labels' sums is.
    """

    weights: np.ndarray
    intercepts: np.ndarray
    unit: str


def linear_of(classifier: Any, n_labels: int) -> Linear | None:
    """Return the weights of a fitted classifier, or None if it isn't linear or doesn't tell all labels apart.

    Linear are logistic regression, and the SVM, whose margins a logistic curve turns into probabilities: the curve is
    one of the margin's log odds, so that slope and shift go into the weights. Either one a label, or one for all.

    Parameters
    ----------
    classifier : estimator
        Fitted, as the kit's classifiers build it.
    n_labels : int
        Of the task.
    """
    if type(classifier) in (OneVsRestClassifier, DecidedOneVsRest):
        if len(classifier.estimators_) != n_labels:
            return None
        return _beside_each_other(classifier.estimators_, n_labels)
    if type(classifier) is CalibratedClassifierCV:
        found = _calibrated(classifier)
        return None if found is None else _for_labels(*found, n_labels, LOG_ODDS)
    if type(classifier) is LogisticRegression:
        if classifier.classes_.tolist() != list(range(n_labels)):
            return None
        unit = LOG_ODDS if n_labels == 2 else SCORE
        return _for_labels(classifier.coef_, classifier.intercept_, n_labels, unit)
    return None


def _beside_each_other(estimators: list[Any], n_labels: int) -> Linear | None:
    """Return the weights of classifiers that tell one label each from its absence."""
    rows: list[tuple[np.ndarray, float] | None] = []
    for each in estimators:
        if isinstance(each, _ConstantPredictor):
            rows.append(None)
            continue
        found = linear_of(each, 2)
        if found is None:
            return None
        rows.append((found.weights[1], float(found.intercepts[1])))
    width = next((len(row[0]) for row in rows if row is not None), 0)
    weights = np.stack([np.zeros(width) if row is None else row[0] for row in rows])
    return Linear(weights, np.asarray([float("nan") if row is None else row[1] for row in rows]), LOG_ODDS)


def _calibrated(classifier: CalibratedClassifierCV) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the weights and intercepts of an SVM's log odds, shape (k, n_columns) and (k,)."""
    if len(classifier.calibrated_classifiers_) != 1:
        return None
    (inner,) = classifier.calibrated_classifiers_
    curves = inner.calibrators
    if not hasattr(inner.estimator, "coef_") or any(not hasattr(each, "a_") for each in curves):
        return None
    weights, intercepts = np.asarray(inner.estimator.coef_), np.asarray(inner.estimator.intercept_)
    if len(weights) != len(curves):
        return None
    # the curve is 1 / (1 + exp(a * margin + b))
    slopes, shifts = (np.asarray([-float(getattr(each, name)) for each in curves]) for name in ("a_", "b_"))
    return weights * slopes[:, None], intercepts * slopes + shifts


def _for_labels(weights: np.ndarray, intercepts: np.ndarray, n_labels: int, unit: str) -> Linear | None:
    """Return a row a label: of two labels a model has one row, that of the second."""
    if len(weights) == 1 and n_labels == 2:
        return Linear(np.vstack([-weights, weights]), np.concatenate([-intercepts, intercepts]), unit)
    return Linear(weights, intercepts, unit) if len(weights) == n_labels else None
