"""Where an encoder is trained, and what that means for the size of a step and the precision."""

from typing import Any

from experiments.classifiers.encoder_settings import EncoderSettings
from features.encoder.errors import EncoderError, need

_CARD_BATCH = 128  # rows a step with ``batch_size: auto`` on a card, which smaller ones leave idle
_CPU_BATCH = 32


def find_device(wanted: str) -> str:
    """Return the device that a config's ``device`` means here.

    Raises
    ------
    EncoderError
        If there is no such device.
    """
    torch = need("torch", "encoder")
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    there = {"cuda": cards > 0, "mps": torch.backends.mps.is_available(), "cpu": True}
    if wanted == "auto":
        return next(name for name, available in there.items() if available)
    kind, _, number = wanted.partition(":")
    if not there[kind]:
        raise EncoderError(f"classifier.device={wanted}: PyTorch sees no such device here; take auto or cpu")
    if number and int(number) >= cards:
        known = "cuda:0" if cards == 1 else f"cuda:0 to cuda:{cards - 1}"
        raise EncoderError(f"classifier.device={wanted}: PyTorch sees {cards} graphics card(s) here: take {known}")
    return wanted


def sized(settings: EncoderSettings, device: str) -> EncoderSettings:
    """Return the settings with a number of rows a step, where they leave that to the device.

    A card takes larger steps, and then learns at a higher rate: with the square root of the size, which keeps Adam's
    path about the same.

    References
    ----------
    Malladi, S., Lyu, K., Panigrahi, A. & Arora, S. (2022). On the SDEs and scaling rules for adaptive gradient
    algorithms. NeurIPS.
    """
    if settings.batch_size != "auto":
        return settings
    size = _CARD_BATCH if device.startswith("cuda") else _CPU_BATCH
    rate = settings.learning_rate * (size / _CPU_BATCH) ** 0.5
    return settings.model_copy(update={"batch_size": size, "learning_rate": rate})


def half_precision(torch: Any, device: str) -> Any:
    """Return bfloat16 where the processor computes with it (it halves the time), else None."""
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else None
    if device == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        found = torch.cpu.get_capabilities()
        return torch.bfloat16 if found.get("avx512_bf16") or found.get("amx_bf16") else None
    return None
