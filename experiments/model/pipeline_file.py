"""The fitted pipeline as a skops file: what may stand in it, how it is written and read."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import features.builder
from experiments import classifiers
from experiments.untrusted import skops_file

PIPELINE_FILE = "pipeline.skops"

ALLOWED_TYPES = (
    *features.builder.ALLOWED_TYPES,
    *classifiers.ALLOWED_TYPES,
    "experiments.classifiers.separate.SeparateTargets",
)
"""What a saved pipeline may hold besides the scikit-learn and NumPy types of :data:`skops_file.KNOWN`."""

FORMER_NAMES = {"experiments.separate": "experiments.classifiers.separate"}
"""Modules of which saved models speak under a former name, and where they are now."""

_READ_BY_GRAPHS = {
    "features.embeddings.SentenceEmbeddings",
    "experiments.classifiers.convolution.ConvolutionClassifier",
    "experiments.classifiers.encoder.EncoderClassifier",
}

_LARGE = 64_000_000  # bytes of a saved pipeline, beyond which deflating may take longer than the training took
_SAMPLE = 100_000  # bytes at each of nine places, by which it is judged


def save_pipeline(pipeline: Any, file: Path) -> None:
    """Write a pipeline as skops, deflated if that pays."""
    skops = skops_file.skops()
    skops.io.dump(pipeline, file)
    if _shrinks(file):
        skops.io.dump(pipeline, file, compression=zipfile.ZIP_DEFLATED, compresslevel=6)


def load_pipeline(file: Path) -> Any:
    """Return the pipeline of a file that anyone may have made; nothing in it is executed.

    Raises
    ------
    InputError
        If it is missing, damaged, or not of framescope's making: see
        :func:`experiments.untrusted.skops_file.load_pipeline`.
    """
    return skops_file.load_pipeline(file, ALLOWED_TYPES, FORMER_NAMES)


def needs_encoder(folder: Path) -> bool:
    """Return whether a saved model's pipeline reads text by an ONNX graph, and so needs what runs those."""
    return bool(_READ_BY_GRAPHS & skops_file.types_of(folder / PIPELINE_FILE))


def _shrinks(file: Path) -> bool:
    """Return whether deflating a saved pipeline pays: a vocabulary shrinks to a tenth, float weights hardly at all."""
    size = file.stat().st_size
    if size <= _LARGE:
        return True
    with file.open("rb") as stream:
        parts = []
        for tenth in range(1, 10):
            stream.seek(size * tenth // 10)
            parts.append(stream.read(_SAMPLE))
    sample = b"".join(parts)
    return len(zlib.compress(sample, 1)) < 0.8 * len(sample)
