"""Runs an encoder's ONNX graph over texts, shortest first, and longer ones than it reads in windows."""

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from features.encoder.allowed import check_graph
from features.encoder.errors import EncoderError, need
from features.encoder.graph import TEXT_INPUTS
from features.encoder.wordwise import WordwiseTokenizer, reads_wordwise

TOKENS = 2048
"""Tokens in a batch, padding counted: enough to keep two to eight cores busy, and little memory."""

_OVERLAP = 32


class TextEncoder:
    """A graph with its tokenizer: texts in, one row of numbers each out.

    Parameters
    ----------
    model : bytes
        The ONNX graph, with any of the inputs ``input_ids``, ``attention_mask`` and ``token_type_ids``.
    tokenizer : str
        As JSON, in the form of the ``tokenizers`` library.
    max_length : int
        Most tokens that are read at once. A longer text is read in windows that overlap by 32 tokens.
    tokens : int, default 2048
        Tokens in a batch, padding counted.

    Raises
    ------
    EncoderError
        If ONNX Runtime or tokenizers isn't installed, or graph or tokenizer is damaged, or the graph has what no graph
        of the kit's has (:func:`~features.encoder.allowed.check_graph`).
    """

    def __init__(self, model: bytes, tokenizer: str, max_length: int, tokens: int = TOKENS) -> None:
        self.session = _session(model)
        self.tokenizer = make_tokenizer(tokenizer, max_length)
        self.inputs = [each.name for each in self.session.get_inputs()]
        self.width = _width(self.session, self.inputs)
        self.max_length, self.tokens = max_length, tokens
        self.wordwise = _wordwise(tokenizer)

    def run(self, texts: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
        """Encode n texts, or pairs (text, target).

        Returns
        -------
        tuple of ndarray
            Rows of shape (n_windows, width), float32, and the number of the text that each belongs to, ascending: a
            text that fits is one window.

        Raises
        ------
        EncoderError
            If graph or tokenizer is damaged, so that it can't read a text.
        """
        try:
            windows, owner = self._windows(texts)
        except BaseException as error:  # a panic of the library, which is written in Rust, is no Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise EncoderError(
                f"the encoder's tokenizer can't read a text ({(str(error).splitlines() or [''])[0][:300]}); train or "
                "download it again"
            ) from None
        lengths = np.asarray([len(ids) for ids in windows["input_ids"]], dtype=np.int64)
        starts, count = np.cumsum(lengths) - lengths, int(lengths.sum())
        tokens = {
            name: np.fromiter(chain.from_iterable(values), dtype=np.int64, count=count)
            for name, values in windows.items()
            if name in self.inputs
        }
        rows = np.zeros((len(lengths), self.width), dtype=np.float32)
        for batch in batches(lengths, self.tokens):
            place = np.arange(max(lengths[batch[-1]], 1))
            there = place < lengths[batch, None]  # rows of their own length, then padding
            table = {name: np.zeros(there.shape, dtype=np.int64) for name in self.inputs}
            at = (starts[batch, None] + place)[there]
            for name, values in tokens.items():
                table[name][there] = values[at]
            if "attention_mask" in table:
                table["attention_mask"][there] = 1
            rows[batch] = self._answers(table)
        return rows, owner

    def _answers(self, table: dict[str, np.ndarray]) -> np.ndarray:
        """Return the graph's answers to a batch, shape (n, width)."""
        try:
            found = np.asarray(self.session.run(None, table)[0])
        except Exception as error:  # the library's own types, which its stubs don't name
            raise EncoderError(
                f"ONNX Runtime can't run the encoder ({(str(error).splitlines() or [''])[0][:300]}); train or download "
                "it again"
            ) from None
        if found.shape != (len(next(iter(table.values()))), self.width):
            raise EncoderError(
                f"the encoder's graph gives {found.shape} numbers, not {self.width} a text; train or download it again"
            )
        return found

    def _windows(self, texts: Sequence[Any]) -> tuple[dict[str, list[list[int]]], np.ndarray]:
        """Return the inputs of all windows that aren't 0 or 1 throughout, and the number of each one's text."""
        if self.wordwise is None or any(isinstance(text, tuple) for text in texts):
            encodings, owner = encode(self.tokenizer, texts)
            kinds = [each.type_ids for each in encodings] if "token_type_ids" in self.inputs else []
            return {"input_ids": [each.ids for each in encodings], "token_type_ids": kinds}, owner
        ids = self.wordwise([str(text) for text in texts])
        long = [number for number, each in enumerate(ids) if len(each) > self.max_length]
        if not long:
            return {"input_ids": ids}, np.arange(len(ids))
        found = [[each] for each in ids]
        for number in long:
            found[number] = [each.ids for each in encode(self.tokenizer, [texts[number]])[0]]
        owner = np.repeat(np.arange(len(found)), [len(each) for each in found])
        return {"input_ids": list(chain.from_iterable(found))}, owner

    def mean(self, texts: Sequence[Any]) -> np.ndarray:
        """Return one row a text, shape (n, width), float32: the mean over its windows."""
        rows, owner = self.run(texts)
        return pool_windows(rows, owner, len(texts), "mean")


def encode(tokenizer: Any, texts: Sequence[Any]) -> tuple[list[Any], np.ndarray]:
    """Return the encodings of all windows of n texts, or pairs (text, target), and the number of each one's text."""
    encodings, owner = [], []
    for number, encoding in enumerate(tokenizer.encode_batch([_pair(text) for text in texts])):
        for window in (encoding, *encoding.overflowing):
            encodings.append(window)
            owner.append(number)
    return encodings, np.asarray(owner, dtype=np.int64)


def pool_windows(rows: np.ndarray, owner: np.ndarray, n: int, how: str) -> np.ndarray:
    """Return one row a text, shape (n, width), from its windows: their ``mean``, or the ``max`` of each column.

    ``owner`` has the number of each row's text, ascending.
    """
    if len(rows) == n:
        return rows
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    if how == "max":
        return np.asarray(np.maximum.reduceat(rows, starts, axis=0))
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / np.bincount(owner, minlength=n)[:, None]).astype(
        rows.dtype
    )


def batches(lengths: np.ndarray, tokens: int = TOKENS) -> list[np.ndarray]:
    """Return row numbers in batches of similar length, shortest first, each of at most ``tokens`` with its padding."""
    order = np.argsort(lengths, kind="stable")
    found, start = [], 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end + 1 - start) * lengths[order[end]] > tokens:
            found.append(order[start:end])
            start = end
    return found


def digest(model: bytes) -> str:
    """Return the SHA-256 of a graph, in hexadecimal."""
    return hashlib.sha256(model).hexdigest()


def _pair(text: Any) -> Any:
    return (str(text[0]), str(text[1])) if isinstance(text, tuple) else str(text)


@lru_cache(maxsize=4)
def _session(model: bytes) -> Any:
    runtime = need("onnxruntime")
    check_graph(model)
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    # processes that share the cores say so here, as joblib does in its workers
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own types, which its stubs don't name
        raise EncoderError(
            f"ONNX Runtime can't load the encoder ({(str(error).splitlines() or [''])[0]}); train or download it again"
        ) from None


def _width(session: Any, inputs: Sequence[str]) -> int:
    """Return how many numbers a graph gives each text."""
    shape = session.get_outputs()[0].shape
    if "input_ids" not in inputs or set(inputs) - set(TEXT_INPUTS) or len(shape) != 2 or not isinstance(shape[1], int):
        raise EncoderError("the encoder's graph reads no tokens, or gives no row a text; train or download it again")
    return shape[1]


@lru_cache(maxsize=4)
def _wordwise(tokenizer: str) -> WordwiseTokenizer | None:
    return WordwiseTokenizer(tokenizer) if reads_wordwise(tokenizer) else None


@lru_cache(maxsize=4)
def make_tokenizer(text: str, max_length: int) -> Any:
    """Return a tokenizer that cuts texts into windows of at most ``max_length`` tokens, which overlap by 32.

    Of a pair only the text is cut; every window ends with the whole target.

    Raises
    ------
    EncoderError
        If the length leaves no room for text, or it can't be read.
    """
    library = need("tokenizers")
    try:
        tokenizer = library.Tokenizer.from_str(text)
    except BaseException as error:  # a panic of the library, which is written in Rust, is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise EncoderError(
            f"the encoder's tokenizer can't be read ({(str(error).splitlines() or [''])[0][:300]}); train or download "
            "it again"
        ) from None
    tokenizer.no_padding()
    special = tokenizer.num_special_tokens_to_add(True)
    if max_length <= special + _OVERLAP:
        raise EncoderError(f"max_length {max_length} leaves no room for text; give {special + _OVERLAP + 1} or more")
    tokenizer.enable_truncation(max_length, stride=_OVERLAP, strategy="only_first")
    return tokenizer
