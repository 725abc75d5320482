"""The commands that look at runs, and after them: report, ui, log and relocate."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug


def report(
    run: Annotated[str | None, typer.Argument(help="The run's id; the newest finished run when left out.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the page.")] = Path("report.html"),
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Write a run's evaluation report as one HTML file.

    Example: **framescope report 3f2a... -o report.html**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.tracking.artifacts import save_report
        from experiments.tracking.records import tell_of_records

        tell_of_records(console.say)
        run_id = save_report(run, output)
        console.show({"run_id": run_id, "report": str(output)}, f"{output}: the report of run {run_id}")


def log(
    folder: Annotated[Path, typer.Argument(help="What a run has left, below outputs/runs.")],
    patience: Annotated[
        float | None, typer.Option(min=1, help="Seconds for each step; tracking.patience of the run when left out.")
    ] = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Log a run that MLflow's store didn't take when it was trained, with its original times, and register its model.

    Example: **framescope log outputs/runs/3f2a...**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.tracking.logged import log_record
        from experiments.tracking.records import read_record
        from experiments.tracking.runs import Run

        record = read_record(folder)
        run = Run(record.run_id)
        console.say(f"logging run {record.run_id} ({record.name})")
        registered = log_record(record, patience or record.config.tracking.patience, console.say, run)
        record.remove()
        version = registered and f"{registered.name} version {registered.version}"
        told = f"\nmodel  {version}: {registered.reason}" if registered else ""
        result = {"run_id": run.id, "status": record.status, "registered": version}
        console.show(result, f"run    {run.id}{told}")


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 5000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    debug: Debug = False,
) -> None:
    """Serve MLflow's UI on the same store, and print the address of each experiment's trainings, the best first.

    Example: **framescope ui --port 5001**
    """
    console = Console(False, debug)
    with console.errors():
        from experiments.tracking.records import tell_of_records
        from experiments.tracking.ui import serve_ui

        tell_of_records(console.say)
        raise typer.Exit(serve_ui(host, port, console.say))


def relocate(
    copied: Annotated[
        bool, typer.Option("--copied", help="The folder was copied, and what it was copied from is still there.")
    ] = False,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Put the store right after the project folder was moved, for MLflow's own programs; framescope's do without.

    Example: **mv project elsewhere && cd elsewhere && framescope relocate**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.tracking.moved import moved_line
        from experiments.tracking.moved import relocate as run

        rows, former = run(copied)
        result = {"changed": rows, "before": str(former) if former else None}
        console.show(result, moved_line(rows, former) or "every location of the store is right; nothing was changed")
