"""What classifiers share that PyTorch trains and ONNX Runtime reads: their graph, their windows, their state."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from experiments.classifiers.learner import window_probabilities
from features.encoder.runner import TOKENS, TextEncoder


class GraphClassifier(ClassifierMixin, BaseEstimator):
    """A trained network as an ONNX graph: ``fit``, of each kind's own, leaves the attributes.

    Parameters
    ----------
    settings : dict
        The fields of the kind's settings.
    labels : sequence of str
        The order of the columns.
    multilabel : bool, default True
        Whether labels are independent (a sigmoid each) or exclude each other (one softmax).
    seed : int, default 13
        Of everything random in training.

    Attributes
    ----------
    model_ : bytes
        The trained network as ONNX, in the precision asked for.
    tokenizer_ : str
        Its tokenizer as JSON.
    max_length_ : int
        Tokens read at once. Of a longer text every window is read: a label's probability is then the highest of any
        window in a multilabel task, and the mean over windows in others.
    history_ : list of dict
        For each epoch its training loss and, with validation rows, its validation score.
    float_model_ : bytes
        The same as float32, to measure what quantising costs; not saved.
    """

    tokens: ClassVar[int] = TOKENS
    """In a batch of scoring, padding counted."""

    unsaved: ClassVar[tuple[str, ...]] = ("float_model_",)
    """Attributes that scoring can do without."""

    def __init__(
        self, settings: dict[str, Any], labels: Sequence[str], multilabel: bool = True, seed: int = 13
    ) -> None:
        self.settings = settings
        self.labels = labels
        self.multilabel = multilabel
        self.seed = seed

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels), float64."""
        check_is_fitted(self, "model_")
        return self._probabilities(self.model_, X)

    def float_probabilities(self, X: Sequence[Any]) -> np.ndarray:
        """Return what the model would give without quantising, right after training (it isn't saved)."""
        return self._probabilities(self.float_model_, X)

    def __getstate__(self) -> dict[str, Any]:
        """Save what scoring needs."""
        return {name: value for name, value in dict(super().__getstate__()).items() if name not in self.unsaved}

    def _probabilities(self, model: bytes, X: Sequence[Any]) -> np.ndarray:
        rows, owner = TextEncoder(model, self.tokenizer_, self.max_length_, self.tokens).run(X)
        return window_probabilities(rows, owner, len(X), self.multilabel)

    def _targets(self, y: Any) -> np.ndarray:
        """Return labels as a matrix of shape (n, n_labels), float32: indicators, or the probabilities given."""
        y = np.asarray(y)
        return np.asarray(y if y.ndim == 2 else np.eye(len(self.labels))[y], dtype=np.float32)
