"""The risk-coverage curve of an evaluation, drawn as its other figures are."""

from pathlib import Path

from experiments.evaluation.abstention import Curve
from experiments.evaluation.figures import COLUMN, as_svg, styled
from experiments.pages import PALETTE


def draw_coverage(path: Path, curve: Curve) -> str:
    """Draw the error on the share of rows of which a model is surest, with upper bounds, and write the figure.

    Parameters
    ----------
    path : Path
        ``.svg``; its folder is made if it isn't there.
    curve : Curve
        With at least one point.

    Returns
    -------
    str
        The figure's SVG. The same numbers give the same bytes.
    """
    from matplotlib.figure import Figure

    coverage = [point.coverage for point in curve.points]
    error, bound = ([getattr(point, name) for point in curve.points] for name in ("error", "bound"))
    with styled():
        figure = Figure(figsize=(COLUMN, 2.4), layout="constrained")
        axes = figure.subplots()
        axes.fill_between(coverage, error, bound, color=PALETTE[2], alpha=0.15, linewidth=0)
        axes.plot(coverage, bound, color=PALETTE[2], linewidth=0.7, linestyle=(0, (4, 2)), label="95% upper bound")
        axes.plot(coverage, error, color=PALETTE[2], marker="o", markersize=2.5, label="error")
        axes.set(xlim=(0, 1.02), xlabel="share of rows kept, the surest first", ylabel="wrong in any label")
        axes.set_ylim(0, min(1.0, 1.15 * max(*error, 0.01)) + 0.05)
        axes.legend(loc="upper left")
        svg = as_svg(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(svg, encoding="utf-8")
    return svg
