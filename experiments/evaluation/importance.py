"""What each block of a model's features is worth to it on labelled rows: its columns exchanged between articles."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from experiments.classifiers.separate import SeparateTargets
from experiments.errors import InputError
from experiments.evaluation.evaluate import Evaluation
from experiments.measures.importance import exchange_rows, importance, largest_group
from experiments.measures.resampling import MIN_GROUPS, Estimate
from experiments.model import SentenceClassifier
from experiments.notices import Warn
from features.blocks import Blocks


@dataclass(frozen=True)
class Importance:
    """The importance of a model's blocks.

    Attributes
    ----------
    blocks : dict of str to dict of str to Estimate
        Block -> metric -> by how much it falls; see :func:`experiments.measures.importance.importance`.
    repeats : int
        How often each block was exchanged.
    rows, groups : int
        On how many labelled rows, of how many groups.
    """

    blocks: dict[str, dict[str, Estimate]]
    repeats: int
    rows: int
    groups: int


def check_blocks(classifier: SentenceClassifier) -> Blocks:
    """Return the blocks of a model's features.

    Raises
    ------
    InputError
        If it has none.
    """
    features, _ = _parts(classifier.pipeline)
    try:
        return Blocks(features)
    except ValueError:
        raise InputError(
            f"--importance: the {classifier.task.name} model has no blocks of features, as its classifier reads the "
            "texts themselves; leave it out"
        ) from None


def measure_importance(
    classifier: SentenceClassifier,
    evaluation: Evaluation,
    repeats: int = 10,
    bootstrap: int = 1000,
    seed: int = 0,
    say: Warn = lambda line: None,
) -> Importance:
    """Exchange the columns of each block between rows of different groups, and measure by how much F1 falls.

    A block's columns move together, with those that are its copies for a target: these are made anew from the columns
    that the row gets and its own target. The model stays as it is.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model.
    evaluation : Evaluation
        What it says of the rows as they are.
    repeats : int, default 10
        How often each block is exchanged.
    bootstrap, seed : int
        Resamples of groups behind the bounds, and the seed of these and of the exchanges.
    say : callable
        Called with a line for each thing a reader should know: too few groups for bounds, or one with more than half
        of the rows, which are exchanged among themselves then.

    Raises
    ------
    InputError
        If the model has no blocks, or all rows have the same labels.
    """
    blocks, data = check_blocks(classifier), evaluation.data
    known = np.where(data.y >= 0, data.y, np.nan)
    if not any(len(set(column[~np.isnan(column)].tolist())) > 1 for column in known.T):
        raise InputError(
            f"{data.name}: all rows have the same labels, so nothing that a model reads can tell them apart"
        )
    groups = len(set(data.groups))
    if groups < MIN_GROUPS:
        say(f"note: the rows are of {groups} group(s): with fewer than {MIN_GROUPS} importance has no bounds")
    if 2 * (most := largest_group(data.groups)) > len(data):
        say(
            f"note: {most} of {len(data)} rows are of one article, so columns are exchanged within it, too: since its "
            "rows are alike, importance may come out too small"
        )
    rows: list[Any] = data.texts if data.targets is None else list(zip(data.texts, data.targets, strict=True))
    _, predict = _parts(classifier.pipeline)
    columns = blocks.read(rows)
    found = {}
    for number, name in enumerate(blocks.names):
        say(f"exchanging {name}")
        # the same exchanges for every block, so that what differs between blocks isn't their luck
        rng = np.random.default_rng([seed, 1])
        exchanged = []
        for _ in range(repeats):
            donors = exchange_rows(data.groups, rng)
            mixed = [each[donors] if at == number else each for at, each in enumerate(columns)]
            probabilities = classifier.calibrated(predict(blocks.together(mixed, rows), rows))
            exchanged.append(classifier.decide(probabilities))
        task = classifier.task
        about = classifier.labels, data.groups, bootstrap, seed, task.average_over
        found[name] = importance(data.y, evaluation.decided, exchanged, *about)
    return Importance(found, repeats, len(data), groups)


def _parts(pipeline: Any) -> tuple[Any, Callable[[csr_matrix, list[Any]], np.ndarray]]:
    """Return a pipeline's features, and what makes probabilities of their columns and the rows these are of."""
    steps = dict(getattr(pipeline, "steps", []))
    classifier = steps.get("classifier")
    if isinstance(classifier, SeparateTargets):

        def predict(columns: csr_matrix, rows: list[Any]) -> np.ndarray:
            given = copy.copy(classifier)
            given.features_ = _Given(columns)
            return np.asarray(given.predict_proba(rows))

        return classifier.features_, predict
    return steps.get("features"), lambda columns, rows: np.asarray(steps["classifier"].predict_proba(columns))


class _Given:
    """Stands for fitted features where their columns are there already."""

    def __init__(self, columns: csr_matrix) -> None:
        self._columns = columns

    def transform(self, rows: Any) -> csr_matrix:
        return self._columns
