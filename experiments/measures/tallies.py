"""What of every row goes into the metrics by addition, and the metrics as functions of such sums."""

from collections.abc import Sequence

import numpy as np


class Tallies:
    """n rows' contributions to the metrics that are functions of sums: one code for value, resamples and tests.

    Parameters
    ----------
    y, probabilities, decided : ndarray of shape (n, n_labels)
        As :func:`experiments.measures.metrics.measure` takes them.
    labels : sequence of str
        The columns' names.
    multilabel : bool
        Whether labels are independent; decides how log loss and Brier score are averaged.
    average_over : sequence of str, default ()
        Labels whose mean F1 is measured, too.

    Attributes
    ----------
    rows : ndarray of shape (n, 3 * n_labels + 5), float64
        Each row's contributions: for each label whether it was rightly given, given, and true; then whether the row is
        right altogether and whether that can be told; its log loss, its Brier score, and what of it these speak for.
    """

    def __init__(
        self,
        y: np.ndarray,
        probabilities: np.ndarray,
        decided: np.ndarray,
        labels: Sequence[str],
        multilabel: bool = True,
        average_over: Sequence[str] = (),
    ) -> None:
        self.labels = list(labels)
        self.averaged = [self.labels.index(label) for label in average_over]
        known = y >= 0
        truth = np.where(known, y, 0).astype(np.float64)
        given = np.where(known, decided, 0).astype(np.float64)
        self.present = truth.sum(axis=0) > 0
        clipped = np.clip(probabilities, 1e-15, 1 - 1e-15)
        whole = known.all(axis=1).astype(np.float64)
        if multilabel:
            share = known.mean(axis=1)
            losses = -(truth * np.log(clipped) + (1 - truth) * np.log(1 - clipped))
            losses = np.where(known, losses, 0).mean(axis=1)
            brier = np.where(known, (probabilities - truth) ** 2, 0).mean(axis=1)
        else:
            share = whole
            losses = -(truth * np.log(clipped)).sum(axis=1)
            brier = ((probabilities - truth) ** 2).sum(axis=1)
        exact = (y == decided).all(axis=1).astype(np.float64)
        self.rows = np.hstack([truth * given, given, truth, np.stack([exact, whole, losses, brier, share], axis=1)])

    def metrics(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Return the metrics of b sums over rows, shape (b, 3 * n_labels + 5), as arrays of shape (b,).

        What is undefined, such as the recall of a label that no row of a sum has, is nan, and left out of the means.
        """
        hits, given, support, rest = self._split(sums)
        with np.errstate(invalid="ignore", divide="ignore"):
            f1 = np.where(given + support > 0, 2 * hits / (given + support), np.nan)
            f1[:, ~self.present] = np.nan
            precision = np.where(given > 0, hits / given, 0.0)
            recall = np.where(support > 0, hits / support, np.nan)
            found = {
                "macro_f1": mean_defined(f1),
                "micro_f1": 2 * hits.sum(axis=1) / (given + support).sum(axis=1),
                "macro_precision": mean_defined(np.where(self.present, precision, np.nan)),
                "macro_recall": mean_defined(np.where(self.present, recall, np.nan)),
                "micro_precision": hits.sum(axis=1) / given.sum(axis=1),
                "micro_recall": hits.sum(axis=1) / support.sum(axis=1),
                "exact_match": rest[:, 0] / rest[:, 1],
                "log_loss": rest[:, 2] / rest[:, 4],
                "brier": rest[:, 3] / rest[:, 4],
            }
            if self.averaged:
                found["average_f1"] = mean_defined(f1[:, self.averaged])
        for column, label in enumerate(self.labels):
            found[f"{label}.precision"] = precision[:, column]
            found[f"{label}.recall"] = recall[:, column]
            found[f"{label}.f1"] = f1[:, column]
            found[f"{label}.support"] = support[:, column]
        return found

    def counts(self, sums: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Return what is hit and what is tried, of each group, of the metrics that are rates of such counts.

        ``sums`` has a row a group. F1 is no rate, but hits / (hits + wrongly given + missed) is, and F1 grows with it:
        it stands here under F1's name, for :func:`f1_of`.
        """
        hits, given, support, rest = self._split(sums)
        marked = given + support - hits
        found = {
            "micro_f1": (hits.sum(axis=1), marked.sum(axis=1)),
            "micro_precision": (hits.sum(axis=1), given.sum(axis=1)),
            "micro_recall": (hits.sum(axis=1), support.sum(axis=1)),
            "exact_match": (rest[:, 0] * (rest[:, 1] > 0), rest[:, 1]),
        }
        for column, label in enumerate(self.labels):
            for name, trials in (("precision", given), ("recall", support), ("f1", marked)):
                found[f"{label}.{name}"] = (hits[:, column], trials[:, column])
        return found

    def means(self) -> dict[str, list[str]]:
        """Return of which labels' rates the averaged metrics are the mean."""
        present = [label for label, there in zip(self.labels, self.present, strict=True) if there]
        found = {f"macro_{name}": [f"{label}.{name}" for label in present] for name in ("f1", "precision", "recall")}
        if self.averaged:
            averaged = [self.labels[column] for column in self.averaged if self.present[column]]
            found["average_f1"] = [f"{label}.f1" for label in averaged]
        return found

    def _split(self, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        n = len(self.labels)
        return sums[:, :n], sums[:, n : 2 * n], sums[:, 2 * n : 3 * n], sums[:, 3 * n :]


def f1_of(rate: float) -> float:
    """Return F1 from hits / (hits + wrongly given + missed), the Jaccard index."""
    return 2 * rate / (1 + rate)


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean over the columns that are defined, shape (b,); nan where none is."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(defined, values, 0).sum(axis=1) / defined.sum(axis=1))
