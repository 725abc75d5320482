"""The command line: one function a command, each a call into the module that does the work.

Heavy modules are imported inside the commands, so that ``framescope --help`` answers at once.
"""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from experiments.console import Console
from experiments.data_commands import data_app

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

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="MLflow model URI or a folder; the registered champion when left out."),
]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Dotted overrides, such as classifier.C=3.")
]


def main() -> None:
    """Run the command line (the entry point ``framescope``); a wrong option or argument is one line, status 2."""
    try:
        status = typer.main.get_command(app).main(standalone_mode=False)
    except Exception as error:
        # Typer brings click's classes along, or takes them from click, as its version will have it
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


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or a shipped config such as framing/default.")],
    overrides: Overrides = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Fit, tune thresholds, evaluate, track and register one experiment.

    Example: **framescope train framing/default classifier.C=3 seed=7**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config_files import load_config
        from experiments.summary import trained_json, trained_text
        from experiments.train import train as run_training

        trained = run_training(load_config(config, overrides or []), console.say)
        console.show(trained_json(trained), trained_text(trained))


@app.command()
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
        from experiments.evaluate import data_settings, evaluate_file
        from experiments.resolve import resolve_model
        from experiments.summary import evaluated_json, evaluated_text

        uri, classifier = resolve_model(model, task)
        column = target if classifier.targeted else None
        settings = data_settings(text, labels, codes, group, encoding, column)
        evaluation = evaluate_file(classifier, data, settings, bootstrap, seed, slices or [], predictions, console.say)
        console.show(evaluated_json(uri, evaluation), evaluated_text(uri, classifier, evaluation))


@app.command()
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
        from experiments.articles import read_articles
        from experiments.errors import InputError
        from experiments.resolve import resolve_model
        from experiments.score import format_of, score_to
        from experiments.summary import scored_json, scored_text

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


@app.command()
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
        from experiments.tracking import save_report

        run_id = save_report(run, output)
        console.show({"run_id": run_id, "report": str(output)}, f"{output}: the report of run {run_id}")


@app.command()
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page.")] = 5000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    debug: Debug = False,
) -> None:
    """Open MLflow's UI on the same store.

    Example: **framescope ui --port 5001**
    """
    console = Console(False, debug)
    with console.errors():
        from experiments.ui import serve_ui

        console.say(f"MLflow's UI: http://{host}:{port} (stop with Ctrl-C)")
        raise typer.Exit(serve_ui(host, port))


@app.command()
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
        from experiments.config_files import write_schema

        write_schema(output)


@app.command()
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
        from experiments.demo import run_demo

        result, text = run_demo(output, console.say)
        console.show(result, text)


@app.command()
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


@app.command("cross-validate")
def cross_validate(
    config: Annotated[str, typer.Argument(help="A YAML file, or a shipped config such as stance/default.")],
    overrides: Overrides = None,
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    by: Annotated[str | None, typer.Option(help="Keep the values of this column whole, such as target.")] = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure a config on all of its rows by cross-validation.

    Example: **framescope cross-validate stance/default --by target**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config_files import load_config
        from experiments.cross_validation import cross_validate as run
        from experiments.summary import cross_validated_json, cross_validated_text

        loaded = load_config(config, overrides or [])
        found = run(loaded, folds, by, console.say)
        console.show(cross_validated_json(loaded, found), cross_validated_text(loaded, found))


@app.command("learning-curve")
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
        from experiments.config_files import load_config
        from experiments.cross_validation import learning_curve as run
        from experiments.errors import InputError
        from experiments.summary import learning_curve_json, learning_curve_text

        if not all(part.strip().isdigit() and int(part) > 0 for part in sizes.split(",")):
            raise InputError(f"--sizes {sizes}: write numbers of rows, such as 250,500,1000")
        points = run(
            load_config(config, overrides or []), data, [int(part) for part in sizes.split(",")], draws, console.say
        )
        console.show(learning_curve_json(points), learning_curve_text(points))
