"""Keeps evaluations and comparisons in MLflow, where there is a store."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.errors import InputError
from experiments.evaluation.comparison import Compared, written_back
from experiments.evaluation.evaluate import Evaluation, save_evaluation
from experiments.files import MODELS, STARTER, finite, path_of
from experiments.model import SentenceClassifier, model_digest
from experiments.tracking.resolve import is_uri
from experiments.tracking.store import check_store, store_exists, store_uri


def is_tracked(model: str, track: bool = True) -> bool:
    """Return whether an evaluation of a model is to be kept.

    It isn't without a store, of a model that didn't come from one: none is made for that.

    Raises
    ------
    InputError
        If it is to be kept, and the store can't be used: better said before the rows are scored than after.
    """
    if not track or not (is_uri(model) or store_exists()):
        return False
    try:
        check_store(store_uri())
    except InputError as error:
        raise InputError(f"{error}; --no-track evaluates without keeping the result") from None
    return True


def track_evaluation(model: str, classifier: SentenceClassifier, evaluation: Evaluation) -> str:
    """Keep an evaluation as a run, and return the run's id.

    Parameters
    ----------
    model : str
        As :func:`experiments.tracking.resolve.resolve_model` names it: the metrics belong to the logged model of an
        MLflow URI; for a folder or the starter, its name and digest are tags of the run.
    classifier : SentenceClassifier
        The model.
    evaluation : Evaluation
        What it came to on some rows.
    """
    from experiments.tracking.evaluations import record_evaluation  # MLflow takes a second to import

    task = classifier.task.name
    digest = None
    if not is_uri(model):
        digest = model_digest(MODELS / task if model == STARTER else path_of(model))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        save_evaluation(folder, classifier, evaluation)
        return record_evaluation(model, digest, task, evaluation.data, evaluation.metrics, folder)


def track_comparison(
    compared: Compared, name: str, page: str, result: Mapping[str, Any], data: str | None = None
) -> str:
    """Keep a comparison as a run with its page, and its verdicts with the runs compared; return the run's id.

    ``data`` is the file that all were scored on, None where each run brought its own predictions.
    """
    from experiments.tracking.comparisons import record_comparison

    against = compared.contestants[compared.baseline].name
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "comparison.html").write_text(page, encoding="utf-8")
        (folder / "comparison.json").write_text(json.dumps(finite(result), ensure_ascii=False, indent=2), "utf-8")
        return record_comparison(compared.contestants[0].task, name, against, written_back(compared), folder, data)
