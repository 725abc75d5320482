"""The command that tries settings: sweep."""

from typing import Annotated, Any

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug, Jobs, Overrides

_SHOWN = 10  # trials that are printed; the report has all


def sweep(
    config: Annotated[str, typer.Argument(help="A YAML file with a section sweep, or a shipped one: sweeps/grid.")],
    overrides: Overrides = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials in all; what the config says when left out, and of a grid all.")
    ] = None,
    jobs: Jobs = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try trials that failed again.")] = False,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Try settings on the training rows, and measure the best of them once on the test rows.

    The same command goes on with a sweep that was ended, and joins one that is under way.

    Example: **framescope sweep sweeps/tpe --trials 30**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config.files import load_config
        from experiments.sweep import sweep as run
        from experiments.tracking.records import tell_of_records

        loaded = load_config(config, overrides or [])
        tell_of_records(console.say)
        found = run(loaded, trials, jobs, retry, console.say)
        console.show(_json(found), _text(found))


def _json(found: Any) -> dict[str, Any]:
    """Return a sweep's result: ``run_id``, ``trials``, ``best``, ``winner``, ``importances``, ``measured``."""
    summary, winner = found.summary, found.summary.winner
    rows = [
        {
            "trial": row.number,
            "state": row.state,
            "value": row.value,
            "settings": row.settings,
            "run_id": row.run_id,
            "seconds": round(row.seconds, 3),
            "host": row.host,
            "error": row.error or None,
        }
        for row in summary.rows
    ]
    return {
        "run_id": found.run_id,
        "metric": summary.config.sweep.metric,
        "trials": rows,
        "best": next(row for row in rows if row["trial"] == summary.best.number),
        "winner": {"run_id": winner.run_id, "metrics": winner.metrics, "looks": winner.looks},
        "importances": summary.importances,
        "storage": found.storage,
        "measured": found.measured,
        "seconds": round(found.seconds, 3),
    }


def _text(found: Any) -> str:
    summary, winner, metric = found.summary, found.summary.winner, found.summary.config.sweep.metric
    sign = -1 if summary.config.sweep.maximises else 1
    whole = sorted((row for row in summary.rows if row.value is not None), key=lambda row: sign * row.value)
    lines = [f"{summary.config.name}: {summary.ended}, by {metric} in {summary.measured_on}", ""]
    lines.append(f"{'trial':>5}  {metric:>8}  {'seconds':>7}  settings")
    for row in whole[:_SHOWN]:
        lines.append(f"{row.number:>5}  {row.value:>{max(len(metric), 8)}.4f}  {row.seconds:>7.1f}  {row.said}")
    if len(whole) > _SHOWN:
        lines.append(f"      ... and {len(whole) - _SHOWN} more")
    if summary.importances:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in summary.importances.items())
        lines += ["", f"what mattered (roughly): {shares}"]
    lines += ["", summary.won_against]
    shown = list(dict.fromkeys(["macro_f1", metric]))
    lines.append(f"On the test rows: {', '.join(f'{name} {_bounded(winner.metrics, name)}' for name in shown)}")
    if winner.looks > 1:
        lines.append(f"note: {winner.looks} winners of this sweep were measured on these test rows by now")
    return "\n".join(
        [
            *lines,
            f"run    {found.run_id}  ({found.seconds:.1f} s)",
            f"winner {winner.run_id}",
            f"next   framescope report {found.run_id}    framescope report {winner.run_id}    framescope ui",
        ]
    )


def _bounded(metrics: dict[str, float], name: str) -> str:
    value, low, high = (metrics.get(f"test.{name}{end}") for end in ("", ".low", ".high"))
    if value is None:
        return "not kept among the run's metrics (see its metrics.json)"
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"
