"""Measures how well the words of a target tell texts that touch it: ``python -m tests.touching FILE...``.

Each file holds rows with ``text``, ``target`` and ``label``, as seeds/stance/sentences.jsonl; those whose ``wording``
holds ``untouched`` are texts that have nothing to do with their target.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold

from features.target_touch import KnownTargets

Row = dict[str, Any]

KINDS: dict[str, Callable[[Row], bool]] = {
    "favor, against": lambda row: row["label"] != "none",
    "of these, target not named": lambda row: row["label"] != "none" and "unnamed" in row["wording"],
    "none, about the target": lambda row: row["label"] == "none" and "untouched" not in row["wording"],
    "none, untouched": lambda row: "untouched" in row["wording"],
}


def by_words_of_the_name(rows: Sequence[Row]) -> np.ndarray:
    """Return which texts touch their target when it is not in training.

    Only the target's own words count then, whatever was in training, so that leaving one target out after the other
    gives the same.
    """
    nothing = KnownTargets((), {})
    return np.asarray([nothing.touching([row["text"]], row["target"])[0] for row in rows])


def by_all_words(rows: Sequence[Row], folds: int = 5, seed: int = 13) -> tuple[np.ndarray, float]:
    """Return which texts touch their target, with the words learned on the other folds; and the words a target."""
    touching = np.zeros(len(rows), dtype=bool)
    words = []
    cells = [f"{row['target']} {row['label']}" for row in rows]
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(cells, cells):
        known = KnownTargets.learn([rows[i]["text"] for i in train], [rows[i]["target"] for i in train])
        words += [len(part) for part in known.words.values()]
        for i in test:
            touching[i] = known.touching([rows[i]["text"]], rows[i]["target"])[0]
    return touching, float(np.mean(words))


def chance_words(rows: Sequence[Row], seed: int = 13) -> tuple[int, int]:
    """Return how many words go with targets, and how many do when the targets are shuffled."""
    texts, targets = [row["text"] for row in rows], [row["target"] for row in rows]
    shuffled = [str(target) for target in np.random.RandomState(seed).permutation(targets)]
    counts = [sum(map(len, KnownTargets.learn(texts, each).words.values())) for each in (targets, shuffled)]
    return counts[0], counts[1]


def main(files: Sequence[str]) -> None:
    """Print a table: share of the texts of each file and kind that are called untouched."""
    rows = [
        {"file": Path(file).name, **json.loads(line)}
        for file in files
        for line in Path(file).read_text(encoding="utf-8").splitlines()
    ]
    new = by_words_of_the_name(rows)
    known, words = by_all_words(rows)
    real, chance = chance_words(rows)
    print(f"{len(rows)} texts; {words:.1f} words a target; {real} in all, {chance} with shuffled targets")
    print(f"{'called untouched':<44}{'texts':>6}  {'new target':>11}  {'known target':>12}")
    for file in dict.fromkeys(row["file"] for row in rows):
        for kind, belongs in KINDS.items():
            at = [i for i, row in enumerate(rows) if row["file"] == file and belongs(row)]
            if at:
                shares = f"{100 * np.mean(~new[at]):>10.1f}%  {100 * np.mean(~known[at]):>11.1f}%"
                print(f"{file + ': ' + kind:<44}{len(at):>6}  {shares}")


if __name__ == "__main__":
    main(sys.argv[1:])
