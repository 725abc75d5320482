"""Are thresholds and probabilities what they seem: a threshold that ran into the edge, and overconfidence."""

import numpy as np
from scipy.stats import t as student_t

from experiments.evaluation.checks.finding import Check, Subject
from experiments.measures.clustered import clustered_mean
from experiments.measures.operating_points import GRID
from experiments.measures.resampling import MIN_GROUPS

EDGE = 2
"""Steps of the grid from its end that still count as its edge: within them the smoothing of F1 is padded."""

GAP = 0.05
"""Confidence above frequency that is worth a finding."""

FEWEST = 20
"""Rows that a label must be likeliest in, for its confidence to be judged."""


def _edges(subject: Subject) -> str | None:
    config, classifier = subject.config, subject.classifier
    if config is None or config.thresholds.method == "fixed" or not classifier.task.multilabel:
        return None
    low, high = GRID[EDGE] + 1e-9, GRID[-1 - EDGE] - 1e-9
    at = []
    for label, value, p in zip(
        classifier.labels, classifier.thresholds, subject.evaluation.probabilities.T, strict=True
    ):
        if p.max() < GRID[0] or p.min() > GRID[-1]:  # all thresholds are as bad, and the one taken is any
            at.append(f"{label} {value:.2f}, with probabilities from {p.min():.3f} to {p.max():.3f}")
        elif not low < value < high:
            at.append(f"{label} {value:.2f}")
    return f"{'; '.join(at)}; the grid goes from {GRID[0]:.2f} to {GRID[-1]:.2f}" if at else None


def _overconfident(subject: Subject) -> str | None:
    test, p = subject.test, subject.evaluation.probabilities
    likeliest = p >= 0.5 if subject.classifier.task.multilabel else p == p.max(axis=1, keepdims=True)
    level = 1 - 0.05 / p.shape[1]
    found = []
    for column, label in enumerate(subject.classifier.labels):
        rows = np.flatnonzero(likeliest[:, column] & (test.y[:, column] >= 0))
        groups = [test.groups[row] for row in rows]
        if len(rows) < FEWEST or len(set(groups)) < MIN_GROUPS:
            continue
        true, said = test.y[rows, column] > 0, p[rows, column]
        gap = clustered_mean(said - true, groups)
        bound = student_t.ppf(level, gap.groups - 1) * gap.error
        if gap.value >= GAP and gap.value > bound:
            found.append(
                f"{label}: in the {len(rows)} rows where it is likely, mean probability {said.mean():.3f}, true in "
                f"{true.mean():.3f} (gap {gap.value:+.3f}, at least {gap.value - bound:+.3f})"
            )
    return "; ".join(found) or None


FS003 = Check(
    "FS003",
    "threshold at the edge of its grid",
    "The threshold that was chosen for a label (thresholds.method cv or validation) lies within two steps of an end of "
    "the grid 0.02, 0.03 ... 0.98, or all the label's probabilities of the test rows lie beyond an end.",
    "The best threshold may lie beyond the end; mostly the label is so rare, or the model so unsure or so sure of it, "
    "that no probability tells its rows from others, and small shifts of the probabilities then give it to all rows or "
    "to none.",
    "look at the label's precision-recall curve in the report; give it more rows or class weights "
    "(classifier.balanced, classifier.class_weight), or calibrate (calibration)",
    _edges,
)

FS007 = Check(
    "FS007",
    "overconfident probabilities",
    "Top-label calibration with a sign (Gupta & Ramdas 2022; Guo et al. 2017): of the rows in which a label is the "
    "likeliest answer (multilabel: a probability of 0.5 or more), the mean probability lies 0.05 or more above the "
    "share that has the label, and above it by the 95% bound, divided among the labels, of a one-sided t test on whole "
    "groups. Needs 20 such rows of five groups.",
    "A probability of 0.9 then stands for fewer than nine in ten: whoever reads only the surest sentences, or adds "
    "probabilities up to a share, is misled.",
    "calibrate: calibration=temperature (multilabel also sigmoid or isotonic), on rows like those to be read; until "
    "then take scores as an order only",
    _overconfident,
)
