"""Measures a config on all of its rows, each predicted by a model that has not seen its group, and by training size."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from experiments.config.schema import Config
from experiments.corpus.checks import check_split, check_training, undecided_counts, undecided_lines
from experiments.corpus.rows import Labelled, load_labelled
from experiments.corpus.splits import folds
from experiments.errors import InputError, UnfinishedError
from experiments.evaluation.evaluate import evaluate, predictions_table
from experiments.evaluation.gaps import label_lines
from experiments.evaluation.predictions import predicted, stacked
from experiments.measures.metrics import Metrics, flat_metrics, measure
from experiments.measures.repeated import Spread, spread
from experiments.notices import Warn
from experiments.tables.cells import cell_key
from experiments.tracking.families import PREDICTIONS, Child, Family, family_digest, start_family
from experiments.training.fitting import fit, learnable
from experiments.training.processes import default_jobs, run_each, threaded

Folds = dict[str, tuple[np.ndarray, np.ndarray]]
"""A fold's name -> the numbers of the rows to fit on, and of those held out."""


@dataclass(frozen=True)
class CrossValidation:
    """Metrics over all rows, the macro-F1 of each fold (nan if it has no label), and what nobody decided.

    Attributes
    ----------
    rows : int
        All rows.
    folds : list of float
        The folds' macro-F1.
    metrics : dict of str to Estimate
        Of the joined predictions, with bounds.
    undecided : dict
        As :func:`experiments.corpus.checks.undecided_counts` has it.
    spreads : dict of str to Spread
        Each metric's mean and standard deviation over the folds; no bounds come of these.
    run_id : str or None
        The parent run's, if it was tracked.
    children : list of Child
        Its folds, then.
    seconds : float
        For all of it.
    """

    rows: int
    folds: list[float]
    metrics: Metrics
    undecided: dict[str, Any] = field(default_factory=dict)
    spreads: dict[str, Spread] = field(default_factory=dict)
    run_id: str | None = None
    children: list[Child] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def flat(self) -> dict[str, float]:
        """All metrics by flat names: ``cv.name`` with ``.low`` and ``.high``, and over folds ``.mean`` and ``.sd``."""
        found = flat_metrics(self.metrics, "cv")
        for name, values in self.spreads.items():
            for end, value in ((".mean", values.mean.value), (".sd", values.sd)):
                if value == value and not name.endswith("support"):
                    found[f"cv.{name}{end}"] = value
        return found


def cross_validate(
    config: Config, n_folds: int, by: str | None, say: Warn, jobs: int | None = None, track: bool = False
) -> CrossValidation:
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
    jobs : int, optional
        Folds at a time, each in a process of its own; without it one after the other in this process, or, if it is
        tracked, as many as :func:`default_jobs` says.
    track : bool, default False
        Keep it in MLflow: a parent run with the joined predictions, and a child for each fold. A parent that ended
        before its folds were done is taken up again.

    Returns
    -------
    CrossValidation
        Metrics over the joined predictions, with bounds by bootstrap over the groups that were kept whole.

    Raises
    ------
    InputError
        If the rows can't be read, there is no such column, or there are fewer groups than folds.
    UnfinishedError
        If folds failed; the others are kept.

    Notes
    -----
    The standard deviation over folds is no standard error: the folds share training rows, and no unbiased estimate of
    the variance comes of them. Bounds come from drawing whole groups in the joined predictions, and cover which texts
    were measured, not which were trained on.

    References
    ----------
    Bengio, Y. & Grandvalet, Y. (2004). No unbiased estimator of the variance of k-fold cross-validation. JMLR 5.
    """
    began = time.perf_counter()
    rows = rows_to_fold(config, by, say)
    parts = _parts(config, rows, n_folds)
    if not track:
        found, _ = _joined(config, rows, parts, _predict(config, rows, parts, jobs, say))
        return replace(found, seconds=time.perf_counter() - began)
    with start_family(config, "folds", list(parts), family_digest(config, list(parts), [rows]), say) as family:
        family.run.log_config(config)
        family.run.log_data("train", rows)
        tables = {name: family.predictions(family.done[name]) for name in parts if name in family.done}
        rest = {name: part for name, part in parts.items() if name not in tables}
        tables |= _predict(config, rows, rest, jobs or default_jobs(config, n_folds), say, family)
        found, whole = _joined(config, rows, parts, tables)
        family.log(found.flat, {PREDICTIONS: whole})
    children = [family.done[name] for name in parts]
    return replace(found, run_id=family.run.id, children=children, seconds=time.perf_counter() - began)


def predict_folds(config: Config, rows: Labelled, n_folds: int, say: Warn) -> pd.DataFrame:
    """Return the predictions of all rows, each by a model that has not seen its group, in their order.

    One fold after the other in this process. The folds are those of :func:`cross_validate`.

    Parameters
    ----------
    config : Config
        The experiment.
    rows : Labelled
        As :func:`rows_to_fold` gives them.
    n_folds : int
        Number of folds.
    say : callable
        Called with a line for each fold.

    Raises
    ------
    InputError
        If there are fewer groups than folds, or a fold can't be fitted.
    """
    parts = _parts(config, rows, n_folds)
    return _joined(config, rows, parts, _predict(config, rows, parts, None, say))[1]


def _parts(config: Config, rows: Labelled, n_folds: int) -> Folds:
    return {f"fold {number}": part for number, part in enumerate(folds(rows, n_folds, config.split_seed), 1)}


def rows_to_fold(config: Config, by: str | None, say: Warn) -> Labelled:
    """Return the training rows of a config, checked, for a cross-validation.

    Parameters
    ----------
    config : Config
        The experiment.
    by : str or None
        Column whose values take the place of the groups.
    say : callable
        Called with a line for each thing the user should know.

    Raises
    ------
    InputError
        If the rows can't be read or learned from, or there is no such column.
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
    return rows


def _predict(
    config: Config, rows: Labelled, parts: Folds, jobs: int | None, say: Warn, family: Family | None = None
) -> dict[str, pd.DataFrame]:
    """Return each fold's predictions; with a family, every fold is kept as its child."""
    names = list(parts)
    work = [(config, rows.take(rest), rows.take(held_out)) for rest, held_out in parts.values()]
    tables: dict[str, pd.DataFrame] = {}
    failed: dict[str, str] = {}
    with closing(run_each(_predict_fold, work, jobs, not threaded(config), say)) as ended:
        for each in ended:
            name, held_out = names[each.number], work[each.number][2]
            if each.error is not None:
                if family is None:
                    raise (InputError if each.fault else UnfinishedError)(f"{name}: {each.error}")
                family.add_failed(name, f"{config.name} {name}", each.error, each.began)
                failed[name] = each.error
                say(f"{name} failed: {each.error}")
                continue
            tables[name], lines = each.result
            metrics = _measured(config, held_out, tables[name], bootstrap=0)
            if family is not None:
                family.add(name, f"{config.name} {name}", tables[name], flat_metrics(metrics, "test"), each.began)
            over = "".join(f"; {line}" for line in lines)
            say(f"{name}: macro-F1 {metrics['macro_f1'].value:.3f} on {len(held_out)} rows{over}")
    if failed and family is not None:
        raise UnfinishedError(family.failed(failed))
    return tables


def _predict_fold(part: tuple[Config, Labelled, Labelled], say: Warn) -> tuple[pd.DataFrame, list[str]]:
    """Return the predictions of one fold's rows by a model of the others, and what can't be told of them."""
    config, rest, held_out = part
    classifier = fit(config, rest, held_out)
    found = evaluate(classifier, held_out, bootstrap=0, slices=config.evaluation.slices)
    return predictions_table(classifier, found), label_lines(found.gaps)


def _joined(
    config: Config, rows: Labelled, parts: Folds, tables: dict[str, pd.DataFrame]
) -> tuple[CrossValidation, pd.DataFrame]:
    """Return what the folds say together, and their predictions in the order of the rows."""
    whole = stacked([tables[name].assign(fold=number) for number, name in enumerate(parts, 1)])
    whole = whole.iloc[np.argsort(np.concatenate([held_out for _, held_out in parts.values()]))].reset_index(drop=True)
    if whole["id"].tolist() != rows.ids:
        raise InputError(f"{rows.name}: the folds that are kept are of other rows; delete their parent run in MLflow")
    each = [_measured(config, rows.take(parts[name][1]), tables[name], bootstrap=0) for name in parts]
    return CrossValidation(
        len(rows),
        [metrics["macro_f1"].value for metrics in each],
        _measured(config, rows, whole, config.evaluation.bootstrap),
        undecided_counts(rows, config.task.labels),
        {name: spread([metrics[name].value for metrics in each]) for name in each[0]},
    ), whole


def _measured(config: Config, rows: Labelled, table: pd.DataFrame, bootstrap: int) -> Metrics:
    task, found = config.task, predicted(table, config.task.labels)
    arrays = rows.y, found.probabilities, found.decided
    return measure(*arrays, task.labels, rows.groups, task.multilabel, bootstrap, config.seed, task.average_over)


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
