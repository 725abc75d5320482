"""Looks at the arrays of a fitted pipeline before compiled code walks them without looking."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

_ANALYZERS = ("word", "char", "char_wb")
_LONGEST_RUN = 50  # of words or letters: of a long text all longer ones would take forever
_BITSET = (8,)  # words of 32 bits, for the categories of a split; framescope's trees have none
_PRIMITIVE = (str, bytes, int, float, bool, type(None), np.generic, type)


def check_fitted(pipeline: Any) -> None:
    """Refuse a pipeline with a part that doesn't fit itself: indices beyond an array, arrays of another shape or type.

    Parameters
    ----------
    pipeline : estimator
        As it was read from a file.

    Raises
    ------
    ValueError
        If a tree has a child or a column that there isn't, or goes round in a circle; a vocabulary numbers columns
        twice or beyond their count; coefficients, weights or a sparse matrix are of another shape or type than they
        have to be; or a part would open files or start processes.
    """
    for each in _parts(pipeline):
        if issparse(each):
            _check_sparse(each)
        elif isinstance(each, np.ndarray):
            _check_array(each)
        for kind, check in _CHECKS:
            if isinstance(each, kind):
                check(each)
        if getattr(each, "cached_", False):
            raise ValueError("a part of it would keep the texts' vectors on disk, which no saved model does")


def labels_of(pipeline: Any) -> Iterator[list[str]]:
    """Yield the names of the labels that fitted parts of a pipeline keep, each in the order of its columns."""
    for each in _parts(pipeline):
        labels = getattr(each, "labels", None)
        if hasattr(each, "classes_") and isinstance(labels, list | tuple):
            yield [str(label) for label in labels]


def _parts(whole: Any) -> Iterator[Any]:
    """Yield everything that an object is made of, each thing once."""
    seen: set[int] = set()
    waiting = [whole]
    while waiting:
        each = waiting.pop()
        if isinstance(each, _PRIMITIVE) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list | tuple | set):
            waiting.extend(each)
        elif isinstance(each, np.ndarray):
            if each.dtype == object:
                waiting.extend(each.ravel().tolist())
        elif hasattr(each, "__dict__"):
            waiting.extend(vars(each).values())


def _check_array(array: np.ndarray) -> None:
    if array.dtype.kind not in "biufUO" and array.dtype != PREDICTOR_RECORD_DTYPE:
        raise ValueError(f"an array is of type {array.dtype}, and no fitted one is")


def _check_sparse(matrix: Any) -> None:
    matrix.tocsr(copy=True).check_format(full_check=True)


def _check_numbers(name: str, array: Any, *shape: int | None) -> None:
    """Refuse what isn't an array of finite floats of such a shape; None stands for any length."""
    fits = isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.ndim == len(shape)
    if not fits or any(n is not None and n != found for n, found in zip(shape, array.shape, strict=True)):
        raise ValueError(f"its {name} has another shape or type than it was fitted with")
    if not np.isfinite(array).all():
        raise ValueError(f"its {name} has numbers that aren't finite")


def _check_vectorizer(vectorizer: CountVectorizer) -> None:
    if vectorizer.input != "content":
        raise ValueError("a vectorizer takes texts for names of files, which it would open")
    if vectorizer.analyzer not in _ANALYZERS or vectorizer.tokenizer is not None:
        raise ValueError("a vectorizer reads texts in a way that framescope has none of")
    runs = vectorizer.ngram_range
    if len(runs) != 2 or not all(isinstance(n, int) and 1 <= n <= _LONGEST_RUN for n in runs):
        raise ValueError(f"a vectorizer counts runs of more than {_LONGEST_RUN} words, as none of framescope's does")
    vocabulary = vectorizer.__dict__.get("vocabulary_")
    if vocabulary is None:
        return  # one that isn't fitted: the pattern of those that are
    if not isinstance(vocabulary, dict) or any(type(at) is not int for at in vocabulary.values()):
        raise ValueError("a vocabulary isn't one of words and their columns")
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise ValueError(f"a vocabulary of {len(vocabulary)} words numbers its columns otherwise than from 0 on, once")
    if isinstance(vectorizer, TfidfVectorizer) and vectorizer.use_idf:
        _check_numbers("idf_", vars(vectorizer._tfidf).get("idf_"), len(vocabulary))


def _check_weights(transformer: TfidfTransformer) -> None:
    if transformer.use_idf and "idf_" in vars(transformer):
        _check_numbers("idf_", transformer.idf_, None)


def _check_linear(model: Any) -> None:
    if "coef_" not in vars(model):
        return
    _check_numbers("coef_", model.coef_, None, _columns(model))
    intercept = np.atleast_1d(model.intercept_)
    _check_numbers("intercept_", intercept, None)
    if len(intercept) not in (1, len(model.coef_)) or len(model.coef_) not in (1, len(model.classes_)):
        raise ValueError("its coef_, intercept_ and classes_ are of different numbers of classes")


def _check_bayes(model: ComplementNB) -> None:
    if "feature_log_prob_" in vars(model):
        _check_numbers("feature_log_prob_", model.feature_log_prob_, len(model.classes_), _columns(model))


def _columns(model: Any) -> int:
    columns = getattr(model, "n_features_in_", None)
    if type(columns) is not int or columns < 1:
        raise ValueError(f"its {type(model).__name__} doesn't say how many columns it was fitted to")
    return columns


def _check_union(union: FeatureUnion) -> None:
    if union.n_jobs not in (None, 1):
        raise ValueError(f"it would read each text in {union.n_jobs} processes, and none of framescope's does")


def _check_boosting(model: HistGradientBoostingClassifier) -> None:
    if "_predictors" not in vars(model):
        return
    columns = _columns(model)
    mapper = model._bin_mapper
    if model._preprocessor is not None or getattr(model, "_in_fit", False) or model.is_categorical_ is not None:
        raise ValueError("its trees read categories, which framescope's don't")
    flags = np.asarray(mapper.is_categorical_)
    if flags.shape != (columns,) or flags.any() or len(mapper.bin_thresholds_) != columns:
        raise ValueError(f"the bins of its trees aren't those of {columns} columns")
    if any(len(each) > 255 for each in mapper.bin_thresholds_):
        raise ValueError("a column of its trees has more than 256 bins")
    per_step = model.n_trees_per_iteration_
    if type(per_step) is not int or np.shape(model._baseline_prediction) not in ((1, per_step), (per_step,), ()):
        raise ValueError("its trees and their starting values are of different numbers of classes")
    for step in model._predictors:
        if len(step) != per_step:
            raise ValueError(f"a step of its boosting has {len(step)} trees, and not {per_step}")
        for tree in step:
            _check_tree(tree, columns)


def _check_tree(tree: Any, columns: int) -> None:
    nodes = tree.nodes
    if not isinstance(nodes, np.ndarray) or nodes.dtype != PREDICTOR_RECORD_DTYPE or nodes.ndim != 1 or not len(nodes):
        raise ValueError("a tree has no nodes of the form that trees have")
    at = np.flatnonzero(nodes["is_leaf"] == 0)
    splits = nodes[at]
    for side in ("left", "right"):
        child = splits[side].astype(np.int64)
        # a child stands behind its parent, so that every way down ends
        if (child <= at).any() or (child >= len(nodes)).any():
            raise ValueError(f"a tree of {len(nodes)} nodes leads to one that there isn't, or back")
    if ((splits["feature_idx"] < 0) | (splits["feature_idx"] >= columns)).any():
        raise ValueError(f"a tree asks for a column beyond the {columns} that there are")
    if nodes["is_categorical"].any():
        raise ValueError("a tree splits by categories, and framescope's have none")
    if np.isnan(splits["num_threshold"]).any() or not np.isfinite(nodes["value"]).all():
        raise ValueError("a tree has numbers that aren't finite")
    for bits in (tree.raw_left_cat_bitsets, tree.binned_left_cat_bitsets):
        if not isinstance(bits, np.ndarray) or bits.dtype != np.uint32 or bits.shape[1:] != _BITSET:
            raise ValueError("a tree has no categories of the form that trees have")


_CHECKS: tuple[tuple[type | tuple[type, ...], Callable[[Any], None]], ...] = (
    (CountVectorizer, _check_vectorizer),
    (TfidfTransformer, _check_weights),
    ((LogisticRegression, LinearSVC), _check_linear),
    (ComplementNB, _check_bayes),
    (FeatureUnion, _check_union),
    (HistGradientBoostingClassifier, _check_boosting),
)
