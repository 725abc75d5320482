"""A comparison as one HTML file that stands for itself, in the look of a run's report."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from markupsafe import Markup

from experiments.evaluation.comparison import Compared, alone_right, answer, settings_that_differ, spoken
from experiments.evaluation.explain import word_effects
from experiments.evaluation.figures import DASHES, as_svg, curve, inline_svg, iso_lines, panels, short, styled
from experiments.measures.metrics import BINS
from experiments.measures.resampling import Estimate
from experiments.model import SentenceClassifier
from experiments.pages import PALETTE, SPEAKS, colours, render
from experiments.tracking.contestant import Contestant

_MOST_CURVES = 8  # runs drawn over each other; more can't be told apart
_MOST_SHOWN = 5  # contestants of which sentences are shown against the baseline
_MOST_ASKED = 2  # models that are loaded to shade words: a large one takes seconds
_ROWS = ("FS010",)  # checks that are of the test rows alone
_MOST_PAIRS = 45  # shown at once; more are folded away
_MOST_WORDS = 60
_SCALE = 0.05


@dataclass(frozen=True)
class Sentence:
    """A sentence that one contestant alone gets right, with what both said; words are (text, effect, shade)."""

    id: str
    true: list[str]
    right: list[str]
    wrong: list[str]
    label: str
    words: list[tuple[str, float, float]]


def write_comparison(
    compared: Compared,
    load: Callable[[Contestant], SentenceClassifier | None],
    title: str = "",
    rows: str = "test sentences",
) -> str:
    """Return the page.

    Parameters
    ----------
    compared : Compared
        What it shows.
    load : callable
        Returns a contestant's model, by which words are shaded, or None where there is none.
    title : str, optional
        What stands above it; by default the question which run is better.
    rows : str, default "test sentences"
        What was compared on.
    """
    names = [each.name for each in compared.contestants]
    return render(
        "compare.html",
        compared=compared,
        names=names,
        colours=dict(zip(names, colours(len(names)), strict=True)),
        speaks=SPEAKS,
        answer=answer(compared),
        title=title or f"Which of {len(names)} runs is better?",
        rows=rows,
        spoken=spoken,
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        settings=settings_that_differ(compared.contestants),
        labels=compared.rows.labels,
        positives=dict(zip(compared.rows.labels, (compared.rows.y > 0).sum(axis=0).tolist(), strict=True)),
        shared=_of_the_rows(compared),
        rate=not compared.metric.endswith(("log_loss", "brier")),
        estimate=Estimate,
        costs=_costs(compared),
        figures={name: Markup(inline_svg(svg, name)) for name, svg in draw_together(compared).items()},
        most_curves=_MOST_CURVES,
        most_pairs=_MOST_PAIRS,
        alone=_alone(compared, load),
        probes=_probes(compared),
    )


def draw_together(compared: Compared) -> dict[str, str]:
    """Return the precision-recall and reliability curves of the contestants over each other, a panel a label, as SVG.

    Of a contestant with several seeds the first is drawn; more than eight contestants are not drawn.
    """
    rows = compared.rows
    count = min(len(compared.contestants), _MOST_CURVES)
    with styled():
        figure, parts = panels(len(rows.labels), 2.3, across=3)
        for column, (label, part) in enumerate(zip(rows.labels, parts, strict=True)):
            axes = part.subplots()
            iso_lines(axes, named=False)
            for number in range(count):
                p, decided = rows.systems[number][0]
                dash, name = DASHES[number // 4 % len(DASHES)], compared.contestants[number].name
                curve(axes, rows.y[:, column], p[:, column], decided[:, column], PALETTE[number], dash, name)
            axes.set_title(short(label))
            axes.set(xlabel="recall", ylabel="precision")
            if column == 0:
                axes.legend(loc="lower left", borderaxespad=0.2, fontsize=5.5)
        found = {"precision-recall": as_svg(figure)}
        figure, parts = panels(len(rows.labels), 2.1, across=3)
        for column, (label, part) in enumerate(zip(rows.labels, parts, strict=True)):
            axes = part.subplots()
            axes.plot([0, 1], [0, 1], color="#808080", linewidth=0.6, linestyle=(0, (4, 3)))
            for number in range(count):
                said, true = _binned(rows.y[:, column], rows.systems[number][0][0][:, column])
                axes.plot(said, true, "-o", color=PALETTE[number], linewidth=0.8, markersize=2.6, clip_on=False)
            axes.set_title(short(label))
            axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="predicted probability", ylabel="observed frequency")
        found["reliability"] = as_svg(figure)
    return found


def _binned(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = truth >= 0
    truth, scores = truth[known], scores[known]
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    filled = np.flatnonzero(counts)
    said = np.bincount(bins, scores, minlength=BINS)[filled] / counts[filled]
    return said, np.bincount(bins, truth, minlength=BINS)[filled] / counts[filled]


def _of_the_rows(compared: Compared) -> list[dict[str, str]]:
    """Return what a check found of the test rows themselves: all contestants have these, though some ran no checks."""
    found = {check["code"]: check for each in compared.contestants for check in each.checks}
    return [found[code] for code in _ROWS if code in found]


def _costs(compared: Compared) -> list[tuple[str, list[float | None]]]:
    """Return a line a cost that any contestant has."""
    heads = {
        "train.seconds": "training, seconds",
        "test.sentences_per_second": "scoring, sentences a second",
        "test.seconds": "test rows, seconds",
        "model.mb": "model, MB",
    }
    found = [(head, [each.costs.get(name) for each in compared.contestants]) for name, head in heads.items()]
    return [line for line in found if any(value is not None for value in line[1])]


def _probes(compared: Compared) -> list[tuple[dict[str, Any], list[Estimate | None]]]:
    """Return a line a test of changed sentences: the test, and each contestant's share of wrong answers, where tried.

    Tests of one name may have other cases in another version of the kit: those stand in lines of their own.
    """
    lines: dict[tuple[Any, ...], tuple[dict[str, Any], list[Estimate | None]]] = {}
    for number, each in enumerate(compared.contestants):
        for test in each.probes:
            if test["share"] is None:
                continue
            key = (test["name"], test["should"], test["cases"], test["groups"])
            line = lines.setdefault(key, (test, [None] * len(compared.contestants)))
            bounds = (float("nan") if test[end] is None else test[end] for end in ("low", "high"))
            line[1][number] = Estimate(test["share"], *bounds)
    return list(lines.values())


def _alone(
    compared: Compared, load: Callable[[Contestant], SentenceClassifier | None]
) -> list[tuple[str, str, list[Sentence]]]:
    """Return for each of a few contestants what it alone gets right, and what the baseline alone does."""
    held = compared.baseline
    others = [number for number in range(len(compared.contestants)) if number != held]
    if compared.best != held:
        others = [compared.best, *(number for number in others if number != compared.best)]
    models = {number: load(compared.contestants[number]) for number in [held, *others][:_MOST_ASKED]}
    found = []
    for number in others[:_MOST_SHOWN]:
        for wrong, right in ((held, number), (number, held)):
            names = compared.contestants[right].name, compared.contestants[wrong].name
            sentences = [
                _sentence(compared, models.get(right), wrong, right, at) for at in alone_right(compared, wrong, right)
            ]
            found.append((*names, sentences))
    return found


def _sentence(compared: Compared, classifier: SentenceClassifier | None, wrong: int, right: int, at: int) -> Sentence:
    rows = compared.rows
    (p_wrong, d_wrong), (p_right, d_right) = rows.systems[wrong][0], rows.systems[right][0]
    apart = np.where(d_wrong[at] != d_right[at], np.abs(p_right[at] - p_wrong[at]) + 1, 0)
    column = int(apart.argmax())

    def named(row: np.ndarray) -> list[str]:
        return [label for label, has in zip(rows.labels, row, strict=True) if has > 0]

    text = rows.texts[at]
    effects: list[tuple[str, float]] = [(word, 0.0) for word in text.split()]
    if classifier is not None and len(effects) <= _MOST_WORDS:
        effects = word_effects(classifier, text, classifier.labels.index(rows.labels[column]))
    scale = max([_SCALE, *(abs(effect) for _, effect in effects)])
    words = [(word, effect, round(abs(effect) / scale, 2)) for word, effect in effects]
    return Sentence(rows.ids[at], named(rows.y[at]), named(d_right[at]), named(d_wrong[at]), rows.labels[column], words)
