"""Makes an 8-bit graph answer a text alike whatever texts stand beside it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from features.encoder.errors import need
from features.encoder.runner import TextEncoder

TEXTS = 2000
"""Texts at most from which the range of an activation is learnt."""

_DYNAMIC, _FUSED = "DynamicQuantizeLinear", "QAttention"
_STEPS, _HALF = 255, 127
_MIDDLE = 128  # the 8-bit number that stands for 0


def steady(model: bytes, tokenizer: str, max_length: int, texts: Sequence[Any], seed: int = 0) -> bytes:
    """Return an 8-bit graph whose activations are quantised by scales that don't depend on the batch.

    As ONNX Runtime quantises them, the scale of an activation is that of the whole batch: the answer to a text then
    depends on its neighbours, by up to a fifth of the probability scale in the starter. Here each token has a scale of
    its own (its largest number), which also costs less accuracy. The fused attention takes one scale for all; it is
    fixed, to the range that its input has over some texts, and what is beyond is cut off.

    Parameters
    ----------
    model : bytes
        A graph of :func:`~features.encoder.quantise.quantise`.
    tokenizer : str
        Its tokenizer, as JSON.
    max_length : int
        Most tokens that are read at once.
    texts : sequence of str or of (str, str)
        Texts of the kind that will be read, such as those of the training; 2,000 drawn at random are used of more.
    seed : int, default 0
        Of that draw.

    Raises
    ------
    EncoderError
        If the package onnx is missing, or the graph can't read the texts.

    References
    ----------
    Jacob, B. et al. (2018). Quantization and training of neural networks for efficient integer-arithmetic-only
    inference. CVPR. (section 3.1: ranges of activations)
    Yao, Z. et al. (2022). ZeroQuant: efficient and affordable post-training quantization for large-scale transformers.
    NeurIPS. (a scale for each token)
    """
    onnx = need("onnx", "onnx")
    graph = onnx.load_from_string(model)
    found = graph.graph
    fused = {node.input[0] for node in found.node if node.op_type == _FUSED}
    fixed = [node.output[0] for node in found.node if node.op_type == _DYNAMIC and node.output[0] in fused]
    if not len(texts) or all(node.op_type != _DYNAMIC for node in found.node):
        return model
    ranges = {}
    if fixed:
        chosen = np.random.default_rng(seed).permutation(len(texts))[:TEXTS]
        low, high = _ranges(onnx, model, fixed, tokenizer, max_length, [texts[at] for at in sorted(chosen)])
        ranges = dict(zip(fixed, zip(low, high, strict=True), strict=True))
    kept = list(found.node)
    del found.node[:]
    for node in kept:
        if node.op_type != _DYNAMIC:
            found.node.append(node)
        elif node.output[0] in ranges:
            _fix(onnx, found, node, *ranges[node.output[0]])
        else:
            _by_token(onnx, found, node)
    return bytes(graph.SerializeToString())


def _fix(onnx: Any, graph: Any, node: Any, low: float, high: float) -> None:
    """Quantise by one scale, which stands in the graph."""
    quantised, scale, middle = node.output
    step = np.float32(max(high - low, 1e-6) / _STEPS)
    zero = np.uint8(np.clip(np.rint(-low / step), 0, _STEPS))
    _keep(onnx, graph, scale, step)
    _keep(onnx, graph, middle, zero)
    graph.node.append(onnx.helper.make_node("QuantizeLinear", [node.input[0], scale, middle], [quantised]))


def _by_token(onnx: Any, graph: Any, node: Any) -> None:
    """Quantise each row of numbers by its own largest one, to -127 to 127 around the middle."""
    read = node.input[0]
    quantised, scale, middle = node.output
    for name, value in (("half", _HALF), ("middle", _MIDDLE), ("least", 1e-6)):
        _keep(onnx, graph, f"{quantised}.{name}", np.float32(value))
    _keep(onnx, graph, middle, np.uint8(_MIDDLE))
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Abs", [read], "size", {}),
        ("ReduceMax", [f"{quantised}.size"], "largest", {"axes": [-1], "keepdims": 1}),
        ("Add", [f"{quantised}.largest", f"{quantised}.least"], "bound", {}),  # of a row of noughts, too
        ("Div", [read, scale], "steps", {}),
        ("Round", [f"{quantised}.steps"], "whole", {}),
        ("Add", [f"{quantised}.whole", f"{quantised}.middle"], "moved", {}),
    ]
    for kind, inputs, output, more in steps:
        graph.node.append(onnx.helper.make_node(kind, inputs, [f"{quantised}.{output}"], **more))
        if output == "bound":
            graph.node.append(onnx.helper.make_node("Div", [f"{quantised}.bound", f"{quantised}.half"], [scale]))
    cast = onnx.helper.make_node("Cast", [f"{quantised}.moved"], [quantised], to=onnx.TensorProto.UINT8)
    graph.node.append(cast)


def _keep(onnx: Any, graph: Any, name: str, value: np.generic) -> None:
    graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))


def _ranges(
    onnx: Any, model: bytes, names: Sequence[str], tokenizer: str, max_length: int, texts: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the greatest value, each of shape (n_names,), that activations have over texts."""
    watched = onnx.load_from_string(model)
    for node in watched.graph.node:
        if node.op_type == _DYNAMIC and node.output[0] in names:
            for name, kind in zip(node.output[1:], (onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8), strict=True):
                watched.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, []))
    encoder = TextEncoder(watched.SerializeToString(), tokenizer, max_length)
    encoder.session = session = _Watched(encoder.session)
    encoder.run(texts)
    return np.min(session.low, axis=0), np.max(session.high, axis=0)


class _Watched:
    """A session that keeps the range of each activation in each batch."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.low: list[np.ndarray] = []
        self.high: list[np.ndarray] = []

    def run(self, names: Sequence[str] | None, table: dict[str, np.ndarray]) -> list[Any]:
        """Return the first answer, as the graph without the others would."""
        found = self._session.run(names, table)
        scale, middle = (np.asarray(found[at::2], dtype=np.float64) for at in (1, 2))
        self.low.append(-middle * scale)
        self.high.append((_STEPS - middle) * scale)
        return list(found[:1])
