"""The command that compares runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from experiments.commands.console import Console
from experiments.commands.options import (
    AsJson,
    Codes,
    ConfigFile,
    Debug,
    Encoding,
    GroupColumn,
    Header,
    IdColumn,
    LabelsColumn,
    TargetColumn,
    TextColumn,
)

if TYPE_CHECKING:
    from experiments.tracking.contestant import Contestant

_NOT_SO = 3  # exit status where --assert doesn't hold


def compare(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN]...",
            help="Ids, beginnings of ids, or names of runs; with --data also models, as in evaluate.",
        ),
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Only runs of this experiment.")] = None,
    filter: Annotated[str | None, typer.Option(help="Only runs that fit, in MLflow's syntax.")] = None,
    last: Annotated[int | None, typer.Option(min=2, help="The newest so many finished trainings.")] = None,
    baseline: Annotated[
        str | None, typer.Option(help="The run that the others are held to; the first when left out.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="Score all of them on this labelled file first.")
    ] = None,
    task: Annotated[str, typer.Option(help="Whose starter model, with --data.")] = "framing",
    config: ConfigFile = None,
    text: TextColumn = None,
    labels: LabelsColumn = None,
    codes: Codes = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    target: TargetColumn = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="With --data: look for parts in which the order turns round.")
    ] = None,
    metric: Annotated[str, typer.Option(help="By which runs are judged, such as macro_f1 or threat.f1.")] = "macro_f1",
    margin: Annotated[float, typer.Option(min=0, help="A smaller difference makes no difference.")] = 0.01,
    common: Annotated[
        bool, typer.Option("--common", help="Compare on the test rows that all runs have, where they differ.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the page goes.")] = Path("comparison.html"),
    track: Annotated[
        bool,
        typer.Option(
            "--track/--no-track",
            help="Keep the comparison in MLflow, if there is a store, and its verdicts with the runs.",
        ),
    ] = True,
    bootstrap: Annotated[int, typer.Option(min=100, help="Resamples behind the 95% bounds.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resamples.")] = 13,
    must: Annotated[
        Literal["better", "no-worse"] | None,
        typer.Option("--assert", help="Exit with 3 unless every other run is so against the baseline."),
    ] = None,
    encoding: Encoding = None,
    header: Header = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say which run is better on the same test rows, by how much, and whether that can be told.

    Example: **framescope compare framing-default framing-svm -o comparison.html**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.compared import compared_text
        from experiments.config.files import config_files
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.evaluation.compare_page import write_comparison
        from experiments.evaluation.comparison import as_json, holds
        from experiments.evaluation.comparison import compare as run_comparison
        from experiments.evaluation.contestants import model_of, score_on
        from experiments.evaluation.tracked import is_tracked, track_comparison
        from experiments.files import STARTER
        from experiments.output import check_output, writing
        from experiments.tracking.comparisons import comparison_name
        from experiments.tracking.records import tell_of_records
        from experiments.tracking.resolve import model_files

        if not runs and last is None and filter is None and experiment is None:
            raise InputError("name two runs or more, or select some with --last 5, --experiment or --filter")
        if slices and data is None:
            raise InputError("--slice: belongs to --data; runs are sliced by their own evaluation.slices")
        tell_of_records(console.say)
        models = [file for name in [None, *(runs or [])] for file in model_files(name, task)]
        check_output(output, [*([data] if data else []), *config_files(config), *dict.fromkeys(models)])
        kept = is_tracked(STARTER, track)  # whether there is a store; it is made by no comparison
        found, held = _contestants(runs or [], experiment, filter, last, baseline, data is not None, task)
        if data is not None:
            settings = data_settings(config, text, labels, id, group, target, codes, encoding, header)
            found = score_on(found, data, settings, slices or [], task, console.say)
        compared = run_comparison(found, metric, held, margin, common, bootstrap, seed)
        page = write_comparison(compared, lambda each: model_of(each, task))
        with writing(output) as path:
            path.write_text(page, encoding="utf-8")
        result = as_json(compared, str(output))
        if kept:
            result["run_id"] = track_comparison(compared, comparison_name(found), page, result, data)
        console.show(result, f"{compared_text(compared)}\n\npage   {output}")
        if must and not holds(compared, must):
            raise typer.Exit(_NOT_SO)


def _contestants(
    names: list[str],
    experiment: str | None,
    filter_: str | None,
    last: int | None,
    baseline: str | None,
    models: bool,
    task: str,
) -> "tuple[list[Contestant], int]":
    """Return the runs, and with ``models`` the models, that are named or selected; and which is the baseline."""
    from experiments.evaluation.contestants import is_model, named_model
    from experiments.tracking.comparisons import contestants, find_runs

    wanted = list(names)
    if baseline is not None and wanted and baseline not in wanted:
        wanted.insert(0, baseline)
    if models and any(is_model(name) for name in wanted):
        found = [named_model(each, task) if is_model(each) else contestants(find_runs([each]))[0] for each in wanted]
        return found, wanted.index(baseline) if baseline is not None else 0
    chosen = find_runs(names, experiment, filter_, last)
    held = find_runs([baseline])[0] if baseline else chosen[0]
    if all(run.info.run_id != held.info.run_id for run in chosen):
        chosen.insert(0, held)
    at = next(number for number, run in enumerate(chosen) if run.info.run_id == held.info.run_id)
    return contestants(chosen), at
