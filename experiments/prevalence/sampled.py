"""A draw of sentences as the file that people label, as text and as JSON."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.corpus.exchange.rows import write_lines
from experiments.errors import InputError
from experiments.files import harmless
from experiments.output import writing
from experiments.prevalence.drawing import Draw

_STRATA = 20  # shown in a terminal


def write_sample(drawn: Draw, path: Path, inputs: Sequence[Path] = ()) -> None:
    """Write the sentences, one a row, as JSON lines or CSV by the ending of the path.

    Raises
    ------
    InputError
        If it ends otherwise, or can't be written.
    """
    check_ending(path)
    if path.suffix.lower() == ".jsonl":
        write_lines(drawn.rows, path)
        return
    columns = list(dict.fromkeys(name for row in drawn.rows for name in row))
    with writing(path, inputs) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([harmless(name) for name in columns])
        for row in drawn.rows:
            writer.writerow([_cell(row.get(name)) for name in columns])


def check_ending(path: Path) -> None:
    """Raise unless a sample can be written to a path of this ending."""
    if path.suffix.lower() not in (".jsonl", ".csv"):
        raise InputError(f"{path}: a sample is written as .jsonl or .csv; give -o {path.stem}.jsonl")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return harmless(value) if isinstance(value, str) else str(value)


def as_json(drawn: Draw, seed: int, output: str) -> dict[str, Any]:
    """Return what was drawn as one object."""
    return {
        "sentences": drawn.sentences,
        "boilerplate": drawn.boilerplate,
        "drawn": len(drawn.rows),
        "strata": [{**each, "probability": each["drawn"] / each["sentences"]} for each in drawn.strata],
        "seed": seed,
        "notes": drawn.notes,
        "output": output,
    }


def sampled_text(drawn: Draw, output: str) -> str:
    """Return what was drawn as text for a terminal."""
    aside = f" ({drawn.boilerplate:,} more are boilerplate, and not drawn from)" if drawn.boilerplate else ""
    lines = [f"{output}: {len(drawn.rows):,} of {drawn.sentences:,} sentences to label{aside}"]
    if len(drawn.strata) > 1:
        shown = drawn.strata[:_STRATA]
        width = max(len(each["of"]) for each in shown)
        lines += ["", f"{'stratum':>7}  {'of':<{width}}  {'sentences':>9}  {'drawn':>5}  probability"]
        for each in shown:
            number, of, share = each["stratum"], each["of"], each["drawn"] / each["sentences"]
            lines.append(f"{number:>7}  {of:<{width}}  {each['sentences']:>9,}  {each['drawn']:>5,}  {share:.4g}")
        if more := len(drawn.strata) - len(shown):
            lines.append(f"... and {more:,} more, which --json shows")
    lines += ["", *(f"note: {note}" for note in drawn.notes)] if drawn.notes else []
    return "\n".join(
        [
            *lines,
            "",
            "Label them without looking at the model's answers, in a column labels or with framescope data export --to "
            "label-studio, prodigy or doccano; keep the other columns. Then: framescope prevalence SCORED --labelled "
            "LABELLED. See docs/prevalence.md.",
        ]
    )
