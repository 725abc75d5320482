"""The commands for shares that are right in spite of the model's errors: sample and prevalence."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Codes, Debug, Encoding, LabelsColumn, TextColumn, parts

Scored = Annotated[
    list[str],
    typer.Argument(
        metavar="SCORED...",
        help="What score wrote: .jsonl, .csv or .parquet (each also packed), several, or a folder of parts.",
    ),
]
Date = Annotated[str, typer.Option(help="Column with ISO dates or timestamps.")]


def sample(
    scored: Scored,
    n: Annotated[int, typer.Option("-n", min=2, help="How many sentences to draw.")] = 200,
    by: Annotated[
        str | None,
        typer.Option(help="One or two columns whose groups get as many sentences each, as outlet or outlet,month."),
    ] = None,
    boost: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.9,
            help="The part of the sentences that is spread evenly over what the model says, so that rare labels get "
            "some; the others are drawn as they come.",
        ),
    ] = 0.0,
    date: Date = "date",
    seed: Annotated[int, typer.Option(min=0, help="The same files and seed give the same sentences.")] = 13,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where the sentences go: .jsonl, or .csv for a spreadsheet.")
    ] = Path("sample.jsonl"),
    encoding: Encoding = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Draw sentences to label from scored files, each with the probability with which it was drawn.

    Boilerplate is left out, and nothing in the file tells what the model says. Label the sentences in a tool
    (framescope data export, data import) or in the file itself, and give them to framescope prevalence.

    Example: **framescope sample scored/ -n 200 --by outlet --boost 0.5 -o sample.jsonl**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.output import check_output
        from experiments.prevalence.drawing import draw_sample
        from experiments.prevalence.sampled import as_json, check_ending, sampled_text, write_sample
        from experiments.progress import progress
        from experiments.scored.reading import parse_by
        from experiments.scored.sources import find_sources

        check_ending(output)
        grouped = parse_by(parts(by), date)
        sources = find_sources(scored)
        read = [path for _, path in sources.files]
        check_output(output, read)
        with progress("drawing", console.say) as shown:
            drawn = draw_sample(sources, n, grouped, boost, seed, encoding, console.say, shown)
        write_sample(drawn, output, read)
        console.show(as_json(drawn, seed, str(output)), sampled_text(drawn, str(output)))


def prevalence(
    scored: Scored,
    labelled: Annotated[
        str,
        typer.Option(
            metavar="SAMPLE", help="Sentences that framescope sample drew from these files, labelled by people."
        ),
    ],
    by: Annotated[
        str | None,
        typer.Option(
            help="One or two columns to group by, as outlet,month; year, month and day are taken from --date."
        ),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option(help="Also say how many labelled sentences bounds of this width take, from low to high, as 0.02."),
    ] = None,
    probabilities: Annotated[
        str,
        typer.Option(help="The sample's column with the probabilities with which its sentences were drawn, or equal."),
    ] = "probability",
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="What scored the files: make sure that it wasn't trained on the sample."),
    ] = None,
    task: Annotated[str, typer.Option(help="Whose starter, with --model starter.")] = "framing",
    text: TextColumn = None,
    labels: LabelsColumn = None,
    codes: Codes = None,
    date: Date = "date",
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the page goes.")] = Path("prevalence.html"),
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Where the table goes; beside the page when left out.")
    ] = None,
    encoding: Encoding = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Say how common each frame is, by the model's answers on all sentences and people's labels of a sample of them.

    Shares that are merely counted are biased by the model's errors; those of PPI++ are not, and are to be reported.

    Example: **framescope prevalence scored/ --labelled labelled.jsonl --by outlet --width 0.05**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.output import check_output, writing
        from experiments.prevalence.estimates import estimate
        from experiments.prevalence.page import prevalence_page
        from experiments.prevalence.population import read_population
        from experiments.prevalence.sample import check_unseen, match, read_drawn
        from experiments.prevalence.text import prevalence_text
        from experiments.prevalence.written import as_json, write_csv
        from experiments.progress import progress
        from experiments.scored.reading import parse_by
        from experiments.scored.sources import find_sources

        if width is not None and not 0 < width < 1:
            raise InputError(
                f"--width {width}: must be above 0 and below 1: from the lower bound to the upper, as 0.02"
            )
        grouped = parse_by(parts(by), date)
        sources = find_sources(scored)
        read: list[str | Path] = [*(path for _, path in sources.files), labelled]
        table = csv or output.with_suffix(".csv")
        check_output(output, read)
        if table == output or (table.exists() and output.exists() and table.samefile(output)):
            raise InputError(f"{output}: page and table can't be one file; name another with -o or --csv")
        check_output(table, read)
        data = data_settings(None, text, labels, codes=codes, encoding=encoding)
        drawn = read_drawn(labelled, data, probabilities, console.say)
        if model is not None:
            from experiments.tracking.resolve import resolve_model

            name, classifier = resolve_model(model, task)
            check_unseen(drawn, classifier.trained_on, name)
        with progress("reading", console.say) as shown:
            population = read_population(sources, drawn.sought, drawn.number, grouped, encoding, console.say, shown)
        found = estimate(population, match(drawn, population, data, console.say), grouped, width)
        if model is None:
            found.notes.append(
                "whether the model was trained on sentences of the sample was not looked at, and shares would be "
                "corrected too little then: --model MODEL looks"
            )
        names = [name for name, _ in sources.files]
        page = prevalence_page(found, names, labelled, table.name)
        with writing(output, read) as page_path, writing(table, read) as table_path:
            page_path.write_text(page, encoding="utf-8")
            write_csv(found, table_path)
        console.show(
            as_json(found, names, labelled, str(output), str(table)),
            f"{prevalence_text(found)}\n\npage   {output}\ntable  {table}",
        )
