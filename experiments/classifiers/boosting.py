"""Histogram gradient boosting on the features that matter most: finds conjunctions that linear models can't."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_selection import SelectPercentile, chi2
from sklearn.pipeline import make_pipeline

from experiments.classifiers.spec import ClassifierSpec, one_vs_rest


class TopColumns(TransformerMixin, BaseEstimator):
    """The columns most associated with the classes by a chi-squared test, as a dense matrix.

    Parameters
    ----------
    k : int, default 400
        Columns to keep; all of them when there are fewer.

    Attributes
    ----------
    columns_ : ndarray of shape (n_kept,)
        The kept columns' numbers, ascending.
    """

    def __init__(self, k: int = 400) -> None:
        self.k = k

    def fit(self, X: Any, y: Any) -> Self:
        """Rank the columns of a non-negative matrix of shape (n, m)."""
        scores = np.nan_to_num(SelectPercentile(chi2).fit(X, y).scores_)
        self.columns_ = np.sort(np.argsort(-scores, kind="stable")[: self.k])
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the kept columns, dense, float32."""
        kept = X[:, self.columns_]
        return np.asarray(kept.toarray() if issparse(kept) else kept, dtype=np.float32)


class Boosting(ClassifierSpec):
    """Gradient-boosted trees on the ``features`` columns most associated with a label.

    Parameters
    ----------
    features : int, default 400
        Columns kept, by a chi-squared test on the training rows.
    iterations : int, default 150
        Trees a label.
    learning_rate : float, default 0.08
        Shrinkage of each tree.
    leaves : int, default 15
        Most leaves a tree.
    balanced : bool, default True
        Weigh rare labels up.

    References
    ----------
    Ke, G. et al. (2017). LightGBM: a highly efficient gradient boosting decision tree. NeurIPS.
    """

    takes_undecided: ClassVar[bool] = True

    type: Literal["boosting"] = "boosting"
    features: int = Field(default=400, ge=1)
    iterations: int = Field(default=150, ge=1)
    learning_rate: float = Field(default=0.08, gt=0)
    leaves: int = Field(default=15, ge=2)
    balanced: bool = True

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> Any:
        """Return the unfitted classifier."""
        trees = HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            class_weight="balanced" if self.balanced else None,
            early_stopping=False,
            random_state=seed,
        )
        return one_vs_rest(make_pipeline(TopColumns(self.features), trees), multilabel)
