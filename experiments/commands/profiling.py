"""The command that shows what scored articles say together: profile."""

from pathlib import Path
from typing import Annotated

import typer

from experiments.commands.console import Console
from experiments.commands.options import AsJson, Debug, Encoding, parts


def profile(
    scored: Annotated[
        list[str],
        typer.Argument(
            metavar="SCORED...",
            help="What score wrote: .jsonl, .csv or .parquet (each also packed), several, or a folder of parts.",
        ),
    ],
    by: Annotated[
        str | None,
        typer.Option(
            help="One or two columns to group by, as outlet,month; year, month and day are taken from --date."
        ),
    ] = None,
    date: Annotated[str, typer.Option(help="Column with ISO dates or timestamps.")] = "date",
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the page goes.")] = Path("profile.html"),
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Where the table goes; beside the page when left out.")
    ] = None,
    encoding: Encoding = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show what scored articles say together: shares of frames with bounds, over time and by outlet, and their words.

    Example: **framescope profile scored/ --by outlet,month -o profile.html**
    """
    console = Console(json, debug)
    with console.errors():
        from experiments.errors import InputError
        from experiments.output import check_output, writing
        from experiments.profile.page import profile_page
        from experiments.profile.profiling import profile_of
        from experiments.profile.text import profile_text
        from experiments.profile.written import as_json, write_csv
        from experiments.progress import progress
        from experiments.scored.reading import parse_by
        from experiments.scored.sources import find_sources

        grouped = parse_by(parts(by), date)
        sources = find_sources(scored)
        read = [path for _, path in sources.files]
        check_output(output, read)
        table = csv or output.with_suffix(".csv")
        if table == output or (table.exists() and output.exists() and table.samefile(output)):
            raise InputError(f"{output}: page and table can't be one file; name another with -o or --csv")
        check_output(table, read)
        with progress("reading", console.say) as shown:
            found = profile_of(sources, grouped, encoding, console.say, shown)
        page = profile_page(found, table.name)
        with writing(output, read) as page_path, writing(table, read) as table_path:
            page_path.write_text(page, encoding="utf-8")
            write_csv(found, table_path)
        console.show(
            as_json(found, str(output), str(table)), f"{profile_text(found)}\n\npage   {output}\ntable  {table}"
        )
