"""A fast model that settles what it is sure of, and a slow one that reads the rest."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from experiments.classifiers.members import Member, fit_member
from experiments.classifiers.spec import ClassifierSpec
from experiments.classifiers.vote import mean_log_odds
from experiments.measures.operating_points import best_thresholds, macro_f1
from features.targets import Reading

_STEPS = 200  # candidate hand-overs, evenly spread over the validation rows


class CascadeClassifier(ClassifierMixin, BaseEstimator):
    """Asks a first model, and a second one about the texts of which the first is least sure.

    How sure the first is of a text: in a multilabel task the smallest distance of a label's probability from that
    label's best threshold, relative to how far it could be; in others the lead of the likeliest label.

    Parameters
    ----------
    first, second : Pipeline
        Texts (or pairs) in; the second is asked for what the first hands over.
    max_loss : float, default 0.005
        Most macro-F1 that may be lost on the validation rows against handing over every text.
    blend : float, default 0.0
        What the first model counts, against the second, in the texts that it hands over: the weighted mean of their log
        odds. Their errors differ, so a little of the first may make the second better.
    multilabel : bool, default True
        Whether labels are independent.

    Attributes
    ----------
    first_, second_ : Pipeline
        The fitted models.
    thresholds_ : ndarray of shape (n_labels,)
        The best thresholds on the validation rows of what is said of texts that were handed over.
    shift_ : ndarray of shape (n_labels,)
        What is added to the first model's log odds, so that its best thresholds are these: both kinds of text are read
        by the same thresholds.
    hand_over_ : float
        A text of which the first model is less sure than this goes to the second.
    handed_over_ : float
        Share of the validation rows that went there.
    loss_ : float
        Macro-F1 lost on the validation rows; negative when the cascade is better than handing over every text.

    Notes
    -----
    Of all hand-overs whose loss isn't above ``max_loss``, and from which on every larger one's isn't either, the one
    that asks the second model least.

    References
    ----------
    Viola, P. & Jones, M. (2001). Rapid object detection using a boosted cascade of simple features. CVPR.
    Varshney, N. & Baral, C. (2022). Model cascading: Towards jointly improving efficiency and accuracy of NLP systems.
    EMNLP.
    """

    def __init__(
        self, first: Any, second: Any, max_loss: float = 0.005, multilabel: bool = True, blend: float = 0.0
    ) -> None:
        self.first = first
        self.second = second
        self.max_loss = max_loss
        self.blend = blend
        self.multilabel = multilabel

    def fit(
        self,
        X: Sequence[Any],
        y: Any,
        validation: tuple[Sequence[Any], Any] | None = None,
        unlabelled: Sequence[Any] = (),
        auxiliary: Sequence[Sequence[str]] = (),
        natural: np.ndarray | None = None,
    ) -> Self:
        """Fit both models on n texts (or pairs), and choose the hand-over on the validation rows.

        Only on the ``natural`` ones of them, a mask, if some have the labels at other rates than news has: on sentences
        written to teach, the first model is unsure of more than it will be in use.

        Raises
        ------
        ValueError
            If there are no validation rows, or none of them has a label.
        """
        if validation is None:
            raise ValueError("a cascade chooses its hand-over on validation rows: set data.validation_size=0.1")
        rows, truth = list(validation[0]), np.asarray(validation[1])
        if natural is not None:
            rows, truth = [rows[at] for at in np.flatnonzero(natural)], truth[natural]
        if self.multilabel and not (truth > 0).any():
            raise ValueError(
                f"a cascade chooses its hand-over on validation rows, and none of the {len(rows)} has a label: raise "
                "data.validation_size"
            )
        self.second_ = fit_member(clone(self.second), X, y, validation, unlabelled, auxiliary)
        self.first_ = fit_member(clone(self.first), X, y, validation, unlabelled, auxiliary)
        fast = self.first_.predict_proba(rows)
        slow = self._second(rows, fast)
        n_labels = fast.shape[1]
        self.classes_ = np.arange(n_labels)
        truth = truth if self.multilabel else np.eye(n_labels, dtype=np.int8)[truth]
        self.thresholds_, self.shift_ = np.full(n_labels, 0.5), np.zeros(n_labels)
        if self.multilabel:
            self.thresholds_ = best_thresholds(truth, slow)
            self.shift_ = logit(self.thresholds_) - logit(best_thresholds(truth, fast))
        self._choose(truth, self._shifted(fast), slow)
        return self

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        texts = list(X)
        fast = self.first_.predict_proba(texts)
        found = self._shifted(fast)
        unsure = np.flatnonzero(self._sureness(found) < self.hand_over_)
        if unsure.size:
            found[unsure] = self._second([texts[at] for at in unsure], fast[unsure])
        return found

    def hands_over(self, X: Sequence[Any]) -> np.ndarray:
        """Return which of n texts the second model would read, shape (n,), bool."""
        return np.asarray(self._sureness(self._shifted(self.first_.predict_proba(list(X)))) < self.hand_over_)

    def _second(self, texts: Sequence[Any], fast: np.ndarray) -> np.ndarray:
        """Return what is said of texts that are handed over, given what the first model says of them."""
        slow = np.asarray(self.second_.predict_proba(texts))
        blend = getattr(self, "blend", 0.0)  # models saved before there was one have none
        return mean_log_odds([fast, slow], [blend, 1 - blend], self.multilabel) if blend else slow

    def _choose(self, truth: np.ndarray, fast: np.ndarray, slow: np.ndarray) -> None:
        sure = self._sureness(fast)
        order = np.argsort(sure, kind="stable")
        alone = self._score(truth, slow)
        counts = np.unique(np.linspace(0, len(order), min(_STEPS, len(order)) + 1).astype(int))
        mixed = fast.copy()
        done, losses = 0, []
        for count in counts:
            mixed[order[done:count]] = slow[order[done:count]]
            done = count
            losses.append(alone - self._score(truth, mixed))
        # a hand-over that only luck makes good has worse ones above it
        worst_above = np.maximum.accumulate(np.asarray(losses)[::-1])[::-1]
        at = int(np.flatnonzero(worst_above <= self.max_loss)[0])
        count = counts[at]
        self.hand_over_ = float(np.inf if count == len(order) else sure[order[count]])
        self.handed_over_, self.loss_ = float(count / len(order)), float(losses[at])

    def _shifted(self, probabilities: np.ndarray) -> np.ndarray:
        if not self.multilabel:
            return np.array(probabilities, dtype=np.float64)
        return np.asarray(expit(logit(np.clip(probabilities, 1e-9, 1 - 1e-9)) + self.shift_))

    def _score(self, truth: np.ndarray, probabilities: np.ndarray) -> float:
        if not self.multilabel:
            return macro_f1(truth, np.eye(truth.shape[1])[probabilities.argmax(axis=1)])
        return macro_f1(truth, probabilities >= self.thresholds_)

    def _sureness(self, probabilities: np.ndarray) -> np.ndarray:
        if self.multilabel:
            above = (probabilities - self.thresholds_) / (1 - self.thresholds_)
            below = (self.thresholds_ - probabilities) / self.thresholds_
            return np.asarray(np.maximum(above, below).min(axis=1))
        ranked = np.sort(probabilities, axis=1)
        return np.asarray(ranked[:, -1] - ranked[:, -2])


class Cascade(ClassifierSpec):
    """A fast model before a slow one: see :class:`CascadeClassifier`.

    Parameters
    ----------
    first, second : str or mapping
        Configs by their names, or features and classifier written out.
    max_loss : float, default 0.005
        Most macro-F1 that may be lost, against handing over every text, on the validation rows
        (``data.validation_size``) that ``thresholds.where`` names.
    blend : float, default 0.0
        What the first counts, against the second, in the texts that it hands over.
    """

    reads_text: ClassVar[bool] = True
    stops_early: ClassVar[bool] = True

    type: Literal["cascade"] = "cascade"
    first: Member
    second: Member
    max_loss: float = Field(default=0.005, ge=0, lt=1)
    blend: float = Field(default=0.0, ge=0, lt=1)

    @property
    def takes_undecided(self) -> bool:  # type: ignore[override]
        """Whether both take rows that are decided in part."""
        return self.first.classifier.takes_undecided and self.second.classifier.takes_undecided

    @property
    def reads_unlabelled(self) -> bool:  # type: ignore[override]
        """Whether one of the two is taught by unlabelled sentences."""
        return self.first.classifier.reads_unlabelled or self.second.classifier.reads_unlabelled

    @property
    def needs_unlabelled(self) -> bool:
        """Whether one of the two can't do without unlabelled sentences."""
        return self.first.classifier.needs_unlabelled or self.second.classifier.needs_unlabelled

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> CascadeClassifier:
        """Return the unfitted classifier of texts."""
        return self.build_for(labels, multilabel, seed, None)

    def build_for(
        self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None
    ) -> CascadeClassifier:
        """Return the unfitted classifier of texts, or pairs."""
        first = self.first.build(labels, multilabel, seed, reading)
        second = self.second.build(labels, multilabel, seed, reading)
        return CascadeClassifier(first, second, self.max_loss, multilabel, self.blend)
