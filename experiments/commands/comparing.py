"""The command that compares runs."""

from typing import Annotated, Literal

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug

_NOT_SO = 3  # exit status where --assert doesn't hold


def compare(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids, beginnings of ids, or names of runs.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Only runs of this experiment.")] = None,
    filter: Annotated[str | None, typer.Option(help="Only runs that fit, in MLflow's syntax.")] = None,
    last: Annotated[int | None, typer.Option(min=2, help="The newest so many finished trainings.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The run that the others are held to; the first when left out.")
    ] = None,
    metric: Annotated[str, typer.Option(help="By which runs are judged, such as macro_f1 or threat.f1.")] = "macro_f1",
    margin: Annotated[float, typer.Option(min=0, help="A smaller difference makes no difference.")] = 0.01,
    common: Annotated[
        bool, typer.Option("--common", help="Compare on the test rows that all runs have, where they differ.")
    ] = False,
    bootstrap: Annotated[int, typer.Option(min=100, help="Resamples behind the 95% bounds.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 13,
    must: Annotated[
        Literal["better", "no-worse"] | None,
        typer.Option("--assert", help="Exit with 3 unless every other run is so against the baseline."),
    ] = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say which run is better on the same test rows, by how much, and whether that can be told.

    Example: **framescope compare framing-default framing-svm --margin 0.02**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.compared import compared_text
        from experiments.errors import InputError
        from experiments.evaluation.comparison import as_json, holds
        from experiments.evaluation.comparison import compare as run_comparison
        from experiments.tracking.comparisons import contestants, find_runs

        if not runs and last is None and filter is None and experiment is None:
            raise InputError("name two runs or more, or select some with --last 5, --experiment or --filter")
        chosen = find_runs(runs or [], experiment, filter, last)
        held = find_runs([baseline])[0] if baseline else chosen[0]
        if all(run.info.run_id != held.info.run_id for run in chosen):
            chosen.insert(0, held)
        at = next(number for number, run in enumerate(chosen) if run.info.run_id == held.info.run_id)
        compared = run_comparison(contestants(chosen), metric, at, margin, common, bootstrap, seed)
        console.show(as_json(compared), compared_text(compared))
        if must and not holds(compared, must):
            raise typer.Exit(_NOT_SO)
