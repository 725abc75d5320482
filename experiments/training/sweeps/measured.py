"""How a trial is measured: on training rows that its models have not seen, and on no others."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled, load_unlabelled
from experiments.corpus.splits import folds, hold_out
from experiments.evaluation.evaluate import evaluate, predictions_table
from experiments.evaluation.predictions import predicted, stacked
from experiments.measures.metrics import Metrics, measure
from experiments.notices import Warn
from experiments.provenance import code_digest
from experiments.training.fitting import fit

_ASIDE = ("name", "description", "evaluation", "tracking", "sweep")  # what no trial's value depends on
_FILES = ("train", "test", "unlabelled", "encoding")


@dataclass(frozen=True)
class Part:
    """What one process does of a trial: a fold, or all of them where none decides whether there is another.

    Attributes
    ----------
    config : Config
        The trial's.
    folds : list of (Labelled, Labelled)
        Rows to fit on, and rows to measure.
    barred : list of str
        Further texts, the test rows', that must not come in as sentences without labels.
    """

    config: Config
    folds: list[tuple[Labelled, Labelled]]
    barred: list[str]


def parts_of(config: Config, rows: Labelled) -> list[tuple[Labelled, Labelled]]:
    """Return (rows to fit on, rows to measure) of each fold, or of the one validation part; groups whole.

    Which rows these are depends on the split seed alone, so they are the same for every trial.

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    sweep = config.sweep
    assert sweep is not None
    if sweep.over == "validation":
        return [hold_out(rows, sweep.validation_size, config.split_seed)]
    return [(rows.take(rest), rows.take(held)) for rest, held in folds(rows, sweep.folds, config.split_seed)]


def fit_part(part: Part, say: Warn) -> list[pd.DataFrame]:
    """Fit on each fold's rows, thresholds included, and return the predictions of those held out."""
    tables = []
    for rest, held in part.folds:
        unseen = replace(held, texts=[*held.texts, *part.barred])
        classifier = fit(part.config, rest, unseen)
        tables.append(predictions_table(classifier, evaluate(classifier, held, bootstrap=0)))
    return tables


def measured(config: Config, held: Sequence[Labelled], tables: Sequence[pd.DataFrame]) -> Metrics:
    """Return the metrics of the parts so far, all their rows together, without bounds."""
    task, found = config.task, predicted(stacked(tables), config.task.labels)
    y = np.concatenate([rows.y for rows in held])
    groups = [group for rows in held for group in rows.groups]
    arrays = y, found.probabilities, found.decided
    return measure(*arrays, task.labels, groups, task.multilabel, 0, config.seed, task.average_over)


def data_digest(config: Config, rows: Labelled) -> str:
    """Return a digest of all but the settings that a trial's value depends on: 16 hex digits.

    The rows in their order, the sentences without labels, how trials are measured, and the kit's own code. Versions of
    packages are not in it, so that machines which differ in one still share their trials; each run names them.
    """
    sweep = config.sweep
    assert sweep is not None
    how: dict[str, Any] = {"over": sweep.over, "metric": sweep.metric, "seed": config.split_seed}
    how |= {"folds": sweep.folds} if sweep.over == "folds" else {"size": sweep.validation_size}
    unlabelled = load_unlabelled(config) if config.data.unlabelled else []
    cells = (rows.ids, rows.groups, rows.inputs, rows.y.tolist(), sorted(rows.rows.columns.items()))
    return _digest([how, code_digest(), unlabelled, [repr(each) for each in cells]])


def sweep_digest(config: Config, data: str) -> str:
    """Return a digest of a sweep: what it tries, on what. How many trials it has is no part of it, nor where they are.

    So a sweep that is given more trials goes on with those it has.
    """
    sweep = config.sweep
    assert sweep is not None
    said = sweep.model_dump(mode="json", exclude={"trials", "storage"})
    return _digest([_what(config.dump()), said, data])


def trial_key(config: Config, data: str) -> str:
    """Return the digest under which a trial of a resolved config is known, in every sweep and on every machine."""
    return _digest([_what(config.dump()), data])


def _what(dumped: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a config decides a trial's value; files count by the rows in them, wherever they lie."""
    found = {key: value for key, value in dumped.items() if key not in _ASIDE}
    return {**found, "data": {key: value for key, value in dumped["data"].items() if key not in _FILES}}


def _digest(value: Any) -> str:
    said = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
