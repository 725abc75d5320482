"""Has the model learned anything: against answers that read nothing, keywords only, or length and source only."""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

from experiments.classifiers.lexicon import KeywordClassifier
from experiments.config.files import read_lexicon
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.evaluation.checks.finding import Check, Subject
from experiments.files import ROOT
from experiments.measures.operating_points import best_thresholds
from experiments.measures.paired import macro_f1_difference
from experiments.measures.resampling import Estimate
from experiments.tables.cells import cell_key

NEARLY = 0.8
"""A shortcut does nearly as well when it has this part of what the model has above an answer that reads nothing."""

SOURCES = ("source", "outlet", "register", "publisher", "publication", "newspaper", "medium", "site", "domain")
"""Columns that say where a text is from."""

_MOST_SOURCES = 50


def _constant(train: Labelled, n: int, multilabel: bool) -> np.ndarray:
    """Return the answer that reads nothing and has the highest F1 for it: all labels, or the commonest."""
    answer = np.zeros((n, train.y.shape[1]), dtype=np.int8)
    answer[:, slice(None) if multilabel else int((train.y > 0).sum(axis=0).argmax())] = 1
    return answer


@cache
def _keywords(task: str) -> dict[str, list[str]]:
    """Return the keywords that come with the kit for a task, none if there are none."""
    file = ROOT / "seeds" / task / "lexicon.yaml"
    try:
        return read_lexicon(str(file), needed="keywords")["keywords"] if file.is_file() else {}
    except InputError:
        return {}


def _by_keywords(subject: Subject) -> np.ndarray | None:
    task, test = subject.classifier.task, subject.test
    keywords = _keywords(task.name)
    itself = subject.config is not None and subject.config.classifier.type == "lexicon"
    if test.targets is not None or itself or not set(task.labels) <= set(keywords) or subject.train is None:
        return None
    model = KeywordClassifier(keywords, task.labels, task.multilabel)
    model.fit([], subject.train.y if task.multilabel else subject.train.target)
    given = model.predict(test.texts)
    return given if task.multilabel else np.eye(len(task.labels), dtype=np.int8)[given]


def _baselines(subject: Subject) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the baselines by name; never the model itself."""
    if subject.train is None or subject.config is None:
        return
    multilabel = subject.classifier.task.multilabel
    if subject.config.classifier.type != "majority":
        name = "every label given to every row" if multilabel else "the commonest label given to every row"
        yield name, _constant(subject.train, len(subject.test), multilabel)
    keywords = _by_keywords(subject)
    if keywords is not None:
        yield f"the keywords of seeds/{subject.classifier.task.name}/lexicon.yaml", keywords


def _no_better(subject: Subject) -> str | None:
    found = []
    for name, decided in _baselines(subject):
        gain = _difference(subject, decided, subject.evaluation.decided)
        if gain.low <= 0 or (gain.low != gain.low and gain.value <= 0):
            bounds = f" [{gain.low:+.3f}, {gain.high:+.3f}]" if gain.low == gain.low else ", without bounds"
            found.append(f"{name} (difference in macro-F1 {gain.value:+.3f}{bounds})")
    return f"not beyond chance above {' nor '.join(found)}" if found else None


def _shortcut(subject: Subject) -> str | None:
    train, test, task = subject.train, subject.test, subject.classifier.task
    if train is None:
        return None
    columns = [name for name in train.rows.column_names if name.lower() in SOURCES and name in test.rows.column_names]
    probabilities = _seen_from_outside(train, test, columns, task.multilabel)
    if probabilities is None:
        return None
    at_training, at_test = probabilities
    if task.multilabel:
        decided = np.asarray(at_test >= best_thresholds(train.y, at_training), dtype=np.int8)
    else:
        decided = np.eye(test.y.shape[1], dtype=np.int8)[at_test.argmax(axis=1)]
    constant = np.ones_like(decided)  # of a label by itself, whatever the task
    found = []
    for column, label in enumerate(task.labels):
        if not (test.y[:, column] > 0).any():
            continue
        model = _difference(subject, constant, subject.evaluation.decided, column)
        cut = _difference(subject, constant, decided, column)
        if cut.low > 0 and model.low > 0 and cut.value >= NEARLY * model.value:
            found.append(f"{label} (F1 {cut.value:.3f} above giving it to every row; the model {model.value:.3f})")
    if not found:
        return None
    seen = ", ".join(["length and capitals", *columns])
    return f"a model that sees only {seen} does nearly as well for {'; '.join(found)}"


def _seen_from_outside(
    train: Labelled, test: Labelled, columns: Sequence[str], multilabel: bool
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return a logistic regression's probabilities of training and test rows, from lengths and sources alone."""
    scale = make_pipeline(StandardScaler(), PolynomialFeatures(2, include_bias=False), StandardScaler())
    seen = [scale.fit_transform(_lengths(train.texts)), scale.transform(_lengths(test.texts))]
    if columns:
        cells = [[[cell_key(cell) for cell in part.rows[name]] for name in columns] for part in (train, test)]
        sources = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MOST_SOURCES, sparse_output=False)
        known = sources.fit_transform(np.asarray(cells[0], dtype=object).T)
        asked = sources.transform(np.asarray(cells[1], dtype=object).T)
        seen = [np.hstack([seen[0], known]), np.hstack([seen[1], asked])]
    if not multilabel:
        if len(set(train.target.tolist())) < train.y.shape[1]:
            return None
        fitted = LogisticRegression(max_iter=500).fit(seen[0], train.target)
        return fitted.predict_proba(seen[0]), fitted.predict_proba(seen[1])
    found: list[list[np.ndarray]] = [[], []]
    for column in train.y.T:
        rows = np.flatnonzero(column >= 0)
        if len(set(column[rows].tolist())) < 2:
            return None
        fitted = LogisticRegression(max_iter=500).fit(seen[0][rows], column[rows])
        for into, part in zip(found, seen, strict=True):
            into.append(fitted.predict_proba(part)[:, 1])
    return np.column_stack(found[0]), np.column_stack(found[1])


def _lengths(texts: Sequence[str]) -> np.ndarray:
    """Return of each text the logarithms of its words and characters, and its share of capitals, shape (n, 3)."""
    return np.asarray(
        [
            [np.log1p(len(text.split())), np.log1p(len(text)), sum(map(str.isupper, text)) / max(len(text), 1)]
            for text in texts
        ]
    )


def _difference(subject: Subject, first: np.ndarray, second: np.ndarray, column: int | None = None) -> Estimate:
    """Return by how much F1, of one label or the mean of all, of the second is above that of the first."""
    at = slice(None) if column is None else slice(column, column + 1)
    y = subject.test.y[:, at]
    return macro_f1_difference(y, first[:, at], second[:, at], subject.test.groups, subject.bootstrap, subject.seed)


FS004 = Check(
    "FS004",
    "not better than a baseline",
    "On the same test rows the macro-F1 of the model is not above that of a constant answer, or of the keywords that "
    "come with the task (seeds/framing/lexicon.yaml): the lower 95% bound of the paired difference, over resamples of "
    "whole groups (Koehn 2004), is 0 or less; without bounds, the difference itself. The constant answer is the best "
    "that can be had for F1 without reading: every label to every row (Lipton et al. 2014) where rows may have "
    "several, else the commonest label. A baseline is not compared with itself.",
    "What reads nothing, or only looks words up, is free and can be explained in a line; a model that can't be told "
    "from it has nothing to show for the training.",
    "add training rows or features, or use the baseline; with few test rows, add some before you judge",
    _no_better,
)

FS008 = Check(
    "FS008",
    "length or source as a shortcut",
    "A logistic regression that sees only the numbers of words and characters, the share of capitals, their squares "
    "and products, and the columns source, outlet, register, publisher, publication, newspaper, medium, site and "
    "domain if the rows have them, is fitted to the training rows. For a label, its F1 on the test rows is above that "
    "of giving the label to every row by 80% or more of what the model's is, and both are above it beyond chance "
    "(lower 95% bounds of the paired differences).",
    "The labels can then be told without reading, and the model may do no more than that (Gururangan et al. 2018): "
    "it will fail on texts of another length or from another source.",
    "add rows that break the tie (short and long, every source, with and without the label), and measure with "
    "evaluation.slices=[source]",
    _shortcut,
)
