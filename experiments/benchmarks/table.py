"""The benchmark's table: for a page (Markdown), a paper (LaTeX), a program (CSV) and a terminal."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.benchmarks.compare import Comparison, Row
from experiments.files import harmless
from experiments.measures.resampling import Estimate

FIGURES = (
    "train_seconds", "train_cpu_seconds", "train_base_mb", "train_peak_mb", "train_energy_wh", "load_seconds",
    "sentences_per_second", "score_peak_mb", "score_energy_wh_per_1000", "model_mb", "other_cores",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column: its heading, and what it shows of a measured system."""

    heading: str
    cell: Callable[[Row], str]


def columns(rows: Sequence[Row]) -> list[Column]:
    """Return the table's columns; energy and differences only where there are any."""
    shown = [
        Column("system", lambda row: row.measured.title),
        Column("macro-F1", lambda row: bounded(row.metrics["macro_f1"])),
        Column("difference", lambda row: bounded(row.difference, sign=True) if row.difference else "–"),
        Column("average F1", lambda row: bounded(row.metrics["average_f1"])),
        Column("macro AP", lambda row: f"{row.metrics['macro_average_precision'].value:.3f}"),
        Column("training, s", _figure("train_seconds")),
        Column("sentences/s", _figure("sentences_per_second")),
        Column("memory training, MB", _figure("train_peak_mb")),
        Column("memory scoring, MB", _figure("score_peak_mb")),
        Column("model, MB", _figure("model_mb")),
        Column("energy training, Wh", _figure("train_energy_wh")),
        Column("energy scoring, Wh per 1,000", _figure("score_energy_wh_per_1000")),
    ]
    if not any(row.difference for row in rows):
        shown = [column for column in shown if column.heading != "difference"]
    if not any("average_f1" in row.metrics for row in rows):
        shown = [column for column in shown if column.heading != "average F1"]
    if not any(row.measured.figures.get("train_energy_wh") is not None for row in rows):
        shown = [column for column in shown if not column.heading.startswith("energy")]
    return shown


def markdown(comparison: Comparison, facts: Sequence[str]) -> str:
    """Return the table with its notes.

    Parameters
    ----------
    comparison : Comparison
        The benchmark.
    facts : sequence of str
        What is to be said below the table, a line each.
    """
    shown = columns(comparison.rows)
    lines = [
        f"# {comparison.config.name}",
        "",
        _cells([column.heading for column in shown]),
        _cells(["---", *("---:" for _ in shown[1:])]),
    ]
    for row in comparison.rows:
        if row.measured.done:
            lines.append(_cells([column.cell(row).replace("|", "\\|") for column in shown]))
        else:
            empty = [""] * (len(shown) - 2)
            lines.append(_cells([row.measured.title, row.measured.error.replace("|", "\\|"), *empty]))
    return "\n".join([*lines, "", *(f"- {fact}" for fact in facts), ""])


def latex(comparison: Comparison) -> str:
    """Return the measured systems as a ``tabular`` for the booktabs package."""
    shown = columns(comparison.rows)
    body = [[column.cell(row) for column in shown] for row in comparison.rows if row.measured.done]
    table = [[column.heading for column in shown], *body]
    lines = [" & ".join(map(_escaped, cells)) + r" \\" for cells in table]
    rule = ["\\toprule", lines[0], "\\midrule", *lines[1:], "\\bottomrule"]
    return "\n".join([f"\\begin{{tabular}}{{l{'r' * (len(shown) - 1)}}}", *rule, "\\end{tabular}", ""])


def comma_separated(comparison: Comparison) -> str:
    """Return every figure and metric in full, one row a system."""
    names = list(dict.fromkeys(name for row in comparison.rows for name in row.metrics))
    bounds = ("value", "low", "high")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["system", "status", "error", *FIGURES]
        + [f"difference{end}" for end in ("", ".low", ".high")]
        + [f"{name}{end}" for name in names for end in ("", ".low", ".high")]
    )
    for row in comparison.rows:
        measured, empty = row.measured, Estimate(float("nan"))
        estimates = [row.difference or empty, *(row.metrics.get(name, empty) for name in names)]
        numbers = [measured.figures.get(name) for name in FIGURES]
        numbers += [getattr(estimate, bound) for estimate in estimates for bound in bounds]
        cells = ["" if number is None or number != number else repr(float(number)) for number in numbers]
        writer.writerow([harmless(measured.title), measured.status, harmless(measured.error), *cells])
    return out.getvalue()


def terminal(comparison: Comparison) -> str:
    """Return the most important columns, aligned, and a line for each system that wasn't measured."""
    shown = [column for column in columns(comparison.rows) if not column.heading.startswith(("energy", "macro AP"))]
    done = [row for row in comparison.rows if row.measured.done]
    table = [[column.heading for column in shown], *([column.cell(row) for column in shown] for row in done)]
    widths = [max(len(cells[number]) for cells in table) for number in range(len(shown))]
    lines = ["  ".join([cells[0].ljust(widths[0]), *_right(cells[1:], widths[1:])]).rstrip() for cells in table]
    lines += [f"{row.measured.title}: {row.measured.error}" for row in comparison.rows if not row.measured.done]
    return "\n".join(lines)


def bounded(estimate: Estimate, sign: bool = False) -> str:
    """Return a value with its bounds, such as ``0.712 [0.688, 0.735]``; without them where there are none."""
    form = "+.3f" if sign else ".3f"
    if estimate.low != estimate.low:
        return f"{estimate.value:{form}}"
    return f"{estimate.value:{form}} [{estimate.low:{form}}, {estimate.high:{form}}]"


def significant(number: float | None) -> str:
    """Return a number with three significant digits and no exponent, such as ``50,200``, ``7.31`` or ``0.0123``.

    Examples
    --------
    >>> [significant(each) for each in (50234.1, 731.4, 7.313, 0.01234, 0.0, None)]
    ['50,200', '731', '7.31', '0.0123', '0', '–']
    """
    if number is None:
        return "–"
    if number == 0:
        return "0"
    rounded = float(f"{number:.3g}")
    if rounded >= 100:
        return f"{rounded:,.0f}"
    digits = len(f"{rounded:.2e}".split("e")[0]) - 2
    exponent = int(f"{rounded:.2e}".split("e")[1])
    return f"{rounded:.{max(0, digits - exponent)}f}"


def _figure(name: str) -> Callable[[Row], str]:
    return lambda row: significant(row.measured.figures.get(name))


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _right(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]


def _escaped(text: str) -> str:
    special: dict[str, Any] = {"\\": r"\textbackslash{}", "–": "--", "−": "$-$"}
    special |= {sign: f"\\{sign}" for sign in "&%$#_{}"}
    return "".join(special.get(sign, sign) for sign in text)
