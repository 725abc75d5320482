"""Whether selected sentences teach more than random ones: ``python -m tests.selecting OUT.jsonl CONFIG [KEY=VALUE]...``

Each draw holds out test rows (whole groups, unless the config names some), starts with the same 100 rows of the others
for every strategy, trains, selects the next 100 as ``framescope select`` does, and so on up to 600. Macro-F1 and macro
average precision (which no threshold moves) on the test rows after each training go to the file, a line each, with what
was selected: the same command goes on where it was stopped. Then come tables of both: means over draws, and differences
from the random choice of the same draw, with Student's 95% bounds over draws. ``--draws 10``, ``--strategies
random,margin,least-confidence,top-margin``; ``--table`` only prints. ``top-margin`` takes the most doubtful sentences
as they come, neither unlike each other nor in part at random.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from experiments.config.files import load_config
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled, load_data
from experiments.corpus.splits import hold_out
from experiments.measures.metrics import measure
from experiments.model import SentenceClassifier
from experiments.selection.candidates import Candidate, key_of
from experiments.selection.scoring import doubted
from experiments.selection.selecting import Wanted, select
from experiments.training.fitting import fit

START, BATCH, END = 100, 100, 600
TEST = 0.2
METRICS = ("macro_f1", "macro_average_precision")
STRATEGIES = ("random", "margin", "least-confidence", "top-margin")


def main(arguments: list[str]) -> None:
    """Run what isn't done yet, and print the table."""
    options = {"--draws": "10", "--strategies": ",".join(STRATEGIES)}
    for option in options:
        if option in arguments:
            at = arguments.index(option)
            options[option] = arguments[at + 1]
            del arguments[at : at + 2]
    table = "--table" in arguments
    out, name, *overrides = [each for each in arguments if each != "--table"]
    path = Path(out)
    strategies = options["--strategies"].split(",")
    if not table:
        if path.exists() and not (found := path.read_text(encoding="utf-8")).endswith("\n"):
            path.write_text(found[: found.rfind("\n") + 1], encoding="utf-8")
        config = load_config(name, overrides)
        rows, test = load_data(config, lambda line: None)
        rows = different(rows)
        for draw in range(int(options["--draws"])):
            run_draw(config, rows, test, draw, strategies, path)
    for metric in METRICS:
        print(f"\n{metric}\n")
        for line in report(read(path), strategies, metric):
            print(line)


def different(rows: Labelled) -> Labelled:
    """Return rows without those whose text came before."""
    first: dict[int, int] = {}
    for number, text in enumerate(rows.texts):
        first.setdefault(key_of(text), number)
    return rows.take(list(first.values()))


def run_draw(
    config: Config, rows: Labelled, test: Labelled | None, draw: int, strategies: Sequence[str], path: Path
) -> None:
    """Run all strategies of one draw from the same start."""
    if test is None:
        rows, test = hold_out(rows, TEST, draw)
    start = np.random.default_rng(draw).permutation(len(rows))[:START].tolist()
    done = {(each["draw"], each["strategy"], each["size"]): each for each in read(path)}
    numbers = {key_of(text): number for number, text in enumerate(rows.texts)}
    for strategy in strategies:
        chosen = list(start)
        while True:
            found = done.get((draw, strategy, len(chosen)))
            if found is None:
                classifier = fit(config, rows.take(chosen))
                found = {
                    "draw": draw,
                    "strategy": strategy,
                    "size": len(chosen),
                    **measured(classifier, test),
                    "rows_with_label": (rows.y[chosen] > 0).sum(axis=0).tolist(),
                    "next": [],
                }
                if len(chosen) < END:
                    found["next"] = [numbers[key] for key in batch(classifier, rows, chosen, strategy, draw)]
                with path.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(found) + "\n")
            if len(chosen) >= END:
                break
            chosen += found["next"]


def batch(classifier: SentenceClassifier, rows: Labelled, chosen: list[int], strategy: str, draw: int) -> list[int]:
    """Return the keys of the next sentences."""
    known = set(chosen)
    candidates = [
        Candidate({}, number, rows.texts[number], None, rows.groups[number], key_of(rows.texts[number]))
        for number in range(len(rows))
        if number not in known
    ]
    how: Any = "margin" if strategy == "top-margin" else strategy
    doubtful = list(doubted(candidates, classifier, how))
    if strategy == "top-margin":
        doubtful.sort(key=lambda each: (-each.uncertainty, each.candidate.key))
        return [each.candidate.key for each in doubtful[:BATCH]]
    wanted = Wanted(BATCH, how, seed=1000 * draw + len(chosen))
    found = select(doubtful, wanted, [rows.texts[number] for number in chosen], classifier.pipeline)
    return [candidate.key for candidate in found.chosen]


def measured(classifier: SentenceClassifier, test: Labelled) -> dict[str, float]:
    """Return macro-F1 on the test rows, and the macro average precision, which no threshold moves."""
    probabilities = classifier.predict_proba(test.texts)
    decided = classifier.decide(probabilities)
    found = measure(test.y, probabilities, decided, classifier.labels, test.groups, bootstrap=0)
    return {name: float(found[name].value) for name in METRICS}


def read(path: Path) -> list[dict[str, Any]]:
    """Return what is measured so far; a line that a kill has cut is none."""
    if not path.exists():
        return []
    whole = [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("}\n")]
    return [json.loads(line) for line in whole]


def report(found: Sequence[dict[str, Any]], strategies: Sequence[str], metric: str) -> list[str]:
    """Return the lines of the table."""
    value = {(each["strategy"], each["size"], each["draw"]): each[metric] for each in found if metric in each}
    sizes = sorted({each["size"] for each in found})
    lines = ["| strategy | " + " | ".join(map(str, sizes)) + " |", "|---|" + "---|" * len(sizes)]
    for strategy in strategies:
        cells = []
        for size in sizes:
            draws = sorted(draw for way, at, draw in value if way == strategy and at == size)
            own = np.asarray([value[strategy, size, draw] for draw in draws])
            cell = f"{own.mean():.3f}" if own.size else "–"
            both = [draw for draw in draws if ("random", size, draw) in value]
            if strategy != "random" and size > START and len(both) > 1:
                gain = np.asarray([value[strategy, size, draw] - value["random", size, draw] for draw in both])
                reach = stats.t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
                cell += f" ({gain.mean():+.3f} [{gain.mean() - reach:+.3f}, {gain.mean() + reach:+.3f}])"
            cells.append(cell)
        n = len({draw for way, _, draw in value if way == strategy})
        lines.append(f"| {strategy} ({n} draws) | " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main(sys.argv[1:])
