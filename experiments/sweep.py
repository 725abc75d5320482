"""A sweep: trials of other settings on training rows, and the best of them measured once on the test rows."""

import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.config.files import with_values
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError, UnfinishedError
from experiments.notices import Warn, once
from experiments.tracking.connection import connect
from experiments.tracking.families import Family
from experiments.tracking.trials import find_winner, start_sweep, winner_tags
from experiments.train import prepare, train
from experiments.training.sweeps.owners import owner_of
from experiments.training.sweeps.page import write_page
from experiments.training.sweeps.storage import hidden
from experiments.training.sweeps.summary import Row, Summary, winner_of
from experiments.training.sweeps.trials import POLL, Trials

_WINNERS = "winners"  # under which the study keeps what was measured on test rows
_MEASURING = "measuring"  # under which it keeps who does so


@dataclass(frozen=True)
class Swept:
    """What a sweep leaves behind.

    Attributes
    ----------
    run_id : str
        The sweep's.
    summary : Summary
        Its trials and its winner.
    storage : str
        Where the trials are kept.
    measured : int
        Trials that this call measured; nought of a sweep that had ended.
    seconds : float
        For all of it.
    """

    run_id: str
    summary: Summary
    storage: str
    measured: int
    seconds: float


def sweep(config: Config, trials: int | None, jobs: int | None, retry: bool, say: Warn) -> Swept:
    """Run a sweep to its end, or go on with it; by any number of processes and machines at once.

    Trials are measured on training rows that their models have not seen. The best is fitted on all training rows, as
    ``train`` does it, and measured on the test rows once. What is finished is not measured again, whoever was killed.

    Parameters
    ----------
    config : Config
        With a sweep.
    trials : int or None
        How many there are to be; None for what the config says.
    jobs : int or None
        Fits at a time, each in a process of its own; None for :func:`default_jobs`.
    retry : bool
        Try trials that failed again.
    say : callable
        Called with a line for each trial, and each thing the user should know.

    Raises
    ------
    InputError
        If the config, its data, the store or the storage can't be used.
    UnfinishedError
        If no trial came to a value, or the storage is gone in the middle.
    """
    began = time.perf_counter()
    config = _pinned(config, trials)
    say(f"reading {config.data.train}")
    train_rows, test_rows = prepare(config, once(say))
    connect()
    found = Trials(config, train_rows, test_rows, say)
    try:
        if retry and (again := found.study.retry()):
            say(f"{again} trials that had failed are tried again")
        with found.study.alive():
            run_id, summary = _run(found, test_rows, jobs, say)
    finally:
        with suppress(UnfinishedError):  # the storage is gone: the next start takes them for lost
            found.release()
    return Swept(run_id, summary, found.study.storage.place, found.measured, time.perf_counter() - began)


def _run(trials: Trials, test: Labelled, jobs: int | None, say: Warn) -> tuple[str, Summary]:
    """Do what is left, and return the sweep's run and what came of it; of one that has ended nothing is done."""
    if not trials.claim() and (kept := _kept(trials, test)) is not None:
        say(f"the sweep had ended: {len(trials.ended())} trials, and nothing is measured again")
        return kept["parent"], _summary(trials, kept)
    shown = trials.config.model_copy(
        update={"sweep": trials.sweep.model_copy(update={"storage": hidden(trials.sweep.storage)})}
    )
    with start_sweep(shown, trials.total, trials.digest, say) as family:
        family.run.log_config(shown)
        family.run.log_data("train", trials.rows)
        trials.run(family, jobs)
        best = _best(trials, family, say)
        summary = _summary(trials, _winner(trials, best, test, family, say))
        family.log({f"best.{trials.sweep.metric}": float(best.value or 0.0), "trials": float(len(summary.rows))}, {})
        with tempfile.TemporaryDirectory() as scratch:
            write_page(Path(scratch), family.run.id, summary)
            family.run.log_files(Path(scratch))
    return family.run.id, summary


def _best(trials: Trials, family: Family, say: Warn) -> Row:
    rows, best = trials.ended(), trials.best()
    failed = [row for row in rows if row.state == "failed"]
    if best is None:
        why = f": {failed[0].error}" if failed else ""
        raise UnfinishedError(
            f"run {family.run.id}: none of {len(rows)} trials came to a value{why}. Once that is mended give the same "
            "command with --retry"
        )
    if failed:
        say(f"note: {len(failed)} of {len(rows)} trials failed ({failed[0].error}); --retry tries them again")
    return best


def _winner(trials: Trials, best: Row, test: Labelled, family: Family, say: Warn) -> dict[str, Any]:
    """Return what the best trial's settings reach on the test rows, measured by one process alone, and once."""
    study, name = trials.study, _name(best, test)
    waiting: str | None = None
    while (kept := _kept(trials, test)) is None:
        if not study.take(_MEASURING):
            if (holder := study.get(_MEASURING)) not in (None, waiting):
                owner, waiting = owner_of(holder), holder
                say(
                    f"waiting for process {owner.pid} on {owner.host}, which is measuring a winner of this sweep on "
                    "the test rows"
                )
            time.sleep(POLL)
            continue
        try:
            if _kept(trials, test) is None:  # no other process was done with it before this one looked
                told = _measured(trials, best, name, family, say)
                study.put(_WINNERS, {**(study.get(_WINNERS) or {}), name: told})
        finally:
            with suppress(UnfinishedError):  # the storage is gone, and what is going on says so
                study.give_up(_MEASURING)
    return kept


def _measured(trials: Trials, best: Row, name: str, family: Family, say: Warn) -> dict[str, Any]:
    """Fit the best trial's settings and measure them on the test rows, unless MLflow has that already."""
    if (found := find_winner(name, trials.digest)) is None:
        say(f"fitting trial {best.number} on all {len(trials.rows)} training rows: {best.said}")
        config = with_values(trials.config, best.settings)
        summary = _summary(trials, None)
        train(
            config.model_copy(update={"name": f"{trials.config.name}-winner"}),
            lambda line: say(line) if line.startswith("note:") else None,
            winner_tags(family, name, len(summary.rows)),
            summary.won_against,
        )
        found = find_winner(name, trials.digest)
        assert found is not None
    run_id, metrics = found
    return {"run_id": run_id, "metrics": metrics, "parent": family.run.id}


def _kept(trials: Trials, test: Labelled) -> dict[str, Any] | None:
    """Return what was measured of the best trial on these test rows."""
    best = trials.best()
    return None if best is None else (trials.study.get(_WINNERS) or {}).get(_name(best, test))


def _name(best: Row, test: Labelled) -> str:
    return f"{best.key}-{test.digest}"


def _summary(trials: Trials, kept: dict[str, Any] | None) -> Summary:
    return Summary(
        trials.config,
        trials.ended(),
        trials.study.importances(),
        trials.total,
        len(trials.rows),
        winner_of(kept, len(trials.study.get(_WINNERS) or {})),
        trials.study.exhausted,
    )


def _pinned(config: Config, trials: int | None) -> Config:
    """Return the config with the test rows that it has now, whatever the seeds of its trials, and with so many trials.

    Raises
    ------
    InputError
        If it has no sweep, or a grid is given a number of trials.
    """
    if config.sweep is None:
        raise InputError(
            f"config {config.name}: has no section sweep: write sweep: {{space: {{classifier.C: [0.5, 1, 2]}}}}, or "
            "take a shipped one, such as sweeps/grid"
        )
    swept = config.sweep
    if trials is not None:
        if swept.sampler == "grid":
            raise InputError("--trials: a grid tries every combination; leave it out, or add sweep.sampler=random")
        swept = swept.model_copy(update={"trials": trials})
    data = config.data.model_copy(update={"split_seed": config.split_seed})
    return config.model_copy(update={"data": data, "sweep": swept})
