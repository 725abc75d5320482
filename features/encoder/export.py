"""Exports encoders of any architecture with PyTorch, where there is no graph of their own to read."""

import inspect
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from features.encoder.errors import EncoderError, need
from features.encoder.graph import HIDDEN, OPSET, TEXT_INPUTS, Graph


def torch_graph(encoder: Any) -> Graph:
    """Return the graph of an encoder's token vectors.

    Parameters
    ----------
    encoder : Path or transformers.PreTrainedModel
        A folder, or a model in memory (left on the CPU, in evaluation mode).

    Raises
    ------
    EncoderError
        If the encoder extra isn't installed, or the architecture can't be loaded or exported.
    """
    torch = need("torch", "encoder")
    need("onnxscript", "encoder")
    model = load_encoder(encoder) if isinstance(encoder, Path) else encoder
    model = model.eval().cpu().float()
    reads_kinds = takes_kinds(model)

    class Hidden(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            more = {"token_type_ids": token_type_ids} if reads_kinds else {}
            return self.model(input_ids=input_ids, attention_mask=attention_mask, **more).last_hidden_state

    names = list(TEXT_INPUTS if reads_kinds else TEXT_INPUTS[:2])
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation(
            "eager"
        )  # the others look into the mask, and leave it out if it happens to be full
    mask = torch.ones((2, 12), dtype=torch.int64)
    mask[1, 7:] = 0
    # tensors of their own: the exporter takes one that is given twice for one input
    example = (torch.full_like(mask, 3), mask, torch.zeros_like(mask))[: len(names)]
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(scratch) / "encoder.onnx"
        axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
        try:
            torch.onnx.export(
                Hidden(),
                example,
                str(path),
                input_names=names,
                output_names=["token_vectors"],
                dynamic_shapes=(axes,) * len(names),
                opset_version=18,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        except Exception as error:  # the exporter raises whatever the architecture trips it with
            line = (str(error).splitlines() or [type(error).__name__])[0]
            raise EncoderError(
                f"PyTorch can't export a {type(model).__name__} to ONNX ({line}); choose another encoder"
            ) from None
        return onnx_graph(path)


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


def load_encoder(folder: Path) -> Any:
    """Return an encoder as a PyTorch module, float32.

    Raises
    ------
    EncoderError
        If transformers can't load it.
    """
    torch, transformers = need("torch", "encoder"), need("transformers", "encoder")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    try:
        return transformers.AutoModel.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except Exception as error:  # cut-off weights, an unknown architecture, foreign code: types of many libraries
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise EncoderError(
            f"{folder}: transformers can't load the encoder ({line}); download it again or choose another"
        ) from None


def keep_layers(model: Any, count: int) -> None:
    """Keep so many of an encoder's layers, evenly spread from the first to the last, and drop the others.

    Raises
    ------
    EncoderError
        If it has fewer, or keeps them in an unusual way.

    References
    ----------
    Sanh, V. et al. (2019). DistilBERT, a distilled version of BERT. arXiv:1910.01108. (every other layer is kept)
    """
    torch = need("torch", "encoder")
    total = int(getattr(model.config, "num_hidden_layers", 0))
    stacks = [
        (owner, name)
        for owner in model.modules()
        for name, part in owner.named_children()
        if isinstance(part, torch.nn.ModuleList) and len(part) == total
    ]
    if len(stacks) != 1 or "num_hidden_layers" not in model.config.to_dict():
        raise EncoderError(
            f"classifier.layers: the layers of a {type(model).__name__} can't be told apart; leave it out"
        )
    if count > total:
        raise EncoderError(f"classifier.layers={count}: the encoder has {total} layers; keep as many at most")
    ((owner, name),) = stacks
    chosen = np.linspace(0, total - 1, count).round().astype(int) if count > 1 else [0]
    setattr(owner, name, torch.nn.ModuleList([getattr(owner, name)[at] for at in chosen]))
    model.config.num_hidden_layers = count


def takes_kinds(model: Any) -> bool:
    """Return whether an encoder tells the text from its target by token types."""
    known = "token_type_ids" in inspect.signature(model.forward).parameters
    return known and int(getattr(model.config, "type_vocab_size", 0) or 0) > 1
