"""What a repeated measurement says: the mean over repetitions, their spread, and bounds of the mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.measures.metrics import UNBOUNDED, Scorer
from experiments.measures.resampling import MIN_GROUPS, Estimate, resample


@dataclass(frozen=True)
class Spread:
    """One metric of s repetitions.

    Attributes
    ----------
    mean : Estimate
        The mean over the repetitions where it is defined, with its 95% bounds if there are any.
    sd : float
        The standard deviation over the repetitions (of a sample: divided by s - 1); nan with fewer than two.
    each : ndarray of shape (s,)
        The repetitions' values.
    """

    mean: Estimate
    sd: float
    each: np.ndarray


def spread(values: Sequence[float] | np.ndarray) -> Spread:
    """Return the mean and standard deviation of repetitions, without bounds; those that are nan are left out."""
    each = np.asarray(values, dtype=np.float64)
    defined = each[~np.isnan(each)]
    mean = float(defined.mean()) if defined.size else float("nan")
    sd = float(defined.std(ddof=1)) if defined.size > 1 else float("nan")
    return Spread(Estimate(mean), sd, each)


def measure_repeated(
    y: np.ndarray,
    probabilities: np.ndarray,
    decided: np.ndarray,
    labels: Sequence[str],
    groups: Sequence[str],
    multilabel: bool = True,
    bootstrap: int = 1000,
    seed: int = 0,
    average_over: Sequence[str] = (),
) -> dict[str, Spread]:
    """Measure s models that were trained alike on the same n test rows.

    Parameters
    ----------
    y : ndarray of shape (n, n_labels)
        The true indicator matrix; negative where nobody decided.
    probabilities, decided : ndarray of shape (s, n, n_labels)
        What each model predicts.
    labels, groups, multilabel, bootstrap, seed, average_over
        As in :func:`experiments.measures.metrics.measure`.

    Returns
    -------
    dict of str to Spread
        Named as :func:`experiments.measures.metrics.measure` names them.

    Notes
    -----
    Two things would be others another time: the test rows, and the luck of training. Models and groups of rows are
    crossed, every model having read every row, so a resample draws groups with replacement and, independently, models
    with replacement, and takes the mean of the metric over the models drawn, each measured on the rows drawn (the
    pigeonhole bootstrap). Bounds are the 2.5 and 97.5 percentiles. A model's part of the variance comes out too small
    by the factor (s - 1) / s, since so few are drawn from: with three models by a third, with ten by a tenth. There
    are no bounds with fewer than five groups, nor for ``ece`` and ``support``.

    References
    ----------
    Owen, A. B. (2007). The pigeonhole bootstrap. Annals of Applied Statistics 1(2), 386-411.
    Bouthillier, X. et al. (2021). Accounting for variance in machine learning benchmarks. MLSys.
    """
    models = len(probabilities)
    scorers = [
        Scorer(y, probabilities[model], decided[model], labels, multilabel, average_over) for model in range(models)
    ]
    whole = [scorer.scores(np.ones((1, len(y)))) for scorer in scorers]
    found = {name: spread([float(values[name][0]) for values in whole]) for name in whole[0]}
    if not bootstrap or len(set(groups)) < MIN_GROUPS:
        return found
    rng = np.random.default_rng([seed, models])
    draws: dict[str, list[np.ndarray]] = {name: [] for name in found}
    for weights in resample(groups, bootstrap, seed):
        drawn = rng.multinomial(models, np.full(models, 1 / models), size=len(weights)).astype(np.float64)
        scored = [scorer.scores(weights) for scorer in scorers]
        for name in found:
            values = np.stack([scores[name] for scores in scored], axis=1)
            counted = np.where(np.isnan(values), 0, drawn)
            with np.errstate(invalid="ignore"):  # nought by nought, where a resample lacks a label
                draws[name].append((np.nan_to_num(values) * counted).sum(axis=1) / counted.sum(axis=1))
    return {name: _bounded(name, value, np.concatenate(draws[name])) for name, value in found.items()}


def flat_spreads(spreads: dict[str, Spread], prefix: str) -> dict[str, float]:
    """Return means under flat names, with ``.sd``, and with ``.low`` and ``.high`` where there are bounds."""
    flat = {}
    for name, found in spreads.items():
        flat[f"{prefix}.{name}"] = found.mean.value
        if name.endswith("support"):
            continue
        if found.sd == found.sd:
            flat[f"{prefix}.{name}.sd"] = found.sd
        if found.mean.low == found.mean.low:
            flat[f"{prefix}.{name}.low"] = found.mean.low
            flat[f"{prefix}.{name}.high"] = found.mean.high
    return flat


def _bounded(name: str, found: Spread, draws: np.ndarray) -> Spread:
    defined = draws[~np.isnan(draws)]
    if not defined.size or name.rpartition(".")[2] in UNBOUNDED:
        return found
    low, high = np.percentile(defined, [2.5, 97.5])
    return Spread(Estimate(found.mean.value, float(low), float(high)), found.sd, found.each)
