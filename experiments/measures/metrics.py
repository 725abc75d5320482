"""How good predictions are, and how sure of that one can be."""

from collections.abc import Sequence

import numpy as np

from experiments.measures.resampling import MIN_GROUPS, Estimate, resample

BINS = 10
"""Equal-width bins of the calibration error."""

UNBOUNDED = ("ece", "support")  # a calibration error only grows when rows are drawn twice, so its percentiles miss it


Metrics = dict[str, Estimate]
"""Flat names, such as ``macro_f1`` and ``threat.precision``."""


def measure(
    y: np.ndarray,
    probabilities: np.ndarray,
    decided: np.ndarray,
    labels: Sequence[str],
    groups: Sequence[str],
    multilabel: bool = True,
    bootstrap: int = 1000,
    seed: int = 0,
    average_over: Sequence[str] = (),
) -> Metrics:
    """Measure predictions against the truth, with bounds.

    Parameters
    ----------
    y, decided : ndarray of shape (n, n_labels)
        The true and the predicted indicator matrix. A negative cell of ``y`` is one that nobody decided: it counts for
        nothing.
    probabilities : ndarray of shape (n, n_labels)
        Predicted probabilities.
    labels : sequence of str
        The columns' names.
    groups : sequence of str
        The group of each row. Groups are resampled, not rows: sentences of one article are not independent.
    multilabel : bool, default True
        Whether labels are independent; decides how log loss and Brier score are averaged.
    bootstrap : int, default 1000
        Resamples; 0 for none.
    seed : int, default 0
        Seed of the resamples.
    average_over : sequence of str, default ()
        Labels whose mean F1 is measured, too.

    Returns
    -------
    dict of str to Estimate
        Overall: ``macro_f1``, ``micro_f1``, ``exact_match`` (accuracy when each row has one label), ``log_loss``,
        ``brier``, ``ece``, ``macro_average_precision``, and ``average_f1`` when there are labels to average over. For
        each label: ``<label>.precision``, ``recall``, ``f1``, ``average_precision``, ``ece`` and ``support``.

    Notes
    -----
    Recall, F1 and average precision of a label that no row has are undefined (nan), and the macro averages are taken
    over the other labels; its precision is 0. Resamples that happen to miss a label are left out of its bounds. The log
    loss is the mean over labels of the binary one in a multilabel task. ``ece`` is the class-wise expected calibration
    error over ten bins of equal width.
    Where some cells are undecided, log loss and Brier score are means over the decided ones, and the exact match is
    that of the rows without any.
    Bounds are the 2.5 and 97.5 percentiles of the cluster bootstrap; with fewer than five groups there
    are none, nor for ``ece``, which resampling only makes larger, nor for ``support``.

    References
    ----------
    Efron, B. & Tibshirani, R. (1993). An introduction to the bootstrap. Chapman & Hall.
    Field, C. & Welsh, A. (2007). Bootstrapping clustered data. JRSS B 69(3), 369-390.
    Nixon, J. et al. (2019). Measuring calibration in deep learning. CVPR Workshops. (class-wise error)
    """
    scorer = Scorer(y, probabilities, decided, labels, multilabel, average_over)
    values = {name: float(value[0]) for name, value in scorer.scores(np.ones((1, len(y)))).items()}
    values["micro_f1"] = float(np.nan_to_num(values["micro_f1"]))  # as in scikit-learn where nothing is sought or found
    if not bootstrap or len(set(groups)) < MIN_GROUPS:
        return {name: Estimate(value) for name, value in values.items()}
    draws: dict[str, list[np.ndarray]] = {name: [] for name in values}
    for weights in resample(groups, bootstrap, seed):
        for name, drawn in scorer.scores(weights).items():
            draws[name].append(drawn)
    estimates = {}
    for name, value in values.items():
        every = np.concatenate(draws[name])
        defined = every[~np.isnan(every)]
        bounded = defined.size and name.rpartition(".")[2] not in UNBOUNDED
        low, high = np.percentile(defined, [2.5, 97.5]) if bounded else (float("nan"), float("nan"))
        estimates[name] = Estimate(value, float(low), float(high))
    return estimates


def flat_metrics(metrics: Metrics, prefix: str) -> dict[str, float]:
    """Return metrics under flat names, with their bounds where there are any."""
    flat = {}
    for name, estimate in metrics.items():
        flat[f"{prefix}.{name}"] = estimate.value
        if estimate.low == estimate.low and not name.endswith("support"):
            flat[f"{prefix}.{name}.low"] = estimate.low
            flat[f"{prefix}.{name}.high"] = estimate.high
    return flat


class Scorer:
    """Every metric as a function of row weights, so that one code gives the value and its bootstrap."""

    def __init__(
        self,
        y: np.ndarray,
        probabilities: np.ndarray,
        decided: np.ndarray,
        labels: Sequence[str],
        multilabel: bool,
        average_over: Sequence[str] = (),
    ) -> None:
        self.labels = list(labels)
        self.averaged = [self.labels.index(label) for label in average_over]
        self.known = y >= 0
        self.y = np.where(self.known, y, 0).astype(np.float64)
        self.p = probabilities
        self.decided = np.where(self.known, decided, 0).astype(np.float64)
        clipped = np.clip(probabilities, 1e-15, 1 - 1e-15)
        whole = self.known.all(axis=1).astype(np.float64)
        if multilabel:
            share = self.known.mean(axis=1)
            losses = -(self.y * np.log(clipped) + (1 - self.y) * np.log(1 - clipped))
            losses = np.where(self.known, losses, 0).mean(axis=1)
            brier = np.where(self.known, (probabilities - self.y) ** 2, 0).mean(axis=1)
        else:
            share = whole
            losses = -(self.y * np.log(clipped)).sum(axis=1)
            brier = ((probabilities - self.y) ** 2).sum(axis=1)
        exact = (y == decided).all(axis=1).astype(np.float64)
        # each row's score, and what of the row it speaks for
        self.row_scores = {"exact_match": (exact, whole), "log_loss": (losses, share), "brier": (brier, share)}
        self.absent = self.y.sum(axis=0) == 0
        self.order = np.argsort(-probabilities, axis=0, kind="stable")

    def scores(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return every metric for each row of weights (b, n), as arrays of shape (b,)."""
        with np.errstate(invalid="ignore"):  # nought by nought, where a resample lacks a label
            hits = weights @ (self.y * self.decided)
            given = weights @ self.decided
            support = weights @ self.y
            f1 = np.where(given + support > 0, 2 * hits / (given + support), np.nan)
            f1[:, self.absent] = np.nan
            precision = np.where(given > 0, hits / given, 0.0)
            recall = np.where(support > 0, hits / support, np.nan)
            ap = np.stack([self._average_precision(weights, label) for label in range(len(self.labels))], axis=1)
            ece = np.stack([self._calibration_error(weights, label) for label in range(len(self.labels))], axis=1)
            overall = {
                "macro_f1": _mean(f1),
                "micro_f1": 2 * hits.sum(axis=1) / (given + support).sum(axis=1),
                **{name: (weights @ score) / (weights @ share) for name, (score, share) in self.row_scores.items()},
                "ece": _mean(ece),
                "macro_average_precision": _mean(ap),
            }
            if self.averaged:
                overall["average_f1"] = _mean(f1[:, self.averaged])
        per_label = {
            f"{label}.{name}": values[:, column]
            for column, label in enumerate(self.labels)
            for name, values in (
                ("precision", precision),
                ("recall", recall),
                ("f1", f1),
                ("average_precision", ap),
                ("ece", ece),
                ("support", support),
            )
        }
        return {**overall, **per_label}

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
        precision = np.where(found > 0, true / found, 0.0)
        steps = np.diff(np.concatenate([np.zeros((len(weights), 1)), true], axis=1), axis=1)
        return np.asarray((precision * steps).sum(axis=1) / true[:, -1])

    def _calibration_error(self, weights: np.ndarray, label: int) -> np.ndarray:
        """Return the mean distance of confidence and frequency over the bins, weighted by their rows."""
        bins = np.minimum((self.p[:, label] * BINS).astype(int), BINS - 1)
        gap = np.zeros((len(weights), BINS))
        for number in range(BINS):
            rows = (bins == number) & self.known[:, label]
            gap[:, number] = weights[:, rows] @ (self.p[rows, label] - self.y[rows, label])
        return np.asarray(np.abs(gap).sum(axis=1) / (weights @ self.known[:, label].astype(np.float64)))


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the labels that are defined, shape (b,); nan where none is."""
    defined = ~np.isnan(values)
    return np.asarray(np.where(defined, values, 0).sum(axis=1) / defined.sum(axis=1))
