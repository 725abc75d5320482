"""From the folder of an encoder, of whatever architecture, to its graph and to one vector a text."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from features.encoder.bert import bert_graph
from features.encoder.export import onnx_graph, torch_graph
from features.encoder.graph import Graph, add_pooling
from features.encoder.mpnet import mpnet_graph
from features.encoder.weights import read_config, read_weights

OWN = ("bert", "mpnet")
"""Architectures with a graph of the kit's own; others need PyTorch's exporter."""


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
        graph = torch_graph(folder)
    pooled = add_pooling(graph, pooling)
    if normalise:
        pooled = graph.node("LpNormalization", [pooled], "normalised", axis=1, p=2)
    return bytes(graph.model(pooled, graph.width).SerializeToString())


def own_graph(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Graph | None:
    """Return an encoder's graph from its weights alone, or None if its architecture has none here."""
    if config["model_type"] == "mpnet":
        return mpnet_graph(config, tensors)
    return bert_graph(config, tensors) if config["model_type"] == "bert" else None
