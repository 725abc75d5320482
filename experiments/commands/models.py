"""The commands that work with a saved model: evaluate and score."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug, Model


def evaluate(
    data: Annotated[
        str, typer.Option("--data", "-d", help="Labelled rows: .jsonl, .csv, .tsv, .parquet or hub:owner/name[:split].")
    ],
    model: Model = None,
    task: Annotated[str, typer.Option(help="Whose champion to take when no model is given.")] = "framing",
    text: Annotated[str, typer.Option(help="Column with the sentence.")] = "text",
    labels: Annotated[
        str, typer.Option(help="Column with the labels; or 0/1 columns as label=column,label=column.")
    ] = "labels",
    codes: Annotated[str | None, typer.Option(help="What the file's codes mean, as 1=cooperation,2=threat.")] = None,
    group: Annotated[str, typer.Option(help="Column whose rows belong together.")] = "group",
    target: Annotated[str, typer.Option(help="Column with the target, for a stance model.")] = "target",
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Also measure by the values of this column.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Also write the rows with their predictions (.parquet).")
    ] = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="Resamples behind the 95% bounds.")] = 1000,
    encoding: Annotated[str | None, typer.Option(help="The file's encoding; detected when left out.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 13,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure a saved model on any labelled file.

    Example: **framescope evaluate --model models:/framing@champion --data mine.csv --labels label**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.summary import evaluated_json, evaluated_text
        from experiments.evaluation.evaluate import data_settings, evaluate_file
        from experiments.tracking.resolve import resolve_model

        uri, classifier = resolve_model(model, task)
        column = target if classifier.targeted else None
        settings = data_settings(text, labels, codes, group, encoding, column)
        evaluation = evaluate_file(classifier, data, settings, bootstrap, seed, slices or [], predictions, console.say)
        console.show(evaluated_json(uri, evaluation), evaluated_text(uri, classifier, evaluation))


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Articles: .txt .md .html, tables with a text column, folders, or - for standard input.",
        ),
    ],
    model: Model = None,
    task: Annotated[str, typer.Option(help="Whose champion to take when no model is given.")] = "framing",
    target: Annotated[str | None, typer.Option(help="What the stance is about, for a stance model.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; standard output when left out.")
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="jsonl, csv, parquet or html; by the output's ending when left out."),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column with the text, in tables.")] = "text",
    id_column: Annotated[str, typer.Option(help="Column that names the article, in tables.")] = "id",
    encoding: Annotated[str | None, typer.Option(help="The files' encoding; detected when left out.")] = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score articles sentence by sentence.

    Example: **framescope score article.txt news/ -o scored.html**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.articles.read import read_articles
        from experiments.articles.write import format_of, score_to
        from experiments.commands.summary import scored_json, scored_text
        from experiments.errors import InputError
        from experiments.tracking.resolve import resolve_model

        if json and output is None:
            raise InputError(
                "--json prints a summary on standard output, so the scores need a file: add -o scored.jsonl"
            )
        chosen = format_of(output, format)
        uri, classifier = resolve_model(model, task)
        classifier = classifier.towards(target)
        articles = read_articles(inputs, text_column, id_column, encoding, console.say)
        summary = score_to(classifier, articles, output, chosen, warn=console.say)
        if output is None:
            console.say(scored_text(uri, summary, output))
        else:
            console.show(scored_json(uri, summary, output), scored_text(uri, summary, output))
