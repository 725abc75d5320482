"""Bounds of rates among rows that come in groups, and of means of such rates, that hold when there are few of them."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

FEWEST = 3
"""With fewer groups that have anything to count there are no bounds: they would reach from 0 to 1."""

_TAIL = 0.975
_LIKE = 0.1  # correlation within a group that is assumed where all rows agree and none can be seen


def proportion_bounds(hits: np.ndarray, trials: np.ndarray, caution: float = 1.0) -> tuple[float, float]:
    """Return 95% bounds of a rate: Wilson's, at the number of rows that is left when likeness in groups is taken off.

    Parameters
    ----------
    hits, trials : ndarray of shape (n_groups,)
        How often what is counted happened in each group, and how often it could have. Groups without trials don't
        count.
    caution : float, default 1.0
        How far a small number of groups, from which the likeness within them is known roughly only, takes rows off: by
        (z / t) to this power, with Student's t for one degree of freedom fewer than groups. Korn and Graubard take 2.

    Returns
    -------
    tuple of float
        Lower and upper bound, within 0 and 1; nan with fewer than three groups that have trials.

    Notes
    -----
    The effective number of rows is n / deff: deff, the design effect, is the variance of the rate as groups are drawn
    over that of independent rows, at least 1. Where all rows agree no variance is seen; a correlation within groups of
    0.1 is assumed then. Also at rates near 0 and 1 these bounds hold the true rate about as often as they say, where
    percentiles of a bootstrap have no width: ``python -m tests.coverage`` measures it (docs/benchmarks.md).

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.
    Korn, E. L. & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24(2).
    Dean, N. & Pagano, M. (2015). Evaluating confidence interval methods for binomial proportions in clustered surveys.
    Journal of Survey Statistics and Methodology 3(4).
    """
    counted = trials > 0
    if counted.sum() < FEWEST:
        return float("nan"), float("nan")
    return _wilson(hits[counted], trials[counted], caution)


def mean_bounds(
    values: Sequence[float], bounds: Sequence[tuple[float, float]], influence: np.ndarray
) -> tuple[float, float]:
    """Return 95% bounds of the mean of several estimates, from the bounds of each.

    Each bound's distance from its value stands for so many standard errors on that side, and these add up as the
    estimates are correlated (MOVER, the method of variance estimates recovery).

    Parameters
    ----------
    values : sequence of float
        k estimates.
    bounds : sequence of (float, float)
        The bounds of each; nan where nothing is known, which counts as 0 and 1.
    influence : ndarray of shape (n_groups, k)
        What each group adds to each estimate, from which the correlations are had.

    References
    ----------
    Zou, G. Y. & Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
    Statistics in Medicine 27(10).
    """
    value = np.asarray(values)
    low, high = (np.where(np.isnan(side), edge, side) for side, edge in zip(np.transpose(bounds), (0, 1), strict=True))
    covariance = influence.T @ influence
    scale = np.sqrt(np.diag(covariance))
    scale = np.where(scale > 0, scale, np.inf)  # what doesn't vary is correlated with nothing
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    down, up = value - low, high - value
    mean = value.mean()
    reach = [float(np.sqrt(max(side @ correlation @ side, 0.0))) / len(value) for side in (down, up)]
    return max(float(mean - reach[0]), 0.0), min(float(mean + reach[1]), 1.0)


def rough_bounds(hits: np.ndarray, trials: np.ndarray) -> tuple[float, float]:
    """Return the bounds of a rate that is a part of a mean: with all of Korn and Graubard's caution, from two groups.

    A mean has less slack than a single rate, whose bounds would be too narrow for it.
    """
    counted = trials > 0
    if counted.sum() < 2:
        return float("nan"), float("nan")
    return _wilson(hits[counted], trials[counted], 2.0)


def _wilson(hits: np.ndarray, trials: np.ndarray, caution: float) -> tuple[float, float]:
    groups, n = len(trials), float(trials.sum())
    rate = float(hits.sum()) / n
    independent = rate * (1 - rate) / n
    if independent > 0:
        spread = groups / (groups - 1) * float(((hits - rate * trials) ** 2).sum()) / n**2
        effect = spread / independent
    else:
        effect = 1 + _LIKE * (float((trials**2).sum()) / n - 1)
    z = float(stats.norm.ppf(_TAIL))
    rows = n / max(effect, 1.0) * (z / float(stats.t.ppf(_TAIL, groups - 1))) ** caution
    middle = (rate + z * z / (2 * rows)) / (1 + z * z / rows)
    width = z / (1 + z * z / rows) * np.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows))
    # exactly the edge where the rate is on it, which rounding would miss
    return (max(float(middle - width), 0.0) if rate > 0 else 0.0), (
        min(float(middle + width), 1.0) if rate < 1 else 1.0
    )
