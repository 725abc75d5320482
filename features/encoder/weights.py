"""Where an encoder's files are: a folder, the Hugging Face Hub, or a package that carries them."""

import json
import os
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from features.encoder.errors import EncoderError, need
from features.encoder.packages import install_hint, packaged

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
"""22 million parameters, 384 columns: small enough for a laptop without a graphics card."""

_WANTED = (
    "config.json",
    "*token*.json",
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "*.model",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
    "model*.safetensors",
    "model.safetensors.index.json",
)


_NAMED: dict[str, Callable[[], Path]] = {}


def name_encoder(name: str, find: Callable[[], Path]) -> None:
    """Let a name stand for the encoder whose folder ``find`` returns, when somebody asks for it.

    So a model that this package knows nothing of can lend its encoder. The name comes before a folder of the same name.
    """
    _NAMED[name] = find


@lru_cache(maxsize=16)
def find_encoder(name: str) -> Path:
    """Return the folder with an encoder's files.

    Parameters
    ----------
    name : str
        A folder, or a model's id on the Hugging Face Hub, such as ``snowood1/ConfliBERT-scr-uncased``. The hub is
        asked first; when it doesn't answer, its local cache and then an installed package with the same model. Or a
        name that :func:`name_encoder` was told.

    Raises
    ------
    EncoderError
        If there is none, or the folder holds no encoder.
    """
    if name in _NAMED:
        return _checked(_NAMED[name]())
    try:
        folder = Path(name).expanduser()
        found_here = folder.is_dir()
    except (OSError, RuntimeError, ValueError):  # ~nobody, too long a name, a zero byte
        raise EncoderError(f"{name[:60]}: there is no such folder with an encoder") from None
    if found_here:
        return _checked(folder)
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise EncoderError(f"{name}: there is no such folder with an encoder")
    found = _cached(name) or packaged(name) if _offline() else _from_hub(name) or _cached(name) or packaged(name)
    if found is None:
        known = install_hint(name)
        raise EncoderError(
            f"{name}: no such folder, and the Hugging Face Hub gave no such model (is the name right, are you online?)"
            + (f"; without the hub: {known}" if known else "; or give its folder")
        )
    return _checked(found)


def read_config(folder: Path) -> dict[str, Any]:
    """Return an encoder's ``config.json``.

    Raises
    ------
    EncoderError
        If it is missing or damaged.
    """
    return _json(folder / "config.json", "a folder with an encoder has one, as transformers' save_pretrained writes it")


def read_pooling(folder: Path) -> str:
    """Return how the encoder's token vectors become one: ``mean`` or ``cls``, as sentence-transformers notes it."""
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    return "cls" if _json(path, "").get("pooling_mode_cls_token") else "mean"


def longest_input(config: Mapping[str, Any]) -> int:
    """Return how many tokens an encoder of this ``config.json`` reads at once."""
    places = int(config.get("max_position_embeddings") or 512)
    # RoBERTa and its kin count positions from behind the padding token's number
    shifted = any(name in str(config.get("model_type")) for name in ("roberta", "camembert", "mpnet"))
    return places - int(config.get("pad_token_id") or 0) - 1 if shifted else places


def read_tokenizer(folder: Path) -> str:
    """Return the tokenizer as JSON text, as the ``tokenizers`` library reads it.

    Raises
    ------
    EncoderError
        If the folder has none in this form and it can't be made from what there is.
    """
    path = folder / "tokenizer.json"
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        try:
            need("tokenizers").Tokenizer.from_str(text)
        except EncoderError:
            raise
        except Exception as error:  # the Rust library raises bare Exceptions
            raise EncoderError(f"{path}: is no readable tokenizer ({error}); download the model again") from None
        return text
    if not any(
        (folder / name).is_file() for name in ("vocab.txt", "vocab.json", "spm.model", "sentencepiece.bpe.model")
    ):
        raise EncoderError(
            f"{folder}: has no tokenizer (tokenizer.json is missing); copy the model's other files there"
        )
    transformers = need("transformers", "encoder")
    try:  # older models have their vocabulary only, from which transformers builds the same tokenizer
        built = transformers.AutoTokenizer.from_pretrained(str(folder), use_fast=True, local_files_only=True)
        return str(built.backend_tokenizer.to_str())
    except Exception as error:
        raise EncoderError(
            f"{folder}: transformers can't make a tokenizer of its files ({_line(error)}); add the model's "
            "tokenizer.json"
        ) from None


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """Return an encoder's tensors by name, float32.

    Raises
    ------
    EncoderError
        If there are none as safetensors, or the file is cut off.
    """
    safetensors = need("safetensors", "onnx")
    files = sorted(folder.glob("model*.safetensors"))
    if not files:
        pickles = [path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern)]
        raise EncoderError(
            f"{folder}: has no weights as safetensors"
            + (f", only a pickle ({pickles[0]}), which could run foreign code and isn't read" if pickles else "")
            + "; save the model with transformers' save_pretrained, or choose another"
        )
    tensors: dict[str, np.ndarray] = {}
    for path in files:
        try:
            with safetensors.safe_open(str(path), framework="numpy") as stored:
                for name in stored.keys():  # noqa: SIM118 - not a mapping
                    tensors[name] = stored.get_tensor(name).astype(np.float32)
        except (safetensors.SafetensorError, OSError, TypeError, ValueError) as error:
            raise EncoderError(
                f"{path}: is no readable safetensors file, perhaps cut off in a download ({_line(error)}); "
                "download it again"
            ) from None
    return tensors


def _checked(folder: Path) -> Path:
    config = read_config(folder)
    if "model_type" not in config:
        raise EncoderError(f"{folder / 'config.json'}: names no model_type, so this is no encoder's folder")
    if not any(folder.glob("model*.safetensors")) and not (folder / "onnx" / "model.onnx").is_file():
        read_weights(folder)  # says what is missing
    return folder


def _json(path: Path, hint: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EncoderError(f"{path.parent}: holds no encoder ({path.name} is missing); {hint}") from None
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path}: can't be read ({_line(error)}); download the model again") from None
    if not isinstance(content, dict):
        raise EncoderError(f"{path}: must hold an object; download the model again")
    return content


def _offline() -> bool:
    return any(os.environ.get(name, "").upper() in ("1", "TRUE", "YES", "ON") for name in ("HF_HUB_OFFLINE",))


def _from_hub(name: str, local: bool = False) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED), local_files_only=local, etag_timeout=5))
    except (
        Exception
    ):  # offline, unknown, gated: the client raises types of several libraries, and the next place is tried
        return None


def _cached(name: str) -> Path | None:
    found = _from_hub(name, local=True)
    return found if found is not None and (found / "config.json").is_file() else None


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
