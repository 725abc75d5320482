"""Measures how fast the default pipeline is, stage by stage: ``python -m tests.speed [--train] [FILE.jsonl...]``.

Fits ``framing/default`` to the shipped corpus and reads its texts, and those of each file (rows with ``text``), by the
pipeline itself and by the fast reading of it. Every stage stands by itself, from the text on. Figures are sentences a
second of processor time, on one core, the best of three; nothing is known of any word when a turn begins (but in
``words known``). With ``--train`` also the seconds that a training takes, thresholds and all.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from sklearn.pipeline import FeatureUnion

from experiments.classifiers.members import fit_member
from experiments.config.files import load_config
from experiments.train import prepare
from experiments.training.fitting import answers, fit, pipeline_of
from features import lexicon
from features.normalise import normalise_text
from tests.conftest import ROOT

TURNS = 3


def best(work: Callable[[], Any]) -> float:
    """Return the least processor seconds of several turns, with the caches of tokens and stems emptied before each."""
    seconds = []
    for _ in range(TURNS):
        for cached in (lexicon.tokenize, lexicon.stem):
            cached.cache_clear()
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def ordinary_stages(pipeline: Any, texts: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """Return what is to be timed of the pipeline itself."""
    union, classifier = pipeline.named_steps["features"], pipeline.named_steps["classifier"]
    columns = union.transform(texts)
    return {
        "normalise": lambda: [normalise_text(text) for text in texts],
        "tokens": lambda: [lexicon.tokenize(text) for text in texts],
        **{name: partial(part.transform, texts) for name, part in union.transformer_list},
        "classifier": lambda: classifier.predict_proba(columns),
        "all": lambda: pipeline.predict_proba(texts),
    }


def fast_stages(pipeline: Any, texts: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """Return what is to be timed of the fast reading; nothing in a version that has none."""
    try:
        from experiments.model.fast_pipeline import scorer_of
        from features.fast_union import BATCH, FastUnion
        from features.normalise import normal_words
        from features.penn import unit_keys, unit_tokens
    except ImportError:
        return {}
    union, classifier = pipeline.named_steps["features"], pipeline.named_steps["classifier"]
    parts = list(FastUnion(union).batches(texts))
    known = scorer_of(pipeline)
    known(texts)
    batches = [texts[at : at + BATCH] for at in range(0, len(texts), BATCH)]

    def tokens() -> None:
        keys = {key for batch in batches for words in normal_words(batch) if words for key in unit_keys(words)}
        for key in keys:
            unit_tokens(key)

    def one(name: str, part: Any) -> None:
        list(FastUnion(FeatureUnion([(name, part)])).batches(texts))

    return {
        "normalise": lambda: [normal_words(batch) for batch in batches],
        "tokens": tokens,
        **{name: partial(one, name, part) for name, part in union.transformer_list},
        "classifier": lambda: [classifier.predict_proba(part) for part in parts],
        "all": lambda: scorer_of(pipeline)(texts),
        "all, words known": lambda: known(texts),
    }


def main() -> None:
    """Print a table for each set of texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--sentences", type=int, default=12_000, help="of each set at most")
    asked = parser.parse_args()
    config = load_config("framing/default")
    rows, _ = prepare(config, lambda line: None)
    if asked.train:
        began = time.perf_counter()
        fit(config, rows)
        print(
            f"training with thresholds: {time.perf_counter() - began:.1f} s, {len(rows)} rows, {os.cpu_count()} cores"
        )
    began = time.process_time()
    pipeline = fit_member(pipeline_of(config)(), rows.inputs, answers(config, rows))
    print(f"fitting once: {time.process_time() - began:.1f} s of one core")
    for file in [ROOT / "seeds/framing/sentences.jsonl", *asked.files]:
        lines = file.read_text(encoding="utf-8").splitlines()[: asked.sentences]
        texts = [json.loads(line)["text"] for line in lines]
        ordinary, fast = ordinary_stages(pipeline, texts), fast_stages(pipeline, texts)
        print(f"\n{file.name}: {len(texts)} sentences\n{'sentences/s':<18}{'ordinary':>10}{'fast':>10}")
        for stage in {**ordinary, **fast}:
            rates = [len(texts) / best(way[stage]) if stage in way else np.nan for way in (ordinary, fast)]
            print(f"{stage:<18}" + "".join("         –" if np.isnan(rate) else f"{rate:>10,.0f}" for rate in rates))


if __name__ == "__main__":
    main()
