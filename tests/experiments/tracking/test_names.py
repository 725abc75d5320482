"""Whatever the working folder and the experiment are called, files of runs lie in ``mlartifacts`` of that folder."""

import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.utils.validation import _validate_metric_name, _validate_param
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.names import KEY_LENGTH
from experiments.tracking.connection import connect
from experiments.tracking.founding import make_store
from experiments.tracking.runs import _key, set_experiment
from experiments.tracking.store import check_store
from tests.conftest import ROOT
from tests.experiments.tracking.test_registry import empty_store

FOLDERS = ["My Project #1 (50%20)", "a%2Fb", "q?x#y", "%2e%2e", "50% done", "semi;colon&p=1", "  é ü 日本", "a\\b"]


@pytest.fixture
def run_in(tmp_path, monkeypatch):
    """Return a function that opens a run of an experiment in a folder of a given name."""
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    (tmp_path / "mlflow.db").write_bytes(empty_store())
    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(variable, f"sqlite:///{tmp_path}/mlflow.db")

    def open_run(folder, experiment):
        place = tmp_path / "work" / folder
        place.mkdir(parents=True)
        monkeypatch.chdir(place)
        connect()
        number = set_experiment(experiment)
        return mlflow.start_run(experiment_id=number)

    yield open_run
    mlflow.end_run()
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


def check_artifact(run, folder, experiment_folder, tmp_path):
    """Write a file to a run, and find it in the working folder, nowhere else, and by MLflow."""
    mlflow.log_text("threat", "frames/found.txt")
    home = tmp_path / "work" / folder / "mlartifacts" / experiment_folder / run.info.run_id / "artifacts"
    assert (home / "frames/found.txt").read_text() == "threat"
    assert [path.name for path in (tmp_path / "work").iterdir()] == [folder]
    assert [path.name for path in Path.cwd().iterdir()] == ["mlartifacts"]
    fetched = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="frames/found.txt")
    assert Path(fetched).read_text() == "threat"
    assert [found.path for found in MlflowClient().list_artifacts(run.info.run_id, "frames")] == ["frames/found.txt"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_files_of_a_run_lie_in_the_working_folder_whatever_it_is_called(run_in, tmp_path, folder):
    run = run_in(folder, "framing")
    check_artifact(run, folder, "framing", tmp_path)


@pytest.mark.parametrize(
    ("experiment", "home"),
    [
        ("framing/2024 #1", "framing/2024 #1"),
        ("a%2Fb", "a_2Fb"),
        ("%2e%2e%2fup", "_2e_2e_2fup"),
        ("50% done", "50% done"),
        ("why? a:b; c", "why? a:b; c"),
        ("é ü 日本", "é ü 日本"),
    ],
)
def test_files_of_an_experiment_lie_in_mlartifacts_whatever_it_is_called(run_in, tmp_path, experiment, home):
    run = run_in("work", experiment)
    check_artifact(run, "work", home, tmp_path)
    assert MlflowClient().get_experiment(run.info.experiment_id).name == experiment


def test_store_named_by_a_uri_with_escapes_is_looked_for_where_mlflow_makes_it(tmp_path):
    (tmp_path / "two words").mkdir()
    check_store(f"sqlite:///{tmp_path}/two%20words/mlflow.db?timeout=5")
    make_store(f"sqlite:///{tmp_path}/two%20words/mlflow.db?timeout=5", print)
    assert (tmp_path / "two words" / "mlflow.db").exists()
    assert make_url(f"sqlite:///{tmp_path}/two%20words/mlflow.db").database == f"{tmp_path}/two words/mlflow.db"


@pytest.mark.parametrize(
    "name", ["data.label_codes.https://x.org/a", "data.label_codes.a/../../..", "where./", "codes.&", "c." + "x" * 400]
)
def test_any_code_or_column_of_a_config_is_a_parameter_that_mlflow_takes(name):
    _validate_metric_name(_key(name))
    _validate_param(_key(name), "1")
    assert len(_key(name)) <= KEY_LENGTH


def test_long_parameters_stay_apart():
    assert _key("c." + "x" * 400) != _key("c." + "x" * 401)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ('["pro&EU", "pro,EU"]', "would be one metric in MLflow"),
        ('["pro//con", "a/../b"]', "can't stand in the name of an MLflow metric"),
        ("[labels, text]", "is also the column of the labels"),
    ],
)
def test_training_on_such_labels_ends_before_anything_is_read_or_written(tmp_path, monkeypatch, labels, message):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(
        f"name: mine\ntask: {{name: mine, labels: {labels}}}\ndata: {{train: missing.csv}}\n"
        "features: [{type: words}]\nclassifier: {type: logistic}\n"
    )
    result = CliRunner().invoke(app, ["train", "mine.yaml"])
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert os.listdir() == ["mine.yaml"]


@pytest.mark.slow
def test_train_score_report_and_predict_in_a_folder_with_escapes_in_its_name(tmp_path, small_config):
    folder = tmp_path / "My Project #1 (50%20)"
    folder.mkdir()
    (folder / "article.txt").write_text("The army threatened to shell the port again.\n")
    (folder / "texts.csv").write_text('text\n"The army threatened to shell the port again."\n')

    def call(*command):
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    framescope = [sys.executable, "-m", "experiments"]
    call(*framescope, "train", str(small_config), "tracking.experiment=framing/2024 #1")
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    (report,) = folder.glob("mlartifacts/framing/2024 #1/*/artifacts/report.html")
    call(*framescope, "score", "article.txt", "--task", "framing", "--output", "scored.jsonl")
    call(*framescope, "report", "--output", "copy.html")
    assert (folder / "copy.html").read_bytes() == report.read_bytes()
    uri = f"runs:/{report.parent.parent.name}/model"
    predict = [sys.executable, "-m", "mlflow", "models", "predict", "--env-manager", "local", "-m", uri]
    assert '"threat"' in call(*predict, "-i", "texts.csv", "-t", "csv")
