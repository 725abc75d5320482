"""How much a model doubts its own answers, from the probabilities that it gives."""

import numpy as np

_SMALL = 1e-9


def margin_uncertainty(probabilities: np.ndarray, thresholds: np.ndarray | None = None) -> np.ndarray:
    """Return how near each row is to another answer, shape (n,): 0 is sure, 1 is on the edge.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_labels)
        Calibrated, if there is a calibration.
    thresholds : ndarray of shape (n_labels,), optional
        From which probability on each label is given, where labels are independent. None where they exclude each
        other.

    Notes
    -----
    Labels that exclude each other: 1 minus the difference of the two likeliest. Independent ones: each label's distance
    from its threshold, as a part of the way that there was to go on that side (0 to the threshold, or from it to 1), so
    that low and high thresholds compare; the nearest label counts.

    References
    ----------
    Scheffer, T., Decomain, C. & Wrobel, S. (2001). Active hidden Markov models for information extraction. IDA.
    Settles, B. (2009). Active learning literature survey. University of Wisconsin-Madison, section 3.1.

    Examples
    --------
    >>> margin_uncertainty(np.array([[0.5, 0.3, 0.2], [0.5, 0.5, 0.0]])).round(2).tolist()
    [0.8, 1.0]
    >>> margin_uncertainty(np.array([[0.1, 0.9], [0.2, 0.9]]), np.array([0.2, 0.5])).round(2).tolist()
    [0.5, 1.0]
    """
    if thresholds is None:
        second, first = np.partition(probabilities, -2, axis=1)[:, -2:].T
        return np.asarray(1 - (first - second))
    way = np.where(probabilities >= thresholds, 1 - thresholds, thresholds)
    return np.asarray(1 - (np.abs(probabilities - thresholds) / np.maximum(way, _SMALL)).min(axis=1).clip(max=1))


def least_confidence(probabilities: np.ndarray, thresholds: np.ndarray | None = None) -> np.ndarray:
    """Return how probable it is that each row's answer is wrong, shape (n,).

    Parameters
    ----------
    probabilities, thresholds
        As for :func:`margin_uncertainty`.

    Notes
    -----
    Labels that exclude each other: 1 minus the highest probability. Independent ones: 1 minus the product over labels
    of the probability that what is said of the label is right, as if their errors were independent.

    References
    ----------
    Culotta, A. & McCallum, A. (2005). Reducing labeling effort for structured prediction tasks. AAAI.

    Examples
    --------
    >>> least_confidence(np.array([[0.5, 0.3, 0.2]])).tolist()
    [0.5]
    >>> least_confidence(np.array([[0.1, 0.9]]), np.array([0.2, 0.5])).round(2).tolist()
    [0.19]
    """
    if thresholds is None:
        return np.asarray(1 - probabilities.max(axis=1))
    return np.asarray(1 - np.where(probabilities >= thresholds, probabilities, 1 - probabilities).prod(axis=1))
