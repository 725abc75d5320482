"""A sweep's report: its history and what mattered, as figures, and every trial as a table."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from experiments.evaluation.figures import COLUMN, as_svg, inline_svg, short, styled
from experiments.pages import PALETTE, SPEAKS, render
from experiments.training.sweeps.summary import Row, Summary, shown

_MOST = 200  # rows of the table; the CSV file has all


def write_page(folder: Path, run_id: str, summary: Summary) -> None:
    """Write ``report.html``, ``trials.csv`` and the figures to a folder.

    Parameters
    ----------
    folder : Path
        That is there.
    run_id : str
        The sweep's run.
    summary : Summary
        What they show.
    """
    sweep = summary.config.sweep
    assert sweep is not None
    figures = folder / "figures"
    figures.mkdir()
    drawn = {"history": draw_history(summary)}
    if summary.importances:
        drawn["importance"] = draw_importances(summary.importances)
    for name, svg in drawn.items():
        (figures / f"{name}.svg").write_text(svg, encoding="utf-8")
    summary.table().to_csv(folder / "trials.csv", index=False)
    sign = -1 if sweep.maximises else 1
    best_first = sorted(
        summary.rows, key=lambda row: (row.value is None, sign * (row.value or 0.0), row.number)
    )  # fmt: skip
    page = render(
        "sweep.html",
        summary=summary,
        sweep=sweep,
        best=summary.best,
        winner=summary.winner,
        run_id=run_id,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        rows=best_first[:_MOST],
        more=max(len(summary.rows) - _MOST, 0),
        hosts=sorted({row.host for row in summary.rows}),
        shown=shown,
        ranges={field: _range(values) for field, values in sweep.space.items()},
        figures={name: Markup(inline_svg(svg, name)) for name, svg in drawn.items()},
        speaks=SPEAKS,
    )
    (folder / "report.html").write_text(page, encoding="utf-8")


def draw_history(summary: Summary) -> str:
    """Return each trial's metric in the order of the trials, and the best so far, as SVG.

    A pruned trial is drawn where it stood when it ended.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    sweep = summary.config.sweep
    assert sweep is not None
    better = max if sweep.maximises else min
    complete = [(row.number, row.value) for row in summary.rows if row.value is not None]
    with styled():
        figure = Figure(figsize=(2 * COLUMN, 2.4), layout="constrained")
        axes = figure.subplots()
        best: list[float] = []
        for _, value in complete:
            best.append(better([*best[-1:], value]))
        numbers, values = [number for number, _ in complete], [value for _, value in complete]
        axes.step(numbers, best, where="post", color="#1b1b1b", linewidth=0.9, label="best so far")
        axes.plot(numbers, values, "o", color=PALETTE[2], markersize=3.6, label="complete")
        pruned = [(row.number, _last(row)) for row in summary.rows if row.state == "pruned" and row.parts]
        if pruned:
            axes.plot(*zip(*pruned, strict=True), "x", color="#808080", markersize=3.6, label="pruned")
        axes.set(xlabel="trial", ylabel=sweep.metric)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="best")
        return as_svg(figure)


def draw_importances(importances: Mapping[str, float]) -> str:
    """Return bars of each field's share of what the fields by themselves explain of the metric's spread, as SVG."""
    from matplotlib.figure import Figure

    names = list(importances)[::-1]
    with styled():
        figure = Figure(figsize=(2 * COLUMN, 0.5 + 0.24 * len(names)), layout="constrained")
        axes = figure.subplots()
        axes.barh([short(name, 40) for name in names], [importances[name] for name in names], 0.6, color=PALETTE[2])
        axes.set(xlabel="share of what the fields by themselves explain", xlim=(0, 1))
        return as_svg(figure)


def _last(row: Row) -> float:
    return row.parts[max(row.parts)]


def _range(values: object) -> str:
    if isinstance(values, list):
        return ", ".join(map(shown, values))
    step = getattr(values, "step", None)
    more = (
        f" in steps of {shown(step)}" if step is not None else ", on a log scale" if getattr(values, "log", 0) else ""
    )
    return f"{shown(getattr(values, 'low', ''))} to {shown(getattr(values, 'high', ''))}{more}"
