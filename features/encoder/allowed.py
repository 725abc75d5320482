"""Looks at an ONNX graph that a stranger may have made, before ONNX Runtime gets it."""

from collections.abc import Iterator

from features.encoder.errors import EncoderError

LARGEST = 2_147_483_647
"""Bytes of a graph: protobuf, in which they are written, has no larger ones."""

_MOST_NODES = 100_000
_MOST_FIELDS = 10_000_000

_OWN = """
Add Cast Concat DequantizeLinear Div DynamicQuantizeLinear Gather Identity LayerNormalization LpNormalization MatMul
MatMulInteger Mul Pad QuantizeLinear ReduceMax ReduceSum Relu Reshape Shape Slice Unsqueeze
"""
_FUSED = "Attention BiasGelu MultiHeadAttention QAttention SkipLayerNormalization"
_EXPORTED = """
Abs And Ceil Clip Constant ConstantOfShape Cos CumSum Equal Erf Exp Expand Flatten Floor GatherElements GatherND Gelu
Gemm Greater GreaterOrEqual Less LessOrEqual Log Max Min Mod Neg Not Or Pow Range Reciprocal ReduceMean ReduceMin Round
ScatterND Sigmoid Sign Sin Softmax Split Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Where
"""

OPERATORS = frozenset(
    {
        *(("", name) for name in (*_OWN.split(), *_EXPORTED.split())),
        *(("com.microsoft", name) for name in _FUSED.split()),
    }
)
"""Domain and name of each operator that a graph may have.

Those of the kit's own graphs, as they are and with 8-bit weights, and those that exporters make of the encoders of
other architectures. None of them reads a file, runs code or a graph of its own, or goes round in a loop.
"""


def check_graph(model: bytes) -> None:
    """Refuse a graph that isn't of such operators alone, or has its weights elsewhere.

    It is read as far as names go, without the package onnx, which scoring does without.

    Parameters
    ----------
    model : bytes
        A ``ModelProto``.

    Raises
    ------
    EncoderError
        If it is too large or damaged, has an operator or domain that framescope's graphs have none of, a graph inside
        an operator, functions of its own, or tensors in files outside.
    """
    if len(model) > LARGEST:
        raise EncoderError(f"the encoder's graph has {len(model) / 1e9:.1f} GB, more than a graph can have")
    try:
        fault = _fault(memoryview(model))
    except (IndexError, ValueError) as error:
        fault = f"is damaged: {error}"
    if fault:
        raise EncoderError(f"the encoder's graph {fault}, so it isn't run; train or download it again")


def _fault(model: memoryview) -> str | None:
    left = [_MOST_FIELDS]
    graphs = [part for field, part in _fields(model, left) if field == 7]
    if any(field in (20, 25) for field, _ in _fields(model, left)):
        return "has functions or a training of its own, and none of framescope's does"
    if len(graphs) != 1:
        return f"is damaged: {len(graphs)} graphs in one file"
    nodes = 0
    for field, part in _fields(graphs[0], left):
        if field == 1:
            nodes += 1
            if fault := _node_fault(part, left):
                return fault
        elif field == 5:
            if fault := _tensor_fault(part, left):
                return fault
        elif field in (2, 11, 12, 13):
            _check_name(part if field == 2 else next((name for at, name in _fields(part, left) if at == 1), part[:0]))
        elif field == 15:
            return "has sparse weights, and none of framescope's does"
    return f"has {nodes:,} operators, and at most {_MOST_NODES:,} are run" if nodes > _MOST_NODES else None


def _node_fault(node: memoryview, left: list[int]) -> str | None:
    kind, domain = "", ""
    for field, part in _fields(node, left):
        if field == 4:
            kind = _check_name(part)
        elif field == 7:
            domain = _check_name(part)
        elif field in (1, 2, 3):
            _check_name(part)
        elif field == 5:
            for inner, value in _fields(part, left):
                if inner == 1:
                    _check_name(value)
                if inner in (6, 11):
                    return "has a graph inside an operator, and none of framescope's does"
                if inner in (22, 23):
                    return "has sparse weights, and none of framescope's does"
                if inner in (5, 10) and (fault := _tensor_fault(value, left)):
                    return fault
    if ("" if domain == "ai.onnx" else domain, kind) not in OPERATORS:
        return f"has the operator {kind[:40]!r} of {domain[:40] or 'ONNX'!r}, which no graph of framescope has"
    return None


def _tensor_fault(tensor: memoryview, left: list[int]) -> str | None:
    for field, part in _fields(tensor, left):
        if field == 13 or (field == -14 and bytes(part) != b"\0"):
            return "has weights in a file outside, which isn't opened"
        if field == 8:
            _check_name(part)
    return None


def _check_name(name: memoryview) -> str:
    """Return a name as text, in which ONNX Runtime takes any bytes and then fails to say what is wrong with them."""
    try:
        return bytes(name).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("one of its names is no text") from None


def _fields(message: memoryview, left: list[int]) -> Iterator[tuple[int, memoryview]]:
    """Yield the fields of a protobuf message that have contents, and, with a minus, those that are whole numbers.

    Both are told apart as protobuf does it, which passes over a field of another form than it expects.
    """
    at, end = 0, len(message)
    while at < end:
        left[0] -= 1
        if left[0] < 0:
            raise ValueError("it has more fields than a graph has")
        key, at = _number(message, at)
        number, form = key >> 3, key & 7
        start = at
        if form == 0:
            _, at = _number(message, at)
        elif form == 2:
            length, start = _number(message, at)
            at = start + length
        elif form in (1, 5):
            at += 8 if form == 1 else 4
        else:
            raise ValueError(f"a field is of the form {form}")
        if at > end or key >= 1 << 32:
            raise ValueError("it ends in the middle")
        if form in (0, 2):
            yield number if form else -number, message[start:at]


def _number(message: memoryview, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number has no end")
