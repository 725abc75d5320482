"""From scored files and a labelled sample to corrected shares of all sentences and of groups, and differences."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from experiments.corpus.rows import UNDECIDED
from experiments.measures.paired import holm
from experiments.measures.prevalence import TUNED, Corpus, Corrected, Design, corrected_shares
from experiments.measures.prevalence_counts import PARTS, Emq, adjusted_count
from experiments.measures.prevalence_differences import labelled_needed, share_difference
from experiments.measures.proportions import proportion_bounds
from experiments.measures.resampling import MIN_GROUPS, Estimate
from experiments.prevalence.found import METHODS, REPORTED, Gap, Group, Prevalence, Shares, View
from experiments.prevalence.population import Population
from experiments.prevalence.sample import Labelled
from experiments.scored.reading import By


def estimate(
    population: Population, labelled: Labelled, by: tuple[By, ...] = (), width: float | None = None
) -> Prevalence:
    """Return the shares of all sentences and groups, by every method, and differences between groups.

    Parameters
    ----------
    population : Population
        All scored sentences.
    labelled : Labelled
        The sample.
    by : tuple of By
        What the population was read by.
    width : float, optional
        Of bounds for which to say how many labelled sentences they take.

    Raises
    ------
    InputError
        If nobody decided on a stratum of the sample, or on two sentences for a label.

    Notes
    -----
    PPI++, DSL and the sample alone take a group's own labelled sentences. The adjusted count and EMQ take the errors
    that the model makes in the whole sample, as they are meant to: they are right in a group as far as these are the
    same there. A group without labelled sentences, of which nobody can know that, has the naive figure only.
    """
    members = _Members(population, labelled)
    notes = [*population.notes, *labelled.notes, *members.notes()]
    views = []
    for size in range(len(by) + 1):
        for places in combinations(range(len(by)), size):
            view, found = _view(members, places, by, width)
            views.append(view)
            notes += found
    decided = int((labelled.y != UNDECIDED).any(axis=1).sum())
    return Prevalence(
        population.labels,
        population.exclusive,
        by,
        population.boilerplate,
        len(labelled.y),
        decided,
        width,
        views,
        notes,
    )


@dataclass(frozen=True)
class _Question:
    """What is estimated at once: one label of several, or all that exclude each other."""

    labels: list[int]
    y: np.ndarray
    rows: np.ndarray
    design: Design
    emq: Emq


class _Members:
    """The population and the sample, and the questions that are put to them."""

    def __init__(self, population: Population, labelled: Labelled) -> None:
        self.population = population
        self.count = int(population.articles.max()) + 1
        self.parts = population.articles % PARTS
        every = list(range(len(population.labels)))
        self.questions = [
            self._question(labelled, at) for at in ([every] if population.exclusive else [[label] for label in every])
        ]

    def _question(self, labelled: Labelled, at: list[int]) -> _Question:
        decided = np.flatnonzero((labelled.y[:, at] != UNDECIDED).all(axis=1))
        design, rows = labelled.design(self.population, decided), labelled.at[decided]
        y = labelled.y[decided][:, at].astype(np.float64)
        emq = Emq(classes(y), classes(self.population.scores[rows][:, at]), design.weights, self.parts[rows])
        return _Question(at, y, rows, design, emq)

    def notes(self) -> list[str]:
        """Return what can't be had of labels that the sample has none of, or nothing else."""
        notes = []
        for question in self.questions:
            for label, given in zip(question.labels, question.y.T, strict=True):
                if given.all() or not given.any():
                    has = "no labelled sentence has" if given.any() == 0 else "every labelled sentence has"
                    notes.append(
                        f"{has} {self.population.labels[label]}: its share has bounds, but there is no adjusted count "
                        "and no EMQ; label more sentences, those with high scores more often (sample --boost)"
                    )
        return notes

    def corpus(self, values: np.ndarray, inside: np.ndarray) -> Corpus:
        """Return the sums of values of shape (n, k) over the articles, of the sentences inside."""
        articles = self.population.articles[inside]
        sums = [np.bincount(articles, column[inside], minlength=self.count) for column in values.T]
        return Corpus(np.bincount(articles, minlength=self.count), np.stack(sums, axis=1))


def classes(values: np.ndarray) -> np.ndarray:
    """Return values of shape (n, k) as those of classes that exclude each other: of one label, also of its absence."""
    wide = values.astype(np.float64)
    return np.hstack([1 - wide, wide]) if values.shape[1] == 1 else wide


def _view(
    members: _Members, places: tuple[int, ...], by: tuple[By, ...], width: float | None
) -> tuple[View, list[str]]:
    names = tuple(by[at].name for at in places)
    values = [tuple(key[at] for at in places) for key in members.population.keys]
    kept = sorted({value for value in values if all(value)})
    number = {value: at for at, value in enumerate(kept)}
    member = np.array([number.get(value, -1) for value in values], dtype=np.int64)[members.population.groups]
    groups, found = [], []
    for at, value in enumerate(kept):
        group, corrected = _group(members, value, member == at, width, bool(places))
        groups.append(group)
        found.append(corrected)
    notes = []
    if bare := [", ".join(group.by) for group in groups if places and min(s.labelled for s in group.shares) == 0]:
        notes.append(
            f"{len(bare)} of {len(groups)} groups by {' and '.join(names)} have no labelled sentence, so that only "
            f"what the model says is known of them: {'; '.join(bare[:5])}{'; ...' if len(bare) > 5 else ''}"
        )
    return View(names, groups, _gaps(members, names, groups, found, member), int((member < 0).sum())), notes


def _group(
    members: _Members, value: tuple[str, ...], inside: np.ndarray, width: float | None, part: bool
) -> tuple[Group, list[Corrected | None]]:
    """Return a group, and what PPI++ says of each question, None where too few articles were labelled for bounds."""
    counted = np.bincount(members.population.articles[inside], minlength=members.count)
    shares: list[Shares] = []
    corrected: list[Corrected | None] = []
    for question in members.questions:
        here = inside[question.rows]
        found = _by_method(members, question, inside, here, part)
        best = found[REPORTED] if _bounded(question, here) else None
        corrected.append(best if isinstance(best, Corrected) else None)
        for column, label in enumerate(question.labels):
            shares.append(_shares(members, question, here, found, column, label, width))
    return Group(value, int(counted.sum()), int((counted > 0).sum()), shares), corrected


_Found = Corrected | tuple[np.ndarray, np.ndarray] | None


def _by_method(
    members: _Members, question: _Question, inside: np.ndarray, here: np.ndarray, part: bool
) -> dict[str, _Found]:
    """Return what each method but the naive one says."""
    population, at = members.population, question.labels
    scores, given = population.scores[:, at], population.given[:, at]
    decided = given[question.rows]
    found: dict[str, _Found] = dict.fromkeys(METHODS)
    of_all = classes(given) if len(at) == 1 else given.astype(np.float64)
    if here.any():
        found["adjusted"] = adjusted_count(
            classes(question.y), classes(decided), question.design, members.corpus(of_all, inside)
        )
        found["emq"] = question.emq.shares(classes(scores[inside]), members.parts[inside], bounds=not part)
    found |= dict(
        zip(("sample", "dsl", REPORTED), _corrected(members, question, inside, here, 0.0, 1.0, TUNED), strict=True)
    )
    naive = members.corpus(given.astype(np.float64), inside)
    there = naive.sentences > 0
    bounds = [
        proportion_bounds(hits, naive.sentences[there]) if there.sum() >= MIN_GROUPS else (np.nan, np.nan)
        for hits in naive.sums[there].T
    ]
    found["naive"] = naive.means, np.asarray(bounds)
    return found


def _corrected(
    members: _Members, question: _Question, inside: np.ndarray, here: np.ndarray, *weights: float | None
) -> list[Corrected | None]:
    """Return what the labelled sentences inside say with the answers weighted so, None where there are too few."""
    if here.sum() < 2:
        return [None] * len(weights)
    scores = members.population.scores[:, question.labels]
    answers, corpus = scores[question.rows].astype(np.float64), members.corpus(scores, inside)
    return [corrected_shares(question.y, answers, question.design, corpus, here, weight) for weight in weights]


def _bounded(question: _Question, here: np.ndarray) -> bool:
    """Return whether the labelled sentences inside are of enough articles for bounds."""
    return len(np.unique(question.design.articles[here])) >= MIN_GROUPS


def _reported(members: _Members, inside: np.ndarray) -> list[Corrected | None]:
    """Return what PPI++ says of each question, None where too few articles were labelled for bounds."""
    heres = [inside[question.rows] for question in members.questions]
    return [
        _corrected(members, question, inside, here, TUNED)[0] if _bounded(question, here) else None
        for question, here in zip(members.questions, heres, strict=True)
    ]


def _shares(
    members: _Members,
    question: _Question,
    here: np.ndarray,
    found: dict[str, _Found],
    column: int,
    label: int,
    width: float | None,
) -> Shares:
    articles = len(np.unique(question.design.articles[here]))
    by_method = {}
    for method, each in found.items():
        if each is None:
            by_method[method] = Estimate(float("nan"))
            continue
        values, bounds = (each.values, each.bounds) if isinstance(each, Corrected) else each
        at = column + (len(values) - len(question.labels))  # of a label's absence and presence the presence
        low, high = (np.nan, np.nan) if method != "naive" and articles < MIN_GROUPS else bounds[at]
        by_method[method] = Estimate(float(values[at]), float(low), float(high))
    best, alone = found[REPORTED], found["sample"]
    needed: list[int | None] = [None, None]
    if width is not None and isinstance(best, Corrected) and isinstance(alone, Corrected) and articles >= MIN_GROUPS:
        needed = [
            labelled_needed(
                width,
                float(each.values[column]),
                float(each.variances[column]),
                float(each.sampling[column]),
                int(here.sum()),
                each.freedom,
            )
            for each in (best, alone)
        ]
    return Shares(
        members.population.labels[label],
        int(here.sum()),
        int(question.y[here, column].sum()),
        articles,
        best.weight if isinstance(best, Corrected) else float("nan"),
        by_method,
        *needed,
    )


def _gaps(
    members: _Members,
    names: tuple[str, ...],
    groups: list[Group],
    corrected: list[list[Corrected | None]],
    member: np.ndarray,
) -> list[Gap]:
    """Return the differences: between two groups, or of three and more each from all the others together."""
    if len(groups) < 2:
        return []
    gaps = []
    for at, other in [(0, 1)] if len(groups) == 2 else [(at, None) for at in range(len(groups))]:
        rest = corrected[other] if other is not None else _reported(members, (member >= 0) & (member != at))
        for question, one, two in zip(members.questions, corrected[at], rest, strict=True):
            if one is None or two is None:
                continue
            articles = [
                len(np.unique(question.design.articles[(member[question.rows] >= 0) & mask]))
                for mask in (member[question.rows] == at, member[question.rows] != at)
            ]
            for column, label in enumerate(question.labels):
                found = share_difference(one, two, column, max(min(articles) - 1, 1))
                against = groups[other].by if other is not None else ()
                gaps.append((label, groups[at].by, against, found))
    adjusted = holm([found.p for *_, found in gaps])
    return [
        Gap(names, group, other, members.population.labels[label], found.value, found.low, found.high, p)
        for (label, group, other, found), p in zip(gaps, adjusted, strict=True)
    ]
