"""Corrected shares as text for a terminal."""

from collections.abc import Sequence

from experiments.errors import cut
from experiments.measures.resampling import Estimate
from experiments.prevalence.found import REPORTED, Gap, Prevalence, View
from experiments.prevalence.written import TO_REPORT, WHERE

_GROUPS, _GAPS = 24, 12  # of each view; the CSV and --json have all

NAMES = {
    REPORTED: "PPI++",
    "naive": "naive count",
    "adjusted": "adjusted count",
    "emq": "EMQ",
    "sample": "sample alone",
    "dsl": "DSL",
}
"""What the columns are called; the one to be reported comes first."""


def prevalence_text(found: Prevalence) -> str:
    """Return shares with bounds by every method, groups and their differences, and what to know."""
    whole = found.whole
    aside = f" ({found.boilerplate:,} set aside as boilerplate)" if found.boilerplate else ""
    lines = [
        f"shares of {whole.sentences:,} sentences of {whole.articles:,} articles{aside}, of which {found.decided:,} "
        "are labelled; with 95% bounds",
        "",
        *table(
            ["label" if found.exclusive else "frame", "labelled", "with it", *NAMES.values()],
            [
                [
                    cut(each.label),
                    f"{each.labelled:,}",
                    f"{each.positive:,}",
                    *(share_text(each.by_method[method]) for method in NAMES),
                ]
                for each in whole.shares
            ],
            {1, 2},
        ),
        "",
        TO_REPORT,
    ]
    if found.width is not None:
        lines += ["", *needed_lines(found)]
    for view in found.views[1:]:
        lines += ["", *_view(view)]
    if found.notes:
        lines += ["", *(f"note: {note}" for note in found.notes)]
    return "\n".join([*lines, "", f"See {WHERE}."])


def share_text(share: Estimate) -> str:
    """Return a share with its bounds, as far as there are some."""
    if share.value != share.value:
        return "–"
    return f"{share.value:.3f}" + (f" [{share.low:.3f}, {share.high:.3f}]" if share.low == share.low else "")


def needed_lines(found: Prevalence) -> list[str]:
    """Return how many labelled sentences bounds of the wanted width take."""
    lines = []
    for share in found.whole.shares:
        if share.by_method[REPORTED].low != share.by_method[REPORTED].low:
            told = "can't be told from so few articles"
        elif share.needed is None:
            told = "no number is enough: the corpus's own articles differ too much, score more of them"
        else:
            told = f"{share.needed:,} labelled sentences, drawn as these were"
            if share.needed > found.whole.sentences:
                told += ", which is more than there are"
            if share.needed_alone is not None:
                told += f" ({share.needed_alone:,} without the model)"
        lines.append(f"for bounds {found.width:g} apart {cut(share.label)} takes: {told}")
    return lines


def gap_text(gap: Gap) -> str:
    """Return a difference in words."""
    other = ", ".join(gap.other) or "all others"
    p = "p < 0.001" if gap.p < 0.001 else f"p = {gap.p:.3f}"
    said = "differ" if is_told(gap) else "can't be told apart"
    which = f"{cut(gap.label)}: {cut(', '.join(gap.group))} and {cut(other)} {said}"
    return f"{which}: {gap.value:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}], {p}"


def is_told(gap: Gap) -> bool:
    """Return whether a difference can be told from none: bounds and test, adjusted for their number, say so."""
    return gap.p < 0.05 and not gap.low <= 0 <= gap.high


def _view(view: View) -> list[str]:
    if not view.groups:
        return [f"by {' and '.join(view.names)}: no sentence has a value"]
    labels = [share.label for share in view.groups[0].shares]
    shown = sorted(view.groups, key=lambda group: -group.sentences)[:_GROUPS]
    rows = [
        [
            *(cut(value) for value in group.by),
            f"{group.sentences:,}",
            f"{max(share.labelled for share in group.shares):,}",
            *(
                f"{share_text(share.by_method[REPORTED])}  ({share_text(Estimate(share.by_method['naive'].value))})"
                for share in group.shares
            ),
        ]
        for group in view.groups
        if group in shown
    ]
    left = len(view.names)
    head = [*view.names, "sentences", "labelled", *(f"{cut(label)}: PPI++ (naive)" for label in labels)]
    lines = table(head, rows, {left, left + 1})
    if more := len(view.groups) - len(shown):
        lines.append(f"... and {more:,} more in the CSV")
    if view.gaps:
        gaps = sorted(view.gaps, key=lambda gap: gap.p)[:_GAPS]
        lines += ["", f"differences by {' and '.join(view.names)}, tests adjusted for {len(view.gaps)} (Holm)"]
        lines += [gap_text(gap) for gap in gaps]
        if more := len(view.gaps) - len(gaps):
            lines.append(f"... and {more:,} more with higher p (--json)")
    return lines


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Return the lines of a table; the columns of these numbers are aligned to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(
            f"{cell:>{width}}" if at in right else f"{cell:<{width}}"
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    ]
