"""What a config may say of a fine-tuned encoder."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from experiments.classifiers.spec import ClassifierSpec
from features.encoder.weights import DEFAULT


class EncoderSettings(ClassifierSpec):
    """Fine-tune any encoder of the Hugging Face Hub (``AutoModel``); see :class:`EncoderClassifier`.

    Parameters
    ----------
    model : str, default "sentence-transformers/all-MiniLM-L6-v2"
        A folder, or a model's id on the hub, such as ``snowood1/ConfliBERT-scr-uncased``. Or ``starter``: the encoder
        of the starter model that comes with framescope, which knows framing already; only its head starts anew.
        ``starter:stance`` is that of the starter for stance.
    epochs : int, default 4
        Times that every row is seen.
    batch_size : int or "auto", default 32
        Rows a step. ``auto``: 32, and on a graphics card 128 with twice the learning rate, which keeps it busy.
    accumulate : int, default 1
        Take each step in this many parts: the same result with less memory.
    learning_rate : float, default 1e-4
        Of the last layer and the head, after warming up; it falls linearly to 0. Larger encoders want less: 2e-5.
    layer_decay : float, default 1.0
        Each layer learns at this fraction of the rate of the layer above it.
    warmup : float, default 0.1
        Fraction of the steps over which the rate rises from 0.
    weight_decay : float, default 0.01
        Of AdamW.
    dropout : float, default 0.1
        On the pooled vector.
    class_weight : {"none", "sqrt", "balanced"}, default "none"
        Weigh rare labels up by the inverse (root) of their frequency.
    label_smoothing : float, default 0.0
        Part of each row's label that is spread evenly over all labels: less sure of itself, and of wrong labels.
    auxiliary_weight : float, default 1.0
        What each of ``data.columns.auxiliary`` counts against the labels.
    layers : int, optional
        Keep so many of the encoder's layers, evenly spread from the first to the last: fewer are faster. All when left
        out.
    pooling : {"mean", "cls"}, default "mean"
        How token vectors become one.
    max_length : int, default 128
        Tokens read at once; longer texts are read in windows.
    patience : int, default 2
        Stop after this many epochs without a better validation score (``data.validation_size``), and keep the best.
    precision : {"int8", "fp32"}, default "int8"
        Of the weights in scoring.
    device : str, default "auto"
        ``cuda``, ``mps`` or ``cpu``; auto takes the first that there is.

    References
    ----------
    Devlin, J. et al. (2019). BERT: Pre-training of deep bidirectional transformers. NAACL.
    Howard, J. & Ruder, S. (2018). Universal language model fine-tuning. ACL. (a rate for each layer)
    Caruana, R. (1997). Multitask learning. Machine Learning 28. (auxiliary columns)
    Szegedy, C. et al. (2016). Rethinking the Inception architecture for computer vision. CVPR. (label smoothing)
    Hu, Y. et al. (2022). ConfliBERT: A pre-trained language model for political conflict and violence. NAACL.
    """

    reads_text: ClassVar[bool] = True
    stops_early: ClassVar[bool] = True
    takes_undecided: ClassVar[bool] = True
    threaded: ClassVar[bool] = True

    type: Literal["encoder"] = "encoder"
    model: str = Field(default=DEFAULT, min_length=1)
    epochs: int = Field(default=4, ge=1)
    batch_size: Annotated[int, Field(ge=1)] | Literal["auto"] = 32
    accumulate: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0)
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    class_weight: Literal["none", "sqrt", "balanced"] = "none"
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    auxiliary_weight: float = Field(default=1.0, gt=0)
    layers: int | None = Field(default=None, ge=1)
    pooling: Literal["mean", "cls"] = "mean"
    max_length: int = Field(default=128, ge=48)
    patience: int = Field(default=2, ge=1)
    precision: Literal["int8", "fp32"] = "int8"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
