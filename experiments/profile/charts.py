"""The charts of a profile: shares over time, and by group, with their bounds, a panel a label."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from experiments.evaluation.figures import COLUMN, PAGE, as_svg, panels, short, styled
from experiments.measures.resampling import Estimate
from experiments.pages import PALETTE
from experiments.profile.shares import Group, View
from experiments.scored.periods import period_at, place_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DOTS = 30
"""Groups of one chart; those with most articles are drawn."""

MOST_LINES = 5
"""Groups that are drawn over time, those with most articles."""

_INK, _GREY = "#1b1b1b", "#808080"  # the first is the page's own ink there (figures.inline_svg)
_ACROSS = 3
_TICKS = 5


def label_colours(labels: Sequence[str]) -> list[str]:
    """Return a colour for each label; one for all when there are more labels than colours."""
    return [PALETTE[at] if len(labels) <= len(PALETTE) else _INK for at in range(len(labels))]


def largest(groups: Sequence[Group], most: int) -> list[Group]:
    """Return the groups with most articles, those first that have more."""
    return sorted(groups, key=lambda group: (-group.articles, group.by))[:most]


def over_time(labels: Sequence[str], view: View, kind: str) -> str:
    """Draw each label's share over time as a line with its bounds as a band, as SVG.

    Parameters
    ----------
    labels : sequence of str
        A panel each.
    view : View
        Grouped by periods alone.
    kind : {"year", "month", "day"}
        Which.
    """
    with styled():
        figure, parts = panels(len(labels), 1.9, across=_ACROSS)
        for at, (label, colour, part) in enumerate(zip(labels, label_colours(labels), parts, strict=True)):
            axes = part.subplots()
            places = [place_of(group.by[0]) for group in view.groups]
            top = _line(axes, places, [group.shares[at] for group in view.groups], colour, 0.22)
            _finish(axes, label, top, kind, places)
        return as_svg(figure)


def over_time_by(labels: Sequence[str], view: View, kind: str, time_at: int, names: Sequence[str]) -> str | None:
    """Draw each label's share over time in a few groups, a row a group, as SVG; None where no period has bounds.

    Periods with too few articles for bounds are left out: a share of two articles would set the scale.

    Parameters
    ----------
    labels : sequence of str
        A panel each, in all rows of one scale.
    view : View
        Grouped by periods and by another column.
    kind : {"year", "month", "day"}
        Which periods.
    time_at : {0, 1}
        Which of the view's columns they are.
    names : sequence of str
        The groups of the other column that are drawn.
    """
    from matplotlib.figure import Figure

    bounded = [group for group in view.groups if group.shares[0].low == group.shares[0].low]
    drawn = {name: [group for group in bounded if group.by[1 - time_at] == name] for name in names}
    drawn = {name: groups for name, groups in drawn.items() if groups}
    if not drawn:
        return None
    everywhere = [place_of(group.by[time_at]) for groups in drawn.values() for group in groups]
    across = min(len(labels), _ACROSS)
    chunks = [range(start, min(start + across, len(labels))) for start in range(0, len(labels), across)]
    with styled():
        rows = len(chunks) * len(drawn)
        width = COLUMN if len(labels) == 1 else PAGE
        figure = Figure(figsize=(width, 0.3 + 1.15 * rows), layout="constrained")
        grid = figure.subplots(rows, across, squeeze=False)
        colours = label_colours(labels)
        for row, (chunk, (name, groups)) in enumerate((chunk, each) for chunk in chunks for each in drawn.items()):
            for unused in grid[row, len(chunk) :]:
                unused.set_visible(False)
            for at, axes in zip(chunk, grid[row], strict=False):
                places = [place_of(group.by[time_at]) for group in groups]
                _line(axes, places, [group.shares[at] for group in groups], colours[at], 0.22)
                top = max(group.shares[at].high for groups in drawn.values() for group in groups)
                _finish(axes, labels[at] if row % len(drawn) == 0 else "", top, kind, everywhere)
                if at == chunk[0]:
                    axes.set_ylabel(short(name, 20))
                if row % len(drawn) < len(drawn) - 1:
                    axes.tick_params(axis="x", labelbottom=False)
        return as_svg(figure)


def by_group(labels: Sequence[str], groups: Sequence[Group], whole: Group) -> str:
    """Draw each label's share in each group as a dot, with its bounds as a line, as SVG.

    Parameters
    ----------
    labels : sequence of str
        A panel each.
    groups : sequence of Group
        From top to bottom.
    whole : Group
        All sentences, whose shares are the dashed lines.
    """
    from matplotlib.figure import Figure

    with styled():
        rows = -(-len(labels) // _ACROSS)
        across = min(len(labels), _ACROSS)
        height = 0.55 + 0.17 * max(len(groups), 2)
        width = COLUMN if len(labels) == 1 else PAGE
        figure = Figure(figsize=(width, rows * height), layout="constrained")
        grid = figure.subplots(rows, across, squeeze=False, sharey=True)
        for unused in grid.ravel()[len(labels) :]:
            unused.set_visible(False)
        for at, (label, colour, axes) in enumerate(zip(labels, label_colours(labels), grid.ravel(), strict=False)):
            top = whole.shares[at].value
            axes.axvline(whole.shares[at].value, color=_GREY, linewidth=0.7, linestyle=(0, (3, 2)), zorder=0)
            for place, group in enumerate(groups):
                share = group.shares[at]
                bounded = share.low == share.low
                if bounded:
                    axes.hlines(place, share.low, share.high, color=colour, linewidth=1.4)
                face = colour if bounded else "none"
                axes.plot(
                    [share.value], [place], "o", color=colour, markerfacecolor=face, markersize=3.8, clip_on=False
                )
                top = max(top, share.high if bounded else share.value)
            axes.set(xlim=(0, _room(top)), ylim=(len(groups) - 0.4, -0.6))
            axes.set_yticks(range(len(groups)), [short(group.by[0], 32) for group in groups])
            axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
            axes.locator_params(axis="x", nbins=4)
            axes.grid(axis="x", color=_GREY, alpha=0.25, linewidth=0.5)
            axes.set_axisbelow(True)
            axes.set_title(short(label))
        return as_svg(figure)


def _line(axes: "Axes", places: Sequence[int], shares: Sequence[Estimate], colour: str, band: float) -> float:
    """Draw shares in their order, broken where periods are missing, and return the highest place that is drawn."""
    x: list[float] = []
    values: list[list[float]] = []
    for place, share in zip(places, shares, strict=True):
        if x and place - x[-1] > 1:
            x.append(x[-1] + 0.5)
            values.append([np.nan] * 3)
        x.append(place)
        values.append([share.value, share.low, share.high])
    value, low, high = np.asarray(values, dtype=np.float64).reshape(-1, 3).T
    at = np.asarray(x, dtype=np.float64)
    axes.fill_between(at, low, high, color=colour, alpha=band, linewidth=0)
    axes.plot(at, value, color=colour, linewidth=1.1)
    lonely = _between_gaps(low)  # makes no band
    axes.vlines(at[lonely], low[lonely], high[lonely], color=colour, linewidth=1.0, alpha=0.5)
    unbounded = ~np.isnan(value) & np.isnan(low)
    for dots, face in ((_between_gaps(value) & ~unbounded, colour), (unbounded, "none")):
        axes.plot(at[dots], value[dots], "o", color=colour, markerfacecolor=face, markersize=2.6)
    return float(np.nanmax([*value, *high], initial=0.0))


def _between_gaps(values: np.ndarray) -> np.ndarray:
    """Return which values have no neighbour, so that no line shows them, shape (n,)."""
    gap = np.concatenate([[True], np.isnan(values), [True]])
    return np.asarray(~gap[1:-1] & gap[:-2] & gap[2:])


def _finish(axes: "Axes", label: str, top: float, kind: str, places: Sequence[int]) -> None:
    """Set the title, the scale from 0, and a few periods below."""
    axes.set_title(short(label))
    first, last = min(places), max(places)
    ticks = np.unique(np.linspace(first, last, min(_TICKS, last - first + 1)).round().astype(int))
    room = max((last - first) * 0.03, 0.5)
    axes.set(xlim=(first - room, last + room), ylim=(0, _room(top)))
    axes.set_xticks(ticks, [period_at(int(tick), kind) for tick in ticks])
    if kind == "day" or len(ticks) > 3:
        axes.tick_params(axis="x", labelsize=5.5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    axes.locator_params(axis="y", nbins=4)
    axes.grid(axis="y", color=_GREY, alpha=0.25, linewidth=0.5)
    axes.set_axisbelow(True)


def _room(top: float) -> float:
    return min(max(1.06 * top, 0.01), 1.0)
