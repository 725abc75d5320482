import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from experiments.config.files import load_config
from experiments.errors import InputError, UnloggedError
from experiments.tracking import registry
from experiments.tracking.artifacts import fetch_artifact, fetch_model
from experiments.tracking.connection import connect
from experiments.tracking.records import left_records, read_record
from experiments.train import train


def silent(line: str) -> None:
    pass


@pytest.fixture
def client(in_workspace, trained):
    connect()
    return MlflowClient()


def test_run_holds_all_that_a_reader_needs(client, trained):
    run = client.get_run(trained.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["classifier.type"] == "logistic"
    low, value, high = (run.data.metrics[f"test.macro_f1{end}"] for end in (".low", "", ".high"))
    assert low < value < high
    assert {"version.scikit-learn", "framescope.test.digest"} <= set(run.data.tags)
    assert {item.dataset.digest for item in run.inputs.dataset_inputs} >= {run.data.tags["framescope.test.digest"]}
    names = {item.path for item in client.list_artifacts(trained.run_id)}
    assert {"config.yaml", "report.html", "predictions.parquet", "figures"} <= names
    predictions = pd.read_parquet(fetch_artifact(trained.run_id, "predictions.parquet"))
    assert {"id", "group", "text", "true", "predicted", "score_threat"} <= set(predictions.columns)
    assert predictions["threshold_threat"].unique().tolist() == [trained.thresholds["threat"]]
    assert predictions["id"].is_unique


def test_stock_mlflow_loads_the_model(client, trained):
    model = mlflow.pyfunc.load_model(trained.model_uri)
    table = model.predict(pd.DataFrame({"text": ["Gunmen shot dead two soldiers, police said."]}))
    labels = ["threat", "cooperation", "denial"]
    assert list(table.columns) == ["labels", *labels, *(f"threshold_{label}" for label in labels)]
    assert table[f"threshold_{labels[0]}"].tolist() == [trained.thresholds["threat"]]
    assert model.metadata.get_input_schema().input_names() == ["text"]


def test_serving_words_asks_for_no_package_of_encoders(in_workspace, trained):
    served = (fetch_model(trained.model_uri) / "requirements.txt").read_text()
    assert "scikit-learn==" in served
    assert not [name for name in ("onnxruntime", "tokenizers", "onnx", "safetensors", "torch") if name in served]


def test_saved_run_holds_no_pickle(in_workspace, trained):
    folder = fetch_model(trained.model_uri)
    assert not [path for path in folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]


@pytest.mark.slow
def test_same_config_and_seed_give_identical_predictions(client, trained, small_config):
    again = train(load_config(str(small_config), ["tracking.register=false"]), silent)
    one, two = (pd.read_parquet(fetch_artifact(run, "predictions.parquet")) for run in (trained.run_id, again.run_id))
    pd.testing.assert_frame_equal(one, two)
    assert trained.metrics == again.metrics


@pytest.mark.slow
def test_first_model_is_champion_and_only_a_better_one_replaces_it(client, trained, small_config):
    assert trained.registered.champion
    worse = train(load_config(str(small_config), ["classifier.type=majority"]), silent)
    assert not worse.registered.champion
    assert client.get_model_version_by_alias("framing", "champion").run_id == trained.run_id
    forced = train(load_config(str(small_config), ["tracking.champion=always", "tracking.model=other"]), silent)
    assert client.get_model_version_by_alias("other", "champion").run_id == forced.run_id


@pytest.mark.slow
def test_champion_on_other_test_rows_stays(client, trained, small_config):
    other = train(load_config(str(small_config), ["data.test_size=0.4"]), silent)
    assert not other.registered.champion
    assert "other rows" in other.registered.reason


def test_run_that_breaks_is_marked_failed_and_registers_nothing(client, trained, small_config, tmp_path):
    versions = len(client.search_model_versions("name='framing'"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "x", "labels": ["nonsense"]}\n')
    with pytest.raises(InputError, match="nonsense"):
        train(load_config(str(small_config), [f"data.train={bad}"]), silent)
    run = mlflow.search_runs(search_all_experiments=True, order_by=["start_time DESC"], max_results=1).iloc[0]
    assert run["status"] == "FAILED"
    assert "nonsense" in run["tags.framescope.error"]
    assert len(client.search_model_versions("name='framing'")) == versions


@pytest.mark.slow
def test_failed_registration_leaves_no_half_registered_model(client, trained, small_config, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("registry down")

    monkeypatch.setattr(registry, "_is_champion", broken)
    with pytest.raises(UnloggedError, match="registry down") as error:
        train(load_config(str(small_config), ["tracking.model=fresh"]), silent)
    read_record(Path(str(error.value).split()[-1])).remove()
    assert "fresh" not in [model.name for model in client.search_registered_models()]


@pytest.mark.slow
@pytest.mark.parametrize(("sign", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_interrupted_run_is_marked_killed(client, trained, small_config, sign, status):
    command = [sys.executable, "-m", "experiments", "train", str(small_config), "evaluation.bootstrap=2000000"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "evaluating" in line:
            break
    time.sleep(0.3)
    process.send_signal(sign)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in rest
    run = mlflow.search_runs(search_all_experiments=True, order_by=["start_time DESC"], max_results=1).iloc[0]
    assert run["status"] == "KILLED"
    (record,) = [record for record in left_records() if record.run_id == run["run_id"]]
    assert f"log it with: framescope log {record.folder}" in rest
    record.remove()


@pytest.mark.slow
def test_run_whose_process_is_gone_is_closed_by_the_next(client, trained, small_config):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    experiment = client.get_experiment_by_name("framing").experiment_id
    tags = {"framescope.host": socket.gethostname(), "framescope.pid": str(gone.pid)}
    dead = client.create_run(experiment, tags=tags)
    train(load_config(str(small_config), ["tracking.register=false"]), silent)
    assert client.get_run(dead.info.run_id).info.status == "KILLED"


def test_dead_server_is_one_line(tmp_path, monkeypatch, small_config):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="the server doesn't answer"):
        train(load_config(str(small_config)), silent)


def test_corrupt_store_is_one_line(tmp_path, monkeypatch, small_config):
    monkeypatch.chdir(tmp_path)
    Path("mlflow.db").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(InputError, match="is not an intact store"):
        train(load_config(str(small_config)), silent)


def test_locked_store_is_one_line(tmp_path, monkeypatch, small_config):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("experiments.tracking.store._LOCK_SECONDS", 0.1)
    with sqlite3.connect("mlflow.db") as database:
        database.execute("CREATE TABLE t (x)")
        database.execute("BEGIN EXCLUSIVE")
        with pytest.raises(InputError, match="locked the store"):
            train(load_config(str(small_config)), silent)


def test_store_that_cannot_be_written_is_one_line(monkeypatch, small_config):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////proc/mlflow.db")
    asked = []
    monkeypatch.setattr("mlflow.store.db.utils.create_sqlalchemy_engine", lambda uri: asked.append(uri))
    with pytest.raises(InputError, match="can't be written to"):
        train(load_config(str(small_config)), silent)
    assert not asked  # which would go on for a hundred seconds


def test_unknown_run_model_and_artifact_are_one_line(client, trained):
    with pytest.raises(InputError, match="no such run"):
        fetch_artifact("0" * 32, "report.html")
    with pytest.raises(InputError, match=r"has no nothing\.txt"):
        fetch_artifact(trained.run_id, "nothing.txt")
    with pytest.raises(InputError, match="no such model"):
        fetch_model("models:/nobody@champion")


def test_missing_champion_names_the_command_that_makes_one(tmp_path, in_workspace, trained):
    with pytest.raises(InputError, match=r"train a config of your own with task.name: "):
        registry.champion_uri("nobody")


def test_multiclass_task_trains_and_is_measured_by_its_labels(in_workspace, trained, tmp_path, small_corpus):
    rows = [json.loads(line) for line in small_corpus.read_text("utf-8").splitlines()]
    single = [{**row, "label": (row["labels"] or ["none"])[0]} for row in rows]
    data = tmp_path / "single.jsonl"
    data.write_text("\n".join(json.dumps(row) for row in single), encoding="utf-8")
    config = tmp_path / "single.yaml"
    config.write_text(
        f"name: single\ntask: {{name: single, type: multiclass, labels: [none, threat, cooperation, denial]}}\n"
        f"data: {{train: {data}, columns: {{labels: label}}}}\nfeatures: "
        f"[{{type: words}}]\nclassifier: {{type: logistic}}\n"
        "evaluation: {bootstrap: 50}\n"
    )
    result = train(load_config(str(config)), silent)
    assert {"test.none.f1", "test.denial.recall"} <= set(result.metrics)
    assert result.metrics["test.exact_match"] == pytest.approx(result.metrics["test.micro_f1"])


def test_label_with_a_sign_that_mlflow_refuses_is_kept_under_another_name(client, trained, tmp_path, small_corpus):
    rows = [json.loads(line) for line in small_corpus.read_text("utf-8").splitlines()]
    names = {"threat": "law & order"}
    renamed = [{**row, "labels": [names.get(label, label) for label in row["labels"]]} for row in rows]
    data = tmp_path / "renamed.jsonl"
    data.write_text("\n".join(json.dumps(row) for row in renamed), encoding="utf-8")
    config = tmp_path / "renamed.yaml"
    config.write_text(
        f"name: renamed\ntask: {{name: renamed, labels: ['law & order', denial]}}\n"
        f"data: {{train: {data}, label_codes: {{cooperation: null}}}}\n"
        "features: [{type: words}]\nclassifier: {type: logistic}\nthresholds: {folds: 3}\nevaluation: {bootstrap: 50}\n"
    )
    result = train(load_config(str(config)), silent)
    assert "test.law & order.f1" in result.metrics
    assert "test.law _ order.f1" in client.get_run(result.run_id).data.metrics
