"""Bounds of a share that was counted in groups."""

import numpy as np
from scipy import stats

from experiments.measures.resampling import MIN_GROUPS


def proportion_bounds(hits: np.ndarray, trials: np.ndarray) -> tuple[float, float]:
    """Return 95% bounds of a share whose cases come in groups, also where it is 0 or 1.

    Parameters
    ----------
    hits, trials : ndarray of shape (n_groups,)
        In each group the cases that count and all cases; groups without cases are left out.

    Returns
    -------
    tuple of float
        Low and high; nan with fewer than five groups.

    Notes
    -----
    Wilson's interval, with the number of cases divided by the design effect (how much more the share varies between
    groups than it would between cases that have nothing to do with each other, at least 1) and with the quantile of
    Student's t for the number of groups. A bootstrap would give [0, 0] for a share of 0; the design effect can't be
    told from such groups either. It is estimated as if there were two groups more, one with hits only and one with
    none, so that a share of 0 in 20 groups of 5 is bounded as one of 20 cases and not as one of 100.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.
    Korn, E. L. & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24(2), 193-201. (effective number of cases, Student's t)
    Agresti, A. & Coull, B. A. (1998). Approximate is better than "exact" for interval estimation of binomial
    proportions. The American Statistician 52(2), 119-126. (added successes and failures)

    Examples
    --------
    >>> low, high = proportion_bounds(np.zeros(20), np.full(20, 5))
    >>> round(low, 3), round(high, 3)
    (0.0, 0.184)
    """
    hits, trials = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    hits, trials = hits[trials > 0], trials[trials > 0]
    groups = len(trials)
    if groups < MIN_GROUPS:
        return float("nan"), float("nan")
    n = trials.sum() / _design_effect(hits, trials)
    share = hits.sum() / trials.sum()
    z = float(stats.t.ppf(0.975, groups - 1))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def _design_effect(hits: np.ndarray, trials: np.ndarray) -> float:
    """Return the variance of the share between groups over that of as many single cases, at least 1."""
    size = trials.mean()
    hits, trials = np.append(hits, [size, 0.0]), np.append(trials, [size, size])
    n, groups = trials.sum(), len(trials)
    share = hits.sum() / n
    between = groups / (groups - 1) * np.square(hits - share * trials).sum() / n**2
    return float(max(1.0, between / (share * (1 - share) / n)))
