"""What a sentence means as a vector: a frozen encoder, run by ONNX Runtime."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.encoder.architectures import embedding_model
from features.encoder.cache import VectorCache
from features.encoder.quantise import quantise
from features.encoder.runner import TextEncoder, digest
from features.encoder.weights import DEFAULT, find_encoder, longest_input, read_config, read_pooling, read_tokenizer
from features.spec import FeatureSpec


class SentenceEmbeddings(TransformerMixin, BaseEstimator):
    """The vectors of a frozen sentence encoder.

    Parameters
    ----------
    model : str
        A folder, or a model's id on the Hugging Face Hub.
    precision : {"int8", "fp32"}, default "int8"
        Of the encoder's weights.
    max_length : int, default 256
        Tokens read at once; a longer text's vector is the mean over its windows.
    cache : bool, default True
        Keep the vectors of texts seen in training on disk, so that the next run on them needn't encode them again.

    Attributes
    ----------
    model_ : bytes
        The encoder as ONNX: saved with the pipeline, which so needs neither hub nor folder again.
    tokenizer_ : str
        Its tokenizer as JSON.
    max_length_ : int
        ``max_length``, or what the encoder reads at most.

    Notes
    -----
    The token vectors are pooled as the model's own notes say (``1_Pooling/config.json``), by their mean without any,
    and scaled to length 1.

    References
    ----------
    Reimers, N. & Gurevych, I. (2019). Sentence-BERT: Sentence embeddings using Siamese BERT-networks. EMNLP.
    Wang, W. et al. (2020). MiniLM: Deep self-attention distillation for task-agnostic compression of pre-trained
    transformers. NeurIPS. (the default model's encoder)
    """

    def __init__(
        self, model: str = DEFAULT, precision: str = "int8", max_length: int = 256, cache: bool = True
    ) -> None:
        self.model = model
        self.precision = precision
        self.max_length = max_length
        self.cache = cache

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Read the encoder; nothing is learned from the texts.

        Raises
        ------
        EncoderError
            If the encoder can't be found or read, or the onnx extra isn't installed.
        """
        self.model_, self.tokenizer_ = _frozen(self.model, self.precision)
        self.max_length_ = min(self.max_length, longest_input(read_config(find_encoder(self.model))))
        self.cached_ = self.cache
        return self

    def transform(self, X: Iterable[str]) -> np.ndarray:
        """Return the vectors of n texts, shape (n, width), float32, each of length 1 (0 to 1 for long texts)."""
        check_is_fitted(self)
        encoder = TextEncoder(self.model_, self.tokenizer_, self.max_length_)
        texts = [str(text) for text in X]
        if not self.cached_:
            return encoder.mean(texts)
        key = digest(self.model_ + f"\t{self.max_length_}\t".encode() + self.tokenizer_.encode())
        return VectorCache(key, encoder.width).through(texts, encoder.mean)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns: dimensions have numbers, no meaning."""
        check_is_fitted(self)
        width = TextEncoder(self.model_, self.tokenizer_, self.max_length_).width
        return np.asarray([f"dimension {number}" for number in range(width)], dtype=object)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the cache behind: a model that is saved, served or moved writes nothing beside what it is asked for."""
        return {**super().__getstate__(), "cached_": False} if hasattr(self, "model_") else super().__getstate__()

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this takes texts, not tables of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


class Embeddings(FeatureSpec):
    """Sentence embeddings of a frozen encoder: see :class:`SentenceEmbeddings`.

    Parameters
    ----------
    model : str, default "sentence-transformers/all-MiniLM-L6-v2"
        A folder, or a model's id on the Hugging Face Hub, or ``starter``: the encoder of the starter model that comes
        with framescope.
    precision : {"int8", "fp32"}, default "int8"
        Of the encoder's weights: int8 is a fourth of the size, and faster on processors with integer dot products.
    max_length : int, default 256
        Tokens read at once; longer texts are read in windows.
    cache : bool, default True
        Keep the vectors of training texts on disk, under ``$FRAMESCOPE_CACHE`` or the user's cache folder.
    """

    threaded: ClassVar[bool] = True

    type: Literal["embeddings"] = "embeddings"
    model: str = Field(default=DEFAULT, min_length=1)
    precision: Literal["int8", "fp32"] = "int8"
    max_length: int = Field(default=256, ge=48)
    cache: bool = True

    def build(self) -> SentenceEmbeddings:
        """Return the unfitted transformer.

        Raises
        ------
        EncoderError
            If there is no such encoder.
        """
        find_encoder(self.model)
        return SentenceEmbeddings(self.model, self.precision, self.max_length, self.cache)


@lru_cache(maxsize=1)
def _frozen(name: str, precision: str) -> tuple[bytes, str]:
    """Return graph and tokenizer of an encoder; quantising takes seconds, so the last one is remembered."""
    folder = find_encoder(name)
    model = embedding_model(folder, read_pooling(folder), normalise=True)
    return quantise(model) if precision == "int8" else model, read_tokenizer(folder)
