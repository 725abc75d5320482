"""A fine-tuned encoder: the most accurate classifier, trained with PyTorch and run without it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from experiments.classifiers.encoder_settings import EncoderSettings
from experiments.classifiers.finetuning import finetune, window_probabilities
from experiments.classifiers.starter import STARTER, starter_encoder
from features.encoder.errors import need
from features.encoder.quantise import quantise
from features.encoder.runner import TextEncoder
from features.encoder.weights import find_encoder, name_encoder
from features.targets import Reading


class EncoderClassifier(ClassifierMixin, BaseEstimator):
    """An encoder with a linear head on its pooled token vectors, all of it trained on the labelled rows.

    Parameters
    ----------
    settings : dict
        The fields of :class:`Encoder`.
    labels : sequence of str
        The order of the columns.
    multilabel : bool, default True
        Whether labels are independent (a sigmoid each) or exclude each other (one softmax).
    seed : int, default 13
        Of the head's first weights, of dropout and of the order of the rows.

    Attributes
    ----------
    model_ : bytes
        The trained encoder and head as ONNX, in the precision asked for.
    tokenizer_ : str
        Its tokenizer as JSON.
    max_length_ : int
        Tokens read at once. Of a longer text every window is read: a label's probability is then the highest of any
        window in a multilabel task, and the mean over windows in others.
    history_ : list of dict
        For each epoch its training loss and, with validation rows, its validation score.
    float_model_ : bytes
        The same as float32, to measure what quantising costs; not saved.
    learner_ : Learner or None
        The network on the graphics card that trained it, by which texts are read right after training; not saved.
    weights_ : dict
        The files of the trained encoder in transformers' form; written beside a saved model, not read for scoring.
    """

    def __init__(
        self, settings: dict[str, Any], labels: Sequence[str], multilabel: bool = True, seed: int = 13
    ) -> None:
        self.settings = settings
        self.labels = labels
        self.multilabel = multilabel
        self.seed = seed

    def fit(
        self,
        X: Sequence[Any],
        y: Any,
        validation: tuple[Sequence[Any], Any] | None = None,
        auxiliary: Sequence[Sequence[str]] = (),
    ) -> Self:
        """Train on n texts, or pairs (text, target).

        Parameters
        ----------
        X : sequence of str or of (str, str)
            n texts or pairs.
        y : array-like
            Indicator matrix of shape (n, n_labels) in a multilabel task, in which a negative cell is one nobody
            decided, else label numbers of shape (n,); in either, a matrix of probabilities will do.
        validation : tuple of (X, y), optional
            Rows to choose the best epoch on; without any the last one is kept.
        auxiliary : sequence of n sequences of str, optional
            What else the encoder learns to tell of each text, such as a finer label; "" where it isn't known.

        Raises
        ------
        EncoderError
            If the encoder can't be found or read, an extra isn't installed, or memory runs out.
        """
        trained = finetune(
            Encoder(**self.settings),
            list(X),
            self._targets(y),
            None if validation is None else (list(validation[0]), self._targets(validation[1])),
            self.multilabel,
            self.seed,
            auxiliary,
        )
        self.float_model_ = trained.model
        self.model_ = quantise(trained.model) if self.settings["precision"] == "int8" else trained.model
        self.tokenizer_ = trained.tokenizer
        self.max_length_ = trained.max_length
        self.history_ = trained.history
        self.weights_ = trained.files
        self.learner_ = trained.learner
        self.classes_ = np.arange(len(self.labels))
        return self

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels), float64."""
        check_is_fitted(self, "model_")
        if self.settings["precision"] == "fp32" and getattr(self, "learner_", None) is not None:
            return self._learner_probabilities(X)
        return self._probabilities(self.model_, X)

    def float_probabilities(self, X: Sequence[Any]) -> np.ndarray:
        """Return what the model would give without quantising, right after training (it isn't saved)."""
        if getattr(self, "learner_", None) is not None:
            return self._learner_probabilities(X)
        return self._probabilities(self.float_model_, X)

    def save_weights(self, folder: Path) -> None:
        """Write the trained encoder as transformers does: safetensors, config and tokenizer, with the head beside it.

        Nothing is written for a model that was loaded: it only has its ONNX form.
        """
        for name, content in getattr(self, "weights_", {}).items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def __getstate__(self) -> dict[str, Any]:
        """Save what scoring needs: neither the float32 form nor the weights in transformers' form."""
        state = dict(super().__getstate__())
        return {name: value for name, value in state.items() if name not in ("float_model_", "weights_", "learner_")}

    def _learner_probabilities(self, X: Sequence[Any]) -> np.ndarray:
        assert self.learner_ is not None
        return self.learner_.predict_texts(list(X), self.tokenizer_, self.max_length_)

    def _probabilities(self, model: bytes, X: Sequence[Any]) -> np.ndarray:
        rows, owner = TextEncoder(model, self.tokenizer_, self.max_length_).run(X)
        return window_probabilities(rows, owner, len(X), self.multilabel)

    def _targets(self, y: Any) -> np.ndarray:
        y = np.asarray(y)
        return np.asarray(y if y.ndim == 2 else np.eye(len(self.labels))[y], dtype=np.float32)


class Encoder(EncoderSettings):  # noqa: D101
    __doc__ = EncoderSettings.__doc__  # what editors show beside ``type: encoder``

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> EncoderClassifier:
        """Return the unfitted classifier.

        Raises
        ------
        EncoderError
            If there is no such encoder, or the encoder extra isn't installed.
        """
        for module in ("onnxruntime", "onnx", "tokenizers", "safetensors", "torch", "transformers"):
            need(module, "encoder")
        find_encoder(self.model)
        return EncoderClassifier(self.model_dump(), list(labels), multilabel, seed)

    def build_soft(
        self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None
    ) -> EncoderClassifier:
        """Return the unfitted classifier, which takes probabilities as well."""
        return self.build(labels, multilabel, seed)


name_encoder(STARTER, starter_encoder)  # for the features as well, which know nothing of saved models
