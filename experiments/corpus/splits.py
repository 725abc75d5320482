"""Parts and folds that keep groups whole and label frequencies even."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from experiments.corpus.rows import Labelled
from experiments.errors import InputError

_CANDIDATES = 200
_LEARNT_FROM = 2  # rows with a label that training needs at least


def stratum(y: np.ndarray) -> np.ndarray:
    """Return each row's set of labels as one number, shape (n,), for stratifying multi-label rows.

    The label powerset; sets with fewer than ten rows count as their rarest label alone. A label that nobody decided
    (negative in ``y``) is a third state.

    References
    ----------
    Sechidis, K., Tsoumakas, G. & Vlahavas, I. (2011). On the stratification of multi-label data. ECML PKDD.
    """
    rarity = np.argsort((y > 0).sum(axis=0), kind="stable")
    sets, number, counts = np.unique(y, axis=0, return_inverse=True, return_counts=True)
    for row in np.flatnonzero(counts < 10):
        if (sets[row] > 0).any():
            rarest = next(label for label in rarity if sets[row, label] > 0)
            sets[row] = np.arange(y.shape[1]) == rarest
    if (sets >= 0).all():
        return np.asarray((sets.astype(np.int64) @ (1 << np.arange(y.shape[1], dtype=np.int64)))[number.ravel()])
    return np.asarray(np.unique(sets, axis=0, return_inverse=True)[1].ravel()[number.ravel()])


def folds(data: Labelled, n_folds: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (training rows, held-out rows) of grouped, stratified cross-validation, as row numbers.

    Raises
    ------
    InputError
        If there are fewer groups than folds.
    """
    if len(set(data.groups)) < n_folds:
        raise InputError(
            f"{data.name}: {len(set(data.groups))} group(s) can't fill {n_folds} folds; add groups or "
            "lower the number of folds"
        )
    strata = stratum(data.y)
    present, counts = np.unique(strata, return_counts=True)
    # scikit-learn warns of, and for a single stratum refuses, strata with fewer rows than folds
    strata = np.where(np.isin(strata, present[counts < n_folds]), present[counts.argmax()], strata)
    splitter = StratifiedGroupKFold(n_splits=n_folds, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros(len(data)), strata, data.groups)


def hold_out(data: Labelled, test_size: float, seed: int) -> tuple[Labelled, Labelled]:
    """Split rows into a training and a test part of about ``test_size``, groups whole and labels even.

    Of 200 random grouped splits the one is taken whose test part is nearest to ``test_size`` and to the labels' rates
    in all rows; before that counts that each label has rows in both parts, where its groups allow it and two rows are
    left to train on. If none of the 200 does so, groups are moved in the best of them. (Stratified grouped folds would
    do it in one step, but hardly depend on the seed.)

    The training part takes on the count of rows that were left out because nothing was decided of them.

    Raises
    ------
    InputError
        If there are fewer than two groups.
    """
    if len(set(data.groups)) < 2:
        raise InputError(f"{data.name}: all rows are of one group; a test part needs at least two")
    groups = _Groups(data, test_size)
    splitter = GroupShuffleSplit(n_splits=_CANDIDATES, test_size=test_size, random_state=seed)
    try:
        candidates = [groups.of(test) for _, test in splitter.split(data.y, groups=data.groups)]
    except ValueError:
        raise InputError(
            f"{data.name}: a part of {test_size} of its {len(set(data.groups))} groups leaves none on one side; take "
            "another share (data.test_size, data.validation_size or sweep.validation_size)"
        ) from None
    held_out = groups.mended(min(candidates, key=groups.badness))[groups.member]
    rest, part = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    return replace(data.take(rest), undecided=data.undecided), data.take(part)


class _Groups:
    """What the groups hold, to tell how good it is to test on some of them: a mask of shape (n_groups,)."""

    def __init__(self, data: Labelled, test_size: float) -> None:
        names, self.member = np.unique(np.asarray(data.groups, dtype=str), return_inverse=True)
        self.test_size = test_size
        self.rows = np.bincount(self.member, minlength=len(names))
        self.has, self.decided = (
            np.stack([np.bincount(self.member[cells], minlength=len(names)) for cells in mask.T], axis=1)
            for mask in (data.y > 0, data.y >= 0)
        )
        self.total = self.has.sum(axis=0)
        self.kept = np.minimum(self.total, _LEARNT_FROM)
        smallest = np.where(self.has > 0, self.has, self.total).min(axis=0)
        self.tested = (self.total > smallest) & (self.total - smallest >= self.kept)

    def of(self, test: np.ndarray) -> np.ndarray:
        """Return the mask of the groups that these rows are of."""
        mask = np.zeros(len(self.rows), dtype=bool)
        mask[self.member[test]] = True
        return mask

    def badness(self, mask: np.ndarray) -> tuple[int, float]:
        """Return how many times a label lacks rows in a part, and how uneven the parts are."""
        lacks, uneven = self._judged(*(each[mask].sum(axis=0)[None] for each in (self.has, self.decided, self.rows)))
        return int(lacks[0]), float(uneven[0])

    def mended(self, mask: np.ndarray) -> np.ndarray:
        """Return the mask with groups moved, one by one, as long as fewer labels lack rows for it."""
        mask = mask.copy()
        while (lacking := self.badness(mask)[0]) > 0:
            sign = np.where(mask, -1, 1)
            moved = (each[mask].sum(axis=0) + (each.T * sign).T for each in (self.has, self.decided, self.rows))
            lacks, uneven = self._judged(*moved)
            best = int(np.lexsort([uneven, lacks])[0])
            after = int(mask.sum() + sign[best])
            if lacks[best] >= lacking or not 0 < after < len(mask):
                break
            mask[best] = ~mask[best]
        return mask

    def _judged(self, has: np.ndarray, decided: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both for each of b test parts, by what they hold: (b, n_labels), (b, n_labels), (b,)."""
        lacks = ((has == 0) & self.tested).sum(axis=1) + (self.total - has < self.kept).sum(axis=1)
        rates = self.total / np.maximum(self.decided.sum(axis=0), 1)
        off_rate = np.abs(has / np.maximum(decided, 1) - rates).max(axis=1)
        return lacks, off_rate + np.abs(rows / self.rows.sum() - self.test_size)
