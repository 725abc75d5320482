"""MPNet as an ONNX graph: BERT whose attention knows how far apart two tokens are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from features.encoder.errors import EncoderError
from features.encoder.graph import HIDDEN, Graph, feed_forward, norm, weights_of

_FARTHEST = 128  # distances from here on share a bucket
_LONGEST = 512


def mpnet_graph(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Graph:
    """Return MPNet as ONNX Runtime's fused operators, from its weights alone.

    Parameters
    ----------
    config : mapping
        The model's ``config.json``.
    tensors : mapping of str to ndarray
        Its weights by their names in transformers; a prefix ``mpnet.`` is allowed.

    Raises
    ------
    EncoderError
        If a weight is missing or of another shape than the config says.

    References
    ----------
    Song, K. et al. (2020). MPNet: Masked and permuted pre-training for language understanding. NeurIPS.
    """
    weight = weights_of(tensors, "mpnet.")
    width, heads = config["hidden_size"], config["num_attention_heads"]
    buckets, epsilon = config.get("relative_attention_num_buckets", 32), config.get("layer_norm_eps", 1e-12)
    if config.get("hidden_act", "gelu") != "gelu":
        raise EncoderError(f"this MPNet has an unusual activation ({config['hidden_act']}); it can't be exported")
    graph = Graph(("input_ids", "attention_mask"), width)
    first = int(config.get("pad_token_id", 1)) + 1  # positions are counted from behind the padding token's number
    longest = min(config["max_position_embeddings"] - first, _LONGEST)
    words = graph.tensor("words", weight("embeddings.word_embeddings.weight", config["vocab_size"], width))
    table = weight("embeddings.position_embeddings.weight", config["max_position_embeddings"], width)
    places = graph.tensor("places", table[first : first + longest])
    nought = graph.tensor("nought", np.asarray([0], np.int64))
    length = graph.node("Shape", ["input_ids"], "n_tokens", start=1, end=2)
    position = graph.node("Slice", [places, nought, length, nought], "position")
    placed = graph.node("Add", [graph.node("Gather", [words, "input_ids"], "word", axis=0), position], "placed")
    scale = norm(graph, weight, "embeddings.LayerNorm")
    x = graph.node("LayerNormalization", [placed, *scale], "embedded", axis=-1, epsilon=epsilon)
    mask = graph.node("Cast", ["attention_mask"], "mask", to=graph.onnx.TensorProto.INT32)
    bias = _distance_bias(graph, weight("encoder.relative_attention_bias.weight", buckets, heads), longest, length)
    for number in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{number}"
        parts = [
            graph.node(
                "MatMul",
                [x, graph.tensor(f"{at}.{part}", weight(f"{at}.attention.attn.{part}.weight", width, width).T)],
                f"{at}.{part}_of",
            )
            for part in "qkv"
        ]
        shift = np.concatenate([weight(f"{at}.attention.attn.{part}.bias", width) for part in "qkv"])
        inputs = [*parts, graph.tensor(f"{at}.qkv_bias", shift), mask, bias]
        attended = graph.node("MultiHeadAttention", inputs, f"{at}.attended", num_heads=heads)
        out = graph.tensor(f"{at}.out", weight(f"{at}.attention.attn.o.weight", width, width).T)
        out_bias = graph.tensor(f"{at}.out_bias", weight(f"{at}.attention.attn.o.bias", width))
        mixed = graph.node("MatMul", [attended, out], f"{at}.mixed")
        inputs = [mixed, x, *norm(graph, weight, f"{at}.attention.LayerNorm"), out_bias]
        x = graph.node("SkipLayerNormalization", inputs, f"{at}.first", epsilon=epsilon)
        last = number == config["num_hidden_layers"] - 1
        x = feed_forward(graph, config, weight, at, x, HIDDEN if last else f"{at}.second")
    return graph


def distance_buckets(n: int, buckets: int) -> np.ndarray:
    """Return which bucket the distance from token i to token j falls into, shape (n, n), int32.

    Half of the buckets are for tokens ahead; of each half, half are for one distance each and the others widen by a
    constant factor up to 128 tokens.

    References
    ----------
    Raffel, C. et al. (2020). Exploring the limits of transfer learning with a unified text-to-text transformer. Journal
    of Machine Learning Research 21.
    """
    ahead = np.arange(n)[None, :] - np.arange(n)[:, None]
    half, near = buckets // 2, buckets // 4
    far = np.abs(ahead)
    # in float32, as the encoder was trained: a distance on the border of two buckets must fall the same way
    ratio = np.log(np.maximum(far, 1).astype(np.float32) / near) / np.float32(np.log(_FARTHEST / near))
    wide = np.minimum(near + (ratio * (half - near)).astype(np.int32), half - 1)
    return np.asarray(np.where(far < near, far, wide) + np.where(ahead > 0, half, 0), dtype=np.int32)


def _distance_bias(graph: Graph, weight: np.ndarray, longest: int, length: str) -> str:
    """Add what a pair of tokens adds to each head's attention, shape (1, heads, length, length); return its name."""
    near = graph.tensor("buckets", distance_buckets(longest, len(weight)))
    start = graph.tensor("corner", np.asarray([0, 0], np.int64))
    end = graph.node("Concat", [length, length], "corner_end", axis=0)
    near = graph.node("Slice", [near, start, end, graph.tensor("both_axes", np.asarray([0, 1], np.int64))], "nearness")
    table = graph.tensor("distance_bias", np.ascontiguousarray(weight.T))
    by_head = graph.node("Gather", [table, near], "bias_by_head", axis=1)
    return graph.node("Unsqueeze", [by_head, graph.tensor("batch_axis", np.asarray([0], np.int64))], "bias")
