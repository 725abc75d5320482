"""How right models are and what that costs: macro-F1 against sentences a second, memory, size and seconds to start.

Run ``python -m tests.tradeoff SENTENCES.jsonl SET.jsonl:GROUP ... -- NAME=MODEL ...``. A model is ``starter`` or a
folder. It reads the sentences (the ``text`` of each line: news as it comes, not a set of hard cases) and is measured on
the labelled sets by ``framescope evaluate``, whose bounds are drawn by GROUP. Every figure of a model's speed is of a
process of its own, on a quiet machine; the best of three. A table goes to standard output, the plot to
``tradeoff.svg`` and ``tradeoff.png``.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from experiments.files import CODE, MODELS, STARTER

_TURNS = 3
_MARKS = "oDs^"


def main() -> None:
    """Measure the models named, or, in a process of its own, one of them."""
    if sys.argv[1] == "--one":
        print(json.dumps(costs(sys.argv[2], Path(sys.argv[3]))))
        return
    at = sys.argv.index("--")
    sentences, *sets = sys.argv[1:at]
    rows = []
    for argument in sys.argv[at + 1 :]:
        name, _, model = argument.partition("=")
        folder = str(MODELS / "framing") if model == STARTER else model
        turns = [json.loads(run("-m", "tests.tradeoff", "--one", folder, sentences)) for _ in range(_TURNS)]
        found = {key: pick(turn[key] for turn in turns) for key, pick in _BEST.items()}
        rows.append({"name": name, **found, "sets": {each: quality(model, each) for each in sets}})
        print(line(rows[-1]), flush=True)
    draw(rows, [Path(each.partition(":")[0]).stem for each in sets])


_BEST = {"start": min, "rate": max, "memory": min, "size": max}


def costs(model: str, sentences: Path) -> dict[str, float]:
    """Return seconds to the first answer, sentences a second, the process's highest memory, the folder's size (MB)."""
    began = time.perf_counter()
    from experiments.model import load_model

    loaded = load_model(Path(model))
    loaded.predict_proba(["Rebels attacked the town ."])
    start = time.perf_counter() - began
    texts = [json.loads(row)["text"] for row in sentences.open(encoding="utf-8")]
    began = time.perf_counter()
    loaded.predict_proba(texts)
    rate = len(texts) / (time.perf_counter() - began)
    size = sum(file.stat().st_size for file in Path(model).iterdir()) / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3  # kB on Linux
    return {"start": start, "rate": rate, "memory": memory, "size": size}


def quality(model: str, each: str) -> list[float]:
    """Return macro-F1 and its bounds on a set, and its expected calibration error."""
    path, _, group = each.partition(":")
    found = json.loads(
        run("-m", "experiments", "evaluate", "--model", model, "--data", path, "--group", group, "--json")
    )
    metrics = found["metrics"]
    return [metrics[f"test.{key}"] for key in ("macro_f1", "macro_f1.low", "macro_f1.high", "ece")]


def run(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def line(row: dict[str, Any]) -> str:
    sets = " | ".join(f"{f1:.3f} [{low:.3f}, {high:.3f}] | {ece:.3f}" for f1, low, high, ece in row["sets"].values())
    return (
        f"| {row['name']} | {sets} | {row['rate']:,.0f} | {row['memory']:,.0f} | {row['size']:.1f} | "
        f"{row['start']:.1f} |"
    )


def draw(rows: list[dict[str, Any]], sets: list[str]) -> None:
    """Write the plot: a model's name stands above its marks, one for each set."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    from experiments.evaluation.figures import PAGE, as_svg, styled
    from experiments.pages import PALETTE

    with styled():
        figure = Figure(figsize=(PAGE, 3.2), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for number, name in enumerate(sets):
            found = [list(row["sets"].values())[number] for row in rows]
            rates = [row["rate"] for row in rows]
            colour = PALETTE[number % len(PALETTE)]
            axes.vlines(rates, [f[1] for f in found], [f[2] for f in found], color=colour, linewidth=0.9, alpha=0.6)
            axes.plot(
                rates, [f[0] for f in found], _MARKS[number % len(_MARKS)], color=colour, markersize=4, label=name
            )
        top = max(each[2] for row in rows for each in row["sets"].values())
        for place, row in enumerate(sorted(rows, key=lambda row: row["rate"])):
            axes.annotate(
                row["name"], (row["rate"], top + 0.015 + 0.03 * (place % 3)), ha="center", va="bottom", fontsize=6.5
            )
            axes.vlines(row["rate"], top - 0.0, top + 0.012 + 0.03 * (place % 3), color="#808080", linewidth=0.3)
        axes.set_xscale("log")
        axes.set_xlim(min(row["rate"] for row in rows) / 1.6, max(row["rate"] for row in rows) * 1.6)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:,.0f}"))
        axes.set(xlabel="sentences a second (log scale)", ylabel="macro-F1 (95% bounds)")
        axes.grid(color="#808080", alpha=0.2, linewidth=0.4)
        figure.legend(loc="outside upper right", ncols=len(sets), handletextpad=0.2, columnspacing=1.2)
        Path("tradeoff.svg").write_text(as_svg(figure), encoding="utf-8")
        figure.savefig("tradeoff.png", dpi=200, metadata={"Software": None})


if __name__ == "__main__":
    main()
