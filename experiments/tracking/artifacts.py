"""Fetches what runs have left in MLflow: models, reports and other files."""

from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

from experiments.errors import InputError
from experiments.output import check_output, writing
from experiments.tracking.connection import connect
from experiments.tracking.moved import lost_line
from experiments.tracking.store import store_files

UNREPORTED = "framescope.unreported"
"""Tag of runs without a report: parents of others, and folds."""


def fetch_model(uri: str) -> Path:
    """Return a local folder with the model of an MLflow URI.

    Raises
    ------
    InputError
        If there is no such model or run, or its files are gone.
    """
    connect()
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
    except (MlflowException, OSError) as error:
        if lost := _lost(uri):
            raise InputError(f"{uri}: {lost}") from None
        raise InputError(
            f"{uri}: no such model in {mlflow.get_tracking_uri()} ({str(error).splitlines()[0]}); "
            "'framescope ui' shows what there is"
        ) from None
    # of a run whose files are gone MLflow makes an empty folder
    if folder.is_dir() and not any(folder.iterdir()) and (lost := _lost(uri)):
        raise InputError(f"{uri}: {lost}")
    return folder


def fetch_artifact(run_id: str, name: str) -> Path:
    """Return a local copy of one file of a run.

    Raises
    ------
    InputError
        If there is no such run, it has no such file, or its files are gone.
    """
    connect()
    try:
        run = MlflowClient().get_run(run_id)
    except MlflowException:
        raise InputError(
            f"{run_id}: no such run in {mlflow.get_tracking_uri()}; 'framescope ui' shows the runs"
        ) from None
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=name))
    except (MlflowException, OSError):
        if lost := lost_line(run.info.artifact_uri):
            raise InputError(f"{run_id}: {lost}") from None
        raise InputError(f"{run_id}: the run ({run.info.status}) has no {name}; it ended before one was made") from None


def _lost(uri: str) -> str | None:
    """Return what to say of a model that the store knows and whose files are gone; None of any other."""
    try:
        if uri.startswith("runs:/"):
            return lost_line(MlflowClient().get_run(uri.split("/")[1]).info.artifact_uri)
        return lost_line(ModelsArtifactRepository.get_underlying_uri(uri) if uri.startswith("models:/") else uri)
    except MlflowException:
        return None


def last_run() -> str:
    """Return the id of the newest finished run of all experiments that has a report.

    Raises
    ------
    InputError
        If there is none.
    """
    connect()
    client = MlflowClient()
    ids = [found.experiment_id for found in client.search_experiments()]
    runs = (
        client.search_runs(
            ids, "attributes.status = 'FINISHED'", max_results=1000, order_by=["attributes.start_time DESC"]
        )
        if ids
        else []
    )
    reported = [run for run in runs if UNREPORTED not in run.data.tags]
    if not reported:
        raise InputError(
            f"there is no finished run in {mlflow.get_tracking_uri()} yet; make one with: framescope "
            "train framing/default"
        )
    return str(reported[0].info.run_id)


def save_report(run_id: str | None, output: Path) -> str:
    """Copy a run's report (of the newest finished run when none is named) to a file; return the run's id.

    Raises
    ------
    InputError
        If there is no such run or report, or the file can't be written or belongs to the store.
    """
    check_output(output, store_files())
    run_id = run_id or last_run()
    page = fetch_artifact(run_id, "report.html").read_bytes()
    with writing(output) as path:
        path.write_bytes(page)
    return run_id
