"""Fine-tunes an encoder with PyTorch: one loop, the same on CPU and GPU, that goes on where it was stopped."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

from experiments.classifiers.checkpoints import Checkpoint, training_digest
from experiments.classifiers.device import find_device, sized
from experiments.classifiers.encoder_settings import EncoderSettings
from experiments.classifiers.learner import Learner
from experiments.classifiers.progress import Progress
from experiments.classifiers.training_rows import Rows, auxiliary_codes, read_rows
from features.encoder.architectures import own_graph
from features.encoder.errors import EncoderError, need
from features.encoder.export import torch_graph
from features.encoder.graph import classifier_model
from features.encoder.weights import find_encoder, longest_input, read_config, read_tokenizer

_KEEP_SECONDS = (
    30.0  # of training that a kill may cost: on a card an epoch takes less time than its state takes to write
)


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the float32 graph, tokenizer, tokens read at once, each epoch's scores, weight files.

    After a training on a card also the network there, which reads a hundred times faster than the graph does.
    """

    model: bytes
    tokenizer: str
    max_length: int
    history: list[dict[str, float]]
    files: dict[str, bytes]
    learner: Learner | None = None


def finetune(
    settings: EncoderSettings,
    texts: Sequence[Any],
    y: np.ndarray,
    validation: tuple[Sequence[Any], np.ndarray] | None,
    multilabel: bool,
    seed: int,
    auxiliary: Sequence[Sequence[str]] = (),
) -> Trained:
    """Train an encoder and a linear head on n texts, or pairs (text, target).

    Parameters
    ----------
    settings : EncoderSettings
        The classifier's settings.
    texts : sequence
        n texts or pairs.
    y : ndarray of shape (n, n_labels), float32
        Indicator matrix; what is negative, nobody decided, and nothing is learned from it.
    validation : tuple of (texts, y), optional
        Rows on which the best epoch is chosen: by macro-averaged precision in a multilabel task, which needs no
        thresholds, else by macro-F1.
    multilabel : bool
        Whether labels are independent.
    seed : int
        Seed of everything random.
    auxiliary : sequence of n sequences of str, optional
        More to learn from each text, such as a finer label; an empty one isn't known. A head of its own predicts it
        while the encoder is trained, and is then left out.

    Raises
    ------
    EncoderError
        If the encoder is of no use, or memory runs out.
    """
    folder = find_encoder(settings.model)
    config, tokenizer = read_config(folder), read_tokenizer(folder)
    if settings.layers:
        config = {**config, "num_hidden_layers": settings.layers}
    length = min(settings.max_length, longest_input(config))
    device = find_device(settings.device)
    settings = sized(settings, device)
    side, sizes = auxiliary_codes(auxiliary, len(texts))
    learner = Learner(settings, folder, y, multilabel, seed, device, sizes)
    rows = read_rows(tokenizer, length, texts, y, side)
    held = None if validation is None else read_rows(tokenizer, length, *validation)
    checkpoint = Checkpoint(
        training_digest(settings.model_dump(), texts, y, validation, multilabel, seed, folder, auxiliary)
    )
    remedy = (
        f"classifier.accumulate={2 * settings.accumulate} (the same result in smaller parts), or a smaller "
        "classifier.max_length or model"
    )
    history = run_epochs(learner, rows, held, checkpoint, remedy)
    weights = learner.weights()
    head = weights.pop("head.weight"), weights.pop("head.bias")
    encoder = {name.removeprefix("encoder."): each for name, each in weights.items() if name.startswith("encoder.")}
    graph = own_graph(config, encoder) or torch_graph(learner.net.encoder)
    model = classifier_model(graph, settings.pooling, *head)
    files = _files(folder, config, tokenizer, encoder, head)
    return Trained(model, tokenizer, length, history, files, learner if device != "cpu" else None)


def run_epochs(
    learner: Learner, rows: Rows, held: Rows | None, checkpoint: Checkpoint, remedy: str
) -> list[dict[str, float]]:
    """Train until the last epoch, or until validation rows say that it gets no better, and go back to the best.

    Parameters
    ----------
    learner : Learner
        What is trained; its settings say for how many epochs.
    rows, held : Rows
        To train on, and to choose the best epoch on; without the latter the last one is kept.
    checkpoint : Checkpoint
        Where a training that was stopped goes on from.
    remedy : str
        What to set when memory runs out.

    Returns
    -------
    list of dict
        For each epoch its training loss and, with validation rows, its validation score.

    Raises
    ------
    EncoderError
        If memory runs out.
    """
    settings = learner.settings
    state: dict[str, Any] = {"epoch": 0, "best": None, "best_epoch": 0, "history": [], "done": False}
    if (kept := checkpoint.read()) is not None and learner.restore(kept[0]):
        state = kept[1]
    known, written = state["done"], time.monotonic()
    steps = -(-len(rows.ids) // learner.size)
    try:
        with Progress(settings.epochs * steps, state["epoch"] * steps, state["done"]) as progress:
            while not state["done"]:
                epoch = state["epoch"]
                loss = learner.epoch(rows, epoch, progress)
                entry = {"epoch": epoch + 1, "loss": loss}
                if held is not None:
                    entry["validation"] = _score(held.y, learner.predict(held), learner.multilabel)
                    if state["best"] is None or entry["validation"] > state["best"]:
                        state.update(best=entry["validation"], best_epoch=epoch + 1)
                        learner.keep()
                state.update(epoch=epoch + 1, history=[*state["history"], entry])
                progress.note(entry)
                worse = 0 if held is None else epoch + 1 - state["best_epoch"]
                state["done"] = epoch + 1 == settings.epochs or worse >= settings.patience
                if not state["done"] and time.monotonic() - written >= _KEEP_SECONDS:
                    checkpoint.write(learner.tensors(), state)
                    written = time.monotonic()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error).lower():
            raise
        raise EncoderError(
            f"out of memory while training with batches of {settings.batch_size}: set {remedy}"
        ) from None
    learner.finish()
    if not known:
        checkpoint.finish({f"net.{name}": tensor for name, tensor in learner.weights().items()}, state)
    return list(state["history"])


def _score(y: np.ndarray, probabilities: np.ndarray, multilabel: bool) -> float:
    if multilabel:
        decided = [(truth[truth >= 0], scores[truth >= 0]) for truth, scores in zip(y.T, probabilities.T, strict=True)]
        return float(np.mean([average_precision_score(*label) for label in decided if label[0].any()]))
    return float(f1_score(y.argmax(axis=1), probabilities.argmax(axis=1), average="macro"))


def _files(
    folder: Path,
    config: dict[str, Any],
    tokenizer: str,
    encoder: dict[str, np.ndarray],
    head: tuple[np.ndarray, np.ndarray],
) -> dict[str, bytes]:
    """Return the trained encoder as transformers writes one, and the head beside it."""
    save = need("safetensors.numpy", "onnx").save
    files = {
        "config.json": (json.dumps(config, indent=2) + "\n").encode(),
        "tokenizer.json": tokenizer.encode(),
        "model.safetensors": save(encoder, metadata={"format": "pt"}),
        "head.safetensors": save({"weight": head[0], "bias": head[1]}),
    }
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / name).is_file():
            files[name] = (folder / name).read_bytes()
    return files
