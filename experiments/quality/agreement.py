"""How far annotators agree, and over what they don't."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from experiments.corpus.annotations import Annotations
from experiments.measures.reliability import (
    LabelSet,
    Statistic,
    bounded,
    cohen_kappa,
    krippendorff_alpha,
    masi_alpha,
    masi_distances,
    nominal_distances,
)
from experiments.measures.resampling import Estimate

EXAMPLES = 2
"""Rows named for each way of disagreeing."""

Pair = tuple[str, str]


def measure_agreement(annotations: Annotations, bootstrap: int = 1000, seed: int = 13) -> dict[str, Any]:
    """Measure the agreement between the annotators of a file.

    Parameters
    ----------
    annotations : Annotations
        Only rows that two annotators or more have seen count.
    bootstrap : int, default 1000
        Resamples of groups behind the 95% bounds; 0 for none.
    seed : int, default 13
        Seed of the resamples.

    Returns
    -------
    dict
        ``overall``, ``labels`` (a dict a label), ``pairs`` (confusions of each two annotators) and what was read.
        Coefficients are ``{"value", "low", "high"}``, nan where undefined.

    Notes
    -----
    Of a label: Cohen's kappa, percent agreement and positive agreement (the F1 of one annotator against the other,
    Dice) are means over the pairs of annotators; alpha is nominal, over present and absent. ``prevalence`` is the part
    of all annotations that have the label. Overall: ``alpha_masi`` weighs how far two label sets overlap,
    ``alpha_sets`` and ``kappa`` take every set as a category of its own (in a task of one label a row these are the
    plain coefficients over the labels), and ``alpha_pooled`` takes the presence of each label in each row as one unit;
    labels of different frequency raise it, since it expects one frequency for all of them.

    References
    ----------
    Artstein, R. & Poesio, M. (2008). Inter-coder agreement for computational linguistics. Computational Linguistics
    34(4), 555-596.
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20(1).
    Hripcsak, G. & Rothschild, A. (2005). Agreement, the F-measure, and reliability in information retrieval. JAMIA
    12(3), 296-298.
    Krippendorff, K. (2004). Content analysis: an introduction to its methodology (2nd ed.). Sage.
    Passonneau, R. (2006). Measuring agreement on set-valued items (MASI). LREC.
    """
    shared = annotations.pairable()
    codes, counts, sets = _codes(shared)
    has = {  # annotator -> shape (n, n_labels); meaningless where the row was not seen
        annotator: np.array(
            [[label in (given or ()) for label in shared.labels] for given in column], dtype=np.int64
        ).reshape(len(shared), len(shared.labels))
        for annotator, column in shared.given.items()
    }
    seen = {annotator: column >= 0 for annotator, column in codes.items()}
    pairs = [(a, b) for a, b in combinations(shared.given, 2) if (seen[a] & seen[b]).any()]
    presence = _presence(has, seen)

    statistics: dict[str, Statistic] = {
        "alpha_masi": _alpha(counts, masi_distances(sets)),
        "alpha_sets": _alpha(counts, nominal_distances(len(sets))),
        "alpha_pooled": _alpha(presence, nominal_distances(2)),
        "kappa": _mean_kappa(codes, seen, pairs),
    }
    for number, label in enumerate(shared.labels):
        of_label = {annotator: matrix[:, number] for annotator, matrix in has.items()}
        statistics[f"kappa {label}"] = _mean_kappa(of_label, seen, pairs)
        statistics[f"alpha {label}"] = _alpha(presence[:, number], nominal_distances(2))
    estimates = bounded(statistics, shared.groups, bootstrap, seed)
    masi = estimates["alpha_masi"]
    value = masi_alpha(
        (annotator, row, given)
        for annotator, column in shared.given.items()
        for row, given in enumerate(column)
        if given is not None
    )
    confusions = [_confusion(pair, shared, codes, sets, has, seen) for pair in pairs]
    return {
        "data": annotations.name,
        "rows": len(annotations),
        "rows_compared": len(shared),
        "groups": len(set(shared.groups)),
        "task": "single-label" if annotations.single else "multilabel",
        "annotators": {name: sum(given is not None for given in column) for name, column in annotations.given.items()},
        "adjudicated": None if annotations.adjudicated is None else sum(annotations.adjudicated),
        "bootstrap": bootstrap,
        "overall": {
            "alpha_masi": asdict(Estimate(value, masi.low, masi.high)),
            **{name: asdict(estimates[name]) for name in ("alpha_sets", "alpha_pooled", "kappa")},
            "agreement": _mean([confusion["agreement"] for confusion in confusions]),
        },
        "labels": {
            label: {
                "kappa": asdict(estimates[f"kappa {label}"]),
                "alpha": asdict(estimates[f"alpha {label}"]),
                **{
                    name: _mean([confusion["labels"][label][name] for confusion in confusions])
                    for name in ("agreement", "positive_agreement")
                },
                "prevalence": _ratio(presence[:, number, 1].sum(), presence[:, number].sum()),
                "prevalence_by_annotator": {
                    name: _ratio(matrix[seen[name], number].sum(), seen[name].sum()) for name, matrix in has.items()
                },
            }
            for number, label in enumerate(shared.labels)
        },
        "pairs": confusions,
    }


def slice_agreement(
    annotations: Annotations, bootstrap: int = 1000, seed: int = 13
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return `measure_agreement` for the rows of each value of each slice column."""
    return {
        column: {
            value: measure_agreement(
                annotations.take([row for row, own in enumerate(values) if own == value]), bootstrap, seed
            )
            for value in sorted(set(values))
        }
        for column, values in annotations.slices.items()
    }


def _codes(shared: Annotations) -> tuple[dict[str, np.ndarray], np.ndarray, list[LabelSet]]:
    """Return each annotator's label sets as numbers (-1 unseen), how often a row has each set, and the sets."""
    sets = sorted(
        {given for column in shared.given.values() for given in column if given is not None}, key=lambda s: sorted(s)
    )
    number = {labels: i for i, labels in enumerate(sets)}
    codes = {
        annotator: np.array([-1 if given is None else number[given] for given in column], dtype=np.int64)
        for annotator, column in shared.given.items()
    }
    counts = np.zeros((len(shared), len(sets)), dtype=np.int64)
    for column in codes.values():
        rows = np.flatnonzero(column >= 0)
        counts[rows, column[rows]] += 1
    return codes, counts, sets


def _presence(has: dict[str, np.ndarray], seen: dict[str, np.ndarray]) -> np.ndarray:
    """Return how many annotators left out and gave each label of each row, shape (n, n_labels, 2)."""
    given = np.sum([has[name] * seen[name][:, None] for name in has], axis=0)
    sizes = np.sum(list(seen.values()), axis=0)
    return np.stack([sizes[:, None] - given, given], axis=-1)


def _alpha(counts: np.ndarray, distances: np.ndarray) -> Statistic:
    return lambda weights: krippendorff_alpha(counts, distances, weights)


def _mean_kappa(codes: dict[str, np.ndarray], seen: dict[str, np.ndarray], pairs: Sequence[Pair]) -> Statistic:
    """Return the mean of Cohen's kappa over the pairs of annotators for which it is defined."""

    def mean(weights: np.ndarray) -> np.ndarray:
        kappas = []
        for a, b in pairs:
            both = seen[a] & seen[b]
            kappas.append(cohen_kappa(codes[a][both], codes[b][both], weights[:, both]))
        found = np.array(kappas).reshape(len(pairs), len(weights))
        defined = ~np.isnan(found)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(defined, found, 0).sum(axis=0) / defined.sum(axis=0))

    return mean


def _confusion(
    pair: Pair,
    shared: Annotations,
    codes: dict[str, np.ndarray],
    sets: list[LabelSet],
    has: dict[str, np.ndarray],
    seen: dict[str, np.ndarray],
) -> dict[str, Any]:
    """Return what two annotators did with the rows that both have seen."""
    a, b = pair
    rows = np.flatnonzero(seen[a] & seen[b])
    labels = {}
    for number, label in enumerate(shared.labels):
        first, second = has[a][rows, number], has[b][rows, number]
        both, only_first = int((first & second).sum()), int((first & (1 - second)).sum())
        only_second = int((second & (1 - first)).sum())
        labels[label] = {
            "both": both,
            "only_first": only_first,
            "only_second": only_second,
            "neither": len(rows) - both - only_first - only_second,
            "kappa": float(cohen_kappa(first, second)[0]),
            "agreement": float((first == second).mean()),
            "positive_agreement": _ratio(2 * both, 2 * both + only_first + only_second),
        }
    differing: dict[tuple[int, int], list[str]] = defaultdict(list)
    for row in rows:
        if codes[a][row] != codes[b][row]:
            differing[int(codes[a][row]), int(codes[b][row])].append(shared.ids[row])
    return {
        "annotators": [a, b],
        "rows": len(rows),
        "agreement": float((codes[a][rows] == codes[b][rows]).mean()),
        "kappa": float(cohen_kappa(codes[a][rows], codes[b][rows])[0]),
        "labels": labels,
        "disagreements": [
            {"first": sorted(sets[x]), "second": sorted(sets[y]), "rows": len(ids), "ids": ids[:EXAMPLES]}
            for (x, y), ids in sorted(differing.items(), key=lambda item: -len(item[1]))
        ],
    }


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def _mean(values: Sequence[float]) -> float:
    defined = [value for value in values if value == value]
    return _ratio(sum(defined), len(defined))
