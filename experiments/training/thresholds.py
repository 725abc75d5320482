"""What a model's probabilities mean, and from which on a label is given."""

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.files import shown_paths
from experiments.measures.calibration import Calibration, calibrate, uncalibrated
from experiments.measures.operating_points import best_thresholds
from experiments.model import HeldOut
from experiments.notices import Warn
from experiments.tables.cells import cell_key
from experiments.training.held_out import held_out_of
from experiments.training.out_of_fold import out_of_fold

_VALIDATION = "validation rows of"


def choose_thresholds(
    config: Config, build: Callable[[], Any], train: Labelled, pipeline: Any, held: Labelled | None, say: Warn
) -> tuple[np.ndarray, Calibration | None, HeldOut | None]:
    """Return the labels' thresholds as the config asks for them, shape (n_labels,), and the calibration before them.

    And what the model came to on the rows on which they were chosen, which promises of its error are made of; None
    where nothing was chosen on any and none are set aside.

    Parameters
    ----------
    config : Config
        The experiment.
    build : callable
        Returns a fresh, unfitted pipeline, for cross-validation.
    train : Labelled
        The rows that the pipeline was fitted to.
    pipeline : Any
        The fitted pipeline.
    held : Labelled or None
        Rows set aside, to choose on with ``method: validation``.
    say : callable
        Called with a line for what the user should know.

    Raises
    ------
    InputError
        If ``where`` names a column that the rows don't have, or leaves a label without rows.
    """
    settings, multilabel = config.thresholds, config.task.multilabel
    thresholds = np.full(len(config.task.labels), settings.value)
    chooses = multilabel and settings.method != "fixed"
    if not chooses and config.calibration == "none":
        if held is None:
            return thresholds, None, None
        rest = np.asarray(pipeline.predict_proba(held.inputs))
        return thresholds, None, held_out_of(config, held, rest, _source(_VALIDATION, held), False)
    rows = train if settings.method == "cv" or held is None else held
    chosen = at_natural_rates(config, rows)
    if rows is held:
        probabilities = np.asarray(pipeline.predict_proba(held.inputs))[chosen]
    else:
        probabilities = out_of_fold(build, train, multilabel, settings.folds, config.seed, say)[chosen]
    way = _VALIDATION if rows is held else f"out-of-fold predictions ({settings.folds} folds) of"
    kept = held_out_of(config, rows.take(np.flatnonzero(chosen)), probabilities, _source(way, rows), chooses)
    truth, calibration = rows.y[chosen], None
    if config.calibration != "none":
        calibration = calibrate(truth, probabilities, config.calibration, multilabel)
        probabilities = calibration(probabilities)
        for label, n in uncalibrated(truth, config.task.labels).items() if multilabel else ():
            say(f"note: {label} is not calibrated: {n} of the {len(truth)} rows to learn that from have it")
    if chooses:
        thresholds = best_thresholds(truth, probabilities, settings.among)
    return thresholds, calibration, kept


def _source(way: str, rows: Labelled) -> str:
    """Return where held-out rows are from, in one line that may go to others with the model."""
    return " ".join(f"{way} {', '.join(shown_paths(rows.name.split(', ')))}".split())


def check_where(config: Config, train: Labelled) -> None:
    """Make sure that ``thresholds.where`` names columns of the training rows, before anything is fitted.

    Raises
    ------
    InputError
        If one is not there.
    """
    settings = config.thresholds
    if config.task.multilabel and settings.method != "fixed":
        for column in settings.where:
            _need(train, column)


def _need(train: Labelled, column: str) -> None:
    if column not in train.rows.column_names:
        known = ", ".join(train.rows.column_names)
        raise InputError(
            f"{train.name}: has no column {column!r} for thresholds.where; it has {known} (to choose thresholds on all "
            f"rows: thresholds.where={{{column}: null}})"
        )


def at_natural_rates(config: Config, train: Labelled) -> np.ndarray:
    """Return a mask of the rows that ``thresholds.where`` names, shape (n,).

    Raises
    ------
    InputError
        If it names a column that the rows don't have, or leaves a label without rows.
    """
    wanted = config.thresholds.where
    mask = np.ones(len(train), dtype=bool)
    for column, value in wanted.items():
        values = {cell_key(each) for each in ([value] if isinstance(value, str) else value)}
        _need(train, column)
        mask &= np.asarray([cell_key(cell) in values for cell in train.rows[column]])
    if not (train.y[mask] > 0).any(axis=0).all():
        raise InputError(
            f"{train.name}: thresholds.where={wanted} leaves {mask.sum()} rows to choose on, not all labels in them"
        )
    return mask
