"""The blocks of columns in what a config's ``features:`` have become: read one by one, and set side by side again."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.pipeline import FeatureUnion

from features.target_mention import TargetContext
from features.targets import TargetCopies, TargetWords, TextOfPairs, split_pairs

NOT_OF_THE_TEXT = -1
"""The block of columns that say something of the target alone: its words."""


class Blocks:
    """The blocks of fitted features, one an entry of the config's ``features:``.

    Parameters
    ----------
    features : transformer
        As :func:`features.builder.build_features` makes it, fitted.

    Attributes
    ----------
    names : list of str
        As a config's entries are called: ``words``, ``chars``, ``words-2``.
    transformers : list of transformer
        What reads each.
    of_pairs : list of bool
        Whether it reads pairs (text, target), and not texts.
    block, column : ndarray of shape (n_columns,)
        Of each column of the features: which block it belongs to (-1 for words of the target), and which column it is
        there. The copies of a feature for a target belong where the feature does.

    Raises
    ------
    ValueError
        If the features aren't so made.
    """

    def __init__(self, features: Any) -> None:
        self._reader, texts, pairs = _parts(features)
        self.names: list[str] = []
        self.transformers: list[Any] = []
        self.of_pairs: list[bool] = []
        self._weights: list[float] = []
        widths: list[int] = []
        unions = [(union, of_pairs) for union, of_pairs in ((texts, False), (pairs, True)) if union is not None]
        for union, reads_pairs in unions:
            for name, transformer in union.transformer_list:
                self.names.append(name)
                self.transformers.append(transformer)
                self.of_pairs.append(reads_pairs)
                self._weights.append((union.transformer_weights or {}).get(name) or 1.0)
                widths.append(len(transformer.get_feature_names_out()))
        of_texts = self.of_pairs.count(False)
        self._wide = sum(widths[:of_texts])
        block = np.repeat(np.arange(len(widths)), widths)
        column = np.concatenate([np.arange(width) for width in widths])
        more = np.zeros(0, dtype=np.int64) if self._reader is None else _copied(self._reader, self._wide)
        places = np.concatenate([np.arange(self._wide), more, np.arange(self._wide, len(block))]).astype(np.int64)
        self.block = np.where(places >= 0, block[places], NOT_OF_THE_TEXT)
        self.column = np.where(places >= 0, column[places], 0)

    def read(self, rows: Sequence[Any]) -> list[csr_matrix]:
        """Return the columns of each block for n rows, without copies for targets; each has n rows."""
        texts = rows if self._reader is None else split_pairs(rows)[0]
        return [
            csr_matrix(each.transform(rows if of_pairs else texts)) * weight
            for each, of_pairs, weight in zip(self.transformers, self.of_pairs, self._weights, strict=True)
        ]

    def together(self, blocks: Sequence[csr_matrix], rows: Sequence[Any]) -> csr_matrix:
        """Return the features' columns of n rows from those of their blocks, each copied for the row's own target."""
        of_texts = self.of_pairs.count(False)
        parts = list(blocks[of_texts:])
        if of_texts:
            texts = hstack(blocks[:of_texts], format="csr")
            parts.insert(0, texts if self._reader is None else self._reader.read_columns(texts, split_pairs(rows)[1]))
        return hstack(parts, format="csr")


def _parts(features: Any) -> tuple[TextOfPairs | None, FeatureUnion | None, FeatureUnion | None]:
    """Return what makes pairs' columns of texts', the union of features of texts, and that of features of pairs."""
    if isinstance(features, TextOfPairs) and type(features.features_) is FeatureUnion:
        return features, features.features_, None
    if type(features) is FeatureUnion:
        named = dict(features.transformer_list)
        if list(named) == ["texts", "pairs"] and isinstance(named["texts"], TextOfPairs):
            return named["texts"], named["texts"].features_, named["pairs"]
        if named and all(isinstance(each, TargetContext) for each in named.values()):
            return None, None, features
        return None, features, None
    raise ValueError(f"the features are a {type(features).__name__}, and no union of blocks")


def _copied(reader: TextOfPairs, wide: int) -> np.ndarray:
    """Return of which column each further column is a copy; -1 for words of the target."""
    if isinstance(reader, TargetCopies):
        return np.asarray(reader.kept_ % wide)
    if isinstance(reader, TargetWords):
        return np.concatenate([np.full(len(reader.words_), NOT_OF_THE_TEXT), reader.kept_ % wide])
    return np.zeros(0, dtype=np.int64)
