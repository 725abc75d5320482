"""Words that mark one set of texts against another: log-odds ratios with a prior that tames the rare ones."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LogOdds:
    """How much each word leans to one side, and how surely.

    Attributes
    ----------
    ratio : ndarray of shape (n_words,)
        Log-odds of the word here minus those there, both with the prior's counts added; nan where a side has none.
    z : ndarray of shape (n_words,)
        The ratio over its standard error; nan likewise.
    """

    ratio: np.ndarray
    z: np.ndarray


def log_odds(here: np.ndarray, there: np.ndarray, prior: np.ndarray) -> LogOdds:
    """Return the log-odds ratio of each word between two sets of texts, with an informative Dirichlet prior.

    Parameters
    ----------
    here, there : ndarray of shape (n_words,)
        How often each word stands in either set.
    prior : ndarray of shape (n_words,)
        Pseudo-counts of the words, above 0 for every word that is counted: such as their counts in a larger corpus,
        scaled (:func:`scaled_prior`). A word's ratio is drawn to 0 as if each side had them besides.

    Returns
    -------
    LogOdds
        All nan where a side has no words at all; where a word is all there is (its odds have no end) it is nan, too.

    Notes
    -----
    With y the word's counts, n their sums, a the prior's counts and a_0 their sum, the log-odds of a side are
    log((y + a) / (n + a_0 - y - a)), and the variance of the difference is about 1 / (y + a here) + 1 / (y + a there).
    Words are taken for independent draws: those that one article repeats count as often as they stand in it.

    References
    ----------
    Monroe, B. L., Colaresi, M. P. & Quinn, K. M. (2008). Fightin' words: lexical feature selection and evaluation for
    identifying the content of political conflict. Political Analysis 16(4), 372-403. Equations 15, 16, 22 and section
    3.5.1 (informative prior).
    """
    here, there, prior = (np.asarray(each, dtype=np.float64) for each in (here, there, prior))
    nothing = np.full(len(prior), np.nan)
    if not (here.sum() > 0 and there.sum() > 0):
        return LogOdds(nothing, nothing.copy())
    weight = prior.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = [np.log((y + prior) / (y.sum() + weight - y - prior)) for y in (here, there)]
        ratio = odds[0] - odds[1]
        z = ratio / np.sqrt(1 / (here + prior) + 1 / (there + prior))
    told = np.isfinite(ratio) & np.isfinite(z)
    return LogOdds(np.where(told, ratio, np.nan), np.where(told, z, np.nan))


def scaled_prior(counts: np.ndarray, weight: float) -> np.ndarray:
    """Return the counts of words in a corpus, shape (n_words,), scaled so that they sum to ``weight`` (a_0).

    Examples
    --------
    >>> scaled_prior(np.asarray([30, 10]), 8.0).tolist()
    [6.0, 2.0]
    """
    return np.asarray(counts, dtype=np.float64) * (weight / max(float(np.sum(counts)), 1.0))
