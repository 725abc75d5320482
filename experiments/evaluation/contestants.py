"""Models that are measured on one new file, to be compared on it."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from experiments.config.schema import Data
from experiments.errors import InputError
from experiments.evaluation.evaluate import evaluate_file, predictions_table
from experiments.files import STARTER, path_of
from experiments.model import CARD_FILE, SentenceClassifier
from experiments.notices import Warn
from experiments.tracking.contestant import Contestant
from experiments.tracking.resolve import is_uri, resolve_model


def named_model(model: str, task: str) -> Contestant:
    """Return a model that is no run, under its own name: an MLflow URI, a folder or ``starter``; it has no rows yet."""
    return Contestant(name=model, table=pd.DataFrame(), task=task, model=model)


def score_on(
    contestants: Sequence[Contestant], source: str, settings: Data, slices: Sequence[str], task: str, warn: Warn
) -> list[Contestant]:
    """Return the contestants with their models' predictions of a labelled file in the place of what they had.

    Parameters
    ----------
    contestants : sequence of Contestant
        Each with a model.
    source : str
        The labelled file.
    settings : Data
        How it is read.
    slices : sequence of str
        Columns by which the comparison is looked at, too.
    task : str
        Whose starter ``starter`` is.
    warn : callable
        Called with a line for each thing that a reader should know.

    Raises
    ------
    InputError
        If a model or the file can't be used.
    """
    found = []
    for each in contestants:
        if "seed" in each.table:
            raise InputError(f"{each.name}: was trained with several seeds; name its children to score them")
        _, classifier = resolve_model(each.model, task)
        warn(f"scoring {source} with {each.name}")
        evaluation = evaluate_file(classifier, source, settings, 0, 0, slices, None, warn)
        found.append(
            replace(
                each,
                table=predictions_table(classifier, evaluation),
                task=classifier.task.name,
                multilabel=classifier.task.multilabel,
                average_over=tuple(classifier.task.average_over),
                checks=[],  # they were of other rows, unlike the probes
            )
        )
    return found


def is_model(name: str) -> bool:
    """Return whether a name is that of a model and not of a run: ``starter``, an MLflow URI, or a folder with one."""
    return name == STARTER or is_uri(name) or (path_of(name) / CARD_FILE).is_file()


def model_of(contestant: Contestant, task: str) -> SentenceClassifier | None:
    """Return a contestant's model; None where it has none or it can't be loaded any more, as nothing hangs on it."""
    if contestant.model is None or "seed" in contestant.table:
        return None
    try:
        return resolve_model(contestant.model, task)[1]
    except InputError:
        return None
