"""BERT as an ONNX graph, from its weights alone."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.encoder.errors import EncoderError
from features.encoder.graph import HIDDEN, TEXT_INPUTS, Graph, feed_forward, norm, weights_of


def bert_graph(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Graph:
    """Return BERT as ONNX Runtime's fused operators, from its weights alone.

    Parameters
    ----------
    config : mapping
        The model's ``config.json``.
    tensors : mapping of str to ndarray
        Its weights by their names in transformers; a prefix ``bert.`` is allowed.

    Raises
    ------
    EncoderError
        If a weight is missing or of another shape than the config says.

    References
    ----------
    Devlin, J. et al. (2019). BERT: Pre-training of deep bidirectional transformers for language understanding. NAACL.
    """
    weight = weights_of(tensors, "bert.")
    width, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config.get("layer_norm_eps", 1e-12)
    if config.get("hidden_act", "gelu") != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        raise EncoderError(
            f"this BERT has unusual parts (activation {config.get('hidden_act')}); they can't be exported"
        )
    graph = Graph(TEXT_INPUTS, width)
    integer = graph.onnx.TensorProto.INT32
    words = graph.tensor("words", weight("embeddings.word_embeddings.weight", config["vocab_size"], width))
    places = graph.tensor(
        "places", weight("embeddings.position_embeddings.weight", config["max_position_embeddings"], width)
    )
    kinds = graph.tensor("kinds", weight("embeddings.token_type_embeddings.weight", config["type_vocab_size"], width))
    # positions count from 0, so they are the table's first rows
    nought = graph.tensor("nought", np.asarray([0], np.int64))
    length = graph.node("Shape", ["input_ids"], "n_tokens", start=1, end=2)
    position = graph.node("Slice", [places, nought, length, nought], "position")
    word = graph.node("Gather", [words, "input_ids"], "word", axis=0)
    kind = graph.node("Gather", [kinds, "token_type_ids"], "kind", axis=0)
    placed = graph.node("Add", [graph.node("Add", [word, kind], "word_kind"), position], "placed")
    scale = norm(graph, weight, "embeddings.LayerNorm")
    x = graph.node("LayerNormalization", [placed, *scale], "embedded", axis=-1, epsilon=epsilon)
    mask = graph.node("Cast", ["attention_mask"], "mask", to=integer)
    for number in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{number}"
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        qkv = np.concatenate([weight(f"{part}.weight", width, width).T for part in parts], axis=1)
        qkv_bias = np.concatenate([weight(f"{part}.bias", width) for part in parts])
        inputs = [x, graph.tensor(f"{at}.qkv", qkv), graph.tensor(f"{at}.qkv_bias", qkv_bias), mask]
        attended = graph.node("Attention", inputs, f"{at}.attended", num_heads=heads)
        out = graph.tensor(f"{at}.out", weight(f"{at}.attention.output.dense.weight", width, width).T)
        out_bias = graph.tensor(f"{at}.out_bias", weight(f"{at}.attention.output.dense.bias", width))
        mixed = graph.node("MatMul", [attended, out], f"{at}.mixed")
        inputs = [mixed, x, *norm(graph, weight, f"{at}.attention.output.LayerNorm"), out_bias]
        x = graph.node("SkipLayerNormalization", inputs, f"{at}.first", epsilon=epsilon)
        last = number == config["num_hidden_layers"] - 1
        x = feed_forward(graph, config, weight, at, x, HIDDEN if last else f"{at}.second")
    return graph
