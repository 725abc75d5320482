"""What a repeated measurement says: the mean over repetitions, their spread, and bounds of the mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.measures.paired import PairedScores
from experiments.measures.ranking import Ranking
from experiments.measures.resampling import Estimate


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
    Two things would be others another time: the test rows, and the luck of training. What other rows would change is
    the mean reach of the bounds that each model has by itself, as :func:`experiments.measures.metrics.measure` gives
    them; what other seeds would, Student's bounds of the mean over the models. Both are added as the errors of
    independent sources are, so that one model many times has the bounds of one. Two or three models say little of
    their luck, and the bounds are as wide as that. There are none with fewer than five groups, nor for ``ece`` and
    ``support``.

    References
    ----------
    Bouthillier, X. et al. (2021). Accounting for variance in machine learning benchmarks. MLSys.
    """
    models = range(len(probabilities))
    team = [(probabilities[model], decided[model]) for model in models]
    scores = PairedScores(y, [team], labels, groups, multilabel, average_over, max(bootstrap, 1), seed)
    found = {name: spread(scores.each(name, 0)) for name in scores.metrics}
    for name in [f"{label}.support" for label in labels]:
        found[name] = spread(scores.each(name, 0))
    errors = [Ranking(y, probabilities[model], labels).calibration_errors() for model in models]
    found |= {name: spread([each[name] for each in errors]) for name in errors[0]}
    if not bootstrap:
        return found
    return {
        name: Spread(scores.bounds(name, 0), value.sd, value.each) if name in scores.metrics else value
        for name, value in found.items()
    }


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
