"""Are the test rows' own labels right."""

from collections.abc import Iterator

import numpy as np
from scipy.stats import poisson

from experiments.evaluation.checks.finding import Check, Subject
from experiments.measures.confident_learning import STRICT, Suspect, confident_joint

BY_CHANCE = 0.005
"""Labels that a model contradicts as strictly although they are right, as a share of all.

Measured on the test parts of 20 splits (framing/ngrams, framing/default, stance/default, stance/svm; 35,322 labels):
0.2 to 0.5%, 101 in all. With 3% of the test labels flipped on purpose it is 0.8 to 1.9% of the framing ones, 82% of
them flips; with 1%, 0.4 to 1.1% and 64%.
"""

MOST = 0.1
"""A model that contradicts more of a class's rows than this errs too often for its confidence to tell label errors."""

_NAMED = 5


def _doubted(subject: Subject) -> str | None:
    y = subject.test.y
    rows: dict[int, tuple[float, str, str]] = {}
    for row, suspect, given, likely in _suspects(subject):
        known = rows.get(row)
        if known is None or suspect.confidence < known[0]:
            rows[row] = (suspect.confidence, given, likely)
    cells = int((y >= 0).sum()) if subject.classifier.task.multilabel else len(y)
    if len(rows) <= max(1, poisson.ppf(0.975, BY_CHANCE * cells)):
        return None
    worst = sorted(rows, key=lambda row: rows[row][0])[:_NAMED]
    named = ", ".join(f"{subject.test.ids[row]} ({rows[row][1]}; likely {rows[row][2]})" for row in worst)
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"{len(rows)} of {len(y)} rows have a label to which the model gives less than {STRICT:.0%}: {named}{more}"


def _suspects(subject: Subject) -> Iterator[tuple[int, Suspect, str, str]]:
    """Yield row, suspect, and the names of the given and the likely class."""
    labels, y, p = subject.classifier.labels, subject.test.y, subject.evaluation.probabilities
    if subject.classifier.task.multilabel:
        tasks = [
            ([f"not {label}", label], np.flatnonzero(cells >= 0), cells, np.stack([1 - own, own], axis=1))
            for label, cells, own in zip(labels, y.T, p.T, strict=True)
        ]
    else:
        tasks = [(labels, np.arange(len(y)), y.argmax(axis=1), p)]
    for classes, decided, given, probabilities in tasks:
        own = given[decided].astype(int)
        strict = [s for s in confident_joint(own, probabilities[decided]).suspects if s.confidence < STRICT]
        for number, name in enumerate(classes):
            of_class = [suspect for suspect in strict if suspect.given == number]
            if len(of_class) <= MOST * (own == number).sum():
                yield from ((int(decided[s.row]), s, name, classes[s.likely]) for s in of_class)


FS009 = Check(
    "FS009",
    "likely label errors among the test rows",
    "Confident learning (Northcutt et al. 2021), as in framescope data check, on the model's probabilities of the "
    "test rows: the model is confident of another class, and gives less than 5% to the row's own. Shown when there are "
    "more such rows than right labels give (0.5% of the labels at most in 20 splits of the shipped corpora; upper "
    "97.5% of a Poisson count of that mean), and at least two. A class of which the model contradicts more than a "
    "tenth of the rows is left out: there it is the model that errs.",
    "Wrong labels in the test rows put a ceiling on every score, and can turn round which of two models is better "
    "(Northcutt, Athalye & Mueller 2021).",
    "read the rows named against the codebook; framescope data check lists them all, and a row that is right gets "
    "reviewed=true there",
    _doubted,
)
