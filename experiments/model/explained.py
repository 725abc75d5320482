"""What a model's answer to a sentence rests on: contributions of a linear model's columns, or of words left out."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from experiments.classifiers.separate import SeparateTargets
from experiments.model.linear import Linear, linear_of
from features.blocks import Blocks
from features.cues import SentenceCues
from features.fast_union import FastUnion, reads_fast
from features.numbered import spread
from features.places import PlaceReader
from features.target_mention import TargetContext
from features.targets import kept_names, normal_target

COEFFICIENTS, ERASURE = "coefficients", "erasure"

PROBABILITY = "probability"

WORD = re.compile(r"\S+")

_ADDITIVE = (TfidfVectorizer, SentenceCues, TargetContext)  # a dimension of a sentence's vector says nothing
_NOWHERE = -1


@dataclass(frozen=True)
class LabelExplained:
    """What one label's answer rests on.

    Attributes
    ----------
    total : float
        What the contributions add up to, with the intercept (coefficients), or the label's probability (erasure). nan
        for a label that the model gives always or never.
    intercept : float
        What is there without any column; nan by erasure.
    words : ndarray of shape (n_words,)
        What each word contributes. With ``intercept`` and ``elsewhere`` they sum to ``total`` (coefficients).
    elsewhere : float
        What columns without a place in the text contribute; nan by erasure.
    names : list of str
        The columns that contribute, one an occurrence.
    starts, ends : ndarray of shape (k,)
        Where each occurs, -1 if it has no place.
    contributions : ndarray of shape (k,)
        Of each; with ``intercept`` they sum to ``total``.
    """

    total: float
    intercept: float
    words: np.ndarray
    elsewhere: float
    names: Sequence[str]
    starts: np.ndarray
    ends: np.ndarray
    contributions: np.ndarray


@dataclass(frozen=True)
class Explained:
    """What a model's answer to one sentence rests on.

    Attributes
    ----------
    by : {"coefficients", "erasure"}
        How it was found.
    unit : {"log odds", "score", "probability"}
        Of the contributions; see :class:`experiments.model.linear.Linear`. By erasure it is the probability.
    spans : list of (int, int)
        The words: what stands between blanks.
    labels : dict of str to LabelExplained
        By label.
    """

    by: str
    unit: str
    spans: list[tuple[int, int]]
    labels: dict[str, LabelExplained]

    def dump(self, most: int) -> dict[str, Any]:
        """Return it as plain values: ``explained_by``, ``explained_in`` and ``explained`` (label -> object).

        By coefficients a label has ``total``, ``intercept``, ``elsewhere``, ``words`` (with ``start``, ``end`` and
        ``contribution``) and ``pieces`` (with ``feature`` too; ``start`` and ``end`` are null for what has no place):
        the ``most`` strongest (0: all), then one of ``feature`` null that has the sum and the number (``others``) of
        the rest.
        By erasure it has ``total``, the probability, and ``words``.
        """
        return {
            "explained_by": self.by,
            "explained_in": self.unit,
            "explained": {label: self._label(each, most) for label, each in self.labels.items()},
        }

    def _label(self, each: LabelExplained, most: int) -> dict[str, Any]:
        words = [
            {"start": start, "end": end, "contribution": value}
            for (start, end), value in zip(self.spans, each.words.tolist(), strict=True)
        ]
        if self.by == ERASURE:
            return {"total": each.total, "words": words}
        order = np.argsort(-np.abs(each.contributions), kind="stable")
        most = most or len(order)
        pieces: list[dict[str, Any]] = [
            {
                "feature": each.names[at],
                "start": None if each.starts[at] == _NOWHERE else int(each.starts[at]),
                "end": None if each.ends[at] == _NOWHERE else int(each.ends[at]),
                "contribution": float(each.contributions[at]),
            }
            for at in order[:most].tolist()
        ]
        if rest := order[most:].tolist():
            left = float(each.contributions[rest].sum())
            pieces.append({"feature": None, "start": None, "end": None, "others": len(rest), "contribution": left})
        sums = {"total": each.total, "intercept": each.intercept, "elsewhere": each.elsewhere}
        return {**{name: None if value != value else value for name, value in sums.items()}} | {
            "words": words,
            "pieces": pieces,
        }

    def moved(self, places: Sequence[int]) -> "Explained":
        """Return the same for a text of which character ``places[i]`` is the i-th of the one that was explained."""
        at = np.asarray([*places, _NOWHERE], dtype=np.int64)

        def ends(values: np.ndarray) -> np.ndarray:
            return np.where(values == _NOWHERE, _NOWHERE, at[np.maximum(values, 1) - 1] + 1)

        labels = {}
        for label, each in self.labels.items():
            starts = at[each.starts]  # the last of them is nowhere's
            labels[label] = LabelExplained(
                each.total,
                each.intercept,
                each.words,
                each.elsewhere,
                each.names,
                starts,
                ends(each.ends),
                each.contributions,
            )
        spans = [(places[start], places[end - 1] + 1) for start, end in self.spans]
        return Explained(self.by, self.unit, spans, labels)


class Explainer:
    """Explains the answers of one model.

    Parameters
    ----------
    pipeline : estimator
        Fitted, as the kit's training builds it.
    labels : sequence of str
        The task's.
    target : str or None
        What the texts are read for, by a model that reads pairs.
    targeted : bool
        Whether it does.
    predict_proba : callable
        The model's probabilities: n texts in, (n, n_labels) out; what erasure asks.

    Attributes
    ----------
    by : {"coefficients", "erasure"}
        ``coefficients`` for logistic regression and the SVM on words, characters, cues and the target's mention, also
        with copies for targets and one model a target; ``erasure`` for every other model.

    Notes
    -----
    By coefficients, what a column contributes is its value in this sentence times its weight, before any calibration
    that was chosen beside the model. The sum of all, with the intercept, is exactly what the model makes its
    probability of. The value of a word or a run of characters is its TF-IDF divided by the norm of all the sentence's,
    so that other words change it too: a contribution says how this answer is made up, not what the answer would be
    without the word. A column that occurs several times has its contribution shared equally by its occurrences; a
    word's is the sum of the shares that fall on its characters, where each occurrence is spread evenly over its
    own, blanks left out.

    By erasure each word is taken out in turn, and the drop of the probability is its effect; the effects add up to
    nothing in particular.

    References
    ----------
    Li, J., Monroe, W. & Jurafsky, D. (2016). Understanding neural networks through representation erasure.
    arXiv:1612.08220.
    """

    def __init__(
        self,
        pipeline: Any,
        labels: Sequence[str],
        target: str | None,
        targeted: bool,
        predict_proba: Callable[[Sequence[str]], np.ndarray],
    ) -> None:
        self._labels = list(labels)
        self._target, self._targeted = target, targeted
        self._predict_proba = predict_proba
        self._columns = _Columns.of(pipeline, len(labels), target)
        self.by = ERASURE if self._columns is None else COEFFICIENTS

    def explain(self, texts: Sequence[str]) -> Iterator[Explained]:
        """Yield what the answer to each of n texts rests on."""
        if self._columns is None:
            yield from map(self._by_erasure, texts)
            return
        rows: list[Any] = [(text, self._target) for text in texts] if self._targeted else list(texts)
        for text, (columns, values) in zip(texts, self._columns.read(rows), strict=True):
            yield self._by_coefficients(self._columns, text, columns, values)

    def _by_erasure(self, text: str) -> Explained:
        spans = [match.span() for match in WORD.finditer(text)]
        scores = self._predict_proba([text, *(text[:start] + text[end:] for start, end in spans)])
        none = np.zeros(0, dtype=np.int64)
        labels = {
            label: LabelExplained(float(column[0]), float("nan"), column[0] - column[1:], float("nan"), [], *[none] * 3)
            for label, column in zip(self._labels, scores.T, strict=True)
        }
        return Explained(ERASURE, PROBABILITY, spans, labels)

    def _by_coefficients(self, known: "_Columns", text: str, columns: np.ndarray, values: np.ndarray) -> Explained:
        linear = known.linear
        each = linear.weights[:, columns] * values
        at, starts, ends = known.places(text, columns)
        shares = each[:, at] / np.bincount(at, minlength=len(columns))[at]
        spans = [match.span() for match in WORD.finditer(text)]
        words = _over_words(text, spans, starts, ends, shares)
        names = known.names[columns[at]].tolist()
        nowhere = shares[:, starts == _NOWHERE].sum(axis=1)
        totals = each.sum(axis=1) + linear.intercepts
        labels = {
            label: LabelExplained(
                float(totals[k]),
                float(linear.intercepts[k]),
                words[k],
                float(nowhere[k]),
                names,
                starts,
                ends,
                shares[k],
            )
            for k, label in enumerate(self._labels)
        }
        return Explained(COEFFICIENTS, linear.unit, spans, labels)


class _Columns:
    """The columns that a linear model reads: their values, their names, and where they come from."""

    def __init__(
        self,
        linear: Linear,
        features: Any,
        names: np.ndarray,
        base: np.ndarray,
        read: Callable[[list[Any]], csr_matrix],
    ) -> None:
        self.linear = linear
        self.names = names
        self._matrix = read
        blocks = Blocks(features)
        if not all(isinstance(each, _ADDITIVE) for each in blocks.transformers):
            raise ValueError("a block's columns say nothing one by one")
        self._readers = [PlaceReader(each) for each in blocks.transformers]
        widths = [len(each.get_feature_names_out()) for each in blocks.transformers]
        self._first = np.cumsum([0, *widths])[:-1]
        own = np.where(blocks.block >= 0, self._first[blocks.block] + blocks.column, _NOWHERE)
        self._base = own[base]  # which column of all blocks it is, or is a copy of
        if not len(names) == len(self._base) == linear.weights.shape[1]:
            raise ValueError("the classifier was fitted to other columns")

    @classmethod
    def of(cls, pipeline: Any, n_labels: int, target: str | None) -> "_Columns | None":
        """Return the columns of a pipeline's linear model, or None if it has none."""
        steps = dict(getattr(pipeline, "steps", []))
        classifier = steps.get("classifier")
        try:
            if isinstance(classifier, SeparateTargets):
                return cls._separate(classifier, n_labels, target)
            if list(steps) != ["features", "classifier"] or (linear := linear_of(classifier, n_labels)) is None:
                return None
            features = steps["features"]
            names = np.asarray(features.get_feature_names_out(), dtype=object)
            if not reads_fast(features):
                return cls(linear, features, names, np.arange(len(names)), lambda rows: features.transform(rows))
            fast = FastUnion(features)

            def read(rows: list[Any]) -> csr_matrix:
                return next(fast.batches(rows))

            return cls(linear, features, names, np.arange(len(names)), read)
        except ValueError:  # features that are no union of blocks, or other columns
            return None

    @classmethod
    def _separate(cls, separate: SeparateTargets, n_labels: int, target: str | None) -> "_Columns | None":
        """Return the columns of the target's own model, or of the joint one where it has none."""
        if separate.features_ is None or target is None:
            return None
        features, name = separate.features_, normal_target(target)
        own = separate.own_.get(name)
        linear = linear_of(separate.joint_ if own is None else own, n_labels)
        if linear is None or (own is not None and len(separate.known_[name]) < n_labels):
            return None  # the model of a target that lacks labels answers together with the joint one
        names = np.asarray(features.get_feature_names_out(), dtype=object)
        if own is not None:
            kept = separate.columns_[name]
            return cls(linear, features, names[kept], kept, lambda rows: features.transform(rows)[:, kept])
        base = np.concatenate([np.arange(len(names)), separate.kept_ % len(names)])
        names = np.asarray([*names, *kept_names(names.tolist(), separate.targets_, separate.kept_)], dtype=object)
        return cls(linear, features, names, base, separate.joint_columns)

    def read(self, rows: list[Any]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield for each row the columns that aren't zero, and their values."""
        for at in range(0, len(rows), 256):
            matrix = csr_matrix(self._matrix(rows[at : at + 256]))
            for start, end in zip(matrix.indptr[:-1].tolist(), matrix.indptr[1:].tolist(), strict=True):
                yield matrix.indices[start:end], matrix.data[start:end]

    def places(self, text: str, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the occurrences of columns in a text: which of them each is, its start and its end; -1 nowhere."""
        found = [each.read(text) for each in self._readers]
        occurring = np.concatenate([first + each.columns for first, each in zip(self._first, found, strict=True)])
        order = np.argsort(occurring, kind="stable")
        occurring = occurring[order]
        wanted = self._base[columns]
        low = np.searchsorted(occurring, wanted, "left")
        counts = np.searchsorted(occurring, wanted, "right") - low
        placed = order[spread(low, counts)]
        nowhere = np.flatnonzero(counts == 0)
        at = np.concatenate([np.repeat(np.arange(len(columns)), counts), nowhere])
        none = np.full(len(nowhere), _NOWHERE)
        starts = np.concatenate([np.concatenate([each.starts for each in found])[placed], none])
        ends = np.concatenate([np.concatenate([each.ends for each in found])[placed], none])
        return at, starts, ends


def _over_words(
    text: str, spans: list[tuple[int, int]], starts: np.ndarray, ends: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Return what falls on each word, shape (n_labels, n_words): each occurrence is spread evenly over its characters.

    Blanks get nothing.
    """
    if not spans:
        return np.zeros((len(shares), 0))
    of_word = np.zeros(len(text) + 1, dtype=np.int64)
    solid = np.zeros(len(text) + 1, dtype=np.float64)  # characters of words before each place
    for start, end in spans:
        of_word[start:end] = 1
    solid[1:] = np.cumsum(of_word[:-1])
    placed = starts != _NOWHERE
    starts, ends, shares = starts[placed], ends[placed], shares[:, placed]
    density = shares / np.maximum(solid[ends] - solid[starts], 1)
    words = np.asarray(spans)
    found = np.zeros((len(shares), len(spans)))
    for row, each in zip(found, density, strict=True):
        steps = np.bincount(starts, each, minlength=len(text) + 1) - np.bincount(ends, each, minlength=len(text) + 1)
        sums = np.concatenate([[0.0], np.cumsum(np.cumsum(steps))])
        row[:] = sums[words[:, 1]] - sums[words[:, 0]]
    return found
