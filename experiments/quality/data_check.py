"""Is this corpus fit to train on: its schema, balance, duplicates, contradictions, leaks and doubtful labels."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from experiments.classifiers.decided import heeding_undecided
from experiments.classifiers.logistic import Logistic
from experiments.config.schema import Config
from experiments.corpus.checks import find_duplicates
from experiments.corpus.labelled_file import Corpus
from experiments.corpus.rows import UNDECIDED, Labelled
from experiments.measures.confident_learning import STRICT, confident_joint
from experiments.notices import Warn
from experiments.tables.cells import cell_key, is_missing
from experiments.training.fitting import pipeline_of
from experiments.training.out_of_fold import out_of_fold
from features import build_features
from features.char_ngrams import CharNgrams
from features.word_ngrams import WordNgrams

FOLDS = 5
"""Parts of the cross-validation behind the model's doubts."""

RARE = 10
"""A label with fewer rows than this, or that fewer rows lack, is left out of the model's check."""


def check_data(
    corpus: Corpus,
    config: Config | None = None,
    model: bool = True,
    suspects: int = 0,
    seed: int = 13,
    say: Warn = print,
) -> dict[str, Any]:
    """Look through a corpus for what would spoil training or measuring on it.

    Parameters
    ----------
    corpus : Corpus
        The rows.
    config : Config, optional
        Whose pipeline doubts labels; words and characters with logistic regression when left out.
    model : bool, default True
        Whether to look for mislabelled rows with a model at all.
    suspects : int, default 0
        How many rows to list beside the findings as worth a second look.
    seed : int, default 13
        Of the cross-validation.
    say : callable
        Called with a line for each slow step.

    Returns
    -------
    dict
        ``findings``, each with its kind, a message and its items, and figures of the corpus that are no fault.

    Notes
    -----
    Rows that share a value of the column ``pair`` are contrast pairs: written to be nearly equal with different labels,
    and so neither near duplicates nor contradictions. Rows with different values of the column ``target`` are never
    compared with each other.
    """
    findings = [*_schema_findings(corpus), *_text_findings(corpus, say), *_pair_findings(corpus)]
    doubts: dict[str, Any] | None = None
    if model:
        doubts = _doubtful_labels(corpus, config, suspects, seed, say)
        if doubts["findings"]:
            findings.append(
                {
                    "kind": "doubtful labels",
                    "message": f"a model that had not seen the row gives its label less than {STRICT:.0%}",
                    "count": len(doubts["findings"]),
                    "items": doubts["findings"],
                }
            )
    return {
        "data": corpus.name,
        "rows": len(corpus),
        "columns": {name: _kind(cells) for name, cells in corpus.rows.columns.items()},
        "task": {"type": corpus.task.type, "labels": list(corpus.task.labels)},
        **_figures(corpus),
        "model": doubts,
        "findings": findings,
    }


def _kind(cells: Sequence[Any]) -> str:
    """Return what kinds of values a column holds: ``text``, ``list of text``, ``number``, and so on."""
    found = {_kind_of(cell) for cell in cells if not is_missing(cell)}
    if "list" in found:
        inner = {_kind_of(each) for cell in cells if isinstance(cell, list | tuple) for each in cell}
        found = (found - {"list"}) | {"list of " + " or ".join(sorted(inner)) if inner else "list"}
    return " or ".join(sorted(found)) or "empty"


def _kind_of(cell: Any) -> str:
    names = ((bool, "true or false"), (str, "text"), (int | float, "number"), (list | tuple, "list"), (dict, "object"))
    return next((name for kind, name in names if isinstance(cell, kind)), type(cell).__name__)


def _figures(corpus: Corpus) -> dict[str, Any]:
    """Return what describes the corpus and is no fault."""
    labelled = [labels for labels in corpus.labels if labels is not None]
    lengths = np.array([len(text.split()) for text in corpus.texts])
    sizes = Counter(group for group in corpus.groups if group)
    percentiles = np.percentile(lengths, [0, 5, 50, 95, 100]).round().astype(int).tolist()
    return {
        "labels": {label: sum(label in labels for labels in labelled) for label in corpus.task.labels},
        "undecided": {
            "rows": len(corpus) - len(labelled),
            "labels": {
                label: n
                for label in corpus.task.labels
                if (n := sum(label in undecided for undecided in corpus.undecided))
            },
        },
        "label_sets": [
            {"labels": list(labels), "rows": count}
            for labels, count in Counter(tuple(sorted(labels)) for labels in labelled).most_common()
        ],
        "words": dict(zip(("least", "p5", "median", "p95", "most"), percentiles, strict=True)),
        "groups": {
            "count": len(sizes),
            "largest": max(sizes.values(), default=0),
            "of_one_row": sum(size == 1 for size in sizes.values()) / len(sizes) if sizes else None,
        },
        "pairs": len({pair for pair in corpus.pairs if pair}),
    }


def _finding(kind: str, message: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"kind": kind, "message": message, "count": len(items), "items": items}] if items else []


def _schema_findings(corpus: Corpus) -> list[dict[str, Any]]:
    known = set(corpus.task.labels)
    rows = range(len(corpus))
    by_id: dict[str, list[int]] = defaultdict(list)
    for row, own in enumerate(corpus.ids):
        by_id[own].append(row)
    unlabelled = [row for row in rows if corpus.labels[row] is None]
    if not corpus.task.multilabel:
        unlabelled = [row for row in rows if not corpus.labels[row]]
    return [
        *_finding("no text", "the text is empty", [corpus.item(row) for row in rows if not corpus.texts[row].strip()]),
        *_finding("no labels", "the cell of the labels is empty", [corpus.item(row) for row in unlabelled]),
        *_finding(
            "unknown labels",
            f"a label is none of {', '.join(corpus.task.labels)}",
            [corpus.item(row) for row in rows if set(corpus.labels[row] or ()) - known],
        ),
        *_finding(
            "several labels",
            "the task allows one label a row",
            [corpus.item(row) for row in rows if not corpus.task.multilabel and len(corpus.labels[row] or ()) > 1],
        ),
        *_finding(
            "repeated ids",
            "several rows have the same id",
            [corpus.item(*same) for same in by_id.values() if len(same) > 1],
        ),
    ]


def _text_findings(corpus: Corpus, say: Warn) -> list[dict[str, Any]]:
    """Return duplicates and contradictions, with near ones only where no contrast pair is declared."""
    exact, near = [], []
    for target in dict.fromkeys(corpus.targets):
        rows = [row for row, own in enumerate(corpus.targets) if own == target and corpus.texts[row].strip()]
        found = find_duplicates([corpus.texts[row] for row in rows], say=say)
        exact += [(rows[a], rows[b]) for a, b in found.exact]
        near += [
            (rows[a], rows[b])
            for a, b in found.near
            if not corpus.pairs[rows[a]] or corpus.pairs[rows[a]] != corpus.pairs[rows[b]]
        ]

    def differ(a: int, b: int) -> bool:
        first, second = corpus.labels[a], corpus.labels[b]
        if first is None or second is None:
            return False
        return bool((set(first) ^ set(second)) - {*corpus.undecided[a], *corpus.undecided[b]})

    def items(pairs: list[tuple[int, int]], contradict: bool) -> list[dict[str, Any]]:
        return [
            corpus.item(a, b, across_groups=corpus.groups[a] != corpus.groups[b])
            for a, b in pairs
            if differ(a, b) == contradict
        ]

    return [
        *_finding("contradictions", "the same text has different labels", items(exact, True)),
        *_finding(
            "near contradictions",
            "nearly the same text has different labels; give declared contrasts one value of the column pair",
            items(near, True),
        ),
        *_finding("duplicates", "the same text stands there twice", items(exact, False)),
        *_finding("near duplicates", "nearly the same text stands there twice", items(near, False)),
    ]


def _pair_findings(corpus: Corpus) -> list[dict[str, Any]]:
    members: dict[str, list[int]] = defaultdict(list)
    for row, pair in enumerate(corpus.pairs):
        if pair:
            members[pair].append(row)
    return [
        *_finding(
            "leaking pairs",
            "the rows of one pair are in different groups, so a split can part them",
            [
                corpus.item(*rows, pair=pair)
                for pair, rows in members.items()
                if len({corpus.groups[row] for row in rows}) > 1
            ],
        ),
        *_finding(
            "single pairs",
            "a pair has one row only",
            [corpus.item(*rows, pair=pair) for pair, rows in members.items() if len(rows) == 1],
        ),
    ]


def _doubtful_labels(corpus: Corpus, config: Config | None, suspects: int, seed: int, say: Warn) -> dict[str, Any]:
    """Return what confident learning doubts, each (row, label) of a multilabel task by itself."""
    multilabel = corpus.task.multilabel
    sound = [
        row
        for row, labels in enumerate(corpus.labels)
        if labels is not None
        and corpus.texts[row].strip()
        and set(labels) <= set(corpus.task.labels)
        and (multilabel or len(labels) == 1)
        and (config is None or config.classifier.takes_undecided or not corpus.undecided[row])
    ]
    counts = Counter(label for row in sound for label in corpus.labels[row] or ())
    open_cells = Counter(label for row in sound for label in corpus.undecided[row])
    kept = [label for label in corpus.task.labels if RARE <= counts[label] <= len(sound) - open_cells[label] - RARE]
    sound = [row for row in sound if not kept or set(kept) - set(corpus.undecided[row])]
    if not multilabel:
        sound = [row for row in sound if set(corpus.labels[row] or ()) <= set(kept)]
    groups = [corpus.groups[row] or corpus.ids[row] for row in sound]
    skipped = None
    if not kept or (not multilabel and len(kept) < 2):
        skipped = f"no two classes have {RARE} rows or more"
    elif len(set(groups)) < FOLDS:
        skipped = f"{len(set(groups))} group(s) can't fill {FOLDS} folds"
    if skipped:
        return {"skipped": skipped, "findings": [], "suspects": [], "suspected": 0, "joint": {}}
    say(f"looking for doubtful labels with {FOLDS} models on {len(sound)} rows")
    y = np.array([[label in (corpus.labels[row] or ()) for label in kept] for row in sound], dtype=np.int8)
    y[np.array([[label in corpus.undecided[row] for label in kept] for row in sound], dtype=bool)] = UNDECIDED
    undecided = bool((y == UNDECIDED).any())
    texts, targets = [corpus.texts[row] for row in sound], [corpus.targets[row] for row in sound]
    reads_targets = config is not None and config.data.columns.target is not None
    if not reads_targets:  # a pipeline of words alone sees what a stance is about only in the text
        texts = [f"{target}: {text}" if target else text for text, target in zip(texts, targets, strict=True)]
    data = Labelled(
        corpus.name,
        corpus.rows.select(sound),
        [corpus.ids[row] for row in sound],
        texts,
        groups,
        y,
        targets if reads_targets else None,
    )
    build = (
        pipeline_of(config.model_copy(update={"task": corpus.task.model_copy(update={"labels": kept})}), undecided)
        if config
        else lambda: _default_pipeline(kept, multilabel, seed, undecided)
    )
    probabilities = out_of_fold(build, data, multilabel, FOLDS, seed, say)
    tasks = (
        [
            (
                label,
                ["not " + label, label],
                np.flatnonzero(cells >= 0),
                cells.astype(int),
                np.stack([1 - p, p], axis=1),
            )
            for label, cells, p in zip(kept, y.T, probabilities.T, strict=True)
        ]
        if multilabel
        else [("label", kept, np.arange(len(y)), data.target, probabilities)]
    )
    doubts, joint = [], {}
    for name, classes, decided, given, p in tasks:
        found = confident_joint(given[decided], p[decided])
        joint[name] = {"classes": classes, "counts": found.counts.tolist()}
        doubts += [
            corpus.item(
                sound[decided[each.row]],
                given=classes[each.given],
                likely=classes[each.likely],
                confidence=each.confidence,
            )
            for each in found.suspects
        ]
    doubts.sort(key=lambda item: float(item["confidence"]))
    reviewed = _reviewed(corpus)
    doubts = [item for item in doubts if item["ids"][0] not in reviewed]
    strict = [item for item in doubts if item["confidence"] < STRICT]
    return {
        "skipped": None,
        "rows": len(sound),
        "reviewed": len(reviewed),
        "joint": joint,
        "suspected": len(doubts) - len(strict),
        "findings": strict,
        "suspects": doubts[len(strict) :][:suspects],
    }


def _reviewed(corpus: Corpus) -> set[str]:
    """Return the ids of rows whose label somebody has confirmed after a check, and which are not reported again."""
    if "reviewed" not in corpus.rows.column_names:
        return set()
    return {row_id for row_id, mark in zip(corpus.ids, corpus.rows["reviewed"], strict=True) if _true(mark)}


def _true(mark: Any) -> bool:
    return cell_key(mark).lower() in ("true", "1", "yes")


def _default_pipeline(labels: Sequence[str], multilabel: bool, seed: int, undecided: bool) -> Pipeline:
    features = build_features([WordNgrams(), CharNgrams()])
    classifier = Logistic(balanced=False).build(labels, multilabel, seed)
    heeds = undecided or len(labels) == 1
    return Pipeline([("features", features), ("classifier", heeding_undecided(classifier) if heeds else classifier)])
