"""How fast documents become sentences, beside the libraries that only split: what the docs table says.

Run ``python -m tests.reading FOLDER_OR_FILE...`` on whatever ``framescope score`` reads. Articles are read first and
joined to whole runs, so files and formats cost nothing here. sentencex, which is inside, and pysbd (if it is installed)
get a paragraph at a time, as we give it to sentencex. Seconds are the processor's, the best of three runs: others use
the machine, too.
"""

import importlib.util
import sys
import time
from collections.abc import Callable, Sequence

import sentencex

from experiments.articles.read import read_articles
from experiments.articles.sentences import split_sentences


def main(inputs: Sequence[str]) -> None:
    """Print a line for each library."""
    texts = [article.text for article in read_articles(inputs)]
    paragraphs = [line for text in texts for line in text.splitlines() if line.strip()]
    megabytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / 1e6
    print(f"{len(texts):,} articles, {len(paragraphs):,} paragraphs, {megabytes:.2f} MB")
    _line("framescope", megabytes, lambda: sum(len(split_sentences(text)) for text in texts))
    _line("sentencex", megabytes, lambda: sum(len(sentencex.segment("en", line)) for line in paragraphs))
    if importlib.util.find_spec("pysbd") is None:
        print("pysbd       not installed (pip install pysbd)")
        return
    import pysbd  # type: ignore[import-not-found]

    segmenter = pysbd.Segmenter(language="en", clean=False)
    _line("pysbd", megabytes, lambda: sum(len(segmenter.segment(line)) for line in paragraphs))


def _line(name: str, megabytes: float, work: Callable[[], int]) -> None:
    taken, sentences = [], 0
    for _ in range(3):
        began = time.process_time()
        sentences = work()
        taken.append(time.process_time() - began)
    best = max(min(taken), 1e-9)
    print(f"{name:10}  {megabytes / best:8.2f} MB/s  {sentences / best:10,.0f} sentences/s  {sentences:,} sentences")


if __name__ == "__main__":
    if not sys.argv[1:]:
        raise SystemExit("name files or folders: python -m tests.reading FOLDER_OR_FILE...")
    main(sys.argv[1:])
