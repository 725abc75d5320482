"""The results of commands as one JSON object, and as text for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.articles.scored import lack_of
from experiments.articles.write import ScoreSummary
from experiments.commands.abstaining import abstained_json, abstained_text
from experiments.corpus.checks import undecided_counts
from experiments.evaluation.checks.run import Checked
from experiments.evaluation.evaluate import Evaluation
from experiments.evaluation.gaps import MIN_SLICE, Gaps, small_slices
from experiments.measures.metrics import flat_metrics
from experiments.measures.resampling import Estimate
from experiments.model import Promise, SentenceClassifier
from experiments.train import Trained
from experiments.training.cross_validation import LearningPoint

_LEGEND = (
    "(of probabilities, 0 is best: Brier is their mean squared distance from the truth, ECE their mean distance from "
    "how often it is so)"
)


def trained_json(trained: Trained) -> dict[str, Any]:
    """Return a training run's result: ``run_id``, ``model_uri``, ``metrics`` (flat), ``registered``, ``seconds``.

    ``thresholds`` has the probability from which on each label is given, and is empty in a multiclass task.
    ``undecided`` counts, for ``train`` and ``test``, rows left out because no label of theirs was decided, and for each
    label the rows where it isn't; ``checks`` and ``ignored`` are what checks found, and which were left out; the rest
    is what could not be measured: see :func:`gaps_json`.
    """
    version = trained.registered
    registered = {"name": version.name, "version": version.version, "champion": version.champion} if version else None
    return {
        "run_id": trained.run_id,
        "model_uri": trained.model_uri,
        "metrics": trained.metrics,
        "thresholds": trained.thresholds,
        "registered": registered,
        "seconds": round(trained.seconds, 3),
        "undecided": trained.undecided,
        **trained.checked.dump(),
        **gaps_json(trained.gaps),
    }


def gaps_json(gaps: Gaps) -> dict[str, Any]:
    """Return what could not be measured.

    ``labels_without_rows`` (label -> rows that were given it, wrongly), ``small_slices`` (column -> value -> rows, of
    the values with fewer than ``least_slice_rows``) and ``absent_columns`` (columns to slice by that the rows don't
    have).
    """
    return {
        "labels_without_rows": gaps.absent,
        "small_slices": gaps.slices,
        "least_slice_rows": MIN_SLICE,
        "absent_columns": gaps.columns,
    }


def trained_text(trained: Trained) -> str:
    """Return a training run's result as text."""
    metrics = {name.removeprefix("test."): value for name, value in trained.metrics.items()}
    estimates = {
        name: Estimate(value, metrics.get(f"{name}.low", float("nan")), metrics.get(f"{name}.high", float("nan")))
        for name, value in metrics.items()
        if not name.endswith((".low", ".high"))
    }
    labels = [name.removesuffix(".support") for name in estimates if name.endswith(".support")]
    lines = [
        *metrics_lines(labels, estimates),
        *thresholds_lines(trained.thresholds),
        "",
        *checked_lines(trained.checked),
    ]
    if trained.registered:
        version = trained.registered
        standing = "is now the champion" if version.champion else "is not the champion"
        lines.append(f"{version.name} version {version.version} {standing}: {version.reason}")
    lines += [
        f"run    {trained.run_id}  ({trained.seconds:.1f} s)",
        f"model  {trained.model_uri}",
        f"next   framescope report {trained.run_id}    framescope score ARTICLE --model "
        f"{trained.model_uri}    framescope ui",
    ]
    return "\n".join(lines)


def checked_lines(checked: Checked) -> list[str]:
    """Return a line for each thing that checks found, and an empty one after them; none if they found nothing."""
    return [*(finding.line for finding in checked.findings), *[""] * bool(checked.findings)]


def evaluated_json(uri: str, evaluation: Evaluation, checked: Checked, run_id: str | None = None) -> dict[str, Any]:
    """Return an evaluation's result: the model, the rows, their digest, and flat metrics, also by slice.

    ``run_id`` is null where the evaluation isn't kept in MLflow.
    ``undecided`` counts rows left out because no label of theirs was decided, and for each label the rows where it
    isn't; ``targets_not_in_training`` (target -> rows) is there for a model that knows its training targets;
    ``checks`` and ``ignored`` are what checks found, and which were left out; the rest is what could not be measured:
    see :func:`gaps_json`.
    """
    return {
        "model": uri,
        "run_id": run_id,
        "data": evaluation.data.name,
        "rows": len(evaluation.data),
        "digest": evaluation.data.digest,
        "metrics": flat_metrics(evaluation.metrics, "test"),
        "slices": {
            column: {
                value: {"rows": rows, "metrics": flat_metrics(metrics, "test")}
                for value, (rows, metrics) in parts.items()
            }
            for column, parts in evaluation.slices.items()
            if parts
        },
        "undecided": undecided_counts(evaluation.data, evaluation.gaps.labels),
        **({} if evaluation.unknown is None else {"targets_not_in_training": evaluation.unknown}),
        **checked.dump(),
        **gaps_json(evaluation.gaps),
    }


def evaluated_text(
    uri: str,
    classifier: SentenceClassifier,
    evaluation: Evaluation,
    checked: Checked,
    run_id: str | None = None,
    abstention: Sequence[str] = (),
) -> str:
    """Return an evaluation's result as text, with lines on what comes of leaving sentences to a human."""
    lines = [f"{uri} on {len(evaluation.data)} rows of {evaluation.data.name}", ""]
    lines += [*metrics_lines(classifier.labels, evaluation.metrics), *thresholds_lines(classifier.given_from)]
    for column, parts in evaluation.slices.items():
        small = evaluation.gaps.slices.get(column)
        lines += ["", f"macro-F1 by {column}{'' if parts else ': not measured'}"]
        lines += [
            f"  {value:<24} {_bounded(metrics['macro_f1'])}  {rows} rows{_over(metrics)}"
            for value, (rows, metrics) in parts.items()
        ]
        if small:
            lines.append(f"  of fewer than {MIN_SLICE} rows, and so left out: {small_slices(small)}")
    if abstention:
        lines += ["", *abstention]
    lines += ["", *checked_lines(checked)]
    if run_id:
        lines += ["", f"run    {run_id}"]
    return "\n".join(lines).rstrip()


def scored_json(uri: str, summary: ScoreSummary, output: Path | str, promise: Promise | None = None) -> dict[str, Any]:
    """Return what was scored, with which model, and where it went.

    For a stance model also ``target``, and where it knows its training targets ``target_in_training`` and
    ``untouched``, the number of sentences without a word of the target or one that goes with it. With a promise also
    ``abstained``: how many sentences are left to a human, and what is promised of the others, on which rows.
    """
    return {
        "model": uri,
        "output": str(output),
        "articles": summary.articles,
        "sentences": summary.sentences,
        "boilerplate": summary.boilerplate,
        "skipped": summary.skipped,
        "rows_left_out": summary.rows_left_out,
        **_duplicates_json(summary),
        "labels": dict(summary.labels),
        **_target_json(summary),
        **abstained_json(promise, summary),
        "seconds": round(summary.seconds, 3),
    }


def scored_text(uri: str, summary: ScoreSummary, output: Path | str | None, promise: Promise | None = None) -> str:
    """Return what was scored as one line, and one each of what may be a guess and of what is left to a human."""
    found = ", ".join(f"{label} {count}" for label, count in summary.labels.items())
    where = f" -> {output}" if output else ""
    left_out = f", {summary.skipped} file(s) skipped" if summary.skipped else ""
    if summary.duplicates is not None:
        left_out += f", {summary.duplicates[0]} duplicate(s) and {summary.duplicates[1]} near one(s) left out"
    left_out += f", {summary.rows_left_out} row(s) left out" if summary.rows_left_out else ""
    return (
        f"{summary.articles} article(s){left_out}, {summary.sentences} sentences ({summary.boilerplate} "
        f"boilerplate): {found}; by {uri}{where}{_untouched_text(summary)}"
        f"{abstained_text(promise, summary)}"
    )


def _duplicates_json(summary: ScoreSummary) -> dict[str, Any]:
    if summary.duplicates is None:
        return {}
    exact, near = summary.duplicates
    return {"duplicates": {"exact": exact, "near": near}}


def _target_json(summary: ScoreSummary) -> dict[str, Any]:
    if summary.target is None:
        return {}
    if summary.target_in_training is None:
        return {"target": summary.target}
    return {
        "target": summary.target,
        "target_in_training": summary.target_in_training,
        "untouched": summary.untouched,
    }


def _untouched_text(summary: ScoreSummary) -> str:
    if not summary.untouched:
        return ""
    read = summary.sentences - summary.boilerplate
    lack = lack_of(summary.target_in_training)
    return f"\n{summary.untouched} of {read} sentences have {lack}: their stance may be the model's guess"


def metrics_lines(labels: list[str], metrics: dict[str, Estimate]) -> list[str]:
    """Return metrics as an aligned table, with 95% bounds in brackets; what is undefined is a dash."""
    width = max(len(label) for label in [*labels, "macro-F1"])
    lines = [f"{'':<{width}}  {'precision':<21}{'recall':<21}{'F1':<21}{'avg. precision':<21}rows"]
    for label in labels:
        cells = "".join(
            f"{_bounded(metrics[f'{label}.{name}']):<21}" for name in ("precision", "recall", "f1", "average_precision")
        )
        lines.append(f"{label:<{width}}  {cells}{metrics[f'{label}.support'].value:.0f}")
    overall = (
        ("macro_f1", "macro-F1"),
        ("micro_f1", "micro-F1"),
        ("exact_match", "exact match"),
        ("log_loss", "log loss"),
        ("brier", "Brier"),
        ("ece", "ECE"),
    )
    lines.append(
        "  ".join(
            f"{title} {_bounded(metrics[name])}{_over(metrics) if name == 'macro_f1' else ''}"
            for name, title in overall[:3]
        )
    )
    if "average_f1" in metrics:
        lines.append(f"average F1 {_bounded(metrics['average_f1'])}, of the labels in task.average_over")
    lines.append("  ".join(f"{title} {_bounded(metrics[name])}" for name, title in overall[3:]))
    lines.append(_LEGEND)
    return lines


def thresholds_lines(thresholds: Mapping[str, float]) -> list[str]:
    """Return from which probability on each label is given, as a line; nothing in a multiclass task."""
    if not thresholds:
        return []
    given = ", ".join(f"{label} {threshold:.2f}" for label, threshold in thresholds.items())
    return [f"thresholds: {given} (a label is given from its threshold on)"]


def _bounded(estimate: Estimate) -> str:
    if estimate.value != estimate.value:
        return "–"
    if estimate.low != estimate.low:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _over(metrics: dict[str, Estimate]) -> str:
    """Return over how many labels macro-F1 is taken, if not over all."""
    rows = [estimate.value for name, estimate in metrics.items() if name.endswith(".support")]
    there = sum(n > 0 for n in rows)
    return "" if there == len(rows) else f" over {there} of {len(rows)} labels"


def learning_curve_json(points: Sequence[LearningPoint]) -> dict[str, Any]:
    """Return a learning curve's points."""
    return {"points": [{"rows": p.size, "macro_f1": p.mean, "draws": p.draws} for p in points]}


def learning_curve_text(points: Sequence[LearningPoint]) -> str:
    """Return a learning curve as a table."""
    lines = ["  rows  macro-F1  draws"]
    lines += [f"{p.size:>6}  {p.mean:8.3f}  {'  '.join(f'{score:.3f}' for score in p.draws)}" for p in points]
    return "\n".join(lines)
