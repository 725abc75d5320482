"""Differences between corrected shares, and how many labelled sentences bounds of a given width take."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from experiments.measures.prevalence import Corrected, share_bounds

_MOST = 1 << 40


@dataclass(frozen=True)
class Difference:
    """How much higher a share is than another.

    Attributes
    ----------
    value, low, high : float
        The difference and its 95% bounds.
    p : float
        Of the test that there is none, not adjusted for being one of several.
    """

    value: float
    low: float
    high: float
    p: float


def share_difference(first: Corrected, second: Corrected, label: int, freedom: float) -> Difference:
    """Return the share in ``first`` minus that in ``second``.

    Parameters
    ----------
    first, second : Corrected
        Of two parts of a corpus, with its articles in the same order.
    label : int
        Which label.
    freedom : float
        Student's degrees of freedom of the test.

    Notes
    -----
    Each bound's distance from its share stands for so many standard errors on that side, and these add up (MOVER);
    articles with sentences in both parts make the two correlated, which is taken off.

    References
    ----------
    Zou, G. Y. & Donner, A. (2008). Construction of confidence limits about effect measures: a general approach.
    Statistics in Medicine 27(10).
    """
    value = float(first.values[label] - second.values[label])
    one, other = first.influence[:, label], second.influence[:, label]
    both = float(np.sqrt((one @ one) * (other @ other)))
    likeness = float(one @ other) / both if both > 0 else 0.0
    (low, high), (low_2, high_2) = first.bounds[label], second.bounds[label]
    down, up = first.values[label] - low, high - first.values[label]
    down_2, up_2 = second.values[label] - low_2, high_2 - second.values[label]
    below = float(np.sqrt(max(down**2 + up_2**2 - 2 * likeness * down * up_2, 0)))
    above = float(np.sqrt(max(up**2 + down_2**2 - 2 * likeness * up * down_2, 0)))
    v, v_2 = float(first.variances[label]), float(second.variances[label])
    error = np.sqrt(max(v + v_2 - 2 * likeness * np.sqrt(v * v_2), 1e-12))
    p = float(2 * stats.t.sf(abs(value) / error, freedom))
    return Difference(value, max(value - below, -1.0), min(value + above, 1.0), p)


def labelled_needed(
    width: float, share: float, variance: float, sampling: float, labelled: int, freedom: int
) -> int | None:
    """Return how many labelled sentences, drawn as these were, make 95% bounds so wide; None if no number does.

    Parameters
    ----------
    width : float
        From the lower bound to the upper.
    share : float
        The share now.
    variance, sampling : float
        Of the share now, and the part of it that shrinks as the number of labelled sentences grows; what comes of the
        corpus's own articles stays.
    labelled : int
        How many there are now.
    freedom : int
        Student's degrees of freedom of the bounds now. More sentences of the same articles have no more.

    Examples
    --------
    >>> labelled_needed(0.05, 0.2, 0.0008, 0.0008, 200, 150), labelled_needed(0.02, 0.2, 0.0008, 0.0006, 200, 150)
    (998, None)
    """

    def wide(number: int) -> bool:
        low, high = share_bounds(share, variance - sampling + sampling * labelled / number, min(number - 1, freedom))
        return high - low > width

    few, enough = 1, 2
    while wide(enough):
        few, enough = enough, 2 * enough
        if enough > _MOST:
            return None
    while enough - few > 1:
        middle = (few + enough) // 2
        few, enough = (middle, enough) if wide(middle) else (few, middle)
    return enough
