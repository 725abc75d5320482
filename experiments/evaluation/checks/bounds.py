"""Are there rows enough for the bounds."""

from experiments.evaluation.checks.finding import Check, Subject
from experiments.evaluation.gaps import FEW
from experiments.measures.resampling import MIN_GROUPS


def _few(subject: Subject) -> str | None:
    test = subject.test
    bounded = len(set(test.groups)) >= MIN_GROUPS
    found = []
    for label, column in zip(subject.classifier.labels, test.y.T, strict=True):
        n = int((column > 0).sum())
        having = len({group for group, cell in zip(test.groups, column, strict=True) if cell > 0})
        if n < FEW or (bounded and having < MIN_GROUPS):
            found.append(f"{label} has {n} row(s) in {having} group(s)" if n else f"{label} has no row")
    return f"of the test rows, {'; '.join(found)}" if found else None


FS006 = Check(
    "FS006",
    "too few positives for the bounds",
    "Fewer than 10 test rows have a label, or those that have it are of fewer than five groups (where there are five "
    "groups at all; else there are no bounds).",
    "In a simulation (1,500 draws of 200 groups a setting, recall and frequency different from group to group) 95% "
    "bounds of F1 held the true value in 92 to 96% of cases when five groups or more had the label, in 60% (groups of "
    "eight rows) and 89% (of one) when fewer had it; below ten rows they are half a point of F1 wide, and one row "
    "moves F1 by 0.05 or more.",
    "add test rows with the label from other articles (data.test_size, data.test), measure all rows with "
    "framescope cross-validate, or draw no conclusion about it",
    _few,
)
