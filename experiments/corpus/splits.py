"""Parts and folds that keep groups whole and label frequencies even."""

from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from experiments.corpus.rows import Labelled
from experiments.errors import InputError

_CANDIDATES = 200


def stratum(y: np.ndarray) -> np.ndarray:
    """Return each row's set of labels as one number, shape (n,), for stratifying multi-label rows.

    The label powerset; sets with fewer than ten rows count as their rarest label alone.

    References
    ----------
    Sechidis, K., Tsoumakas, G. & Vlahavas, I. (2011). On the stratification of multi-label data. ECML PKDD.
    """
    codes = y.astype(np.int64) @ (1 << np.arange(y.shape[1], dtype=np.int64))
    rarity = np.argsort(y.sum(axis=0), kind="stable")
    for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
        if count < 10 and code:
            rarest = next(label for label in rarity if code >> label & 1)
            codes[codes == code] = 1 << int(rarest)
    return np.asarray(codes)


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
    in all rows. (Stratified grouped folds would do it in one step, but hardly depend on the seed.)

    Raises
    ------
    InputError
        If there are fewer than two groups.
    """
    if len(set(data.groups)) < 2:
        raise InputError(f"{data.name}: all rows are of one group; a test part needs at least two")
    rates = data.y.mean(axis=0)
    splitter = GroupShuffleSplit(n_splits=_CANDIDATES, test_size=test_size, random_state=seed)

    def unevenness(parts: tuple[np.ndarray, np.ndarray]) -> float:
        _, test = parts
        off_rate = np.abs(data.y[test].mean(axis=0) - rates).max()
        return float(off_rate + abs(len(test) / len(data) - test_size))

    rest, part = min(splitter.split(data.y, groups=data.groups), key=unevenness)
    return data.take(rest), data.take(part)
