"""Fits a sweep's trials, fold by fold and several at a time, and tells MLflow and the study how each ended."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pandas as pd
from optuna.trial import TrialState

from experiments.config.files import with_values
from experiments.config.schema import Config
from experiments.config.space import points
from experiments.config.sweep import TRIALS, Sweep
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.measures.metrics import flat_metrics
from experiments.notices import Warn
from experiments.progress import Progress, progress
from experiments.tracking.families import Family
from experiments.tracking.trials import fail_trial, find_trial, finish_trial, prune_trial, start_trial
from experiments.training.processes import Ended, default_jobs, run_as_they_come, threaded
from experiments.training.sweeps.entries import Entry, Known
from experiments.training.sweeps.measured import (
    Part,
    data_digest,
    fit_part,
    measured,
    parts_of,
    sweep_digest,
    trial_key,
)
from experiments.training.sweeps.proposals import Settings, Space
from experiments.training.sweeps.storage import open_storage
from experiments.training.sweeps.study import Study
from experiments.training.sweeps.summary import Row, best_of, rows_of

POLL = 1.0
"""Seconds between two looks at what other processes do."""


@dataclass
class _Open:
    """A trial that this process fits: its config (None if its settings make none), run and predictions so far."""

    entry: Entry
    config: Config | None
    error: str = ""
    run_id: str = ""
    began: float = field(default_factory=time.monotonic)
    tables: list[pd.DataFrame] = field(default_factory=list)
    busy: bool = False


class Trials:
    """The trials of a sweep, while this process works on it.

    Parameters
    ----------
    config : Config
        With a sweep.
    rows, test : Labelled
        The rows that trials are measured on, and those that take no part; of the latter the texts alone are used, to
        keep them out of the sentences without labels.
    say : callable
        Called with a line for each trial.

    Raises
    ------
    InputError
        If the rows can't be parted, or the storage can't be used.
    """

    def __init__(self, config: Config, rows: Labelled, test: Labelled, say: Warn) -> None:
        assert config.sweep is not None
        self.config, self.rows, self.say = config, rows, say
        self.sweep: Sweep = config.sweep
        self._barred = test.texts if config.data.unlabelled else []
        self._parts = parts_of(config, rows)
        self._data = data_digest(config, rows)
        self.digest = sweep_digest(config, self._data)
        self.space = Space(self.sweep, lambda values: with_values(config, values))
        self._keys: dict[str, str] = {}
        storage = open_storage(self.sweep)
        self.total = self.sweep.trials or TRIALS
        if self.sweep.sampler == "grid":  # of which several points may come to the same
            self.total = len({self._key_of(settings) for settings in points(self.sweep)})
        name = f"{config.name} {self.digest}"
        self.study = Study(storage, name, self.space, config.seed, self.total, self._key_of, _known)
        self._open: dict[int, _Open] = {}
        self._sent: list[int | None] = []
        self.measured = 0

    def claim(self) -> bool:
        """Take a trial, and return whether there is anything to do or to wait for."""
        claimed = self.study.claim()
        if isinstance(claimed, Entry):
            self._take(claimed)
        return claimed is not None

    def release(self) -> None:
        """Give up what this process has begun and not ended."""
        if self._open:
            self.study.release()

    def best(self) -> Row | None:
        """Return the best trial so far."""
        return best_of(self.ended(), self.sweep.maximises)

    def ended(self) -> list[Row]:
        """Return the trials that have ended."""
        return rows_of(self.study.settled(), self.space)

    def run(self, family: Family, jobs: int | None) -> None:
        """Fit trials until all have ended, those of other processes too.

        Parameters
        ----------
        family : Family
            The sweep's run, below which they are kept.
        jobs : int or None
            Fits at a time; None for :func:`default_jobs`.
        """
        done = len(self.study.settled())
        if 0 < done < self.total:
            self.say(f"{done} of {self.total} trials are done and not measured again")
        jobs = jobs or default_jobs(self.config, self.total)
        with progress("sweep", self.say) as shown:
            shown.at(done / self.total, f"{done} of {self.total} trials")
            shown.went_on(done / self.total)
            work = self._work(family, shown)
            one_thread = not threaded(self.config)
            with closing(run_as_they_come(fit_part, work, jobs, one_thread, self.say)) as ended:
                for each in ended:
                    self._take_in(each, shown)

    def _work(self, family: Family, shown: Progress) -> Iterator[Part | None]:
        """Yield what is to be fitted next, as long as there is anything; None while all of it is being fitted."""
        while True:
            each = next((each for each in self._open.values() if not each.busy), None)
            if each is None:
                if self.claim():
                    if not all(each.busy for each in self._open.values()):
                        continue
                elif not self._open:
                    return
                if self._open:
                    self._sent.append(None)
                    yield None
                else:
                    self._show(shown, ", waiting for other processes")
                    time.sleep(POLL)
                continue
            if not each.run_id:
                each.run_id = start_trial(
                    family, f"trial {each.entry.slot}", each.config or self.config, each.entry.key
                )
                self.study.note(each.entry.number, run_id=each.run_id)
            if each.config is None:
                self._fail(each, each.error)
                continue
            each.busy = True
            left = self._parts[len(each.tables) :]
            self._sent.append(each.entry.number)
            yield Part(each.config, left[:1] if self.sweep.prunes else left, self._barred)

    def _take(self, entry: Entry) -> None:
        try:
            config = with_values(self.config, self.space.settings(entry.params))
        except InputError as error:
            self._open[entry.number] = _Open(entry, None, str(error))
            return
        named = config.model_copy(update={"name": f"{self.config.name} trial {entry.slot}"})
        self._open[entry.number] = _Open(entry, named)

    def _take_in(self, ended: Ended, shown: Progress) -> None:
        """Take in what came of one fit: the next fold, or the end of the trial."""
        number = self._sent[ended.number]
        assert number is not None
        each = self._open[number]
        each.busy = False
        if ended.error is not None:
            self._fail(each, ended.error)
        else:
            for table in ended.result:
                each.tables.append(table)
                self._measure(each)
        self._show(shown)

    def _measure(self, each: _Open) -> None:
        count, metric = len(each.tables), self.sweep.metric
        metrics = measured(self.config, [held for _, held in self._parts[:count]], each.tables)
        value = metrics[metric].value
        undefined = value != value
        hopeless = not undefined and self.study.report(each.entry.number, count, value)
        if not undefined:
            each.entry.parts[count] = value
        if count == len(self._parts):
            if undefined:
                self._fail(each, f"{metric} is undefined (nan): no row that was measured has what it is of")
                return
            finish_trial(each.run_id, value, each.entry.parts, flat_metrics(metrics, "validation"))
            self._close(each, TrialState.COMPLETE, value)
            best = self.best()
            standing = ", the best so far" if best is not None and best.key == each.entry.key else ""
            self._tell(each, f"{metric} {value:.4f}{standing}")
        elif hopeless and self.sweep.prunes:
            why = f"after fold {count} of {len(self._parts)}, {metric} {value:.4f}"
            prune_trial(each.run_id, why)
            self._close(each, TrialState.PRUNED)
            self._tell(each, f"pruned {why}")

    def _fail(self, each: _Open, error: str) -> None:
        fail_trial(each.run_id, error)
        self.study.note(each.entry.number, error=error[:500])
        self._close(each, TrialState.FAIL)
        self._tell(each, f"failed: {error}")

    def _close(self, each: _Open, state: TrialState, value: float | None = None) -> None:
        """Tell the study, after MLflow has it: what is lost between the two is found there by its key."""
        self.study.note(each.entry.number, seconds=time.monotonic() - each.began)
        self.study.tell(each.entry.number, state, value)
        del self._open[each.entry.number]
        self.measured += 1

    def _tell(self, each: _Open, what: str) -> None:
        said = rows_of([each.entry], self.space)[0].said
        self.say(f"trial {each.entry.slot}: {what}, {time.monotonic() - each.began:.0f} s: {said}")

    def _show(self, shown: Progress, more: str = "") -> None:
        rows = self.ended()
        best = best_of(rows, self.sweep.maximises)
        begun = sum(len(each.tables) for each in self._open.values()) / len(self._parts)
        said = "" if best is None or best.value is None else f", best {best.value:.4f}"
        shown.at(min((len(rows) + begun) / self.total, 1.0), f"{len(rows)} of {self.total} trials{said}{more}")

    def _key_of(self, settings: Settings) -> str:
        said = repr(settings)
        if said not in self._keys:
            try:
                self._keys[said] = trial_key(with_values(self.config, settings), self._data)
            except InputError:  # settings that don't go together: a trial of them fails
                self._keys[said] = f"none {said}"
        return self._keys[said]


def _known(key: str) -> Known | None:
    found = find_trial(key)
    return None if found is None else Known(found.value, found.parts, found.run_id, found.seconds)
