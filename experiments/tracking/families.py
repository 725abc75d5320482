"""Runs that belong together in MLflow: a parent that sums up, and its children, which can be taken up again."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from experiments.config.schema import Config
from experiments.corpus.rows import Labelled, load_unlabelled
from experiments.notices import Warn
from experiments.provenance import code_digest, package_versions
from experiments.tracking.artifacts import UNREPORTED, fetch_artifact
from experiments.tracking.connection import connect
from experiments.tracking.runs import Run, _key, close_dead_runs, start_run

PREDICTIONS = "predictions.parquet"

_DIGEST = "framescope.family"
_CHILD = "framescope.child"
_ERROR = "framescope.error"


@dataclass(frozen=True)
class Child:
    """A finished run of a family.

    Attributes
    ----------
    name : str
        Which of its parent's children it is: ``seed 14``, ``fold 2``.
    run_id : str
        MLflow's id.
    metrics : dict of str to float
        Its ``test.`` metrics, under MLflow's names.
    seconds : float
        From its start to its end.
    reused : bool
        Whether it was finished before this parent was taken up again.
    """

    name: str
    run_id: str
    metrics: dict[str, float]
    seconds: float
    reused: bool = False


class Family:
    """A parent run that is under way; made by :func:`start_family`.

    Attributes
    ----------
    run : Run
        The parent.
    done : dict of str to Child
        The finished children by name, at first those from before it was taken up again.
    """

    def __init__(self, run: Run, digest: str) -> None:
        self.run = run
        self.digest = digest
        self.done: dict[str, Child] = {}
        for found in self._children("FINISHED"):
            child = _child(found, reused=True)
            self.done.setdefault(child.name, child)

    def tags(self, name: str) -> dict[str, str]:
        """Return the tags that make a run the child of this name."""
        return {MLFLOW_PARENT_RUN_ID: self.run.id, _DIGEST: self.digest, _CHILD: name}

    def finished(self, run_id: str) -> Child:
        """Return a child that has just been finished, and count it among those that are done."""
        child = _child(MlflowClient().get_run(run_id))
        self.done[child.name] = child
        return child

    def failed(self, errors: Mapping[str, str]) -> str:
        """Return what to say of children that failed: the names with the reasons, and how to go on."""
        whys = "; ".join(f"{name}: {error}" for name, error in errors.items())
        return (
            f"run {self.run.id}: {len(errors)} of its children failed: {whys}. Once that is mended the same command "
            f"goes on with them, and keeps the {len(self.done)} that are done"
        )

    def predictions(self, child: Child) -> pd.DataFrame:
        """Return a child's predictions."""
        return pd.read_parquet(fetch_artifact(child.run_id, PREDICTIONS))

    def close(self, pid: int | None = None, error: str = "") -> None:
        """Mark children KILLED whose process has ended without a word: one, or all that are left."""
        client = MlflowClient()
        for found in self._children("RUNNING"):
            if pid is None or found.data.tags.get("framescope.pid") == str(pid):
                if error:
                    client.set_tag(found.info.run_id, _ERROR, error[:500])
                client.set_terminated(found.info.run_id, "KILLED")

    def add(self, name: str, run_name: str, table: pd.DataFrame, metrics: Mapping[str, float], began: float) -> Child:
        """Keep a child that was measured in this process's stead, and has no model: its rows and metrics.

        Parameters
        ----------
        name : str
            Which child it is.
        run_name : str
            What MLflow shows.
        table : DataFrame
            Its predictions.
        metrics : mapping of str to float
            By flat names.
        began : float
            When, in seconds since 1970.
        """
        client = MlflowClient()
        run_id = self._make(name, run_name, began)
        try:
            with tempfile.TemporaryDirectory() as scratch:
                table.to_parquet(Path(scratch) / PREDICTIONS, index=False)
                client.log_artifacts(run_id, scratch)
            now = int(client.get_run(run_id).info.start_time)
            client.log_batch(
                run_id,
                [Metric(_key(key), value, now, 0) for key, value in metrics.items()],
                [Param("data.test.rows", str(len(table)))],
            )
        except BaseException:
            client.set_terminated(run_id, "KILLED")
            raise
        client.set_terminated(run_id)
        return self.finished(run_id)

    def add_failed(self, name: str, run_name: str, error: str, began: float) -> None:
        """Keep that a child failed, and why."""
        client = MlflowClient()
        run_id = self._make(name, run_name, began)
        client.set_tag(run_id, _ERROR, error[:500])
        client.set_terminated(run_id, "FAILED")

    def log(self, metrics: Mapping[str, float], tables: Mapping[str, pd.DataFrame]) -> None:
        """Keep what the parent sums up: numbers, and tables as Parquet or CSV after their names."""
        self.run.log_values(metrics)
        with tempfile.TemporaryDirectory() as scratch:
            for name, table in tables.items():
                if name.endswith(".parquet"):
                    table.to_parquet(Path(scratch) / name, index=False)
                else:
                    table.to_csv(Path(scratch) / name, index=False)
            self.run.log_files(Path(scratch))

    def _make(self, name: str, run_name: str, began: float) -> str:
        client = MlflowClient()
        experiment = client.get_run(self.run.id).info.experiment_id
        tags = {**self.tags(name), UNREPORTED: "child"}
        made = client.create_run(experiment, int(began * 1000), tags, run_name)
        return str(made.info.run_id)

    def _children(self, status: str) -> list[Any]:
        """Return the children with this status, the newest first."""
        client = MlflowClient()
        experiment = client.get_run(self.run.id).info.experiment_id
        wanted = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{self.run.id}' and attributes.status = '{status}'"
        found = client.search_runs([experiment], wanted, max_results=5000, order_by=["attributes.start_time DESC"])
        return [run for run in found if run.data.tags.get(_DIGEST) == self.digest]


@contextmanager
def start_family(config: Config, kind: str, names: list[str], digest: str, say: Warn) -> Iterator[Family]:
    """Open the parent of a family, or take up again the newest that ended before its children were all done.

    Parameters
    ----------
    config : Config
        The experiment.
    kind : str
        What the children are: ``seeds`` or ``folds``.
    names : list of str
        The children's names.
    digest : str
        Of all that the children's results depend on: a family of another digest is another one.
    say : callable
        Told if one is taken up again, and what is there of it.
    """
    connect()
    close_dead_runs()
    former = _unfinished(config.experiment_name, digest)
    tags = {_DIGEST: digest, UNREPORTED: "parent", "framescope.children": f"{len(names)} {kind}"}
    with start_run(config, tags, former) as run:
        family = Family(run, digest)
        if former:
            if _ERROR in MlflowClient().get_run(former).data.tags:
                MlflowClient().delete_tag(former, _ERROR)
            done = [name for name in names if name in family.done]
            what = (
                f"{len(done)} of {len(names)} are done and not run again ({', '.join(done)})" if done else "none done"
            )
            say(f"taking up run {former}, which had ended before its {kind} were done: {what}")
        try:
            yield family
        finally:
            family.close()


def _unfinished(experiment: str, digest: str) -> str | None:
    client = MlflowClient()
    found = client.get_experiment_by_name(experiment)
    if found is None:
        return None
    runs = client.search_runs(
        [found.experiment_id],
        f"tags.`{_DIGEST}` = '{digest}' and attributes.status != 'FINISHED'",
        order_by=["attributes.start_time DESC"],
    )
    parents = [run for run in runs if MLFLOW_PARENT_RUN_ID not in run.data.tags]
    # one that is RUNNING still is another process's
    ended = [run.info.run_id for run in parents if run.info.status in ("FAILED", "KILLED")]
    return str(ended[0]) if ended else None


def _child(run: Any, reused: bool = False) -> Child:
    seconds = ((run.info.end_time or run.info.start_time) - run.info.start_time) / 1000
    metrics = {name: value for name, value in run.data.metrics.items() if name.startswith("test.")}
    return Child(run.data.tags[_CHILD], run.info.run_id, metrics, seconds, reused)


def family_digest(config: Config, names: Sequence[str], rows: Sequence[Labelled]) -> str:
    """Return a digest of all that the children's results depend on: 16 hex digits.

    The resolved config, the children's names, the rows with every cell, the sentences without labels, the kit's own
    code and the versions of the packages. What a config names by a folder or an id (a saved model, an encoder) counts
    by its name.
    """
    found = hashlib.sha256()
    unlabelled = load_unlabelled(config) if config.data.unlabelled else []
    for part in (config.dump(), list(names), package_versions(), code_digest(), unlabelled):
        found.update(json.dumps(part, sort_keys=True, ensure_ascii=False).encode())
    for each in rows:
        for cells in (each.ids, each.groups, each.inputs, each.y.tolist(), sorted(each.rows.columns.items())):
            found.update(repr(cells).encode())
    return found.hexdigest()[:16]
