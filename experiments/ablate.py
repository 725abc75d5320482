"""What each block of a config's features is worth: the config without it, compared with the whole."""

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import pandas as pd

from experiments.config.schema import Config
from experiments.config.sweep import metrics_of
from experiments.corpus.rows import Labelled
from experiments.corpus.splits import folds
from experiments.errors import InputError, UnfinishedError
from experiments.evaluation.comparison import Compared, compare
from experiments.evaluation.evaluate import evaluate, predictions_table
from experiments.evaluation.predictions import SLICE, predicted, stacked
from experiments.measures.metrics import flat_metrics, measure
from experiments.notices import Warn, once
from experiments.tracking.contestant import Contestant
from experiments.tracking.families import PREDICTIONS, Child, Family, family_digest, start_family
from experiments.train import prepare
from experiments.training.cross_validation import predict_folds, rows_to_fold
from experiments.training.fitting import fit
from experiments.training.processes import default_jobs, run_each, threaded
from features import block_names

FULL = "full"


@dataclass(frozen=True)
class Setting:
    """How an ablation is made.

    Attributes
    ----------
    blocks : sequence of str, default ()
        Which blocks are left out in turn; all when empty.
    alone : bool, default False
        Also measure each of them by itself.
    folds : int or None, default 5
        Of the cross-validation of the training rows; None to measure on the test rows.
    seeds : sequence of int, default ()
        Train everything once with each of these seeds; with the config's own when empty.
    metric : str, default "macro_f1"
        By which variants are judged.
    margin : float, default 0.01
        A smaller difference makes no difference.
    """

    blocks: Sequence[str] = ()
    alone: bool = False
    folds: int | None = 5
    seeds: Sequence[int] = ()
    metric: str = "macro_f1"
    margin: float = 0.01


@dataclass(frozen=True)
class Ablated:
    """What an ablation leaves behind.

    Attributes
    ----------
    run_id : str
        The parent's.
    setting : Setting
        How it was made.
    variants : dict of str to list of str
        ``full``, ``without words``, ``words alone`` and so on -> the blocks that each has.
    children : dict of str to Child
        The runs: one a variant, or one a variant and seed.
    compared : Compared
        The variants in their order against the first, the whole config; p-values are adjusted over these differences.
    seconds : float
        For all of it.
    """

    run_id: str
    setting: Setting
    variants: dict[str, list[str]]
    children: dict[str, Child]
    compared: Compared
    seconds: float


def variants_of(config: Config, setting: Setting) -> dict[str, list[str]]:
    """Return the variants of a config by name, the whole config first, each with the blocks that it has.

    Raises
    ------
    InputError
        If there is no such block, one is named twice, or there is nothing to leave out.
    """
    names, kind = block_names(config.features), config.classifier.type
    if not names:
        raise InputError(
            f"config {config.name}: the {kind} classifier reads no features, so there is none to leave out"
        )
    if kind == "majority":
        raise InputError(f"config {config.name}: the majority classifier looks at no features; nothing can be left out")
    if len(names) == 1:
        raise InputError(f"config {config.name}: has one feature, {names[0]}; an ablation needs two or more")
    for block in setting.blocks:
        if block not in names:
            raise InputError(f"--block {block}: there is no such block; {config.name} has {', '.join(names)}")
        if setting.blocks.count(block) > 1:
            raise InputError(f"--block {block}: stands twice; name each block once")
    chosen = [name for name in names if name in setting.blocks] if setting.blocks else names
    found = {FULL: names} | {f"without {name}": [each for each in names if each != name] for name in chosen}
    if setting.alone:  # of two blocks, one alone is the other left out
        alone = {f"{name} alone": [name] for name in chosen}
        found |= {name: kept for name, kept in alone.items() if kept not in found.values()}
    return found


def ablate(config: Config, setting: Setting, jobs: int | None, say: Warn) -> Ablated:
    """Measure a config without each of its blocks of features in turn, and compare that with the whole config.

    Everything else stays: rows, folds, seeds, classifier and its settings; thresholds are chosen anew. All variants are
    children of one parent run, which is taken up again if it ended before they were done.

    Parameters
    ----------
    config : Config
        The experiment.
    setting : Setting
        What is left out, and how it is measured.
    jobs : int or None
        Variants at a time, each in a process of its own; None for :func:`default_jobs`. Results don't depend on it.
    say : callable
        Called with a line for each variant, and each thing the user should know, once.

    Raises
    ------
    InputError
        If nothing can be left out, or the config, its data or the store can't be used.
    UnfinishedError
        If variants failed; the others are kept.

    Notes
    -----
    A variant whose classifier keeps the settings that were chosen for the whole config may be worth more with settings
    of its own. Blocks overlap: what one can be left out for, another may carry as well.
    """
    began = time.perf_counter()
    tell = once(say)
    variants = variants_of(config, setting)
    known = metrics_of(config.task.labels, bool(config.task.average_over))
    if setting.metric not in known:
        raise InputError(f"--metric {setting.metric}: is none; take one of {', '.join(known)}")
    settled = config.model_copy(update={"data": config.data.model_copy(update={"split_seed": config.split_seed})})
    tell(f"reading {config.data.train}")
    parts: tuple[Labelled, Labelled | None]
    parts = (rows_to_fold(settled, None, tell), None) if setting.folds else prepare(settled, tell)
    measured_on = parts[0] if parts[1] is None else parts[1]
    if setting.folds:
        list(folds(parts[0], setting.folds, settled.split_seed))  # told of now if it can't be, and not by every variant
    seeds: list[int | None] = [*setting.seeds] or [None]
    wanted = {
        _child_name(name, seed): _variant(settled, kept, seed) for name, kept in variants.items() for seed in seeds
    }
    how = f"{setting.folds} folds" if setting.folds else "test rows"
    digest = family_digest(settled, [*wanted, how], [rows for rows in parts if rows is not None])
    named = settled.model_copy(update={"name": f"{config.name} ablation"})
    with start_family(named, "variants", list(wanted), digest, tell) as family:
        family.run.log_config(settled)
        for context, rows in zip(("train", "test"), parts, strict=True):
            if rows is not None:
                family.run.log_data(context, rows)
        work = {name: (each, *parts, setting.folds) for name, each in wanted.items() if name not in family.done}
        _measure_rest(settled, family, work, measured_on, jobs, tell)
        tables = {name: family.predictions(family.done[name]) for name in wanted}
        for name, table in tables.items():
            if table["id"].tolist() != measured_on.ids or table["text"].tolist() != measured_on.texts:
                raise InputError(
                    f"{measured_on.name}: was changed after {name} was measured; run the same command again"
                )
        tell("comparing")
        compared = _compared(settled, setting, variants, tables)
        family.log(_flat(compared), {PREDICTIONS: tables[_child_name(FULL, *setting.seeds[:1])]})
    children = {name: family.done[name] for name in wanted}
    return Ablated(family.run.id, setting, variants, children, compared, time.perf_counter() - began)


def _measure_rest(
    config: Config,
    family: Family,
    work: Mapping[str, tuple[Config, Labelled, Labelled | None, int | None]],
    rows: Labelled,
    jobs: int | None,
    say: Warn,
) -> None:
    """Measure the variants that aren't there yet."""
    names = list(work)
    if not names:
        return
    jobs = jobs or default_jobs(config, len(names))
    say(f"fitting {len(names)} variants, {min(jobs, len(names))} at a time")
    failed: dict[str, str] = {}
    with closing(run_each(_predictions, list(work.values()), jobs, not threaded(config), say)) as ended:
        for each in ended:
            name = names[each.number]
            run_name = f"{config.name} {name}"
            if each.error is not None:
                family.add_failed(name, run_name, each.error, each.began)
                failed[name] = each.error
                say(f"{name} failed: {each.error}")
                continue
            found, task = predicted(each.result, config.task.labels), config.task
            arrays = rows.y, found.probabilities, found.decided
            metrics = measure(*arrays, task.labels, rows.groups, task.multilabel, 0, config.seed, task.average_over)
            child = family.add(name, run_name, each.result, flat_metrics(metrics, "test"), each.began)
            say(f"{name}: macro-F1 {metrics['macro_f1'].value:.3f}, {child.seconds:.0f} s")
    if failed:
        raise UnfinishedError(family.failed(failed))


def _predictions(part: tuple[Config, Labelled, Labelled | None, int | None], say: Warn) -> pd.DataFrame:
    """Return the predictions of one variant, in its own process."""
    config, train_rows, test_rows, folds = part
    if test_rows is None:
        assert folds is not None
        return predict_folds(config, train_rows, folds, lambda line: None)
    classifier = fit(config, train_rows, test_rows)
    found = evaluate(classifier, test_rows, bootstrap=0, slices=config.evaluation.slices)
    return predictions_table(classifier, found)


def _child_name(variant: str, seed: int | None = None) -> str:
    return variant if seed is None else f"{variant}, seed {seed}"


def _variant(config: Config, kept: Sequence[str], seed: int | None) -> Config:
    features = [each for each, name in zip(config.features, block_names(config.features), strict=True) if name in kept]
    return config.model_copy(update={"features": features, **({} if seed is None else {"seed": seed})})


def _compared(
    config: Config, setting: Setting, variants: Mapping[str, Sequence[str]], tables: Mapping[str, pd.DataFrame]
) -> Compared:
    """Return the variants against the whole config; of several seeds each is one contestant."""
    contestants = []
    for name, kept in variants.items():
        table = (
            stacked([tables[_child_name(name, seed)].assign(seed=seed) for seed in setting.seeds])
            if setting.seeds
            else tables[name]
        )
        # by slices there would be a comparison more for each value, of which nobody asks here
        table = table.drop(columns=[column for column in table.columns if column.startswith(SLICE)])
        task = config.task
        settings = {"features": ", ".join(kept)}
        about = task.name, task.multilabel, tuple(task.average_over)
        contestants.append(Contestant(name, table, None, *about, settings=settings))
    return compare(contestants, setting.metric, 0, setting.margin, seed=config.seed, every_pair=False)


def _flat(compared: Compared) -> dict[str, float]:
    """Return what MLflow keeps of it: ``ablation.<variant>.<metric>``, and the difference to the whole config."""
    found: dict[str, float] = {}
    for number, each in enumerate(compared.contestants):
        found[f"ablation.{each.name}.{compared.metric}"] = compared.values[number][compared.metric].value
        if pair := compared.main(number):
            values = {"": pair.difference.value, ".low": pair.difference.low, ".high": pair.difference.high}
            found |= {f"ablation.{each.name}.difference{end}": value for end, value in values.items()}
            found[f"ablation.{each.name}.p_adjusted"] = pair.p_adjusted
    return {name: value for name, value in found.items() if value == value}
