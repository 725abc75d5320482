"""How fast a large encoder is trained, read and kept on this machine's graphics card, or without one.

Run ``python -m tests.card [MODEL] [ROWS]``; the docs' figures are those of all-mpnet-base-v2 and 3,200 rows.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.pipeline import Pipeline

from experiments.classifiers.encoder import Encoder, EncoderClassifier
from experiments.classifiers.learner import Learner
from experiments.config.schema import Task
from experiments.model import SentenceClassifier, load_model
from tests.conftest import ROOT

LABELS = ["threat", "cooperation", "denial"]


def main(model: str = "sentence-transformers/all-mpnet-base-v2", rows: str = "3200") -> None:
    """Print a line a figure."""
    n, read = int(rows), [json.loads(line) for line in (ROOT / "seeds/framing/sentences.jsonl").open(encoding="utf-8")]
    texts = [row["text"] for row in read]
    y = np.asarray([[label in row["labels"] for label in LABELS] for row in read], dtype=int)
    spent: Counter[str] = Counter()
    _timed(Learner, "epoch", spent)
    _timed(Learner, "predict", spent)
    kept: EncoderClassifier | None = None
    for size in (32, "auto"):
        spent.clear()
        kept = Encoder(model=model, epochs=1, batch_size=size, learning_rate=4e-5, precision="fp32").build(
            LABELS, True, 1
        )
        kept.fit(texts[:n], y[:n], validation=(texts[n : n + 600], y[n : n + 600]))
        print(
            f"batch_size {size}: training {n / spent['epoch']:.0f} rows/s, "
            f"validation {600 / spent['predict']:.0f} rows/s"
        )
    others = texts[-800:]
    _say("a teacher's labels", lambda: kept.predict_proba(others), len(others))
    classifier = SentenceClassifier(
        Pipeline([("classifier", kept)]), Task(name="framing", labels=LABELS), np.full(3, 0.5)
    )
    with tempfile.TemporaryDirectory() as scratch:
        _say("saving", lambda: classifier.save(Path(scratch) / "model"))
        _say("loading", lambda: load_model(Path(scratch) / "model"))


def _timed(owner: type, name: str, spent: Counter[str]) -> None:
    method = getattr(owner, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        found = method(*arguments, **named)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        spent[name] += time.perf_counter() - began  # type: ignore[assignment]
        return found

    setattr(owner, name, timed)


def _say(what: str, act: Callable[[], Any], count: int = 0) -> None:
    began = time.perf_counter()
    act()
    seconds = time.perf_counter() - began
    print(f"{what}: {seconds:.1f} s" + (f", {count / seconds:.0f} sentences/s" if count else ""))


if __name__ == "__main__":
    main(*sys.argv[1:])
