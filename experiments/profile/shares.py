"""Shares of sentences with each label, of all and of groups, with bounds in which articles are drawn whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from experiments.measures.proportions import proportion_bounds
from experiments.measures.resampling import MIN_GROUPS, Estimate
from experiments.profile.counts import Counts


@dataclass(frozen=True)
class Group:
    """Sentences that have something in common, or all of them.

    Attributes
    ----------
    by : tuple of str
        The values that they share, one for each column of the view.
    sentences, articles : int
        How many, and of how many articles.
    given : tuple of int
        How many have each label.
    shares : tuple of Estimate
        These over all, with 95% bounds; without where there are fewer than five articles.
    """

    by: tuple[str, ...]
    sentences: int
    articles: int
    given: tuple[int, ...]
    shares: tuple[Estimate, ...]


@dataclass(frozen=True)
class View:
    """All groups of some columns.

    Attributes
    ----------
    names : tuple of str
        The columns; none for the one group of all sentences.
    groups : list of Group
        By value, sorted.
    left_out : int
        Sentences that have nothing in one of the columns.
    """

    names: tuple[str, ...]
    groups: list[Group]
    left_out: int = 0

    @property
    def unbounded(self) -> int:
        """How many groups have too few articles for bounds."""
        return sum(group.articles < MIN_GROUPS for group in self.groups)


def views_of(counts: Counts) -> list[View]:
    """Return the shares of all sentences, those by each column, and with two those by both.

    Notes
    -----
    A share is of sentences, so that long articles weigh more. Its bounds are Wilson's at the number of sentences that
    is left when likeness within articles is taken off (:func:`experiments.measures.proportions.proportion_bounds`).
    """
    articles, groups, numbers = counts.arrays()
    keys = list(counts.groups)
    views = []
    for size in range(len(counts.names) + 1):
        for places in combinations(range(len(counts.names)), size):
            views.append(_view(tuple(counts.names[at] for at in places), places, keys, articles, groups, numbers))
    return views


def _view(
    names: tuple[str, ...],
    places: Sequence[int],
    keys: Sequence[tuple[str, ...]],
    articles: np.ndarray,
    groups: np.ndarray,
    numbers: np.ndarray,
) -> View:
    values = [tuple(key[at] for at in places) for key in keys]
    kept = sorted({value for value in values if all(value)})
    number = {value: at for at, value in enumerate(kept)}
    mapped = np.asarray([number.get(value, -1) for value in values], dtype=np.int64)[groups]
    told = mapped >= 0
    left_out = int(numbers[~told, 0].sum())
    # an article whose sentences stand in several groups of another column is one article here
    pairs, inverse = np.unique(mapped[told] * (int(articles.max(initial=0)) + 1) + articles[told], return_inverse=True)
    summed = np.stack([np.bincount(inverse, column, minlength=len(pairs)) for column in numbers[told].T], axis=1)
    starts = np.searchsorted(pairs // (int(articles.max(initial=0)) + 1), np.arange(len(kept) + 1))
    found = [_group(kept[at], summed[starts[at] : starts[at + 1]]) for at in range(len(kept))]
    return View(names, found, left_out)


def _group(by: tuple[str, ...], counts: np.ndarray) -> Group:
    """Return a group from its articles' counts of sentences and labels, shape (n_articles, 1 + n_labels)."""
    trials = counts[:, 0]
    sentences, given = int(trials.sum()), counts[:, 1:].sum(axis=0)
    shares = []
    for column in range(1, counts.shape[1]):
        bounds = (float("nan"), float("nan"))
        if len(counts) >= MIN_GROUPS:
            bounds = proportion_bounds(counts[:, column], trials)
        shares.append(Estimate(float(given[column - 1]) / sentences, *bounds))
    return Group(by, sentences, len(counts), tuple(int(n) for n in given), tuple(shares))
