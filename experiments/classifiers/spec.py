"""What every kind of classifier has in common."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from sklearn.base import BaseEstimator
from sklearn.multiclass import OneVsRestClassifier

from experiments.classifiers.soft_labels import Hardened
from features.targets import Reading


class ClassifierSpec(BaseModel):
    """A config's ``classifier:`` entry: a validated description that builds a scikit-learn classifier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    """What a config calls this kind."""

    reads_text: ClassVar[bool] = False
    """Whether it reads the texts themselves, and no features."""

    stops_early: ClassVar[bool] = False
    """Whether its ``fit`` takes validation rows to choose the best moment on."""

    reads_unlabelled: ClassVar[bool] = False
    """Whether its ``fit`` takes sentences without labels."""

    @property
    def needs_unlabelled(self) -> bool:
        """Whether it can't be fitted without sentences without labels."""
        return self.reads_unlabelled

    takes_undecided: ClassVar[bool] = False
    """Whether, in a multilabel task, its ``fit`` takes rows of which some labels are not decided (negative in ``y``).

    Others are fitted on the rows of which every label is. One that builds with :func:`one_vs_rest` needs nothing more.
    """

    threaded: ClassVar[bool] = False
    """Whether fitting it keeps several cores busy by itself, so that several at once only hinder each other."""

    @abstractmethod
    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> Any:
        """Return an unfitted classifier whose ``predict_proba`` gives (n_rows, n_labels) probabilities.

        Parameters
        ----------
        labels : sequence of str
            The task's labels, in the order of the columns.
        multilabel : bool
            Whether each row may carry several labels: ``y`` is then an indicator matrix, else label numbers.
        seed : int
            Seed of everything random in the classifier.
        """

    def build_for(self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None) -> Any:
        """Return the same for rows that are pairs (text, target), if ``reading`` says how those are read.

        Only classifiers with features of their own inside need to know.
        """
        return self.build(labels, multilabel, seed)

    def build_soft(self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None) -> Any:
        """Return an unfitted classifier that is fitted to probabilities of shape (n_rows, n_labels)."""
        return Hardened(self.build_for(labels, multilabel, seed, reading), multilabel)


def one_vs_rest(classifier: BaseEstimator, multilabel: bool) -> BaseEstimator:
    """Return the classifier as it is for one label a row, or one copy a label when there may be several."""
    return OneVsRestClassifier(classifier) if multilabel else classifier
