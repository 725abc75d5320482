"""How often the bounds of permutation importance hold the true value, on simulated sentences in articles.

Run ``python -m tests.importance [SAMPLES]``. A label on a third of the sentences is read from two numbers, of which one
is exchanged; both vary from article to article as well as within. The truth is the value in a sample of 100,000
articles.
"""

import sys

import numpy as np

from experiments.measures.importance import exchange_rows, importance

REPEATS = 5
_BETWEEN = 1.5  # standard deviation of articles, that within them being 1


def sample(rng: np.random.Generator, articles: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return the labels, the two numbers that are read, and the article of each sentence."""
    article = np.repeat(np.arange(articles), 1 + rng.poisson(3, articles))
    read = _BETWEEN * rng.standard_normal((articles, 2))[article] + rng.standard_normal((len(article), 2))
    y = (read.sum(axis=1) + rng.standard_normal(len(article)) > 1.2).astype(np.int8)[:, None]
    return y, read, [str(number) for number in article]


def decide(read: np.ndarray) -> np.ndarray:
    """Return what the model decides."""
    return (read.sum(axis=1) > 1.2).astype(np.int8)[:, None]


def exchanged(read: np.ndarray, groups: list[str], rng: np.random.Generator, repeats: int) -> list[np.ndarray]:
    """Return what it decides when the first number is exchanged."""
    found = []
    for _ in range(repeats):
        donors = exchange_rows(groups, rng)
        found.append(decide(np.stack([read[donors, 0], read[:, 1]], axis=1)))
    return found


def coverage(samples: int, articles: int, times: int = 500) -> float:
    """Return how often the bounds hold."""
    rng = np.random.default_rng(7)
    y, read, groups = sample(rng, 100_000)
    truth = importance(y, decide(read), exchanged(read, groups, rng, 2), ["a"], groups, 0)["macro_f1"].value
    held = 0
    for number in range(samples):
        y, read, groups = sample(rng, articles)
        mixed = exchanged(read, groups, rng, REPEATS)
        found = importance(y, decide(read), mixed, ["a"], groups, times, number)["macro_f1"]
        held += found.low <= truth <= found.high
    return held / samples


def main(samples: str = "2000") -> None:
    """Print a line a number of articles."""
    print("articles  bounds hold")
    for articles in (10, 20, 40, 100, 300):
        print(f"{articles:8}  {coverage(int(samples), articles):.3f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
