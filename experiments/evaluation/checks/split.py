"""Do the test rows say what rows that were never seen would: leaks between the parts, and how alike they are."""

import numpy as np
from scipy.stats import t as student_t

from experiments.corpus.checks import find_leaks
from experiments.evaluation.checks.finding import Check, Subject
from experiments.measures.clustered import clustered_mean
from experiments.measures.operating_points import macro_f1
from experiments.measures.resampling import MIN_GROUPS

FEW_COPIES = 0.01
"""Copies among fewer test rows than this part move no figure that is worth a finding."""

ODDS = 1.5
"""Label shares count as different from this odds ratio on, either way."""


def _shared_groups(subject: Subject) -> str | None:
    if subject.train is None:
        return None
    shared = set(subject.train.groups) & set(subject.test.groups)
    if not shared:
        return None
    n = sum(group in shared for group in subject.test.groups)
    return (
        f"{len(shared)} group(s), such as {min(shared)!r}, stand in training and test rows; {n} of {len(subject.test)} "
        "test rows are of them"
    )


def _copies(subject: Subject) -> str | None:
    test, evaluation = subject.test, subject.evaluation
    if subject.train is None:
        seen = subject.classifier.seen(test.texts)
        return (
            f"the model was trained on {seen} of these {len(test)} rows; its score on them flatters" if seen else None
        )
    leaks = find_leaks(subject.train, test)
    copies = sorted({row for _, row in [*leaks.same, *leaks.near]})
    if len(copies) < max(1, FEW_COPIES * len(test)):
        return None
    first = min([*leaks.same, *leaks.near], key=lambda pair: pair[1])
    said = (
        f"{len(copies)} of {len(test)} test rows repeat a training text, word for word or nearly, such as "
        f"{test.ids[first[1]]} that of {subject.train.ids[first[0]]}"
    )
    rest = np.setdiff1d(np.arange(len(test)), copies)
    without = macro_f1(test.y[rest], evaluation.decided[rest]) if rest.size else float("nan")
    if without != without:
        return said
    return f"{said}; macro-F1 is {macro_f1(test.y, evaluation.decided):.3f} with them and {without:.3f} without"


def _shares(subject: Subject) -> str | None:
    train, test = subject.train, subject.test
    if train is None:
        return None
    found = []
    for column, label in enumerate(subject.classifier.labels):
        level = 1 - 0.05 / (2 * test.y.shape[1])
        parts = []
        for part in (train, test):
            rows = np.flatnonzero(part.y[:, column] >= 0)
            if len({part.groups[row] for row in rows}) < MIN_GROUPS:
                break
            parts.append(clustered_mean(part.y[rows, column] > 0, [part.groups[row] for row in rows]))
        if len(parts) < 2:
            continue
        a, b = parts
        pooled = (a.value * a.rows + b.value * b.rows) / (a.rows + b.rows)
        # groups without the label vary in nothing: the error is at least that of rows that are independent
        spread = sum(max(each.error**2, pooled * (1 - pooled) / each.rows) for each in parts)
        bound = student_t.ppf(level, min(each.groups for each in parts) - 1) * np.sqrt(spread)
        odds = [max(each.value, 1e-12) / max(1 - each.value, 1e-12) for each in parts]
        if abs(b.value - a.value) > bound and not 1 / ODDS < odds[1] / odds[0] < ODDS:
            found.append(f"{label} {a.value:.1%} and {b.value:.1%} (difference {b.value - a.value:+.1%} ± {bound:.1%})")
    return f"training and test rows have {'; '.join(found)}" if found else None


FS001 = Check(
    "FS001",
    "groups on both sides of the split",
    "A group (an article, a batch) stands among the training rows and among the test rows. Training refuses such a "
    "split; with data.allow_leaks=true it goes on, and this is what remains to be said.",
    "Sentences of one article share names, topic and wording, so the model has seen half the answer, and the score is "
    "higher than on new articles.",
    "split by article: leave data.test out and name the column in data.columns.group, or take these groups out of one "
    "side",
    _shared_groups,
)

FS002 = Check(
    "FS002",
    "copies of training texts among the test rows",
    "A test row has the text of a training row, but for case and typography, or shares 80% of its runs of three words "
    "with one (Jaccard similarity; Broder 1997). It is shown from 1% of the test rows on. For a saved model: the "
    "fingerprint of a row's text is among those of its training texts, of any one row.",
    "A model that has learned a text by heart gets its copy right; agency reports are reprinted all over, so this is "
    "common in news.",
    "take the copies out of the test rows, or give a text and its copies one group",
    _copies,
)

FS005 = Check(
    "FS005",
    "label shares differ between training and test rows",
    "A label's share of the rows in which it is decided differs by an odds ratio of 1.5 or more, and by more than 95% "
    "bounds, divided among the labels (Bonferroni), of a t test on whole groups: errors from the groups' residuals "
    "(Cochran 1977; Liang & Zeger 1986), not below those of independent rows, and one degree of freedom less than the "
    "smaller number of groups. Needs five groups on either side.",
    "Thresholds and probabilities are learned at the training rows' shares: where a label is rarer than that it is "
    "given too often, and precision and F1 fall though the model is the same.",
    "choose thresholds on rows with the shares of those to be read (thresholds.where), calibrate on them "
    "(calibration), and find out which of the two shares the news has that you will score",
    _shares,
)
