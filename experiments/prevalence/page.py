"""Corrected shares as one HTML file that stands for itself, in the look of a run's report."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from markupsafe import Markup

from experiments.evaluation.figures import as_svg, inline_svg, panels, short, styled
from experiments.files import shown_paths
from experiments.measures.resampling import MIN_GROUPS
from experiments.pages import PALETTE, SPEAKS, colours, render
from experiments.prevalence.found import METHODS, REPORTED, Group, Prevalence, View
from experiments.prevalence.text import NAMES, is_told, needed_lines
from experiments.prevalence.written import TO_REPORT, WHERE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 300
"""Groups of one table; the CSV has all."""

MOST_DOTS = 30
"""Groups of one chart; those with most sentences are drawn."""

_INK, _GREY = "#1b1b1b", "#808080"
_MOST_FILES = 8


def prevalence_page(found: Prevalence, files: Sequence[str], labelled: str, table: str) -> str:
    """Return the page.

    Parameters
    ----------
    found : Prevalence
        What it shows.
    files : sequence of str
        The scored files.
    labelled, table : str
        The labelled sample, and what the CSV beside the page is called.
    """
    names = shown_paths(list(files))
    views = [view for view in found.views[1:] if view.groups]
    return render(
        "prevalence.html",
        found=found,
        whole=found.whole,
        colours=dict(zip(found.labels, colours(len(found.labels)), strict=True)),
        names=NAMES,
        methods=METHODS,
        speaks=SPEAKS,
        reported=REPORTED,
        to_report=TO_REPORT,
        where=WHERE,
        fewest=MIN_GROUPS,
        needed=needed_lines(found) if found.width is not None else [],
        figure=_figure(found.labels, [_of_methods(found.whole, at) for at in range(len(found.labels))], "methods"),
        sections=[
            (view, _view_figure(found.labels, view, number), view.groups[:MOST_ROWS])
            for number, view in enumerate(views)
        ],
        most_dots=MOST_DOTS,
        is_told=is_told,
        files=names[:_MOST_FILES],
        more_files=max(len(names) - _MOST_FILES, 0),
        labelled=shown_paths([labelled])[0],
        table=table,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


_Line = tuple[str, float, float, float, bool]
"""What a line of a chart says: its name, value and bounds, and whether it is the one to report."""


def _of_methods(group: Group, at: int) -> list[_Line]:
    share = group.shares[at]
    return [
        (name, value.value, value.low, value.high, method == REPORTED)
        for method, name in NAMES.items()
        if (value := share.by_method[method]).value == value.value
    ]


def _view_figure(labels: Sequence[str], view: View, number: int) -> Markup:
    drawn = sorted(view.groups, key=lambda group: -group.sentences)[:MOST_DOTS]
    lines: list[list[_Line]] = [[] for _ in labels]
    for at in range(len(labels)):
        for group in (each for each in view.groups if each in drawn):
            value = group.shares[at].by_method[REPORTED]
            if value.value == value.value:
                lines[at].append((", ".join(group.by), value.value, value.low, value.high, True))
    return _figure(labels, lines, f"view{number}")


def _figure(labels: Sequence[str], lines: Sequence[Sequence[_Line]], name: str) -> Markup:
    """Draw a panel a label with a dot and its bounds a line."""
    most = max((len(each) for each in lines), default=1)
    with styled():
        figure, parts = panels(len(labels), 0.7 + 0.19 * max(most, 2), across=min(len(labels), 3))
        for at, (label, part) in enumerate(zip(labels, parts, strict=True)):
            axes = part.subplots()
            colour = PALETTE[at] if len(labels) <= len(PALETTE) else _INK
            _draw(axes, lines[at], colour)
            axes.set_title(short(label), fontsize=8, loc="left")
        return Markup(inline_svg(as_svg(figure), name))


def _draw(axes: "Axes", lines: Sequence[_Line], colour: str) -> None:
    for place, (_, value, low, high, reported) in enumerate(lines):
        shade = colour if reported else _GREY
        if low == low:
            axes.plot([low, high], [place, place], color=shade, linewidth=1.4)
        axes.plot([value], [place], "o", color=shade, markersize=4, markerfacecolor=shade if low == low else "none")
    axes.set_yticks(range(len(lines)), [short(name) for name, *_ in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
