"""Kills trainings and scorings at random moments and looks at what is left: ``python -m tests.kills 50``.

A third of the kills hits the first training in a new folder, a third a later one, a third a scoring. After each, the
same command runs again and must end well; a store must be whole, an output whole or not there, and nothing temporary be
left.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from experiments.files import CODE

CONFIG = """
defaults: framing/default
name: small
data: {train: small.jsonl}
features: [{type: words, min_df: 1}]
evaluation: {bootstrap: 50, errors: 0, probes: false}
"""
SCORE = ["score", "articles.txt", "--model", "starter", "-o", "scored.jsonl"]
TRAIN = ["train", "small.yaml"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CODE)}


def main() -> None:
    times = int(sys.argv[1])
    chance = random.Random(13)
    found: Counter[str] = Counter()
    for number in range(times):
        kind = ("first training", "later training", "scoring")[number % 3]
        with tempfile.TemporaryDirectory() as scratch:
            folder, temporary = Path(scratch, "project"), Path(scratch, "tmp")
            folder.mkdir()
            temporary.mkdir()
            ENVIRONMENT.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)))
            prepare(folder)
            if kind == "later training":
                assert run(folder, TRAIN, None) == 0
            command = SCORE if kind == "scoring" else TRAIN
            run(folder, command, chance.uniform(0.2, 6 if kind == "scoring" else 9))
            halves = [path.name for path in folder.iterdir() if path.name == "scored.jsonl" and not whole(path)]
            again = run(folder, command, None)
            left = [path.name for path in folder.iterdir() if path.name.startswith(".") or "making" in path.name]
            left += [path.name for path in temporary.iterdir()]
            report = 0 if kind == "scoring" else run(folder, ["report"], None)
            good = again == 0 and report == 0 and not left and not halves
            found[f"{kind}: {'well' if good else f'status {again}, report {report}, left {left}, half {halves}'}"] += 1
    for line, count in sorted(found.items()):
        print(f"{count:3} {line}")


def prepare(folder: Path) -> None:
    rows = (CODE / "seeds" / "framing" / "sentences.jsonl").read_text(encoding="utf-8").splitlines()[:400]
    (folder / "small.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "small.yaml").write_text(CONFIG, encoding="utf-8")
    texts = [json.loads(row)["text"] for row in rows]
    (folder / "articles.txt").write_text("\n\n".join(texts * 3), encoding="utf-8")


def run(folder: Path, command: list[str], seconds: float | None) -> int:
    """Run a command, and kill it after some seconds unless it has ended; return its status."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments", *command], cwd=folder, stdout=quiet, stderr=quiet, env=ENVIRONMENT
    )
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    return process.wait(timeout=300)


def whole(path: Path) -> bool:
    lines = path.read_text(encoding="utf-8").splitlines()
    return bool(lines) and all(json.loads(line) for line in lines)


if __name__ == "__main__":
    main()
