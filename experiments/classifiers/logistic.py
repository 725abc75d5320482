"""Logistic regression: the strong, fast and readable default."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field
from sklearn.linear_model import LogisticRegression

from experiments.classifiers.soft_labels import SoftLabels
from experiments.classifiers.spec import ClassifierSpec, one_vs_rest
from features.targets import Reading


class Logistic(ClassifierSpec):
    """Penalised logistic regression, one model a label when labels are independent.

    Parameters
    ----------
    C : float, default 1.0
        Inverse strength of the penalty.
    balanced : bool, default True
        Weigh rare labels up, by the inverse of their frequency.
    max_iter : int, default 1000
        Most iterations of the solver.

    References
    ----------
    Yu, H.-F., Huang, F.-L. & Lin, C.-J. (2011). Dual coordinate descent methods for logistic regression and
    maximum entropy models. Machine Learning 85, 41-75. (the solver for independent labels)
    """

    takes_undecided: ClassVar[bool] = True

    type: Literal["logistic"] = "logistic"
    C: float = Field(default=1.0, gt=0)
    balanced: bool = True
    max_iter: int = Field(default=1000, ge=1)

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> Any:
        """Return the unfitted classifier."""
        return one_vs_rest(self._model(multilabel or len(labels) == 2, seed), multilabel)

    def build_soft(self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None) -> SoftLabels:
        """Return the unfitted classifier of probabilities."""
        return SoftLabels(self._model(multilabel or len(labels) == 2, seed), multilabel)

    def _model(self, binary: bool, seed: int) -> LogisticRegression:
        return LogisticRegression(
            C=self.C,
            class_weight="balanced" if self.balanced else None,
            solver="liblinear" if binary else "lbfgs",
            dual=binary,  # the same optimum; with more features than sentences it is found eight times faster
            max_iter=self.max_iter,
            random_state=seed,
        )
