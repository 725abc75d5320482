"""The evaluation report of a run: one HTML file that stands for itself, on screen and on paper."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from markupsafe import Markup

from experiments.config.schema import Config
from experiments.corpus.checks import undecided_counts
from experiments.corpus.rows import UNDECIDED, Labelled
from experiments.evaluation.abstention import curve_of
from experiments.evaluation.checks.run import Checked
from experiments.evaluation.coverage_figure import draw_coverage
from experiments.evaluation.evaluate import Evaluation
from experiments.evaluation.explain import top_features, word_effects
from experiments.evaluation.figures import draw_figures, inline_svg
from experiments.evaluation.gaps import MIN_SLICE, label_lines
from experiments.evaluation.probing import Probing
from experiments.evaluation.probing_text import share_text
from experiments.files import shown_paths
from experiments.model import SentenceClassifier
from experiments.notices import Warn
from experiments.pages import SPEAKS, colours, render
from experiments.progress import followed
from experiments.provenance import git_commit, package_versions

_SAMPLE = 80  # texts that words are tried on when a model has no weights: a minute for a large encoder
_MOST_WORDS = 150  # a longer text is cut, and its words are not weighed: one prediction each
_MOST_SETS = 12  # label combinations shown
_SCALE = 0.05  # a sentence's strongest word is shaded fully from this effect on; below, all of it stays pale


@dataclass(frozen=True)
class Word:
    """A word of a sentence, what it adds to a probability, and how strongly that is shaded (0 to 1)."""

    text: str
    effect: float
    shade: float


@dataclass(frozen=True)
class Mistake:
    """A test sentence whose label was wrongly given or missed; ``threshold`` is nan when the likeliest label wins."""

    id: str
    group: str
    true: list[str]
    undecided: list[str]
    predicted: list[str]
    probability: float
    threshold: float
    words: list[Word]
    cut: bool


@dataclass(frozen=True)
class Mistakes:
    """A label's errors of one kind: how many there are, and the most confident of them."""

    total: int
    shown: list[Mistake]


def write_report(
    folder: Path,
    run_id: str,
    config: Config,
    classifier: SentenceClassifier,
    train_rows: Labelled,
    evaluation: Evaluation,
    parts: str = "",
    behaviour: Probing | None = None,
    checked: Checked | None = None,
    say: Warn = lambda line: None,
) -> Path:
    """Write ``report.html`` and ``figures/*.svg`` to a folder.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    run_id : str
        The run that the report is of.
    config : Config
        As it was trained with.
    classifier : SentenceClassifier
        The trained model.
    train_rows : Labelled
        What it was fitted to.
    evaluation : Evaluation
        Its predictions of the test rows, with their metrics.
    parts : str, default ""
        What is to be said of the model's parts, such as what quantising cost.
    behaviour : Probing, optional
        What came of the probes.
    checked : Checked, optional
        What checks found; without it the report has no section on them.
    say : callable
        Called with a line a minute that says how far it is, where there is no terminal to show a bar.

    Returns
    -------
    Path
        The report's path.

    Notes
    -----
    Apart from the date the same run gives the same bytes. Three labels and 900 test rows take about two seconds, most
    of them for the words of the sentences that the model got wrong.
    """
    labels, multilabel, test = classifier.labels, classifier.task.multilabel, evaluation.data
    drawn = draw_figures(
        folder / "figures", labels, test.y, evaluation.probabilities, evaluation.decided, multilabel
    )  # fmt: skip
    surest = curve_of(classifier, evaluation)
    if surest is not None:
        drawn["risk-coverage"] = draw_coverage(folder / "figures" / "risk-coverage.svg", surest)
    parts_done = followed(["features", *labels], 1 + len(labels), "weighing words", "parts", say)
    next(parts_done)
    features = top_features(_towards_any(classifier, test), _sample(test.texts))
    mistakes = {label: _mistakes(classifier, evaluation, label, config.evaluation.errors) for label in parts_done}
    page = render(
        "report.html",
        config=config,
        run_id=run_id,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=git_commit(),
        versions=classifier.versions or package_versions(),
        labels=labels,
        multilabel=multilabel,
        colours=dict(zip(labels, colours(len(labels)), strict=True)),
        speaks=SPEAKS,
        thresholds=dict(zip(labels, map(float, classifier.thresholds), strict=True)),
        parts=parts,
        checked=checked,
        metrics=evaluation.metrics,
        bounded=not np.isnan(evaluation.metrics["log_loss"].low),
        groups=len(set(test.groups)),
        gaps=evaluation.gaps,
        over="".join(line[:1].upper() + line[1:] for line in label_lines(evaluation.gaps)),
        undecided=[undecided_counts(part, labels) for part in (train_rows, test)],
        sources=[", ".join(shown_paths(part.name.split(", "))) for part in (train_rows, test)],
        train=train_rows,
        test=test,
        shared=_shared(train_rows, test),
        frequencies=_frequencies(labels, train_rows, test),
        label_sets=_label_sets(classifier, train_rows, test),
        lengths={"Training": _lengths(train_rows.texts), "Test": _lengths(test.texts)},
        figures={name: Markup(inline_svg(svg, name)) for name, svg in drawn.items()},
        surest=surest,
        classifier_held_out=classifier.held_out is not None,
        slices=evaluation.slices,
        behaviour=[(test, share_text(test)) for test in behaviour.tests if test.cases] if behaviour else [],
        min_slice=MIN_SLICE,
        features=features,
        mistakes=mistakes,
        config_yaml=yaml.safe_dump(_abridged(config.dump()), sort_keys=False, allow_unicode=True, width=100),
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _shared(train: Labelled, test: Labelled) -> tuple[int, int]:
    """Return how many groups stand in both parts, and how many test rows have a training row's very text."""
    texts = set(train.texts)
    return len(set(train.groups) & set(test.groups)), sum(text in texts for text in test.texts)


def _frequencies(labels: Sequence[str], *parts: Labelled) -> list[tuple[str, list[tuple[int, float]]]]:
    """Return for each label, and for none, the rows in each part and their share of those where it is decided."""
    found = []
    for column, label in enumerate(labels):
        cells = [part.y[:, column] for part in parts]
        found.append((label, [_share((each > 0).sum(), (each != UNDECIDED).sum()) for each in cells]))
    bare = [_share((part.y == 0).all(axis=1).sum(), len(part.whole)) for part in parts]
    return [*found, ("", bare)] if any(n for n, _ in bare) else found


def _share(count: Any, size: Any) -> tuple[int, float]:
    return int(count), int(count) / max(int(size), 1)


def _label_sets(
    classifier: SentenceClassifier, train: Labelled, test: Labelled
) -> list[tuple[str, list[tuple[int, float]]]]:
    """Return the sets of two labels or more that rows carry, most frequent first, with their rows in each part."""
    counts = [
        Counter(tuple(names) for names in classifier.names(part.y > 0) if len(names) > 1) for part in (train, test)
    ]
    order = sorted(counts[0] | counts[1], key=lambda names: (-counts[0][names] - counts[1][names], names))
    rows = [(" + ".join(names), [count[names] for count in counts]) for names in order[:_MOST_SETS]]
    if rest := order[_MOST_SETS:]:
        rows.append((f"{len(rest)} other sets", [sum(count[names] for names in rest) for count in counts]))
    sizes = (max(len(train), 1), max(len(test), 1))
    return [(name, [(n, n / size) for n, size in zip(row, sizes, strict=True)]) for name, row in rows]


def _lengths(texts: Sequence[str]) -> dict[str, float]:
    """Return how many words the texts have."""
    words = np.asarray([len(text.split()) for text in texts] or [0])
    low, middle, high = np.percentile(words, [25, 50, 75])
    return {
        "shortest": float(words.min()),
        "lower quartile": float(low),
        "median": float(middle),
        "upper quartile": float(high),
        "longest": float(words.max()),
        "mean": float(words.mean()),
    }


def _towards_any(classifier: SentenceClassifier, test: Labelled) -> SentenceClassifier:
    """Return the model with a target, if it needs one: the most frequent in the test rows."""
    return classifier.towards(Counter(test.targets).most_common(1)[0][0]) if test.targets else classifier


def _sample(texts: Sequence[str]) -> list[str]:
    """Return texts spread evenly over all, leaving out long ones."""
    short = [text for text in texts if len(text.split()) <= _MOST_WORDS]
    if len(short) <= _SAMPLE:
        return short
    return [short[i] for i in np.linspace(0, len(short) - 1, _SAMPLE).astype(int)]


def _mistakes(
    classifier: SentenceClassifier, evaluation: Evaluation, label: str, most: int
) -> list[tuple[str, Mistakes]]:
    """Return a label's errors: those wrongly given, and in a multilabel task those missed.

    When each row has one label, what one label misses another is wrongly given: such an error is listed once.
    """
    column = classifier.labels.index(label)
    given, cells = evaluation.decided[:, column] == 1, evaluation.data.y[:, column]
    scores = evaluation.probabilities[:, column]
    if classifier.task.multilabel:
        threshold = float(classifier.thresholds[column])
        # how far beyond the threshold, of the way there was to go: comparable between high and low thresholds
        over = (scores - threshold) / max(1 - threshold, 1e-9)
        under = (threshold - scores) / max(threshold, 1e-9)
        kinds = [("given", given & (cells == 0), over), ("missed", ~given & (cells > 0), under)]
    else:
        right = (evaluation.probabilities * evaluation.data.y).sum(axis=1)
        kinds = [("given", given & (cells == 0), scores - right)]
    found = []
    for kind, wrong, distance in kinds:
        rows = np.flatnonzero(wrong)
        worst = rows[np.argsort(-distance[rows], kind="stable")][:most]
        found.append((kind, Mistakes(len(rows), [_mistake(classifier, evaluation, int(row), column) for row in worst])))
    return found


def _mistake(classifier: SentenceClassifier, evaluation: Evaluation, row: int, column: int) -> Mistake:
    data = evaluation.data
    asked = classifier.towards(data.targets[row]) if data.targets else classifier
    words, cut = _words(asked, data.texts[row], column)
    return Mistake(
        data.ids[row],
        shown_paths([data.groups[row]])[0],
        classifier.names(data.y[[row]] > 0)[0],
        classifier.names(data.y[[row]] == UNDECIDED)[0],
        classifier.names(evaluation.decided[[row]])[0],
        float(evaluation.probabilities[row, column]),
        float(classifier.thresholds[column]) if classifier.task.multilabel else float("nan"),
        words,
        cut,
    )


def _words(classifier: SentenceClassifier, text: str, column: int) -> tuple[list[Word], bool]:
    """Return a text's words with their effects, and whether it was too long for that and has been cut."""
    plain = text.split()
    if len(plain) > _MOST_WORDS:
        return [Word(word, 0.0, 0.0) for word in plain[:_MOST_WORDS]], True
    effects = word_effects(classifier, text, column)
    scale = max([_SCALE, *(abs(effect) for _, effect in effects)])
    return [Word(word, effect, round(abs(effect) / scale, 2)) for word, effect in effects], False


def _abridged(value: Any, inside: bool = False) -> Any:
    """Return a config as it is shown: the number of a lexicon's entries in their place, and paths without a home."""
    if isinstance(value, dict):
        return {key: _abridged(inner, inside or key in ("lexicon", "keywords")) for key, inner in value.items()}
    if isinstance(value, list):
        if inside:
            return f"{len(value)} entries"
        return (
            shown_paths(value) if all(isinstance(each, str) for each in value) else [_abridged(each) for each in value]
        )
    return shown_paths([value])[0] if isinstance(value, str) else value
