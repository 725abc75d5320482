"""What every kind of classifier has in common."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from sklearn.base import BaseEstimator
from sklearn.multiclass import OneVsRestClassifier


class ClassifierSpec(BaseModel):
    """A config's ``classifier:`` entry: a validated description that builds a scikit-learn classifier."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


def one_vs_rest(classifier: BaseEstimator, multilabel: bool) -> BaseEstimator:
    """Return the classifier as it is for one label a row, or one copy a label when there may be several."""
    return OneVsRestClassifier(classifier) if multilabel else classifier
