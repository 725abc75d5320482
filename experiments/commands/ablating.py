"""The command that measures a config without each of its blocks of features."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug, Jobs, Overrides


def ablate(
    config: Annotated[str, typer.Argument(help="A YAML file, or a shipped config such as framing/default.")],
    overrides: Overrides = None,
    block: Annotated[
        list[str] | None,
        typer.Option(
            "--block", help="Leave out this block of features alone, such as words or chars-2; may be repeated."
        ),
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Also measure each block by itself.")] = False,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Folds of the cross-validation of the training rows; 5 when left out.", show_default=False
        ),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="Measure on the test rows, to report and not to choose by.")
    ] = False,
    seeds: Annotated[
        str | None, typer.Option(help="Train everything so many times, or with these seeds (3,7,21).")
    ] = None,
    metric: Annotated[
        str, typer.Option(help="By which variants are judged, such as macro_f1 or threat.f1.")
    ] = "macro_f1",
    margin: Annotated[float, typer.Option(min=0, help="A smaller difference makes no difference.")] = 0.01,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write a page (.html), as compare does.")
    ] = None,
    jobs: Jobs = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say what each block of features is worth: the config without it, compared with the whole config.

    Example: **framescope ablate framing/default --alone -o ablation.html**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.ablate import Setting, variants_of
        from experiments.ablate import ablate as run
        from experiments.commands.ablated import ablated_json, ablated_text
        from experiments.config.files import config_files, load_config
        from experiments.errors import InputError
        from experiments.evaluation.compare_page import write_comparison
        from experiments.output import check_output, writing
        from experiments.repeat import read_seeds

        if test and folds is not None:
            raise InputError("--folds: is for the cross-validation of the training rows; leave it out, or --test")
        loaded = load_config(config, overrides or [])
        numbers = read_seeds(seeds, loaded.seed) if seeds is not None else []
        setting = Setting(block or [], alone, None if test else folds or 5, numbers, metric, margin)
        variants_of(loaded, setting)  # what is wrong with the blocks is said before anything is read
        if output is not None:
            check_output(output, config_files(config))
        found = run(loaded, setting, jobs, console.say)
        if output is not None:
            title = f"What is each block of features of {loaded.name} worth?"
            rows = (
                "test sentences" if test else "training sentences, each read by a model that hadn't seen its article,"
            )
            with writing(output) as path:
                path.write_text(write_comparison(found.compared, lambda each: None, title, rows), encoding="utf-8")
        text = ablated_text(loaded, found)
        console.show(ablated_json(loaded, found, output), f"{text}\npage   {output}" if output else text)
