"""What a model came to on rows that it wasn't fitted to, in a file beside it: promises of its error are made of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.errors import InputError
from experiments.measures.risk import DIGITS, Surest
from experiments.notices import Warn
from experiments.untrusted.regular import read_regular

HELD_OUT_FILE = "held-out.json"

FORMAT = 1
"""Version of the file."""

MOST = 100_000
"""Rows that are kept: of more, articles are drawn."""

LARGEST = 8_000_000
"""Bytes of the file; that many rows take a third of it."""

_MOST_SOURCE = 1000  # characters


@dataclass(frozen=True)
class HeldOut:
    """How sure a model was of held-out rows, and whether it was right.

    Attributes
    ----------
    source : str
        Where the rows are from, for people.
    confidence : ndarray of shape (n,)
        As :func:`experiments.measures.risk.confidence_of` gives it.
    wrong : ndarray of shape (n,), bool
        Whether any label of the row was wrongly given or missed.
    article : ndarray of shape (n,), int64
        A number for each article.
    """

    source: str
    confidence: np.ndarray
    wrong: np.ndarray
    article: np.ndarray

    @classmethod
    def of(cls, source: str, confidence: np.ndarray, wrong: np.ndarray, groups: Sequence[str]) -> "HeldOut":
        """Return rows with their articles numbered, as they come."""
        number: dict[str, int] = {}
        article = np.asarray([number.setdefault(group, len(number)) for group in groups], dtype=np.int64)
        return cls(
            source[:_MOST_SOURCE], np.asarray(confidence, dtype=np.float64), np.asarray(wrong, dtype=bool), article
        )

    def __len__(self) -> int:
        return len(self.confidence)

    @property
    def articles(self) -> int:
        """How many articles the rows are of."""
        return len(np.unique(self.article))

    @property
    def rows(self) -> Surest:
        """The rows from the surest on."""
        return Surest.of(self.confidence, self.wrong, self.article)

    def limited(self, most: int = MOST) -> "HeldOut":
        """Return at most so many rows, articles whole, drawn at random with a fixed seed."""
        if len(self) <= most:
            return self
        size = np.bincount(self.article)
        order = np.random.default_rng(0).permutation(len(size))
        drawn = order[np.cumsum(size[order]) <= most]
        kept = np.isin(self.article, drawn)
        _, article = np.unique(self.article[kept], return_inverse=True)
        return replace(self, confidence=self.confidence[kept], wrong=self.wrong[kept], article=article)

    def text(self, model: str) -> str:
        """Return it as the file holds it, for the model of this digest."""
        content = {
            "format": FORMAT,
            "model": model,
            "source": self.source,
            "confidence": [round(float(each), DIGITS) for each in self.confidence],
            "wrong": self.wrong.astype(int).tolist(),
            "article": self.article.tolist(),
        }
        lines = ",\n".join(f" {json.dumps(key)}: {_compact(value)}" for key, value in content.items())
        return "{\n" + lines + "\n}\n"


def read_held_out(file: Path, model: str, say: Warn) -> HeldOut | None:
    """Return what a file holds for the model of a digest, and None if there is none, or it can't be used.

    Nothing but abstaining depends on it, so no fault of the file is an error: it is said in a line, and who abstains is
    told that there are no such rows. Models saved before it was kept have none.
    """
    try:
        content = json.loads(read_regular(file, LARGEST).decode("utf-8"))
        return _checked(content, model)
    except FileNotFoundError:
        return None
    except RecursionError:
        fault = "its values lie too deep in each other"
    except KeyError as error:
        fault = f"{error.args[0]}: is missing"
    except (InputError, OSError, ArithmeticError, TypeError, ValueError) as error:
        fault = str(error).removeprefix(f"{file}: ").partition(";")[0]
    say(f"{file}: can't be used ({' '.join(fault.split())[:200]}); --abstain needs --held-out FILE then")
    return None


def _checked(content: Any, model: str) -> HeldOut:
    if not isinstance(content, dict):
        raise ValueError("is no mapping of fields")
    form = content["format"]
    if type(form) is not int or not 1 <= form <= FORMAT:
        raise ValueError(f"format: {str(form)[:40]} is none that this framescope knows, upgrade to read it")
    if content["model"] != model:
        raise ValueError("it is of another model, or the model was changed after it was made")
    source = content["source"]
    if not isinstance(source, str) or not source.isprintable() or not 0 < len(source) <= _MOST_SOURCE:
        raise ValueError("source: is no line of text")
    confidence, wrong, article = (content[name] for name in ("confidence", "wrong", "article"))
    for name, column in (("confidence", confidence), ("wrong", wrong), ("article", article)):
        if not isinstance(column, list) or not column or len(column) != len(confidence):
            raise ValueError(f"{name}: is no list with an entry a row")
    if len(confidence) > MOST:
        raise ValueError(f"confidence: has {len(confidence)} rows, and at most {MOST} are read")
    if not all(type(each) in (int, float) and 0 <= each <= 1 for each in confidence):
        raise ValueError("confidence: has what is no number from 0 to 1")
    if not all(type(each) is int and each in (0, 1) for each in wrong):
        raise ValueError("wrong: has what is neither 0 nor 1")
    if not all(type(each) is int and 0 <= each < MOST for each in article):
        raise ValueError(f"article: has what is no whole number from 0 to {MOST - 1}")
    return HeldOut(
        source,
        np.asarray(confidence, dtype=np.float64),
        np.asarray(wrong, dtype=bool),
        np.asarray(article, dtype=np.int64),
    )


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
