"""Convolutions over word embeddings: a small network that reads tens of thousands of sentences a second."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from experiments.classifiers.checkpoints import Checkpoint, training_digest
from experiments.classifiers.device import find_device
from experiments.classifiers.encoder import Encoder
from experiments.classifiers.finetuning import run_epochs
from experiments.classifiers.graph_classifier import GraphClassifier
from experiments.classifiers.learner import Learner
from experiments.classifiers.spec import ClassifierSpec
from experiments.classifiers.training_rows import read_rows
from features.encoder.convolution import Convolutions, convolution_model
from features.encoder.errors import EncoderError, need
from features.encoder.weights import DEFAULT, find_encoder, read_tokenizer, read_weights
from features.targets import Reading

_WEIGHT_DECAY = 1e-4
_MASKS = ("[MASK]", "<mask>")


class ConvolutionClassifier(GraphClassifier):
    """Filters that look for short sequences of words anywhere in a text, and a linear head on what they find.

    Each token becomes a vector (at first an encoder's word embedding, reduced to its principal components); filters
    read windows of a few tokens, and of each filter the highest answer in the text counts, beside the mean vector.
    See :class:`GraphClassifier` for parameters and attributes.
    """

    tokens: ClassVar[int] = 8192  # a pass over fewer would take less time than its start

    def fit(self, X: Sequence[Any], y: Any, validation: tuple[Sequence[Any], Any] | None = None) -> Self:
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

        Raises
        ------
        EncoderError
            If the encoder can't be found or read, an extra isn't installed, or memory runs out.
        """
        spec = Convolution(**self.settings)
        folder = find_encoder(spec.model)
        self.tokenizer_, self.max_length_ = read_tokenizer(folder), spec.max_length
        embeddings = principal_embeddings(folder, spec)
        mask = _mask_token(self.tokenizer_, spec)
        targets = self._targets(y)
        learner = Learner(
            spec.course(),
            folder,
            targets,
            self.multilabel,
            self.seed,
            find_device(spec.device),
            build=lambda: _network(embeddings, mask, targets.shape[1], spec),
        )
        rows = read_rows(self.tokenizer_, self.max_length_, list(X), targets)
        held = None if validation is None else (list(validation[0]), self._targets(validation[1]))
        digest = training_digest(self.settings, list(X), targets, held, self.multilabel, self.seed, folder)
        self.history_ = run_epochs(
            learner,
            rows,
            None if held is None else read_rows(self.tokenizer_, self.max_length_, *held),
            Checkpoint(digest),
            "a smaller classifier.batch_size, classifier.max_length or classifier.filters",
        )
        trained = _trained(learner.weights(), spec)
        self.float_model_ = convolution_model(trained, int8=False)
        self.model_ = convolution_model(trained, int8=True) if spec.precision == "int8" else self.float_model_
        self.classes_ = np.arange(len(self.labels))
        return self


class Convolution(ClassifierSpec):
    """Convolutions over word embeddings, the fastest reader of texts; see :class:`ConvolutionClassifier`.

    It learns most from a large teacher's word on many sentences (``type: distilled``).

    Parameters
    ----------
    model : str, default "sentence-transformers/all-MiniLM-L6-v2"
        Whose tokenizer and word embeddings it starts from: a folder, a model's id on the Hugging Face Hub, or
        ``starter``, the encoder of the starter model that comes with framescope.
    width : int, default 96
        Principal components of the embeddings that are kept.
    filters : int, default 192
        Of each width of windows.
    widths : list of int, default [1, 3, 5]
        Tokens in a window.
    epochs : int, default 8
        Times that every row is seen.
    batch_size : int, default 128
        Rows a step.
    learning_rate : float, default 1e-3
        After warming up over a tenth of the steps; it falls linearly to 0.
    dropout : float, default 0.4
        On what the filters found and on the mean embedding.
    masked : float, default 0.1
        Share of the tokens that are hidden in training, so that no single word decides.
    max_length : int, default 128
        Tokens read at once; longer texts are read in windows.
    patience : int, default 2
        Stop after this many epochs without a better validation score (``data.validation_size``), and keep the best.
    precision : {"int8", "fp32"}, default "int8"
        Of embeddings and filters in scoring.
    device : str, default "auto"
        ``cuda``, ``mps`` or ``cpu``; auto takes the first that there is.

    References
    ----------
    Kim, Y. (2014). Convolutional neural networks for sentence classification. EMNLP.
    Tang, R. et al. (2019). Distilling task-specific knowledge from BERT into simple neural networks. arXiv:1903.12136.
    """

    reads_text: ClassVar[bool] = True
    stops_early: ClassVar[bool] = True
    takes_undecided: ClassVar[bool] = True
    threaded: ClassVar[bool] = True

    type: Literal["convolution"] = "convolution"
    model: str = Field(default=DEFAULT, min_length=1)
    width: int = Field(default=96, ge=1)
    filters: int = Field(default=192, ge=1)
    widths: list[Annotated[int, Field(ge=1, le=32)]] = Field(default=[1, 3, 5], min_length=1)
    epochs: int = Field(default=8, ge=1)
    batch_size: int = Field(default=128, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    dropout: float = Field(default=0.4, ge=0, lt=1)
    masked: float = Field(default=0.1, ge=0, lt=1)
    max_length: int = Field(default=128, ge=48)
    patience: int = Field(default=2, ge=1)
    precision: Literal["int8", "fp32"] = "int8"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")

    def course(self) -> Encoder:
        """Return what the loop that trains encoders is told: the settings that both share."""
        shared = (Encoder.model_fields.keys() & type(self).model_fields.keys()) - {"type"}
        return Encoder(**self.model_dump(include=shared), weight_decay=_WEIGHT_DECAY)

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> ConvolutionClassifier:
        """Return the unfitted classifier.

        Raises
        ------
        EncoderError
            If there is no such encoder, or the encoder extra isn't installed.
        """
        for module in ("onnxruntime", "onnx", "tokenizers", "safetensors", "torch"):
            need(module, "encoder")
        find_encoder(self.model)
        return ConvolutionClassifier(self.model_dump(), list(labels), multilabel, seed)

    def build_soft(
        self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None
    ) -> ConvolutionClassifier:
        """Return the unfitted classifier, which takes probabilities as well."""
        return self.build(labels, multilabel, seed)


def principal_embeddings(folder: Path, spec: Convolution) -> np.ndarray:
    """Return an encoder's word embeddings by their principal components, shape (n_tokens, width), float32.

    All together have a standard deviation of 1, so that one learning rate suits any encoder.

    Raises
    ------
    EncoderError
        If it has none, or fewer columns than asked for.
    """
    found = [each for name, each in read_weights(folder).items() if name.endswith("word_embeddings.weight")]
    if len(found) != 1:
        raise EncoderError(
            f"classifier.model={spec.model}: has no tensor word_embeddings.weight, as BERT and its kin have; "
            "choose another encoder"
        )
    columns = found[0].shape[1]
    if spec.width > columns:
        raise EncoderError(
            f"classifier.width={spec.width}: the word embeddings of {spec.model} have {columns} columns; take as many "
            "at most"
        )
    centred = found[0].astype(np.float64) - found[0].mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # by rising variance
    reduced = centred @ directions[:, : -spec.width - 1 : -1]
    return np.asarray(reduced / reduced.std(), dtype=np.float32)


def _mask_token(tokenizer: str, spec: Convolution) -> int | None:
    """Return the number of the token that hides others in training, or None if none are to be hidden."""
    if not spec.masked:
        return None
    known = need("tokenizers").Tokenizer.from_str(tokenizer)
    found = next((number for name in _MASKS if (number := known.token_to_id(name)) is not None), None)
    if found is None:
        raise EncoderError(
            f"classifier.masked={spec.masked}: the tokenizer of {spec.model} has no token {' or '.join(_MASKS)}; "
            "set classifier.masked=0"
        )
    return int(found)


def _network(embeddings: np.ndarray, mask_token: int | None, n_labels: int, spec: Convolution) -> Any:
    torch = need("torch", "encoder")
    functional = torch.nn.functional

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embeddings = torch.nn.Embedding.from_pretrained(torch.from_numpy(embeddings), freeze=False)
            self.filters = torch.nn.ModuleList(
                [torch.nn.Conv1d(spec.width, spec.filters, k, bias=False) for k in spec.widths]
            )
            self.biases = torch.nn.ParameterList([torch.zeros(spec.filters) for _ in spec.widths])
            self.dropout = torch.nn.Dropout(spec.dropout)
            self.head = torch.nn.Linear(spec.filters * len(spec.widths) + spec.width, n_labels)

        def forward(self, ids: Any, mask: Any, kinds: Any) -> Any:
            if self.training and mask_token is not None:
                hidden = torch.rand(ids.shape, device=ids.device) < spec.masked
                ids = ids.masked_fill(hidden, mask_token)
            vectors = self.embeddings(ids) * mask.unsqueeze(-1)
            # a window starts at each token; behind the text there are zeros, and a filter's answer to those alone is 0
            columns = functional.pad(vectors.transpose(1, 2), (0, max(spec.widths) - 1))
            length = ids.shape[1]
            found = [
                torch.relu(torch.relu(convolve(columns)[:, :, :length].amax(dim=2)) + bias)
                for convolve, bias in zip(self.filters, self.biases, strict=True)
            ]
            mean = vectors.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
            return self.head(self.dropout(torch.cat([*found, mean], dim=1)))

    return Network()


def _trained(weights: dict[str, np.ndarray], spec: Convolution) -> Convolutions:
    several = range(len(spec.widths))
    return Convolutions(
        weights["embeddings.weight"],
        [weights[f"filters.{at}.weight"] for at in several],
        [weights[f"biases.{at}"] for at in several],
        weights["head.weight"],
        weights["head.bias"],
    )
