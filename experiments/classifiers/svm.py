"""Linear support vector machine with calibrated probabilities."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import LinearSVC

from experiments.classifiers.spec import ClassifierSpec, one_vs_rest


class SVM(ClassifierSpec):
    """Linear SVM whose margins a logistic curve turns into probabilities.

    Parameters
    ----------
    C : float, default 0.2
        Inverse strength of the penalty.
    balanced : bool, default True
        Weigh rare labels up.
    folds : int, default 5
        Folds of the cross-validation that the curve is fitted on. They keep no groups together, so the probabilities
        are a little too sure; thresholds are tuned on grouped folds all the same.

    References
    ----------
    Joachims, T. (1998). Text categorization with support vector machines. ECML.
    Platt, J. (1999). Probabilistic outputs for support vector machines. (the curve)
    """

    takes_undecided: ClassVar[bool] = True

    type: Literal["svm"] = "svm"
    C: float = Field(default=0.2, gt=0)
    balanced: bool = True
    folds: int = Field(default=5, ge=2)

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> Any:
        """Return the unfitted classifier."""
        margin = LinearSVC(C=self.C, class_weight="balanced" if self.balanced else None, random_state=seed)
        return one_vs_rest(CalibratedClassifierCV(margin, cv=self.folds, ensemble=False), multilabel)
