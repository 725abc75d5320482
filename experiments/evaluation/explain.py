"""What a model goes by: the features that weigh most for a label, and the words that moved one prediction."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.classifiers.separate import SeparateTargets
from experiments.model import SentenceClassifier
from features.cue_names import readable

_WORD = re.compile(r"\S+")


def word_effects(classifier: SentenceClassifier, text: str, column: int) -> list[tuple[str, float]]:
    """Return a text's words with what each added to one label's probability.

    Each word is taken out in turn, and the drop of the probability is its effect: this works alike for every
    kind of model.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model asked.
    text : str
        n words.
    column : int
        The label's number.

    Returns
    -------
    list of (str, float)
        One entry a word, in order, between -1 and 1; positive speaks for the label.

    References
    ----------
    Li, J., Monroe, W. & Jurafsky, D. (2016). Understanding neural networks through representation erasure.
    arXiv:1612.08220.
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    variants = [text, *(text[:start] + text[end:] for start, end in spans)]
    scores = classifier.predict_proba(variants)[:, column]
    return [(text[start:end], float(scores[0] - score)) for (start, end), score in zip(spans, scores[1:], strict=True)]


def top_features(
    classifier: SentenceClassifier, texts: Sequence[str], k: int = 20
) -> dict[str, list[tuple[str, float]]]:
    """Return for each label the ``k`` features that speak for it most.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model asked.
    texts : sequence of str
        Sentences to try words on when the classifier has no weights of its own; a few hundred do.
    k : int, default 20
        How many.

    Returns
    -------
    dict of str to list of (str, float)
        Feature names with their weights, strongest first: coefficients of a linear model (on scaled features),
        otherwise the mean effect of a word (:func:`word_effects`) over the sentences that hold it.
    """
    names, weights = _linear_weights(classifier)
    if weights is None:
        return _mean_effects(classifier, texts, k)
    top = {}
    for label, row in zip(classifier.labels, weights, strict=True):
        order = np.argsort(-row, kind="stable")[:k]
        top[label] = [(readable(str(names[i])), float(row[i])) for i in order if row[i] > 0]
    return top


def _linear_weights(classifier: SentenceClassifier) -> tuple[Any, np.ndarray | None]:
    """Return feature names and weights of shape (n_labels, n_features), or None for a model without weights."""
    steps = dict(getattr(classifier.pipeline, "steps", []))
    if isinstance(separate := steps.get("classifier"), SeparateTargets):
        names, model = separate.model_of(classifier.target)
    elif set(steps) == {"features", "classifier"}:
        names, model = steps["features"].get_feature_names_out(), steps["classifier"]
    else:
        return [], None
    estimators = getattr(model, "estimators_", [model])
    rows = [_weights(estimator) for estimator in estimators]
    if any(row is None for row in rows):
        return [], None
    weights = np.vstack([row for row in rows if row is not None])
    if len(weights) == 1 and len(classifier.labels) == 2:
        weights = np.vstack([-weights[0], weights[0]])
    if len(weights) != len(classifier.labels):
        return [], None
    return names, weights


def _weights(estimator: Any) -> np.ndarray | None:
    """Return the weights of one fitted linear model, or None."""
    if hasattr(estimator, "calibrated_classifiers_"):
        estimator = estimator.calibrated_classifiers_[0].estimator
    if hasattr(estimator, "coef_"):
        return np.asarray(estimator.coef_)
    if hasattr(estimator, "feature_log_prob_"):
        log = np.asarray(estimator.feature_log_prob_)
        # naive Bayes keeps one row a class, in which rare features weigh most; the contrast is what decides
        return np.asarray(log[1:] - log[:1] if len(log) == 2 else log - log.mean(axis=0))
    return None


def _mean_effects(classifier: SentenceClassifier, texts: Sequence[str], k: int) -> dict[str, list[tuple[str, float]]]:
    """Return the words that move each label's probability up most, on average over the sentences that hold them."""
    effects: list[dict[str, list[float]]] = [defaultdict(list) for _ in classifier.labels]
    variants: list[str] = []
    words: list[str | None] = []
    for text in texts:
        variants.append(text)
        words.append(None)
        for match in _WORD.finditer(text):
            variants.append(text[: match.start()] + text[match.end() :])
            words.append(match.group().strip(".,;:!?()[]\"'“”‘’").lower())
    scores = classifier.predict_proba(variants)
    whole = scores[0] if len(scores) else np.zeros(len(classifier.labels))
    for word, row in zip(words, scores, strict=True):
        if word is None:
            whole = row
        elif word:
            for column, effect in enumerate(whole - row):
                effects[column][word].append(float(effect))
    top = {}
    for label, found in zip(classifier.labels, effects, strict=True):
        means = {word: sum(values) / (len(values) + 2) for word, values in found.items()}  # shrinks words seen once
        best = sorted(means.items(), key=lambda item: (-item[1], item[0]))[:k]
        top[label] = [(word, value) for word, value in best if value > 0]
    return top
