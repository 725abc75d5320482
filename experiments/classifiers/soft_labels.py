"""Classifiers fitted to probabilities instead of labels, as a teacher gives them."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier

_NEGLIGIBLE = 0.02  # a label with less than this isn't worth a copy of the row


class SoftLabels(ClassifierMixin, BaseEstimator):
    """A classifier that sees each row once for each label, weighted by the label's probability.

    Parameters
    ----------
    classifier : estimator
        Takes ``sample_weight`` in its fit.
    multilabel : bool, default True
        Whether labels are independent: one model for each then.

    Attributes
    ----------
    estimators_ : list of estimator
        The models: one a label, or a single one.
    """

    def __init__(self, classifier: Any, multilabel: bool = True) -> None:
        self.classifier = classifier
        self.multilabel = multilabel

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to a matrix of shape (n, m) and probabilities of shape (n, n_labels)."""
        y = np.asarray(y, dtype=np.float64)
        tables = [np.column_stack([1 - column, column]) for column in y.T] if self.multilabel else [y]
        self.estimators_ = [self._fitted(X, table) for table in tables]
        self.classes_ = np.arange(y.shape[1])
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        if not self.multilabel:
            return np.asarray(self.estimators_[0].predict_proba(X))
        return np.column_stack([self._probability(model, X) for model in self.estimators_])

    def _probability(self, model: Any, X: Any) -> np.ndarray:
        found = np.asarray(model.predict_proba(X))
        return found[:, -1] if 1 in model.classes_ else np.zeros(len(found))

    def _fitted(self, X: Any, shares: np.ndarray) -> Any:
        copies = [np.flatnonzero(share > _NEGLIGIBLE) for share in shares.T]
        labels = [np.full(len(at), label) for label, at in enumerate(copies)]
        weights = [share[at] for share, at in zip(shares.T, copies, strict=True)]
        # a label that the teacher sees everywhere or nowhere leaves nothing to tell apart
        alone = sum(len(at) > 0 for at in copies) < 2
        classifier = DummyClassifier(strategy="prior") if alone else clone(self.classifier)
        return classifier.fit(X[np.concatenate(copies)], np.concatenate(labels), sample_weight=np.concatenate(weights))


class Hardened(ClassifierMixin, BaseEstimator):
    """A classifier that is fitted to the likelier answer, for those that can't weigh their rows.

    Parameters
    ----------
    classifier : estimator
        Fitted to labels.
    multilabel : bool, default True
        Whether labels are independent.

    Attributes
    ----------
    classifier_ : estimator
        The fitted classifier.
    """

    def __init__(self, classifier: Any, multilabel: bool = True) -> None:
        self.classifier = classifier
        self.multilabel = multilabel

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to n rows and probabilities of shape (n, n_labels)."""
        y = np.asarray(y)
        self.classifier_ = clone(self.classifier).fit(
            X, (y >= 0.5).astype(np.int8) if self.multilabel else y.argmax(axis=1)
        )
        self.classes_ = np.arange(y.shape[1])
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        return np.asarray(self.classifier_.predict_proba(X))
