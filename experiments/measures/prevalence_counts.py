"""Counts of a classifier's answers that are corrected for its errors: the adjusted count and EMQ."""

from collections.abc import Iterator

import numpy as np
from scipy.special import log_softmax, softmax

from experiments.measures.prevalence import (
    Corpus,
    Design,
    by_article,
    nearest_shares,
    sampling_covariance,
    share_bounds,
)

PARTS = 20
"""Parts of the articles that are left out in turn for the bounds of EMQ."""

_WORST = 100.0  # condition of the matrix of errors from which on it tells nothing
_FINE, _COARSE = 3, 2  # digits to which probabilities are taken, of two classes and of more
_STEPS, _STILL = 2000, 1e-6
_RIDGE, _NEWTON = 1e-3, 50
_TINY = 1e-6


def adjusted_count(y: np.ndarray, decided: np.ndarray, design: Design, corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of k classes that would make a classifier with these errors answer as it did, and 95% bounds.

    Parameters
    ----------
    y, decided : ndarray of shape (n, k)
        Which class each sentence of the sample is, and which the classifier gives: 1 in one column of each row. A label
        that is there or not is two classes.
    design : Design
        How the sample was drawn.
    corpus : Corpus
        How often each class was given in the corpus.

    Returns
    -------
    shares : ndarray of shape (k,)
        They add up to 1. nan if a class is missing in the sample, or the classifier tells some no better than chance.
    bounds : ndarray of shape (k, 2)
        By the delta method, articles drawn whole.

    Notes
    -----
    With M[a, b] the rate at which class b is given as a, the share is M^-1 times the counts; of two classes that is
    (count - fpr) / (tpr - fpr). What falls outside of 0 and 1 is moved to the nearest shares that don't. It is right
    if the errors are the same in the corpus (or the part of it that is counted) as in the sample.

    References
    ----------
    Gart, J. J. & Buck, A. A. (1966). Comparison of a screening test and a reference test in epidemiologic studies. II.
    American Journal of Epidemiology 83.
    Forman, G. (2008). Quantifying counts and costs via classification. Data Mining and Knowledge Discovery 17.
    Duchi, J., Shalev-Shwartz, S., Singer, Y. & Chandra, T. (2008). Efficient projections onto the l1-ball for learning
    in high dimensions. ICML. (the nearest shares)
    """
    k = y.shape[1]
    nothing = np.full(k, np.nan), np.full((k, 2), np.nan)
    weights = design.weights / design.weights.sum()
    classes = weights @ y
    if (classes <= 0).any():
        return nothing
    rates = (decided * weights[:, None]).T @ y / classes
    if np.linalg.cond(rates) > _WORST or (k == 2 and rates[1, 1] <= rates[1, 0]):
        return nothing
    inverse = np.linalg.inv(rates)
    raw = inverse @ corpus.means
    # how far each sentence of the sample, and each article of the corpus, moves the shares
    moved = -(weights[:, None] * (y * (raw / classes)).sum(axis=1, keepdims=True)) * (decided - y @ rates.T) @ inverse.T
    whole = (corpus.sums - corpus.means * corpus.sentences[:, None]) / corpus.sentences.sum() @ inverse.T
    summed = by_article(moved, design.articles, len(whole)) + whole
    few = len(np.unique(design.articles))
    sampled = np.diag(sampling_covariance(moved, design.strata))
    between = few / max(few - 1, 1) * (np.diag(summed.T @ summed) - (moved**2).sum(axis=0))
    variances = sampled + np.maximum(between, 0) + (weights**2).sum() ** 2 * np.square(inverse).max()
    shares = nearest_shares(raw)
    freedom = max(few - len(np.unique(design.strata)), 1)
    return shares, np.asarray([share_bounds(*each, freedom) for each in zip(shares, variances, strict=True)])


class Emq:
    """Shares of k classes by expectation maximisation on a classifier's probabilities (EMQ, or SLD).

    Parameters
    ----------
    y : ndarray of shape (n, k)
        Which class each sentence of the sample is: 1 in one column of each row.
    probabilities : ndarray of shape (n, k)
        What the classifier gives each class.
    weights : ndarray of shape (n,)
        For how many sentences each stands.
    parts : ndarray of shape (n,), int
        Which of `PARTS` parts of the articles each is in.

    Notes
    -----
    The method wants probabilities that are calibrated where the classes' shares are known. These are the sample: a
    temperature and a bias a class are fitted to it first (Alexandari et al. 2020). Where the shares then move between
    the sample as a whole and a part of the corpus, EMQ follows, if the texts of each class are the same in both.

    References
    ----------
    Saerens, M., Latinne, P. & Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a priori
    probabilities: a simple procedure. Neural Computation 14(1).
    Alexandari, A., Kundaje, A. & Shrikumar, A. (2020). Maximum likelihood with bias-corrected calibration is
    hard-to-beat at label shift adaptation. ICML.
    """

    def __init__(self, y: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, parts: np.ndarray) -> None:
        self.known = bool((weights @ y > 0).all())
        self._freedom = max(len(np.unique(parts)) - 1, 1)  # parts without a labelled sentence move next to nothing
        self._fits: list[tuple[int, np.ndarray, np.ndarray | None]] = []
        for left_out in self._left_out() if self.known else ():
            kept = parts != left_out
            prior = weights[kept] @ y[kept] / max(weights[kept].sum(), _TINY)
            start = self._fits[0][2] if self._fits else None
            fit = _calibration(_logs(probabilities[kept]), y[kept], weights[kept], start) if (prior > 0).all() else None
            self._fits.append((left_out, prior, fit))

    @staticmethod
    def _left_out() -> Iterator[int]:
        """Yield -1 for none, and each part."""
        yield from range(-1, PARTS)

    def shares(self, probabilities: np.ndarray, parts: np.ndarray, bounds: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the shares, shape (k,), in a corpus or a part of it, and 95% bounds (k, 2).

        Parameters
        ----------
        probabilities : ndarray of shape (n_all, k)
            Of all its sentences.
        parts : ndarray of shape (n_all,), int
            Which part each one's article is in.
        bounds : bool
            Whether to leave out part after part for the bounds (jackknife); nan otherwise, and if the sample without a
            part lacks a class.
        """
        k = probabilities.shape[1]
        if not self.known:
            return np.full(k, np.nan), np.full((k, 2), np.nan)
        found: list[np.ndarray] = []
        values, counts = _counted(probabilities, parts)
        for left_out, prior, fit in self._fits if bounds else self._fits[:1]:
            number = counts.sum(axis=0) - (counts[left_out] if left_out >= 0 else 0)
            if fit is None or not number.sum():
                return found[0], np.full((k, 2), np.nan)
            calibrated = softmax(fit[0] * _logs(values) + fit[1:], axis=1)
            found.append(_maximised(calibrated, number, prior, found[0] if found else prior))
        if not bounds:
            return found[0], np.full((k, 2), np.nan)
        moved = np.asarray(found[1:])
        variances = (PARTS - 1) / PARTS * ((moved - moved.mean(axis=0)) ** 2).sum(axis=0) + _TINY
        each = [share_bounds(*pair, self._freedom) for pair in zip(found[0], variances, strict=True)]
        return found[0], np.asarray(each)


def _logs(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.clip(probabilities, 1e-4, 1)))


def _calibration(logs: np.ndarray, y: np.ndarray, weights: np.ndarray, begin: np.ndarray | None) -> np.ndarray:
    """Return a temperature's inverse and a bias a class, which make the probabilities fit the labels best.

    By Newton's method, with a small penalty that keeps them finite where the classes don't overlap.
    """
    n, k = logs.shape
    scaled = weights / weights.sum()
    start = np.concatenate([[1.0], np.zeros(k)])
    spread = np.concatenate([logs[:, :, None], np.broadcast_to(np.eye(k), (n, k, k))], axis=2)
    flat = spread.reshape(n * k, k + 1)

    def loss(values: np.ndarray) -> float:
        fit = log_softmax(values[0] * logs + values[1:], axis=1)
        return -float(scaled @ (fit * y).sum(axis=1)) + _RIDGE * float((values - start) @ (values - start))

    values = start if begin is None else begin
    for _ in range(_NEWTON):
        q = softmax(values[0] * logs + values[1:], axis=1)
        slope = (scaled[:, None] * (q - y)).ravel() @ flat + 2 * _RIDGE * (values - start)
        root = flat * np.sqrt(scaled[:, None] * q).reshape(-1, 1)
        mean = (q[:, :, None] * spread).sum(axis=1) * np.sqrt(scaled)[:, None]
        curve = root.T @ root - mean.T @ mean + 2 * _RIDGE * np.eye(k + 1)
        step = np.linalg.solve(curve, slope)
        size, before = 1.0, loss(values)
        while size > _TINY and loss(values - size * step) > before:
            size /= 2
        values = values - size * step
        if np.abs(size * step).max() < _TINY:
            break
    return np.asarray(values)


def _counted(probabilities: np.ndarray, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different probabilities, shape (v, k), and how many sentences of each part have them, (PARTS, v)."""
    digits = _FINE if probabilities.shape[1] == 2 else _COARSE
    values, number = np.unique(np.round(probabilities, digits), axis=0, return_inverse=True)
    number = number.reshape(-1)
    counts = np.bincount(parts * len(values) + number, minlength=PARTS * len(values)).reshape(PARTS, len(values))
    return values, counts


def _maximised(probabilities: np.ndarray, counts: np.ndarray, prior: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the most likely shares, by steps of expectation and maximisation from those given."""
    shares = np.maximum(shares, _TINY)
    total = counts.sum()
    for _ in range(_STEPS):
        moved = probabilities * (shares / prior)
        new = counts @ (moved / moved.sum(axis=1, keepdims=True)) / total
        if np.abs(new - shares).max() < _STILL:
            return np.asarray(new)
        shares = new
    return np.asarray(shares)
