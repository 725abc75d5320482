"""The labelled sample: which sentences it has, how they were drawn, and what people say of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.config.schema import Data, Task
from experiments.corpus.rows import UNDECIDED, indicator, need, refuse_scored
from experiments.errors import InputError, cut, short
from experiments.files import unguarded
from experiments.measures.prevalence import Design
from experiments.model.classifier import fingerprint
from experiments.notices import Warn
from experiments.prevalence.places import Place, article_of, number_column, place_of
from experiments.prevalence.population import Population
from experiments.tables.cells import cell_key, cell_text, is_missing
from experiments.tables.read import read_table
from experiments.tables.table import Table

EQUAL = "equal"
"""What stands for a column of probabilities where every sentence had the same."""

_WRITTEN = "probability"  # the column of probabilities that sample writes, and that goes with its stratum_size
_OFF = 0.2  # by how much the weights may miss the number of sentences before a note says so


@dataclass(frozen=True)
class Drawn:
    """Sentences that were drawn, before their labels are looked at.

    Attributes
    ----------
    table : Table
        As read.
    places : list of Place
        Where each stands in the scored files.
    number : str
        The column that numbers sentences.
    probabilities : ndarray of shape (n,)
        With which each was drawn; nan where all had the same.
    strata : ndarray of shape (n,), int
        The number of each one's stratum.
    sizes : dict of int to int
        How many sentences a stratum has; empty where the file doesn't say.
    names : list of str
        What the strata are called.
    """

    table: Table
    places: list[Place]
    number: str
    probabilities: np.ndarray
    strata: np.ndarray
    sizes: dict[int, int]
    names: list[str]

    @property
    def sought(self) -> dict[Place, tuple[Any, str]]:
        """The text of each, and where it stands, for messages."""
        texts = self.table["text"]
        return {place: (texts[at], self.table.place(at)) for at, place in enumerate(self.places)}


def read_drawn(name: str, data: Data, probabilities: str = _WRITTEN, warn: Warn = lambda line: None) -> Drawn:
    """Read which sentences a file has and with which probabilities they were drawn.

    Parameters
    ----------
    name : str
        The labelled file: what ``framescope sample`` wrote, labelled since.
    data : Data
        Says which columns hold text and labels.
    probabilities : str, default "probability"
        The column, or ``equal``. A column ``stratum_size`` counts beside the one that sample writes only.
    warn : callable
        Called with a line for everything the user should know.

    Raises
    ------
    InputError
        If a column is missing, a probability is not above 0 and at most 1, a sentence stands there twice, or strata
        are told of differently by their rows.
    """
    table = read_table(name, data.encoding, data.header, warn)
    refuse_scored(table)
    need(table, data.columns.text, "text")
    if "article" not in table.column_names:
        raise InputError(f"{name}: has no column 'article'; it has {', '.join(table.column_names)} (sample writes it)")
    number = number_column(table.columns, name)
    if data.columns.text != "text":
        table = Table(table.name, {**table.columns, "text": table[data.columns.text]}, table.numbers, table.unit)
    places: dict[Place, int] = {}
    for at, row in enumerate(table.records()):
        place = place_of(row, unguarded(article_of(row["article"])), number)
        if not (place[0] and place[2]):
            raise InputError(f"{table.place(at)}: names no article or no {number}, and can't be found in scored files")
        if (before := places.setdefault(place, at)) != at:
            raise InputError(
                f"{table.place(at)}: is the same sentence as {table.place(before)} ({number} {place[2]} of article "
                f"{cut(place[0])!r}); keep one row a sentence, with the labels that you decided on"
            )
    if probabilities == EQUAL:
        if _WRITTEN in table.column_names and len({cell_key(cell) for cell in table[_WRITTEN]}) > 1:
            raise InputError(
                f"{name}: --probabilities equal, but its own column {_WRITTEN!r} says that its sentences were "
                "drawn with different ones; leave the option out"
            )
        found = np.full(len(table), np.nan)
        return Drawn(table, list(places), number, found, np.zeros(len(table), dtype=np.int64), {}, ["all"])
    if probabilities not in table.column_names:
        raise InputError(
            f"{name}: has no column {probabilities!r} with the probabilities with which its sentences were drawn; name "
            "it with --probabilities, or give --probabilities equal if every scored sentence had the same chance"
        )
    found = np.array([_probability(cell, table.place(at)) for at, cell in enumerate(table[probabilities])])
    strata, sizes, names = _strata(table)
    if probabilities != _WRITTEN:
        sizes = {}  # they go with the probabilities that sample wrote, not with those of one's own
    return Drawn(table, list(places), number, found, strata, sizes, names)


def _probability(cell: Any, where: str) -> float:
    try:
        value = float(cell) if not is_missing(cell) else float("nan")
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 < value <= 1:
        raise InputError(
            f"{where}: the probability is {short(cell)}, and must be above 0 and at most 1: it is that with which the "
            "sentence was drawn"
        )
    return value


def _strata(table: Table) -> tuple[np.ndarray, dict[int, int], list[str]]:
    """Return each row's stratum, the strata's sizes and names."""
    if "stratum" not in table.column_names:
        return np.zeros(len(table), dtype=np.int64), {}, ["all"]
    cells = [cell_key(cell) for cell in table["stratum"]]
    if "" in cells:
        raise InputError(f"{table.place(cells.index(''))}: has no stratum; sample writes one in every row")
    names = list(dict.fromkeys(cells))
    strata = np.array([names.index(cell) for cell in cells], dtype=np.int64)
    if "stratum_size" not in table.column_names:
        return strata, {}, names
    sizes: dict[int, int] = {}
    for at, cell in enumerate(table["stratum_size"]):
        key = cell_key(cell)
        size = int(key) if key.isdecimal() else 0
        if size < 1 or sizes.setdefault(int(strata[at]), size) != size:
            raise InputError(
                f"{table.place(at)}: stratum_size is {short(cell)}; it is the number of sentences of stratum "
                f"{cut(cells[at])!r}, the same in all of its rows"
            )
    return strata, sizes, names


@dataclass(frozen=True)
class Labelled:
    """What people say of the sentences of the sample.

    Attributes
    ----------
    y : ndarray of shape (n, n_labels), int8
        1 given, 0 not given, -1 not decided.
    at : ndarray of shape (n,), int
        Where each stands in the population.
    drawn : Drawn
        How they were drawn.
    notes : list of str
        What the user should know.
    """

    y: np.ndarray
    at: np.ndarray
    drawn: Drawn
    notes: list[str]

    def design(self, population: Population, decided: np.ndarray) -> Design:
        """Return how those were drawn of which somebody has decided.

        Within a stratum these stand for all of it, each in proportion to 1 over its probability, as if it were chance
        on which ones nobody decided. How many it has is `sizes`, else what all its drawn rows stand for.

        Raises
        ------
        InputError
            If nobody has decided on any of a stratum.
        """
        strata, names = self.drawn.strata[decided], self.drawn.names
        equal = np.isnan(self.drawn.probabilities).any()
        drawn = np.ones(len(self.y)) if equal else 1 / self.drawn.probabilities
        totals = np.bincount(self.drawn.strata, drawn, minlength=len(names))
        for stratum, size in self.drawn.sizes.items():
            totals[stratum] = size
        numbers = np.bincount(strata, minlength=len(names))
        if not numbers.all():
            none = int(np.flatnonzero(numbers == 0)[0])
            if len(names) == 1:
                raise InputError(
                    f"{self.drawn.table.name}: has a label on which nobody has decided in any row; label some"
                )
            raise InputError(
                f"{self.drawn.table.name}: nobody has decided on any sentence of stratum {cut(names[none])!r}, which "
                f"stands for {totals[none]:,.0f} of {len(population):,} sentences: nothing is known of them; label some"
            )
        weights = drawn[decided] * (totals / np.bincount(strata, drawn[decided], minlength=len(names)))[strata]
        alone, several = numbers == 1, np.flatnonzero(numbers > 1)
        merged = np.where(alone[strata], several[0] if several.size else 0, strata)
        return Design(weights, population.articles[self.at[decided]], merged)


def match(drawn: Drawn, population: Population, data: Data, warn: Warn = lambda line: None) -> Labelled:
    """Return the labels of a sample whose sentences were found in the scored files.

    Raises
    ------
    InputError
        If some weren't found, the sample was drawn from another number of sentences, it has a label that the model
        doesn't know, or nobody has decided on two of its rows.
    """
    table = drawn.table
    lost = [at for at, place in enumerate(drawn.places) if place not in population.found]
    if lost:
        place = drawn.places[lost[0]]
        raise InputError(
            f"{table.place(lost[0])}: {drawn.number} {place[2]} of article {cut(place[0])!r} is not among the scored "
            f"sentences, or is boilerplate ({len(lost)} of {len(drawn.places)} rows); give the scored files from which "
            "the sample was drawn"
        )
    if drawn.sizes and (total := sum(drawn.sizes.values())) != len(population):
        raise InputError(
            f"{table.name}: its strata have {total:,} sentences together, and the scored files {len(population):,} "
            "without boilerplate; give the files from which the sample was drawn, and a sample with rows of every "
            "stratum"
        )
    task = Task(
        name="prevalence", type="multiclass" if population.exclusive else "multilabel", labels=population.labels
    )
    y = indicator(table, task, data, warn)
    if ((y != UNDECIDED).any(axis=1)).sum() < 2:
        raise InputError(f"{table.name}: nobody has decided on two of its {len(y)} rows; label them first")
    at = np.array([population.found[place] for place in drawn.places], dtype=np.int64)
    return Labelled(y, at, drawn, _notes(drawn, population, y))


def check_unseen(drawn: Drawn, trained_on: Collection[str], model: str) -> None:
    """Make sure that a model wasn't trained on sentences of the sample.

    Raises
    ------
    InputError
        If it was: it answers better there than elsewhere, and the correction would be too small.
    """
    texts: Sequence[Any] = drawn.table["text"]
    seen = [
        at
        for at, text in enumerate(map(cell_text, texts))
        if fingerprint(text) in trained_on or fingerprint(unguarded(text)) in trained_on  # a CSV guards formulas
    ]
    if seen:
        raise InputError(
            f"{drawn.table.place(seen[0])}: {model} was trained on this sentence ({len(seen)} of {len(texts)} rows): "
            "it does better there than on others, and shares would be corrected too little; draw the sample from what "
            "it wasn't trained on, or score with a model that was trained without these rows"
        )


def _notes(drawn: Drawn, population: Population, y: np.ndarray) -> list[str]:
    notes = []
    if undecided := int((y == UNDECIDED).all(axis=1).sum()):
        notes.append(
            f"{undecided} of {len(y)} rows of the sample are undecided and left out: the shares hold if it is chance "
            "which ones are"
        )
    if partly := int(((y == UNDECIDED).any(axis=1) & ~(y == UNDECIDED).all(axis=1)).sum()):
        notes.append(f"{partly} rows have labels that nobody decided; each label is counted where it is decided")
    wanted = sum(
        round(size * float(drawn.probabilities[drawn.strata == stratum].mean()))
        for stratum, size in drawn.sizes.items()
    )
    if len(y) < wanted:
        notes.append(
            f"{wanted - len(y)} of the {wanted} rows that were drawn are not in {drawn.table.name}: the shares hold if "
            "it is chance which ones are missing"
        )
    if np.isnan(drawn.probabilities).any():
        notes.append("--probabilities equal: every scored sentence is taken to have had the same chance to be drawn")
    elif not drawn.sizes:
        total = float((1 / drawn.probabilities).sum())
        if abs(total / len(population) - 1) > _OFF:
            notes.append(
                f"by their probabilities the labelled rows stand for {total:,.0f} sentences, and {len(population):,} "
                "are scored: are these the files from which they were drawn?"
            )
    return notes
