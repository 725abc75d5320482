"""How much worse a model does when a part of what it reads is exchanged between rows, with bounds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from experiments.measures.resampling import (
    MIN_GROUPS,
    Estimate,
    draw_groups,
    effective_groups,
    leave_out,
    members,
    percentile_bounds,
)
from experiments.measures.tallies import Tallies

_CELLS = 4_000_000  # weights of rows held at a time: 32 MB
_MANY = 200  # groups beyond which nothing is left out in turn


class Exchanged(NamedTuple):
    """What a model decides when every row has a part of another row.

    Attributes
    ----------
    decided : ndarray of shape (n, n_labels)
        The decisions.
    donors : ndarray of int, shape (n,)
        Whose part each row has.
    """

    decided: np.ndarray
    donors: np.ndarray


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
    n, largest = len(member), int(np.bincount(member).max(initial=0))
    if 2 * largest > n or count < 2:
        return rng.permutation(n)
    order = np.lexsort([rng.random(n), rng.permutation(count)[member]])
    donors = np.empty(n, dtype=np.int64)
    donors[order] = np.roll(order, -int(rng.integers(largest, n - largest + 1)))
    return donors


def importance(
    y: np.ndarray,
    decided: np.ndarray,
    exchanged: Sequence[Exchanged],
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
    exchanged : sequence of Exchanged
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
    The mean over exchanges is a statistic of pairs of rows, one that is measured and one that gives its part, so both
    vary with the articles drawn: a resample weighs each pair by how often both groups were drawn (the bootstrap of a
    U-statistic). Weighing the measured rows alone leaves out what other givers would have changed, and its bounds are
    too narrow. ``python -m tests.importance`` measures how often they hold (docs/explain.md).

    References
    ----------
    Breiman, L. (2001). Random forests. Machine Learning 45. (the importance)
    Fisher, A., Rudin, C. & Dominici, F. (2019). All models are wrong, but many are useful. JMLR 20(177). (model
    reliance: the same as an estimate, a U-statistic of pairs)
    Arcones, M. & Giné, E. (1992). On the bootstrap of U and V statistics. Annals of Statistics 20(2).
    """
    count, member = members(groups)
    none = np.zeros(y.shape)
    base = Tallies(y, none, decided, labels, average_over=average_over)
    others = [Tallies(y, none, each.decided, labels, average_over=average_over) for each in exchanged]
    givers = [member[each.donors] for each in exchanged]
    wanted = ["macro_f1", *(["average_f1"] if average_over else []), *(f"{label}.f1" for label in labels)]

    def drops(weights: np.ndarray) -> dict[str, np.ndarray]:
        found: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
        step = max(1, _CELLS // max(len(member), 1))
        for at in range(0, len(weights), step):
            own = weights[at : at + step][:, member]
            whole = base.metrics(own @ base.rows)
            parts = [
                tallies.metrics((own * weights[at : at + step][:, giver]) @ tallies.rows)
                for tallies, giver in zip(others, givers, strict=True)
            ]
            for name in wanted:
                found[name].append(whole[name] - np.mean([part[name] for part in parts], axis=0))
        return {name: np.concatenate(each) for name, each in found.items()}

    values = drops(np.ones((1, count)))
    if not times or count < MIN_GROUPS:
        return {name: Estimate(float(values[name][0])) for name in wanted}
    parts = [drops(drawn) for drawn in draw_groups(count, times, seed)]
    left = drops(leave_out(count)) if count < _MANY else {}
    found = {}
    for name in wanted:
        effective = effective_groups(left[name]) if left else float(count)
        drawn = np.concatenate([part[name] for part in parts])
        value = float(values[name][0])
        found[name] = Estimate(value, *percentile_bounds(drawn, effective)) if value == value else Estimate(value)
    return found
