"""By how much one system is better than another, on the same test rows and the same resamples of them."""

from collections.abc import Sequence

import numpy as np

from experiments.measures.resampling import MIN_GROUPS, Estimate, resample


def macro_f1_difference(
    y: np.ndarray, first: np.ndarray, second: np.ndarray, groups: Sequence[str], bootstrap: int, seed: int
) -> Estimate:
    """Return the macro-F1 of ``second`` minus that of ``first``, with 95% bounds of the paired bootstrap.

    Parameters
    ----------
    y, first, second : ndarray of shape (n, n_labels)
        The true indicator matrix, of which a negative cell is one that nobody decided, and those of the two systems.
    groups : sequence of str
        The group of each row; whole groups are drawn.
    bootstrap, seed : int
        Resamples and their seed: with those of :func:`experiments.measures.metrics.measure`, the resamples are its own.

    Notes
    -----
    The bounds of two systems may overlap although one is surely better, as both depend on which rows were drawn; in
    the difference on the same draw that cancels out.

    References
    ----------
    Koehn, P. (2004). Statistical significance tests for machine translation evaluation. EMNLP. (paired bootstrap)
    """
    value = float((macro_f1(y, second, np.ones((1, len(y)))) - macro_f1(y, first, np.ones((1, len(y)))))[0])
    if not bootstrap or len(set(groups)) < MIN_GROUPS:
        return Estimate(value)
    drawn = np.concatenate(
        [macro_f1(y, second, weights) - macro_f1(y, first, weights) for weights in resample(groups, bootstrap, seed)]
    )
    drawn = drawn[~np.isnan(drawn)]
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn.size else (float("nan"), float("nan"))
    return Estimate(value, float(low), float(high))


def macro_f1(y: np.ndarray, decided: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return macro-F1 for each of b rows of weights of shape (b, n), shape (b,): as ``measure`` has it.

    A label that is neither given nor true in a resample is left out of its mean, one that no row has of all.
    """
    known = y >= 0
    true, given = (y > 0).astype(np.float64), (known & (decided > 0)).astype(np.float64)
    hits, marked = weights @ (true * given), weights @ (true + given)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = np.where(marked > 0, 2 * hits / marked, np.nan)
        f1[:, true.sum(axis=0) == 0] = np.nan
        defined = ~np.isnan(f1)
        return np.asarray(np.where(defined, f1, 0).sum(axis=1) / defined.sum(axis=1))
