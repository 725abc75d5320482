"""How fast scoring is, against the bare pipeline on the same sentences in the same process."""

import os
import platform
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.articles.read import read_articles
from experiments.articles.write import score_to
from experiments.files import ROOT
from experiments.notices import Warn
from experiments.tables.read import read_table
from experiments.tracking.resolve import resolve_model
from features.lexicon import tokenize


def benchmark_scoring(
    articles: str | None, model: str | None, task: str, repeats: int, say: Warn
) -> tuple[dict[str, Any], str]:
    """Time ``framescope score`` (files to JSONL) and the bare ``predict_proba`` on the same sentences.

    Parameters
    ----------
    articles : str, optional
        A file or folder; when left out, the groups of the framing corpus are written out as articles.
    model, task : str
        As ``framescope score`` takes them.
    repeats : int
        Times each side is run; the best of each counts. What was learnt of words is forgotten before each.
    say : callable
        Called with a line for each step.

    Returns
    -------
    tuple of (dict, str)
        The figures, and the same as text.
    """
    uri, classifier = resolve_model(model, task)
    with tempfile.TemporaryDirectory() as scratch:
        source = articles or _corpus_as_articles(Path(scratch) / "articles", say)
        read = [article.sentences for article in read_articles([source], warn=say)]
        news = [" ".join(s.text.split()) for sentences in read for s in sentences if not s.boilerplate]
        whole, bare = [], []
        for turn in range(repeats):
            say(f"timing {turn + 1} of {repeats}: {len(news)} sentences")
            tokenize.cache_clear()
            began = time.perf_counter()
            replace(classifier).predict_proba(news)  # a copy, which knows no word yet
            bare.append(time.perf_counter() - began)
            tokenize.cache_clear()
            began = time.perf_counter()
            fresh, target = replace(classifier), Path(scratch) / "out.jsonl"
            score_to(fresh, read_articles([source], warn=say), target, "jsonl", warn=say)
            whole.append(time.perf_counter() - began)
    result = {
        "model": uri,
        "sentences": len(news),
        "score_per_second": round(len(news) / min(whole)),
        "bare_per_second": round(len(news) / min(bare)),
        "ratio": round(min(bare) / min(whole), 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "cores": os.cpu_count(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    text = (
        f"{result['sentences']} sentences by {uri}\n"
        f"framescope score, files to JSONL   {result['score_per_second']:>8} sentences/s\n"
        f"bare predict_proba                 {result['bare_per_second']:>8} sentences/s\n"
        f"ratio                              {result['ratio']:>8}\n"
        f"peak memory                        {result['peak_mb']:>8} MB"
    )
    return result, text


def _corpus_as_articles(folder: Path, say: Warn) -> str:
    """Write each group of the framing corpus as a text file and return the folder: 10,000 different sentences."""
    rows = read_table(str(ROOT / "seeds" / "framing" / "sentences.jsonl"), warn=say)
    folder.mkdir()
    members: dict[str, list[str]] = {}
    for group, text in zip(rows["group"], rows["text"], strict=True):
        members.setdefault(group, []).append(text)
    for group, texts in members.items():
        (folder / f"{group}.txt").write_text("\n\n".join(texts), encoding="utf-8")
    return str(folder)
