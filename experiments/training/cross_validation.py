"""Measures a config on all of its rows, each predicted by a model that has not seen its group, and by training size."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from experiments.config.schema import Config
from experiments.corpus.checks import check_split, check_training, undecided_counts, undecided_lines
from experiments.corpus.rows import Labelled, load_labelled
from experiments.corpus.splits import folds
from experiments.errors import InputError
from experiments.evaluation.evaluate import evaluate
from experiments.evaluation.gaps import label_lines
from experiments.measures.metrics import Metrics, measure
from experiments.notices import Warn
from experiments.tables.cells import cell_key
from experiments.training.fitting import fit, learnable


@dataclass(frozen=True)
class CrossValidation:
    """Metrics over all rows, the macro-F1 of each fold (nan if it has no label), and what nobody decided.

    ``undecided`` is as :func:`experiments.corpus.checks.undecided_counts` has it.
    """

    rows: int
    folds: list[float]
    metrics: Metrics
    undecided: dict[str, Any] = field(default_factory=dict)


def cross_validate(config: Config, n_folds: int, by: str | None, say: Warn) -> CrossValidation:
    """Cross-validate a config: fit on all folds but one, thresholds included, and predict the one left out.

    Parameters
    ----------
    config : Config
        The experiment; its ``data.train`` rows are used, ``data.test`` is not touched.
    n_folds : int
        Number of folds.
    by : str, optional
        Column whose values are kept whole instead of the group: ``target`` measures on targets that the model has
        never seen.
    say : callable
        Called with a line for each fold.

    Returns
    -------
    CrossValidation
        Metrics over the joined predictions, with bounds by bootstrap over the groups that were kept whole.

    Raises
    ------
    InputError
        If the rows can't be read, or there is no such column.
    """
    rows = load_labelled(config.data.train, config.task, config.data, say)
    if by is not None:
        if by not in rows.rows.column_names:
            raise InputError(f"{rows.name}: has no column {by!r}; it has {', '.join(rows.rows.column_names)}")
        rows = replace(rows, groups=[cell_key(value) for value in rows.rows[by]])
    for line in undecided_lines(rows, config.task.labels):
        say(f"note: {line}")
    check_training(rows, config.task)
    learnable(config, rows, say)
    probabilities, decided = np.zeros(rows.y.shape), np.zeros(rows.y.shape, dtype=np.int8)
    scores = []
    for number, (rest, held_out) in enumerate(folds(rows, n_folds, config.seed), 1):
        classifier = fit(config, rows.take(rest), rows.take(held_out))
        fold = evaluate(classifier, rows.take(held_out), bootstrap=0)
        probabilities[held_out], decided[held_out] = fold.probabilities, fold.decided
        scores.append(fold.metrics["macro_f1"].value)
        over = "".join(f"; {line}" for line in label_lines(fold.gaps))
        say(f"fold {number} of {n_folds}: macro-F1 {scores[-1]:.3f} on {len(held_out)} rows{over}")
    task, times = config.task, config.evaluation.bootstrap
    found = rows.y, probabilities, decided
    metrics = measure(*found, task.labels, rows.groups, task.multilabel, times, config.seed, task.average_over)
    return CrossValidation(len(rows), scores, metrics, undecided_counts(rows, task.labels))


@dataclass(frozen=True)
class LearningPoint:
    """Macro-F1 on the same test rows after training on some number of rows: the mean over draws, and each draw."""

    size: int
    mean: float
    draws: list[float]


def learning_curve(
    config: Config, test: str | None, sizes: Sequence[int], draws: int, say: Warn
) -> list[LearningPoint]:
    """Fit a config on ever more of its training rows, and measure each model on the same test rows.

    Groups are drawn in a random order that the seed fixes, and rows taken from them up to the size; each draw's sizes
    are nested.

    Parameters
    ----------
    config : Config
        The experiment.
    test : str, optional
        File to test on; ``data.test`` when left out.
    sizes : sequence of int
        Numbers of training rows; one beyond what there is counts as all.
    draws : int
        Random orders.
    say : callable
        Called with a line for each model.

    Raises
    ------
    InputError
        If there is no test file, it shares texts or groups with the training rows, or a size is too small for every
        label to occur.
    """
    source: Any = test or config.data.test
    if not source:
        raise InputError("a learning curve needs rows to test on: give --data FILE, or set data.test")
    rows = load_labelled(config.data.train, config.task, config.data, say)
    unseen = load_labelled(source, config.task, config.data, say)
    for line in [
        *undecided_lines(rows, config.task.labels),
        *undecided_lines(unseen, config.task.labels),
        *check_split(rows, unseen, config.data.allow_leaks),
    ]:
        say(f"note: {line}")
    names = sorted(set(rows.groups))
    members: dict[str, list[int]] = {name: [] for name in names}
    for number, name in enumerate(rows.groups):
        members[name].append(number)
    scores: dict[int, list[float]] = {min(size, len(rows)): [] for size in sorted(sizes)}
    for draw in range(draws):
        order = np.random.default_rng(config.seed + draw).permutation(len(names))
        drawn = [row for i in order for row in members[names[i]]]
        for size, found in scores.items():
            if size == len(rows) and found:
                continue  # all rows are the same in every draw
            part: Labelled = rows.take(drawn[:size])
            check_training(part, config.task)
            evaluation = evaluate(fit(config, part, unseen), unseen, bootstrap=0)
            if draw == 0 and not any(scores.values()):
                for line in label_lines(evaluation.gaps):
                    say(f"note: {line}")
            score = evaluation.metrics["macro_f1"].value
            found.append(score)
            say(f"draw {draw + 1} of {draws}, {size} rows: macro-F1 {score:.3f}")
    return [LearningPoint(size, float(np.mean(found)), found) for size, found in scores.items()]
