"""What is looked for in labelled rows before anything is trained on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer

from experiments.config.schema import Task
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.notices import Warn
from experiments.progress import progress
from features.normalise import normalise_text

NEAR = 0.8
"""Two texts are near duplicates when they share this part of their three-word runs (Jaccard)."""


@dataclass(frozen=True)
class Duplicates:
    """Pairs of row numbers, first < second, whose texts are the same or nearly so."""

    exact: list[tuple[int, int]]
    near: list[tuple[int, int]]


def find_duplicates(
    texts: Sequence[str], threshold: float = NEAR, block: int = 2000, say: Warn | None = None
) -> Duplicates:
    """Return the pairs of equal and of nearly equal texts.

    Parameters
    ----------
    texts : sequence of str
        n texts; case and typography do not count, digits only for being the same.
    threshold : float, default 0.8
        Smallest Jaccard similarity of three-word shingles that counts as near.
    block : int, default 2000
        Rows compared at a time; bounds memory.
    say : callable, optional
        Shows how far it is: a bar on a terminal, else called with a line a minute. Left out, nothing is shown, as
        within a job that has a bar of its own.

    Notes
    -----
    Exact, not hashed to buckets: an inverted index over shingles as a sparse product, so that only texts that share a
    shingle are compared. 12,000 news sentences take about half a second.

    References
    ----------
    Broder, A. (1997). On the resemblance and containment of documents. Compression and Complexity of Sequences.
    """
    normal = [normalise_text(text) for text in texts]
    first: dict[str, int] = {}
    exact, kept = [], []
    # sentences that differ in figures alone are two sentences, if nearly the same
    for row, text in enumerate(normalise_text(text, fold_digits=False) for text in texts):
        if text in first:
            exact.append((first[text], row))
        else:
            first[text] = row
            kept.append(row)
    if len(kept) < 2:
        return Duplicates(exact, [])
    # texts of fewer than three words have no run of three and are compared as a whole above
    runs = HashingVectorizer(
        analyzer="word",
        ngram_range=(3, 3),
        binary=True,
        norm=None,
        alternate_sign=False,
        n_features=2**22,
        token_pattern=r"(?u)\b\w+\b",
    )
    shingles: csr_matrix = runs.transform([normal[row] for row in kept])
    sizes = np.asarray(shingles.sum(axis=1)).ravel()
    near = []
    starts = range(0, len(kept), block)
    for start in starts if say is None else _followed(starts, len(kept), say):
        common = (shingles[start : start + block] @ shingles.T).tocoo()
        i, j = common.row + start, common.col
        union = sizes[i] + sizes[j] - common.data
        close = (i < j) & (common.data >= threshold * union)
        near += [(kept[a], kept[b]) for a, b in zip(i[close], j[close], strict=True)]
    return Duplicates(exact, sorted(near))


def _followed(starts: range, n: int, say: Warn) -> Iterator[int]:
    with progress("comparing", say) as shown:
        for start in starts:
            # of each text only those before it are looked at, but all are multiplied: the work is even
            shown.at(start / n, f"{start:,} of {n:,} texts")
            yield start


def undecided_counts(data: Labelled, labels: Sequence[str]) -> dict[str, Any]:
    """Return how many rows were left out as undecided, and of how many others a label is: ``rows`` and ``labels``."""
    cells = (data.y < 0).sum(axis=0).tolist()
    return {"rows": data.undecided, "labels": {label: n for label, n in zip(labels, cells, strict=True) if n}}


def undecided_lines(data: Labelled, labels: Sequence[str]) -> list[str]:
    """Return the same as lines, none where everything is decided."""
    found, n = undecided_counts(data, labels), len(data)
    lines = [f"{data.name}: {found['rows']} of {n + found['rows']} rows have no decided label: left out"]
    return lines * bool(found["rows"]) + [
        f"{data.name}: label {label}: decided in {n - cells} of {n} rows" for label, cells in found["labels"].items()
    ]


def check_labels(train: Labelled, task: Task) -> None:
    """Check that something can be learned of every label.

    Raises
    ------
    InputError
        If a label has fewer than two rows, or every row of which it is decided.
    """
    counts, decided = (train.y > 0).sum(axis=0), (train.y >= 0).sum(axis=0)
    for label, count, known in zip(task.labels, counts, decided, strict=True):
        if count < 2:
            raise InputError(
                f"{train.name}: the label {label!r} has {count} training row(s); add rows with it, or "
                "take it out of task.labels"
            )
        if count == known:
            which = "row" if known == len(train) else f"row of the {known} where it is decided"
            raise InputError(f"{train.name}: every training {which} has the label {label!r}; add rows without it")


def check_training(train: Labelled, task: Task) -> list[str]:
    """Return what the user should know of the training rows, a line each.

    Raises
    ------
    InputError
        If nothing can be learned of a label; see :func:`check_labels`.
    """
    check_labels(train, task)
    counts = (train.y > 0).sum(axis=0)
    found = find_duplicates(_wordings(train))
    lines = [
        f"{train.name}: label {label!r} has only {count} training rows"
        for label, count in zip(task.labels, counts, strict=True)
        if count < 20
    ]
    if found.exact:
        a, b = found.exact[0]
        lines.append(
            f"{train.name}: {len(found.exact)} row(s) repeat another's text, such as {train.ids[a]} and {train.ids[b]}"
        )
    if found.near:
        a, b = found.near[0]
        lines.append(
            f"{train.name}: {len(found.near)} pair(s) of nearly equal texts, such as {train.ids[a]} and {train.ids[b]}"
        )
    clash = [(a, b) for a, b in found.exact if differ(train.y[a], train.y[b])]
    if clash:
        lines.append(
            f"{train.name}: {len(clash)} repeated text(s) with different labels, such as "
            f"{train.ids[clash[0][0]]} and {train.ids[clash[0][1]]}"
        )
    return lines


def differ(first: np.ndarray, second: np.ndarray) -> bool:
    """Return whether two rows of labels contradict each other; what one of them leaves undecided doesn't."""
    return bool(((first != second) & (first >= 0) & (second >= 0)).any())


@dataclass(frozen=True)
class Leaks:
    """What stands on both sides of a split: groups, and pairs (training row, test row) of the same or near texts."""

    groups: list[str]
    same: list[tuple[int, int]]
    near: list[tuple[int, int]]


def find_leaks(train: Labelled, test: Labelled) -> Leaks:
    """Return what stands on both sides of a split; in a task with targets, a text with its target."""
    n = len(train)
    found = find_duplicates(_wordings(train) + _wordings(test))
    same, near = ([(a, b - n) for a, b in pairs if a < n <= b] for pairs in (found.exact, found.near))
    return Leaks(sorted(set(train.groups) & set(test.groups)), same, near)


def check_split(train: Labelled, test: Labelled, allow_leaks: bool) -> list[str]:
    """Return a line for each kind of leak between the parts of a split.

    Raises
    ------
    InputError
        If the same text or group stands on both sides and leaks are not allowed.
    """
    refused: list[str] = []
    noted: list[str] = []
    leaks = find_leaks(train, test)
    if leaks.groups:
        refused.append(f"{len(leaks.groups)} group(s) stand in training and test rows, such as {leaks.groups[0]!r}")
    for kind, pairs, lines in (("the same", leaks.same, refused), ("nearly the same", leaks.near, noted)):
        if pairs:
            a, b = pairs[0]
            lines.append(
                f"{len({row for _, row in pairs})} test row(s) have {kind} text as a training row, such "
                f"as {train.ids[a]} and {test.ids[b]}"
            )
    if refused and not allow_leaks:
        raise InputError(f"{refused[0]}; remove them, or set data.allow_leaks=true")
    return [*refused, *noted]


def _wordings(data: Labelled) -> list[str]:
    """Return what must not be repeated: the texts, or the texts with their targets."""
    if data.targets is None:
        return data.texts
    return [f"{target}: {text}" for text, target in zip(data.texts, data.targets, strict=True)]
