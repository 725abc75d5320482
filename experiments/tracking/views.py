"""The saved view of an experiment's runs: its finished trainings, the best first, with the columns that tell why.

Such views came with MLflow 3.16. They are tags of the experiment; an earlier MLflow shows them as any other tag.
"""

import json
import re
import time
import urllib.parse
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Experiment

NAME = "Best trainings first"
KEY = "framescope"
TAG = f"mlflow.sharedViewState.{KEY}"

SORTED_BY = "test.macro_f1"
FILTER = "attributes.status = 'FINISHED' and metrics.`train.seconds` >= 0"
"""Neither failed and killed runs, nor evaluations of models that were trained elsewhere."""

_MOST_LABELS = 8  # as columns; the table gets too wide to be read
_RUNS = 200  # whose metrics say which labels there are


def view_urls(base: str) -> dict[str, str]:
    """Return for each experiment with finished trainings the URL of its view, the one with the newest run first.

    The view is made where there is none yet, and renewed as labels come up, unless somebody has changed it in the UI.

    Parameters
    ----------
    base : str
        Where the UI is, such as ``http://127.0.0.1:5000``.

    Returns
    -------
    dict of str to str
        Experiment's name -> URL.
    """
    client = MlflowClient()
    found = []
    for experiment in client.search_experiments():
        runs = client.search_runs(
            [experiment.experiment_id], FILTER, max_results=_RUNS, order_by=["attributes.start_time DESC"]
        )
        if runs:
            labels = dict.fromkeys(label for run in runs for label in _labels(run.data.metrics))
            _keep(client, experiment, list(labels))
            found.append((runs[0].info.start_time, experiment))
    found.sort(key=lambda pair: -pair[0])
    query = urllib.parse.urlencode({"viewStateShareKey": KEY, "workflowType": "machine_learning"})
    return {each.name: f"{base.rstrip('/')}/#/experiments/{each.experiment_id}/runs?{query}" for _, each in found}


def _labels(metrics: dict[str, float]) -> list[str]:
    """Return the labels of a run, by the names of its metrics."""
    return [found[1] for name in metrics if (found := re.fullmatch(r"test\.(.+)\.f1", name))]


def _keep(client: MlflowClient, experiment: Experiment, labels: list[str]) -> None:
    """Set the experiment's view, but leave one that was changed in the UI, which notes when."""
    now = int(time.time() * 1000)
    present = json.loads(experiment.tags.get(TAG, "{}"))
    state = json.dumps(_state(labels))
    if present and (present["createdAt"] != present["updatedAt"] or present["state"] == state):
        return
    view = {"name": NAME, "createdAt": now, "updatedAt": now, "state": state}
    client.set_experiment_tag(experiment.experiment_id, TAG, json.dumps(view))


def _state(labels: list[str]) -> dict[str, Any]:
    """Return what the table of runs looks like, in MLflow's terms: only what differs from its own defaults."""
    columns = {
        f"metrics.`{SORTED_BY}`": 112,
        f"metrics.`{SORTED_BY}.low`": 128,
        f"metrics.`{SORTED_BY}.high`": 132,
        "params.`classifier.type`": 104,
        "params.`features`": 130,
    }
    columns |= {f"metrics.`test.{label}.f1`": 60 + 6 * len(label) for label in labels[:_MOST_LABELS]}
    columns |= {"params.`data.train.rows`": 108, "metrics.`train.seconds`": 104, "tags.`framescope.test.digest`": 160}
    return {
        "searchFilter": FILTER,
        "orderByKey": f"metrics.`{SORTED_BY}`",
        "orderByAsc": False,
        "selectedColumns": list(columns),
        "columnOrder": list(columns),
        "columnWidths": columns,
    }
