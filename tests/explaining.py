"""How many sentences a second are explained: by coefficients, and by leaving words out, with the same model.

Run ``python -m tests.explaining [ROWS]``: the default config's features and classifier are fitted to the shipped
sentences, and the first so many of them explained, each way three times; the fastest counts, in processor time.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from experiments.config.files import load_config
from experiments.corpus.rows import load_labelled
from experiments.model import SentenceClassifier
from experiments.training.fitting import pipeline_of


def main(rows: str = "1000") -> None:
    """Print a line a method."""
    config = load_config("framing/default", [])
    data = load_labelled(config.data.train, config.task, config.data, lambda line: None)
    pipeline = pipeline_of(config)().fit(data.inputs, data.y)
    classifier = SentenceClassifier(pipeline, config.task, np.full(len(config.task.labels), 0.5))
    texts = data.texts[: int(rows)]

    def seconds(work: Callable[[], object]) -> float:
        taken = []
        for _ in range(3):
            began = time.process_time()
            work()
            taken.append(time.process_time() - began)
        return min(taken)

    found = {
        "scored": seconds(lambda: classifier.predict_proba(texts)),
        "coefficients": seconds(lambda: [each.dump(20) for each in classifier.explain(texts)]),
        "erasure": seconds(lambda: [classifier._explainer._by_erasure(text).dump(20) for text in texts]),
    }
    for name, taken in found.items():
        speed, each = len(texts) / taken, 1000 * taken / len(texts)
        print(f"{name:13} {speed:8,.0f} sentences a second of processor time, {each:.2f} ms each")


if __name__ == "__main__":
    main(*sys.argv[1:])
