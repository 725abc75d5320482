"""Labelled rows to and from annotation tools, one tool a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.config.schema import Data
from experiments.corpus.exchange import doccano, label_studio, prodigy
from experiments.corpus.exchange.columns import usual_columns
from experiments.corpus.exchange.rows import (
    KINDS,
    Parts,
    Row,
    all_labels,
    put_together,
    read_records,
    standing,
    take_apart,
    write_lines,
)
from experiments.errors import InputError
from experiments.files import find_file
from experiments.notices import Warn
from experiments.output import check_output


@dataclass(frozen=True)
class Tool:
    """An annotation tool.

    Attributes
    ----------
    read : callable
        From a file, the name of the control and a way to warn, to the parts of labelled rows.
    write : callable
        Labelled rows, the name of their file, and where to write.
    endings : tuple of str
        What files end in that it imports.
    exports : tuple of str
        What files end in that it exported and that are read.
    advice : str
        What to export instead of any other file.
    """

    read: Callable[[str, str | None, Warn], list[Parts]]
    write: Callable[[Sequence[Row], str, Path], None]
    endings: tuple[str, ...]
    exports: tuple[str, ...]
    advice: str


_JSON = (".json", ".jsonl", ".ndjson")


TOOLS = {
    "label-studio": Tool(
        label_studio.read,
        label_studio.write,
        (".json",),
        _JSON,
        "its tables hold JSON in cells and don't say who skipped a text or what is a region's: export as JSON",
    ),
    "prodigy": Tool(prodigy.read, prodigy.write, (".jsonl",), _JSON, "give what prodigy db-out wrote, as .jsonl"),
    "doccano": Tool(
        doccano.read, doccano.write, (".jsonl", ".csv"), (*_JSON, ".csv"), "export the project as JSONL or CSV"
    ),
}
"""Every tool that a command can name: a new one is added here, and nowhere else."""


def import_file(name: str, tool: str, control: str | None, output: Path, warn: Warn) -> dict[str, Any]:
    """Turn a tool's export into labelled rows (JSON lines), and return what was read.

    Raises
    ------
    InputError
        If the tool is unknown, the file isn't what it exports, or it is also the output.
    """
    if output.suffix.lower() != ".jsonl":
        raise InputError(f"{output}: labelled rows are written as .jsonl; give -o {output.stem}.jsonl")
    chosen = _tool(tool)
    check_output(output, [name])
    if (suffix := Path(name).suffix.lower()) not in chosen.exports:
        find_file(name)
        raise InputError(
            f"{name}: {suffix or 'a file without ending'} is not read as an export of {tool}; {chosen.advice}"
        )
    parts = chosen.read(name, control, warn)
    write_lines([put_together(each) for each in parts], output)
    return _summary(parts, name, tool, output)


def export_file(name: str, tool: str, output: Path, warn: Warn, data: Data | None = None) -> dict[str, Any]:
    """Turn labelled rows into a file that a tool imports, and return what was written.

    Parameters
    ----------
    name, tool : str
        The file of the rows, and the tool.
    output : Path
        Where to write; by its ending in which of the tool's forms.
    warn : callable
        Called with a line for everything the user should know.
    data : Data, optional
        Which column holds what; the usual names when left out.

    Raises
    ------
    InputError
        If the tool is unknown, a row can't be carried, or the output is also the file of the rows.
    """
    chosen = _tool(tool)
    if output.suffix.lower() not in chosen.endings:
        raise InputError(
            f"{output}: {tool} imports {' or '.join(chosen.endings)}; give -o {output.stem}{chosen.endings[0]}"
        )
    check_output(output, [name])
    settings = data or Data(train=name)
    rows = usual_columns(read_records(name, warn, settings.encoding, settings.header), name, settings)
    chosen.write(rows, name, output)
    return _summary(take_apart(rows, name), name, tool, output)


def _tool(name: str) -> Tool:
    if name not in TOOLS:
        raise InputError(f"{name}: no such tool; it is one of {', '.join(TOOLS)}")
    return TOOLS[name]


def _summary(parts: Sequence[Parts], name: str, tool: str, output: Path) -> dict[str, Any]:
    stands = [standing(each) for each in parts]
    return {
        "data": name,
        "tool": tool,
        "rows": len(parts),
        "decided": stands.count("decided"),
        "partly_decided": stands.count("partly"),
        "undecided": {kind: stands.count(kind) for kind in KINDS},
        "labels": all_labels(parts),
        "annotators": sorted({who for each in parts for who in each.annotators}),
        "output": str(output),
    }


def summary_text(summary: dict[str, Any]) -> str:
    """Return what was read or written as one line."""
    people = f", annotators {', '.join(summary['annotators'])}" if summary["annotators"] else ""
    partly = f", {summary['partly_decided']} with some labels undecided" if summary["partly_decided"] else ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in summary["undecided"].items() if count)
    undecided = f", {sum(summary['undecided'].values())} undecided: {kinds}" if kinds else ""
    return (
        f"{summary['output']}: {summary['rows']} rows, {summary['decided']} with decided labels"
        f" ({', '.join(summary['labels']) or 'no label'}){partly}{undecided}{people}"
    )
