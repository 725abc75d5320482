"""A sweep's trials, as all its processes see them: which are done, which is whose, and which comes next.

Optuna keeps them; the loop around them is ours, by ``ask`` and ``tell``. Its heartbeats live under ``optimize`` alone,
so a trial names the process that fits it, and one whose process is gone (``kill -9``) is told of as lost and tried
again. One that failed by itself counts as tried, or a grid would never come to its end; one that was lost does not, or
a grid would end with holes.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from statistics import median
from typing import Any, Literal

import optuna
from optuna.exceptions import OptunaError
from optuna.trial import Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from experiments.training.sweeps.entries import LOST, Entry, Known, entry_of
from experiments.training.sweeps.importances import importances_of
from experiments.training.sweeps.owners import Owner, owner_of, this_process
from experiments.training.sweeps.proposals import Settings, Space, Tried, propose
from experiments.training.sweeps.storage import Storage

PRUNED_AFTER = 4
"""Trials that the median rule waits for."""

SILENT = 180.0
"""Seconds without a beat after which a process of another machine counts as gone, by this machine's clock."""

_BEAT = 20.0  # seconds between two
_RETRIED = "retried"


class Study:
    """A sweep that is under way; made by :func:`open_study`.

    Parameters
    ----------
    storage : Storage
        Where it is kept.
    name : str
        The same on every machine.
    space : Space
        What it tries.
    seed : int
        Decides what is drawn.
    total : int
        How many trials there are to be.
    key_of : callable
        Returns the key of settings.
    known : callable
        Returns what is known of a key already, or None.
    """

    def __init__(
        self,
        storage: Storage,
        name: str,
        space: Space,
        seed: int,
        total: int,
        key_of: Callable[[Settings], str],
        known: Callable[[str], Known | None],
    ) -> None:
        self.storage, self.name, self.space, self.seed, self.total = storage, name, space, seed, total
        self._key_of, self._known = key_of, known
        self._beats: dict[str, tuple[Any, float]] = {}
        self.exhausted = False  # whether there are fewer settings than trials
        with storage.asked(), storage.locked():
            self._study = optuna.create_study(
                storage=storage.optuna,
                study_name=name,
                direction="maximize" if space.sweep.maximises else "minimize",
                load_if_exists=True,
            )

    def entries(self) -> list[Entry]:
        """Return all trials in the order of their slots, also lost ones."""
        with self.storage.asked():
            again = set(self._study.user_attrs.get(_RETRIED, []))
            found = [entry_of(trial, again) for trial in self._study.get_trials(deepcopy=False)]
        return sorted(found, key=lambda each: (each.slot, each.number))

    def settled(self) -> list[Entry]:
        """Return the trials that have ended and count, in the order of their slots."""
        return [each for each in self.entries() if each.counts and each.state.is_finished()]

    def claim(self) -> Entry | Literal["wait"] | None:
        """Take the next trial: it is this process's then.

        Returns
        -------
        Entry, "wait" or None
            ``"wait"`` if all are taken and some are other processes' that may yet lose them; None if all have ended.
        """
        with self.storage.asked(), self.storage.locked():
            while True:
                self._reap()
                entries = self.entries()
                taken = [each for each in entries if each.counts and each.state != TrialState.WAITING]
                if left := next((each for each in entries if each.state == TrialState.WAITING), None):
                    claimed = self._ask(left.params, left.slot, left.key, queued=True)
                else:
                    keys = {each.key for each in taken}
                    lost = next((each for each in entries if not each.counts and each.key not in keys), None)
                    if lost is not None:
                        claimed = self._ask(lost.params, lost.slot, lost.key)
                    elif len(keys) < self.total and (fresh := self._proposed(taken, keys)) is not None:
                        claimed = self._ask(*fresh)
                    else:
                        return "wait" if any(each.state == TrialState.RUNNING for each in taken) else None
                known = self._known(claimed.key)
                if known is None:
                    return claimed
                self._take_over(claimed.number, known)

    def note(self, number: int, **more: Any) -> None:
        """Keep something of a running trial."""
        with self.storage.asked():
            for name, value in more.items():
                self._trial(number).set_user_attr(name, value)

    def report(self, number: int, part: int, value: float) -> bool:
        """Keep a running trial's metric over its first so many folds, and return whether to end it there.

        That is so if the sweep prunes and the metric is worse than the median of the complete trials after as many
        folds, of which there must be four. Undefined (nan), which the median can't be compared with, is no reason to.
        Optuna's own pruner won't do: it compares the best of the trial's parts so far, and each part has the rows of
        those before it, so one lucky fold would save the trial for good.
        """
        if value != value:
            return False
        with self.storage.asked():
            self._trial(number).report(value, part)
        if not self.space.sweep.prunes:
            return False
        others = [each.parts[part] for each in self.settled() if each.value is not None and part in each.parts]
        if len(others) < PRUNED_AFTER:
            return False
        middle = median(others)
        return value < middle if self.space.sweep.maximises else value > middle

    def tell(self, number: int, state: TrialState, value: float | None = None) -> None:
        """Tell how a trial ended; nothing if another process took this one for gone, and told already."""
        with self.storage.asked():
            self._study.tell(number, value, state=state, skip_if_finished=True)

    def release(self) -> None:
        """Give the trials up that this process had begun: they are tried again when the sweep goes on."""
        mine = this_process().name
        for each in self.entries():
            if each.state == TrialState.RUNNING and each.more.get("owner") == mine:
                self._lose(each)

    def retry(self) -> int:
        """Have trials that failed tried again; return how many."""
        with self.storage.asked(), self.storage.locked():
            failed = [each.number for each in self.entries() if each.counts and each.state == TrialState.FAIL]
            self._study.set_user_attr(_RETRIED, [*self._study.user_attrs.get(_RETRIED, []), *failed])
            return len(failed)

    def get(self, name: str) -> Any:
        """Return something that is kept of the sweep as a whole; None if there is nothing."""
        with self.storage.asked():
            return self._study.user_attrs.get(name)

    def put(self, name: str, value: Any) -> None:
        """Keep something of the sweep as a whole."""
        with self.storage.asked():
            self._study.set_user_attr(name, value)

    def take(self, name: str) -> bool:
        """Take a task of the sweep that one process alone may do; False if another one has it, and is there."""
        with self.storage.asked(), self.storage.locked():
            holder = self._study.user_attrs.get(name)
            if holder is not None and holder != this_process().name and not self._is_gone(holder):
                return False
            self._study.set_user_attr(name, this_process().name)
            return True

    def give_up(self, name: str) -> None:
        """Leave a task that this process has taken to the others; one that isn't its own stays as it is."""
        with self.storage.asked(), self.storage.locked():
            if self._study.user_attrs.get(name) == this_process().name:
                self._study.set_user_attr(name, None)

    def importances(self) -> dict[str, float]:
        """Return how much each field mattered, the largest first; see :func:`importances_of`."""
        tried = [Tried(each.params, each.state, each.value, each.parts) for each in self.settled()]
        return importances_of(self.space, tried, self.seed)

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Show other machines, while the block lasts, that this process is there."""
        if not self.storage.shared:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(1)

    def _beat(self, ended: threading.Event) -> None:
        count = 0
        while True:
            with suppress(SQLAlchemyError, OptunaError):  # the next call of the sweep itself says it
                self._study.set_user_attr(f"beat {this_process().name}", count)
            count += 1
            if ended.wait(_BEAT):
                return

    def _proposed(self, taken: list[Entry], keys: set[str]) -> tuple[dict[str, Any], int, str] | None:
        slot = 1 + max((each.slot for each in taken), default=0)
        tried = [Tried(each.params, each.state, each.value, each.parts) for each in taken]
        params = propose(self.space, tried, self.seed, slot, lambda settings: self._key_of(settings) not in keys)
        if params is None:
            self.exhausted = True
            return None
        return params, slot, self._key_of(self.space.settings(params))

    def _ask(self, params: Mapping[str, Any], slot: int, key: str, queued: bool = False) -> Entry:
        """Make a running trial of parameters. If this process is killed within, a waiting one is left, and taken."""
        mine = this_process().name
        if not queued:
            self._study.enqueue_trial(dict(params), {"slot": slot, "key": key, "owner": mine})
        trial = self._study.ask(self.space.distributions)
        trial.set_user_attr("owner", mine)
        return Entry(trial.number, slot, key, TrialState.RUNNING, dict(params), None, {}, True, {"owner": mine})

    def _take_over(self, number: int, known: Known) -> None:
        trial = self._trial(number)
        for part, value in known.parts.items():
            trial.report(value, part)
        for name in ("run_id", "seconds"):
            trial.set_user_attr(name, getattr(known, name))
        self._study.tell(number, known.value, state=TrialState.COMPLETE)

    def _reap(self) -> None:
        """End the trials whose process is gone: by what MLflow has of them, or as lost."""
        for each in self.entries():
            if each.state == TrialState.RUNNING and self._is_gone(each.more["owner"]):
                known = self._known(each.key)
                if known is not None:
                    self._take_over(each.number, known)
                else:
                    self._lose(each)

    def _lose(self, entry: Entry) -> None:
        with self.storage.asked(), suppress(optuna.exceptions.UpdateFinishedTrialError):
            self._trial(entry.number).set_user_attr(LOST, True)
            self._study.tell(entry.number, state=TrialState.FAIL, skip_if_finished=True)

    def _is_gone(self, name: str) -> bool:
        owner: Owner = owner_of(name)
        if owner.is_here:
            return owner.is_gone
        beat, now = self._study.user_attrs.get(f"beat {name}"), time.monotonic()
        seen, since = self._beats.get(name, (object(), now))
        if beat != seen:
            self._beats[name] = (beat, now)
            return False
        return now - since > SILENT

    def _trial(self, number: int) -> Trial:
        return Trial(
            self._study, self._study._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)
        )
