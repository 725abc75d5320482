"""Means of rows that come in groups, with errors that don't take the rows of a group for independent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mean:
    """A mean over rows, its standard error over groups, and the numbers of rows and groups behind it."""

    value: float
    error: float
    rows: int
    groups: int


def clustered_mean(values: np.ndarray, groups: Sequence[str]) -> Mean:
    """Return the mean of values of shape (n,) and its standard error when whole groups were drawn.

    Parameters
    ----------
    values : ndarray of shape (n,)
        A number a row, n at least 1.
    groups : sequence of str
        The group of each row.

    Notes
    -----
    The mean is a ratio of two totals over groups, and its variance that of the groups' residual totals (with g groups,
    times g / (g - 1)). It is nan for a single group.

    References
    ----------
    Cochran, W. (1977). Sampling techniques, 3rd ed. Wiley. Section 9A.2. (ratio to size)
    Liang, K.-Y. & Zeger, S. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73,
    13-22.
    """
    numbers = np.asarray(values, dtype=np.float64)
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    mean, g = float(numbers.mean()), len(names)
    totals = np.bincount(member, weights=numbers - mean)
    error = float(np.sqrt(g / (g - 1) * (totals**2).sum()) / len(numbers)) if g > 1 else float("nan")
    return Mean(mean, error, len(numbers), g)
