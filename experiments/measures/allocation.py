"""How many to draw from each stratum."""

import numpy as np

LEAST = 2
"""Drawn from every stratum: of one alone nobody can tell how much its sentences differ."""


def allocate(sizes: np.ndarray, wanted: np.ndarray, n: int) -> np.ndarray:
    """Return how many to draw from each of h strata, n in all, as near to the wanted shares as there are enough.

    Parameters
    ----------
    sizes : ndarray of shape (h,), int
        How many each has, at least 1.
    wanted : ndarray of shape (h,)
        Numbers in whose proportion to draw, above 0.
    n : int
        At most the sum of sizes, and at least 2 a stratum (1 where a stratum has one).

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> allocate(np.array([1000, 1000, 3]), np.array([1, 2, 1]), 30)
    array([ 9, 18,  3])
    >>> allocate(np.array([5000, 10]), np.array([5000, 10]), 100)
    array([98,  2])
    """
    least = np.minimum(sizes, LEAST)
    if not least.sum() <= n <= sizes.sum():
        raise ValueError(f"{n} is not from {least.sum()} to {sizes.sum()}")
    low, high = 0.0, n / float(wanted.min()) + float((sizes / wanted).max())
    for _ in range(200):  # the scale at which what is wanted, kept within what there is, adds up
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(middle * wanted, least, sizes).sum() < n else (low, middle)
    exact = np.clip(high * wanted, least, sizes)
    found = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(-(exact - found), kind="stable")
    while (left := n - int(found.sum())) > 0:  # the largest remainders are rounded up
        room = [at for at in order if found[at] < sizes[at]][:left]
        found[room] += 1
    return found
