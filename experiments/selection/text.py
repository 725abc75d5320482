"""What a selection is in words and as JSON."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from experiments.selection.candidates import LeftOut
from experiments.selection.measured import measured_line
from experiments.selection.selecting import Selection, Wanted

_WHY = {
    "no_text": "without text",
    "boilerplate": "boilerplate",
    "labelled": "labelled already",
    "trained_on": "the model was trained on",
    "repeated": "repeated",
    "near": "nearly the same as others",
}
_UNLIKE = {
    "encoder": "by the vectors of the model's encoder",
    "features": "by the model's own features",
    "words": "by their words",
}


def as_json(
    selection: Selection, wanted: Wanted, left_out: LeftOut, data: str, model: str | None, output: str | None
) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {
        "data": data,
        "output": output,
        "model": model,
        "strategy": wanted.strategy,
        "selected": dict(sorted(Counter(selection.by.values()).items())),
        "population": selection.population,
        "probability": selection.probability,
        "per_article": wanted.per_article,
        "articles": len({each.article or each.key for each in selection.chosen}),
        "articles_over_limit": len(selection.over),
        "left_out": asdict(left_out),
        "vectors": selection.vectors or None,
        "seed": wanted.seed,
        "measured": (measured_line(wanted.strategy) if wanted.strategy in selection.by.values() else None) or None,
    }


def left_out_text(left_out: Mapping[str, int]) -> str:
    """Return how many rows were left out and why; empty if none was."""
    return ", ".join(f"{n:,} {_WHY[why]}" for why, n in left_out.items() if n)


def selection_text(found: Mapping[str, Any]) -> str:
    """Return the same in words."""
    chosen = found["selected"]
    lines = [
        f"{found['output'] or 'standard output'}: {sum(chosen.values())} of {found['population']:,} sentences, from "
        f"{found['articles']:,} articles"
    ]
    for way, n in chosen.items():
        if way == "random":
            lines.append(f"  {n} drawn at random, each sentence with probability {found['probability']:.3g}")
        else:
            lines.append(f"  {n} that the model doubts ({way}), unlike each other {_UNLIKE[found['vectors']]}")
    if left := left_out_text(found["left_out"]):
        lines.append(f"  left out: {left}")
    if found["articles_over_limit"]:
        lines.append(
            f"  {found['articles_over_limit']} article(s) have more than {found['per_article']} sentences: those drawn "
            "at random are not held to the limit, or their probabilities would not be known"
        )
    if found["measured"]:
        lines.append(f"  {found['measured']}")
    return "\n".join(lines)
