"""Takes an encoder's weights out of its graph again, so that a saved model can be trained further."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from features.encoder.bert import bert_graph
from features.encoder.cache import cache_folder
from features.encoder.errors import EncoderError, need


def dequantise(model: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return a BERT's ``config.json`` and its weights from a graph of :func:`~features.encoder.bert.bert_graph`.

    Parameters
    ----------
    model : bytes
        The ONNX graph, as it was built or after :func:`~features.encoder.quantise.quantise`, with whatever head.

    Returns
    -------
    tuple of (dict, dict of str to ndarray)
        What :func:`~features.encoder.bert.bert_graph` takes: the config, and the tensors by their names in
        transformers, float32. Those of a float32 graph are the ones it was built from. Those of an 8-bit graph are the
        numbers it computes with: the original ones to within half a step of their scale.

    Raises
    ------
    EncoderError
        If the graph is damaged or of another making.
    """
    onnx = need("onnx", "onnx")
    try:
        graph = onnx.load_from_string(model).graph
    except Exception as error:  # protobuf's DecodeError
        raise EncoderError(f"the encoder's graph can't be read ({error}); take another model") from None
    kept = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    told = {
        (node.op_type, each.name): onnx.helper.get_attribute_value(each)
        for node in graph.node
        for each in node.attribute
    }
    try:
        tensors = _tensors(kept)
        config = _config(tensors, told)
        bert_graph(config, tensors)  # whose own checks tell whether all parts belong together
    except (KeyError, IndexError, ValueError) as error:
        fault = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise EncoderError(
            f"the encoder's graph is no BERT of framescope's own making ({fault}), so its weights can't be taken out; "
            "take the folder or the hub's name of an encoder instead"
        ) from None
    return config, tensors


def kept_encoder(name: str, model: bytes, tokenizer: str, pooling: str) -> Path:
    """Return a folder with a graph's encoder in transformers' form, which is made in the cache if it isn't there.

    Parameters
    ----------
    name : str
        What the folder's name begins with; it ends with the digest of the graph.
    model : bytes
        A graph that :func:`dequantise` reads.
    tokenizer : str
        As JSON, in the form of the ``tokenizers`` library.
    pooling : {"mean", "cls"}
        How its token vectors become one.

    Raises
    ------
    EncoderError
        If the graph is of another making, or the cache can't be written.
    """
    folder = cache_folder() / "encoders" / f"{name}-{hashlib.sha256(model).hexdigest()[:16]}"
    files = _files(model, tokenizer, pooling)
    if _holds(folder, files):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch) / "made"
            for file, content in files.items():
                (made / file).parent.mkdir(parents=True, exist_ok=True)
                (made / file).write_bytes(content)
            if folder.exists():
                folder.rename(Path(scratch) / "spoilt")
            made.rename(folder)
    except OSError as error:
        if not _holds(folder, files):  # else another process was quicker
            raise EncoderError(
                f"{folder}: can't be written ({error.strerror or error}); set FRAMESCOPE_CACHE to a folder with room"
            ) from None
    return folder


def _files(model: bytes, tokenizer: str, pooling: str) -> dict[str, bytes]:
    config, tensors = dequantise(model)
    # the padding token's vector isn't trained, so a wrong number would leave some word without training
    padding = need("tokenizers").Tokenizer.from_str(tokenizer).token_to_id("[PAD]")
    notes = {"word_embedding_dimension": config["hidden_size"]} | {
        f"pooling_mode_{each}": each.startswith(pooling) for each in ("cls_token", "mean_tokens")
    }
    return {
        "config.json": json.dumps({**config, "pad_token_id": padding}, indent=2).encode(),
        "tokenizer.json": tokenizer.encode(),
        "model.safetensors": need("safetensors.numpy", "onnx").save(tensors, metadata={"format": "pt"}),
        "1_Pooling/config.json": json.dumps(notes, indent=2).encode(),
    }


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    return all((folder / name).is_file() and (folder / name).read_bytes() == each for name, each in files.items())


def _tensors(kept: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the tensors by their names in transformers: what ``bert_graph`` did to each is undone."""
    found = {
        "embeddings.word_embeddings.weight": _exact(kept, "words"),
        "embeddings.position_embeddings.weight": _exact(kept, "places"),
        "embeddings.token_type_embeddings.weight": _exact(kept, "kinds"),
    }
    layers = sum(name.startswith("encoder.layer.") and name.endswith(".qkv_bias") for name in kept)
    norms = ["embeddings.LayerNorm"]
    for at in (f"encoder.layer.{number}" for number in range(layers)):
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        columns = np.split(_exact(kept, f"{at}.qkv"), 3, axis=1)
        found |= {f"{part}.weight": each.T for part, each in zip(parts, columns, strict=True)}
        biases = np.split(_exact(kept, f"{at}.qkv_bias"), 3)
        found |= {f"{part}.bias": each for part, each in zip(parts, biases, strict=True)}
        for short, part in (("out", "attention.output"), ("up", "intermediate"), ("down", "output")):
            found[f"{at}.{part}.dense.weight"] = _exact(kept, f"{at}.{short}").T
            found[f"{at}.{part}.dense.bias"] = _exact(kept, f"{at}.{short}_bias")
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    found |= {f"{norm}.{part}": _exact(kept, f"{norm}.{part}") for norm in norms for part in ("weight", "bias")}
    return {name: np.ascontiguousarray(each) for name, each in found.items()}


def _exact(kept: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return a constant of the graph, float32; one of 8 bits has a scale and a zero point, one a column or one."""
    if f"{name}_quantized" not in kept:
        return kept[name].astype(np.float32)
    steps, zero = (kept[f"{name}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
    return np.asarray((steps - zero) * kept[f"{name}_scale"], dtype=np.float32)


def _config(tensors: Mapping[str, np.ndarray], told: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """Return what the shapes and the nodes' attributes tell of the encoder; ``told`` has them by node and name."""
    heads = told["QAttention" if ("QAttention", "num_heads") in told else "Attention", "num_heads"]
    words, width = tensors["embeddings.word_embeddings.weight"].shape
    return {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": words,
        "hidden_size": width,
        "num_hidden_layers": sum(name.endswith("query.weight") for name in tensors),
        "num_attention_heads": heads,
        "intermediate_size": len(tensors["encoder.layer.0.intermediate.dense.bias"]),
        "hidden_act": "gelu",
        "max_position_embeddings": len(tensors["embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(tensors["embeddings.token_type_embeddings.weight"]),
        "layer_norm_eps": float(f"{told['LayerNormalization', 'epsilon']:.6g}"),  # 1e-12, which float32 can't say
    }
