"""The commands that work with a saved model: evaluate and score."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.commands.abstaining import Abstain, HeldOutColumns, HeldOutFile
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
    Ignore,
    LabelsColumn,
    Model,
    Processes,
    TargetColumn,
    TextColumn,
    check_codes,
    parts,
)


def evaluate(
    data: Annotated[
        str, typer.Option("--data", "-d", help="Labelled rows: .jsonl, .csv, .tsv, .parquet or hub:owner/name[:split].")
    ],
    model: Model = None,
    task: Annotated[str, typer.Option(help="Whose champion to take when no model is given.")] = "framing",
    config: ConfigFile = None,
    text: TextColumn = None,
    labels: LabelsColumn = None,
    codes: Codes = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    target: TargetColumn = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Also measure by the values of this column.")
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Also write the rows with their predictions (.parquet).")
    ] = None,
    abstain: Abstain = None,
    held_out: HeldOutFile = None,
    held_out_columns: HeldOutColumns = None,
    importance: Annotated[
        bool,
        typer.Option(
            "--importance",
            help="Also measure how far F1 falls when each block of features is exchanged between articles "
            "(docs/explain.md).",
        ),
    ] = False,
    repeats: Annotated[
        int | None,
        typer.Option(min=2, help="With --importance: how often; 10 when left out.", show_default=False),
    ] = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="Resamples behind the 95% bounds.")] = 1000,
    encoding: Encoding = None,
    header: Header = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 13,
    ignore: Ignore = None,
    jobs: Processes = None,
    track: Annotated[
        bool, typer.Option("--track/--no-track", help="Keep the evaluation as a run of the model, where a store is.")
    ] = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure a saved model on any labelled file, and keep that in MLflow beside what it was measured on before.

    Example: **framescope evaluate --model models:/framing@champion --data mine.csv --labels label**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.commands.abstaining import check_apart, check_options, promised, read_besides
        from experiments.commands.summary import evaluated_json, evaluated_text
        from experiments.config.files import config_files, load_config
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.evaluation.abstention import abstention_json, curve_lines, curve_of, measure_promise
        from experiments.evaluation.checks.finding import Subject
        from experiments.evaluation.checks.run import run_checks
        from experiments.evaluation.evaluate import evaluate_file
        from experiments.evaluation.tracked import is_tracked, track_evaluation
        from experiments.files import STARTER
        from experiments.output import check_output
        from experiments.tracking.resolve import model_files, resolve_model, starter_line
        from experiments.training.processes import cores

        check_options(abstain, held_out, held_out_columns)
        if repeats is not None and not importance:
            raise InputError("--repeats: says how often --importance exchanges a block; add it, or leave this out")
        ignored = sorted({*check_codes(ignore), *(load_config(config).evaluation.ignore if config else [])})
        settings = data_settings(config, text, labels, id, group, target, codes, encoding, header)
        if predictions is not None:
            read = [data, *config_files(config), *model_files(model, task), *read_besides(held_out)]
            check_output(predictions, read)
        uri, classifier = resolve_model(model, task)
        if model is None and uri == STARTER:
            console.say(starter_line(task))
        if importance:
            from experiments.commands.importance import importance_json, importance_text
            from experiments.evaluation.importance import check_blocks, measure_importance

            check_blocks(classifier)
        tracked = is_tracked(uri, track)
        classifier, promise, held = promised(
            classifier, abstain, held_out, held_out_columns, config, console.say, jobs or cores()
        )
        evaluation = evaluate_file(
            classifier, data, settings, bootstrap, seed, slices or [], predictions, console.say, jobs or cores()
        )
        check_apart(held, evaluation.data.texts, data, console.say)
        curve = curve_of(classifier, evaluation)
        kept = None if promise is None else measure_promise(classifier, evaluation, promise)
        checked = run_checks(Subject(classifier, evaluation, bootstrap=bootstrap, seed=seed), ignored)
        run_id = track_evaluation(uri, classifier, evaluation) if tracked else None
        text_ = evaluated_text(uri, classifier, evaluation, checked, run_id, curve_lines(curve, kept))
        result = {**evaluated_json(uri, evaluation, checked, run_id), **abstention_json(curve, kept)}
        if importance:
            found = measure_importance(classifier, evaluation, repeats or 10, bootstrap, seed, console.say)
            result["importance"] = importance_json(found)
            text_ += f"\n\n{importance_text(found)}"
        console.show(result, text_)


def score(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Articles: .txt .md .html .docx .odt .pdf, tables with a text column, folders, or - for standard "
            "input.",
        ),
    ],
    model: Model = None,
    task: Annotated[str, typer.Option(help="Whose champion to take when no model is given.")] = "framing",
    target: Annotated[str | None, typer.Option(help="What the stance is about, for a stance model.")] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Where to write; standard output when left out. A name that ends in / is a folder of Parquet parts "
            "(with --format jsonl or csv: of such) and a manifest.",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", help="jsonl, csv, parquet or html; by the output's ending when left out."),
    ] = None,
    config: ConfigFile = None,
    text: Annotated[
        str | None, typer.Option("--text", "--text-column", help="Tables: column with the text; text when left out.")
    ] = None,
    id: Annotated[
        str | None, typer.Option("--id", "--id-column", help="Tables: column that names the article; id when left out.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="Tables: columns to carry through to the output, as outlet,date.")
    ] = None,
    header: Header = True,
    input_format: Annotated[
        str | None,
        typer.Option(
            help="What the inputs are, whatever they are called or look like: text, markdown, html, jsonl, json, csv, "
            "tsv, parquet, docx, odt or pdf."
        ),
    ] = None,
    encoding: Encoding = None,
    abstain: Abstain = None,
    held_out: HeldOutFile = None,
    held_out_columns: HeldOutColumns = None,
    on_error: Annotated[
        str | None,
        typer.Option(
            help="What becomes of rows of tables, and of files in folders, that can't be read. When left out such a "
            "row ends the job, and such files are left out; skip leaves both out; with stop a row ends the job, and "
            "files left out end it with status 1. What is left out is named and counted."
        ),
    ] = None,
    jobs: Processes = None,
    deduplicate: Annotated[
        bool,
        typer.Option(
            "--deduplicate", help="Leave out articles that came before, word for word or nearly so, and count them."
        ),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on after the parts that a job with this output has left.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Also say what each answer rests on, word by word, in .jsonl or .html (docs/explain.md)."
        ),
    ] = False,
    pieces: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="With --explain, in .jsonl: how many of a label's strongest pieces are listed, 20 when left out; the "
            "rest is one sum. 0 lists all.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local; or spark, for what one machine can't hold (docs/spark.md).")
    ] = "local",
    master: Annotated[
        str | None, typer.Option(help="With --engine spark: the cluster, as spark://host:7077, yarn or local[4].")
    ] = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Score articles sentence by sentence.

    Example: **framescope score article.txt news/ -o scored.html**
    """
    console = Console(json, debug)
    with console.errors():
        if engine != "local" or master is not None:
            from experiments.commands.spark import score_in_spark

            columns_named = (text, id, keep)
            others = {
                "--format": format if format != "parquet" else None,
                "--no-header": not header,
                "--encoding": encoding,
                "--jobs": jobs,
                "--deduplicate": deduplicate,
                "--resume": resume,
                "--abstain": abstain is not None,
                "--held-out": held_out,
                "--held-out-columns": held_out_columns,
                "--explain": explain,
                "--pieces": pieces is not None,
            }
            where = (engine, master, output)
            which = (model, task, target)
            score_in_spark(console, inputs, where, which, columns_named, config, input_format, on_error, others)
            return
        from experiments.articles.inputs import Columns, read_documents
        from experiments.articles.job import job_of
        from experiments.articles.write import Going, format_of, score_to
        from experiments.commands.abstaining import check_options, job_part, promised, read_besides
        from experiments.commands.summary import scored_json, scored_text
        from experiments.config.files import config_files
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.files import STARTER
        from experiments.notices import Limited
        from experiments.output import check_output
        from experiments.progress import progress
        from experiments.tracking.resolve import model_files, resolve_model, starter_line
        from experiments.training.processes import cores

        if json and output is None:
            raise InputError(
                "--json prints a summary on standard output, so the scores need a file: add -o scored.jsonl"
            )
        if on_error not in (None, "skip", "stop"):
            raise InputError(f"--on-error {on_error}: choose skip or stop")
        check_options(abstain, held_out, held_out_columns)
        if pieces is not None and not explain:
            raise InputError("--pieces: says how much --explain lists; add --explain, or leave it out")
        path = None if output is None else Path(output)
        folder = path is not None and output is not None and (output.endswith(("/", os.sep)) or path.is_dir())
        if resume and output is None:
            raise InputError("--resume goes on with an output: name it with -o")
        chosen = format_of(None, format or "parquet") if folder else format_of(path, format)
        settings = data_settings(config, text, id=id, encoding=encoding, header=header)
        if explain and chosen not in ("jsonl", "html"):
            raise InputError(f"--explain: {chosen} has no place for what answers rest on; write .jsonl or .html")
        if pieces is not None and chosen == "html":
            raise InputError("--pieces: is for .jsonl; a page shades words")
        wanted = (20 if pieces is None else pieces) if explain else None
        read: list[str | Path] = [*inputs, *config_files(config), *model_files(model, task), *read_besides(held_out)]
        check_output(None if path is None else path / "part" if folder else path, read)
        kept = parts(keep)
        columns = Columns(settings.columns.text, settings.columns.id, tuple(kept), settings.header)
        left_out, unread = (Limited(lambda line: console.say(f"{line}; skipped")) for _ in range(2))
        wrong = Limited(lambda line: console.say(f"{line}; left out"))
        documents = read_documents(
            inputs,
            columns,
            settings.encoding,
            console.say,
            input_format,
            unread,
            (lambda error: wrong(str(error))) if on_error == "skip" else None,
        )
        duplicates = None
        if deduplicate:
            from experiments.articles.duplicates import Duplicates, without_duplicates

            documents = without_duplicates(documents, duplicates := Duplicates())
        uri, classifier = resolve_model(model, task)
        if model is None and uri == STARTER:
            console.say(starter_line(task))
        classifier = classifier.towards(target)
        classifier, promise, _ = promised(
            classifier, abstain, held_out, held_out_columns, config, console.say, jobs or cores()
        )

        def job() -> Mapping[str, Any]:
            read_so = {
                "encoding": settings.encoding,
                "input_format": input_format,
                "deduplicate": deduplicate,
                "rows": on_error == "skip",
                "abstain": job_part(promise),
                **({} if wanted is None else {"explain": wanted}),
            }
            return job_of(uri, classifier, inputs, columns, **read_so)

        if resume:
            job()  # standard input can't go on
        with progress("scoring", console.say) as shown:
            going = Going(jobs or cores(), resume, None if "-" in inputs else job, shown, wanted)
            summary = score_to(
                classifier,
                documents,
                path,
                chosen,
                warn=console.say,
                keep=kept,
                inputs=read,
                skip=left_out,
                going=going,
                folder=folder,
            )
        for each in (unread, left_out, wrong):
            each.told()
        # what is found unreadable before it is scored is found so again by a job that goes on; the rest is counted
        summary.skipped, summary.rows_left_out = summary.skipped + unread.count, wrong.count
        if duplicates is not None:
            summary.duplicates = duplicates.exact, duplicates.near
        if path is None:
            console.say(scored_text(uri, summary, path, promise))
        else:
            console.show(scored_json(uri, summary, path, promise), scored_text(uri, summary, path, promise))
        if summary.skipped and on_error == "stop":
            console.say(
                f"framescope: {summary.skipped} file(s) could not be read and were left out; the others are scored, "
                "and --on-error skip takes that as well done"
            )
            raise typer.Exit(1)
