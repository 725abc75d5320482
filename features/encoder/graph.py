"""An encoder as one ONNX graph: from its weights to one vector, or one score a label, for each text."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from features.encoder.errors import EncoderError, need
from features.encoder.weights import read_config, read_weights

OPSET = 17
HIDDEN = "hidden"
OWN = ("bert", "mpnet")
"""Architectures with a graph of the kit's own; others need PyTorch's exporter."""

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
        """Add a constant."""
        self.tensors.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
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


def embedding_model(folder: Path, pooling: str, normalise: bool) -> bytes:
    """Return the graph of a frozen encoder, float32, that gives each text a vector.

    Parameters
    ----------
    folder : Path
        With ``config.json`` and either BERT weights as safetensors or an ``onnx/model.onnx``.
    pooling : {"mean", "cls"}
        Average of the token vectors, or the first one.
    normalise : bool
        Scale vectors to length 1.

    Raises
    ------
    EncoderError
        If the folder's weights are damaged, or of an architecture that only PyTorch can export.
    """
    config = read_config(folder)
    own = config["model_type"] in OWN and any(folder.glob("model*.safetensors"))
    graph = own_graph(config, read_weights(folder)) if own else None
    if graph is None and (folder / "onnx" / "model.onnx").is_file():
        graph = onnx_graph(folder / "onnx" / "model.onnx")
    if graph is None:
        from features.encoder.export import torch_graph  # it builds on this module

        graph = torch_graph(folder)
    pooled = add_pooling(graph, pooling)
    if normalise:
        pooled = graph.node("LpNormalization", [pooled], "normalised", axis=1, p=2)
    return bytes(graph.model(pooled, graph.width).SerializeToString())


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


def own_graph(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Graph | None:
    """Return an encoder's graph from its weights alone, or None if its architecture has none here."""
    if config["model_type"] == "mpnet":
        from features.encoder.mpnet import mpnet_graph  # it builds on this module

        return mpnet_graph(config, tensors)
    return bert_graph(config, tensors) if config["model_type"] == "bert" else None


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


def onnx_graph(path: Path) -> Graph:
    """Return the graph of an exported encoder, whose first output must be the token vectors.

    Raises
    ------
    EncoderError
        If the file is damaged or no encoder.
    """
    onnx = need("onnx", "onnx")
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf's DecodeError, or whatever reading a file raises
        raise EncoderError(f"{path}: is no readable ONNX file ({error}); download it again") from None
    names = [each.name for each in model.graph.input]
    shape = model.graph.output[0].type.tensor_type.shape.dim if model.graph.output else []
    if "input_ids" not in names or len(shape) != 3 or not shape[2].dim_value or set(names) - set(TEXT_INPUTS):
        raise EncoderError(f"{path}: is no encoder: it must read input_ids and give token vectors first")
    graph = Graph(names, shape[2].dim_value)
    hidden = model.graph.output[0].name
    graph.nodes = list(model.graph.node)
    graph.tensors = list(model.graph.initializer)
    graph.opset = max(OPSET, *(each.version for each in model.opset_import if each.domain in ("", "ai.onnx")))
    graph.node("Identity", [hidden], HIDDEN)
    return graph


def quantise(model: bytes) -> bytes:
    """Return a graph with 8-bit integer weights; activations are quantised as they come.

    A fourth of the size, and faster on processors with integer dot products. Weights take seven of the eight bits:
    processors without such instructions overflow with eight, and a model must score alike wherever it is moved.

    References
    ----------
    Jacob, B. et al. (2018). Quantization and training of neural networks for efficient integer-arithmetic-only
    inference. CVPR.
    """
    onnx = need("onnx", "onnx")
    need("onnxruntime", "onnx")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises to pre-process the model, which is done already
    try:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "int8.onnx"
            quantize_dynamic(
                onnx.load_from_string(model),
                str(out),
                op_types_to_quantize=["MatMul", "Attention", "Gather"],
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=["projected:MatMul", "pooled:Gather"],
                extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
            )
            return out.read_bytes()
    finally:
        root.setLevel(level)
