"""Coefficients of agreement between annotators, as functions of row weights so that one code gives value and bounds."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from experiments.measures.resampling import Estimate, resample

LabelSet = frozenset[str]

_EMPTY: LabelSet = frozenset({"\0no label"})  # MASI divides by the union, so two empty sets need a name in common


def cohen_kappa(first: np.ndarray, second: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return Cohen's kappa of two annotators for each row of weights.

    Parameters
    ----------
    first, second : ndarray of shape (n,), int
        The category's number that each annotator gave to a row.
    weights : ndarray of shape (b, n), optional
        How often each row counts; once when left out.

    Returns
    -------
    ndarray of shape (b,)
        nan where it is undefined: no rows, or both annotators gave one and the same category throughout.

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20(1),
    37-46.

    Examples
    --------
    >>> cohen_kappa(np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])).round(3)
    array([0.5])
    """
    w = np.ones((1, len(first))) if weights is None else weights
    n_categories = int(max(first.max(initial=0), second.max(initial=0))) + 1
    one_hot = np.eye(n_categories)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = w.sum(axis=1)
        observed = w @ (first == second) / total
        expected = ((w @ one_hot[first]) * (w @ one_hot[second])).sum(axis=1) / total**2
        return np.where(expected < 1 - 1e-12, (observed - expected) / (1 - expected), np.nan)


def krippendorff_alpha(counts: np.ndarray, distances: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return Krippendorff's alpha for each row of weights.

    Parameters
    ----------
    counts : ndarray of shape (n, k) or (n, u, k)
        How many annotators gave each row, or each of u units of each row, each of k categories. Units with fewer than
        two annotations are passed over, so annotations may be missing and annotators may be any number.
    distances : ndarray of shape (k, k)
        Symmetric, 0 on the diagonal; ``1 - eye(k)`` for nominal categories.
    weights : ndarray of shape (b, n), optional
        How often each row counts; once when left out.

    Returns
    -------
    ndarray of shape (b,)
        nan where it is undefined because only one category occurs: data without variation say nothing of reliability.

    References
    ----------
    Krippendorff, K. (2004). Content analysis: an introduction to its methodology (2nd ed.), chapter 11. Sage.
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.

    Examples
    --------
    >>> krippendorff_alpha(np.array([[2, 0], [1, 1], [0, 2]]), 1 - np.eye(2)).round(3)
    array([0.444])
    """
    units = (counts if counts.ndim == 3 else counts[:, None, :]).astype(np.float64)
    sizes = units.sum(axis=2)
    units = units * (sizes >= 2)[:, :, None]
    within = np.einsum("nuc,ck,nuk->nu", units, distances, units, optimize=True) / np.maximum(sizes - 1, 1)
    w = np.ones((1, len(units))) if weights is None else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        n_c = w @ units.sum(axis=1)
        n = n_c.sum(axis=1)
        expected = np.einsum("bc,ck,bk->b", n_c, distances, n_c, optimize=True)
        return np.where(expected > 0, 1 - (n - 1) * (w @ within.sum(axis=1)) / expected, np.nan)


def nominal_distances(n_categories: int) -> np.ndarray:
    """Return the distances 0 between same and 1 between different categories."""
    return 1 - np.eye(n_categories)


def masi_distances(sets: Sequence[LabelSet]) -> np.ndarray:
    """Return the MASI distance between every two label sets, shape (k, k).

    Two sets without labels agree wholly; one without and one with labels differ wholly.

    References
    ----------
    Passonneau, R. (2006). Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation. LREC.
    """
    from nltk.metrics import masi_distance

    named = [labels or _EMPTY for labels in sets]
    distances = [[masi_distance(a, b) for b in named] for a in named]
    return np.array(distances, dtype=np.float64).reshape(len(sets), len(sets))


def masi_alpha(annotations: Iterable[tuple[str, int, LabelSet]]) -> float:
    """Return Krippendorff's alpha with MASI distance, by nltk.

    Parameters
    ----------
    annotations : iterable of (str, int, frozenset of str)
        Annotator, row and label set; what an annotator has not seen is left out.

    Returns
    -------
    float
        nan when no two annotations of one row exist or all are the same, where nltk would say 1.

    References
    ----------
    Artstein, R. & Poesio, M. (2008). Inter-coder agreement for computational linguistics. Computational Linguistics
    34(4), 555-596.
    """
    from nltk.metrics import masi_distance
    from nltk.metrics.agreement import AnnotationTask

    by_row: dict[int, list[tuple[str, int, LabelSet]]] = {}
    for annotator, row, labels in annotations:
        by_row.setdefault(row, []).append((annotator, row, labels or _EMPTY))
    pairable = [each for row in by_row.values() if len(row) > 1 for each in row]
    if len({labels for _, _, labels in pairable}) < 2:
        return float("nan")
    return float(AnnotationTask(pairable, distance=masi_distance).alpha())


Statistic = Callable[[np.ndarray], np.ndarray]
"""From weights of shape (b, n) to values of shape (b,)."""


def bounded(
    statistics: Mapping[str, Statistic], groups: Sequence[str], bootstrap: int, seed: int
) -> dict[str, Estimate]:
    """Return each statistic with 95% bounds of the cluster bootstrap (see `experiments.measures.metrics.measure`).

    Resamples in which a statistic is undefined are left out of its bounds.
    """
    values = {name: float(of(np.ones((1, len(groups))))[0]) for name, of in statistics.items()}
    draws: dict[str, list[np.ndarray]] = {name: [] for name in statistics}
    for weights in resample(groups, bootstrap, seed) if groups else ():
        for name, of in statistics.items():
            draws[name].append(of(weights))
    estimates = {}
    for name, value in values.items():
        drawn = np.concatenate(draws[name]) if draws[name] else np.empty(0)
        drawn = drawn[~np.isnan(drawn)]
        low, high = np.percentile(drawn, [2.5, 97.5]) if drawn.size else (float("nan"), float("nan"))
        estimates[name] = Estimate(value, float(low), float(high))
    return estimates
