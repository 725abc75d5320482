"""The mean of several models, whose errors differ."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from scipy.special import expit, logit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from experiments.classifiers.members import Member, fit_member
from experiments.classifiers.spec import ClassifierSpec
from features.targets import Reading

_SURE = 1e-4  # probabilities nearer to 0 or 1 than this count as this near


class VoteClassifier(ClassifierMixin, BaseEstimator):
    """Weighted mean of the members' log odds.

    Parameters
    ----------
    members : list of Pipeline
        What is asked.
    weights : list of float
        What each counts.
    multilabel : bool, default True
        Whether labels are independent.

    Attributes
    ----------
    members_ : list of Pipeline
        The fitted members.

    References
    ----------
    Hinton, G. (2002). Training products of experts by minimizing contrastive divergence. Neural Computation 14.
    (averaging in the log domain)
    """

    def __init__(self, members: list[Any], weights: list[float], multilabel: bool = True) -> None:
        self.members = members
        self.weights = weights
        self.multilabel = multilabel

    def fit(
        self,
        X: Sequence[Any],
        y: Any,
        validation: tuple[Sequence[Any], Any] | None = None,
        unlabelled: Sequence[Any] = (),
        auxiliary: Sequence[Sequence[str]] = (),
    ) -> Self:
        """Fit every member on n texts (or pairs) with labels, as its own classifier takes them."""
        self.members_ = [fit_member(clone(member), X, y, validation, unlabelled, auxiliary) for member in self.members]
        self.classes_ = np.arange(self.members_[0].predict_proba(list(X[:1])).shape[1])
        return self

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        said = (member.predict_proba(X) for member in self.members_)
        return mean_log_odds(said, self.weights, self.multilabel)


def mean_log_odds(said: Iterable[np.ndarray], weights: Sequence[float], multilabel: bool) -> np.ndarray:
    """Return the probabilities, shape (n, n_labels), whose log odds are the weighted mean of several models'.

    In a multiclass task, the mean of log probabilities, made to add up to 1.

    Parameters
    ----------
    said : iterable of ndarray of shape (n, n_labels)
        The models' probabilities; those nearer to 0 or 1 than 0.0001 count as that near.
    weights : sequence of float
        What each counts; only their ratios matter.
    multilabel : bool
        Whether labels are independent.
    """
    shares = np.asarray(weights) / np.sum(weights)
    total: Any = 0.0
    for share, probabilities in zip(shares, said, strict=True):
        p = np.clip(probabilities, _SURE, 1 - _SURE)
        total = total + share * (logit(p) if multilabel else np.log(p))
    return np.asarray(expit(total) if multilabel else softmax(total, axis=1))


class Vote(ClassifierSpec):
    """The weighted mean of several models: see :class:`VoteClassifier`.

    Each has a seed of its own, so that the same encoder several times is a deep ensemble.

    Parameters
    ----------
    members : list of str or mapping
        Configs by their names, or features and classifier written out; two or more.
    weights : list of float, optional
        What each counts; all the same when left out.

    References
    ----------
    Lakshminarayanan, B., Pritzel, A. & Blundell, C. (2017). Simple and scalable predictive uncertainty estimation using
    deep ensembles. NeurIPS.
    """

    reads_text: ClassVar[bool] = True

    type: Literal["vote"] = "vote"
    members: list[Member] = Field(min_length=2)
    weights: list[float] | None = None

    @property
    def stops_early(self) -> bool:  # type: ignore[override]
        """Whether a member takes validation rows."""
        return any(member.stops_early for member in self.members)

    @property
    def takes_undecided(self) -> bool:  # type: ignore[override]
        """Whether every member takes rows that are decided in part."""
        return all(member.classifier.takes_undecided for member in self.members)

    @property
    def reads_unlabelled(self) -> bool:  # type: ignore[override]
        """Whether a member is taught by unlabelled sentences."""
        return any(member.classifier.reads_unlabelled for member in self.members)

    @property
    def needs_unlabelled(self) -> bool:
        """Whether a member can't do without unlabelled sentences."""
        return any(member.classifier.needs_unlabelled for member in self.members)

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> VoteClassifier:
        """Return the unfitted classifier of texts."""
        return self.build_for(labels, multilabel, seed, None)

    def build_for(self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None) -> VoteClassifier:
        """Return the unfitted classifier of texts, or pairs."""
        weights = self.weights or [1.0] * len(self.members)
        if len(weights) != len(self.members) or min(weights) <= 0:
            raise ValueError(f"classifier.weights: give {len(self.members)} numbers above 0, one a member")
        members = [member.build(labels, multilabel, seed + n, reading) for n, member in enumerate(self.members)]
        return VoteClassifier(members, weights, multilabel)
