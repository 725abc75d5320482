"""Convolutions over word embeddings as an ONNX graph, in float32 or in 8-bit integers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.encoder.graph import Graph

_MIDDLE = 128  # of an unsigned byte: what stands for 0 in the table of embeddings
_WEIGHT = 63  # largest 8-bit weight: see quantise.py on the seven bits of eight


@dataclass(frozen=True)
class Convolutions:
    """The weights of a trained network.

    Attributes
    ----------
    embeddings : ndarray of shape (n_tokens, width)
        A row a token of the tokenizer.
    filters : list of ndarray of shape (n_filters, width, k)
        For each width k of the windows.
    biases : list of ndarray of shape (n_filters,)
        The same number of them.
    head : ndarray of shape (n_labels, n_filters * number of widths + width)
        What each filter counts for each label, and then each column of the mean embedding.
    bias : ndarray of shape (n_labels,)
        Of the head.
    """

    embeddings: np.ndarray
    filters: Sequence[np.ndarray]
    biases: Sequence[np.ndarray]
    head: np.ndarray
    bias: np.ndarray


def convolution_model(weights: Convolutions, int8: bool) -> bytes:
    """Return the graph that gives each text a score (logit) a label.

    Each token starts a window of k tokens; behind the text's end there are zeros, and so it doesn't matter how long
    the other texts of a batch are. A filter's answer is its highest one in any window, and never below that to zeros.

    Parameters
    ----------
    weights : Convolutions
        The trained network.
    int8 : bool
        Whether embeddings and filters are 8-bit integers; windows are then multiplied and compared as integers.

    Notes
    -----
    A window's embeddings are looked up side by side, and all filters of a width are one matrix product with them. The
    mean of the embeddings isn't computed at all: the table ``token_scores`` has what each token adds to each label
    through it.
    """
    graph = Graph(["input_ids", "attention_mask"], weights.embeddings.shape[1])
    windows = _windows(graph, [each.shape[2] for each in weights.filters])
    table, scale = _quantised(weights.embeddings) if int8 else (weights.embeddings, None)
    nothing = np.full((1, table.shape[1]), _MIDDLE if int8 else 0, dtype=table.dtype)
    graph.tensor("embeddings", np.vstack([nothing, table]))
    if int8:
        graph.tensor("middle", np.asarray(_MIDDLE, dtype=np.uint8))
    found = []
    for number, (each, bias) in enumerate(zip(weights.filters, weights.biases, strict=True)):
        k = each.shape[2]
        matrix = each.transpose(2, 1, 0).reshape(-1, len(each))  # a window's first token comes first
        name = f"filters_{number}"
        side_by_side = graph.tensor(f"{name}.shape", np.asarray([0, 0, -1], dtype=np.int64))
        looked_up = graph.node("Gather", ["embeddings", windows[k]], f"{name}.looked_up")
        read = graph.node("Reshape", [looked_up, side_by_side], f"{name}.read")
        if scale is None:
            answers = graph.node("MatMul", [read, graph.tensor(f"{name}.matrix", matrix)], f"{name}.answers")
            highest = graph.node("ReduceMax", [answers], f"{name}.highest", axes=[1], keepdims=0)
        else:
            highest = _highest_int8(graph, name, read, matrix * np.tile(scale, k)[:, None])
        above = graph.node("Relu", [highest], f"{name}.above")
        shifted = graph.node("Add", [above, graph.tensor(f"{name}.bias", bias)], f"{name}.shifted")
        found.append(graph.node("Relu", [shifted], f"{name}.found"))
    return _with_head(graph, found, weights)


def _windows(graph: Graph, widths: Sequence[int]) -> dict[int, str]:
    """Add, for each width k, the rows of the table that each window reads, shape (batch, length, k); row 0 is zeros."""

    def numbers(name: str, *values: int) -> str:
        return graph.tensor(name, np.asarray(values, dtype=np.int64))

    longest = max(widths)
    # batches are padded with token number 0, which may be a word
    next_row = graph.node("Add", ["input_ids", numbers("one", 1)], "next_row")
    rows = graph.node("Mul", [next_row, "attention_mask"], "rows")
    padded = graph.node("Pad", [rows, numbers("behind", 0, 0, 0, longest - 1)], "padded")
    along, last, first = numbers("along", 1), numbers("last", -1), numbers("from_0", 0)
    size = graph.node("Slice", [graph.node("Shape", [rows], "size"), along, numbers("two", 2)], "length")
    shifted = []
    for at in range(longest):
        start = first if at == 0 else numbers(f"from_{at}", at)
        end = size if at == 0 else graph.node("Add", [size, start], f"to_{at}")
        moved = graph.node("Slice", [padded, start, end, along], f"moved_{at}")
        shifted.append(graph.node("Unsqueeze", [moved, last], f"token_{at}"))
    return {k: graph.node("Concat", shifted[:k], f"windows_{k}", axis=-1) for k in sorted(set(widths))}


def _highest_int8(graph: Graph, name: str, read: str, matrix: np.ndarray) -> str:
    """Add what multiplies and compares as integers, and makes the highest answers float32 again."""
    step = np.maximum(np.abs(matrix).max(axis=0), 1e-12) / _WEIGHT
    filters = graph.tensor(f"{name}.matrix", np.rint(matrix / step).astype(np.int8))
    answers = graph.node("MatMulInteger", [read, filters, "middle"], f"{name}.answers")
    highest = graph.node("ReduceMax", [answers], f"{name}.highest_step", axes=[1], keepdims=0)
    steps = graph.node("Cast", [highest], f"{name}.steps", to=graph.onnx.TensorProto.FLOAT)
    return graph.node("Mul", [steps, graph.tensor(f"{name}.step", step.astype(np.float32))], f"{name}.highest")


def _with_head(graph: Graph, found: list[str], weights: Convolutions) -> bytes:
    n_filters = weights.head.shape[1] - weights.embeddings.shape[1]
    of_filters, of_mean = weights.head[:, :n_filters], weights.head[:, n_filters:]
    adds = weights.embeddings @ of_mean.T
    graph.tensor("token_scores", np.vstack([np.zeros((1, adds.shape[1])), adds]).astype(np.float32))
    total = graph.node(
        "ReduceSum", [graph.node("Gather", ["token_scores", "rows"], "added"), "along"], "sum", keepdims=0
    )
    mask = graph.node("Cast", ["attention_mask"], "mask_float", to=graph.onnx.TensorProto.FLOAT)
    mean = graph.node("Div", [total, graph.node("ReduceSum", [mask, "along"], "count")], "mean")
    head = graph.tensor("head.weight", np.ascontiguousarray(of_filters.T, dtype=np.float32))
    projected = graph.node("MatMul", [graph.node("Concat", found, "all_found", axis=-1), head], "projected")
    both = graph.node("Add", [projected, mean], "both")
    scores = graph.node("Add", [both, graph.tensor("head.bias", weights.bias.astype(np.float32))], "scores")
    return bytes(graph.model(scores, len(weights.bias)).SerializeToString())


def _quantised(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings as unsigned bytes, and what a step of each column is worth, shape (width,)."""
    scale = np.maximum(np.abs(embeddings).max(axis=0), 1e-12) / (_MIDDLE - 1)
    return (np.rint(embeddings / scale) + _MIDDLE).astype(np.uint8), scale
