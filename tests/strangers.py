"""Models as a stranger may have made them: honest ones, with one thing changed."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from experiments.model import CARD_FILE, PIPELINE_FILE


def change_card(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a saved model's card."""
    card = json.loads((folder / CARD_FILE).read_text("utf-8"))
    change(card)
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")


def rewrite(folder: Path, change: Callable[[dict[str, bytes]], Any]) -> None:
    """Change the packed files of a saved model's pipeline, by their names."""
    path = folder / PIPELINE_FILE
    with zipfile.ZipFile(path) as saved:
        files = {name: saved.read(name) for name in saved.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)


def change_plan(folder: Path, change: Callable[[Any], Any]) -> None:
    """Change the plan of a saved model's pipeline (``schema.json``): each of its parts is shown once, inner ones first.

    What ``change`` returns takes the part's place, unless it is None.
    """

    def walk(part: Any) -> Any:
        if isinstance(part, list):
            return [walk(each) for each in part]
        if not isinstance(part, dict):
            return part
        part = {key: walk(value) for key, value in part.items()}
        return (change(part) or part) if "__loader__" in part else part

    def on(files: dict[str, bytes]) -> None:
        files["schema.json"] = json.dumps(walk(json.loads(files["schema.json"]))).encode()

    rewrite(folder, on)


def npy(array: np.ndarray) -> bytes:
    """Return an array as NumPy saves it."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def graph_of(*nodes: Any, tensors: Any = (), **more: Any) -> bytes:
    """Return an ONNX graph of an encoder's inputs and outputs with such nodes."""
    from onnx import TensorProto, helper

    numbers = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph(list(nodes), "encoder", [numbers], [scores], list(tensors))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8, **more).SerializeToString())
