"""Options that several commands take."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from experiments.config.names import CheckCode

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="MLflow model URI, a folder, or starter (the model in the box); the registered champion when left out, "
        "and the starter as long as there is none.",
    ),
]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Dotted overrides, such as classifier.C=3.")
]
Jobs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Processes at a time; one a core when left out, or one in all for encoders, which keep the cores busy.",
        show_default=False,
    ),
]
Processes = Annotated[
    int | None, typer.Option("--jobs", min=1, help="Processes; one a core when left out.", show_default=False)
]
ConfigFile = Annotated[
    str | None, typer.Option("--config", help="A config that says the columns and the task; options given here win.")
]
TextColumn = Annotated[
    str | None, typer.Option("--text", help="Column with the text; text when left out.", show_default=False)
]
LabelsColumn = Annotated[
    str | None,
    typer.Option(
        "--labels", help="Column with the labels, or 0/1 columns as label=column,label=column; labels when left out."
    ),
]
IdColumn = Annotated[str | None, typer.Option("--id", help="Column that names the row; id when left out.")]
GroupColumn = Annotated[
    str | None, typer.Option("--group", help="Column whose rows belong together, such as article; group when left out.")
]
TargetColumn = Annotated[
    str | None,
    typer.Option("--target-column", "--target", help="Column with what a stance is about; target when left out."),
]
Codes = Annotated[str | None, typer.Option("--codes", help="What the file's codes mean, as 1=cooperation,2=threat.")]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", help="Leave checks out by their codes, as FS003 or FS003,FS005 (docs/checks.md)."),
]
Encoding = Annotated[str | None, typer.Option("--encoding", help="The file's encoding; detected when left out.")]
Header = Annotated[
    bool,
    typer.Option("--header/--no-header", help="Whether the first line names the columns; else they are 1, 2, 3 ..."),
]


def parts(option: str | None) -> list[str]:
    """Return the entries of an option such as a,b,c."""
    return [part.strip() for part in (option or "").split(",") if part.strip()]


def check_codes(option: list[str] | None) -> "list[CheckCode]":
    """Return the codes of an option --ignore, sorted.

    Raises
    ------
    InputError
        If there is no check of a code.
    """
    from experiments.config.names import CHECK_CODES
    from experiments.errors import InputError

    named = {code.upper() for value in option or [] for code in parts(value)}
    if unknown := sorted(named - set(CHECK_CODES)):
        raise InputError(f"--ignore {unknown[0]}: there is no such check; there are {', '.join(CHECK_CODES)}")
    return [code for code in CHECK_CODES if code in named]
