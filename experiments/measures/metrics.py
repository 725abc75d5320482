"""How good predictions are, and how sure of that one can be."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from experiments.measures.proportions import mean_bounds, proportion_bounds, rough_bounds
from experiments.measures.ranking import BINS, Ranking
from experiments.measures.resampling import (
    MIN_GROUPS,
    Estimate,
    draw_groups,
    effective_groups,
    group_sums,
    leave_out,
    members,
    percentile_bounds,
    spread,
)
from experiments.measures.tallies import Tallies, f1_of

__all__ = ["BINS", "Metrics", "flat_metrics", "measure", "rate_bounds"]

_MANY = 200  # groups beyond which nothing is left out in turn, as it would change no bound

Metrics = dict[str, Estimate]
"""Flat names, such as ``macro_f1`` and ``threat.precision``."""


def measure(
    y: np.ndarray,
    probabilities: np.ndarray,
    decided: np.ndarray,
    labels: Sequence[str],
    groups: Sequence[str],
    multilabel: bool = True,
    bootstrap: int = 1000,
    seed: int = 0,
    average_over: Sequence[str] = (),
) -> Metrics:
    """Measure predictions against the truth, with bounds.

    Parameters
    ----------
    y, decided : ndarray of shape (n, n_labels)
        The true and the predicted indicator matrix. A negative cell of ``y`` is one that nobody decided: it counts for
        nothing.
    probabilities : ndarray of shape (n, n_labels)
        Predicted probabilities.
    labels : sequence of str
        The columns' names.
    groups : sequence of str
        The group of each row. Groups are taken as drawn, not rows: sentences of one article are not independent.
    multilabel : bool, default True
        Whether labels are independent; decides how log loss and Brier score are averaged.
    bootstrap : int, default 1000
        Resamples; 0 for no bounds at all.
    seed : int, default 0
        Seed of the resamples.
    average_over : sequence of str, default ()
        Labels whose mean F1 is measured, too.

    Returns
    -------
    dict of str to Estimate
        Overall: ``macro_f1``, ``micro_f1``, ``macro_precision`` and so on, ``exact_match`` (accuracy when each row has
        one label), ``log_loss``, ``brier``, ``ece``, ``macro_average_precision``, and ``average_f1`` when there are
        labels to average over. For each label: ``<label>.precision``, ``recall``, ``f1``, ``average_precision``,
        ``ece`` and ``support``.

    Notes
    -----
    Recall, F1 and average precision of a label that no row has are undefined (nan), and the macro averages are taken
    over the other labels; its precision is 0. The log loss is the mean over labels of the binary one in a multilabel
    task. ``ece`` is the class-wise expected calibration error over ten bins of equal width.
    Where some cells are undecided, log loss and Brier score are means over the decided ones, and the exact match is
    that of the rows without any.
    Bounds: rates (precision, recall, F1 through the Jaccard index, exact match) have Wilson's with a design effect,
    means of them those that the parts imply (:mod:`experiments.measures.proportions`); the rest has the expanded
    percentiles of the cluster bootstrap (:mod:`experiments.measures.resampling`). There are none with fewer than five
    groups, for a label's rate with fewer than three groups to count in, for ``ece``, which resampling only makes
    larger, and for ``support``.
    """
    tallies = Tallies(y, probabilities, decided, labels, multilabel, average_over)
    ranking = Ranking(y, probabilities, labels)
    count, member = members(groups)
    sums = group_sums(tallies.rows, count, member)
    values = {name: float(value[0]) for name, value in tallies.metrics(sums.sum(axis=0, keepdims=True)).items()}
    for name in ("micro_f1", "micro_precision"):
        values[name] = float(np.nan_to_num(values[name]))  # as in scikit-learn where nothing is sought or found
    values |= {name: float(value[0]) for name, value in ranking.precisions(np.ones((1, len(y)))).items()}
    values |= ranking.calibration_errors()
    if not bootstrap or count < MIN_GROUPS:
        return {name: Estimate(value) for name, value in values.items()}
    bounds = rate_bounds(tallies, sums)
    bounds |= _resampled_bounds(tallies, ranking, sums, member, draw_groups(count, bootstrap, seed))
    nothing = (float("nan"), float("nan"))
    return {
        name: Estimate(value, *(nothing if np.isnan(value) else bounds.get(name, nothing)))
        for name, value in values.items()
    }


def flat_metrics(metrics: Metrics, prefix: str) -> dict[str, float]:
    """Return metrics under flat names, with their bounds where there are any."""
    flat = {}
    for name, estimate in metrics.items():
        flat[f"{prefix}.{name}"] = estimate.value
        if estimate.low == estimate.low and not name.endswith("support"):
            flat[f"{prefix}.{name}.low"] = estimate.low
            flat[f"{prefix}.{name}.high"] = estimate.high
    return flat


def rate_bounds(tallies: Tallies, sums: np.ndarray) -> dict[str, tuple[float, float]]:
    """Return the bounds of all metrics that are rates of counts or means of such, from each group's sums."""
    counts = tallies.counts(sums)
    found = {name: _as_metric(name, proportion_bounds(*pair)) for name, pair in counts.items()}
    for name, parts in tallies.means().items():
        if not parts:
            continue
        rates = [hits.sum() / max(trials.sum(), 1) for hits, trials in (counts[part] for part in parts)]
        influence = [
            (hits - rate * trials) / max(trials.sum(), 1)
            for rate, (hits, trials) in zip(rates, (counts[part] for part in parts), strict=True)
        ]
        values = [f1_of(rate) if part.endswith("f1") else rate for part, rate in zip(parts, rates, strict=True)]
        bounds = [_as_metric(part, rough_bounds(*counts[part])) for part in parts]
        found[name] = mean_bounds(values, bounds, np.stack(influence, axis=1))
    return found


def _as_metric(name: str, bounds: tuple[float, float]) -> tuple[float, float]:
    return (f1_of(bounds[0]), f1_of(bounds[1])) if name.endswith("f1") else bounds


def _resampled_bounds(
    tallies: Tallies, ranking: Ranking, sums: np.ndarray, member: np.ndarray, drawn: Iterable[np.ndarray]
) -> dict[str, tuple[float, float]]:
    """Return the bounds of the metrics that are no rates: log loss, Brier score and the average precisions."""

    def found(blocks: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
        parts = []
        for weights in blocks:
            losses = tallies.metrics(weights @ sums)
            ranked = _joined([ranking.precisions(rows) for rows in spread(weights, member)])
            parts.append({**{name: losses[name] for name in ("log_loss", "brier")}, **ranked})
        return _joined(parts)

    draws = found(drawn)
    effective: dict[str, float] = dict.fromkeys(draws, float(len(sums)))
    if len(sums) < _MANY:
        effective = {name: effective_groups(value) for name, value in found([leave_out(len(sums))]).items()}
    return {name: percentile_bounds(value, effective[name]) for name, value in draws.items()}


def _joined(blocks: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
