"""The command line as a whole: which commands there are, and how a wrong option is told of.

Heavy modules are imported inside the commands, so that ``framescope --help`` answers at once.
"""

import sys
from importlib import metadata
from typing import Annotated

import typer

from experiments.commands import (
    ablating,
    benchmark,
    comparing,
    models,
    prevalence,
    probing,
    profiling,
    runs,
    selecting,
    sweeping,
    training,
)
from experiments.commands.data import data_app
from experiments.signals import interruption

app = typer.Typer(
    name="framescope",
    help=(
        "Stance and framing classifier research kit: label sentences, train from a config, compare runs, "
        "score articles."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.add_typer(data_app, name="data", help="Check, measure and exchange labelled data.")
for _name, _command in (
    ("train", training.train),
    ("sweep", sweeping.sweep),
    ("compare", comparing.compare),
    ("evaluate", models.evaluate),
    ("score", models.score),
    ("profile", profiling.profile),
    ("sample", prevalence.sample),
    ("prevalence", prevalence.prevalence),
    ("select", selecting.select),
    ("probe", probing.probe),
    ("report", runs.report),
    ("ui", runs.ui),
    ("log", runs.log),
    ("relocate", runs.relocate),
    ("schema", training.schema),
    ("demo", training.demo),
    ("benchmark", benchmark.benchmark),
    ("cross-validate", training.cross_validate),
    ("learning-curve", training.learning_curve),
    ("ablate", ablating.ablate),
):
    app.command(_name)(_command)


def main() -> None:
    """Run the command line (the entry point ``framescope``); a wrong option or argument is one line, status 2."""
    try:
        status = typer.main.get_command(app).main(standalone_mode=False)
    except Exception as error:
        # Typer brings click's classes along, or takes them from click, as its version will have it
        if type(error).__name__ == "Abort":  # what Typer makes of an interrupt between two commands' lines
            raise interruption(error) or KeyboardInterrupt from None
        if stop := interruption(error):
            raise stop from None
        if not hasattr(error, "format_message"):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # type: ignore[attr-defined]
            sys.exit(2)
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "framescope"
        typer.echo(f"framescope: {error.format_message()} (see {command} --help)", err=True)
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"framescope {metadata.version('framescope')}")
        raise typer.Exit


@app.callback()
def framescope(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Tag how sentences frame their subject, or which stance they take to a target."""
