"""Two runs or more on the same test rows: which is better, by how much, and whether that can be told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from experiments.errors import InputError
from experiments.evaluation.gaps import MIN_SLICE
from experiments.evaluation.pairing import Rows, pair_rows
from experiments.measures.paired import (
    BETTER,
    CANT_TELL,
    LOWER_IS_BETTER,
    MARGIN,
    NO_WORSE,
    PairedScores,
    holm,
    verdict,
)
from experiments.measures.resampling import MIN_GROUPS, Estimate
from experiments.tracking.contestant import Contestant


@dataclass(frozen=True)
class Pair:
    """The second contestant against the first in one metric; ``p_adjusted`` is Holm's over the family it stands in."""

    first: int
    second: int
    metric: str
    difference: Estimate
    p: float
    p_adjusted: float
    verdict: str
    needed: int | None


@dataclass(frozen=True)
class Turned:
    """A part of the rows in which the order of two contestants turns round, with the difference there."""

    column: str
    value: str
    rows: int
    first: int
    second: int
    difference: Estimate


@dataclass(frozen=True)
class Compared:
    """What came out.

    Attributes
    ----------
    metric, margin, baseline
        What was compared, which difference makes none, and the number of the contestant that the others are held to.
    values : list of dict of str to Estimate
        Of each contestant, every metric by its own bounds.
    pairs : list of Pair
        All pairs in the metric, the second being the one named later; or those with the baseline alone.
    against : list of list of Pair
        For each contestant but the baseline, all metrics against it; labels' F1 adjusted over labels and contestants.
    """

    contestants: list[Contestant]
    rows: Rows
    metric: str
    margin: float
    baseline: int
    values: list[dict[str, Estimate]]
    pairs: list[Pair]
    against: dict[int, list[Pair]]
    turned: list[Turned]
    groups: int

    def main(self, contestant: int) -> Pair | None:
        """Return a contestant's pair with the baseline in the metric, or None for the baseline itself."""
        return next((pair for pair in self.against.get(contestant, []) if pair.metric == self.metric), None)

    @property
    def every_pair(self) -> bool:
        """Whether all were compared with each other, or each with the baseline alone."""
        return len(self.pairs) == len(self.contestants) * (len(self.contestants) - 1) // 2

    @property
    def best(self) -> int:
        """The contestant with the best value, whether or not that can be told from the next."""
        sign = -1 if self.metric in LOWER_IS_BETTER else 1
        return max(range(len(self.contestants)), key=lambda at: sign * self.values[at][self.metric].value)


def compare(
    contestants: Sequence[Contestant],
    metric: str = "macro_f1",
    baseline: int = 0,
    margin: float = MARGIN,
    common: bool = False,
    times: int = 2000,
    seed: int = 13,
    every_pair: bool = True,
) -> Compared:
    """Compare contestants on the rows they were all tested on.

    Parameters
    ----------
    contestants : sequence of Contestant
        Two or more, of one task.
    metric : str, default "macro_f1"
        By which they are ranked and judged.
    baseline : int, default 0
        Number of the one that the others are held to.
    margin : float, default 0.01
        A smaller difference makes no difference.
    common : bool, default False
        Compare on the rows that all have, where they have different ones.
    times, seed : int
        Resamples and their seed.
    every_pair : bool, default True
        Compare all contestants with each other; else each with the baseline alone, which is then the family over which
        p-values are adjusted.

    Raises
    ------
    InputError
        If they have other tasks, labels or rows, or there is no such metric.
    """
    rows = pair_rows(contestants, common)
    one = contestants[0]
    paired = PairedScores(rows.y, rows.systems, rows.labels, rows.groups, one.multilabel, one.average_over, times, seed)
    if metric not in paired.metrics:
        raise InputError(f"--metric {metric}: is no metric of these runs; take one of {', '.join(paired.metrics)}")
    matched = [pair for pair in combinations(range(len(contestants)), 2) if every_pair or baseline in pair]
    pairs = _judged(paired, [(metric, a, b) for a, b in matched], margin)
    others = [number for number in range(len(contestants)) if number != baseline]
    # the judged metric as the family of all pairs has it, each label's F1 as a family of its own, the rest unadjusted
    labels = _judged(paired, [(f"{label}.f1", baseline, b) for b in others for label in rows.labels], margin)
    rest = [name for name in paired.metrics if name != metric and not name.endswith(".f1")]
    against: dict[int, list[Pair]] = {}
    for b in others:
        main = next(pair for pair in pairs if {pair.first, pair.second} == {baseline, b})
        own = [pair for pair in labels if pair.second == b and pair.metric != metric]
        alone = [_judged(paired, [(name, baseline, b)], margin)[0] for name in rest if _overall(name)]
        against[b] = [main if main.first == baseline else _other_way(paired, main, margin), *own, *alone]
    turned = _turned(rows, one, metric, pairs, times, seed)
    values = [{name: paired.bounds(name, number) for name in paired.metrics} for number in range(len(contestants))]
    groups = len(set(rows.groups))
    return Compared(list(contestants), rows, metric, margin, baseline, values, pairs, against, turned, groups)


def answer(compared: Compared) -> str:
    """Return what came out, in a sentence or two."""
    names = [each.name for each in compared.contestants]
    best, metric = compared.best, spoken(compared.metric)
    most = "lowest" if compared.metric in LOWER_IS_BETTER else "highest"
    if compared.groups < MIN_GROUPS:
        return (
            f"{names[best]} has the {most} {metric}, but the {len(compared.rows.ids)} test rows come from "
            f"{compared.groups} article(s): with fewer than {MIN_GROUPS} nothing can be told."
        )
    beaten: list[tuple[int, Pair]] = []
    equal: list[tuple[int, Pair]] = []
    open_: list[tuple[int, Pair]] = []
    for pair in compared.pairs:
        if best in (pair.first, pair.second):
            other = pair.second if pair.first == best else pair.first
            sign = 1.0 if pair.second == best else -1.0
            said = verdict(_signed(pair.difference, sign), pair.p_adjusted, compared.margin, compared.metric)
            {BETTER: beaten, NO_WORSE: equal}.get(said, open_).append((other, pair))
    value = compared.values[best][compared.metric]
    first = f"{names[best]} has the {most} {metric}, {value.value:.3f}{_bounds(value)}"
    if not equal and not open_:
        return f"{first}, and is better than {_listed([names[at] for at, _ in beaten])}."
    parts = [f"is better than {_listed([names[at] for at, _ in beaten])}"] if beaten else []
    if equal:
        parts.append(f"is no worse than {_listed([names[at] for at, _ in equal])} (by more than {compared.margin:g})")
    if open_:
        needed = [pair.needed for _, pair in open_ if pair.needed]
        about = f", which would take about {max(needed):,} articles instead of {compared.groups:,}" if needed else ""
        parts.append(f"can't be told from {_listed([names[at] for at, _ in open_])}{about}")
    return f"{first}; it {'; it '.join(parts)}."


def holds(compared: Compared, wanted: str) -> bool:
    """Return whether every contestant is ``better`` than the baseline, or at least ``no-worse``."""
    enough = (BETTER,) if wanted == "better" else (BETTER, NO_WORSE)
    said = [compared.main(number) for number in range(len(compared.contestants)) if number != compared.baseline]
    return all(pair is not None and pair.verdict in enough for pair in said)


def as_json(compared: Compared, page: str | None = None) -> dict[str, Any]:
    """Return the comparison as one object: every pair in the metric, and every metric against the baseline."""
    names = [each.name for each in compared.contestants]

    def pair(each: Pair) -> dict[str, Any]:
        return {
            "a": names[each.first],
            "b": names[each.second],
            "metric": each.metric,
            "difference": each.difference.value,
            "low": each.difference.low,
            "high": each.difference.high,
            "p": each.p,
            "p_adjusted": each.p_adjusted,
            "verdict": each.verdict,
            "articles_needed": each.needed,
        }

    return {
        "metric": compared.metric,
        "margin": compared.margin,
        "baseline": names[compared.baseline],
        "answer": answer(compared),
        "rows": len(compared.rows.ids),
        "articles": compared.groups,
        "runs": [
            {
                "name": each.name,
                "run_id": each.run_id,
                "metrics": {
                    name: {"value": value.value, "low": value.low, "high": value.high} for name, value in values.items()
                },
                "costs": each.costs,
            }
            for each, values in zip(compared.contestants, compared.values, strict=True)
        ],
        "pairs": [pair(each) for each in compared.pairs],
        "against_baseline": [pair(each) for found in compared.against.values() for each in found],
        "page": page,
    }


def spoken(metric: str) -> str:
    """Return a metric's name for a sentence."""
    known = {"macro_f1": "macro-F1", "micro_f1": "micro-F1", "exact_match": "exact match", "log_loss": "log loss"}
    return known.get(metric, metric.replace("_", " ").replace(".f1", " F1").replace(".", " "))


def settings_that_differ(contestants: Sequence[Contestant]) -> dict[str, list[str]]:
    """Return the settings in which the contestants' configs differ, each with every contestant's value.

    A contestant without a config, such as a model that is no run, differs in nothing; its values are empty.
    """
    known = [each.settings for each in contestants if each.settings]
    keys = dict.fromkeys(key for settings in known for key in settings)
    differ = [key for key in keys if len({settings.get(key, "") for settings in known}) > 1]
    return {key: [each.settings.get(key, "") for each in contestants] for key in differ}


def alone_right(compared: Compared, first: int, second: int, most: int = 10) -> list[int]:
    """Return rows that the second contestant gets right and the first doesn't, those furthest apart first.

    By each one's first seed; rows of which a label is undecided don't count.
    """
    rows = compared.rows
    (p_one, d_one), (p_two, d_two) = rows.systems[first][0], rows.systems[second][0]
    known = (rows.y >= 0).all(axis=1)
    right = known & (d_two == rows.y).all(axis=1) & ~(d_one == rows.y).all(axis=1)
    apart = np.abs(p_two - p_one).max(axis=1)
    found = np.flatnonzero(right)
    return [int(at) for at in found[np.argsort(-apart[found], kind="stable")][:most]]


def written_back(compared: Compared) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each run but the baseline, by id, its difference to that in every metric, under MLflow's names."""
    return {
        str(compared.contestants[number].run_id): {
            pair.metric: {
                "diff": pair.difference.value,
                "ci_low": pair.difference.low,
                "ci_high": pair.difference.high,
                "p": pair.p_adjusted,
            }
            for pair in pairs
        }
        for number, pairs in compared.against.items()
        if compared.contestants[number].run_id
    }


def _turned(rows: Rows, one: Contestant, metric: str, pairs: Sequence[Pair], times: int, seed: int) -> list[Turned]:
    """Return the slices in which a pair's order is the other way round than on all rows, with the difference there."""
    found = []
    for column, values in rows.slices.items():
        for value in sorted(set(values)):
            at = np.flatnonzero(np.asarray(values) == value)
            if not MIN_SLICE <= len(at) < len(values):
                continue
            systems = [[(p[at], d[at]) for p, d in system] for system in rows.systems]
            groups = [rows.groups[row] for row in at]
            part = PairedScores(rows.y[at], systems, rows.labels, groups, one.multilabel, one.average_over, times, seed)
            for pair in pairs:
                here = part.difference(metric, pair.first, pair.second)
                if here.value * pair.difference.value < 0:
                    found.append(Turned(column, value, len(at), pair.first, pair.second, here))
    return sorted(found, key=lambda each: -abs(each.difference.value))


def _judged(paired: PairedScores, wanted: Sequence[tuple[str, int, int]], margin: float) -> list[Pair]:
    """Compare pairs of contestants as one family, within which the p-values are adjusted."""
    found = [(metric, a, b, paired.difference(metric, a, b), paired.p_value(metric, a, b)) for metric, a, b in wanted]
    adjusted = holm([p for *_, p in found])
    pairs = []
    for (metric, a, b, difference, p), p_adjusted in zip(found, adjusted, strict=True):
        said = verdict(difference, p_adjusted, margin, metric)
        needed = paired.needed(metric, a, b, margin) if said == CANT_TELL else None
        pairs.append(Pair(a, b, metric, difference, p, p_adjusted, said, needed))
    return pairs


def _other_way(paired: PairedScores, pair: Pair, margin: float) -> Pair:
    difference = _signed(pair.difference, -1.0)
    said = verdict(difference, pair.p_adjusted, margin, pair.metric)
    needed = paired.needed(pair.metric, pair.second, pair.first, margin) if said == CANT_TELL else None
    return Pair(pair.second, pair.first, pair.metric, difference, pair.p, pair.p_adjusted, said, needed)


def _overall(name: str) -> bool:
    return "." not in name


def _signed(estimate: Estimate, sign: float) -> Estimate:
    if sign > 0:
        return estimate
    return Estimate(-estimate.value, -estimate.high, -estimate.low)


def _bounds(estimate: Estimate) -> str:
    return "" if math.isnan(estimate.low) else f" [{estimate.low:.3f}, {estimate.high:.3f}]"


def _listed(names: Sequence[str], most: int = 4) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
