"""An evaluation of a saved model as a run of its own, whose metrics are those of the model on one more data set."""

from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModelInput
from mlflow.exceptions import MlflowException

from experiments.corpus.rows import Labelled
from experiments.measures.metrics import Metrics
from experiments.tracking.artifacts import UNREPORTED
from experiments.tracking.connection import connect
from experiments.tracking.runs import EVALUATION, open_run, set_experiment


def record_evaluation(model: str, digest: str | None, task: str, data: Labelled, metrics: Metrics, folder: Path) -> str:
    """Keep an evaluation as a run, and return its id.

    Parameters
    ----------
    model : str
        An MLflow URI, or the name of a model that MLflow doesn't know.
    digest : str or None
        Of the latter.
    task : str
        The task, in whose experiment the run is unless the model is in another.
    data : Labelled
        The rows.
    metrics : dict of str to Estimate
        What was measured.
    folder : Path
        Whose files are kept as artifacts.
    """
    connect()
    logged = None if digest else _logged_model(model)
    tags = {"framescope.kind": EVALUATION, UNREPORTED: "evaluation", "framescope.task": task, "framescope.model": model}
    if digest:
        tags["framescope.model.digest"] = digest
    experiment = logged and MlflowClient().get_experiment(logged.experiment_id)
    place = set_experiment(experiment.name if experiment and experiment.lifecycle_stage == "active" else task)
    with open_run(place, f"evaluate {Path(data.name).stem}", tags) as run:
        run.log_data("test", data)
        if logged:
            run.logged_id = logged.model_id
            MlflowClient().log_inputs(run.id, models=[LoggedModelInput(logged.model_id)])
        run.log_metrics(metrics)
        run.log_files(folder)
    return run.id


def _logged_model(uri: str) -> "mlflow.entities.LoggedModel | None":
    """Return the logged model behind a URI; None for one that an MLflow before version 3 or another store has made."""
    try:
        found = mlflow.models.get_model_info(uri).model_id
        return MlflowClient().get_logged_model(found) if found else None
    except MlflowException:
        return None
