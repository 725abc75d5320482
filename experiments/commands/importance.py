"""The importance of a model's blocks as one JSON object, and as text."""

from typing import Any

from experiments.evaluation.importance import Importance
from experiments.measures.resampling import Estimate


def importance_json(found: Importance) -> dict[str, Any]:
    """Return ``repeats``, ``rows``, ``articles``, and ``blocks``: block -> metric -> ``value``, ``low``, ``high``."""
    return {
        "repeats": found.repeats,
        "rows": found.rows,
        "articles": found.groups,
        "blocks": {
            block: {name: {"value": each.value, "low": each.low, "high": each.high} for name, each in drops.items()}
            for block, drops in found.blocks.items()
        },
    }


def importance_text(found: Importance) -> str:
    """Return a line a block: by how much macro-F1 and each label's F1 fall."""
    metrics = list(next(iter(found.blocks.values())))
    heads = {"macro_f1": "macro-F1", "average_f1": "average F1"}
    width = max(map(len, found.blocks))
    lines = [f"{'':{width}}  " + "  ".join(f"{heads.get(name, name.removesuffix('.f1')):24}" for name in metrics)]
    for block, drops in found.blocks.items():
        lines.append(f"{block:{width}}  " + "  ".join(f"{_drop(drops[name]):24}" for name in metrics))
    return "\n".join(
        [
            f"How far F1 falls when a block's columns are exchanged between articles ({found.repeats} times), with 95% "
            "bounds",
            "",
            *(line.rstrip() for line in lines),
            "",
            "What this model loses without what the block says, not what a model trained without it would: for that "
            "see framescope ablate.",
        ]
    )


def _drop(estimate: Estimate) -> str:
    if estimate.value != estimate.value:
        return "–"
    bounds = f" [{estimate.low:+.3f}, {estimate.high:+.3f}]" if estimate.low == estimate.low else ""
    return f"{estimate.value:+.3f}{bounds}"
