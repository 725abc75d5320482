"""Chooses among doubtful sentences those that are unlike each other."""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import normalize

from features.embeddings import SentenceEmbeddings
from features.normalise import normalise_text

_FARTHEST = 4.0
"""The squared distance of opposite vectors of length 1."""


def vectors_of(pipeline: Any, texts: Sequence[str], inputs: Sequence[Any]) -> tuple[Any, str]:
    """Return vectors of length 1 of n texts, and what they are made of.

    Parameters
    ----------
    pipeline : estimator or None
        A model's fitted pipeline; None without one.
    texts : sequence of str
        n texts.
    inputs : sequence
        What the pipeline reads: the texts, or pairs (text, target).

    Returns
    -------
    vectors : ndarray or sparse matrix of shape (n, width)
        Of the pipeline's frozen encoder, out of the cache as far as they are in it; of its own columns where it has no
        encoder; and of hashed words, weighted by how rare they are among the texts, where it has no columns.
    kind : {"encoder", "features", "words"}
    """
    features = dict(pipeline.steps).get("features") if type(pipeline) is Pipeline else None
    if encoder := _encoder_of(features):
        cached = copy(encoder)
        cached.cached_ = True
        return normalize(cached.transform(texts)), "encoder"
    if features is not None:
        return normalize(csr_matrix(features.transform(list(inputs)))), "features"
    words = HashingVectorizer(
        preprocessor=normalise_text, alternate_sign=False, norm=None, token_pattern=r"(?u)\b\w+\b"
    )
    return normalize(TfidfTransformer(sublinear_tf=True).fit_transform(words.transform(texts))), "words"


def _encoder_of(features: Any) -> SentenceEmbeddings | None:
    parts = features.transformer_list if isinstance(features, FeatureUnion) else []
    return next((part for _, part in parts if isinstance(part, SentenceEmbeddings)), None)


def spread_out(
    vectors: Any,
    weights: np.ndarray,
    n: int,
    articles: Sequence[str | None],
    limit: int | None,
    taken: Counter[str],
    start: Any,
    seed: int,
) -> list[int]:
    """Choose rows that are unlike each other, the heavier ones rather.

    Parameters
    ----------
    vectors : ndarray or sparse matrix of shape (m, width)
        Of length 1 each (or 0).
    weights : ndarray of shape (m,)
        How doubtful each row is; 0 or more.
    n : int
        How many to choose; fewer if articles allow no more.
    articles : sequence of (str or None)
        What each row is of; None for an article of its own.
    limit : int or None
        Most rows of an article.
    taken : Counter
        Rows that articles have already; not changed.
    start : ndarray or sparse matrix of shape (k, width)
        What is chosen already, from which the others shall differ as well.
    seed : int
        Of the draws.

    Returns
    -------
    list of int
        Numbers of rows, in the order in which they were chosen.

    Notes
    -----
    The seeding of weighted k-means++: the next row is drawn with a probability proportional to its weight times its
    squared distance from the nearest row that is chosen. The first is the heaviest if nothing is chosen yet, and so is
    the next where nothing that is free has weight and distance. It takes n products of the vectors with one of them.

    References
    ----------
    Arthur, D. & Vassilvitskii, S. (2007). k-means++: the advantages of careful seeding. SODA.
    Zhdanov, F. (2019). Diverse mini-batch active learning. arXiv:1901.05954 (weights, and ten times as many to choose
    from).
    Ash, J. T. et al. (2020). Deep batch active learning by diverse, uncertain gradient lower bounds. ICLR (k-means++
    instead of k-means).
    """
    chance = np.random.default_rng(seed)
    taken = Counter(taken)
    free = np.asarray([article is None or limit is None or taken[article] < limit for article in articles], dtype=bool)
    distance, nothing = np.full(len(weights), _FARTHEST), not start.shape[0]
    for row in range(start.shape[0]):
        distance = np.minimum(distance, _squared_distance(vectors, start[row]))
    chosen: list[int] = []
    while len(chosen) < n and free.any():
        share = np.where(free, weights, 0.0) * distance
        if nothing or not share.any():
            row = int(np.where(free, weights, -1.0).argmax())
        else:
            row = int(chance.choice(len(share), p=share / share.sum()))
        chosen.append(row)
        free[row] = nothing = False
        article = articles[row]
        if article is not None and limit is not None:
            taken[article] += 1
            if taken[article] >= limit:
                free &= np.asarray([other != article for other in articles], dtype=bool)
        distance = np.minimum(distance, _squared_distance(vectors, vectors[row]))
    return chosen


def _squared_distance(vectors: Any, one: Any) -> np.ndarray:
    """Return the squared distance of rows of length 1 from one of them, shape (m,)."""
    product = vectors @ (one.T if issparse(one) else np.asarray(one).ravel())
    common = np.asarray(product.todense() if issparse(product) else product).ravel()
    return np.asarray(np.maximum(2 - 2 * common, 0.0))
