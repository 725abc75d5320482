"""One model for each target, and a joint one for targets that have none of their own."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted

from features.targets import copy_columns, kept_names, normal_target, split_pairs


class SeparateTargets(ClassifierMixin, BaseEstimator):
    """A classifier fitted once to the rows of each target, and once to all rows.

    The model of a target answers for it alone. The joint model, in which every column stands once for all targets and
    once for the row's own (see :class:`features.targets.TargetCopies`), answers for targets that were not in training,
    for those that nothing can be learned of by themselves, and for labels that a target's training rows lack.

    Parameters
    ----------
    features : transformer or None
        Pairs (text, target) in, a sparse matrix out; fitted once, on all rows. None for a classifier that reads pairs.
    classifier : estimator
        What is fitted to each target.
    labels : sequence of str
        The task's labels, in the order of the columns.

    Attributes
    ----------
    features_, joint_ : estimator
        The fitted features (None when there are none) and the joint model.
    targets_ : list of str
        All targets in training, sorted; case and outer blanks don't count.
    own_ : dict of str to estimator
        Target -> its model.
    columns_ : dict of str to ndarray
        Target -> the columns of the features that its model reads: those that aren't empty in its training rows.
    kept_ : ndarray of shape (n_kept,)
        Which of the n_features * n_targets copies the joint model reads: those that occur in training.
    known_ : dict of str to ndarray
        Target -> numbers of the labels that its model tells apart.
    notes_ : list of str
        A line for each target that has no model of its own, with the reason.

    Notes
    -----
    In a task with one label a row, a label that a target's training rows lack gets the joint model's probability, and
    the target's own labels share what is left.

    References
    ----------
    Mohammad, S., Kiritchenko, S., Sobhani, P., Zhu, X. & Cherry, C. (2016). SemEval-2016 Task 6: Detecting stance in
    tweets. SemEval. (one model a target, the baseline of the task's first part)
    """

    def __init__(self, features: Any, classifier: Any, labels: Sequence[str]) -> None:
        self.features = features
        self.classifier = classifier
        self.labels = labels

    def fit(self, X: Any, y: Any) -> Self:
        """Fit to n pairs (text, target); ``y`` holds label numbers (n,) or is an indicator matrix (n, n_labels).

        A negative cell of the matrix is one nobody decided, for a classifier that takes those.
        """
        pairs, y = list(X), np.asarray(y)
        targets = split_pairs(pairs)[1]
        self.multilabel_ = y.ndim == 2
        self.classes_ = np.arange(len(self.labels))
        self.targets_ = sorted(set(targets))
        self.features_ = None if self.features is None else clone(self.features)
        rows: Any = pairs
        if self.features_ is not None:
            rows = csr_matrix(self.features_.fit_transform(pairs, y))
            self.kept_ = np.flatnonzero(copy_columns(rows, targets, self.targets_).getnnz(axis=0))
        self.joint_ = clone(self.classifier).fit(self._joint_rows(rows, targets), y)
        self.own_: dict[str, Any] = {}
        self.columns_: dict[str, np.ndarray] = {}
        self.known_: dict[str, np.ndarray] = {}
        self.notes_: list[str] = []
        for target in self.targets_:
            at = np.flatnonzero([each == target for each in targets])
            if fault := self._fit_own(target, _take(rows, at), y[at]):
                self.notes_.append(f"target {target!r}: {fault}, so the joint model answers for it")
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        check_is_fitted(self)
        pairs = list(X)
        targets = split_pairs(pairs)[1]
        rows = self._rows(pairs)
        found = np.full((len(pairs), len(self.labels)), np.nan)
        for target in set(targets) & set(self.own_):
            at = np.flatnonzero([each == target for each in targets])
            answers = self.own_[target].predict_proba(_take(rows, at, self.columns_.get(target)))
            known = self.known_[target]
            if answers.shape[1] > len(known):  # the classifier has columns for labels that it has not seen
                answers = answers[:, known]
                if not self.multilabel_:
                    answers = answers / answers.sum(axis=1, keepdims=True)
            found[np.ix_(at, known)] = answers
        lacking = np.flatnonzero(np.isnan(found).any(axis=1))
        if lacking.size:
            asked = self._joint_rows(_take(rows, lacking), [targets[i] for i in lacking])
            found[lacking] = self._filled(found[lacking], self.joint_.predict_proba(asked))
        return found

    def predict(self, X: Any) -> np.ndarray:
        """Return each row's likeliest label as its number, shape (n,)."""
        return np.asarray(self.predict_proba(X).argmax(axis=1))

    def model_of(self, target: str | None) -> tuple[np.ndarray | None, Any]:
        """Return the names of the columns that a target's model reads, or None when it reads pairs, and the model."""
        own = self.own_.get(normal_target(target))
        if self.features_ is None:
            return None, own or self.joint_
        names = self.features_.get_feature_names_out()
        if own is not None:
            return names[self.columns_[normal_target(target)]], own
        return np.asarray([*names, *kept_names(names, self.targets_, self.kept_)], dtype=object), self.joint_

    def joint_columns(self, pairs: Any) -> csr_matrix:
        """Return what the joint model reads of n pairs: their features, with copies for each target."""
        check_is_fitted(self)
        return csr_matrix(self._joint_rows(self._rows(list(pairs)), split_pairs(pairs)[1]))

    def _fit_own(self, target: str, rows: Any, y: np.ndarray) -> str:
        """Fit a target's own model; return why it can't have one, or nothing."""
        known = np.flatnonzero((y > 0).any(axis=0) & (y == 0).any(axis=0)) if self.multilabel_ else np.unique(y)
        if not known.size:
            return f"no label varies in its {len(y)} training rows"
        if not self.multilabel_ and len(known) == 1:
            return f"all its {len(y)} training rows are {self.labels[known[0]]!r}"
        columns = None if self.features_ is None else np.flatnonzero(rows.getnnz(axis=0))
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Label .* is present in all training examples", UserWarning)
                self.own_[target] = clone(self.classifier).fit(_take(rows, slice(None), columns), y)
        except ValueError as error:  # too few rows of a label for the classifier, which has been fitted to all rows
            return f"can't be fitted to its {len(y)} training rows ({str(error).splitlines()[0].rstrip('.')})"
        self.known_[target] = known
        if columns is not None:
            self.columns_[target] = columns
        return ""

    def _filled(self, found: np.ndarray, joint: np.ndarray) -> np.ndarray:
        """Return the probabilities with the joint model's where the target's own model gives none."""
        missing = np.isnan(found)
        if self.multilabel_:
            return np.where(missing, joint, found)
        left = 1 - np.where(missing, joint, 0).sum(axis=1, keepdims=True)
        return np.where(missing, joint, found * left)

    def _rows(self, pairs: list[Any]) -> Any:
        """Return what the models read of pairs: their features as a sparse matrix, or the pairs themselves."""
        return pairs if self.features_ is None else csr_matrix(self.features_.transform(pairs))

    def _joint_rows(self, rows: Any, targets: Sequence[str]) -> Any:
        """Return what the joint model reads: the features with copies for each target, or the pairs themselves."""
        if self.features_ is None:
            return rows
        return hstack([rows, copy_columns(rows, targets, self.targets_)[:, self.kept_]], format="csr")


def target_notes(pipeline: Any) -> list[str]:
    """Return what the user should know of targets without a model of their own, a line each."""
    last = getattr(pipeline, "steps", [("", None)])[-1][1]
    return list(last.notes_) if isinstance(last, SeparateTargets) else []


def _take(rows: Any, at: Any, columns: np.ndarray | None = None) -> Any:
    """Return some rows, of a matrix or a list, and of a matrix some columns."""
    if isinstance(rows, list):
        return rows[at] if isinstance(at, slice) else [rows[i] for i in at]
    return rows[at] if columns is None else rows[at][:, columns]
