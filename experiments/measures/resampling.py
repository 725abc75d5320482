"""Values with bounds, and the resamples of whole groups that give them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

MIN_GROUPS = 5
"""With fewer groups than this there are no bounds: resampling them would give intervals far too narrow."""

_CELLS = 20_000_000  # most weights held in memory at a time: 160 MB
_MANY = 200  # groups from which on it makes no difference how unequal they are


@dataclass(frozen=True)
class Estimate:
    """A measured value with its 95% bounds (nan when there was no bootstrap, or too few groups for one)."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


def members(groups: Sequence[str]) -> tuple[int, np.ndarray]:
    """Return how many groups there are, and the number of each row's, shape (n,)."""
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    return len(names), member


def draw_groups(count: int, times: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each group is drawn in each resample, shape (b, count), float64; b sums to ``times``.

    Blocks of b resamples come one after another, so that memory stays bounded whatever their number.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _CELLS // max(count, 1))
    for start in range(0, times, block):
        size = min(block, times - start)
        yield rng.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)


def resample(groups: Sequence[str], times: int, seed: int) -> Iterator[np.ndarray]:
    """Yield weights of shape (b, n): how often each row is drawn when whole groups are drawn with replacement.

    Blocks of b resamples come one after another, so that memory stays bounded; b sums to ``times``. The draws are those
    of :func:`draw_groups`.
    """
    count, member = members(groups)
    for drawn in draw_groups(count, times, seed):
        yield from spread(drawn, member)


def exchange_groups(count: int, times: int, seed: int) -> Iterator[np.ndarray]:
    """Yield which groups are kept (1) or exchanged (0) at random, shape (b, count), float64; b sums to ``times``."""
    rng = np.random.default_rng([seed, 1])
    block = max(1, _CELLS // max(count, 1))
    for start in range(0, times, block):
        yield rng.integers(0, 2, size=(min(block, times - start), count)).astype(np.float64)


def spread(weights: np.ndarray, member: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the weights of groups, shape (times, n_groups), as weights of rows, in blocks that memory can hold."""
    block = max(1, _CELLS // max(len(member), 1))
    for start in range(0, len(weights), block):
        yield weights[start : start + block][:, member]


def group_sums(values: np.ndarray, count: int, member: np.ndarray) -> np.ndarray:
    """Return the sums over each group's rows, shape (count, k), of values of shape (n, k)."""
    return np.stack([np.bincount(member, column, minlength=count) for column in values.T], axis=1)


def leave_out(count: int) -> np.ndarray:
    """Return weights in which each group is left out once, shape (count, count)."""
    return np.ones((count, count)) - np.eye(count)


def effective_groups(left_out: np.ndarray) -> float:
    """Return for how many groups of equal weight the given ones stand, from a value as each is left out, shape (k,).

    Student's degrees of freedom, plus one, after Satterthwaite: few when the value hangs on a few groups, such as those
    that have a rare label. With 200 groups or more it is their number.

    References
    ----------
    Satterthwaite, F. E. (1946). An approximate distribution of estimates of variance components. Biometrics Bulletin 2.
    """
    count = len(left_out)
    influence = left_out - np.nanmean(left_out) if np.isfinite(left_out).any() else np.zeros(count)
    square = float(np.nansum(influence**2))
    if count >= _MANY or square == 0:
        return float(count)
    fourth = float(np.nansum(influence**4))
    freedom = 2 * square**2 / max(fourth - square**2 / count, fourth * 1e-9)
    return float(np.clip(freedom + 1, 2.5, count))


def percentile_bounds(draws: np.ndarray, effective: float) -> tuple[float, float]:
    """Return 95% bounds from the values of resamples, with wider percentiles where the groups are few.

    The plain 2.5 and 97.5 percentiles are too narrow then, as the normal is against Student's t. nan without any draw.

    References
    ----------
    Efron, B. & Tibshirani, R. (1993). An introduction to the bootstrap. Chapman & Hall.
    Field, C. & Welsh, A. (2007). Bootstrapping clustered data. JRSS B 69(3), 369-390.
    Hesterberg, T. (2015). What teachers should know about the bootstrap. The American Statistician 69(4). (expanded
    percentiles)
    """
    defined = draws[~np.isnan(draws)]
    if not defined.size:
        return float("nan"), float("nan")
    reach = np.sqrt(effective / (effective - 1)) * stats.t.ppf(0.975, effective - 1)
    tail = float(stats.norm.cdf(-reach))
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
