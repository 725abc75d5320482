"""The trials of a sweep in MLflow: nested runs whose status is how the trial ended, found again by their key."""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient

from experiments.config.schema import Config
from experiments.notices import Warn
from experiments.provenance import package_versions
from experiments.tracking.artifacts import UNREPORTED
from experiments.tracking.families import Family, start_family
from experiments.tracking.runs import ERROR, SWEEP, TRIAL, Run, in_few_digits, now

_KEY = "framescope.trial"
_VALUE = "framescope.trial.value"  # at full length, which metrics in tables are not
_STATE = "framescope.trial.state"
_SWEEP = "framescope.sweep"
_WINNER = "framescope.sweep.winner"


@dataclass(frozen=True)
class Found:
    """A finished trial: its metric, the metric over its first folds, its run and its seconds."""

    value: float
    parts: dict[int, float]
    run_id: str
    seconds: float


@contextmanager
def start_sweep(config: Config, trials: int, digest: str, say: Warn) -> Iterator[Family]:
    """Open a sweep's run, or take up again the newest of its digest that ended before its trials were all done.

    Parameters
    ----------
    config : Config
        With the sweep.
    trials : int
        How many there are to be.
    digest : str
        The sweep's.
    say : callable
        Told if one is taken up again.
    """
    with start_family(
        config, "trials", [f"trial {n}" for n in range(1, trials + 1)], digest, lambda line: None
    ) as family:
        client = MlflowClient()
        if _SWEEP in client.get_run(family.run.id).data.tags:
            say(f"taking up run {family.run.id}, which had ended before its trials were done")
        client.set_tag(family.run.id, _SWEEP, digest)
        client.set_tag(family.run.id, "framescope.kind", SWEEP)
        yield family


def start_trial(family: Family, name: str, config: Config, key: str) -> str:
    """Open the run of a trial below its sweep's, and return its id.

    Parameters
    ----------
    family : Family
        The sweep's.
    name : str
        Such as ``trial 3``.
    config : Config
        The trial's, which becomes its parameters.
    key : str
        The digest of the config and the rows.
    """
    client = MlflowClient()
    experiment = client.get_run(family.run.id).info.experiment_id
    tags = {
        **family.tags(name),
        UNREPORTED: "child",
        "framescope.kind": TRIAL,
        "framescope.task": config.task.name,
        "framescope.classifier": config.classifier.type,
        "framescope.host": socket.gethostname(),
        "framescope.pid": str(os.getpid()),
        _KEY: key,
        **{f"version.{package}": version for package, version in package_versions().items()},
    }
    run_id = str(client.create_run(experiment, tags=tags, run_name=config.name).info.run_id)
    Run(run_id).log_config(config)
    return run_id


def finish_trial(run_id: str, value: float, parts: Mapping[int, float], metrics: Mapping[str, float]) -> None:
    """End the run of a trial that was measured: FINISHED, with its metrics."""
    client = MlflowClient()
    Run(run_id).log_numbers({**in_few_digits(metrics), "validation": value}, now())
    client.set_tag(run_id, _VALUE, json.dumps([value, sorted(parts.items())]))
    client.set_tag(run_id, _STATE, "complete")
    client.set_terminated(run_id, "FINISHED")


def prune_trial(run_id: str, why: str) -> None:
    """End the run of a trial that was not worth all its folds: KILLED, and marked as pruned."""
    client = MlflowClient()
    client.set_tag(run_id, _STATE, f"pruned {why}")
    client.set_terminated(run_id, "KILLED")


def fail_trial(run_id: str, error: str) -> None:
    """End the run of a trial that came to no value: FAILED, and why."""
    client = MlflowClient()
    client.set_tag(run_id, _STATE, "failed")
    client.set_tag(run_id, ERROR, error[:500])
    client.set_terminated(run_id, "FAILED")


def find_trial(key: str) -> Found | None:
    """Return the newest finished trial of a key, of any sweep in the store."""
    run = _newest(f"tags.`{_KEY}` = '{key}'")
    if run is None or _VALUE not in run.data.tags:
        return None
    value, parts = json.loads(run.data.tags[_VALUE])
    return Found(float(value), {int(part): float(each) for part, each in parts}, run.info.run_id, _seconds(run))


def winner_tags(family: Family, key: str, trials: int) -> dict[str, str]:
    """Return the tags of the run that refits a sweep's best trial."""
    return {**family.tags("winner"), _WINNER: key, "framescope.sweep.trials": str(trials)}


def find_winner(key: str, sweep: str) -> tuple[str, dict[str, float]] | None:
    """Return the finished run that refitted this trial of the sweep of a digest, and its ``test.`` metrics."""
    run = _newest(f"tags.`{_WINNER}` = '{key}' and tags.`framescope.family` = '{sweep}'")
    if run is None:
        return None
    return run.info.run_id, {name: value for name, value in run.data.metrics.items() if name.startswith("test.")}


def _newest(filter_: str) -> Any:
    client = MlflowClient()
    ids = [found.experiment_id for found in client.search_experiments()]
    wanted = f"{filter_} and attributes.status = 'FINISHED'"
    found = client.search_runs(ids, wanted, max_results=1, order_by=["attributes.start_time DESC"])
    return found[0] if found else None


def _seconds(run: Any) -> float:
    return float((run.info.end_time or run.info.start_time) - run.info.start_time) / 1000
