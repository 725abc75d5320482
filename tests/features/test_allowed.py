import re
import zipfile

import numpy as np
import pytest

from features.encoder import EncoderError, TextEncoder, allowed
from features.encoder.allowed import check_graph
from features.encoder.convolution import Convolutions, convolution_model
from features.encoder.runner import make_tokenizer
from tests.conftest import ROOT
from tests.strangers import graph_of

onnx = pytest.importorskip("onnx")
helper = onnx.helper


def refused(model, message):
    with pytest.raises(EncoderError, match=message) as told:
        check_graph(model)
    assert str(told.value).startswith("the encoder's graph ") and "\n" not in str(told.value)


def identity(**more):
    return helper.make_node("Identity", ["input_ids"], ["scores"], **more)


def test_graphs_that_the_kit_writes_are_run():
    draw = np.random.default_rng(1).random
    weights = Convolutions(draw((20, 8)), [draw((4, 8, 3))], [draw(4)], draw((2, 12)), draw(2))
    for int8 in (False, True):
        check_graph(convolution_model(weights, int8))
    with zipfile.ZipFile(ROOT / "seeds/models/framing/pipeline.skops") as saved:
        (name,) = [name for name in saved.namelist() if name.endswith(".bin")]
        check_graph(saved.read(name))
    check_graph(graph_of(identity()))


@pytest.mark.parametrize(
    ("kind", "domain", "told"),
    [
        ("Loop", "", "'Loop' of 'ONNX'"),
        ("If", "ai.onnx", "'If' of 'ai.onnx'"),
        ("Identity", "com.stranger", "'Identity' of 'com.stranger'"),
        ("PyOp", "pyopmulti", "'PyOp' of 'pyopmulti'"),
        ("EPContext", "com.microsoft", "'EPContext' of 'com.microsoft'"),
        ("StringNormalizer", "", "'StringNormalizer' of 'ONNX'"),
    ],
)
def test_operator_that_no_graph_of_the_kit_has_is_refused(kind, domain, told):
    refused(graph_of(helper.make_node(kind, ["input_ids"], ["scores"], domain=domain)), re.escape(told))


def test_operator_is_not_hidden_behind_a_field_that_protobuf_passes_over():
    """A field of the number of the operator's name, but eight bytes of another form: protobuf doesn't read it."""
    node = helper.make_node("Loop", ["input_ids"], ["scores"]).SerializeToString() + b"\x21Identity"
    assert onnx.NodeProto.FromString(node).op_type == "Loop"
    body = b"\x0a" + bytes([len(node)]) + node
    refused(b"\x08\x08\x3a" + bytes([len(body)]) + body, "has the operator 'Loop'")


def test_graph_inside_an_operator_is_refused():
    inner = helper.make_graph([], "inner", [], [])
    refused(graph_of(identity(body=inner)), "has a graph inside an operator")
    refused(graph_of(identity(bodies=[inner])), "has a graph inside an operator")


def outside(name="w"):
    tensor = onnx.TensorProto(name=name, data_type=1, dims=[2], data_location=onnx.TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    return tensor


def test_weights_in_a_file_outside_are_refused():
    refused(graph_of(identity(), tensors=[outside()]), "has weights in a file outside")
    refused(graph_of(identity(value=outside())), "has weights in a file outside")
    only_place = onnx.TensorProto(name="w", data_type=1, dims=[2], data_location=onnx.TensorProto.EXTERNAL)
    refused(graph_of(identity(), tensors=[only_place]), "has weights in a file outside")


def test_functions_of_its_own_are_refused():
    function = helper.make_function("com.stranger", "F", ["x"], ["y"], [identity()], [helper.make_opsetid("", 17)])
    refused(graph_of(identity(), functions=[function]), "has functions or a training of its own")


@pytest.mark.parametrize("at", [1, 3, 10, -1])
def test_graph_that_is_cut_off_is_refused(at):
    refused(graph_of(identity())[:at], "is damaged")


@pytest.mark.parametrize("model", [b"", b"\xff" * 40, b"\x0b\x0c", b"<html>", graph_of(identity()) * 2])
def test_what_is_no_graph_is_refused(model):
    refused(model, "the encoder's graph ")


@pytest.mark.parametrize("name", [b"input_ids", b"scores", b"Identity", b"encoder"])
def test_graph_with_names_that_are_no_text_is_refused(name):
    whole = graph_of(identity())
    assert name in whole
    refused(whole.replace(name, b"\xff" * len(name)), "is damaged: one of its names is no text")


def test_graph_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(allowed, "LARGEST", 10)
    refused(graph_of(identity()), "more than a graph can have")


def test_graph_of_too_many_operators_is_refused(monkeypatch):
    monkeypatch.setattr(allowed, "_MOST_NODES", 2)
    refused(graph_of(identity(), identity(), identity()), "has 3 operators, and at most 2 are run")


TOKENIZER = '{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 9}, "unk_token": "a"}}'


def encoder_of(*nodes, **more):
    return TextEncoder(graph_of(*nodes, **more), TOKENIZER, 64)


def test_graph_is_looked_at_before_it_is_run():
    with pytest.raises(EncoderError, match="has the operator 'Loop'"):
        encoder_of(helper.make_node("Loop", ["input_ids"], ["scores"]))


def test_graph_that_asks_for_a_row_that_there_is_not_is_an_error_of_one_line():
    table = onnx.numpy_helper.from_array(np.zeros((3, 2), np.float32), "table")
    one = onnx.numpy_helper.from_array(np.asarray([1], np.int64), "one")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "one"], ["scores"], keepdims=0),
    ]
    encoder = encoder_of(*nodes, tensors=[table, one])
    assert encoder.run(["a"])[0].tolist() == [[0, 0]]
    with pytest.raises(EncoderError, match="ONNX Runtime can't run the encoder") as told:
        encoder.run(["b"])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "{}", '{"model": 3}', "[" * 10_000, '{"version": "1.0", "model": {"type": "X"}}'])
def test_tokenizer_that_cannot_be_read_is_an_error_of_one_line(text):
    with pytest.raises(EncoderError, match="the encoder's tokenizer can't be read") as told:
        make_tokenizer(text, 64)
    assert "\n" not in str(told.value)


def test_tokenizer_that_fails_at_some_text_is_an_error_of_one_line():
    table = onnx.numpy_helper.from_array(np.zeros((3, 2), np.float32), "table")
    one = onnx.numpy_helper.from_array(np.asarray([1], np.int64), "one")
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "one"], ["scores"], keepdims=0),
    ]
    without = TOKENIZER.replace('"unk_token": "a"', '"unk_token": "missing"')
    encoder = TextEncoder(graph_of(*nodes, tensors=[table, one]), without, 64)
    assert encoder.run(["a"])[0].tolist() == [[0, 0]]
    with pytest.raises(EncoderError, match="the encoder's tokenizer can't read a text"):
        encoder.run(["unheard of"])
