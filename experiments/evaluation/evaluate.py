"""Measures a model on labelled rows: the numbers, and the rows behind them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.config.schema import Data
from experiments.corpus.checks import undecided_lines
from experiments.corpus.rows import UNDECIDED, Labelled, load_labelled
from experiments.errors import InputError
from experiments.evaluation.figures import draw_f1
from experiments.evaluation.gaps import MIN_SLICE, Gaps, find_gaps, gap_lines
from experiments.evaluation.predictions import SLICE
from experiments.files import finite
from experiments.measures.metrics import Metrics, measure
from experiments.model import SentenceClassifier
from experiments.model.pool import predict
from experiments.notices import Warn
from experiments.output import check_output, writing
from experiments.tables.cells import cell_key
from features.target_touch import named


@dataclass(frozen=True)
class Evaluation:
    """What came out of one model on one set of rows.

    Attributes
    ----------
    data : Labelled
        n rows.
    probabilities, decided : ndarray of shape (n, n_labels)
        Predicted probabilities and labels.
    metrics : dict of str to Estimate
        As :func:`experiments.measures.metrics.measure` names them.
    slices : dict
        Column -> value -> (rows, metrics), for values with at least 20 rows.
    gaps : Gaps
        What could not be measured, or on few rows only.
    unknown : dict of str to int or None
        Targets that were not in the model's training -> how many of the rows have them; None in a task without
        targets, or where the model doesn't know which it was trained on.
    """

    data: Labelled
    probabilities: np.ndarray
    decided: np.ndarray
    metrics: Metrics
    slices: dict[str, dict[str, tuple[int, Metrics]]]
    gaps: Gaps
    unknown: dict[str, int] | None = None


def evaluate(
    classifier: SentenceClassifier,
    data: Labelled,
    bootstrap: int = 1000,
    seed: int = 0,
    slices: Sequence[str] = (),
    jobs: int = 1,
) -> Evaluation:
    """Predict labelled rows and measure the predictions.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model.
    data : Labelled
        The rows, labelled for the same task.
    bootstrap, seed : int
        Resamples for the bounds, and their seed.
    slices : sequence of str, default ()
        Columns by whose values the metrics are measured once more; those the rows don't have are among the gaps.
    jobs : int, default 1
        Processes that predict, if that takes more than a few seconds.
    """
    probabilities = predict(classifier, data.texts, data.targets, jobs)
    decided = classifier.decide(probabilities)
    labels, task = classifier.labels, classifier.task

    def measured(rows: np.ndarray) -> Metrics:
        found = data.y[rows], probabilities[rows], decided[rows]
        groups = [data.groups[i] for i in rows]
        return measure(*found, labels, groups, task.multilabel, bootstrap, seed, task.average_over)

    sliced: dict[str, dict[str, tuple[int, Metrics]]] = {}
    sizes: dict[str, dict[str, int]] = {}
    for column in slices:
        if column in data.rows.column_names:
            values = np.asarray([cell_key(value) or "missing" for value in data.rows[column]])
            parts = {str(value): np.flatnonzero(values == value) for value in sorted(set(values))}
            sizes[column] = {value: len(rows) for value, rows in parts.items()}
            sliced[column] = {
                value: (len(rows), measured(rows)) for value, rows in parts.items() if len(rows) >= MIN_SLICE
            }
    metrics = measured(np.arange(len(data)))
    lacking = [column for column in slices if column not in sizes]
    gaps = find_gaps(labels, data.y, decided, metrics["macro_f1"].value, sizes, lacking)
    return Evaluation(data, probabilities, decided, metrics, sliced, gaps, unknown_targets(classifier, data))


def unknown_targets(classifier: SentenceClassifier, data: Labelled) -> dict[str, int] | None:
    """Return the rows' targets that were not in the model's training, with their numbers of rows, sorted by name.

    None in a task without targets, and for models saved before they knew what they were trained on.
    """
    known = classifier.known_targets
    if known is None or data.targets is None:
        return None
    counts = Counter(" ".join(target.split()) for target in data.targets)
    return {target: counts[target] for target in sorted(counts) if not known.knows(target)}


def unknown_lines(evaluation: Evaluation) -> list[str]:
    """Return how many rows have a target that was not in the model's training, as a line, if any have."""
    if not evaluation.unknown:
        return []
    rows = sum(evaluation.unknown.values())
    return [
        f"{rows} of these {len(evaluation.data)} rows have a target that was not in training: "
        f"{named(list(evaluation.unknown))}"
    ]


def evaluate_file(
    classifier: SentenceClassifier,
    source: str,
    settings: Data,
    bootstrap: int,
    seed: int,
    slices: Sequence[str],
    predictions: Path | None,
    warn: Warn,
    jobs: int = 1,
) -> Evaluation:
    """Read a labelled file, evaluate the model on it, and write the predictions if asked.

    Raises
    ------
    InputError
        If the file can't be used, a slice names no column, or the predictions can't be written or would replace it.
    """
    if predictions is not None:
        check_output(predictions, [source])
    target = (settings.columns.target or "target") if classifier.targeted else None
    columns = settings.columns.model_copy(update={"target": target})
    data = load_labelled(source, classifier.task, settings.model_copy(update={"columns": columns}), warn)
    for column in slices:
        if column not in data.rows.column_names:
            raise InputError(
                f"{source}: has no column {column!r} to slice by; it has {', '.join(data.rows.column_names)}"
            )
    for line in [*undecided_lines(data, classifier.labels), *_drawn_lines(data)]:
        warn(f"note: {line}")
    evaluation = evaluate(classifier, data, bootstrap, seed, slices, jobs)
    apart = "" if target in slices else f"; --slice {target} measures them apart"
    for line in [*(f"{line}{apart}" for line in unknown_lines(evaluation)), *gap_lines(evaluation.gaps)]:
        warn(f"note: {line}")
    if predictions is not None:
        with writing(predictions) as path:
            save_predictions(path, classifier, evaluation)
    return evaluation


def _drawn_lines(data: Labelled) -> list[str]:
    """Return what is to be said of rows that were drawn with different probabilities: nothing here weights them."""
    column = "probability"
    if column not in data.rows.column_names or len({cell_key(cell) for cell in data.rows[column]} - {""}) < 2:
        return []
    return [
        f"{data.name} was drawn with different probabilities (column {column!r}), and the figures here are of its rows "
        "as they are, not of what it was drawn from; framescope prevalence weights them"
    ]


def predictions_table(classifier: SentenceClassifier, evaluation: Evaluation) -> pd.DataFrame:
    """Return one row a sentence: id, group, text, true and predicted labels, and a probability a label.

    If there are labels that nobody decided, a column ``undecided`` lists them. In a multilabel task columns
    ``threshold_<label>`` have the probability from which on each label is given. Of a stance model that knows its
    targets ``target_in_training`` and ``touches_target`` say what the answer rests on, as in scored sentences.

    Columns ``slice_<name>`` have the values that the evaluation was sliced by.

    ``framescope compare`` pairs runs on the ids.
    """
    data = evaluation.data
    table = pd.DataFrame({"id": data.ids, "group": data.groups, "text": data.texts})
    if data.targets is not None:
        table["target"] = data.targets
    table["true"] = classifier.names(data.y > 0)
    if (data.y == UNDECIDED).any():
        table["undecided"] = classifier.names(data.y == UNDECIDED)
    table["predicted"] = classifier.names(evaluation.decided)
    for column, label in enumerate(classifier.labels):
        table[f"score_{label}"] = evaluation.probabilities[:, column]
    for label, threshold in classifier.given_from.items():
        table[f"threshold_{label}"] = threshold
    for name, marks in classifier.target_marks(data.texts, data.targets).items():
        table[name] = marks
    for name in evaluation.slices:
        table[SLICE + name] = [cell_key(value) or "missing" for value in data.rows[name]]
    return table


def save_predictions(path: Path, classifier: SentenceClassifier, evaluation: Evaluation) -> None:
    """Write the predictions table as Parquet."""
    predictions_table(classifier, evaluation).to_parquet(path, index=False)


def save_evaluation(folder: Path, classifier: SentenceClassifier, evaluation: Evaluation) -> None:
    """Write what a tracked run keeps of an evaluation.

    ``predictions.parquet``; ``metrics.json``, which holds every metric with its bounds, of the slices too (null where
    it is undefined or has none); and ``figures/macro_f1.png``.
    """
    save_predictions(folder / "predictions.parquet", classifier, evaluation)
    data = evaluation.data
    content = {
        "data": data.name,
        "digest": data.digest,
        "rows": len(data),
        "metrics": _bounded(evaluation.metrics),
        "slices": {
            column: {value: {"rows": rows, "metrics": _bounded(metrics)} for value, (rows, metrics) in parts.items()}
            for column, parts in evaluation.slices.items()
        },
    }
    text = json.dumps(finite(content), indent=1, ensure_ascii=False)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    draw_f1(folder / "figures" / "macro_f1.png", classifier.labels, evaluation.metrics)


def _bounded(metrics: Metrics) -> dict[str, dict[str, float]]:
    return {name: {"value": each.value, "low": each.low, "high": each.high} for name, each in metrics.items()}
