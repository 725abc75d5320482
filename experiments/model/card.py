"""The card of a saved model: task, labels, thresholds, calibration and versions, as JSON that anyone can read."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.measures.calibration import Calibration
from experiments.untrusted.regular import read_regular
from features.target_touch import KnownTargets

CARD_FILE = "framescope.json"

FORMAT = 2
"""Version of the saved form; a model of a later one is refused. One without calibration is written as version 1."""

LARGEST = 32_000_000
"""Bytes of a card; those of ten thousand targets with their words take half of it."""

_MOST_LABELS = 10_000


@dataclass(frozen=True)
class Card:
    """What is kept of a model besides its pipeline.

    Attributes
    ----------
    task : Task
        What is predicted.
    thresholds : ndarray of shape (n_labels,)
        Probability from which a label is given.
    versions : dict
        Versions of the packages that it was trained with.
    targeted : bool
        Whether the pipeline reads pairs (text, target).
    calibration : Calibration or None
        What the pipeline's probabilities become.
    known_targets : KnownTargets or None
        The targets of the training rows.
    """

    task: Task
    thresholds: np.ndarray
    versions: dict[str, str]
    targeted: bool = False
    calibration: Calibration | None = None
    known_targets: KnownTargets | None = None

    def text(self) -> str:
        """Return it as the file holds it."""
        card = {
            "format": 1 if self.calibration is None else FORMAT,
            "task": self.task.model_dump(mode="json"),
            "thresholds": dict(zip(self.task.labels, (float(t) for t in self.thresholds), strict=True)),
            "versions": self.versions,
            "targeted": self.targeted,
            **({} if self.calibration is None else {"calibration": self.calibration.dump()}),
            **({} if self.known_targets is None else self.known_targets.dump()),
        }
        return json.dumps(card, indent=2) + "\n"


def read_card(file: Path) -> Card:
    """Read and check a card.

    Raises
    ------
    FileNotFoundError
        If there is none.
    InputError
        If it is no regular file, no JSON, of a later format, or a field of it can't be right; the message names it.
    """
    content = read_regular(file, LARGEST)
    try:
        return _checked(file, json.loads(content.decode("utf-8")))
    except RecursionError:
        fault = "its values lie too deep in each other"
    except ValidationError as error:
        first = error.errors()[0]
        fault = ".".join(["task", *map(str, first["loc"])]) + f": {first['msg']}"
    except KeyError as error:
        fault = f"{error.args[0]}: is missing"
    except (AttributeError, ArithmeticError, TypeError, ValueError) as error:
        fault = str(error)
    raise InputError(
        f"{file}: is damaged ({' '.join(fault.split())[:300]}); train or download the model again"
    ) from None


def _checked(file: Path, card: Any) -> Card:
    if not isinstance(card, dict):
        raise ValueError("is no mapping of fields")
    form = card["format"]
    if type(form) is not int or form < 1:
        raise ValueError(f"format: {form!r} is no whole number from 1 to {FORMAT}")
    versions = card["versions"]
    if not isinstance(versions, dict) or not all(isinstance(each, str) for each in versions.values()):
        raise ValueError("versions: are no mapping from packages to their versions")
    if form > FORMAT:
        later = str(versions.get("framescope"))[:40]
        raise InputError(f"{file.parent}: was saved by a later framescope ({later}); upgrade to load it")
    if not isinstance(card["task"], dict):
        raise ValueError("task: is no mapping of fields")
    task = Task.model_validate(card["task"], strict=True)
    if len(task.labels) > _MOST_LABELS:
        raise ValueError(f"task.labels: are {len(task.labels)}, and at most {_MOST_LABELS} are read")
    targeted = card.get("targeted", False)
    if not isinstance(targeted, bool):
        raise ValueError(f"targeted: {targeted!r} is neither true nor false")
    try:
        known = KnownTargets.load(card)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"targets: {error}") from None
    return Card(task, _thresholds(card["thresholds"], task.labels), versions, targeted, _calibration(card, task), known)


def _thresholds(given: Any, labels: list[str]) -> np.ndarray:
    if not isinstance(given, dict):
        raise ValueError("thresholds: are no mapping from labels to numbers")
    for label in labels:
        if label not in given:
            raise ValueError(f"thresholds.{label}: is missing, and {label} is a label of the task")
    for label, value in given.items():
        if label not in labels:
            raise ValueError(f"thresholds.{label}: is of no label of the task, which has {', '.join(labels)}")
        if not _is_number(value) or not 0 <= value <= 1:
            raise ValueError(f"thresholds.{label}: {value!r} is no number from 0 to 1")
    return np.asarray([given[label] for label in labels], dtype=np.float64)


def _calibration(card: Mapping[str, Any], task: Task) -> Calibration | None:
    kept = card.get("calibration")
    if kept is None:
        return None
    try:
        _check_calibration(kept, task)
        return Calibration.load(kept, len(task.labels))
    except KeyError as error:
        raise ValueError(f"calibration.{error.args[0]}: is missing") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"calibration: {error}") from None


def _check_calibration(kept: Any, task: Task) -> None:
    """Refuse curves that give no probabilities: every number is finite, what stands for a probability lies in 0 to 1.

    A slope or temperature below 0 would turn the order of the texts round.
    """
    if not isinstance(kept, dict) or ("curves" in kept) != task.multilabel:
        raise ValueError(f"its calibration isn't one of a {task.type} task")
    if not task.multilabel:
        if not _is_number(kept["temperature"]) or kept["temperature"] <= 0:
            raise ValueError(f"temperature {kept['temperature']!r} is no number above 0")
        return
    if not isinstance(kept["curves"], list):
        raise ValueError("curves are no list")
    for number, curve in enumerate(kept["curves"], 1):
        if not isinstance(curve, dict):
            raise ValueError(f"curve {number} is no mapping")
        if "x" not in curve:
            if not _is_number(curve["slope"]) or not _is_number(curve["intercept"]) or curve["slope"] < 0:
                raise ValueError(f"curve {number} has no slope from 0 on and intercept that are finite numbers")
            continue
        x, y = curve["x"], curve["y"]
        if not isinstance(x, list) or not isinstance(y, list) or not x or len(x) != len(y):
            raise ValueError(f"curve {number} has no points: x and y must be lists of one length")
        if not all(_is_number(each) and 0 <= each <= 1 for each in (*x, *y)) or x != sorted(x):
            raise ValueError(f"curve {number} has points that don't rise from 0 to 1")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
