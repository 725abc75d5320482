"""Annotator agreement as tables for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 10
"""Ways of disagreeing that are listed for two annotators; more annotators share them."""


def agreement_text(result: Mapping[str, Any]) -> str:
    """Return what `experiments.quality.agreement.measure_agreement` found, slices included, as text."""
    seen = ", ".join(f"{name} ({rows} rows)" for name, rows in result["annotators"].items())
    lines = [
        f"{result['data']}: {result['rows']} rows, {result['rows_compared']} seen by two annotators or more, "
        f"{result['task']}",
        f"annotators {seen}",
    ]
    if result["adjudicated"] is not None:
        lines.append(f"adjudicated {result['adjudicated']} rows")
    if not result["rows_compared"]:
        return "\n".join([*lines, "no row was seen by two annotators, so there is nothing to compare"])
    many = len(result["annotators"]) > 2
    rows = [["", "kappa" + (" (mean)" if many else ""), "alpha", "agreement", "positive agr.", "prevalence"]]
    rows += [
        [
            label,
            _bounds(found["kappa"]),
            _bounds(found["alpha"]),
            _percent(found["agreement"]),
            _plain(found["positive_agreement"]),
            _percent(found["prevalence"]),
        ]
        for label, found in result["labels"].items()
    ]
    overall = result["overall"]
    single = result["task"] == "single-label"
    rows.append(
        [
            "all labels" if single else "label sets",
            _bounds(overall["kappa"]),
            _bounds(overall["alpha_sets"]),
            _percent(overall["agreement"]),
        ]
    )
    lines += ["", *table(rows), ""]
    if not single:
        lines += [
            f"alpha with MASI distance       {_bounds(overall['alpha_masi'])}",
            f"alpha over all labels pooled   {_bounds(overall['alpha_pooled'])}",
        ]
    if result["bootstrap"]:
        lines.append(f"in brackets 95% bounds, {result['bootstrap']} resamples of {result['groups']} groups")
    lines.append(
        "alpha from 0.80 on is called reliable, from 0.667 on good for tentative conclusions (Krippendorff 2004)"
    )
    for pair in result["pairs"]:
        lines += ["", *_pair_lines(pair, MOST if not many else 3)]
    for column, parts in result.get("slices", {}).items():
        lines += ["", *_slice_lines(column, parts, single)]
    return "\n".join(lines)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines of aligned columns, two blanks apart."""
    width = max(len(row) for row in rows)
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(width)]
    return ["  ".join(cell.ljust(widths[at]) for at, cell in enumerate(row)).rstrip() for row in rows]


def _pair_lines(pair: Mapping[str, Any], most: int) -> list[str]:
    a, b = pair["annotators"]
    rows = [[f"{a} and {b}, {pair['rows']} rows", "both", f"only {a}", f"only {b}", "neither"]]
    rows += [
        [label, *(str(found[cell]) for cell in ("both", "only_first", "only_second", "neither"))]
        for label, found in pair["labels"].items()
    ]
    lines = table(rows)
    if not pair["disagreements"]:
        return [*lines, "", f"{a} and {b} never disagree"]
    differing = sum(found["rows"] for found in pair["disagreements"])
    listed = [[f"{a} says", f"{b} says", "rows", "such as"]]
    listed += [
        [_set(found["first"]), _set(found["second"]), str(found["rows"]), ", ".join(found["ids"])]
        for found in pair["disagreements"][:most]
    ]
    lines += ["", f"they differ on {differing} rows, most often:", *table(listed)]
    if len(pair["disagreements"]) > most:
        lines.append(f"and {len(pair['disagreements']) - most} other ways (all with --json)")
    return lines


def _slice_lines(column: str, parts: Mapping[str, Mapping[str, Any]], single: bool) -> list[str]:
    labels = list(next(iter(parts.values()))["labels"])
    rows = [[f"by {column}", "rows", "alpha" if single else "alpha MASI", *(f"kappa {label}" for label in labels)]]
    rows += [
        [
            value or "(none)",
            str(part["rows_compared"]),
            _bounds(part["overall"]["alpha_sets" if single else "alpha_masi"]),
            *(_plain(found["kappa"]["value"]) for found in part["labels"].values()),
        ]
        for value, part in parts.items()
    ]
    return table(rows)


def _set(labels: Sequence[str]) -> str:
    return "{" + ", ".join(labels) + "}"


def _plain(value: float) -> str:
    return "-" if value != value else f"{value:.3f}"


def _percent(value: float) -> str:
    return "-" if value != value else f"{100 * value:.1f}%"


def _bounds(estimate: Mapping[str, float]) -> str:
    if estimate["low"] != estimate["low"]:
        return _plain(estimate["value"])
    return f"{_plain(estimate['value'])} [{estimate['low']:.3f}, {estimate['high']:.3f}]"
