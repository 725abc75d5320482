"""How often the bounds hold the true value and the test rejects equal systems, on simulated sentences in articles.

Run ``python -m tests.coverage [SAMPLES]``. Three labels on 25, 15 and 6% of the sentences of articles of 1 to some 30
sentences, which differ in how often they carry a label and in how often a system errs. The truth is the value in a
sample of 200,000 articles.
"""

import sys
from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logit

from experiments.measures.metrics import measure
from experiments.measures.paired import compare_decisions

LABELS = ["a", "b", "c"]
PREVALENCE = (0.25, 0.15, 0.06)
SYSTEMS = {
    "middling": ((0.8, 0.7, 0.65), (0.06, 0.06, 0.02)),
    "near 1": ((0.97, 0.95, 0.97), (0.005, 0.01, 0.003)),
    "near 0": ((0.3, 0.2, 0.1), (0.1, 0.06, 0.02)),
}
GROUPS = (8, 20, 60)
_BETWEEN, _ERRORS = 1.0, 0.7  # standard deviations of articles, in log odds


def sample(
    rng: np.random.Generator, articles: int, systems: Sequence[str]
) -> tuple[np.ndarray, list[np.ndarray], list[str]]:
    """Return the truth, each system's decisions, and the article of each sentence."""
    sizes = 1 + rng.poisson(rng.gamma(2, 3.5, articles))
    article = np.repeat(np.arange(articles), sizes)
    shape = (articles, 3)
    y = rng.random((len(article), 3)) < expit(logit(PREVALENCE) + _BETWEEN * rng.standard_normal(shape))[article]
    decided = []
    for name in systems:
        found, wrongly = SYSTEMS[name]
        right = expit(logit(found) + _ERRORS * rng.standard_normal(shape))[article]
        wrong = expit(logit(wrongly) + _ERRORS * rng.standard_normal(shape))[article]
        decided.append((rng.random(y.shape) < np.where(y, right, wrong)).astype(np.int8))
    return y.astype(np.int8), decided, [str(number) for number in article]


def main(samples: str = "1000") -> None:
    """Print a line a setting."""
    times = int(samples)
    for name in SYSTEMS:
        rng = np.random.default_rng(1)
        y, (decided,), _ = sample(rng, 200_000, [name])
        rows = [str(number) for number in range(len(y))]
        true = measure(y, decided.astype(float), decided, LABELS, rows, bootstrap=0)
        wanted = [
            "macro_f1",
            "exact_match",
            *(f"{label}.{kind}" for label in "ac" for kind in ("precision", "recall", "f1")),
        ]
        for groups in GROUPS:
            held = {metric: [0, 0] for metric in wanted}
            for _ in range(times):
                y, (decided,), article = sample(rng, groups, [name])
                found = measure(y, decided.astype(float), decided, LABELS, article, bootstrap=1)
                for metric in wanted:
                    if found[metric].low == found[metric].low:
                        held[metric][1] += 1
                        held[metric][0] += found[metric].low <= true[metric].value <= found[metric].high
            shares = ", ".join(
                f"{metric} {100 * inside / max(n, 1):.1f}% of {n}" for metric, (inside, n) in held.items()
            )
            print(f"{name}, {groups} articles: bounds hold {shares}", flush=True)
    rng = np.random.default_rng(2)
    for groups in GROUPS:
        inside = rejected = told = n = 0
        for _ in range(times):
            y, (one, other), article = sample(rng, groups, ["middling", "middling"])
            found = compare_decisions(y, one, other, article)
            if found.p != found.p:
                continue
            n += 1
            inside += found.difference.low <= 0 <= found.difference.high
            rejected += found.p < 0.05
            told += found.verdict in ("better", "worse")
        print(
            f"equal systems, {groups} articles: bounds hold 0 in {100 * inside / n:.1f}%, the test rejects "
            f"{100 * rejected / n:.1f}%, better or worse is said in {100 * told / n:.1f}% of {n}",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
