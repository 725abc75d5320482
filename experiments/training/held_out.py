"""What a model came to on the rows on which its thresholds were chosen, as if it had been measured on others."""

import numpy as np

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.measures.calibration import calibrate
from experiments.measures.operating_points import best_thresholds
from experiments.measures.risk import confidence_of
from experiments.model import HeldOut

_PARTS = 5


def held_out_of(
    config: Config, rows: Labelled, probabilities: np.ndarray, source: str, chooses: bool
) -> HeldOut | None:
    """Return how sure a config's model is of held-out rows, and where it is wrong; None if no row can tell.

    Thresholds and calibration were chosen on these very rows, so errors at them would be too few. Here each fifth of
    the articles gets those that the other four fifths give: none of its rows has a say in how it is decided. The
    model's own are chosen on all, and so differ from these a little (cross-fitting).

    Parameters
    ----------
    config : Config
        Says how both are chosen.
    rows : Labelled
        n rows that the probabilities' models were not fitted to.
    probabilities : ndarray of shape (n, n_labels)
        Not calibrated.
    source : str
        What the rows are, for people.
    chooses : bool
        Whether thresholds are chosen; else they are fixed, or the likeliest label wins.
    """
    multilabel = config.task.multilabel
    whole = rows.whole
    if not len(whole):
        return None
    _, article = np.unique(np.asarray(rows.groups), return_inverse=True)
    articles = int(article.max()) + 1
    part = np.random.default_rng(config.seed).permutation(np.arange(articles) % _PARTS)[article]
    thresholds = np.full(len(config.task.labels), config.thresholds.value)
    confidence, wrong = np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    for number in np.unique(part):
        here, others = part == number, part != number
        if not others.any():  # a single article, whose rows have nothing to be decided by
            return None
        p, limits = probabilities[here], thresholds
        if config.calibration != "none":
            curve = calibrate(rows.y[others], probabilities[others], config.calibration, multilabel)
            p = curve(p)
        if chooses:
            rest = probabilities[others] if config.calibration == "none" else curve(probabilities[others])
            limits = best_thresholds(rows.y[others], rest, config.thresholds.among)
        decided = p >= limits if multilabel else np.eye(p.shape[1], dtype=bool)[p.argmax(axis=1)]
        confidence[here] = confidence_of(p, decided, multilabel)
        wrong[here] = (decided != (rows.y[here] > 0)).any(axis=1)
    groups = [rows.groups[row] for row in whole]
    return HeldOut.of(source, confidence[whole], wrong[whole], groups).limited()
