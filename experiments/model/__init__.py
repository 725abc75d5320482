"""The trained classifier as it is saved, loaded and served."""

from typing import Any

from experiments.model.abstaining import WITHOUT, Promise, check_level, promise
from experiments.model.card import CARD_FILE
from experiments.model.classifier import (
    ENCODER_FOLDER,
    SentenceClassifier,
    fingerprint,
    rounded,
    sentences_per_second,
)
from experiments.model.folder import FOLDER, load_model, model_digest
from experiments.model.held_out import HELD_OUT_FILE, HeldOut
from experiments.model.pipeline_file import FORMER_NAMES, PIPELINE_FILE, needs_encoder
from experiments.model.seen import SEEN_FILE
from experiments.model.served import ServedModel, load_pyfunc

__all__ = [
    "CARD_FILE",
    "ENCODER_FOLDER",
    "FOLDER",
    "FORMER_NAMES",
    "HELD_OUT_FILE",
    "PIPELINE_FILE",
    "SEEN_FILE",
    "WITHOUT",
    "HeldOut",
    "Promise",
    "SentenceClassifier",
    "ServedModel",
    "check_level",
    "fingerprint",
    "load_model",
    "model_digest",
    "needs_encoder",
    "promise",
    "rounded",
    "sentences_per_second",
]


def _load_pyfunc(path: str) -> Any:
    """Load the model for MLflow, which calls this by its name (``loader_module`` in the MLmodel file)."""
    return load_pyfunc(path)
