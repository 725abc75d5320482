"""The plot of macro-F1 against throughput, sized for a paper's column."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.benchmarks.compare import Row
from experiments.evaluation.figures import COLUMN, as_svg, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KIT, _PEER = "#0072b2", "#d55e00"  # of Okabe and Ito's set, as on the kit's other pages
_GAP = 4.5  # points between a mark and its name

_PLACES = (
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (0.8, 0.8, "left", "bottom"),
    (0.8, -0.8, "left", "top"),
    (-0.8, 0.8, "right", "bottom"),
    (-0.8, -0.8, "right", "top"),
    (0.8, 2.4, "left", "bottom"),
    (0.8, -2.4, "left", "top"),
    (-0.8, 2.4, "right", "bottom"),
    (-0.8, -2.4, "right", "top"),
)
"""Where a name may stand beside its mark, best first: steps of the gap to the right and up, and how it is aligned."""


def draw(rows: Sequence[Row]) -> tuple[str, bytes]:
    """Return the plot as SVG and as PNG (300 dots an inch).

    Parameters
    ----------
    rows : sequence of Row
        Measured systems, at least one. Configs of the kit are circles, peers diamonds; bars are the 95% bounds.
    """
    with styled():
        figure = _figure(rows)
        svg = as_svg(figure)
        page = io.BytesIO()
        figure.savefig(page, format="png", dpi=300, metadata={"Software": None})
    return svg, page.getvalue()


def _figure(rows: Sequence[Row]) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure = Figure(figsize=(COLUMN, 2.7), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    rates = np.asarray([row.measured.figures["sentences_per_second"] for row in rows], dtype=float)
    estimates = [row.metrics["macro_f1"] for row in rows]
    values = np.asarray([estimate.value for estimate in estimates])
    bounds = np.asarray([[estimate.low, estimate.high] for estimate in estimates])
    bounds = np.where(np.isnan(bounds), values[:, None], bounds)
    peers = np.asarray([row.measured.kind == "peer" for row in rows])
    for kind, mark, colour, name in ((~peers, "o", _KIT, "framescope"), (peers, "D", _PEER, "peers")):
        if kind.any():
            axes.vlines(rates[kind], bounds[kind, 0], bounds[kind, 1], color=colour, linewidth=0.9, alpha=0.7)
            axes.plot(rates[kind], values[kind], mark, color=colour, markersize=4, label=name)
    axes.set_xscale("log")
    # names need room beside the outermost marks
    axes.set_xlim(rates.min() / 4, rates.max() * 4)
    low, high = float(bounds.min()), float(bounds.max())
    room = max(0.12 * (high - low), 0.01)
    axes.set_ylim(max(0.0, low - room), min(1.0, high + room))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:,.0f}" if rate >= 1 else f"{rate:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="sentences per second (log scale)", ylabel="macro-F1 (95% bounds)")
    axes.grid(color="#808080", alpha=0.2, linewidth=0.4)
    if peers.any() and not peers.all():
        figure.legend(loc="outside upper right", ncols=2, handletextpad=0.2, columnspacing=1.2)
    canvas.draw()  # type: ignore[no-untyped-call]  # settles where the axes are, on which the places of the names depend
    _name_marks(axes, rates, values, bounds, [row.measured.title.partition(",")[0] for row in rows])
    return figure


def _name_marks(axes: "Axes", rates: np.ndarray, values: np.ndarray, bounds: np.ndarray, names: Sequence[str]) -> None:
    """Write each name beside its mark, where it covers neither marks, bars nor names as far as that is possible."""
    from matplotlib.transforms import Bbox

    figure: Any = axes.figure
    point = figure.dpi / 72
    marks = axes.transData.transform(np.c_[rates, values])
    tops = axes.transData.transform(np.c_[rates, bounds[:, 1]])
    bottoms = axes.transData.transform(np.c_[rates, bounds[:, 0]])
    taken = [Bbox.from_extents(x - 3 * point, y - 3 * point, x + 3 * point, y + 3 * point) for x, y in marks]
    taken += [
        Bbox.from_extents(x - point, low, x + point, high) for (x, low), (_, high) in zip(bottoms, tops, strict=True)
    ]
    inside = axes.get_window_extent()
    for name, rate, value in zip(names, rates, values, strict=True):
        tried = []
        for right, up, horizontal, vertical in _PLACES:
            text = axes.annotate(
                name,
                (rate, value),
                xytext=(right * _GAP, up * _GAP),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=6.5,
            )
            text.set_in_layout(False)
            box = text.get_window_extent(figure.canvas.get_renderer())
            covered = sum(_shared(box, other) for other in taken)
            outside = box.width * box.height - _shared(box, inside)
            tried.append((covered + outside, text, box))
            if covered + outside < 1e-6:
                break
        best = min(range(len(tried)), key=lambda number: tried[number][0])
        for number, (_, text, _) in enumerate(tried):
            if number != best:
                text.remove()
        taken.append(tried[best][2])


def _shared(one: Any, other: Any) -> float:
    """Return the area that two boxes share, in square dots."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return float(max(0.0, width) * max(0.0, height))
