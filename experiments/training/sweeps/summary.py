"""What came of a sweep: its trials, the best of them, and what the winner reached on the test rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from optuna.trial import TrialState

from experiments.config.schema import Config
from experiments.config.sweep import names_of
from experiments.training.sweeps.entries import Entry
from experiments.training.sweeps.proposals import Space

_STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "running",
}


@dataclass(frozen=True)
class Row:
    """A trial: ``value`` is None unless it is complete, ``parts`` the metric over its first so many folds."""

    number: int
    state: str
    settings: dict[str, Any]
    value: float | None
    parts: dict[int, float]
    seconds: float
    run_id: str
    host: str
    error: str
    key: str

    @property
    def said(self) -> str:
        """Its settings in a line, as they are written on a command line."""
        return " ".join(f"{field}={shown(value)}" for field, value in self.settings.items())


@dataclass(frozen=True)
class Winner:
    """The best trial's settings, fitted again on all training rows and measured on the test rows.

    Attributes
    ----------
    run_id : str
        Of that training.
    metrics : dict of str to float
        Its ``test.`` metrics, as MLflow keeps them.
    parent : str
        The run of the sweep that it belongs to.
    looks : int
        How many winners of this sweep were measured on the test rows, this one among them: more than one if it was
        given more trials.
    """

    run_id: str
    metrics: dict[str, float]
    parent: str
    looks: int


@dataclass(frozen=True)
class Summary:
    """A sweep as a whole.

    Attributes
    ----------
    config : Config
        With its sweep.
    rows : list of Row
        The trials that count.
    importances : dict of str to float
        Each field's share of what the fields by themselves explain of the metric's spread; empty where nobody can tell.
    total : int
        How many trials there were to be.
    winner : Winner or None
        None as long as it isn't measured.
    training_rows : int
        On which trials were measured.
    exhausted : bool
        Whether there are fewer different settings than trials.
    """

    config: Config
    rows: list[Row]
    importances: dict[str, float]
    total: int
    training_rows: int
    winner: Winner | None = None
    exhausted: bool = False

    @property
    def best(self) -> Row | None:
        """The complete trial with the best value; of several the first."""
        assert self.config.sweep is not None
        return best_of(self.rows, self.config.sweep.maximises)

    def count(self, state: str) -> int:
        """Return how many trials ended so."""
        return sum(row.state == state for row in self.rows)

    @property
    def ended(self) -> str:
        """How the trials ended, in words."""
        more = [f"{self.count(state)} {state}" for state in ("pruned", "failed") if self.count(state)]
        return f"{len(self.rows)} trials" + (f" ({', '.join(more)})" if more else "")

    @property
    def measured_on(self) -> str:
        """On what trials were measured, in words."""
        sweep = self.config.sweep
        assert sweep is not None
        if sweep.over == "folds":
            return f"{sweep.folds}-fold cross-validation of the {self.training_rows:,} training rows"
        return f"a part of {100 * sweep.validation_size:g}% of the {self.training_rows:,} training rows"

    @property
    def won_against(self) -> str:
        """Against how many the winner won, and what that means for its figure, in words."""
        best, sweep = self.best, self.config.sweep
        assert best is not None and sweep is not None
        direction = "high" if sweep.maximises else "low"
        return (
            f"These settings are the best of {self.ended} by {sweep.metric}, {best.value:.4f} in {self.measured_on} "
            f"(trial {best.number}: {best.said}). That figure is too {direction} to be expected again, since it was "
            "picked for being the best; the test rows took no part in the choice."
        )

    def table(self) -> pd.DataFrame:
        """Return a row a trial: number, state, value, seconds, the settings, and the rest."""
        return pd.DataFrame(
            [
                {
                    "trial": row.number,
                    "state": row.state,
                    "value": row.value,
                    "seconds": round(row.seconds, 3),
                    **{field: shown(value) for field, value in row.settings.items()},
                    **{f"after_{part}": value for part, value in sorted(row.parts.items())},
                    "run_id": row.run_id,
                    "host": row.host,
                    "key": row.key,
                    "error": row.error,
                }
                for row in self.rows
            ]
        )


def best_of(rows: Sequence[Row], maximises: bool) -> Row | None:
    """Return the complete trial with the best value; of several the first; None if none is complete."""
    whole = [row for row in rows if row.state == "complete" and row.value is not None]
    return max(whole, key=lambda row: ((row.value or 0.0) * (1 if maximises else -1), -row.number), default=None)


def rows_of(entries: Sequence[Entry], space: Space) -> list[Row]:
    """Return trials as they are told of."""
    return [
        Row(
            each.slot,
            _STATES[each.state],
            space.settings(each.params),
            each.value,
            each.parts,
            float(each.more.get("seconds", 0.0)),
            str(each.more.get("run_id", "")),
            str(each.more.get("owner", "")).rsplit("/", 2)[0],
            str(each.more.get("error", "")),
            each.key,
        )
        for each in entries
    ]


def shown(value: Any) -> str:
    """Return a setting as it is written: numbers to six significant digits."""
    return f"{value:.6g}" if isinstance(value, float) else names_of([value])[0].replace(" ", "")


def winner_of(kept: Mapping[str, Any] | None, looks: int) -> Winner | None:
    """Return a winner as it was kept."""
    return None if kept is None else Winner(kept["run_id"], dict(kept["metrics"]), kept["parent"], looks)
