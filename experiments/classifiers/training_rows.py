"""Rows as an encoder is trained on them: windows of token numbers, labels, auxiliary values, random batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.encoder.runner import encode, make_tokenizer

UNKNOWN = -100
"""An auxiliary value that a row doesn't have; PyTorch's cross-entropy passes over it."""

_POOL = 8  # batches whose rows are sorted by length before they are dealt out: less padding, and still a random order


@dataclass(frozen=True)
class Rows:
    """Windows of texts as token numbers, with the labels of their texts and a weight that sums to 1 for each text."""

    ids: list[list[int]]
    kinds: list[list[int]]
    owner: np.ndarray
    y: np.ndarray
    share: np.ndarray
    side: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How many tokens each window has, shape (n_windows,), int64."""
        return np.asarray([len(ids) for ids in self.ids], dtype=np.int64)


def auxiliary_codes(auxiliary: Sequence[Sequence[str]], n: int) -> tuple[np.ndarray, list[int]]:
    """Return auxiliary values as numbers, shape (n, n_columns), int64, and how many different ones a column has."""
    columns, sizes = [], []
    for column in zip(*auxiliary, strict=True):
        number = {value: at for at, value in enumerate(sorted({value for value in column if value}))}
        if len(number) > 1:  # else there is nothing to tell apart
            columns.append([number.get(value, UNKNOWN) for value in column])
            sizes.append(len(number))
    return np.asarray(columns, dtype=np.int64).reshape(len(columns), n).T, sizes


def read_rows(tokenizer: str, length: int, texts: Sequence[Any], y: np.ndarray, side: np.ndarray | None = None) -> Rows:
    """Return n texts, or pairs, as windows of at most ``length`` tokens; ``side`` are their auxiliary codes, if any."""
    side = np.zeros((len(texts), 0), dtype=np.int64) if side is None else side
    encodings, owner = encode(make_tokenizer(tokenizer, length), texts)
    share = 1.0 / np.bincount(owner, minlength=len(texts))[owner]
    return Rows(
        [each.ids for each in encodings],
        [each.type_ids for each in encodings],
        owner,
        y,
        share.astype(np.float32),
        np.ascontiguousarray(side),
    )


def deal(lengths: np.ndarray, size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Return all row numbers in random batches of rows of similar length."""
    order = rng.permutation(len(lengths))
    found = []
    for start in range(0, len(order), size * _POOL):
        pool = order[start : start + size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        found += [pool[at : at + size] for at in range(0, len(pool), size)]
    return [found[at] for at in rng.permutation(len(found))]
