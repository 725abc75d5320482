"""How much worse a model does when a part of what it reads is exchanged between rows, with bounds."""

from collections.abc import Sequence

import numpy as np

from experiments.measures.resampling import (
    MIN_GROUPS,
    Estimate,
    draw_groups,
    effective_groups,
    group_sums,
    leave_out,
    members,
    percentile_bounds,
)
from experiments.measures.tallies import Tallies

_MANY = 200  # groups beyond which nothing is left out in turn


def largest_group(groups: Sequence[str]) -> int:
    """Return how many rows the largest group has; 0 without any."""
    return int(np.bincount(members(groups)[1]).max(initial=0))


def exchange_rows(groups: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """Return for each of n rows whose part it gets: a random permutation in which no row gets one of its own group.

    Rows of one article are alike, so that exchanged among themselves they would hide what the part is worth. Groups are
    put in a random order, rows within each too, and all are moved on by a random number of rows, at least as many as
    the largest group has and at most as many as all others have. If a group has more than half of the rows, the
    permutation is a plain one.

    Parameters
    ----------
    groups : sequence of str
        The group of each row.
    rng : Generator
        What is drawn from.

    Examples
    --------
    >>> exchange_rows(["a", "a", "b", "b"], np.random.default_rng(0)).tolist()
    [2, 3, 0, 1]
    """
    count, member = members(groups)
    n, largest = len(member), largest_group(groups)
    if 2 * largest > n or count < 2:
        return rng.permutation(n)
    order = np.lexsort([rng.random(n), rng.permutation(count)[member]])
    donors = np.empty(n, dtype=np.int64)
    donors[order] = np.roll(order, -int(rng.integers(largest, n - largest + 1)))
    return donors


def importance(
    y: np.ndarray,
    decided: np.ndarray,
    exchanged: Sequence[np.ndarray],
    labels: Sequence[str],
    groups: Sequence[str],
    times: int = 1000,
    seed: int = 0,
    average_over: Sequence[str] = (),
) -> dict[str, Estimate]:
    """Return by how much each F1 falls when a part of what the model reads is exchanged: permutation importance.

    Parameters
    ----------
    y : ndarray of shape (n, n_labels)
        The true indicator matrix; a negative cell is one that nobody decided.
    decided : ndarray of shape (n, n_labels)
        What the model decides.
    exchanged : sequence of ndarray of shape (n, n_labels)
        What it decides when the part is exchanged, in several ways; the mean over them is measured.
    labels, groups : sequence of str
        The columns' names, and the group of each row.
    times, seed : int
        Resamples of groups behind the 95% bounds (0 for none), and their seed.
    average_over : sequence of str, default ()
        Labels whose mean F1 is measured, too.

    Returns
    -------
    dict of str to Estimate
        ``macro_f1``, ``average_f1`` if there is any, and ``<label>.f1``: the value minus the mean of the exchanged
        ones. No bounds with fewer than five groups.

    Notes
    -----
    A resample draws groups, for the value and the exchanged ones alike, and exchanges. Which groups give their parts
    is left as it is, which costs the bounds nothing that can be seen: ``python -m tests.importance`` measures how often
    they hold (docs/explain.md).

    References
    ----------
    Breiman, L. (2001). Random forests. Machine Learning 45. (the importance)
    Fisher, A., Rudin, C. & Dominici, F. (2019). All models are wrong, but many are useful. JMLR 20(177). (model
    reliance: the same of any model, as an estimate of what it is in other samples)
    """
    count, member = members(groups)
    none = np.zeros(y.shape)
    tallies = [Tallies(y, none, each, labels, average_over=average_over) for each in (decided, *exchanged)]
    sums = [group_sums(each.rows, count, member) for each in tallies]
    wanted = ["macro_f1", *(["average_f1"] if average_over else []), *(f"{label}.f1" for label in labels)]

    def drops(weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return by how much each metric falls in each exchange, shape (n_exchanged, b), for weights of the groups."""
        found = [each.metrics(weights @ rows) for each, rows in zip(tallies, sums, strict=True)]
        return {name: np.stack([found[0][name] - each[name] for each in found[1:]]) for name in wanted}

    values = {name: float(each.mean()) for name, each in drops(np.ones((1, count))).items()}
    if not times or count < MIN_GROUPS:
        return {name: Estimate(value) for name, value in values.items()}
    left = drops(leave_out(count)) if count < _MANY else {}
    blocks = [drops(drawn) for drawn in draw_groups(count, times, seed)]
    rng = np.random.default_rng([seed, 2])
    luck = rng.multinomial(len(exchanged), np.full(len(exchanged), 1 / len(exchanged)), size=times).T / len(exchanged)
    found = {}
    for name, value in values.items():
        effective = effective_groups(left[name].mean(axis=0)) if left else float(count)
        drawn = (np.concatenate([block[name] for block in blocks], axis=1) * luck).sum(axis=0)
        found[name] = Estimate(value, *percentile_bounds(drawn, effective)) if value == value else Estimate(value)
    return found
