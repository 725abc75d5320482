"""The command that says which sentences to label next: select."""

from pathlib import Path
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
    IdColumn,
    LabelsColumn,
    Model,
    Processes,
    TargetColumn,
    TextColumn,
)


def select(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Sentences: .jsonl, .csv, .tsv, .parquet or hub:owner/name[:split]; also what score wrote.",
        ),
    ],
    n: Annotated[int, typer.Option("-n", help="How many sentences.")] = 100,
    model: Model = None,
    task: Annotated[str, typer.Option(help="Whose champion to take when no model is given.")] = "framing",
    strategy: Annotated[
        str,
        typer.Option(
            help="How doubt is told: margin (a label near its threshold, or two that are nearly as likely), "
            "least-confidence (the answer is likely wrong), or random (all are drawn at random)."
        ),
    ] = "margin",
    per_article: Annotated[int, typer.Option(help="Most sentences an article (a group); 0 for no limit.")] = 2,
    random: Annotated[
        float, typer.Option(help="Share of the batch that is drawn at random, with its probability written in.")
    ] = 0.2,
    labelled: Annotated[
        list[str] | None,
        typer.Option(help="Table of sentences that are labelled or out to be; may stand several times."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write (.jsonl); standard output when left out.")
    ] = None,
    config: ConfigFile = None,
    text: TextColumn = None,
    labels: LabelsColumn = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    target: TargetColumn = None,
    encoding: Encoding = None,
    header: Header = True,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the draws.")] = 13,
    jobs: Processes = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Choose the sentences to label next: such that the model doubts, unlike each other, and a part at random.

    Example: **framescope select sentences.jsonl -n 100 --labelled labelled.jsonl -o batch.jsonl**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config.files import config_files
        from experiments.corpus.exchange.rows import write_lines
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.files import STARTER
        from experiments.output import check_output
        from experiments.progress import progress
        from experiments.selection.batch import batch_of, batch_rows, is_scored
        from experiments.selection.scoring import STRATEGIES
        from experiments.selection.selecting import Wanted
        from experiments.selection.text import as_json, selection_text
        from experiments.tracking.resolve import model_files, resolve_model, starter_line
        from experiments.training.processes import cores

        if strategy not in STRATEGIES:
            raise InputError(f"--strategy {strategy}: choose {', '.join(STRATEGIES)}")
        if json and output is None:
            raise InputError(
                "--json prints a summary on standard output, so the batch needs a file: add -o batch.jsonl"
            )
        if output is not None and output.suffix.lower() != ".jsonl":
            raise InputError(f"{output}: a batch is written as .jsonl; give -o {output.stem}.jsonl")
        wanted = Wanted(n, strategy, per_article or None, random, seed)
        data = data_settings(config, text, labels, id, group, target, None, encoding, header)
        done = list(labelled or ())
        check_output(output, [file, *done, *config_files(config), *model_files(model, task)])
        uri = classifier = None
        if model is not None or (wanted.strategy != "random" and not is_scored(file, data)):
            uri, classifier = resolve_model(model, task)
            if model is None and uri == STARTER:
                console.say(starter_line(task))
        with progress("selecting", console.say) as shown:
            batch = batch_of(file, wanted, classifier, data, done, jobs or cores(), console.say, shown)
        rows = batch_rows(batch, file, data)
        result = as_json(batch.selection, wanted, batch.left_out, file, uri, str(output) if output else None)
        if output is None:
            import json as lines

            for row in rows:
                typer.echo(lines.dumps(row, ensure_ascii=False, default=str))
            console.say(selection_text(result))
        else:
            write_lines(rows, output)
            console.show(result, selection_text(result))
