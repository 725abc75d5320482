"""Keeps a training under way on disk after each epoch, so that a killed one goes on from there."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from features.encoder.cache import cache_folder
from features.encoder.errors import need

_KEPT = 5
"""Trainings kept: some 90 MB each for a small encoder."""


class Checkpoint:
    """The state of one training, as a safetensors file in the cache folder.

    Parameters
    ----------
    digest : str
        Tells this training from any other: see :func:`training_digest`.

    Raises
    ------
    EncoderError
        If the cache folder can't be written.
    """

    def __init__(self, digest: str) -> None:
        self.path = cache_folder() / "checkpoints" / f"{digest[:16]}.safetensors"

    def write(self, tensors: dict[str, np.ndarray], state: dict[str, Any]) -> None:
        """Replace what is kept; a kill in the middle leaves the former state."""
        self.path.parent.mkdir(exist_ok=True)
        beside = self.path.with_suffix(".partial")
        need("safetensors.numpy", "onnx").save_file(tensors, str(beside), metadata={"state": json.dumps(state)})
        beside.replace(self.path)

    def read(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return what is kept, or None; a file that can't be read counts as none."""
        if not self.path.is_file():
            return None
        safetensors = need("safetensors", "onnx")
        try:
            with safetensors.safe_open(str(self.path), framework="numpy") as stored:
                state = json.loads(stored.metadata()["state"])
                return {name: stored.get_tensor(name) for name in stored.keys()}, state  # noqa: SIM118
        except (safetensors.SafetensorError, OSError, KeyError, TypeError, ValueError):
            return None

    def finish(self, tensors: dict[str, np.ndarray], state: dict[str, Any]) -> None:
        """Keep the result of a training that is done, and of all trainings the newest five.

        Other thresholds, a vote or a cascade of the same encoder on the same rows then needn't train it again.
        """
        self.write(tensors, state)
        kept = sorted(self.path.parent.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        for path in kept[:-_KEPT]:
            path.unlink(missing_ok=True)


def training_digest(
    settings: dict[str, Any],
    texts: Sequence[Any],
    y: np.ndarray,
    validation: tuple[Sequence[Any], np.ndarray] | None,
    multilabel: bool,
    seed: int,
    weights: Path,
    auxiliary: Sequence[Sequence[str]] = (),
) -> str:
    """Return what tells one training from another: settings, rows, seed, first weights.

    The validation rows count as well: they decide which epoch is kept. Not what the folder of the weights is called,
    nor the settings of scoring.
    """
    settings = {name: value for name, value in settings.items() if name not in ("precision", "model")}
    found = hashlib.sha256(json.dumps([settings, multilabel, seed, list(texts)], sort_keys=True).encode())
    found.update(np.ascontiguousarray(y).tobytes())
    if validation is not None:
        found.update(json.dumps(list(validation[0])).encode())
        found.update(np.ascontiguousarray(validation[1]).tobytes())
    if len(auxiliary):
        found.update(json.dumps([list(values) for values in auxiliary]).encode())
    for name in ("config.json", "tokenizer.json"):  # the same weights may be read in other ways
        if (weights / name).is_file():
            found.update((weights / name).read_bytes())
    for path in sorted(weights.glob("model*.safetensors")):
        with path.open("rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()
