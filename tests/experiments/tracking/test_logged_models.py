"""What MLflow knows of a model: what it was measured on, by training and by evaluations."""

import doctest
import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.files import MODELS
from experiments.tracking.artifacts import fetch_artifact, fetch_model
from experiments.tracking.connection import connect
from experiments.train import train
from tests.conftest import ROOT, write_jsonl


@pytest.fixture(scope="module")
def two_models(trained, small_config, workspace):
    """The ids of two models that were tested on the same rows: the better first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        overrides = ["classifier.type=majority", "tracking.register=false"]
        worse = train(load_config(str(small_config), overrides), lambda line: None)
        connect()
        return [MlflowClient().get_run(run).outputs.model_outputs[0].model_id for run in (trained.run_id, worse.run_id)]


def evaluated(*arguments):
    result = CliRunner().invoke(app, ["evaluate", "--bootstrap", "0", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def press(tmp_path):
    """A small set that no model was trained on."""
    texts = ["The fleet threatened to fire on the port.", "The two sides signed a treaty.", "He denied any talks."]
    rows = [
        {"id": f"p{i}", "text": texts[i % 3], "labels": [["threat"], ["cooperation"], ["denial"]][i % 3]}
        for i in range(6)
    ]
    return write_jsonl(tmp_path / "press.jsonl", rows)


def ranked(name, ascending=False):
    experiment = mlflow.get_experiment_by_name("framing").experiment_id
    order = {"field_name": "metrics.test.macro_f1", "dataset_name": name, "ascending": ascending}
    found = mlflow.search_logged_models([experiment], order_by=[order], output_format="list")
    return [model.model_id for model in found]


@pytest.mark.parametrize("ascending", [False, True])
def test_models_are_ranked_by_their_macro_f1_on_a_data_set(in_workspace, two_models, ascending):
    found = [model for model in ranked("sentences-test", ascending) if model in two_models]
    assert found == (two_models[::-1] if ascending else two_models)


def test_metrics_of_a_model_name_the_rows_they_were_measured_on(in_workspace, two_models, trained):
    digest = MlflowClient().get_run(trained.run_id).data.tags["framescope.test.digest"]
    metrics = [m for m in mlflow.get_logged_model(two_models[0]).metrics if m.run_id == trained.run_id]
    assert {m.dataset_digest for m in metrics if m.key.startswith("test.") and m.dataset_digest} == {digest}
    (value,) = [m.value for m in metrics if m.key == "test.macro_f1"]
    assert value == pytest.approx(trained.metrics["test.macro_f1"], abs=5e-5)


def test_example_of_the_documentation_runs(in_workspace, two_models):
    page = (ROOT / "docs/mlflow.md").read_text("utf-8")
    example = doctest.DocTestParser().get_doctest(page, {}, "mlflow.md", None, 0)
    assert len(example.examples) > 3
    assert doctest.DocTestRunner().run(example).failed == 0


def test_table_holds_what_people_sort_by_and_metrics_json_all(in_workspace, trained):
    kept = {name for name in MlflowClient().get_run(trained.run_id).data.metrics if name.startswith("test.")}
    assert {"test.macro_f1.low", "test.micro_f1.high", "test.denial.f1.low", "test.denial.precision"} <= kept
    assert {"test.exact_match", "test.log_loss", "test.brier", "test.ece", "test.macro_average_precision"} <= kept
    gone = {"test.brier.low", "test.denial.precision.low", "test.denial.support", "test.denial.average_precision"}
    assert not gone & kept
    everything = json.loads(fetch_artifact(trained.run_id, "metrics.json").read_text("utf-8"))
    for name, value in trained.metrics.items():
        plain = name.removeprefix("test.")
        end = plain.rpartition(".")[2]
        of = (plain.rpartition(".")[0], end) if end in ("low", "high") else (plain, "value")
        assert everything["metrics"][of[0]][of[1]] == pytest.approx(value)
    assert everything["slices"]["register"]


def test_run_has_features_size_speed_and_a_figure(in_workspace, trained):
    run = MlflowClient().get_run(trained.run_id)
    assert run.data.params["features"] == "words"
    saved = fetch_model(trained.model_uri) / "data" / "classifier"
    size = sum(path.stat().st_size for path in saved.rglob("*") if path.is_file())
    assert run.data.metrics["model.mb"] == pytest.approx(size / 1e6, rel=1e-3)
    assert run.data.metrics["test.sentences_per_second"] > 0
    assert fetch_artifact(trained.run_id, "figures/macro_f1.png").read_bytes().startswith(b"\x89PNG")


def test_undefined_metric_is_not_ranked_as_nought(in_workspace, trained, tmp_path):
    rows = [{"id": f"n{i}", "text": f"The market fell {i} points.", "labels": []} for i in range(5)]
    found = evaluated("-m", trained.model_uri, "-d", write_jsonl(tmp_path / "nobody.jsonl", rows))
    assert found["metrics"]["test.macro_f1"] is None
    assert "test.macro_f1" not in MlflowClient().get_run(found["run_id"]).data.metrics
    assert "nobody-test" not in {m.dataset_name for m in _model(trained).metrics if m.key == "test.macro_f1"}


def _model(trained):
    (output,) = MlflowClient().get_run(trained.run_id).outputs.model_outputs
    return mlflow.get_logged_model(output.model_id)


@pytest.mark.parametrize("name", ["run", "champion"])
def test_evaluation_belongs_to_the_model_that_training_has_logged(in_workspace, trained, press, name):
    uri = trained.model_uri if name == "run" else f"models:/framing/{trained.registered.version}"
    found = evaluated("-m", uri, "-d", press)
    run = MlflowClient().get_run(found["run_id"])
    assert (run.info.status, run.info.run_name) == ("FINISHED", "evaluate press")
    assert run.data.tags["framescope.kind"] == "evaluation"
    assert [each.dataset.digest for each in run.inputs.dataset_inputs] == [found["digest"]]
    assert [each.model_id for each in run.inputs.model_inputs] == [_model(trained).model_id]
    measured = {m.dataset_name for m in _model(trained).metrics if m.key == "test.macro_f1"}
    assert {"sentences-test", "press-test"} <= measured
    kept = pd.read_parquet(fetch_artifact(found["run_id"], "predictions.parquet"))
    assert list(kept["id"]) == [f"p{i}" for i in range(6)]
    assert ranked("press-test")[0] == _model(trained).model_id  # the only one that was measured on it


def test_folder_and_starter_are_named_by_their_digest(in_workspace, trained, press):
    folder = fetch_model(trained.model_uri)
    found = evaluated("-m", folder, "-d", press)
    run = MlflowClient().get_run(found["run_id"])
    assert run.data.tags["framescope.model"] == str(folder)
    assert len(run.data.tags["framescope.model.digest"]) == 16
    assert not run.inputs.model_inputs
    assert {m.model_id for m in MlflowClient().get_metric_history(found["run_id"], "test.macro_f1")} == {None}


def test_no_track_keeps_nothing(in_workspace, trained, press):
    before = len(mlflow.search_runs(search_all_experiments=True))
    assert evaluated("-m", trained.model_uri, "-d", press, "--no-track")["run_id"] is None
    assert len(mlflow.search_runs(search_all_experiments=True)) == before


def test_folder_is_evaluated_without_making_a_store(in_workspace, trained, press, tmp_path, monkeypatch):
    folder = fetch_model(trained.model_uri)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert evaluated("-m", folder, "-d", press)["run_id"] is None
    assert not list(Path.cwd().iterdir())


def test_dead_store_is_told_of_before_anything_is_scored(in_workspace, trained, press, monkeypatch):
    folder = fetch_model(trained.model_uri)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    result = CliRunner().invoke(app, ["evaluate", "-m", str(folder), "-d", str(press)])
    assert result.exit_code == 2
    assert "--no-track" in result.output
    assert evaluated("-m", folder, "-d", press, "--no-track")["run_id"] is None


def test_starter_has_a_digest():
    from experiments.model import model_digest

    assert len(model_digest(MODELS / "framing")) == 16
