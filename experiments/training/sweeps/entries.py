"""One trial of a sweep, as Optuna keeps it and the sweep sees it."""

from dataclasses import dataclass, field
from typing import Any

from optuna.trial import FrozenTrial, TrialState

LOST = "lost"
"""Under which Optuna keeps that a trial ended with its process, and not by itself."""


@dataclass(frozen=True)
class Known:
    """What was measured before: in another sweep, or by a process that was killed before it could tell."""

    value: float
    parts: dict[int, float]
    run_id: str
    seconds: float


@dataclass(frozen=True)
class Entry:
    """One trial.

    Attributes
    ----------
    number : int
        Optuna's.
    slot : int
        Ours, from 1: one that was lost has the same slot when it is tried again.
    key : str
        The digest of its config and rows.
    state : TrialState
        Optuna's.
    params : dict
        Optuna's.
    value : float or None
        The metric, if it is complete.
    parts : dict of int to float
        The metric over the first so many folds.
    counts : bool
        False if it was lost, or is to be tried again.
    more : dict
        ``owner``, ``run_id``, ``seconds``, ``error`` and the like.
    """

    number: int
    slot: int
    key: str
    state: TrialState
    params: dict[str, Any]
    value: float | None
    parts: dict[int, float]
    counts: bool
    more: dict[str, Any] = field(default_factory=dict)


def entry_of(trial: FrozenTrial, again: set[int]) -> Entry:
    """Return a trial of Optuna's as a sweep sees it; ``again`` has the numbers of those that are to be tried again."""
    more = dict(trial.user_attrs)
    params = trial.params
    if trial.state == TrialState.WAITING:
        params = dict(trial.system_attrs.get("fixed_params", {}))
    counts = not more.get(LOST) and trial.number not in again
    value = trial.value if trial.state == TrialState.COMPLETE else None
    return Entry(
        trial.number,
        int(more.pop("slot", 0)),
        str(more.pop("key", "")),
        trial.state,
        dict(params),
        value,
        dict(trial.intermediate_values),
        counts,
        more,
    )
