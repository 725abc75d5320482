"""Thresholds of probabilities, and the F1 that they give."""

from typing import Literal

import numpy as np

GRID = np.round(np.arange(0.02, 0.985, 0.01), 2)
_SMOOTH = 5
_ERRORS = 2


def best_thresholds(
    y: np.ndarray, probabilities: np.ndarray, among: Literal["middle", "half_f1"] = "middle"
) -> np.ndarray:
    """Return each label's threshold of highest F1, shape (n_labels,).

    The highest F1 of a few rows is a lucky peak. So one is taken of all thresholds whose F1 isn't two standard errors
    below the best: those that the rows can't tell from it.

    Parameters
    ----------
    y, probabilities : ndarray of shape (n, n_labels)
        The true indicator matrix, of which a negative cell is one that nobody decided, and the probabilities.
    among : {"middle", "half_f1"}, default "middle"
        Which of these: the one in the middle, or the one that is nearest to half the best F1, where the best threshold
        of calibrated probabilities is (Lipton et al. 2014).

    Notes
    -----
    F1 over a grid of thresholds is averaged over five neighbours. Its standard error is taken as that of a share of the
    label's rows.

    References
    ----------
    Lipton, Z., Elkan, C. & Naryanaswamy, B. (2014). Optimal thresholding of classifiers to maximize F1
    measure. ECML PKDD.
    Breiman, L. et al. (1984). Classification and regression trees. Wadsworth. (choosing within standard errors)
    """
    chosen = []
    for column, probability in zip(y.T, probabilities.T, strict=True):
        decided = column >= 0
        truth, scores = column[decided].astype(bool), probability[decided]
        given = scores[:, None] >= GRID
        hits = (given & truth[:, None]).sum(axis=0)
        f1 = 2 * hits / np.maximum(given.sum(axis=0) + truth.sum(), 1)
        padded = np.pad(f1, _SMOOTH // 2, mode="edge")
        smooth = np.convolve(padded, np.ones(_SMOOTH) / _SMOOTH, mode="valid")
        best = min(smooth.max(), 1.0)
        error = np.sqrt(best * (1 - best) / max(truth.sum(), 1))
        near = np.flatnonzero(smooth >= best - _ERRORS * error - 1e-12)
        if among == "half_f1" and best > 0:  # a label without rows has every threshold open: not the lowest
            chosen.append(GRID[near[np.abs(GRID[near] - best / 2).argmin()]])
        else:
            chosen.append(GRID[near.mean().round().astype(int)])
    return np.asarray(chosen)


def macro_f1(y: np.ndarray, decided: np.ndarray) -> float:
    """Return the mean F1 of the labels that a row has, of a true and a predicted indicator matrix (n, n_labels).

    A negative cell of ``y`` is one that nobody decided, and counts for nothing; nan where no row has any label.
    """
    true, given = y > 0, decided.astype(bool) & (y >= 0)
    sought = true.sum(axis=0)
    f1 = 2 * (true & given).sum(axis=0) / np.maximum(sought + given.sum(axis=0), 1)
    return float(f1[sought > 0].mean()) if sought.any() else float("nan")
