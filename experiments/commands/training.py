"""The commands that fit: train, cross-validate, learning-curve; and schema and demo, which lead there."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug, Ignore, Jobs, Overrides, check_codes


def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or a shipped config such as framing/default.")],
    overrides: Overrides = None,
    ignore: Ignore = None,
    seeds: Annotated[
        str | None, typer.Option(help="Train so many times, or with these seeds (3,7,21), on one split.")
    ] = None,
    jobs: Jobs = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Fit, tune thresholds, evaluate, track and register one experiment; or, with --seeds, repeat it and sum it up.

    Example: **framescope train framing/default classifier.C=3 seed=7**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config.files import load_single
        from experiments.errors import InputError
        from experiments.tracking.records import tell_of_records

        codes = check_codes(ignore)
        loaded = load_single(config, overrides or []).ignoring(codes)
        tell_of_records(console.say)
        if seeds is None:
            from experiments.commands.summary import trained_json, trained_text
            from experiments.train import train as run_training

            if jobs is not None:
                raise InputError("--jobs: runs several trainings at a time, and this is one; give --seeds 5 as well")
            trained = run_training(loaded, console.say)
            console.show(trained_json(trained), trained_text(trained))
            return
        from experiments.commands.repeated import repeated_json, repeated_text
        from experiments.repeat import read_seeds, train_repeatedly

        found = train_repeatedly(loaded, read_seeds(seeds, loaded.seed), jobs, console.say)
        command = shlex.join(["framescope", "train", config, *(overrides or [])])
        console.show(repeated_json(found), repeated_text(loaded, found, command))


def cross_validate(
    config: Annotated[str, typer.Argument(help="A YAML file, or a shipped config such as stance/default.")],
    overrides: Overrides = None,
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    by: Annotated[str | None, typer.Option(help="Keep the values of this column whole, such as target.")] = None,
    jobs: Jobs = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Whether to keep it in MLflow.")] = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure a config on all of its rows by cross-validation.

    Example: **framescope cross-validate stance/default --by target**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.repeated import cross_validated_json, cross_validated_text
        from experiments.config.files import load_single
        from experiments.training.cross_validation import cross_validate as run
        from experiments.training.processes import default_jobs

        loaded = load_single(config, overrides or [])
        found = run(loaded, folds, by, console.say, jobs or default_jobs(loaded, folds), track)
        console.show(cross_validated_json(loaded, found), cross_validated_text(loaded, found))


def learning_curve(
    config: Annotated[str, typer.Argument(help="A YAML file, or a shipped config such as framing/default.")],
    overrides: Overrides = None,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="Labelled rows to test on; data.test if left out.")
    ] = None,
    sizes: Annotated[str, typer.Option(help="Numbers of training rows.")] = "250,500,1000,2000,4000",
    draws: Annotated[int, typer.Option(min=1, help="Random draws a size.")] = 3,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show how macro-F1 grows with the number of training rows.

    Example: **framescope learning-curve framing/default --data unseen.jsonl --sizes 500,1000,2000**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.summary import learning_curve_json, learning_curve_text
        from experiments.config.files import load_single
        from experiments.errors import InputError
        from experiments.training.cross_validation import learning_curve as run

        if not all(part.strip().isdigit() and int(part) > 0 for part in sizes.split(",")):
            raise InputError(f"--sizes {sizes}: write numbers of rows, such as 250,500,1000")
        loaded = load_single(config, overrides or [])
        points = run(loaded, data, [int(part) for part in sizes.split(",")], draws, console.say)
        console.show(learning_curve_json(points), learning_curve_text(points))


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; standard output when left out.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Print the JSON Schema of a config, with which editors check and complete it.

    Example: **framescope schema -o configs/schema.json**
    """
    console = Console(False, debug)
    with console.errors():
        from experiments.config.files import write_schema

        write_schema(output)


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the scored article and the report.")
    ] = Path("outputs/demo"),
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Train the default config, score a sample article, and say where to look next.

    Example: **framescope demo**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.demo import run_demo

        result, text = run_demo(output, console.say)
        console.show(result, text)
