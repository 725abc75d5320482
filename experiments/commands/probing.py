"""The command that changes sentences and sees what a model's answers do: probe."""

from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import (
    AsJson,
    ConfigFile,
    Debug,
    Encoding,
    GroupColumn,
    Header,
    Model,
    TargetColumn,
    TextColumn,
)


def probe(
    named: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="The same as --model."),
    ] = None,
    model: Model = None,
    task: Annotated[str, typer.Option(help="Whose champion to take when no model is given.")] = "framing",
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", help="Change the sentences of this table, labelled or not, not the templates."),
    ] = None,
    probes: Annotated[
        str | None, typer.Option(help="A YAML of your own with names, templates and tests, added to the shipped ones.")
    ] = None,
    config: ConfigFile = None,
    text: TextColumn = None,
    group: GroupColumn = None,
    target: TargetColumn = None,
    most: Annotated[int, typer.Option(min=1, help="Sentences of --data that are probed, drawn from more.")] = 1000,
    encoding: Encoding = None,
    header: Header = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Change sentences and see whether the answers move that shouldn't, or stay that should move.

    Example: **framescope probe starter** or **framescope probe models:/framing@champion --data mine.csv**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.evaluation.probes import read_probes, shipped_probes
        from experiments.evaluation.probing import NAMES_OF, probe_data, probe_templates
        from experiments.evaluation.probing_text import probing_text
        from experiments.files import STARTER
        from experiments.tracking.resolve import resolve_model, starter_line

        if named and model and named != model:
            raise InputError(f"{named} and --model {model}: name one model")
        wanted = named or model
        settings = data_settings(config, text, group=group, target=target, encoding=encoding, header=header)
        uri, classifier = resolve_model(wanted, task)
        shipped = shipped_probes(classifier.task.name) or shipped_probes(NAMES_OF)
        read, place = read_probes(shipped, probes)
        if wanted is None and uri == STARTER:
            console.say(starter_line(task))
        if data is None:
            found = probe_templates(classifier, read, place, uri, console.say)
        else:
            found = probe_data(classifier, read, data, settings, most, uri, console.say)
        console.show(found.dump(), probing_text(found))
