"""A fine-tuned encoder: the most accurate classifier, trained with PyTorch and run without it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from experiments.classifiers.encoder_settings import EncoderSettings
from experiments.classifiers.finetuning import finetune
from experiments.classifiers.graph_classifier import GraphClassifier
from experiments.classifiers.starter import starter_encoder, starter_names
from features.encoder.errors import need
from features.encoder.quantise import quantise
from features.encoder.steady import steady
from features.encoder.weights import find_encoder, name_encoder
from features.targets import Reading


class EncoderClassifier(GraphClassifier):
    """An encoder with a linear head on its pooled token vectors, all of it trained on the labelled rows.

    See :class:`GraphClassifier` for parameters and other attributes.

    Attributes
    ----------
    learner_ : Learner or None
        The network on the graphics card that trained it, by which texts are read right after training; not saved.
    weights_ : dict
        The files of the trained encoder in transformers' form; written beside a saved model, not read for scoring.
    """

    unsaved: ClassVar[tuple[str, ...]] = ("float_model_", "weights_", "learner_")

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
        self.model_ = trained.model
        self.tokenizer_ = trained.tokenizer
        self.max_length_ = trained.max_length
        if self.settings["precision"] == "int8":
            eight_bit = quantise(trained.model)
            self.model_ = steady(eight_bit, trained.tokenizer, trained.max_length, list(X), self.seed or 0)
        self.history_ = trained.history
        self.weights_ = trained.files
        self.learner_ = trained.learner
        self.classes_ = np.arange(len(self.labels))
        return self

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels), float64."""
        if self.settings["precision"] == "fp32" and getattr(self, "learner_", None) is not None:
            return self._learner_probabilities(X)
        return super().predict_proba(X)

    def float_probabilities(self, X: Sequence[Any]) -> np.ndarray:
        """Return what the model would give without quantising, right after training (it isn't saved)."""
        if getattr(self, "learner_", None) is not None:
            return self._learner_probabilities(X)
        return super().float_probabilities(X)

    def save_weights(self, folder: Path) -> None:
        """Write the trained encoder as transformers does: safetensors, config and tokenizer, with the head beside it.

        Nothing is written for a model that was loaded: it only has its ONNX form.
        """
        for name, content in getattr(self, "weights_", {}).items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def _learner_probabilities(self, X: Sequence[Any]) -> np.ndarray:
        assert self.learner_ is not None
        return self.learner_.predict_texts(list(X), self.tokenizer_, self.max_length_)


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


for _name, _task in starter_names().items():  # for the features as well, which know nothing of saved models
    name_encoder(_name, partial(starter_encoder, _task))
