"""Metrics of probabilities that hang on all rows at once: average precision and calibration error, of weighted rows."""

from collections.abc import Sequence

import numpy as np

from experiments.measures.tallies import mean_defined

BINS = 10
"""Equal-width bins of the calibration error."""


class Ranking:
    """n rows' truth and probabilities, to measure with any weights of the rows.

    Parameters
    ----------
    y, probabilities : ndarray of shape (n, n_labels)
        As :func:`experiments.measures.metrics.measure` takes them.
    labels : sequence of str
        The columns' names.
    """

    def __init__(self, y: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]) -> None:
        self.labels = list(labels)
        self.known = y >= 0
        self.y = np.where(self.known, y, 0).astype(np.float64)
        self.p = probabilities
        self.order = np.argsort(-probabilities, axis=0, kind="stable")

    def precisions(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return the average precisions for each of b rows of weights, shape (b, n), as arrays of shape (b,)."""
        found = np.stack([self._average_precision(weights, column) for column in range(len(self.labels))], axis=1)
        per_label = {f"{label}.average_precision": found[:, column] for column, label in enumerate(self.labels)}
        return {"macro_average_precision": mean_defined(found), **per_label}

    def calibration_errors(self) -> dict[str, float]:
        """Return the class-wise expected calibration error of the rows as they are, of each label and on average.

        References
        ----------
        Nixon, J. et al. (2019). Measuring calibration in deep learning. CVPR Workshops. (class-wise error)
        """
        found = np.asarray([self._calibration_error(column) for column in range(len(self.labels))])
        per_label = {f"{label}.ece": float(value) for label, value in zip(self.labels, found, strict=True)}
        return {"ece": float(mean_defined(found[None])[0]), **per_label}

    def _average_precision(self, weights: np.ndarray, label: int) -> np.ndarray:
        """Return the area under the precision-recall steps, as scikit-learn defines it, ties taken together."""
        order = self.order[:, label]
        order = order[self.known[order, label]]
        if not order.size:
            return np.full(len(weights), np.nan)
        scores = self.p[order, label]
        ends = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True])
        sorted_weights = weights[:, order]
        true = np.cumsum(sorted_weights * self.y[order, label], axis=1)[:, ends]
        found = np.cumsum(sorted_weights, axis=1)[:, ends]
        precision = np.where(found > 0, true / np.maximum(found, 1e-300), 0.0)
        steps = np.diff(np.concatenate([np.zeros((len(weights), 1)), true], axis=1), axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):  # nought by nought, where a resample lacks a label
            return np.asarray((precision * steps).sum(axis=1) / true[:, -1])

    def _calibration_error(self, label: int) -> float:
        """Return the mean distance of confidence and frequency over the bins, weighted by their rows."""
        known = self.known[:, label]
        if not known.any():
            return float("nan")
        scores = self.p[known, label]
        bins = np.minimum((scores * BINS).astype(int), BINS - 1)
        gaps = np.bincount(bins, scores - self.y[known, label], minlength=BINS)
        return float(np.abs(gaps).sum() / known.sum())
