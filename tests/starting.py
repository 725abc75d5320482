"""What fine-tuning from the starter's encoder is worth: learning curves against all-MiniLM-L6-v2 and SetFit.

    python -m tests.starting benchmarks/plover-quad plover.jsonl data.train=train.tsv data.test=test.tsv

Each line of the file is one model: its system, size, draw and macro-F1 on the test rows. What is in the file already is
not fitted again. SetFit is measured where it is installed. Settings were fixed before the first run, the same for all
sizes and both encoders: 12 epochs, batches of 16, learning rate 1e-4, nothing held out.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import stats

from experiments.benchmarks.peers import PEERS
from experiments.benchmarks.system import Problem, Rows
from experiments.config.files import load_config
from experiments.corpus.rows import Labelled, load_labelled
from experiments.evaluation.evaluate import evaluate
from experiments.measures.metrics import measure
from experiments.training.fitting import fit

SIZES = (50, 100, 200, 500, 1000)
DRAWS = 5
ENCODERS = {"starter": "starter", "all-MiniLM-L6-v2": "sentence-transformers/all-MiniLM-L6-v2"}
FIXED = (
    "features=[]",
    "classifier={type: encoder, epochs: 12, batch_size: 16, learning_rate: 1.0e-4, precision: fp32}",
    "data.validation_size=0",
    "data.columns.auxiliary=[]",
    "evaluation.slices=[]",
)


def main() -> None:
    name, out, overrides = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    settings = [each for each in FIXED if "auxiliary" not in each or "plover" in name]
    configs = {
        system: load_config(name, [*settings, f"classifier.model={model}", *overrides])
        for system, model in ENCODERS.items()
    }
    config = configs["starter"]
    rows = load_labelled(config.data.train, config.task, config.data, say)
    unseen = load_labelled(config.data.test, config.task, config.data, say)
    found = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    systems = [*configs, *(["setfit"] if has_setfit() else [])]
    for system in systems:
        for draw in range(DRAWS):
            order = drawn(rows, config.seed + draw)
            for size in SIZES:
                if any((one["system"], one["size"], one["draw"]) == (system, size, draw) for one in found):
                    continue
                part = rows.take(order[:size])
                score = with_setfit(part, unseen) if system == "setfit" else with_config(configs[system], part, unseen)
                found.append({"system": system, "size": size, "draw": draw, "macro_f1": round(score, 4)})
                with out.open("a") as file:
                    file.write(json.dumps(found[-1]) + "\n")
                say(json.dumps(found[-1]))
    table(found)


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def has_setfit() -> bool:
    try:
        import setfit  # noqa: F401
    except ImportError:
        return False
    return True


def drawn(rows: Labelled, seed: int) -> list[int]:
    """Return the rows in a random order of their groups, as ``framescope learning-curve`` draws them."""
    names = sorted(set(rows.groups))
    members: dict[str, list[int]] = {name: [] for name in names}
    for number, group in enumerate(rows.groups):
        members[group].append(number)
    return [row for i in np.random.default_rng(seed).permutation(len(names)) for row in members[names[i]]]


def with_config(config, part: Labelled, unseen: Labelled) -> float:
    return evaluate(fit(config, part, unseen), unseen, bootstrap=0).metrics["macro_f1"].value


def with_setfit(part: Labelled, unseen: Labelled) -> float:
    from features.encoder.weights import find_encoder

    problem = Problem(
        [str(number) for number in range(part.y.shape[1])], False, 13, str(find_encoder(ENCODERS["all-MiniLM-L6-v2"]))
    )
    system = PEERS["setfit"](problem)
    with tempfile.TemporaryDirectory() as scratch:
        system.fit(Rows(part.texts, part.y, part.targets), Path(scratch))
    probabilities = system.predict_proba(Rows(unseen.texts, unseen.y[:, :0], unseen.targets))
    decided = np.eye(part.y.shape[1], dtype=np.int8)[probabilities.argmax(axis=1)]
    measured = measure(unseen.y, probabilities, decided, problem.labels, unseen.groups, False, 0, 0)
    return measured["macro_f1"].value


def table(found: list[dict]) -> None:
    """Print the means over draws, and the starter's differences, paired by draw, with bounds of Student's t."""
    systems = list(dict.fromkeys(one["system"] for one in found))
    for size in SIZES:
        scores = {
            system: np.array(
                [
                    one["macro_f1"]
                    for draw in range(DRAWS)
                    for one in found
                    if (one["system"], one["size"], one["draw"]) == (system, size, draw)
                ]
            )
            for system in systems
        }
        parts = [f"{system} {values.mean():.3f}" for system, values in scores.items() if len(values)]
        for system in systems[1:]:
            if len(scores[system]) == len(scores["starter"]) == DRAWS:
                gain = scores["starter"] - scores[system]
                half = stats.t.ppf(0.975, DRAWS - 1) * gain.std(ddof=1) / DRAWS**0.5
                parts.append(
                    f"starter - {system} {gain.mean():+.3f} [{gain.mean() - half:+.3f}, {gain.mean() + half:+.3f}]"
                )
        print(f"{size} rows: " + ", ".join(parts))


if __name__ == "__main__":
    main()
