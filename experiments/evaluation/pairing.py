"""Puts the predictions of several runs side by side: the rows that all were tested on, and what each said of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from experiments.errors import InputError
from experiments.evaluation.predictions import SLICE, predicted
from experiments.tracking.contestant import Contestant

_SCORE = "score_"
_KEY = ("id", "text", "target")


@dataclass(frozen=True)
class Rows:
    """The test rows that all contestants have, and what each said of them.

    Attributes
    ----------
    ids, texts, groups : list of str
        Of each of n rows.
    y : ndarray of shape (n, n_labels)
        The truth; -1 where nobody decided.
    systems : list of list of (probabilities, decided)
        Of each contestant, once for each seed.
    slices : dict of str to list of str
        Column that the evaluations were sliced by -> value of each row.
    left_out : int
        Rows that not all have.
    """

    labels: list[str]
    ids: list[str]
    texts: list[str]
    groups: list[str]
    y: np.ndarray
    systems: list[list[tuple[np.ndarray, np.ndarray]]]
    slices: dict[str, list[str]]
    left_out: int = 0


def pair_rows(contestants: Sequence[Contestant], common: bool = False) -> Rows:
    """Return the rows that all contestants were tested on.

    Raises
    ------
    InputError
        If fewer than two are given or one twice, their tasks, labels or rows differ (with ``common``: no row is
        shared), or the same sentence has another truth in two of them.
    """
    if len(contestants) < 2:
        raise InputError("one run compares with nothing; name two or more, or take --last 5")
    if twice := [one.name for one, other in combinations(contestants, 2) if one.run_id and one.run_id == other.run_id]:
        raise InputError(f"{twice[0]}: is named twice; a run is no better than itself")
    first = contestants[0]
    labels = labels_of(first.table)
    for other in contestants[1:]:
        if (other.task, other.multilabel) != (first.task, first.multilabel) or set(labels_of(other.table)) != set(
            labels
        ):
            raise InputError(
                f"{first.name} is of the task {first.task!r} ({', '.join(labels)}), {other.name} of {other.task!r} "
                f"({', '.join(labels_of(other.table))}); only runs of one task and the same labels compare"
            )
    split = [_by_seed(each) for each in contestants]
    keys = [set(_keys(tables[0])) for tables in split]
    shared = set.intersection(*keys)
    apart = next((number for number, each in enumerate(keys) if each != keys[0]), None)
    if apart is not None and not common:
        raise InputError(
            f"{first.name} and {contestants[apart].name} were tested on different rows (digests {_digest(keys[0])}, "
            f"{len(keys[0])} rows, and {_digest(keys[apart])}, {len(keys[apart])} rows; {len(keys[0] & keys[apart])} "
            "in both): compare on what they share with --common, or train them on one split (data.test)"
        )
    if not shared:
        raise InputError(
            "these runs have no test row in common; train them with the same data.test, or the same data.train, "
            "data.test_size and seed"
        )
    order = [key for key in _keys(split[0][0]) if key in shared]
    base = _ordered(split[0][0], order)
    y = predicted(base, labels).y
    systems = []
    for contestant, tables in zip(contestants, split, strict=True):
        found = []
        for table in tables:
            said = predicted(_ordered(table, order), labels)
            if (said.y != y).any():
                at = int(np.flatnonzero((said.y != y).any(axis=1))[0])
                raise InputError(
                    f"{first.name} and {contestant.name} were tested against different labels of the same sentences, "
                    f"such as {order[at][0]}; train both with the same labels"
                )
            found.append((said.probabilities, said.decided))
        systems.append(found)
    slices = {
        name.removeprefix(SLICE): [str(value) for value in base[name]]
        for name in base.columns
        if name.startswith(SLICE) and all(name in tables[0] for tables in split)
    }
    groups = [str(group) for group in base["group"]]
    left_out = len(set.union(*keys)) - len(shared)
    texts = [str(text) for text in base["text"]]
    return Rows(labels, [key[0] for key in order], texts, groups, y, systems, slices, left_out)


def labels_of(table: pd.DataFrame) -> list[str]:
    """Return the labels that a predictions table has scores of."""
    return [name.removeprefix(_SCORE) for name in table.columns if name.startswith(_SCORE)]


def _by_seed(contestant: Contestant) -> list[pd.DataFrame]:
    table = contestant.table
    if "seed" not in table:
        return [table]
    tables = [part for _, part in table.groupby("seed", sort=True)]
    if any(set(_keys(part)) != set(_keys(tables[0])) for part in tables):
        raise InputError(f"{contestant.name}: its seeds were tested on different rows; train them again")
    return tables


def _keys(table: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [table[name].astype(str) for name in _KEY if name in table]
    return list(zip(*columns, strict=True))


def _ordered(table: pd.DataFrame, keys: Sequence[tuple[str, ...]]) -> pd.DataFrame:
    place = {key: number for number, key in enumerate(_keys(table))}
    return table.iloc[[place[key] for key in keys]].reset_index(drop=True)


def _digest(keys: set[tuple[str, ...]]) -> str:
    return hashlib.sha256("\n".join(sorted("\t".join(key) for key in keys)).encode()).hexdigest()[:12]
