"""What ``--abstain`` promises and what comes of it: by simulation, on real sentences, and where it breaks.

- ``python -m tests.abstaining simulation [TIMES]``: how often the promise is broken, on simulated sentences in articles
- ``python -m tests.abstaining measured MODEL LABELLED.jsonl [GROUP]``: what a model promises by its own held-out rows,
  and what is measured on others
- ``python -m tests.abstaining drawn MODEL [ARTICLES] [TIMES]``: the same with articles drawn from a model's held-out
  rows
"""

import functools
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from experiments.config.schema import Columns, Data
from experiments.corpus.rows import load_labelled
from experiments.errors import InputError
from experiments.evaluation.abstention import curve_of, measure_promise
from experiments.evaluation.evaluate import evaluate
from experiments.measures import risk
from experiments.measures.risk import Surest
from experiments.model import promise
from experiments.tracking.resolve import resolve_model

LEVEL = 0.05
WORLDS = ("confident", "effects", "lumps", "flat", "flat, whole articles", "long ones err", "the longest alone")
HARDEST = WORLDS[3:]
_JUST_ABOVE = 1.002 * LEVEL
LEVELS = (0.02, 0.03, 0.05, 0.08, 0.10, 0.15, 0.20)

Test = Callable[[np.ndarray, np.ndarray, float], float]


def sample(rng: np.random.Generator, articles: int, mean: float, world: str) -> tuple[np.ndarray, ...]:
    """Return the confidence, error, article and chance of an error of sentences in articles.

    An article has 1 + Poisson(Gamma(2, (mean - 1) / 2)) sentences. ``confident``: a model that is seldom wrong where it
    is sure. ``effects``: the same, and articles differ (standard deviation 1 in log odds). ``lumps``: in 3% of the
    articles every second sentence is wrong, however sure it is. The others are the hardest: confidence says nothing,
    and every cut has an error just above the level. ``flat``: sentences err independently; ``flat, whole articles``:
    articles are right or wrong as a whole; ``long ones err``: an article's chance of errors grows with its length;
    ``the longest alone``: articles of twice the mean length or more are right or wrong as a whole, all others right.
    """
    size = 1 + rng.poisson(rng.gamma(2, (mean - 1) / 2, articles)) if mean > 1 else np.ones(articles, dtype=int)
    article = np.repeat(np.arange(articles), size)
    quantile = rng.random(len(article))
    chance = np.interp(quantile, [0, 0.3, 0.5, 0.7, 0.8, 1], [0.01, 0.015, 0.04, 0.15, 0.3, 0.5])
    if world == "effects":
        chance = expit(logit(chance) - 0.2 + rng.standard_normal(articles)[article])
    elif world == "lumps":
        chance = np.where((rng.random(articles) < 0.03)[article], 0.5, chance)
    elif world == "long ones err":
        chance = np.minimum(_JUST_ABOVE * size[article] / _weighted_size(mean), 1)
    elif world == "flat":
        chance = np.full(len(article), _JUST_ABOVE)
    elif world == "flat, whole articles":
        chance = (rng.random(articles) < _JUST_ABOVE).astype(float)[article]
    elif world == "the longest alone":
        wrong = (size >= 2 * mean) & (rng.random(articles) < _JUST_ABOVE / _share_of_long(mean))
        chance = wrong.astype(float)[article]
    return 1 - quantile, rng.random(len(article)) < chance, article, chance


def simulate(times: int, seed: int = 7) -> None:
    """Print how often the true error is above the level at the cut chosen, how much is kept, how often nothing is."""
    tests: dict[str, Test] = {"as shipped": risk.exceeds, "rows as independent": _binomial}
    for world in WORLDS:
        for mean in (1.5, 8.0):
            truth = _truth(world, mean)
            for articles in (100, 400):
                said = []
                for name, test in tests.items():
                    broken, kept, none = _run(test, world, mean, articles, truth, times, seed)
                    said.append(f"{name}: {broken:.1%} broken, {kept:.0%} kept, {none:.0%} refused")
                print(f"{world}; {articles} articles of {mean:g}: {'; '.join(said)}", flush=True)


def broken(world: str, mean: float, articles: int, times: int, seed: int = 7) -> float:
    """Return how often the promise of the shipped method is broken."""
    return _run(risk.exceeds, world, mean, articles, _truth(world, mean, 20_000), times, seed)[0]


def _run(
    test: Test, world: str, mean: float, articles: int, truth: tuple[np.ndarray, np.ndarray], times: int, seed: int
) -> tuple[float, float, float]:
    rng, shipped = np.random.default_rng(seed), risk.exceeds
    wrong, share, none = 0, 0.0, 0
    risk.exceeds = test
    try:
        for _ in range(times):
            confidence, errors, article, _ = sample(rng, articles, mean, world)
            cut = risk.choose_cut(Surest.of(confidence, errors, article), LEVEL)
            if cut is None:
                none += 1
                continue
            at = min(int(np.searchsorted(truth[0], 1 - cut.confidence)), len(truth[1]) - 1)
            wrong += bool(truth[1][at] > LEVEL)
            share += cut.kept / cut.rows
    finally:
        risk.exceeds = shipped
    return wrong / times, share / times, none / times


def _truth(world: str, mean: float, articles: int = 200_000) -> tuple[np.ndarray, np.ndarray]:
    """Return shares kept, and the true error among the rows kept."""
    if world in HARDEST:
        return np.array([0.0]), np.array([_JUST_ABOVE])
    confidence, _, _, chance = sample(np.random.default_rng(1), articles, mean, world)
    order = np.argsort(-confidence)
    return 1 - confidence[order], np.cumsum(chance[order]) / np.arange(1, len(order) + 1)


def _weighted_size(mean: float) -> float:
    """Return the mean length of the article that a random sentence is in."""
    spread = (mean - 1) + (mean - 1) ** 2 / 2
    return mean + spread / mean


@functools.cache
def _share_of_long(mean: float) -> float:
    """Return the share of sentences that are in articles of twice the mean length or more."""
    rng = np.random.default_rng(2)
    size = 1 + rng.poisson(rng.gamma(2, (mean - 1) / 2, 1_000_000)) if mean > 1 else np.ones(10)
    return float(size[size >= 2 * mean].sum() / size.sum())


def _binomial(errors: np.ndarray, kept: np.ndarray, level: float) -> float:
    return float(stats.binom.cdf(errors.sum(), kept.sum(), level))


def measured(model: str, source: str, group: str = "group") -> None:
    """Print a line a level: what the model promises by its own held-out rows, and what comes of it on labelled rows."""
    _, classifier = resolve_model(model, "framing")
    assert classifier.held_out is not None
    rows = load_labelled(source, classifier.task, Data(train="", columns=Columns(group=group)), lambda line: None)
    evaluation = evaluate(classifier, rows, bootstrap=0)
    curve = curve_of(classifier, evaluation)
    assert curve is not None
    held = classifier.held_out
    print(f"{model}: {len(held)} held-out rows of {held.articles} articles, {held.source}")
    print(f"{Path(source).name}: {curve.rows} rows of {curve.articles} articles, AURC {curve.aurc:.3f}")
    for level in LEVELS:
        try:
            found = promise(held, level)
        except InputError as error:
            print(f"  {level:.2f}: {error}")
            continue
        kept, cut = measure_promise(classifier, evaluation, found), found.cut
        print(
            f"  {level:.2f}: cut {cut.confidence:.3f}; held out {cut.kept / cut.rows:.0%} kept, {cut.errors} wrong; "
            f"here {kept.kept} kept ({kept.coverage.value:.0%}), {kept.errors} wrong: {kept.error.value:.3f} "
            f"[{kept.error.low:.3f}, {kept.error.high:.3f}]"
        )


def drawn(model: str, articles: str = "400", times: str = "200") -> None:
    """Print a line a level: how often a promise is broken whose articles are drawn from a model's held-out ones.

    All of these together are the truth: articles and errors are real, and it is known what each cut comes to.
    """
    _, classifier = resolve_model(model, "framing")
    assert classifier.held_out is not None
    held = classifier.held_out
    whole = held.rows
    order = np.argsort(held.article, kind="stable")
    bounds = np.searchsorted(held.article[order], np.arange(held.articles + 1))
    for level in LEVELS:
        rng = np.random.default_rng(11)
        broken, refused, kept = 0, 0, 0.0
        for _ in range(int(times)):
            numbers = rng.integers(0, held.articles, int(articles))
            parts = [order[bounds[number] : bounds[number + 1]] for number in numbers]
            rows = np.concatenate(parts)
            group = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
            cut = risk.choose_cut(Surest.of(held.confidence[rows], held.wrong[rows], group), level)
            if cut is None:
                refused += 1
                continue
            there = whole.confidence >= cut.confidence
            broken, kept = broken + bool(whole.wrong[there].mean() > level), kept + float(there.mean())
        n = int(times)
        print(
            f"{model} {level:.2f}: {broken / n:.1%} broken, {kept / n:.0%} kept, {refused / n:.0%} refused", flush=True
        )


def main(what: str = "simulation", *arguments: str) -> None:
    """Do one of the three."""
    if what == "simulation":
        simulate(int(arguments[0]) if arguments else 1000)
    elif what == "measured":
        measured(*arguments)
    else:
        drawn(*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
