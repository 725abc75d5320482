"""An ONNX graph under construction, and the parts that encoders of several architectures share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from features.encoder.errors import EncoderError, need

OPSET = 17
HIDDEN = "hidden"
TEXT_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Graph:
    """An ONNX graph under construction: nodes and tensors, one after the other.

    Attributes
    ----------
    inputs : list of str
        Which of ``input_ids``, ``attention_mask`` and ``token_type_ids`` it reads, each int64 of shape (batch, length).
    width : int
        Columns of the tensor called ``hidden``, of shape (batch, length, width).
    """

    def __init__(self, inputs: Sequence[str], width: int) -> None:
        self.onnx = need("onnx", "onnx")
        self.inputs = list(inputs)
        self.width = width
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.opset = OPSET

    def tensor(self, name: str, value: np.ndarray) -> str:
        """Add a constant of the array's own shape."""
        # not ascontiguousarray, which makes a vector of a scalar: an index of one token would then keep its axis
        self.tensors.append(self.onnx.numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add an operation with one output; fused ones are ONNX Runtime's own."""
        fused = kind in ("Attention", "MultiHeadAttention", "BiasGelu", "SkipLayerNormalization")
        domain = "com.microsoft" if fused else ""
        self.nodes.append(
            self.onnx.helper.make_node(
                kind, list(inputs), [output], name=f"{output}:{kind}", domain=domain, **attributes
            )
        )
        return output

    def model(self, output: str, width: int) -> Any:
        """Return the finished ``ModelProto`` with one output of shape (batch, width), float32."""
        helper, kind = self.onnx.helper, self.onnx.TensorProto
        graph = helper.make_graph(
            self.nodes,
            "encoder",
            [helper.make_tensor_value_info(name, kind.INT64, ["batch", "length"]) for name in self.inputs],
            [helper.make_tensor_value_info(output, kind.FLOAT, ["batch", width])],
            self.tensors,
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        # the version that every ONNX Runtime since 1.14 reads, whatever the installed onnx would write
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def classifier_model(graph: Graph, pooling: str, weight: np.ndarray, bias: np.ndarray) -> bytes:
    """Return the graph of a fine-tuned encoder, float32, that gives each text a score (logit) a label.

    Parameters
    ----------
    graph : Graph
        Of the encoder.
    pooling : {"mean", "cls"}
        As it was trained with.
    weight, bias : ndarray of shape (n_labels, width) and (n_labels,)
        The linear head.
    """
    pooled = add_pooling(graph, pooling)
    head = [
        graph.tensor("head.weight", weight.T.astype(np.float32)),
        graph.tensor("head.bias", bias.astype(np.float32)),
    ]
    # added, not Gemm: Gemm would be quantised with everything else, for 0.1% of the time
    scores = graph.node("Add", [graph.node("MatMul", [pooled, head[0]], "projected"), head[1]], "scores")
    return bytes(graph.model(scores, len(bias)).SerializeToString())


def add_pooling(graph: Graph, pooling: str) -> str:
    """Add what turns token vectors into one vector a text; return its name."""
    if pooling == "cls":
        return graph.node("Gather", [HIDDEN, graph.tensor("first", np.asarray(0, dtype=np.int64))], "pooled", axis=1)
    last = graph.tensor("last_axis", np.asarray([-1], dtype=np.int64))
    length = graph.tensor("length_axis", np.asarray([1], dtype=np.int64))
    mask = graph.node("Cast", ["attention_mask"], "mask_float", to=graph.onnx.TensorProto.FLOAT)
    mask = graph.node("Unsqueeze", [mask, last], "mask_column")
    total = graph.node("ReduceSum", [graph.node("Mul", [HIDDEN, mask], "masked"), length], "summed", keepdims=0)
    count = graph.node("ReduceSum", [mask, length], "count", keepdims=0)
    return graph.node("Div", [total, count], "pooled")


Weight = Callable[..., np.ndarray]
"""Gives an encoder's weight by its name and shape."""


def feed_forward(graph: Graph, config: Mapping[str, Any], weight: Weight, at: str, x: str, output: str) -> str:
    """Add the second half of a layer: widen, narrow, add what came in, normalise."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    up = graph.tensor(f"{at}.up", weight(f"{at}.intermediate.dense.weight", inner, width).T)
    up_bias = graph.tensor(f"{at}.up_bias", weight(f"{at}.intermediate.dense.bias", inner))
    active = graph.node("BiasGelu", [graph.node("MatMul", [x, up], f"{at}.widened"), up_bias], f"{at}.active")
    down = graph.tensor(f"{at}.down", weight(f"{at}.output.dense.weight", width, inner).T)
    down_bias = graph.tensor(f"{at}.down_bias", weight(f"{at}.output.dense.bias", width))
    narrowed = graph.node("MatMul", [active, down], f"{at}.narrowed")
    inputs = [narrowed, x, *norm(graph, weight, f"{at}.output.LayerNorm"), down_bias]
    return graph.node("SkipLayerNormalization", inputs, output, epsilon=config.get("layer_norm_eps", 1e-12))


def norm(graph: Graph, weight: Weight, name: str) -> list[str]:
    """Add the scale and shift of a layer normalisation; return their names."""
    return [graph.tensor(f"{name}.{part}", weight(f"{name}.{part}", graph.width)) for part in ("weight", "bias")]


def weights_of(tensors: Mapping[str, np.ndarray], prefix: str) -> Weight:
    """Return what looks up weights by name and shape; their names may have the prefix."""
    prefix = prefix if any(name.startswith(prefix) for name in tensors) else ""

    def weight(name: str, *shape: int) -> np.ndarray:
        found = tensors.get(prefix + name)
        if found is None or found.shape != shape:
            state = "is missing" if found is None else f"has the shape {found.shape}, not {shape}"
            raise EncoderError(
                f"the encoder's weight {prefix + name} {state}: weights and config.json don't belong together"
            )
        return found

    return weight
