"""How often a model errs on the sentences of which it is surest, and where to stop so that a promise about it holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
"""How surely a promise holds, and the confidence of every bound here."""

FAILING = 1 - CONFIDENCE

DIGITS = 6
"""To how many digits confidence is known."""

_STEP = 1.1  # from one cut that is tried to the next: how many more rows are kept
_FRACTION, _FEWEST, _MOST = 0.25, 3.0, 6.0  # where the trying begins; see first_tried
_MOST_ENDS = 400  # cuts that are looked at to find the first
_POINTS = np.exp(np.linspace(np.log(1e-6), np.log(1e4), 6001))  # where a characteristic function is looked at


def confidence_of(probabilities: np.ndarray, decided: np.ndarray, multilabel: bool) -> np.ndarray:
    """Return how likely all that is decided of each row is right, shape (n,), from 0 to 1.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_labels)
        Calibrated, if confidence is to mean what it says; its order is all that a promise needs.
    decided : ndarray of shape (n, n_labels)
        The indicator matrix made of them.
    multilabel : bool
        Whether labels are independent: the product over labels, of the probability of each that is given and of not
        having each that isn't; else the highest probability.

    Notes
    -----
    Rounded down to six digits, as it is kept with a model, so that rows as sure as a cut are on the same side of it.
    """
    if multilabel:
        found = np.where(np.asarray(decided) > 0, probabilities, 1 - np.asarray(probabilities)).prod(axis=1)
    else:
        found = np.asarray(probabilities).max(axis=1)
    return np.asarray(np.floor(np.clip(found, 0, 1) * 10**DIGITS) / 10**DIGITS)


@dataclass(frozen=True)
class Surest:
    """Rows from the surest on, with what is known of them.

    Attributes
    ----------
    confidence : ndarray of shape (n,)
        How sure the model is that all it says of a row is right, falling.
    wrong : ndarray of shape (n,), bool
        Whether it isn't.
    group : ndarray of shape (n,), int64
        The number of the row's article.
    """

    confidence: np.ndarray
    wrong: np.ndarray
    group: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, wrong: np.ndarray, groups: Sequence[str] | np.ndarray) -> "Surest":
        """Return rows in order; those as sure as each other keep theirs."""
        order = np.argsort(-np.asarray(confidence, dtype=np.float64), kind="stable")
        _, group = np.unique(np.asarray(groups), return_inverse=True)
        return cls(
            np.asarray(confidence, dtype=np.float64)[order], np.asarray(wrong, dtype=bool)[order], group.ravel()[order]
        )

    def __len__(self) -> int:
        return len(self.confidence)

    @property
    def ends(self) -> np.ndarray:
        """How many rows there are up to each different confidence, rising: rows of one confidence stay together."""
        return np.asarray(np.flatnonzero(np.append(self.confidence[1:] != self.confidence[:-1], True)) + 1)

    def kept(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the errors and the rows of each article among the first ``rows``, each of shape (n_groups,)."""
        count = np.bincount(self.group[:rows])
        there = count > 0
        return np.bincount(self.group[:rows], self.wrong[:rows])[there], count[there].astype(np.float64)


@dataclass(frozen=True)
class Cut:
    """From which confidence on what a model says is taken, and what is known of the rows that this keeps.

    Attributes
    ----------
    confidence : float
        The least that is kept; 0 if all is.
    rows, kept, errors : int
        Held-out rows, those kept, and the wrong ones among these.
    articles : int
        Articles that the kept ones are of.
    """

    confidence: float
    rows: int
    kept: int
    errors: int
    articles: int


@dataclass(frozen=True)
class Point:
    """A point of the risk-coverage curve: the share of rows kept, the errors among them, and their upper bound."""

    coverage: float
    confidence: float
    kept: int
    error: float
    bound: float


def exceeds(errors: np.ndarray, kept: np.ndarray, level: float) -> float:
    """Return how likely so few errors are if more than a share ``level`` of all kept rows are wrong (a p-value).

    Parameters
    ----------
    errors, kept : ndarray of shape (n_groups,)
        The wrong and all kept rows of each article; each article has kept rows.
    level : float
        A share between 0 and 1.

    Returns
    -------
    float
        From 0 to 1.

    Notes
    -----
    Articles are drawn whole: nothing is assumed of how alike the sentences of one are. To the articles seen one is
    added whose kept sentences are all wrong, and the p-value is the chance that the share of errors reaches the level
    when the articles get random weights (exponential ones, as in the Bayesian bootstrap). The one added is as long as
    the article that a random kept sentence is in. For articles of one sentence this is the binomial test, and the bound
    it gives that of Clopper and Pearson; for articles of one length that are right or wrong as a whole it is the same
    with articles as the units.

    It is Gaffke's p-value for the mean of a bounded quantity, here of errors - level * kept; no case is known in which
    that errs too often, though this is proven for some only. With articles of unequal lengths it would have to add one
    as long as the longest of all; that refuses most promises that could be kept. What is lost by the shorter one shows
    where the longest articles alone are wrong throughout: ``python -m tests.abstaining`` measures it
    (docs/abstention.md). Bounds that are proven for all cases (betting, Hoeffding and Bentkus) need far more rows.

    The chance is that a weighted sum of exponentials is above 0, had from its characteristic function; it is right to
    some 0.000001.

    References
    ----------
    Clopper, C. & Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in the case of the
    binomial. Biometrika 26.
    Gaffke, N. (2005). Three test statistics for a nonparametric one-sided hypothesis on the mean of a nonnegative
    variable. Mathematical Methods of Statistics 14(4).
    Learned-Miller, E. & Thomas, P. S. (2019). A new confidence interval for the mean of a bounded random variable.
    arXiv:1905.06208.
    Rubin, D. B. (1981). The Bayesian bootstrap. Annals of Statistics 9(1).
    Gil-Pelaez, J. (1951). Note on the inversion theorem. Biometrika 38.
    """
    if not len(kept):
        return 1.0
    worst = (1 - level) * _length(kept)
    if not errors.any():
        return float(np.exp(_unblemished(kept, level)))
    value, times = np.unique(np.append(errors - level * kept, worst), return_counts=True)
    spread = np.sqrt(float((times * value**2).sum()))
    wave = np.exp(-(times[:, None] * np.log1p(-1j * (_POINTS / spread) * value[:, None])).sum(axis=0))
    found = 0.5 + float(np.trapezoid(wave.imag, np.log(_POINTS))) / np.pi
    return min(max(found, 0.0), 1.0)


def upper_bound(errors: np.ndarray, kept: np.ndarray) -> float:
    """Return the share of errors that is exceeded with a chance of 5% only: the level at which :func:`exceeds` is 5%.

    The arguments are those of :func:`exceeds`. 1 where nothing can be told.
    """
    low, high = 0.0, 1.0
    while high - low > 1e-5:
        middle = (low + high) / 2
        low, high = (low, middle) if exceeds(errors, kept, middle) <= FAILING else (middle, high)
    return high


def choose_cut(rows: Surest, level: float) -> Cut | None:
    """Return the lowest confidence from which on errors are promised to stay below a level, or None.

    The share of errors among all sentences kept, of articles drawn as those of these rows were, is above the level with
    a chance of 5% at most, where chance is the draw of these rows.

    Parameters
    ----------
    rows : Surest
        Rows that neither the model nor what decides its labels was fitted to.
    level : float
        A share between 0 and 1.

    Notes
    -----
    Cuts are tried from the strict end on, each keeping a tenth more rows, and the last before the first that fails its
    test is taken: with such a fixed order every test may fail with 5%, and the whole fails no more often (Learn then
    Test). Where the order begins depends on the confidences alone (:func:`first_tried`).

    References
    ----------
    Geifman, Y. & El-Yaniv, R. (2017). Selective classification for deep neural networks. NeurIPS.
    Angelopoulos, A. N., Bates, S., Candès, E. J., Jordan, M. I. & Lei, L. (2021). Learn then Test: calibrating
    predictive algorithms to achieve risk control. arXiv:2110.01052.
    """
    found: int | None = None
    for end in _tried(rows, level):
        if exceeds(*rows.kept(end), level) > FAILING:
            break
        found = end
    if found is None:
        return None
    errors, kept = rows.kept(found)
    least = 0.0 if found == len(rows) else float(rows.confidence[found - 1])
    return Cut(least, len(rows), found, int(errors.sum()), len(kept))


def first_tried(rows: Surest, level: float) -> int | None:
    """Return how many rows the strictest cut keeps that is tried; None if even all without an error prove nothing.

    A cut that keeps few rows fails by one error, and with it all others. So the first keeps three times as many as
    would do without any error, or a fourth of all rows up to six times as many, or half of what there is.
    """
    ends = _thinned(rows.ends)
    strength = [_unblemished(rows.kept(int(end))[1], level) / np.log(FAILING) for end in ends]
    whole = strength[-1]
    if whole < 1:
        return None
    wanted = float(np.clip(_FRACTION * whole, min(_FEWEST, max(whole / 2, 1.0)), _MOST))
    at = next(at for at, each in enumerate(strength) if each >= wanted)
    return int(ends[at])


def least_level(rows: Surest) -> float | None:
    """Return the lowest level, in hundredths, that can be promised on these rows; None if there is none below 1.

    Notes
    -----
    One level after the other is tried, for a higher one may be refused again: its order of cuts begins with fewer rows
    (:func:`first_tried`), where an error or two end it. It doesn't take over the cut of the lower one, which would be
    several orders for one promise, each of which may fail with 5%.
    """
    return next((level / 100 for level in range(1, 100) if choose_cut(rows, level / 100) is not None), None)


def risk_coverage(rows: Surest, points: int = 20) -> list[Point]:
    """Return the share of errors as ever more rows are kept, at so many even steps of coverage.

    Each bound holds with 95% by itself; that all hold together is less sure.
    """
    ends = rows.ends
    found: dict[int, Point] = {}
    for step in range(1, points + 1):
        end = int(ends[np.searchsorted(ends, step * len(rows) / points)])
        if end not in found:
            errors, kept = rows.kept(end)
            confidence = float(rows.confidence[end - 1])
            found[end] = Point(end / len(rows), confidence, end, float(errors.sum()) / end, upper_bound(errors, kept))
    return list(found.values())


def aurc(rows: Surest) -> float:
    """Return the area under the risk-coverage curve: the mean share of errors over all coverages; 0 is best.

    Rows of one confidence are kept together, each with the share of errors at their end.

    References
    ----------
    Geifman, Y., Uziel, G. & El-Yaniv, R. (2019). Bias-reduced uncertainty estimation for deep neural classifiers. ICLR.
    """
    ends = rows.ends
    errors = np.cumsum(rows.wrong)[ends - 1]
    return float((errors / ends * np.diff(ends, prepend=0)).sum() / len(rows))


def _tried(rows: Surest, level: float) -> Iterator[int]:
    """Yield how many rows each cut keeps, from the strictest to all."""
    ends, first = rows.ends, first_tried(rows, level)
    if first is None:
        return
    end = first
    while True:
        yield end
        if end == len(rows):
            return
        end = int(ends[min(int(np.searchsorted(ends, max(end + 1, _STEP * end))), len(ends) - 1)])


def _thinned(ends: np.ndarray) -> np.ndarray:
    """Return at most some hundreds of the ends, the last among them."""
    return np.asarray(ends[np.unique(np.linspace(0, len(ends) - 1, _MOST_ENDS).astype(int))])


def _unblemished(kept: np.ndarray, level: float) -> float:
    """Return the logarithm of the p-value of articles without an error."""
    return -float(np.log1p(level * kept / ((1 - level) * _length(kept))).sum())


def _length(kept: np.ndarray) -> float:
    """Return how many kept rows the article of a random kept row has, on average."""
    return float((kept**2).sum() / kept.sum())
