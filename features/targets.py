"""Makes the features of a text depend on the target that it is read for."""

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted


class TargetCopies(TransformerMixin, BaseEstimator):
    """Every feature twice: once shared by all targets, and once for the row's own target.

    A linear model on these columns is a separate model for each target and a common one at the same time: "ban" may
    speak for one target and against another, while "disgrace" speaks against any. A target that was not in training has
    the shared columns only, so it can be scored as well.

    Parameters
    ----------
    features : transformer
        Texts in, a sparse matrix out; fitted on the texts alone.

    Attributes
    ----------
    features_ : transformer
        The fitted clone.
    targets_ : list of str
        The targets seen in training, sorted; case and outer blanks don't count.

    References
    ----------
    Daumé III, H. (2007). Frustratingly easy domain adaptation. ACL.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> copies = TargetCopies(CountVectorizer()).fit([("ban it", "guns"), ("keep it", "bases")])
    >>> copies.transform([("ban it", "guns"), ("ban it", "taxes")]).toarray().sum(axis=1).tolist()
    [4, 2]
    """

    def __init__(self, features: Any) -> None:
        self.features = features

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the features on the texts of n pairs (text, target), and note the targets."""
        texts, targets = _columns(X)
        self.features_ = clone(self.features).fit(texts, y)
        self.targets_ = sorted(set(targets))
        return self

    def transform(self, X: Any) -> csr_matrix:
        """Return the columns of n pairs (text, target): shape (n, n_features * (1 + n_targets))."""
        check_is_fitted(self)
        texts, targets = _columns(X)
        shared = csr_matrix(self.features_.transform(texts))
        number = {target: i for i, target in enumerate(self.targets_)}
        block = np.asarray([number.get(target, -1) for target in targets], dtype=np.int64)
        width = shared.shape[1]
        # a row's own copy is the same row, shifted into the block of its target
        seen = np.repeat(block >= 0, np.diff(shared.indptr))
        shift = np.repeat(np.maximum(block, 0), np.diff(shared.indptr)) * width
        counts = np.where(block >= 0, np.diff(shared.indptr), 0)
        own = csr_matrix(
            (shared.data[seen], (shared.indices + shift)[seen], np.concatenate([[0], np.cumsum(counts)])),
            shape=(len(texts), width * len(self.targets_)),
        )
        return hstack([shared, own], format="csr")

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns: the shared ones, then ``name [target]`` for each target."""
        check_is_fitted(self)
        names = [str(name) for name in self.features_.get_feature_names_out()]
        return np.asarray([*names, *(f"{name} [{target}]" for target in self.targets_ for name in names)], dtype=object)


def _columns(pairs: Any) -> tuple[list[str], list[str]]:
    """Return the texts and the normalised targets of pairs."""
    rows = list(pairs)
    return [str(text) for text, _ in rows], [" ".join(str(target).lower().split()) for _, target in rows]
