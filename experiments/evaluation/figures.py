"""The figures of an evaluation, sized for a paper's column, as SVG that any journal's tools can edit.

Matplotlib is imported when a figure is drawn, not with this module; nothing of its global state is changed for good.
"""

import io
import logging
import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.measures.metrics import BINS, Metrics
from experiments.measures.resampling import Estimate
from experiments.pages import PALETTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, PAGE = 3.5, 7.0
"""Width in inches of a column and of a page's text, in most journals."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
_INK, _GREY = "#1b1b1b", "#808080"
_SHADE = "#46525e"  # where darkness stands for a number: no label has this colour
_TOGETHER = len(PALETTE)  # more curves than this are drawn in panels of their own
_MOST_POINTS = 1500  # of one curve; more only make the file larger

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "framescope",
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "text.color": _INK,
    "text.parse_math": False,  # a label may hold dollar signs
    "lines.linewidth": 1.2,
}


def draw_figures(
    folder: Path,
    labels: Sequence[str],
    y: np.ndarray,
    probabilities: np.ndarray,
    decided: np.ndarray,
    multilabel: bool = True,
) -> dict[str, str]:
    """Draw the figures of an evaluation and write them to a folder.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    labels : sequence of str
        The columns' names.
    y, decided : ndarray of shape (n, n_labels)
        The true and the predicted indicator matrix; rows of which a label is undecided (negative in ``y``) are left
        out of what is drawn of it.
    probabilities : ndarray of shape (n, n_labels)
        Predicted probabilities.
    multilabel : bool, default True
        Whether labels are independent: one small confusion matrix each then, else one large one.

    Returns
    -------
    dict of str to str
        ``precision-recall``, ``reliability`` and ``confusion`` -> the figure's SVG. The same numbers give the same
        bytes.

    References
    ----------
    Okabe, M. & Ito, K. (2008). Color universal design. https://jfly.uni-koeln.de/color/
    """
    draw: dict[str, Callable[[], Figure]] = {
        "precision-recall": lambda: _precision_recall(labels, y, probabilities, decided),
        "reliability": lambda: _reliability(labels, y, probabilities),
        "confusion": lambda: _confusions(labels, y, decided) if multilabel else _confusion(labels, y, decided),
    }
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    with styled():
        for name, figure in draw.items():
            drawn[name] = as_svg(figure())
            (folder / f"{name}.svg").write_text(drawn[name], encoding="utf-8")
    return drawn


def draw_f1(path: Path, labels: Sequence[str], metrics: Metrics) -> None:
    """Draw macro-F1 and the F1 of every label as dots, with their 95% bounds as lines, and write the figure.

    All such figures have one scale, from 0 to 1, so that those of several runs can be compared side by side.

    Parameters
    ----------
    path : Path
        ``.png`` or ``.svg``; its folder is made if it isn't there.
    labels : sequence of str
        The labels, from top to bottom below macro-F1.
    metrics : dict of str to Estimate
        ``macro_f1`` and ``<label>.f1``; what is undefined has no dot.
    """
    from matplotlib.figure import Figure

    rows = [("macro-F1", metrics["macro_f1"], _INK)]
    rows += [(short(label), metrics[f"{label}.f1"], _colour(at, len(labels))) for at, label in enumerate(labels)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        figure = Figure(figsize=(COLUMN, 0.5 + 0.26 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for at, (_, estimate, colour) in enumerate(rows):
            if estimate.value != estimate.value:
                axes.text(0.5, at, "no rows", ha="center", va="center", color=_GREY)
                continue
            axes.hlines(at, estimate.low, estimate.high, color=colour, linewidth=1.6)
            axes.plot([estimate.value], [at], "o", color=colour, markeredgecolor="white", markersize=6, clip_on=False)
            axes.text(1.02, at, _numbers(estimate), va="center", color=_INK)
        axes.axhline(0.5, color=_GREY, linewidth=0.5)
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5), xticks=np.arange(0, 1.1, 0.2), xlabel="F1, 95% bounds")
        axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
        axes.grid(axis="x", color=_GREY, alpha=0.25, linewidth=0.5)
        axes.set_axisbelow(True)
        figure.savefig(path, dpi=200)


def _numbers(estimate: Estimate) -> str:
    bounds = f" [{estimate.low:.2f}, {estimate.high:.2f}]" if estimate.low == estimate.low else ""
    return f"{estimate.value:.2f}{bounds}"


def inline_svg(svg: str, prefix: str) -> str:
    """Return an SVG file as an element for an HTML page, drawn in the page's own ink and font.

    Parameters
    ----------
    svg : str
        As :func:`draw_figures` returns it.
    prefix : str
        Set before every id: Matplotlib gives the same ones in each figure, a page may hold each only once.
    """
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>", "", element, flags=re.DOTALL)
    element = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{prefix}-", element)
    return element.replace(_INK, "currentColor").strip()


@contextmanager
def styled() -> "Iterator[None]":
    """Set this module's style, and keep quiet of letters the font lacks: the reader's font draws them, not ours."""
    import matplotlib

    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context(_STYLE), warnings.catch_warnings():  # type: ignore[arg-type]
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            yield
    finally:
        fonts.setLevel(level)


def as_svg(figure: "Figure") -> str:
    """Return a figure as SVG text, free of dates and versions: the same numbers give the same bytes."""
    page = io.StringIO()
    plain: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(page, format="svg", transparent=True, metadata=plain)
    svg = page.getvalue().replace("'DejaVu Sans'", "Helvetica, Arial, 'DejaVu Sans', sans-serif")
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def panels(count: int, height: float, across: int = 4) -> "tuple[Figure, list[Any]]":
    """Return a page-wide figure with one part a label, each ``height`` inches high."""
    from matplotlib.figure import Figure

    across = min(across, max(count, 2))
    rows = -(-count // across)
    width = COLUMN if count <= 2 else PAGE
    figure = Figure(figsize=(width, rows * height), layout="constrained")
    parts = figure.subfigures(rows, across, squeeze=False)
    return figure, list(parts.ravel())[:count]


def _colour(column: int, count: int) -> str:
    """Return a label's colour on every page of the kit; one for all when there are more labels than colours."""
    return PALETTE[column] if count <= _TOGETHER else _INK


def short(label: str, most: int = 24) -> str:
    """Return a label as far as there is room for it."""
    return label if len(label) <= most else label[: most - 1] + "…"


def _precision_recall(labels: Sequence[str], y: np.ndarray, probabilities: np.ndarray, decided: np.ndarray) -> "Figure":
    from matplotlib.figure import Figure

    if len(labels) > _TOGETHER:
        figure, parts = panels(len(labels), 1.75)
        for column, (label, part) in enumerate(zip(labels, parts, strict=True)):
            axes = part.subplots()
            iso_lines(axes, named=False)
            curve(axes, y[:, column], probabilities[:, column], decided[:, column], _INK, "-", label)
            axes.set_title(short(label))
            axes.set_xlabel("recall")
            axes.set_ylabel("precision")
        return figure
    figure = Figure(figsize=(COLUMN, 3.3), layout="constrained")
    axes = figure.subplots()
    iso_lines(axes, named=True)
    for column, label in enumerate(labels):
        dash = DASHES[column % len(DASHES)]
        curve(
            axes, y[:, column], probabilities[:, column], decided[:, column], _colour(column, len(labels)), dash, label
        )
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    if len(labels) > 1:
        axes.legend(loc="lower left", handlelength=2.6, borderaxespad=0.2)
    return figure


def iso_lines(axes: "Axes", named: bool) -> None:
    """Draw the lines on which F1 is the same."""
    for f1 in (0.2, 0.4, 0.6, 0.8):
        lowest = f1 / (2 - f1)  # the recall that needs a precision of 1
        recall = lowest + np.r_[0, np.geomspace(1e-3, 1 - lowest, 80)]
        axes.plot(recall, f1 * recall / (2 * recall - f1), color=_INK, alpha=0.3, linewidth=0.5, zorder=1)
        if named:
            axes.annotate(f"F1 {f1}", (1.01, lowest), color=_GREY, fontsize=6, va="center", annotation_clip=False)
    axes.set(xlim=(0, 1.0), ylim=(0, 1.02), xticks=np.arange(0, 1.1, 0.2), yticks=np.arange(0, 1.1, 0.2))


def curve(
    axes: "Axes", truth: np.ndarray, scores: np.ndarray, given: np.ndarray, colour: str, dash: Any, label: str
) -> None:
    """Draw a precision-recall curve of n rows, those undecided (negative) left out, and a dot for the decisions."""
    from sklearn.metrics import precision_recall_curve

    truth, scores, given = (each[truth >= 0] for each in (truth, scores, given))
    if not truth.any():
        axes.plot([], [], color=colour, linestyle=dash, label=f"{short(label)} (no rows)")
        return
    precision, recall, _ = precision_recall_curve(truth, scores)
    if len(recall) > _MOST_POINTS:
        kept = np.unique(np.linspace(0, len(recall) - 1, _MOST_POINTS).astype(int))
        precision, recall = precision[kept], recall[kept]
    # each threshold's precision holds down to the next recall, as average precision counts it
    axes.plot(recall, precision, color=colour, linestyle=dash, drawstyle="steps-post", label=short(label), zorder=2)
    hits, sought, found = float((truth * given).sum()), float(truth.sum()), float(given.sum())
    if found:
        axes.plot(
            [hits / sought], [hits / found], "o", color=colour, markeredgecolor="white", markersize=5.5, clip_on=False
        )  # fmt: skip


def _reliability(labels: Sequence[str], y: np.ndarray, probabilities: np.ndarray) -> "Figure":
    figure, parts = panels(len(labels), 2.35, across=3 if len(labels) == 3 else 4)
    binned = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    known = y >= 0
    kept = [(bins[at], max(at.sum(), 1)) for bins, at in zip(binned.T, known.T, strict=True)]
    fullest = max((np.bincount(bins).max(initial=0) / n for bins, n in kept), default=0)
    top = float(np.clip(np.ceil(10 * fullest) / 10, 0.1, 1))  # one scale for all labels
    for column, (label, part) in enumerate(zip(labels, parts, strict=True)):
        upper, lower = part.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        colour = _colour(column, len(labels))
        at = known[:, column]
        truth, scores, bins = y[at, column], probabilities[at, column], binned[at, column]
        counts = np.bincount(bins, minlength=BINS)
        filled = np.flatnonzero(counts)
        confidence = np.bincount(bins, scores, minlength=BINS)[filled] / counts[filled]
        observed = np.bincount(bins, truth, minlength=BINS)[filled] / counts[filled]
        low, high = _wilson(observed, counts[filled])
        upper.plot([0, 1], [0, 1], color=_GREY, linewidth=0.6, linestyle=(0, (4, 3)))
        upper.vlines(confidence, low, high, color=colour, linewidth=0.8, alpha=0.7)
        upper.plot(confidence, observed, "-o", color=colour, linewidth=0.8, markersize=2.8, clip_on=False)
        upper.set(xlim=(0, 1), ylim=(0, 1.02), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), ylabel="observed frequency")
        upper.set_title(short(label))
        lower.bar((np.arange(BINS) + 0.5) / BINS, counts / max(len(scores), 1), width=0.92 / BINS, color=colour)
        lower.set(ylim=(0, top), yticks=(0, top), xlabel="predicted probability", ylabel="share")
    return figure


def _wilson(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95% Wilson bounds of shares."""
    z = 1.96
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return middle - half, middle + half


def _confusions(labels: Sequence[str], y: np.ndarray, decided: np.ndarray) -> "Figure":
    """Return one two by two matrix a label."""
    figure, parts = panels(len(labels), 1.75, across=3 if len(labels) == 3 else 4)
    for column, (label, part) in enumerate(zip(labels, parts, strict=True)):
        axes = part.subplots()
        matrix = np.zeros((2, 2), dtype=int)
        # the label first, so that what was found and missed comes before the many rows without it
        at = y[:, column] >= 0
        np.add.at(matrix, (1 - y[at, column], 1 - decided[at, column]), 1)
        _matrix(axes, matrix, ["yes", "no"], 8)
        axes.set_title(short(label))
    return figure


def _confusion(labels: Sequence[str], y: np.ndarray, decided: np.ndarray) -> "Figure":
    """Return one matrix of the true against the predicted label."""
    from matplotlib.figure import Figure

    size = float(np.clip(1.6 + 0.36 * len(labels), COLUMN, PAGE))
    figure = Figure(figsize=(size, size - 0.3), layout="constrained")
    matrix = y.T.astype(int) @ decided.astype(int)
    axes = figure.subplots()
    names = [short(label, 18) for label in labels]
    _matrix(axes, matrix, names, 7 if len(labels) <= 10 else 5.5)
    if len(labels) > 4 or max(map(len, names)) > 10:
        axes.tick_params(axis="x", labelrotation=90)
    return figure


def _matrix(axes: "Axes", matrix: np.ndarray, names: Sequence[str], size: float) -> None:
    """Draw counts, each cell shaded by its share of the true rows: vector squares, not a raster image."""
    from matplotlib.patches import Rectangle

    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    places = range(len(names))
    for row in places:
        for column in places:
            share = float(shares[row, column])
            square = (column - 0.48, row - 0.48)
            axes.add_patch(Rectangle(square, 0.96, 0.96, facecolor=_SHADE, alpha=0.04 + 0.86 * share))
            text = f"{matrix[row, column]:,}" if size < 8 else f"{matrix[row, column]:,}\n{share:.0%}"
            ink = "white" if share > 0.55 else _INK
            if matrix[row, column] or size >= 8:
                axes.text(column, row, text, ha="center", va="center", fontsize=size, color=ink, linespacing=1.35)
    axes.set(xticks=list(places), yticks=list(places), xlabel="predicted", ylabel="true", aspect="equal")
    axes.set_xticklabels(names)
    axes.set_yticklabels(names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
