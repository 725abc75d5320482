"""What a model comes to when it leaves to a human what it isn't sure of: on held-out rows, and on those of a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.config.schema import Data
from experiments.corpus.rows import Labelled, load_labelled
from experiments.errors import InputError
from experiments.evaluation.evaluate import Evaluation
from experiments.measures.proportions import proportion_bounds
from experiments.measures.resampling import Estimate
from experiments.measures.risk import Point, Surest, aurc, risk_coverage
from experiments.model import HeldOut, Promise, SentenceClassifier, fingerprint
from experiments.model.pool import predict
from experiments.notices import Warn


@dataclass(frozen=True)
class Curve:
    """The risk-coverage curve of an evaluation: how often the model errs on the share of rows of which it is surest.

    Attributes
    ----------
    points : list of Point
        From the strict end on.
    aurc : float
        The area under it.
    rows, articles : int
        Those with every label decided, which alone can be right or wrong, and their articles.
    """

    points: list[Point]
    aurc: float
    rows: int
    articles: int

    def dump(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "aurc": self.aurc,
            "rows": self.rows,
            "points": [
                {"coverage": p.coverage, "confidence": p.confidence, "kept": p.kept, "error": p.error, "bound": p.bound}
                for p in self.points
            ],
        }


@dataclass(frozen=True)
class Kept:
    """What came of a promise on an evaluation's rows.

    Attributes
    ----------
    promise : Promise
        What was promised, on other rows.
    rows, kept, errors : int
        Rows with every label decided, those that the model decides, and how many of these it gets wrong.
    labelled, kept_labelled : int
        To how many rows the model would give a label, and how many of these it decides.
    coverage, error : Estimate
        Shares of the rows that are kept, and of those that are wrong, with 95% bounds as whole articles are drawn.
    """

    promise: Promise
    rows: int
    kept: int
    errors: int
    labelled: int
    kept_labelled: int
    coverage: Estimate
    error: Estimate

    def dump(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            **self.promise.dump(),
            "rows": self.rows,
            "kept": self.kept,
            "errors": self.errors,
            "would_have_labels": self.labelled,
            "kept_with_labels": self.kept_labelled,
            "coverage": _bounded(self.coverage),
            "error": _bounded(self.error),
        }


def curve_of(classifier: SentenceClassifier, evaluation: Evaluation) -> Curve | None:
    """Return the risk-coverage curve of an evaluation; None if no row has every label decided."""
    whole, confidence, wrong = _surest(classifier, evaluation)
    if not len(whole):
        return None
    groups = [evaluation.data.groups[row] for row in whole]
    rows = Surest.of(confidence, wrong, groups)
    return Curve(risk_coverage(rows), aurc(rows), len(rows), len(set(groups)))


def measure_promise(classifier: SentenceClassifier, evaluation: Evaluation, promise: Promise) -> Kept:
    """Return how much a model decides of an evaluation's rows, and how often it errs on that.

    Raises
    ------
    InputError
        If no row has every label decided.
    """
    whole, confidence, wrong = _surest(classifier, evaluation)
    if not len(whole):
        raise InputError(f"{evaluation.data.name}: no row has every label decided, so none can be told right or wrong")
    kept = confidence >= promise.cut.confidence
    given = evaluation.decided[whole].any(axis=1)
    _, article = np.unique([evaluation.data.groups[row] for row in whole], return_inverse=True)
    sizes, kept_sizes, errors = (np.bincount(article, weights) for weights in (np.ones(len(whole)), kept, kept & wrong))
    return Kept(
        promise,
        len(whole),
        int(kept.sum()),
        int((kept & wrong).sum()),
        int(given.sum()),
        int((given & kept).sum()),
        Estimate(float(kept.mean()), *proportion_bounds(kept_sizes, sizes)),
        Estimate(float(wrong[kept].mean()) if kept.any() else float("nan"), *proportion_bounds(errors, kept_sizes)),
    )


def held_out_rows(
    classifier: SentenceClassifier, source: str, data: Data, say: Warn, jobs: int = 1
) -> tuple[HeldOut, Labelled]:
    """Read labelled rows and return what the model comes to on those that it has never seen, and these rows.

    Parameters
    ----------
    classifier : SentenceClassifier
        The model.
    source : str
        The file.
    data : Data
        Its columns.
    say : callable
        Called with a line for each thing that the user should know: rows that were left out because the model was
        trained on them, or because a label of theirs is undecided; articles that aren't named; labels that no row has.
    jobs : int, default 1
        Processes that predict, if that takes more than a few seconds.

    Raises
    ------
    InputError
        If the file can't be used, no row is left, or all rows have the same labels.
    """
    target = (data.columns.target or "target") if classifier.targeted else None
    columns = data.columns.model_copy(update={"target": target})
    rows = load_labelled(source, classifier.task, data.model_copy(update={"columns": columns}), say)
    named = columns.group in rows.rows.column_names
    if len(rows.whole) < len(rows):
        say(f"note: {len(rows) - len(rows.whole)} of {len(rows)} rows of {source} have an undecided label: left out")
        rows = rows.take(rows.whole)
    if not len(rows):
        raise InputError(f"{source}: no row has every label decided, so none can be told right or wrong")
    fresh = [at for at, text in enumerate(rows.texts) if fingerprint(text) not in classifier.trained_on]
    if not fresh:
        raise InputError(
            f"{source}: the model was trained on all of its {len(rows)} rows; give --held-out rows that it has not seen"
        )
    if len(fresh) < len(rows):
        say(f"note: the model was trained on {len(rows) - len(fresh)} of {len(rows)} rows of {source}: left out")
        rows = rows.take(fresh)
    asked = zip(map(fingerprint, rows.texts), rows.targets or [""] * len(rows), strict=True)
    first = {each: at for at, each in reversed([*enumerate(asked)])}
    if len(first) < len(rows):
        say(f"note: {len(rows) - len(first)} of {len(rows)} rows of {source} repeat another one: counted once")
        rows = rows.take(sorted(first.values()))
    if len(np.unique(rows.y, axis=0)) == 1:
        only = ", ".join(classifier.names(rows.y[:1])[0]) or "none"
        raise InputError(
            f"{source}: all {len(rows)} rows have the same labels ({only}), which tells nothing of the errors on "
            "others; give rows as they come in the texts that are scored"
        )
    lacking = [label for at, label in enumerate(classifier.labels) if not (rows.y[:, at] > 0).any()]
    if lacking:
        say(f"note: no row of {source} has {', '.join(lacking)}: how often the model misses that can't be promised")
    if not named:
        say(
            f"note: {source} has no column {columns.group!r}, so each row counts as an article of its own; if several "
            "are of one, the promise is too strong: name the column with --held-out-columns group=NAME"
        )
    probabilities = predict(classifier, rows.texts, rows.targets, jobs)
    wrong = (classifier.decide(probabilities) != rows.y).any(axis=1)
    return HeldOut.of(source, classifier.confidence(probabilities), wrong, rows.groups), rows


def curve_lines(curve: Curve | None, kept: Kept | None) -> list[str]:
    """Return the curve at a few coverages, and what came of a promise, as lines for a terminal."""
    if curve is None:
        return []
    shown = [next(p for p in curve.points if p.coverage >= share - 1e-9) for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
    steps = ", ".join(f"{p.coverage:.0%} {p.error:.3f}" for p in dict.fromkeys(shown))
    lines = [f"wrong in any label, of the share of rows of which the model is surest: {steps}; AURC {curve.aurc:.3f}"]
    if kept is not None:
        lines.append(f"promised: {kept.promise.line}")
        share = f" ({kept.kept_labelled} of the {kept.labelled} to which it gives a label)" * (
            kept.labelled < kept.rows
        )
        lines.append(
            f"measured: it decides {kept.kept} of {kept.rows} rows{share}, {_shown(kept.coverage)}, and errs on "
            f"{kept.errors} of these, {_shown(kept.error)}"
        )
    return lines


def abstention_json(curve: Curve | None, kept: Kept | None) -> Mapping[str, Any]:
    """Return both as plain values: ``risk_coverage``, and ``abstention`` where something was promised."""
    return {
        "risk_coverage": None if curve is None else curve.dump(),
        **({} if kept is None else {"abstention": kept.dump()}),
    }


def _surest(classifier: SentenceClassifier, evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the numbers of rows with every label decided, how sure the model is of each, and whether it is wrong."""
    whole = evaluation.data.whole
    confidence = classifier.confidence(evaluation.probabilities[whole])
    wrong = (evaluation.decided[whole] != evaluation.data.y[whole]).any(axis=1)
    return whole, confidence, wrong


def _shown(estimate: Estimate) -> str:
    if estimate.value != estimate.value:
        return "–"
    bounds = f" [{estimate.low:.3f}, {estimate.high:.3f}]" if estimate.low == estimate.low else ""
    return f"{estimate.value:.3f}{bounds}"


def _bounded(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
