"""Labels that a model contradicts with confidence, from probabilities it gave to rows it had not seen."""

from dataclasses import dataclass

import numpy as np

STRICT = 0.05
"""Below this probability of the given label a contradiction is a finding, not merely worth a second look.

Measured on 4,898 sentences of the framing corpus, where hard contrast pairs are common. With 3% of labels flipped on
purpose, 95 to 100% of what lies below 0.05 were flips (below 0.1, 85 to 96%; of all suspects, 46 to 67%), which are 5
to 23% of all flips (18 to 59%; 57 to 70%), label by label. With none flipped it is 10 of 14,694 labels (0.1: 47).
"""


@dataclass(frozen=True)
class Suspect:
    """A row whose given label the model contradicts.

    Attributes
    ----------
    row : int
        Its number.
    given, likely : int
        The class that the row has, and the one that the model is confident of.
    confidence : float
        The probability of the given class (self-confidence).
    """

    row: int
    given: int
    likely: int
    confidence: float


@dataclass(frozen=True)
class ConfidentJoint:
    """How given and likely classes go together.

    Attributes
    ----------
    counts : ndarray of shape (k, k), int
        Rows with a given class (first axis) that the model confidently puts in a class (second axis).
    thresholds : ndarray of shape (k,)
        From which probability on the model counts as confident of a class.
    suspects : list of Suspect
        The rows off the diagonal, the least confident first.
    """

    counts: np.ndarray
    thresholds: np.ndarray
    suspects: list[Suspect]


def confident_joint(given: np.ndarray, probabilities: np.ndarray) -> ConfidentJoint:
    """Return the confident joint of given and likely classes, and the rows that stand off its diagonal.

    Parameters
    ----------
    given : ndarray of shape (n,), int
        The class that each row has. A label of a multilabel task is a task of its own with the classes 0 and 1.
    probabilities : ndarray of shape (n, k)
        Probabilities of the classes by models that had not seen the row.

    Notes
    -----
    The model is confident of a class when its probability is at least the mean probability of that class over the rows
    that have it, so a model that is unsure of a class throughout is not held to 0.5. Where several classes
    pass, the likeliest counts; where none does, the row is left out. A row whose given class is the likeliest of all
    is never a suspect. These are the rows of ``cleanlab.filter.find_label_issues(filter_by="confident_learning")``;
    that package is left out because nothing else of it is needed.

    References
    ----------
    Northcutt, C., Jiang, L. & Chuang, I. (2021). Confident learning: estimating uncertainty in dataset labels. JAIR 70,
    1373-1411. Equations 1 and 2.
    """
    k = probabilities.shape[1]
    thresholds = np.array([probabilities[given == j, j].mean() if (given == j).any() else np.inf for j in range(k)])
    passing = probabilities >= thresholds - 1e-6  # float noise must not shut out rows that are all alike
    likely = np.where(passing, probabilities, -1.0).argmax(axis=1)
    counted = passing.any(axis=1)
    counts = np.zeros((k, k), dtype=np.int64)
    np.add.at(counts, (given[counted], likely[counted]), 1)
    rows = np.flatnonzero(counted & (likely != given) & (probabilities.argmax(axis=1) != given))
    own = probabilities[np.arange(len(given)), given]
    suspects = [
        Suspect(int(row), int(given[row]), int(likely[row]), float(own[row]))
        for row in rows[np.argsort(own[rows], kind="stable")]
    ]
    return ConfidentJoint(counts, thresholds, suspects)
