"""A fast student that learns from a slow teacher's labels of many more sentences."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from experiments.classifiers.members import Member, fit_member
from experiments.classifiers.spec import ClassifierSpec
from experiments.classifiers.variants import make_variants
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
    blend : float, default 0.0
        What the teacher's word counts on a labelled row, against the label: 0 for nothing, 1 for all.
    variants : int, default 0
        Of every text, labelled or not, the teacher labels so many variants as well, for the student to learn from: see
        :func:`make_variants`.
    seed : int, default 13
        Of the variants.

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

    def __init__(
        self,
        teacher: Any,
        student: Any,
        multilabel: bool = True,
        blend: float = 0.0,
        variants: int = 0,
        seed: int = 13,
    ) -> None:
        self.teacher = teacher
        self.student = student
        self.multilabel = multilabel
        self.blend = blend
        self.variants = variants
        self.seed = seed

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
            If the teacher has nothing to say: no unlabelled texts, no variants, no part in the labelled rows.
        """
        if not len(unlabelled) and not self.variants and not self.blend:
            raise ValueError(
                "distilling needs sentences without labels: set data.unlabelled to a file of them, or "
                "classifier.variants or classifier.blend"
            )
        y = np.asarray(y)
        teacher = fit_member(clone(self.teacher), X, y, validation, unlabelled, auxiliary)
        n_labels = y.shape[1] if self.multilabel else teacher.predict_proba(list(X[:1])).shape[1]
        known = self._known(teacher, X, y if self.multilabel else np.eye(n_labels)[y])
        unlabelled = [*unlabelled, *make_variants([*X, *unlabelled], self.variants, self.seed)]
        taught = teacher.predict_proba(unlabelled) if unlabelled else np.zeros((0, n_labels))
        if validation is not None:
            rows, truth = validation
            validation = rows, truth if self.multilabel else np.eye(n_labels)[np.asarray(truth)]
        if len(auxiliary):
            auxiliary = [*auxiliary, *[[""] * len(auxiliary[0])] * len(unlabelled)]
        answers = np.vstack([known, taught])
        self.student_ = fit_member(clone(self.student), [*X, *unlabelled], answers, validation, (), auxiliary)
        self.classes_ = np.arange(n_labels)
        return self

    def _known(self, teacher: Any, X: Sequence[Any], y: np.ndarray) -> np.ndarray:
        """Return the labels as probabilities, blended with the teacher's, and its alone where nobody decided."""
        if (y >= 0).all() and not self.blend:
            return y.astype(np.float64)
        said = teacher.predict_proba(list(X))
        return np.asarray(np.where(y >= 0, (1 - self.blend) * y + self.blend * said, said))

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return the student's probabilities, shape (n, n_labels)."""
        return np.asarray(self.student_.predict_proba(X))


class Distilled(ClassifierSpec):
    """A student taught by a teacher: see :class:`DistilledClassifier`. The sentences come from ``data.unlabelled``.

    Parameters
    ----------
    teacher, student : str or mapping
        Configs by their names, or features and classifier written out.
    blend : float, default 0.0
        What the teacher's word counts on a labelled row, against the label: 0 for nothing, 1 for all.
    variants : int, default 0
        Of every text the teacher labels so many variants too, with words left out, exchanged, cut off: more to learn
        from, and less to learn by heart.
    """

    reads_text: ClassVar[bool] = True
    reads_unlabelled: ClassVar[bool] = True

    type: Literal["distilled"] = "distilled"
    teacher: Member
    student: Member
    blend: float = Field(default=0.0, ge=0, le=1)
    variants: int = Field(default=0, ge=0)

    @property
    def takes_undecided(self) -> bool:  # type: ignore[override]
        """Whether the teacher takes rows that are decided in part."""
        return self.teacher.classifier.takes_undecided

    @property
    def needs_unlabelled(self) -> bool:
        """Whether the teacher has nothing to say but of sentences without labels."""
        return not (self.variants or self.blend) or self.teacher.classifier.needs_unlabelled

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
        return DistilledClassifier(teacher, student, multilabel, self.blend, self.variants, seed)
