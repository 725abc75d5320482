"""The baseline that looks at no text: every row gets the labels' base rates."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from sklearn.dummy import DummyClassifier

from experiments.classifiers.spec import ClassifierSpec, one_vs_rest


class Majority(ClassifierSpec):
    """Base rates of the training rows as probabilities, whatever the text."""

    takes_undecided: ClassVar[bool] = True

    type: Literal["majority"] = "majority"

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> Any:
        """Return the unfitted classifier."""
        return one_vs_rest(DummyClassifier(strategy="prior"), multilabel)
