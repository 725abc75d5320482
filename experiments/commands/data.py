"""The commands ``framescope data ...``: annotators' agreement, checks of a corpus, exchange with annotation tools."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

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
    LabelsColumn,
    TargetColumn,
    TextColumn,
    parts,
)

data_app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False)

File = Annotated[
    str, typer.Argument(metavar="FILE", help="Labelled rows: .jsonl, .csv, .tsv, .parquet or hub:owner/name[:split].")
]


LabelNames = Annotated[
    str | None,
    typer.Option("--label-names", help="The labels in their order, as a,b,c; the config's or all that occur without."),
]


class Empty(StrEnum):
    """What an empty cell of an annotator's column means."""

    MISSING = "missing"
    NO_LABEL = "no-label"


@data_app.command()
def agreement(
    file: File,
    annotators: Annotated[
        str | None,
        typer.Option(
            help="Columns, one an annotator, as labels_a,labels_b; columns that begin with labels_ or label_, or the "
            "names in a column of objects called annotators, when left out."
        ),
    ] = None,
    label_names: LabelNames = None,
    config: ConfigFile = None,
    id: IdColumn = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", help="Also measure by the values of this column.")
    ] = None,
    group: GroupColumn = None,
    empty: Annotated[
        Empty, typer.Option("--empty-is", help="An empty cell: missing (not annotated) or no-label (seen, none given).")
    ] = Empty.MISSING,
    bootstrap: Annotated[int, typer.Option(min=0, help="Resamples behind the 95% bounds; 0 for none.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 13,
    encoding: Encoding = None,
    header: Header = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Measure how far two or more annotators agree: kappa, alpha, MASI, and what they disagree on.

    Example: **framescope data agreement annotated.jsonl --annotators labels_a,labels_b --slice register**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config.files import load_config
        from experiments.corpus.annotations import read_annotations
        from experiments.corpus.settings import data_settings
        from experiments.quality.agreement import measure_agreement, slice_agreement
        from experiments.quality.agreement_text import agreement_text

        settings = load_config(config) if config else None
        data = data_settings(settings, id=id, group=group, encoding=encoding, header=header)
        annotations = read_annotations(
            file,
            parts(annotators),
            parts(label_names) or (settings.task.labels if settings else []),
            slices or [],
            data,
            empty is Empty.NO_LABEL,
            console.say,
        )
        result = measure_agreement(annotations, bootstrap, seed)
        if slices:
            result["slices"] = slice_agreement(annotations, bootstrap, seed)
        console.show(result, agreement_text(result))


@data_app.command()
def check(
    file: File,
    label_names: LabelNames = None,
    config: Annotated[
        str | None, typer.Option(help="A config that says the columns, the task, and the model that doubts labels.")
    ] = None,
    text: TextColumn = None,
    labels: LabelsColumn = None,
    codes: Codes = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    target: TargetColumn = None,
    model: Annotated[bool, typer.Option(help="Look for doubtful labels with a cross-validated model.")] = True,
    suspects: Annotated[int, typer.Option(min=0, help="Also list this many labels that are worth a second look.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with status 1 if anything was found.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the cross-validation.")] = 13,
    encoding: Encoding = None,
    header: Header = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Look for faults in a corpus: schema, duplicates, contradictions, leaking pairs, doubtful labels.

    Rows whose column `reviewed` is true have been confirmed by somebody, and their labels are not doubted again.

    Example: **framescope data check sentences.jsonl --label-names threat,cooperation,denial --suspects 20**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config.files import load_config
        from experiments.corpus.labelled_file import read_corpus
        from experiments.corpus.settings import data_settings
        from experiments.quality.data_check import check_data
        from experiments.quality.data_check_text import check_text

        settings = load_config(config) if config else None
        data = data_settings(settings, text, labels, id, group, target, codes, encoding, header)
        corpus = read_corpus(file, parts(label_names), data, settings, console.say)
        result = check_data(corpus, settings, model, suspects, seed, console.say)
        console.show(result, check_text(result))
        if strict and result["findings"]:
            raise typer.Exit(1)


@data_app.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="What the tool exported: Label Studio's JSON or JSON-MIN, Prodigy's .jsonl, doccano's .jsonl or .csv.",
        ),
    ],
    tool: Annotated[str, typer.Option("--from", help="label-studio, prodigy or doccano.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the labelled rows (.jsonl).")],
    control: Annotated[
        str | None, typer.Option(help="Label Studio: the Choices control with the labels, if there are several.")
    ] = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Turn an annotation tool's export into labelled rows.

    A text that nobody decided (skipped, not annotated, disputed between annotators) gets the labels null, and the
    labels of a row that nobody was asked about stand in its column `undecided`; their numbers are shown by kind.

    Example: **framescope data import project-1.json --from label-studio -o annotated.jsonl**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.corpus.exchange import import_file, summary_text

        summary = import_file(file, tool, control, output, console.say)
        console.show(summary, summary_text(summary))


@data_app.command()
def export(
    file: File,
    tool: Annotated[str, typer.Option("--to", help="label-studio, prodigy or doccano.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write: .json for label-studio, .jsonl; doccano also .csv.")
    ],
    config: ConfigFile = None,
    text: TextColumn = None,
    labels: LabelsColumn = None,
    codes: Codes = None,
    id: IdColumn = None,
    group: GroupColumn = None,
    target: TargetColumn = None,
    encoding: Encoding = None,
    header: Header = True,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Turn labelled rows into a file that an annotation tool imports.

    Rows that are undecided, or some of whose labels are, go out as not annotated.

    Example: **framescope data export sentences.jsonl --to label-studio -o tasks.json**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.config.files import config_files
        from experiments.corpus.exchange import export_file, summary_text
        from experiments.corpus.settings import data_settings
        from experiments.output import check_output

        data = data_settings(config, text, labels, id, group, target, codes, encoding, header)
        check_output(output, [file, *config_files(config)])
        summary = export_file(file, tool, output, console.say, data)
        console.show(summary, summary_text(summary))


@data_app.command()
def hydrate(
    file: Annotated[str, typer.Argument(metavar="LABELS", help="Labels without texts, such as press-labels.jsonl.")],
    source: Annotated[
        str,
        typer.Option("--from", help="Where the texts are: hub:owner/name[:split], a table, or a folder of articles."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the labelled sentences (.jsonl).")],
    part: Annotated[str | None, typer.Option(help="Parts to take, as a,b; all when left out.")] = None,
    id: Annotated[
        str | None, typer.Option("--id", help="Source: column with the article's id; id when left out.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Source: column with the text; text when left out.")
    ] = None,
    encoding: Encoding = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Put the texts back to labels that are shipped without them, each checked by its hash.

    Example: **framescope data hydrate seeds/framing/press-labels.jsonl --from articles/ -o press.jsonl**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.corpus.hydrate import hydrate as run
        from experiments.corpus.hydrate import save
        from experiments.corpus.settings import data_settings
        from experiments.errors import InputError
        from experiments.output import check_output

        if output.suffix.lower() != ".jsonl":
            raise InputError(f"{output}: labelled sentences are written as .jsonl; give -o {output.stem}.jsonl")
        settings = data_settings(text=text, id=id, encoding=encoding)
        check_output(output, [file, source])
        found = run(file, source, parts(part), settings, console.say)
        save(found, output)
        few = ", ".join(found.missing[:5]) + (", ..." if len(found.missing) > 5 else "")
        missing = f"; {len(found.missing)} not found ({few})" if found.missing else ""
        if found.without_source:
            missing += f", of which {found.without_source} have no public source"
        result = {
            "labels": file,
            "source": source,
            "output": str(output),
            "found": len(found.rows),
            "missing": found.missing,
            "without_source": found.without_source,
        }
        console.show(result, f"{output}: {len(found.rows)} labelled sentences{missing}")
