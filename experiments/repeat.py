"""The same experiment trained with several seeds: a run each, and a parent that sums them up."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError, UnfinishedError
from experiments.evaluation.predictions import predicted, stacked
from experiments.measures.repeated import Spread, flat_spreads, measure_repeated
from experiments.notices import Warn, once
from experiments.tracking.families import PREDICTIONS, Child, Family, family_digest, start_family
from experiments.train import prepare, train
from experiments.training.processes import default_jobs, run_each, threaded

_MOST = 100  # more is a seed that was taken for a number of seeds
_SEEDS = 2**32


@dataclass(frozen=True)
class Repeated:
    """What repeated training leaves behind.

    Attributes
    ----------
    run_id : str
        The parent's.
    seeds : list of int
        As they were asked for.
    children : list of Child
        One a seed, in their order.
    spreads : dict of str to Spread
        Each metric's mean over the seeds, with standard deviation and bounds.
    metrics : dict of str to float
        The same under flat names, as the parent holds them.
    rows, groups : int
        Of the test part, which is the same for all.
    split_seed : int
        That decides on the test part.
    seconds : float
        For all of it.
    """

    run_id: str
    seeds: list[int]
    children: list[Child]
    spreads: dict[str, Spread]
    metrics: dict[str, float]
    rows: int
    groups: int
    split_seed: int
    seconds: float


def read_seeds(text: str, first: int) -> list[int]:
    """Return the seeds that an option names: ``5`` for five from ``first`` on, or ``3,7,21`` for these.

    Raises
    ------
    InputError
        If it is neither, names fewer than two, or one of them twice.

    Examples
    --------
    >>> read_seeds("3", 13), read_seeds("3,7,21", 13)
    ([13, 14, 15], [3, 7, 21])
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise InputError(f"--seeds {text}: write a number of seeds, such as 5, or the seeds, such as 3,7,21")
    numbers = [int(part) for part in parts]
    if len(parts) == 1 and numbers[0] > _MOST:
        raise InputError(
            f"--seeds {text}: is a number of seeds, at most {_MOST}; for one run with this seed write seed={text}"
        )
    seeds = numbers if len(parts) > 1 else list(range(first, first + numbers[0]))
    if len(seeds) < 2:
        raise InputError(f"--seeds {text}: a spread needs two seeds or more; leave --seeds out for a single run")
    if (twice := next((seed for seed in seeds if seeds.count(seed) > 1), None)) is not None:
        raise InputError(f"--seeds {text}: {twice} stands twice; name each seed once")
    if (most := max(seeds)) >= _SEEDS:
        raise InputError(f"--seeds {text}: {most} is too large; seeds are below {_SEEDS}")
    return seeds


def train_repeatedly(config: Config, seeds: Sequence[int], jobs: int | None, say: Warn) -> Repeated:
    """Train one experiment with several seeds on one split, each as a run of its own below a parent run.

    The seed decides what is random in training: the classifier, the validation rows, the folds on which thresholds are
    chosen. Which rows are tested on, ``data.split_seed`` or the config's own ``seed`` decides for all of them. Children
    are whole runs, but not registered. A parent that ended before its children were done is taken up again.

    Parameters
    ----------
    config : Config
        The experiment.
    seeds : sequence of int
        At least two, all different.
    jobs : int or None
        Runs at a time, each in a process of its own; None for :func:`default_jobs`. Results don't depend on it.
    say : callable
        Called with a line for each child, and each thing the user should know, once.

    Raises
    ------
    InputError
        If the config, its data or the store can't be used.
    UnfinishedError
        If children failed; the others are kept.
    """
    began = time.perf_counter()
    tell = once(say)
    config = _with(config, "data", split_seed=config.split_seed)
    tell(f"reading {config.data.train}")
    train_rows, test_rows = prepare(config, tell)
    names = {f"seed {seed}": _child_of(config, seed) for seed in seeds}
    digest = family_digest(config, list(names), [train_rows, test_rows])
    with start_family(config, "seeds", list(names), digest, tell) as family:
        family.run.log_config(config)
        family.run.log_data("train", train_rows)
        family.run.log_data("test", test_rows)
        _train_rest(config, family, {name: each for name, each in names.items() if name not in family.done}, jobs, tell)
        children = [family.done[name] for name in names]
        tables = [_checked(family.predictions(child), test_rows) for child in children]
        spreads = _measured(config, tables, test_rows, tell)
        metrics = flat_spreads(spreads, "test")
        whole = stacked([table.assign(seed=seed) for table, seed in zip(tables, seeds, strict=True)])
        listed = [
            {"run_id": child.run_id, "seed": seed, **child.metrics} for child, seed in zip(children, seeds, strict=True)
        ]
        family.log(metrics, {PREDICTIONS: whole, "children.csv": pd.DataFrame(listed)})
    return Repeated(
        family.run.id,
        list(seeds),
        children,
        spreads,
        metrics,
        len(test_rows),
        len(set(test_rows.groups)),
        config.split_seed,
        time.perf_counter() - began,
    )


def _train_rest(config: Config, family: Family, wanted: dict[str, Config], jobs: int | None, say: Warn) -> None:
    """Train the children that aren't there yet."""
    names = list(wanted)
    jobs = jobs or default_jobs(config, len(names))
    if names:
        say(f"fitting {config.classifier.type} with {len(names)} seeds, {min(jobs, len(names))} at a time")
    parts = [(wanted[name], family.tags(name)) for name in names]
    failed: dict[str, str] = {}
    with closing(run_each(_train_one, parts, jobs, not threaded(config), say)) as ended:
        for each in ended:
            name = names[each.number]
            if each.error is not None:
                family.close(each.pid, each.error)
                failed[name] = each.error
                say(f"{name} failed: {each.error}")
                continue
            child = family.finished(each.result)
            say(f"{name}: macro-F1 {child.metrics['test.macro_f1']:.3f}, {child.seconds:.0f} s, run {child.run_id}")
    if failed:
        raise UnfinishedError(family.failed(failed))


def _train_one(part: tuple[Config, dict[str, str]], say: Warn) -> str:
    """Train a child, in its own process, and return its run's id."""
    config, tags = part
    return train(config, lambda line: say(line) if line.startswith("note:") else None, tags).run_id


def _child_of(config: Config, seed: int) -> Config:
    named = config.model_copy(update={"name": f"{config.name}-seed-{seed}", "seed": seed})
    return _with(named, "tracking", register_model=False)


def _with(config: Config, section: str, **values: object) -> Config:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


def _checked(table: pd.DataFrame, rows: Labelled) -> pd.DataFrame:
    """Return a child's predictions, of which each must be that of the same row of the parent's."""
    if table["id"].tolist() != rows.ids or table["text"].tolist() != rows.texts:
        raise InputError(f"{rows.name}: was changed while children were trained on it; run the same command once more")
    return table


def _measured(config: Config, tables: Sequence[pd.DataFrame], rows: Labelled, say: Warn) -> dict[str, Spread]:
    labels, task = config.task.labels, config.task
    found = [predicted(table, labels) for table in tables]
    probabilities = np.stack([each.probabilities for each in found])
    decided = np.stack([each.decided for each in found])
    if not np.ptp(probabilities, axis=0).any() and not np.ptp(decided, axis=0).any():
        say("note: every child predicts the same: nothing that this config trains depends on the seed")
    times = config.evaluation.bootstrap
    return measure_repeated(
        rows.y, probabilities, decided, labels, rows.groups, task.multilabel, times, config.seed, task.average_over
    )
