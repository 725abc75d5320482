"""The command that compares with other libraries."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug


def benchmark(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CONFIG]... [KEY=VALUE]...",
            help="Configs, the first of which gives task, data and split; overrides of that one.",
        ),
    ] = None,
    peers: Annotated[
        str, typer.Option(help="Other libraries: sklearn, fasttext, spacy, setfit (with commas); all or none.")
    ] = "all",
    python: Annotated[
        list[str] | None,
        typer.Option(metavar="PEER=PATH", help="Run a peer with another interpreter, which has its library and NumPy."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the results; outputs/benchmark/NAME if left out.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Measure again what the folder already has.")] = False,
    articles: Annotated[
        str | None, typer.Option(help="Without configs: articles to score; the framing corpus when left out.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Without configs: MLflow model URI or a folder; else champion.")
    ] = None,
    task: Annotated[str, typer.Option(help="Without configs: whose champion to take.")] = "framing",
    repeats: Annotated[int, typer.Option(min=1, help="Timings of scoring; the best counts.")] = 3,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Compare configs with each other and with other libraries on one split: F1, time, memory, size, energy.

    Without a config: time scoring from article files to JSONL against the bare pipeline's predict_proba.

    Example: **framescope benchmark benchmarks/multilabel-tsv framing/svm --peers sklearn,fasttext**
    """
    console = Console(json, debug)
    with console.errors():
        configs = [argument for argument in arguments or [] if "=" not in argument]
        if configs:
            from experiments.benchmarks.compare import Request, compare, peers_named, pythons_named
            from experiments.benchmarks.results import write_results
            from experiments.errors import InputError

            if articles or model:
                raise InputError("--articles and --model time scoring without configs; leave them or the configs out")
            overrides = [argument for argument in arguments or [] if "=" in argument]
            request = Request(configs, overrides, peers_named(peers), pythons_named(python or []), repeats)
            comparison = compare(request, output, fresh, console.say)
            result, text = write_results(comparison)
            console.show(result, text)
            return
        if arguments:
            from experiments.errors import InputError

            raise InputError(f"{arguments[0]}: is an override without a config; name one first, such as framing/ngrams")
        from experiments.benchmarks.scoring import benchmark_scoring

        result, text = benchmark_scoring(articles, model, task, repeats, console.say)
        console.show(result, text)
