"""By how much one system is better than another in macro-F1, on the same test rows and the same resamples of them."""

from collections.abc import Sequence

import numpy as np

from experiments.measures.paired import PairedScores
from experiments.measures.resampling import Estimate


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
        Resamples (0 for no bounds) and their seed.
    """
    labels = [str(column) for column in range(y.shape[1])]
    systems = [(np.zeros(y.shape), decided) for decided in (first, second)]
    found = PairedScores(y, systems, labels, groups, times=max(bootstrap, 1), seed=seed).difference("macro_f1", 0, 1)
    return found if bootstrap else Estimate(found.value)
