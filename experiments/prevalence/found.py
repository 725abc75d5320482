"""What is found out of shares: by every method, of all sentences and of groups, with differences between these."""

from collections.abc import Iterator
from dataclasses import dataclass

from experiments.measures.resampling import Estimate
from experiments.scored.reading import By

REPORTED = "ppi++"
"""The method whose shares are to be reported."""

METHODS = {
    "naive": "classify and count: what the model says, uncorrected",
    "adjusted": "adjusted count, by the rates at which the model errs in the sample",
    "emq": "EMQ, on probabilities calibrated on the sample",
    "sample": "the labelled sample alone, without the model",
    "dsl": "design-based (DSL, AIPW): the model's answers, less what they are too high by in the sample",
    REPORTED: "prediction-powered inference: the sample, made more exact by the model's answers as far as they help",
}
"""What each method is, in the order in which they are shown."""


@dataclass(frozen=True)
class Shares:
    """The shares of one label in a group.

    Attributes
    ----------
    label : str
        Which.
    labelled, positive, articles : int
        Sentences on which somebody decided, how many of them have the label, and of how many articles they are.
    weight : float
        How much of the model's answers PPI++ uses.
    by_method : dict of str to Estimate
        One a method of `METHODS`; nan where it can't be had.
    needed, needed_alone : int or None
        Labelled sentences for bounds of the width that was asked for, with the model and without it; None if there was
        no such question, or no number is enough.
    """

    label: str
    labelled: int
    positive: int
    articles: int
    weight: float
    by_method: dict[str, Estimate]
    needed: int | None = None
    needed_alone: int | None = None


@dataclass(frozen=True)
class Group:
    """Sentences that have something in common, or all of them."""

    by: tuple[str, ...]
    sentences: int
    articles: int
    shares: list[Shares]


@dataclass(frozen=True)
class Gap:
    """How much more often a label is given in a group than in another; ``p`` is adjusted for all that are tested."""

    names: tuple[str, ...]
    group: tuple[str, ...]
    other: tuple[str, ...]
    label: str
    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class View:
    """All groups of some columns, and the differences between them."""

    names: tuple[str, ...]
    groups: list[Group]
    gaps: list[Gap]
    left_out: int


@dataclass(frozen=True)
class Prevalence:
    """Shares of labels in scored articles.

    Attributes
    ----------
    labels : list of str
        In the order of the scored files.
    exclusive : bool
        Whether a sentence has one label, so that shares add up to 1.
    by : tuple of By
        What it is grouped by.
    boilerplate, rows, decided : int
        Rows that were set aside, rows of the sample, and those on which somebody decided.
    width : float or None
        The width of bounds that was asked for.
    views : list of View
        All, by each column, and by both.
    notes : list of str
        What the user should know.
    """

    labels: list[str]
    exclusive: bool
    by: tuple[By, ...]
    boilerplate: int
    rows: int
    decided: int
    width: float | None
    views: list[View]
    notes: list[str]

    @property
    def whole(self) -> Group:
        """All sentences that are no boilerplate."""
        return self.views[0].groups[0]


def rows_of(found: Prevalence) -> Iterator[dict[str, object]]:
    """Yield a row a group, label and method; what a group is not grouped by is empty."""
    for view in found.views:
        for group in view.groups:
            by = dict(zip(view.names, group.by, strict=True))
            for share in group.shares:
                for method, value in share.by_method.items():
                    yield {
                        **{each.name: by.get(each.name, "") for each in found.by},
                        "frame": share.label,
                        "method": method,
                        "report": method == REPORTED,
                        "share": value.value,
                        "low": value.low,
                        "high": value.high,
                        "sentences": group.sentences,
                        "articles": group.articles,
                        "labelled": share.labelled,
                        "positive": share.positive,
                    }
