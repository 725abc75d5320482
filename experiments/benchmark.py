"""How fast scoring is, against the bare pipeline on the same sentences in the same process."""

import os
import platform
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.articles import Article, read_articles
from experiments.data import Warn
from experiments.files import ROOT
from experiments.resolve import resolve_model
from experiments.score import score_to


def benchmark_scoring(
    articles: str | None, model: str | None, task: str, sentences: int, repeats: int, say: Warn
) -> tuple[dict[str, Any], str]:
    """Time ``framescope score`` (files to JSONL) and the bare ``predict_proba`` on the same sentences.

    Parameters
    ----------
    articles : str, optional
        A file or folder; the sample articles when left out.
    model, task : str
        As ``framescope score`` takes them.
    sentences : int
        Lower bound of the work: articles are repeated, under new ids, until they hold so many.
    repeats : int
        Times each side is run; the best of each counts.
    say : callable
        Called with a line for each step.

    Returns
    -------
    tuple of (dict, str)
        The figures, and the same as text.
    """
    uri, classifier = resolve_model(model, task)
    source = articles or str(ROOT / "seeds" / "articles")
    texts = [article.text for article in read_articles([source], warn=say)]
    news = [s.text for article in read_articles([source], warn=say) for s in article.sentences if not s.boilerplate]
    copies = -(-sentences // max(len(news), 1))
    news = news * copies

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "articles"
        folder.mkdir()
        for number in range(copies):
            for i, text in enumerate(texts):
                (folder / f"{number}-{i}.txt").write_text(text, encoding="utf-8")

        def files() -> Iterator[Article]:
            return read_articles([str(folder)], warn=say)

        whole, bare = [], []
        for turn in range(repeats):
            say(f"timing {turn + 1} of {repeats}: {len(news)} sentences")
            began = time.perf_counter()
            classifier.predict_proba(news)
            bare.append(time.perf_counter() - began)
            began = time.perf_counter()
            score_to(classifier, files(), Path(scratch) / "out.jsonl", "jsonl", warn=say)
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
