"""Finds the runs that a comparison is of, and what each has left in MLflow."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.entities import Run as KeptRun
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from experiments.config import written
from experiments.config.files import read_yaml
from experiments.config.names import metric_key
from experiments.errors import InputError
from experiments.tracking.artifacts import UNREPORTED, fetch_artifact
from experiments.tracking.connection import connect, whereabouts
from experiments.tracking.contestant import Contestant
from experiments.tracking.runs import EVALUATION, SWEEP, open_run, set_experiment

COMPARISON = "comparison"
"""What a run is, in its tag ``framescope.kind``, that compares others."""

MOST = 50
"""Runs that one comparison takes."""

_PREDICTIONS = "predictions.parquet"
_COSTS = ("train.seconds", "test.seconds", "test.sentences_per_second", "model.mb")


def find_runs(
    names: Sequence[str], experiment: str | None = None, filter_: str | None = None, last: int | None = None
) -> list[KeptRun]:
    """Return the runs named by id, by the beginning of one, or by run name (the newest of it); or those selected.

    Parameters
    ----------
    names : sequence of str
        Ids, beginnings of ids, or names.
    experiment : str, optional
        Only of this experiment.
    filter_ : str, optional
        In MLflow's syntax, such as ``params.seed = '13'``.
    last : int, optional
        The newest so many; without names all that are selected.

    Raises
    ------
    InputError
        If there is no such run, a beginning fits several, or there are more than fifty.
    """
    connect()
    client = MlflowClient()
    experiments = client.search_experiments()
    if experiment is not None:
        known = [found.name for found in experiments]
        experiments = [found for found in experiments if found.name == experiment]
        if not experiments:
            raise InputError(f"--experiment {experiment}: there is none of that name; there are {', '.join(known)}")
    ids = [found.experiment_id for found in experiments]
    try:
        every = list(client.search_runs(ids, filter_ or "", max_results=5000, order_by=["attributes.start_time DESC"]))
    except MlflowException as error:
        raise InputError(f"--filter {filter_}: {str(error).splitlines()[0]}") from None
    if names:
        return [_named(name, every, client) for name in names]
    whole = [run for run in every if run.info.status == "FINISHED" and _stands_alone(run)]
    chosen = whole[:last] if last else whole
    if not chosen:
        raise InputError(f"no finished training fits in {whereabouts()}; 'framescope ui' shows what there is")
    if len(chosen) > MOST:
        raise InputError(f"{len(chosen)} runs fit, and a comparison takes {MOST}: narrow them down with --last {MOST}")
    return chosen[::-1]


def contestants(runs: Sequence[KeptRun]) -> list[Contestant]:
    """Return what each run has left, under names that no two of them share.

    Raises
    ------
    InputError
        If a run isn't finished or has no predictions.
    """
    names = [str(run.info.run_name) for run in runs]
    return [
        _contestant(run, name if names.count(name) == 1 else f"{name} {run.info.run_id[:6]}")
        for run, name in zip(runs, names, strict=True)
    ]


def comparison_name(contestants: Sequence[Contestant]) -> str:
    """Return what a comparison is called among the runs."""
    names = [each.name for each in contestants]
    return f"compare {' and '.join(names)}" if len(names) == 2 else f"compare {len(names)} runs"


def record_comparison(
    task: str,
    name: str,
    against: str,
    found: Mapping[str, Mapping[str, Mapping[str, float]]],
    folder: Path,
    data: str | None = None,
) -> str:
    """Keep a comparison as a run, and its verdicts with the runs that it is of; return its id.

    Parameters
    ----------
    task : str
        In whose experiment it is.
    name : str
        What it is called.
    against : str
        The name of the run that the others were held to.
    found : mapping
        Run id -> metric -> ``diff``, ``ci_low``, ``ci_high`` and ``p`` (MLflow's own names), which become the run's
        metrics ``compare/<baseline>/<metric>/<name>``.
    folder : Path
        Whose files are kept: the page and the object of ``--json``.
    data : str, optional
        The file that all were scored on; its name without folder and ending then stands before the metric's.
    """
    client = MlflowClient()
    place = set_experiment(task)
    tags = {"framescope.kind": COMPARISON, UNREPORTED: "comparison", "framescope.task": task}
    if data is not None:
        tags["framescope.data"] = data
    with open_run(place, name, tags) as run:
        run.log_files(folder)
    prefix = f"compare/{against}/{Path(data).stem}" if data is not None else f"compare/{against}"
    now = int(time.time() * 1000)
    for run_id, metrics in found.items():
        values = [
            Metric(metric_key(f"{prefix}/{metric}/{each}"), float(f"{value:.4g}"), now, 0)
            for metric, numbers in metrics.items()
            for each, value in numbers.items()
            if value == value
        ]
        client.log_batch(run_id, metrics=values)
    return run.id


def _contestant(run: KeptRun, name: str) -> Contestant:
    if run.info.status != "FINISHED":
        raise InputError(f"{name}: the run is {run.info.status}, not finished; leave it out or train it again")
    table = pd.read_parquet(fetch_artifact(run.info.run_id, _PREDICTIONS))
    file = fetch_artifact(run.info.run_id, "config.yaml")
    config: dict[str, Any] = written.settle(read_yaml(file), str(file))
    task = config["task"]
    return Contestant(
        name=name,
        table=table,
        run_id=run.info.run_id,
        task=task["name"],
        multilabel=task["type"] == "multilabel",
        average_over=tuple(task.get("average_over") or ()),
        settings=dict(run.data.params),
        model=f"runs:/{run.info.run_id}/model",
        checks=_left(run.info.run_id, "checks.json", "checks"),
        probes=_left(run.info.run_id, "probe.json", "tests"),
        costs={cost: run.data.metrics[cost] for cost in _COSTS if cost in run.data.metrics},
    )


def _left(run_id: str, file: str, part: str) -> list[dict[str, Any]]:
    """Return a list that a run has left in a JSON file."""
    try:
        found = json.loads(fetch_artifact(run_id, file).read_text(encoding="utf-8"))
    except InputError:  # an older run, several seeds together, or a task without probes
        return []
    return list(found[part])


def _named(name: str, every: Sequence[KeptRun], client: MlflowClient) -> KeptRun:
    fitting = [run for run in every if run.info.run_id == name] or [
        run for run in every if len(name) >= 4 and run.info.run_id.startswith(name)
    ]
    if len(fitting) > 1:
        raise InputError(f"{name}: {len(fitting)} runs begin so; give more of the id")
    if not fitting:
        called = [run for run in every if run.info.run_name == name and _stands_alone(run)]
        fitting = [run for run in called if run.info.status == "FINISHED"][:1] or called[:1]
    if fitting:
        return fitting[0]
    try:
        gone = client.get_run(name)
    except MlflowException:
        gone = None
    if gone is not None and gone.info.lifecycle_stage == "deleted":
        raise InputError(f"{name}: the run was deleted; restore it with: mlflow runs restore --run-id {name}")
    raise InputError(f"{name}: no such run in {mlflow.get_tracking_uri()}; 'framescope ui' shows what there is")


def _stands_alone(run: KeptRun) -> bool:
    """Return whether a run is a training by itself, or the parent of several: no child, evaluation or the like."""
    tags = run.data.tags
    return MLFLOW_PARENT_RUN_ID not in tags and tags.get("framescope.kind") not in (EVALUATION, COMPARISON, SWEEP)
