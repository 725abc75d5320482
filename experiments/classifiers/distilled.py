"""A fast student that learns from a slow teacher's labels of many more sentences."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from experiments.classifiers.members import Member, fit_member
from experiments.classifiers.spec import ClassifierSpec
from features.targets import Reading


class DistilledClassifier(ClassifierMixin, BaseEstimator):
    """A student fitted to the labelled rows and to what a teacher, fitted to them first, says of unlabelled ones.

    Where a label of a labelled row isn't decided, the teacher's word counts too.

    Parameters
    ----------
    teacher : Pipeline
        Texts (or pairs) in; fitted to labels.
    student : Pipeline
        The same, but fitted to probabilities.
    multilabel : bool, default True
        Whether labels are independent.

    Attributes
    ----------
    student_ : Pipeline
        The fitted student; the teacher isn't kept.

    Notes
    -----
    Encoders and logistic regression learn the teacher's probabilities, other classifiers its likelier answer.

    References
    ----------
    Hinton, G., Vinyals, O. & Dean, J. (2015). Distilling the knowledge in a neural network. arXiv:1503.02531.
    Xie, Q. et al. (2020). Self-training with noisy student improves ImageNet classification. CVPR. (for a student that
    is no smaller than its teacher)
    """

    def __init__(self, teacher: Any, student: Any, multilabel: bool = True) -> None:
        self.teacher = teacher
        self.student = student
        self.multilabel = multilabel

    def fit(
        self,
        X: Sequence[Any],
        y: Any,
        validation: tuple[Sequence[Any], Any] | None = None,
        unlabelled: Sequence[Any] = (),
        auxiliary: Sequence[Sequence[str]] = (),
    ) -> Self:
        """Fit the teacher on n labelled texts, let it label others, and fit the student on both.

        Raises
        ------
        ValueError
            If there are no unlabelled texts.
        """
        if not len(unlabelled):
            raise ValueError("distilling needs sentences without labels: set data.unlabelled to a file of them")
        y = np.asarray(y)
        teacher = fit_member(clone(self.teacher), X, y, validation, unlabelled, auxiliary)
        taught = teacher.predict_proba(list(unlabelled))
        known = self._known(teacher, X, y) if self.multilabel else np.eye(taught.shape[1])[y]
        if validation is not None:
            rows, truth = validation
            validation = rows, truth if self.multilabel else np.eye(taught.shape[1])[np.asarray(truth)]
        if len(auxiliary):
            auxiliary = [*auxiliary, *[[""] * len(auxiliary[0])] * len(unlabelled)]
        answers = np.vstack([known, taught])
        self.student_ = fit_member(clone(self.student), [*X, *unlabelled], answers, validation, (), auxiliary)
        self.classes_ = np.arange(taught.shape[1])
        return self

    def _known(self, teacher: Any, X: Sequence[Any], y: np.ndarray) -> np.ndarray:
        """Return the labels as probabilities, and the teacher's where nobody decided."""
        if (y >= 0).all():
            return y.astype(np.float64)
        return np.where(y >= 0, y, teacher.predict_proba(list(X)))

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return the student's probabilities, shape (n, n_labels)."""
        return np.asarray(self.student_.predict_proba(X))


class Distilled(ClassifierSpec):
    """A student taught by a teacher: see :class:`DistilledClassifier`. The sentences come from ``data.unlabelled``.

    Parameters
    ----------
    teacher, student : str or mapping
        Configs by their names, or features and classifier written out.
    """

    reads_text: ClassVar[bool] = True
    reads_unlabelled: ClassVar[bool] = True

    type: Literal["distilled"] = "distilled"
    teacher: Member
    student: Member

    @property
    def takes_undecided(self) -> bool:  # type: ignore[override]
        """Whether the teacher takes rows that are decided in part."""
        return self.teacher.classifier.takes_undecided

    @property
    def stops_early(self) -> bool:  # type: ignore[override]
        """Whether teacher or student takes validation rows."""
        return self.teacher.stops_early or self.student.stops_early

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> DistilledClassifier:
        """Return the unfitted classifier of texts."""
        return self.build_for(labels, multilabel, seed, None)

    def build_for(
        self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None
    ) -> DistilledClassifier:
        """Return the unfitted classifier of texts, or pairs."""
        teacher = self.teacher.build(labels, multilabel, seed, reading)
        student = self.student.build(labels, multilabel, seed, reading, soft=True)
        return DistilledClassifier(teacher, student, multilabel)
