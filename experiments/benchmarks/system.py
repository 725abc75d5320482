"""What the benchmark asks of everything that it measures, be it a config of the kit or another library.

Imports nothing but NumPy: a peer may run in an interpreter that has no framescope.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True)
class Problem:
    """What is to be learned.

    Attributes
    ----------
    labels : list of str
        The labels, in the order of the columns.
    multilabel : bool
        Whether a row may carry any number of them, or carries exactly one.
    seed : int
        Seed of everything random.
    encoder : str
        Folder, or id on the Hugging Face Hub, of the encoder for systems that start from one.
    """

    labels: list[str]
    multilabel: bool
    seed: int
    encoder: str = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Rows:
    """Rows as every system gets them.

    Attributes
    ----------
    texts : list of str
        n texts.
    y : ndarray of shape (n, n_labels), int8
        1 where the row has the label. Test rows come without: no column at all, so shape (n, 0).
    targets : list of str or None
        What each row's stance is about, in a task with targets.
    """

    texts: list[str]
    y: np.ndarray
    targets: list[str] | None = None

    @property
    def joined(self) -> list[str]:
        """The texts, or ``target: text`` for systems that know of no targets."""
        if self.targets is None:
            return self.texts
        return [f"{target}: {text}" for target, text in zip(self.targets, self.texts, strict=True)]

    @property
    def target(self) -> np.ndarray:
        """The number of each row's label when it has exactly one, shape (n,)."""
        return np.asarray(self.y.argmax(axis=1))


class System(ABC):
    """One way of learning a problem.

    A peer is a subclass in a file of its own under ``peers/`` with these attributes and four methods, listed once in
    ``peers/__init__.py``. It imports its library inside the methods.

    Attributes
    ----------
    name : str
        What ``--peers`` calls it.
    title : str
        What the table calls it.
    modules : tuple of str
        Modules without which it can't run.
    install : str
        How ``pip`` gets them.
    settings : str
        What it is run with, in a sentence for the table's notes.
    tunes_encoder : bool, default False
        Whether it starts from the problem's encoder.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    modules: ClassVar[tuple[str, ...]]
    install: ClassVar[str]
    settings: ClassVar[str]
    tunes_encoder: ClassVar[bool] = False

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def prepare(self, data: Path) -> None:
        """Import and read what :meth:`fit` needs, before the clock runs; ``data`` holds the training rows' files."""
        for module in self.modules:
            __import__(module)

    @abstractmethod
    def fit(self, rows: Rows, scratch: Path) -> None:
        """Learn from the rows; ``scratch`` is an empty folder for files on the way."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write everything that scoring needs into the empty folder, whose size is the model's size."""

    @abstractmethod
    def load(self, folder: Path) -> None:
        """Read what :meth:`save` wrote, in another process."""

    @abstractmethod
    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Return the probability of every label for every row, shape (n, n_labels)."""

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Turn probabilities into an indicator matrix: the likeliest label, or every one from 0.5 on."""
        if self.problem.multilabel:
            return np.asarray(probabilities >= 0.5, dtype=np.int8)
        return np.asarray(np.eye(len(self.problem.labels), dtype=np.int8)[probabilities.argmax(axis=1)])

    def forget(self) -> None:  # noqa: B027 - most systems keep none
        """Empty caches of texts, so that a text scored again isn't found ready."""


def columns(n_labels: int, rows: Sequence[Any]) -> np.ndarray:
    """Return (label number, probability) pairs, one sequence a row, as a matrix of shape (n, n_labels)."""
    matrix = np.zeros((len(rows), n_labels))
    for row, pairs in enumerate(rows):
        for number, probability in pairs:
            matrix[row, number] = probability
    return matrix
