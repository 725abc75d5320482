"""Labelled rows to and from annotation tools, one tool a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.corpus.exchange import doccano, label_studio, prodigy
from experiments.corpus.exchange.rows import Row, all_labels, read_records, take_apart, write_lines
from experiments.errors import InputError
from experiments.notices import Warn


@dataclass(frozen=True)
class Tool:
    """An annotation tool.

    Attributes
    ----------
    read : callable
        From a file, the name of the control and a way to warn, to labelled rows.
    write : callable
        Labelled rows, the name of their file, and where to write.
    endings : tuple of str
        What its files end in.
    """

    read: Callable[[str, str | None, Warn], list[Row]]
    write: Callable[[Sequence[Row], str, Path], None]
    endings: tuple[str, ...]


TOOLS = {
    "label-studio": Tool(label_studio.read, label_studio.write, (".json",)),
    "prodigy": Tool(prodigy.read, prodigy.write, (".jsonl",)),
    "doccano": Tool(doccano.read, doccano.write, (".jsonl", ".csv")),
}
"""Every tool that a command can name: a new one is added here, and nowhere else."""


def import_file(name: str, tool: str, control: str | None, output: Path, warn: Warn) -> dict[str, Any]:
    """Turn a tool's export into labelled rows (JSON lines), and return what was read.

    Raises
    ------
    InputError
        If the tool is unknown, or the file isn't what it exports.
    """
    if output.suffix.lower() != ".jsonl":
        raise InputError(f"{output}: labelled rows are written as .jsonl; give -o {output.stem}.jsonl")
    rows = _tool(tool).read(name, control, warn)
    write_lines(rows, output)
    return _summary(rows, name, tool, output)


def export_file(name: str, tool: str, output: Path, warn: Warn) -> dict[str, Any]:
    """Turn labelled rows into a file that a tool imports, and return what was written.

    Raises
    ------
    InputError
        If the tool is unknown, or a row can't be carried.
    """
    chosen = _tool(tool)
    if output.suffix.lower() not in chosen.endings:
        raise InputError(
            f"{output}: {tool} imports {' or '.join(chosen.endings)}; give -o {output.stem}{chosen.endings[0]}"
        )
    rows = read_records(name, warn)
    chosen.write(rows, name, output)
    return _summary(rows, name, tool, output)


def _tool(name: str) -> Tool:
    if name not in TOOLS:
        raise InputError(f"{name}: no such tool; it is one of {', '.join(TOOLS)}")
    return TOOLS[name]


def _summary(rows: list[Row], name: str, tool: str, output: Path) -> dict[str, Any]:
    parts = take_apart(rows, name)
    return {
        "data": name,
        "tool": tool,
        "rows": len(rows),
        "labelled": sum(each.final is not None for each in parts),
        "labels": all_labels(parts),
        "annotators": sorted({who for each in parts for who in each.annotators}),
        "output": str(output),
    }


def summary_text(summary: dict[str, Any]) -> str:
    """Return what was read or written as one line."""
    people = f", annotators {', '.join(summary['annotators'])}" if summary["annotators"] else ""
    return (
        f"{summary['output']}: {summary['rows']} rows, {summary['labelled']} with decided labels"
        f" ({', '.join(summary['labels']) or 'no label'}){people}"
    )
