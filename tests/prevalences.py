"""How often the bounds of shares hold the truth: ``python -m tests.prevalences [DRAWS]``.

Made-up corpora of 400 articles of 1 to some 30 sentences, which differ in how often they carry a label and in how well
the model reads them; the truth is the share in the population that the articles are drawn from. Of each corpus n
sentences are labelled: drawn alike, or half of them spread evenly over what the model says (``sample --boost 0.5``).

With a table of predictions (``framescope evaluate --predictions``) and labels of it, corpora are drawn from its rows,
so that the label has the shares that are wanted: ``python -m tests.prevalences PREDICTIONS.parquet threat,denial``.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

from experiments.measures.allocation import allocate
from experiments.measures.prevalence import Corpus, Design, corrected_shares
from experiments.measures.prevalence_counts import PARTS, Emq, adjusted_count
from experiments.measures.prevalence_differences import share_difference
from experiments.measures.proportions import proportion_bounds
from experiments.prevalence.estimates import classes

SETTINGS = (
    (0.02, 0.70, 0.02),
    (0.05, 0.70, 0.05),
    (0.20, 0.60, 0.05),
    (0.20, 0.97, 0.005),
    (0.50, 0.80, 0.10),
)
"""Share before articles differ, rate at which the model finds the label, and at which it gives it wrongly."""

LABELLED = (100, 200, 500)
SHARES = (0.05, 0.20, 0.40, 0.60)
METHODS = ("naive", "adjusted", "emq", "sample", "dsl", "ppi++")
_ARTICLES, _SENTENCES = 400, 2000
_EMQ = 100
_BETWEEN, _READ = 1.0, 0.3  # standard deviations of articles: of the label in log odds, of the model's score

Sentences = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Articles (n,), truth (n, k), probabilities (n, k) and decisions (n, k)."""


def made_up(rng: np.random.Generator, articles: int, share: float, found: float, wrongly: float) -> Sentences:
    """Return the sentences of a corpus with one label."""
    sizes = 1 + rng.poisson(rng.gamma(2, 3.5, articles))
    article = np.repeat(np.arange(articles), sizes)
    y = rng.random(len(article)) < expit(logit(share) + _BETWEEN * rng.standard_normal(articles))[article]
    score = np.where(y, norm.ppf(found), norm.ppf(wrongly)) + _READ * rng.standard_normal(articles)[article]
    score = score + np.sqrt(1 - _READ**2) * rng.standard_normal(len(article))
    return article, y[:, None].astype(float), expit(1.7 * score)[:, None], (score > 0)[:, None].astype(float)


def draw(rng: np.random.Generator, decided: np.ndarray, n: int, boost: float) -> tuple[np.ndarray, Design]:
    """Return the rows of a sample, and how they were drawn (each row an article yet)."""
    said = (decided * np.arange(1, decided.shape[1] + 1)).max(axis=1).astype(int) if boost else np.zeros(len(decided))
    kinds, stratum = np.unique(said, return_inverse=True)
    sizes = np.bincount(stratum)
    numbers = allocate(sizes, boost / len(kinds) + (1 - boost) * sizes / sizes.sum(), n)
    rows = np.concatenate(
        [rng.choice(np.flatnonzero(stratum == at), number, replace=False) for at, number in enumerate(numbers)]
    )
    return rows, Design((sizes / numbers)[stratum[rows]], rows, stratum[rows])


def estimates(
    sentences: Sentences, rows: np.ndarray, design: Design, emq: bool = True
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return each method's shares (k,) and bounds (k, 2)."""
    article, y, p, decided = sentences
    count = int(article.max()) + 1
    design = Design(design.weights, article[rows], design.strata)

    def corpus(values: np.ndarray) -> Corpus:
        sums = np.stack([np.bincount(article, column, minlength=count) for column in values.T], axis=1)
        return Corpus(np.bincount(article, minlength=count), sums)

    naive = corpus(decided)
    found = {
        "naive": (naive.means, np.array([proportion_bounds(hits, naive.sentences) for hits in naive.sums.T])),
        "adjusted": adjusted_count(classes(y[rows]), classes(decided[rows]), design, corpus(classes(decided))),
    }
    if emq:
        parts = article % PARTS
        fitted = Emq(classes(y[rows]), classes(p[rows]), design.weights, parts[rows])
        found["emq"] = fitted.shares(classes(p), parts, bounds=True)
    for method, weight in (("sample", 0.0), ("dsl", 1.0), ("ppi++", None)):
        own = corrected_shares(y[rows], p[rows], design, corpus(p), weight=weight)
        found[method] = own.values, own.bounds
    k = y.shape[1]
    return {method: (values[-k:], bounds[-k:]) for method, (values, bounds) in found.items()}


class Tally:
    """How often bounds held the truth, how wide they were, and what the shares were on average."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[float, bool, float]]] = {}

    def add(self, found: dict[str, tuple[np.ndarray, np.ndarray]], truth: float, column: int = 0) -> None:
        for method, (values, bounds) in found.items():
            low, high = bounds[column]
            if low == low:
                self.rows.setdefault(method, []).append((values[column], low <= truth <= high, high - low))

    def coverage(self, method: str) -> float:
        """Return the percentage of draws whose bounds hold the truth."""
        return 100 * float(np.mean([held for _, held, _ in self.rows[method]]))

    def line(self) -> str:
        """Return average share, coverage and average width, a cell a method, as a row of a table in Markdown."""
        cells = []
        for method in METHODS:
            if method not in self.rows:
                cells.append("–")
                continue
            share, _, width = np.mean(np.asarray(self.rows[method], dtype=float), axis=0)
            cells.append(f"{100 * share:.1f}, **{self.coverage(method):.1f}**, {100 * width:.1f}")
        return " | ".join(cells)


def simulated(
    times: int, setting: tuple[float, float, float], n: int, boost: float, seed: int = 1, emq: int = _EMQ
) -> tuple[float, Tally]:
    """Return the truth and what so many draws of corpus and sample gave; EMQ, which is slow, in the first so many."""
    truth = float(made_up(np.random.default_rng(0), 40_000, *setting)[1].mean())
    rng = np.random.default_rng([seed, n, int(10 * boost)])
    tally = Tally()
    for number in range(times):
        sentences = made_up(rng, _ARTICLES, *setting)
        rows, design = draw(rng, sentences[3], n, boost)
        tally.add(estimates(sentences, rows, design, number < emq), truth)
    return truth, tally


def compared(times: int, one: float, other: float, n: int, seed: int = 2) -> tuple[float, float, float]:
    """Return how often bounds of the difference of two outlets hold the truth, and how often the test tells them apart.

    Each outlet has 200 articles and n labelled sentences; in the second the model finds more and errs more.

    Returns
    -------
    truth, held, told : float
        The difference, and percentages of the draws.
    """
    rng = np.random.default_rng([seed, n, int(100 * one)])
    settings = ((one, 0.7, 0.03), (other, 0.85, 0.08))
    big = [float(made_up(np.random.default_rng(0), 40_000, *setting)[1].mean()) for setting in settings]
    truth = big[0] - big[1]
    held = told = 0
    for _ in range(times):
        parts = [made_up(rng, 200, *setting) for setting in settings]
        found = []
        for at, (article, y, p, decided) in enumerate(parts):
            rows, design = draw(rng, decided, n, 0.0)
            sums, counts = np.zeros((400, 1)), np.zeros(400)
            sums[200 * at :][:200, 0] = np.bincount(article, p[:, 0], minlength=200)
            counts[200 * at :][:200] = np.bincount(article, minlength=200)
            own = Design(design.weights, article[rows] + 200 * at, design.strata)
            found.append(corrected_shares(y[rows], p[rows], own, Corpus(counts, sums)))
        gap = share_difference(found[0], found[1], 0, n - 1)
        held += gap.low <= truth <= gap.high
        told += gap.p < 0.05 and not gap.low <= 0 <= gap.high
    return truth, 100 * held / times, 100 * told / times


def resampled(
    y: np.ndarray, p: np.ndarray, decided: np.ndarray, column: int, share: float, rng: np.random.Generator
) -> Sentences:
    """Return sentences drawn from rows with replacement, a share of them from those with the label."""
    with_it = rng.random(_SENTENCES) < share
    yes, no = np.flatnonzero(y[:, column] == 1), np.flatnonzero(y[:, column] == 0)
    rows = np.where(with_it, rng.choice(yes, _SENTENCES), rng.choice(no, _SENTENCES))
    return np.arange(_SENTENCES), y[rows], p[rows], decided[rows]


def read(path: str) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, truth, probabilities and decisions of a table of predictions."""
    import pandas as pd

    table = pd.read_parquet(path)
    labels = [column.removeprefix("score_") for column in table.columns if column.startswith("score_")]
    given = [
        np.asarray([[label in row for label in labels] for row in table[column]], dtype=float)
        for column in ("true", "predicted")
    ]
    return labels, given[0], table[[f"score_{label}" for label in labels]].to_numpy(float), given[1]


def _table(rows: Iterator[tuple[str, Tally]], first: str) -> None:
    head = f"| {first} | {' | '.join(METHODS)} |"
    print(f"{head}\n|{'---|' * (head.count('|') - 1)}", flush=True)
    for name, tally in rows:
        print(f"| {name} | {tally.line()} |", flush=True)


def main(arguments: list[str]) -> None:
    """Print a line a setting: in percent the mean share, how often the bounds hold the truth, and their mean width."""
    if arguments and Path(arguments[0]).suffix == ".parquet":
        labels, y, p, decided = read(arguments[0])
        times = int(arguments[2]) if len(arguments) > 2 else 500
        together = bool((y.sum(axis=1) == 1).all())
        for label in arguments[1].split(","):

            def rows(label: str = label) -> Iterator[tuple[str, Tally]]:
                at = labels.index(label)
                for share in SHARES:
                    rng = np.random.default_rng([7, int(1000 * share)])
                    tally = Tally()
                    for number in range(times):
                        found = resampled(y, p, decided, at, share, rng)
                        if not together:
                            found = found[0], found[1][:, [at]], found[2][:, [at]], found[3][:, [at]]
                        chosen, design = draw(rng, found[3], 200, 0.0)
                        tally.add(estimates(found, chosen, design, number < _EMQ), share, at if together else 0)
                    yield f"{100 * share:.0f}", tally

            _table(rows(), f"{label}: truth")
        return
    times = int(arguments[0]) if arguments else 1000

    def settings() -> Iterator[tuple[str, Tally]]:
        for setting in SETTINGS:
            for n in LABELLED:
                for boost in (0.0, 0.5):
                    truth, tally = simulated(times, setting, n, boost)
                    name = f"{100 * truth:.1f} | {100 * setting[1]:.0f} | {100 * setting[2]:g} | {n} | {boost:g}"
                    yield name, tally

    _table(settings(), "truth | found | wrongly | labelled | boost")
    print("\n| difference | labelled in each | held | told apart |\n|---|---|---|---|")
    for one, other in ((0.05, 0.05), (0.20, 0.20), (0.20, 0.10)):
        for n in LABELLED:
            truth, held, told = compared(times, one, other, n)
            print(f"| {100 * truth:.1f} | {n} | **{held:.1f}** | {told:.1f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
