import json
import os

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.corpus.rows import load_labelled
from experiments.errors import InputError, UnfinishedError
from experiments.tracking.artifacts import fetch_artifact, last_run
from experiments.training.cross_validation import cross_validate, learning_curve
from experiments.training.fitting import fit
from tests.conftest import seed_rows, write_jsonl


def silent(line: str) -> None:
    pass


def test_every_row_is_measured_once_and_bounds_hold_the_value(small_config, small_corpus):
    config = load_config(str(small_config), ["thresholds.method=fixed"])
    found = cross_validate(config, 3, None, silent)
    assert found.rows == len(small_corpus.read_text("utf-8").splitlines())
    estimate = found.metrics["macro_f1"]
    assert estimate.low < estimate.value < estimate.high
    assert min(found.folds) - 0.1 < estimate.value < max(found.folds) + 0.1


def test_it_does_better_than_the_majority(small_config):
    values = [
        cross_validate(load_config(str(small_config), overrides), 3, None, silent)
        .metrics["macro_average_precision"]
        .value
        for overrides in (["thresholds.method=fixed"], ["classifier.type=majority", "thresholds.method=fixed"])
    ]
    assert values[0] > values[1] + 0.1


def test_values_of_a_column_are_kept_whole(small_config, monkeypatch):
    parts = []

    def remember(config, rows, unseen):
        assert not set(rows.texts) & set(unseen.texts)
        parts.append(set(rows.rows["region"]))
        return fit(config, rows, unseen)

    monkeypatch.setattr("experiments.training.cross_validation.fit", remember)
    config = load_config(str(small_config), ["thresholds.method=fixed"])
    cross_validate(config, 2, "region", silent)
    assert not parts[0] & parts[1]  # with two folds the training parts are each other's test
    with pytest.raises(InputError, match="no column 'planet'"):
        cross_validate(config, 2, "planet", silent)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory):
    """Rows of groups that the small corpus doesn't hold."""
    return write_jsonl(tmp_path_factory.mktemp("unseen") / "unseen.jsonl", seed_rows(90)[600:])


def test_more_rows_make_a_better_model(small_config, unseen):
    config = load_config(str(small_config), ["thresholds.method=fixed", "thresholds.value=0.4"])
    points = learning_curve(config, str(unseen), [40, 200, 10_000], 2, silent)
    assert [len(point.draws) for point in points] == [2, 2, 1]
    assert points[0].mean + 0.05 < points[2].mean
    assert points[0].mean == pytest.approx(np.mean(points[0].draws))


def test_learning_curve_on_the_training_rows_is_refused(small_config, small_corpus):
    with pytest.raises(InputError, match="training and test rows"):
        learning_curve(load_config(str(small_config)), str(small_corpus), [100], 1, silent)


def test_commands_print_one_object(small_config, unseen):
    def run(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    assert run("cross-validate", small_config, "--folds", 2, "--no-track")["metrics"]["cv.macro_f1"] > 0
    assert len(run("learning-curve", small_config, "-d", unseen, "--sizes", "100,200", "--draws", 1)["points"]) == 2


@pytest.fixture
def quick(small_config):
    """A config of which a fold takes a moment."""
    return load_config(str(small_config), ["thresholds.method=fixed", "thresholds.value=0.4"])


def tracked_runs(run_id):
    client = MlflowClient()
    experiment = client.get_run(run_id).info.experiment_id
    return client.get_run(run_id), client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{run_id}'")


@pytest.mark.slow
def test_tracked_cross_validation_keeps_the_joined_predictions_and_a_child_for_each_fold(in_workspace, trained, quick):
    found = cross_validate(quick, 3, None, silent, jobs=2, track=True)
    plain = cross_validate(quick, 3, None, silent)
    assert (found.flat, found.folds) == (plain.flat, plain.folds)  # whatever processes it was measured in
    parent, children = tracked_runs(found.run_id)
    assert parent.info.status == "FINISHED"
    assert sorted(run.data.tags["framescope.child"] for run in children) == ["fold 1", "fold 2", "fold 3"]
    stored = parent.data.metrics
    assert stored["cv.macro_f1"] == round(found.metrics["macro_f1"].value, 4)  # as MLflow keeps it
    assert stored["cv.macro_f1.low"] == round(found.metrics["macro_f1"].low, 4)
    assert stored["cv.macro_f1.mean"] == float(f"{np.mean(found.folds):.4g}")
    assert stored["cv.macro_f1.sd"] == float(f"{np.std(found.folds, ddof=1):.4g}")
    whole = pd.read_parquet(fetch_artifact(found.run_id, "predictions.parquet"))
    of_a_run = pd.read_parquet(fetch_artifact(trained.run_id, "predictions.parquet"))
    assert list(whole.columns) == [*of_a_run.columns, "fold"]
    rows = load_labelled(quick.data.train, quick.task, quick.data, silent)
    assert whole["id"].tolist() == rows.ids
    for number, child in enumerate(found.children, 1):
        run = next(run for run in children if run.info.run_id == child.run_id)
        assert (run.info.status, run.data.tags["framescope.child"]) == ("FINISHED", f"fold {number}")
        assert run.data.metrics["test.macro_f1"] == found.folds[number - 1]
        part = pd.read_parquet(fetch_artifact(child.run_id, "predictions.parquet"))
        assert part["id"].tolist() == whole["id"][whole["fold"] == number].tolist()
    assert last_run() not in [found.run_id, *(child.run_id for child in found.children)]


@pytest.mark.slow
def test_folds_that_are_done_are_not_run_again(in_workspace, trained, quick, monkeypatch):
    whole = cross_validate(quick, 4, None, silent)
    calls = []

    def fit_twice(config, rows, unseen):
        calls.append(rows)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return fit(config, rows, unseen)

    monkeypatch.setattr("experiments.training.cross_validation.fit", fit_twice)
    monkeypatch.setattr("experiments.training.cross_validation.default_jobs", lambda config, parts: None)
    with pytest.raises(KeyboardInterrupt):
        cross_validate(quick, 4, None, silent, track=True)
    lines = []
    found = cross_validate(quick, 4, None, lines.append, track=True)
    assert len(calls) == 5  # two, the one that was broken off, and two more
    assert "2 of 4 are done and not run again (fold 1, fold 2)" in lines[0]
    assert [child.reused for child in found.children] == [True, True, False, False]
    assert (found.flat, found.folds) == (whole.flat, whole.folds)
    assert tracked_runs(found.run_id)[0].info.status == "FINISHED"


def test_nothing_is_left_without_tracking_and_bad_folds_are_one_line(tmp_path, monkeypatch, small_config):
    monkeypatch.chdir(tmp_path)
    config = [str(small_config), "thresholds.method=fixed"]
    for arguments, message in (
        (["--folds", "400"], "can't fill 400 folds"),
        (["--folds", "1"], "--folds"),
        (["--jobs", "0"], "--jobs"),
    ):
        result = CliRunner().invoke(app, ["cross-validate", *config, *arguments])
        assert (result.exit_code, message in result.stderr) == (2, True)
    result = CliRunner().invoke(app, ["cross-validate", *config, "--folds", "2", "--no-track", "--json"])
    assert json.loads(result.stdout)["run_id"] is None
    assert os.listdir() == []


@pytest.mark.slow
def test_failed_fold_is_told_of_and_kept_as_failed(in_workspace, trained, quick):
    broken = quick.model_copy(update={"thresholds": quick.thresholds.model_copy(update={"method": "cv", "folds": 400})})
    with pytest.raises(UnfinishedError, match=r"2 of its children failed: fold 1: .*400 folds"):
        cross_validate(broken, 2, None, silent, jobs=2, track=True)
    run = mlflow.search_runs(search_all_experiments=True, order_by=["start_time DESC"], max_results=3)
    assert sorted(run["status"]) == ["FAILED"] * 3
    with pytest.raises(InputError, match="400 folds"):
        cross_validate(broken, 2, None, silent, jobs=2)
