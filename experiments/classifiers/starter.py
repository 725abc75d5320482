"""The encoder of the starter model, to train further on labels of one's own."""

from pathlib import Path
from typing import Any

from experiments.errors import InputError
from experiments.files import MODELS, STARTER
from experiments.untrusted.skops_file import load_pipeline
from features.encoder.dequantise import kept_encoder
from features.encoder.errors import EncoderError

TASK = "framing"
"""Whose starter ``starter`` is. Other tasks start from it too: its head isn't taken over."""

_PIPELINE = "pipeline.skops"
_INSTEAD = "take a model of the hub, such as sentence-transformers/all-MiniLM-L6-v2, or a folder"


def starter_names() -> dict[str, str]:
    """Return what the encoders in the box are called, and whose starter each is part of."""
    tasks = sorted(file.parent.name for file in MODELS.glob(f"*/{_PIPELINE}"))
    return {STARTER: TASK} | {f"{STARTER}:{task}": task for task in tasks}


def starter_encoder(task: str = TASK) -> Path:
    """Return the folder, in the cache, with the encoder of a task's starter in transformers' form.

    Raises
    ------
    EncoderError
        If no starter model came with the kit, or it is damaged or has no encoder, or the cache can't be written.
    """
    saved = MODELS / task / _PIPELINE
    if not saved.is_file():
        raise EncoderError(f"model: {STARTER}: this framescope came without a starter model ({saved}); {_INSTEAD}")
    encoder = encoder_in(load_saved(saved))
    if encoder is None:
        raise EncoderError(f"model: {STARTER}: {saved} has no encoder to start from; {_INSTEAD}")
    return kept_encoder(STARTER, encoder.model_, encoder.tokenizer_, encoder.settings["pooling"])


def load_saved(saved: Path) -> Any:
    """Return the pipeline of a saved model, in which nothing is executed.

    Raises
    ------
    EncoderError
        If the file is damaged, or holds something that the kit doesn't write.
    """
    # the saved form as a whole stands floors above, and the list of kinds imports this module
    import features.builder
    from experiments import classifiers

    try:
        return load_pipeline(saved, [*features.builder.ALLOWED_TYPES, *classifiers.ALLOWED_TYPES], {})
    except InputError as error:
        line = str(error).removeprefix(f"{saved}: ").rpartition("; train or")[0] or str(error)
        again = "install framescope" if saved.is_relative_to(MODELS) else "train or download it"
        raise EncoderError(f"model: {saved} can't be read ({line}); {again} again") from None


def encoder_in(pipeline: Any) -> Any:
    """Return the fine-tuned encoder, a fitted classifier, of a pipeline or of a model that it is made of, or None."""
    step = pipeline.named_steps.get("classifier")
    for part in ("student_", "second_", "pipeline_"):  # distilled, cascade, saved
        if hasattr(step, part):
            return encoder_in(getattr(step, part))
    return step if "pooling" in getattr(step, "settings", {}) else None  # convolutions have a tokenizer, and none
