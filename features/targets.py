"""Makes the features of a text depend on the target that it is read for."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.utils.validation import check_is_fitted

from features.lexicon import stem, tokenize

Reading = Literal["copies", "pair", "text"]
"""How features of texts become those of pairs: :class:`TargetCopies`, :class:`TargetWords` or :class:`TextOfPairs`."""


class TextOfPairs(TransformerMixin, BaseEstimator):
    """The features of the texts of pairs (text, target), whatever the targets.

    Parameters
    ----------
    features : transformer
        Texts in, a matrix out.

    Attributes
    ----------
    features_ : transformer
        The fitted clone.
    """

    def __init__(self, features: Any) -> None:
        self.features = features

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the features on the texts of n pairs, and note what the targets call for."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> csr_matrix:
        """Fit to n pairs and return their columns; the texts are read once."""
        texts, targets = split_pairs(X)
        self.features_ = clone(self.features)
        columns = csr_matrix(self.features_.fit_transform(texts, y))
        self._learn(columns, targets)
        return self._read(columns, targets)

    def transform(self, X: Any) -> csr_matrix:
        """Return the columns of n pairs (text, target), shape (n, n_columns)."""
        check_is_fitted(self)
        texts, targets = split_pairs(X)
        return self.read_columns(csr_matrix(self.features_.transform(texts)), targets)

    def read_columns(self, columns: csr_matrix, targets: list[str]) -> csr_matrix:
        """Return the columns of n pairs from those of their texts, (n, n_features), and targets in their normal form.

        ``transform`` does this with the columns that the features give.
        """
        check_is_fitted(self)
        return self._read(columns, targets)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns."""
        check_is_fitted(self)
        return np.asarray(self._names([str(name) for name in self.features_.get_feature_names_out()]), dtype=object)

    def _learn(self, columns: csr_matrix, targets: list[str]) -> None:
        """Note what is needed of the training rows: the columns of their texts, and their targets."""

    def _read(self, columns: csr_matrix, targets: list[str]) -> csr_matrix:
        """Return the columns of pairs from those of their texts."""
        return columns

    def _names(self, names: list[str]) -> list[str]:
        """Return the names of the columns from those of the texts'."""
        return names


class TargetCopies(TextOfPairs):
    """Every feature twice: once shared by all targets, and once for the row's own target.

    A linear model on these columns is a separate model for each target and a common one at the same time: "ban" may
    speak for one target and against another, while "disgrace" speaks against any. A target that was not in training has
    the shared columns only, so it can be scored as well.

    Parameters
    ----------
    features : transformer
        Texts in, a matrix out; fitted on the texts alone.

    Attributes
    ----------
    features_ : transformer
        The fitted clone.
    targets_ : list of str
        The targets seen in training, sorted; case and outer blanks don't count.
    kept_ : ndarray of shape (n_kept,)
        Which of the n_features * n_targets copies there are: those that occur in the training rows of their target.

    References
    ----------
    Daumé III, H. (2007). Frustratingly easy domain adaptation. ACL.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> copies = TargetCopies(CountVectorizer()).fit([("ban it", "guns"), ("keep it", "bases")])
    >>> copies.get_feature_names_out().tolist()
    ['ban', 'it', 'keep', 'it [bases]', 'keep [bases]', 'ban [guns]', 'it [guns]']
    >>> copies.transform([("ban it", "guns"), ("ban it", "taxes")]).toarray().sum(axis=1).tolist()
    [4, 2]
    """

    def _learn(self, columns: csr_matrix, targets: list[str]) -> None:
        self.targets_ = sorted(set(targets))
        self.kept_ = np.flatnonzero(copy_columns(columns, targets, self.targets_).getnnz(axis=0))

    def _read(self, columns: csr_matrix, targets: list[str]) -> csr_matrix:
        return hstack([columns, copy_columns(columns, targets, self.targets_)[:, self.kept_]], format="csr")

    def _names(self, names: list[str]) -> list[str]:
        return [*names, *kept_names(names, self.targets_, self.kept_)]


class TargetWords(TextOfPairs):
    """The features of the text, the words of the target beside them, and each feature once for each of those words.

    Where :class:`TargetCopies` tells targets apart by name, this reads what they are called: what is learned of
    "economic sanctions" serves "sanctions on Iran", which was not in training. The copy for a word of the target is
    scaled by one over the root of the number of its words, so that long targets count no more than short ones.

    Parameters
    ----------
    features : transformer
        Texts in, a matrix out; fitted on the texts alone.

    Attributes
    ----------
    features_ : transformer
        The fitted clone.
    words_ : list of str
        The stems of the content words of the targets seen in training, sorted.
    kept_ : ndarray of shape (n_kept,)
        Which of the n_features * n_words copies there are: those that occur in the training rows.

    Examples
    --------
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> pairs = TargetWords(CountVectorizer()).fit([("ban", "gun sales"), ("keep", "army bases")])
    >>> pairs.get_feature_names_out().tolist()[:6]
    ['ban', 'keep', 'target=armi', 'target=base', 'target=gun', 'target=sale']
    >>> pairs.transform([("ban", "gun laws"), ("ban", "taxes")]).toarray().sum(axis=1).tolist()
    [3.0, 1.0]
    """

    def _learn(self, columns: csr_matrix, targets: list[str]) -> None:
        self.words_ = sorted({word for target in set(targets) for word in content_stems(target)})
        self.kept_ = np.flatnonzero(_products(self._words(targets), columns).getnnz(axis=0))

    def _read(self, columns: csr_matrix, targets: list[str]) -> csr_matrix:
        words = self._words(targets)
        return hstack([columns, words, _products(words, columns)[:, self.kept_]], format="csr")

    def _names(self, names: list[str]) -> list[str]:
        own = [f"target={word}" for word in self.words_]
        return [*names, *own, *kept_names(names, self.words_, self.kept_)]

    def _words(self, targets: list[str]) -> csr_matrix:
        """Return which of the known words each target has, shape (n, n_words), each row of length 1."""
        number = {word: column for column, word in enumerate(self.words_)}
        known = [[number[word] for word in content_stems(target) if word in number] for target in targets]
        values = [len(row) ** -0.5 for row in known for _ in row]
        ends = np.cumsum([0, *map(len, known)])
        columns = np.asarray([column for row in known for column in row], dtype=np.int64)
        return csr_matrix((values, columns, ends), shape=(len(targets), len(self.words_)), dtype=np.float64)


def copy_columns(shared: csr_matrix, targets: Sequence[str], known: Sequence[str]) -> csr_matrix:
    """Return one block of columns for each known target, in which the rows of that target repeat.

    Parameters
    ----------
    shared : csr_matrix of shape (n, n_features)
        The columns to copy.
    targets : sequence of str
        The target of each of the n rows, in its normal form; rows of one that isn't known stay empty.
    known : sequence of str
        The targets that have a block.

    Returns
    -------
    csr_matrix of shape (n, n_features * n_known)
    """
    number = {target: i for i, target in enumerate(known)}
    rows = [row for row, target in enumerate(targets) if target in number]
    blocks = [number[targets[row]] for row in rows]
    own = csr_matrix((np.ones(len(rows), dtype=shared.dtype), (rows, blocks)), shape=(len(targets), len(known)))
    return _products(own, shared)


def kept_names(names: Sequence[str], of: Sequence[str], kept: np.ndarray) -> list[str]:
    """Return the names of the kept copies: ``name [target]``, of all names for the first target, then the next."""
    return [f"{names[at % len(names)]} [{of[at // len(names)]}]" for at in kept.tolist()]


def split_pairs(pairs: Any) -> tuple[list[str], list[str]]:
    """Return the texts and the targets of pairs, the targets in their normal form."""
    rows = list(pairs)
    return [str(text) for text, _ in rows], [normal_target(target) for _, target in rows]


def normal_target(target: Any) -> str:
    """Return a target without its case and superfluous blanks."""
    return " ".join(str(target).lower().split())


@lru_cache(maxsize=4096)
def content_words(target: str) -> tuple[str, ...]:
    """Return the words of a target that say what it is: no articles or prepositions, unless it has nothing else.

    Examples
    --------
    >>> content_words("The Legalization of Abortion")
    ('legalization', 'abortion')
    """
    words = [word for word in tokenize(target) if any(map(str.isalnum, word))]
    return tuple(dict.fromkeys([word for word in words if word not in ENGLISH_STOP_WORDS] or words))


def content_stems(target: str) -> list[str]:
    """Return the stems of a target's content words, each once, in their order."""
    return list(dict.fromkeys(map(stem, content_words(target))))


def _products(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    """Return each row's products of a column on the left and one on the right: shape (n, n_left * n_right)."""
    width = right.shape[1]
    row = np.repeat(np.arange(left.shape[0]), np.diff(left.indptr))
    # every cell on the left meets all cells of its row on the right, one after the other
    counts = np.diff(right.indptr)[row]
    ends = np.concatenate([[0], np.cumsum(counts)])
    at = np.arange(ends[-1]) + np.repeat(right.indptr[row] - ends[:-1], counts)
    columns = np.repeat(left.indices.astype(np.int64) * width, counts) + right.indices[at]
    values = np.repeat(left.data, counts) * right.data[at]
    return csr_matrix((values, columns, ends[left.indptr]), shape=(left.shape[0], left.shape[1] * width))
