"""Shares of labels in a corpus, from a model's answers on all of it and people's labels of a sample of it."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

TUNED = None
"""A weight of the model's answers that is chosen so that the variance is smallest."""

_TAIL = 0.975
_UNSEEN = 1.0  # errors of the model that are added to those seen; with half of one, bounds are too narrow


@dataclass(frozen=True)
class Design:
    """How the labelled sentences were drawn, n of them.

    Attributes
    ----------
    weights : ndarray of shape (n,)
        For how many sentences of the corpus each stands: 1 over the probability with which it was drawn.
    articles : ndarray of shape (n,), int
        The number of each one's article, below that of all articles of the corpus.
    strata : ndarray of shape (n,), int
        Of what it was drawn within; all 0 where the draw had no strata.
    """

    weights: np.ndarray
    articles: np.ndarray
    strata: np.ndarray

    def take(self, rows: np.ndarray) -> "Design":
        """Return that of some of the sentences, by a mask or numbers."""
        return Design(self.weights[rows], self.articles[rows], self.strata[rows])


@dataclass(frozen=True)
class Corpus:
    """What the model says of all sentences, article by article, g articles.

    Attributes
    ----------
    sentences : ndarray of shape (g,)
        How many each article has.
    sums : ndarray of shape (g, k)
        The model's answers (probabilities, or 0 and 1) summed over these, of k labels.
    """

    sentences: np.ndarray
    sums: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """The mean answers, shape (k,)."""
        return np.asarray(self.sums.sum(axis=0) / self.sentences.sum())


@dataclass(frozen=True)
class Corrected:
    """Corrected shares of k labels.

    Attributes
    ----------
    values : ndarray of shape (k,)
        The shares; within 0 and 1, and of several classes together 1.
    bounds : ndarray of shape (k, 2)
        95% bounds.
    variances, sampling : ndarray of shape (k,)
        The variance of each, and the part of it that more labelled sentences would make smaller.
    weight : float
        How much of the model's answers was used, from 0 (none) to 1.
    freedom : int
        Student's degrees of freedom of the bounds: labelled articles less strata.
    influence : ndarray of shape (g, k)
        What each article adds to each share's error, from which the variance of differences is had.
    """

    values: np.ndarray
    bounds: np.ndarray
    variances: np.ndarray
    sampling: np.ndarray
    weight: float
    freedom: int
    influence: np.ndarray


def corrected_shares(
    y: np.ndarray,
    answers: np.ndarray,
    design: Design,
    corpus: Corpus,
    inside: np.ndarray | None = None,
    weight: float | None = TUNED,
) -> Corrected:
    """Return shares that are right on average whatever the model's errors, with bounds in which articles are drawn.

    The mean of the labels in the sample, less the weight times what the sample's mean answer is too high by: its
    difference from the mean answer in the whole corpus, which is known.

    Parameters
    ----------
    y : ndarray of shape (n, k)
        People's labels of the sample, 0 and 1: of one label, or of k classes that exclude each other.
    answers : ndarray of shape (n, k)
        The model's on the same sentences: probabilities, or 0 and 1. The model must not be trained on them.
    design : Design
        How they were drawn.
    corpus : Corpus
        The model's answers on all sentences, those of the sample included.
    inside : ndarray of shape (n,), bool, optional
        Which of the sample belong to ``corpus``, where that is a part of what was drawn from (an outlet, a month).
    weight : float, optional
        1 is prediction-powered inference (PPI), which with known probabilities is design-based supervised learning
        (DSL) and augmented inverse probability weighting (AIPW); 0 is the sample alone; by default that from 0 to 1
        with the smallest variance (PPI++), one for all k.

    Returns
    -------
    Corrected
        Also with labels that nobody gave, or everybody.

    Notes
    -----
    The sample's means are ratios of weighted totals (Hajek), so that sentences which nobody decided cost their share
    of a stratum only. The variance is that of the influence of whole articles, as if other articles had been drawn and
    other sentences of them; within strata the sentences are centred. Of a fixed corpus it is a little too large. The
    bounds are Wilson's at the number of sentences for which the variance stands, with Student's t. One error of the
    model is added to those in the sample, weighted as the sample's are, before the variance is used: that none was
    seen among 100 sentences doesn't mean that there is none (Bonett & Price add two). `tests/prevalences.py` measures
    how often the bounds hold the truth.

    References
    ----------
    Angelopoulos, A. N., Duchi, J. C. & Zrnic, T. (2023). PPI++: efficient prediction-powered inference.
    arXiv:2311.01453.
    Egami, N., Hinck, M., Stewart, B. M. & Wei, H. (2023). Using imperfect surrogates for downstream inference:
    design-based supervised learning for social science applications of large language models. NeurIPS 36.
    Robins, J. M., Rotnitzky, A. & Zhao, L. P. (1994). Estimation of regression coefficients when some regressors are
    not always observed. JASA 89. (AIPW)
    Sarndal, C.-E., Swensson, B. & Wretman, J. (1992). Model assisted survey sampling. Springer. Chapters 5 to 7.
    Bonett, D. G. & Price, R. M. (2012). Adjusted Wald confidence interval for a difference of binomial proportions
    based on paired data. Journal of Educational and Behavioral Statistics 37(4).
    Duchi, J., Shalev-Shwartz, S., Singer, Y. & Chandra, T. (2008). Efficient projections onto the l1-ball for learning
    in high dimensions. ICML. (the nearest shares)
    Korn, E. L. & Graubard, B. I. (1998). Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data. Survey Methodology 24(2).
    """
    within = np.ones(len(y), dtype=bool) if inside is None else inside
    k = y.shape[1]
    means, rows = linearised(np.hstack([y, answers]).astype(np.float64), design, within)
    of_all = (corpus.sums - corpus.means * corpus.sentences[:, None]) / corpus.sentences.sum()
    whole = np.hstack([np.zeros_like(of_all), -of_all])  # by article: the answers' mean in the corpus is taken off
    sampled = sampling_covariance(rows, design.strata)
    if weight is None:
        weight = _slope(sampled, k)
    mix = np.vstack([np.eye(k), -weight * np.eye(k)])
    raw = means[:k] - weight * (means[k:] - corpus.means)
    shares = nearest_shares(raw) if k > 1 else np.clip(raw, 0, 1)
    seen = _diagonal(mix, sampled)
    unseen = _UNSEEN * _share_of_one(design.weights[within]) ** 2
    sampling = seen + unseen
    variances = sampling + _of_articles(rows, whole, design.articles, mix)
    influence = by_article(rows @ mix, design.articles, len(corpus.sentences)) + whole @ mix
    freedom = _freedom(design.articles[within], design.strata[within])
    bounds = np.asarray([share_bounds(*each, freedom) for each in zip(shares, variances, strict=True)])
    return Corrected(shares, bounds, variances, sampling, weight, freedom, influence)


def nearest_shares(values: np.ndarray) -> np.ndarray:
    """Return the shares, from 0 to 1 and together 1, that are nearest to some values of shape (k,).

    Examples
    --------
    >>> nearest_shares(np.array([1.2, -0.2])), nearest_shares(np.array([0.3, 0.7]))
    (array([1., 0.]), array([0.3, 0.7]))
    """
    ordered = np.sort(values)[::-1]
    over = (np.cumsum(ordered) - 1) / np.arange(1, len(values) + 1)
    return np.asarray(np.maximum(values - over[np.flatnonzero(ordered > over)[-1]], 0))


def linearised(values: np.ndarray, design: Design, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weighted means over the sentences inside, shape (m,), and what each sentence adds to their errors, (n, m).

    Parameters
    ----------
    values : ndarray of shape (n, m)
        Of each sentence of the sample.
    design : Design
        How they were drawn.
    inside : ndarray of shape (n,), bool
        Those to average; the others add nothing, but count in their strata.
    """
    weights = np.where(inside, design.weights, 0.0)
    means = weights @ values / weights.sum()
    return means, (weights / weights.sum())[:, None] * (values - means)


def sampling_covariance(rows: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return the covariance, shape (m, m), of totals of rows of shape (n, m) that were drawn one by one in strata."""
    found = np.zeros((rows.shape[1], rows.shape[1]))
    for stratum in np.unique(strata):
        here = rows[strata == stratum]
        centred = here - here.mean(axis=0)
        found += len(here) / max(len(here) - 1, 1) * centred.T @ centred
    return found


def by_article(rows: np.ndarray, articles: np.ndarray, count: int) -> np.ndarray:
    """Return the sums over each article's rows, shape (count, m), of rows of shape (n, m)."""
    return np.stack([np.bincount(articles, column, minlength=count) for column in rows.T], axis=1)


def _slope(covariance: np.ndarray, k: int) -> float:
    """Return the weight of the answers, the last of 2 k columns, with which they tell most of the labels before."""
    down = float(np.trace(covariance[k:, k:]))
    return float(np.clip(np.trace(covariance[:k, k:]) / down, 0, 1)) if down > 0 else 0.0


def _of_articles(rows: np.ndarray, whole: np.ndarray, articles: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Return the variance of k shares, shape (k,), that comes of articles, with the answers weighted as in the mix.

    That other articles could have been in the corpus makes the same of it for every weight, and is known best with the
    weight that tells most of the labels: this, and what the answers tell of it, is the least that it can be. Where
    articles were drawn whole it also has what their sentences, or the model's errors there, have in common, and that is
    another for every weight.
    """
    k = mix.shape[1]
    best = np.vstack([np.eye(k), -_slope(rows.T @ rows, k) * np.eye(k)])
    summed = by_article(rows, articles, len(whole)) + whole
    few = len(np.unique(articles))
    between = few / max(few - 1, 1) * (summed.T @ summed - rows.T @ rows)
    least = np.maximum(_diagonal(best, between), _diagonal(best, whole.T @ whole))
    return np.asarray(np.maximum(_diagonal(mix, between), least))


def _diagonal(mix: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(np.einsum("ia,ij,ja->a", mix, covariance, mix), 0))


def _share_of_one(weights: np.ndarray) -> float:
    """Return which share of the corpus a sentence of the sample stands for, those that stand for more counted more."""
    return float((weights**2).sum() / weights.sum() ** 2)


def _freedom(articles: np.ndarray, strata: np.ndarray) -> int:
    return max(len(np.unique(articles)) - len(np.unique(strata)), 1)


def share_bounds(share: float, variance: float, freedom: float) -> tuple[float, float]:
    """Return 95% bounds of a share from its variance: Wilson's at the number of rows for which it stands, with t.

    Parameters
    ----------
    share : float
        From 0 to 1. The variance is taken for that of a share of at least one standard error.
    variance : float
        Above 0.
    freedom : float
        Student's degrees of freedom.
    """
    inner = float(np.clip(share, variance**0.5, 1 - variance**0.5)) if variance < 0.25 else 0.5
    rows = inner * (1 - inner) / variance
    t = float(stats.t.ppf(_TAIL, freedom))
    middle = (share + t * t / (2 * rows)) / (1 + t * t / rows)
    width = t / (1 + t * t / rows) * np.sqrt(share * (1 - share) / rows + t * t / (4 * rows * rows))
    return max(float(middle - width), 0.0) if share > 0 else 0.0, min(float(middle + width), 1.0) if share < 1 else 1.0
