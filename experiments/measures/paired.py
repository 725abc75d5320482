"""Whether one system is better than another on the same test rows: differences with bounds, tests, and a verdict."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from experiments.measures.metrics import rate_bounds
from experiments.measures.ranking import Ranking
from experiments.measures.resampling import (
    MIN_GROUPS,
    Estimate,
    draw_groups,
    effective_groups,
    exchange_groups,
    group_sums,
    leave_out,
    members,
    percentile_bounds,
    spread,
)
from experiments.measures.tallies import Tallies

MARGIN = 0.01
"""A smaller difference makes no difference, unless a user says otherwise."""

POWER = 0.8
"""With which the number of articles that it would take shows a difference."""

BETTER, NO_WORSE, WORSE, CANT_TELL = "better", "no worse", "worse", "can't tell"

LOWER_IS_BETTER = ("log_loss", "brier")

_LEVEL = 0.05
_FLIPS = 9999  # random ones; fewer groups than 14 have so few that all are tried
_EXACT = 13
_RANKED_FLIPS = 999  # of metrics that need all rows sorted again for each
_MANY = 200  # groups beyond which nothing is left out in turn


System = tuple[np.ndarray, np.ndarray]
"""Probabilities and decisions, both of shape (n, n_labels)."""


@dataclass(frozen=True)
class Comparison:
    """How a system does against another in one metric.

    Attributes
    ----------
    difference : Estimate
        The second's value minus the first's, with 95% bounds of the paired bootstrap (nan with too few groups).
    p : float
        Of the sign-flip test that they are the same; nan with too few groups.
    verdict : str
        ``better``, ``no worse`` (than the margin), ``worse``, ``can't tell``: of the second.
    needed : int or None
        About how many groups (articles) it would take to tell, with a power of 0.8; None where it can be told.
    """

    difference: Estimate
    p: float
    verdict: str
    needed: int | None


class PairedScores:
    """Several systems' predictions of the same rows, on the same resamples of whole groups.

    Parameters
    ----------
    y : ndarray of shape (n, n_labels)
        The true indicator matrix; a negative cell is one that nobody decided.
    systems : sequence of (probabilities, decided), or of lists of such pairs
        Of each system, both of shape (n, n_labels). A list is one system trained several times, with other seeds: its
        value is their mean, and its resamples draw seeds as well.
    labels : sequence of str
        The columns' names.
    groups : sequence of str
        The group of each row, such as its article.
    multilabel, average_over
        As for :func:`experiments.measures.metrics.measure`.
    times : int, default 2000
        Resamples.
    seed : int, default 13
        Of the resamples and the flips.

    Notes
    -----
    The bounds of two systems may overlap although one is surely better, as both depend on which rows were drawn; in the
    difference on the same draw that cancels out. How often the bounds hold, and how
    often the test rejects equal systems, ``python -m tests.coverage`` measures (docs/benchmarks.md).

    References
    ----------
    Koehn, P. (2004). Statistical significance tests for machine translation evaluation. EMNLP. (paired bootstrap)
    Yeh, A. (2000). More accurate tests for the statistical significance of result differences. COLING. (exchanging
    answers at random)
    Dror, R. et al. (2018). The hitchhiker's guide to testing statistical significance in NLP. ACL.
    Field, C. & Welsh, A. (2007). Bootstrapping clustered data. JRSS B 69(3). (whole groups)
    """

    def __init__(
        self,
        y: np.ndarray,
        systems: Sequence[System | Sequence[System]],
        labels: Sequence[str],
        groups: Sequence[str],
        multilabel: bool = True,
        average_over: Sequence[str] = (),
        times: int = 2000,
        seed: int = 13,
    ) -> None:
        self.count, self.member = members(groups)
        self.seed = seed
        self.y, self.labels = y, list(labels)
        teams = [[each] if isinstance(each, tuple) else list(each) for each in systems]
        self.systems = [member for team in teams for member in team]
        starts = np.cumsum([0, *map(len, teams)])
        self.teams = [list(range(start, end)) for start, end in itertools.pairwise(starts)]
        self.tallies = [
            Tallies(y, probabilities, decided, labels, multilabel, average_over)
            for probabilities, decided in self.systems
        ]
        self.sums = [group_sums(each.rows, self.count, self.member) for each in self.tallies]
        self.bounded = self.count >= MIN_GROUPS
        drawn = draw_groups(self.count, times, seed) if self.bounded else ()
        without = [leave_out(self.count)] if self.bounded and self.count < _MANY else []
        self._values = self._measured([np.ones((1, self.count))])
        self._draws = self._measured(drawn)
        self._left_out = self._measured(without)
        self._rates: dict[int, dict[str, tuple[float, float]]] = {}
        self._flipped: list[np.ndarray] = []

    @property
    def metrics(self) -> list[str]:
        """The metrics that can be compared: all but calibration errors, whose resamples are biased, and counts."""
        return [name for name in self._values[0] if not name.endswith("support")]

    def value(self, metric: str, system: int) -> float:
        """Return a system's value on the rows, the mean over its seeds."""
        each = self.each(metric, system)
        defined = [value for value in each if not math.isnan(value)]
        return float(np.mean(defined)) if defined else float("nan")

    def each(self, metric: str, system: int) -> list[float]:
        """Return the values of a system's seeds."""
        return [float(self._values[member][metric][0]) for member in self.teams[system]]

    def difference(self, metric: str, first: int, second: int) -> Estimate:
        """Return the second system's value minus the first's, with 95% bounds."""
        value = self.value(metric, second) - self.value(metric, first)
        if not self.bounded or math.isnan(value):
            return Estimate(value)
        draws = self._drawn(metric, first, second)
        effective = float(self.count)
        if self.count < _MANY:
            left = self._mean(self._left_out, metric, second) - self._mean(self._left_out, metric, first)
            effective = effective_groups(left)
        return Estimate(value, *percentile_bounds(draws, effective))

    def bounds(self, metric: str, system: int) -> Estimate:
        """Return a system's value with its own bounds, which say how well it is known and not which system is better.

        They are those of ``measure``. Of several seeds the mean is bounded: the mean reach of each one's bounds, which
        is what other articles would change, and Student's of the mean over seeds, which is what other seeds would,
        added as the errors of independent sources are.
        """
        value = self.value(metric, system)
        if not self.bounded or math.isnan(value):
            return Estimate(value)
        each = [self._own_bounds(metric, member) for member in self.teams[system]]
        if len(each) == 1:
            return Estimate(value, *each[0])
        bounded = [(at, *pair) for at, pair in zip(self.each(metric, system), each, strict=True) if pair[0] == pair[0]]
        if len(bounded) < 2:
            return Estimate(value)  # of one seed that is known nothing can be said of others
        values, lows, highs = np.transpose(bounded)
        down, up = float((values - lows).mean()), float((highs - values).mean())
        student = float(stats.t.ppf(1 - _LEVEL / 2, len(bounded) - 1))
        luck = student * float(values.std(ddof=1)) / math.sqrt(len(bounded))
        low, high = value - math.hypot(down, luck), value + math.hypot(up, luck)
        return Estimate(value, max(low, 0.0), high if metric in LOWER_IS_BETTER else min(high, 1.0))

    def _own_bounds(self, metric: str, number: int) -> tuple[float, float]:
        rated = self._rated(number)
        if metric in rated:
            return rated[metric]
        effective = effective_groups(self._left_out[number][metric]) if self.count < _MANY else float(self.count)
        return percentile_bounds(self._draws[number][metric], effective)

    def p_value(self, metric: str, first: int, second: int) -> float:
        """Return how often exchanging the two systems' answers of whole groups gives as large a difference, two-sided.

        All exchanges are tried with 13 groups or fewer, else 9,999 random ones (999 for average precisions); nan with
        fewer than five groups, or where the difference is undefined.
        """
        seen = abs(self.value(metric, second) - self.value(metric, first))
        if not self.bounded or math.isnan(seen):
            return float("nan")
        sides = [self._exchanged(metric, one, other) for one, other in self._matched(first, second)]
        mixed, rest = (np.mean(side, axis=0) for side in zip(*sides, strict=True))
        found = np.abs(rest - mixed)
        as_large = float((found >= seen - 1e-12).sum())
        exact = len(found) == 2**self.count
        return as_large / len(found) if exact else (as_large + 1) / (len(found) + 1)

    def compare(self, metric: str, first: int, second: int, margin: float = MARGIN) -> Comparison:
        """Return the second system against the first in one metric, without any correction for other comparisons."""
        difference, p = self.difference(metric, first, second), self.p_value(metric, first, second)
        said = verdict(difference, p, margin, metric)
        return Comparison(
            difference, p, said, self.needed(metric, first, second, margin) if said == CANT_TELL else None
        )

    def needed(self, metric: str, first: int, second: int, margin: float = MARGIN) -> int | None:
        """Return about how many groups would show the difference that was seen, if it is the true one, at power 0.8.

        A difference that is smaller than the margin: how many would show that there is none as large as the margin.
        None where it can't be told.
        """
        if not self.bounded:
            return None
        draws = self._drawn(metric, first, second)
        spread_ = float(draws[~np.isnan(draws)].std()) if np.isfinite(draws).sum() > 1 else float("nan")
        seen = abs(self.value(metric, second) - self.value(metric, first))
        effect = seen if seen >= margin else margin
        if not effect or not math.isfinite(spread_):
            return None
        z = stats.norm.ppf(1 - _LEVEL / 2) + stats.norm.ppf(POWER)
        return max(self.count + 1, math.ceil(self.count * float(z * spread_ / effect) ** 2))

    def _rated(self, number: int) -> dict[str, tuple[float, float]]:
        if number not in self._rates:
            self._rates[number] = rate_bounds(self.tallies[number], self.sums[number])
        return self._rates[number]

    def _measured(self, blocks: Iterable[np.ndarray]) -> list[dict[str, np.ndarray]]:
        """Return every metric of every set of predictions for weights of the groups, given in blocks."""
        rankings = [Ranking(self.y, probabilities, self.labels) for probabilities, _ in self.systems]
        found: list[list[dict[str, np.ndarray]]] = [[] for _ in self.systems]
        for weights in blocks:
            for number, (ranking, tallies) in enumerate(zip(rankings, self.tallies, strict=True)):
                ranked = [ranking.precisions(rows) for rows in spread(weights, self.member)]
                joined = {name: np.concatenate([part[name] for part in ranked]) for name in ranked[0]}
                found[number].append({**tallies.metrics(weights @ self.sums[number]), **joined})
        return [
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
            for parts in found
        ]

    def _mean(self, found: Sequence[dict[str, np.ndarray]], metric: str, system: int) -> np.ndarray:
        return np.asarray(np.mean([found[member][metric] for member in self.teams[system]], axis=0))

    def _matched(self, first: int, second: int) -> list[tuple[int, int]]:
        """Return whose answers belong together: those of the same seed, or of every seed with the one there is."""
        one, other = self.teams[first], self.teams[second]
        return [(one[number % len(one)], other[number % len(other)]) for number in range(max(len(one), len(other)))]

    def _drawn(self, metric: str, first: int, second: int) -> np.ndarray:
        """Return the differences of the resamples, in each of which seeds are drawn like groups, in pairs."""
        pairs = self._matched(first, second)
        every = np.stack([self._draws[other][metric] - self._draws[one][metric] for one, other in pairs])
        if len(pairs) == 1:
            return np.asarray(every[0])
        rng = np.random.default_rng([self.seed, 2])
        drawn = rng.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=every.shape[1])
        return np.asarray((every * drawn.T).sum(axis=0) / len(pairs))

    def _exchanged(self, metric: str, first: int, second: int) -> tuple[np.ndarray, np.ndarray]:
        """Return both sides' values for each exchange of answers."""
        if not metric.endswith("average_precision"):
            one, other = self._projected(first), self._projected(second)
            mixed = self.tallies[first].metrics(one + self.sums[second].sum(axis=0) - other)[metric]
            return mixed, self.tallies[second].metrics(other + self.sums[first].sum(axis=0) - one)[metric]
        return self._ranked(metric, first, second)

    def _exchanges(self, times: int = _FLIPS) -> Iterator[np.ndarray]:
        """Yield which groups' answers are kept (1) or exchanged (0), in blocks of shape (b, n_groups)."""
        if self.count <= _EXACT:
            yield ((np.arange(2**self.count)[:, None] >> np.arange(self.count)) & 1).astype(np.float64)
        else:
            yield from exchange_groups(self.count, times, self.seed)

    def _projected(self, number: int) -> np.ndarray:
        """Return the sums that a set of predictions has in the groups kept, shape (times, k)."""
        if not self._flipped:
            parts = [[kept @ sums for sums in self.sums] for kept in self._exchanges()]
            self._flipped = [np.concatenate(each) for each in zip(*parts, strict=True)]
        return self._flipped[number]

    def _ranked(self, metric: str, first: int, second: int) -> tuple[np.ndarray, np.ndarray]:
        both = np.vstack([self.systems[first][0], self.systems[second][0]])
        ranking = Ranking(np.vstack([self.y, self.y]), both, self.labels)
        twice = np.concatenate([self.member, self.member + self.count])
        sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for kept in self._exchanges(_RANKED_FLIPS):
            for side, weights in zip(sides, (np.hstack([kept, 1 - kept]), np.hstack([1 - kept, kept])), strict=True):
                side.extend(ranking.precisions(rows)[metric] for rows in spread(weights, twice))
        return np.concatenate(sides[0]), np.concatenate(sides[1])


def compare_decisions(
    y: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    groups: Sequence[str],
    margin: float = MARGIN,
    seed: int = 13,
) -> Comparison:
    """Return how a system's decisions do against another's in macro-F1.

    Parameters
    ----------
    y, first, second : ndarray of shape (n, n_labels)
        The true indicator matrix (negative: nobody decided), and those of the two systems.
    groups : sequence of str
        The group of each row.
    margin : float, default 0.01
        A smaller difference makes no difference.
    seed : int, default 13
        Of the resamples.
    """
    labels = [str(column) for column in range(y.shape[1])]
    systems = [(decided.astype(np.float64), decided) for decided in (first, second)]
    return PairedScores(y, systems, labels, groups, seed=seed).compare("macro_f1", 0, 1, margin)


def macro_f1_difference(
    y: np.ndarray, first: np.ndarray, second: np.ndarray, groups: Sequence[str], bootstrap: int, seed: int
) -> Estimate:
    """Return the macro-F1 of ``second`` minus that of ``first``, with the bounds of so many resamples (0 for none)."""
    labels = [str(column) for column in range(y.shape[1])]
    systems = [(np.zeros(y.shape), decided) for decided in (first, second)]
    found = PairedScores(y, systems, labels, groups, times=max(bootstrap, 1), seed=seed).difference("macro_f1", 0, 1)
    return found if bootstrap else Estimate(found.value)


def verdict(difference: Estimate, p: float, margin: float = MARGIN, metric: str = "macro_f1") -> str:
    """Return what a difference says of the second system.

    ``better`` if the test rejects that they are the same (p below 0.05, adjusted by the caller where there are several)
    and the bounds leave out 0; else ``no worse`` if the bounds leave out that it is worse by more than the margin; else
    ``worse`` by the same test; else ``can't tell``. Without bounds it is ``can't tell``.
    """
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    low, high = sorted((sign * difference.low, sign * difference.high))
    if math.isnan(low) or math.isnan(p):
        return CANT_TELL
    if low > 0 and p < _LEVEL:
        return BETTER
    if low > -margin:
        return NO_WORSE
    return WORSE if high < 0 and p < _LEVEL else CANT_TELL


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted for being several, so that the chance of any false rejection stays below the level.

    nan stays nan and doesn't count.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6(2).
    """
    values = np.asarray(p, dtype=np.float64)
    there = np.flatnonzero(~np.isnan(values))
    order = there[np.argsort(values[there], kind="stable")]
    adjusted = np.full(len(values), np.nan)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * values[at]))
        adjusted[at] = highest
    return [float(value) for value in adjusted]
