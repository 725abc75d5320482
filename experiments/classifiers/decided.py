"""Independent labels that were not decided in every row, or a single one: each is learned where it is decided."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.multiclass import OneVsRestClassifier, _ConstantPredictor
from sklearn.preprocessing import LabelBinarizer


class DecidedOneVsRest(OneVsRestClassifier):
    """One classifier a label, as its parent has it, but fitted to the rows where the label is decided.

    Notes
    -----
    Its parent takes a single label for two classes, and gives two columns; here there is one, as there is one label.
    A label that doesn't vary in its rows gets a constant, as from its parent; one without any decided row gets 0.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to n rows (a matrix) and an indicator matrix (n, n_labels); a negative cell is one nobody decided."""
        y = np.asarray(y)
        self.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(np.maximum(y, 0))
        self.classes_ = self.label_binarizer_.classes_
        self.estimators_ = [self._fitted(X, column) for column in y.T]
        self.n_features_in_ = X.shape[1]
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        return np.column_stack([model.predict_proba(X)[:, 1] for model in self.estimators_])

    def _fitted(self, X: Any, column: np.ndarray) -> Any:
        at = np.flatnonzero(column >= 0)
        values = np.unique(column[at])
        if len(values) < 2:
            return _ConstantPredictor().fit(X, values if values.size else np.zeros(1, dtype=column.dtype))
        return clone(self.estimator).fit(X[at], column[at])


def heeding_undecided(value: Any) -> Any:
    """Return an unfitted estimator that leaves undecided cells out, whatever models it is made of.

    Only rows with such cells and tasks of one label need it: other models keep the types they always had when saved.
    """
    if type(value) is OneVsRestClassifier:
        return DecidedOneVsRest(value.estimator)
    if isinstance(value, list | tuple):
        parts = [heeding_undecided(each) for each in value]
        return value if all(a is b for a, b in zip(parts, value, strict=True)) else type(value)(parts)
    if isinstance(value, BaseEstimator):
        held = value.get_params(deep=False)
        heeding = {name: heeding_undecided(each) for name, each in held.items()}
        changed = {name: each for name, each in heeding.items() if each is not held[name]}
        return clone(value).set_params(**changed) if changed else value
    return value
