"""An ablation as one JSON object, and as text."""

from pathlib import Path
from typing import Any

from experiments.ablate import Ablated
from experiments.commands.compared import table_lines
from experiments.config.schema import Config
from experiments.evaluation.comparison import as_json


def ablated_json(config: Config, found: Ablated, page: Path | None) -> dict[str, Any]:
    """Return an ablation's result.

    ``config``, ``run_id``, ``folds`` (null on test rows), ``seeds``, ``variants`` (name -> ``blocks`` and the
    ``run_ids`` of its runs, one a seed), ``seconds``, and what ``compare`` gives, where ``a`` is the whole config.
    """
    compared = as_json(found.compared, None if page is None else str(page))
    seeds = list(found.setting.seeds)
    return {
        "config": config.name,
        "run_id": found.run_id,
        "folds": found.setting.folds,
        "seeds": seeds or [config.seed],
        "variants": {
            name: {"blocks": kept, "run_ids": [found.children[child].run_id for child in _children(name, seeds)]}
            for name, kept in found.variants.items()
        },
        **{name: value for name, value in compared.items() if name not in ("answer", "runs")},
        "values": {run["name"]: run["metrics"][found.setting.metric] for run in compared["runs"]},
        "seconds": round(found.seconds, 3),
    }


def ablated_text(config: Config, found: Ablated) -> str:
    """Return the same as text."""
    compared, seeds = found.compared, list(found.setting.seeds)
    where = f"by {found.setting.folds}-fold cross-validation of" if found.setting.folds else "on the"
    rows = f"{len(compared.rows.ids):,} {'training' if found.setting.folds else 'test'} rows"
    trained = f", trained with {len(seeds)} seeds" if seeds else ""
    names = [each.name for each in compared.contestants]
    blocks = ", ".join(found.variants[names[0]])
    lines = [
        f"{config.name} ({blocks}) {where} {rows} of {compared.groups:,} articles{trained}",
        "",
        *table_lines(compared, names, "the whole", "the whole"),
    ]
    return "\n".join(
        [
            *lines,
            "",
            "Bounds are 95%, of whole articles drawn; p by exchanging whole articles, adjusted over the differences in "
            "the table (Holm), as the bounds are not.",
            "A block that can go may say what another says as well: leaving out both is another question.",
            f"run    {found.run_id}  ({found.seconds:.1f} s)",
        ]
    )


def _children(variant: str, seeds: list[int]) -> list[str]:
    return [f"{variant}, seed {seed}" for seed in seeds] or [variant]
