"""The results of repeated measurements, seeds or folds, as one JSON object and as text for a terminal."""

from typing import Any

from experiments.commands.summary import metrics_lines
from experiments.config.schema import Config
from experiments.measures.repeated import Spread
from experiments.repeat import Repeated
from experiments.tracking.families import Child
from experiments.training.cross_validation import CrossValidation

_OVERALL = {
    "macro_f1": "macro-F1",
    "micro_f1": "micro-F1",
    "average_f1": "average F1",
    "exact_match": "exact match",
    "log_loss": "log loss",
    "brier": "Brier",
    "ece": "ECE",
}


def repeated_json(found: Repeated) -> dict[str, Any]:
    """Return repeated training's result: ``run_id``, ``children``, ``metrics`` (flat) and ``seconds``."""
    return {
        "run_id": found.run_id,
        "split_seed": found.split_seed,
        "rows": found.rows,
        "groups": found.groups,
        "children": [
            {"seed": seed, **_child_json(child)} for seed, child in zip(found.seeds, found.children, strict=True)
        ],
        "metrics": found.metrics,
        "seconds": round(found.seconds, 3),
    }


def repeated_text(config: Config, found: Repeated, command: str) -> str:
    """Return the same as text; ``command`` is what was called, without its options."""
    width = max(map(len, [*(f"{label} F1" for label in config.task.labels), *_OVERALL.values()]))
    lines = [
        f"{config.name}: {len(found.seeds)} seeds on the same {found.rows} test rows of {found.groups} groups "
        f"(split seed {found.split_seed})",
        "",
        f"{'seed':<10}  {'macro-F1':<21}  {'seconds':>7}  run",
    ]
    for seed, child in zip(found.seeds, found.children, strict=True):
        lines.append(f"{seed:<10}  {_of_child(child):<21}  {child.seconds:>7.1f}  {child.run_id}{_again(child)}")
    lines += ["", f"{'':<{width}}  {'mean':>6}  {'sd':>6}  95% bounds of the mean"]
    rows = {**_OVERALL, **{f"{label}.f1": f"{label} F1" for label in config.task.labels}}
    lines += [f"{title:<{width}}  {_row(found.spreads[name])}" for name, title in rows.items() if name in found.spreads]
    return "\n".join(
        [
            *lines,
            "",
            "Bounds: other articles to test on and other seeds, not other articles to train on.",
            f"run    {found.run_id}  ({found.seconds:.1f} s)",
            f"next   framescope report {found.children[0].run_id}    framescope ui",
            "No child is registered. To register one, train it by itself, with its seed and this split: "
            f"{command} seed={found.seeds[0]} data.split_seed={found.split_seed}",
        ]
    )


def cross_validated_json(config: Config, found: CrossValidation) -> dict[str, Any]:
    """Return a cross-validation's result.

    ``run_id`` and ``children`` (null and empty if it wasn't tracked), ``metrics`` (flat, with bounds; over folds
    ``.mean`` and ``.sd``), ``rows``, ``fold_macro_f1``, what is undecided, and ``seconds``.
    """
    return {
        "config": config.name,
        "run_id": found.run_id,
        "children": [{"fold": number, **_child_json(child)} for number, child in enumerate(found.children, 1)],
        "rows": found.rows,
        "fold_macro_f1": found.folds,
        "metrics": found.flat,
        "undecided": found.undecided,
        "seconds": round(found.seconds, 3),
    }


def cross_validated_text(config: Config, found: CrossValidation) -> str:
    """Return the same as text."""
    lines = [f"{config.name}: {len(found.folds)}-fold cross-validation of {found.rows} rows", ""]
    lines += metrics_lines(config.task.labels, found.metrics)
    over = found.spreads["macro_f1"]
    each = "  ".join("–" if score != score else f"{score:.3f}" for score in found.folds)
    lines += ["", f"macro-F1 by fold  {each}  (mean {over.mean.value:.3f}, sd {over.sd:.3f}, which bounds nothing)"]
    if found.run_id:
        lines += [f"fold {n}  {child.run_id}{_again(child)}" for n, child in enumerate(found.children, 1)]
        lines += [f"run     {found.run_id}  ({found.seconds:.1f} s)"]
    return "\n".join(lines)


def _again(child: Child) -> str:
    return "  (done before)" if child.reused else ""


def _child_json(child: Child) -> dict[str, Any]:
    return {
        "run_id": child.run_id,
        "reused": child.reused,
        "metrics": child.metrics,
        "seconds": round(child.seconds, 3),
    }


def _of_child(child: Child) -> str:
    value, low, high = (child.metrics.get(f"test.macro_f1{end}", float("nan")) for end in ("", ".low", ".high"))
    if value != value:
        return "–"
    return f"{value:.3f}" if low != low else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _row(found: Spread) -> str:
    mean = found.mean
    if mean.value != mean.value:
        return f"{'–':>6}"
    sd = "–" if found.sd != found.sd else f"{found.sd:.4f}"
    bounds = "" if mean.low != mean.low else f"  [{mean.low:.3f}, {mean.high:.3f}]"
    return f"{mean.value:>6.3f}  {sd:>6}{bounds}"
