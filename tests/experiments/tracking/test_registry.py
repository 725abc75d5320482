import json
import re
import tempfile
from functools import cache
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.tracking import champions
from experiments.tracking.connection import connect, whereabouts
from experiments.tracking.registry import Registered, champion_uri, register
from experiments.tracking.runs import Run


@cache
def empty_store() -> bytes:
    """Return a store without anything in it: making one takes seconds, and copying it none."""
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        MlflowClient(uri, uri).search_experiments()
        return Path(folder, "mlflow.db").read_bytes()


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Work with a new, empty store."""
    before = mlflow.get_tracking_uri(), mlflow.get_registry_uri()
    (tmp_path / "mlflow.db").write_bytes(empty_store())
    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(variable, f"sqlite:///{tmp_path}/mlflow.db")
    connect()
    monkeypatch.chdir(tmp_path)
    yield MlflowClient()
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


@pytest.fixture
def configured(small_config):
    """Return a function from overrides to a config."""
    return lambda *overrides: load_config(str(small_config), list(overrides))


TRUE = [["threat"], ["cooperation"], ["denial"], []] * 15
WRONG = [[]] * 30 + TRUE[30:]  # half of the labels missed


def finished_run(client, predicted=None, true=TRUE, **metrics):
    """A run that has a model, and predictions of 60 rows in 20 groups if there are any."""
    run = Run(client.create_run("0").info.run_id)
    run.logged_id = client.create_logged_model("0", source_run_id=run.id).model_id
    for name, value in metrics.items():
        client.log_metric(run.id, name.replace("_", "."), value)
    if predicted is not None:
        table = pd.DataFrame({"id": [f"r{i}" for i in range(60)], "group": [f"g{i // 3}" for i in range(60)]})
        table["text"] = [f"The envoy spoke {i} times." for i in range(60)]
        table["true"], table["predicted"] = true, predicted
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "predictions.parquet")
            table.assign(score_threat=0.5, score_cooperation=0.5, score_denial=0.5).to_parquet(path)
            client.log_artifact(run.id, str(path))
    return run


def champion(client, name="framing"):
    return client.get_model_version_by_alias(name, "champion").version


def test_version_names_its_run_and_what_it_was_tested_on(client, configured):
    run = finished_run(client)
    found = register(run, configured(), 0.5, "digest")
    assert found == Registered("framing", "1", True, "the first champion")
    version = client.get_model_version("framing", "1")
    assert version.run_id == run.id
    named = json.loads(client.get_logged_model(run.logged_id).tags["mlflow.modelVersions"])
    assert named == [{"name": "framing", "version": "1"}]  # the model's page shows it
    assert version.source.endswith(run.logged_id)
    assert version.tags == {"test.digest": "digest", "test.macro_f1": "0.5"}
    assert client.get_registered_model("framing").description == "Labels: threat, cooperation, denial"


def test_better_model_is_the_new_champion_and_says_by_how_much(client, configured):
    register(finished_run(client, WRONG), configured(), 0.5, "digest")
    found = register(finished_run(client, TRUE), configured(), 1.0, "digest")
    assert found.champion and champion(client) == 2
    assert re.fullmatch(
        r"better: macro-F1 \+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\] against version 1 on the same 60 test rows",
        found.reason,
    )
    assert client.get_model_version("framing", "2").description == f"Became champion when registered: {found.reason}."


def test_worse_model_is_not_champion(client, configured):
    register(finished_run(client, TRUE), configured(), 1.0, "digest")
    found = register(finished_run(client, WRONG), configured(), 0.5, "digest")
    assert not found.champion and found.reason.startswith("worse: macro-F1 -0.")
    assert champion(client) == 1
    assert client.get_model_version("framing", "2").description.startswith("Not champion when registered: worse")


def test_champion_does_not_move_on_a_third_digit(client, configured):
    one_missed = [[], *TRUE[1:]]
    register(finished_run(client, one_missed), configured(), 0.98, "digest")
    found = register(finished_run(client, TRUE), configured(), 1.0, "digest")
    assert not found.champion and not found.reason.startswith("better")


@pytest.mark.parametrize(
    ("megabytes", "speeds", "pays"), [(1.0, [100, 500], True), (0.5, [100, 100], True), (1.0, [100, 101], False)]
)
def test_model_that_is_no_worse_is_champion_only_if_it_is_cheaper(
    client, configured, monkeypatch, megabytes, speeds, pays
):
    for name in ("fetch_model", "load_model"):
        monkeypatch.setattr(champions, name, lambda each: each)
    monkeypatch.setattr(champions, "sentences_per_second", lambda models, texts, targets: speeds)
    register(finished_run(client, TRUE, model_mb=1.0), configured(), 1.0, "digest")
    found = register(finished_run(client, TRUE, model_mb=megabytes), configured(), 1.0, "digest")
    assert found.champion is pays
    assert found.reason.startswith("no worse and cheaper" if pays else "no worse, but no better either")
    assert f"{megabytes:.2f} MB against 1.00, {speeds[1]} sentences a second against 100" in found.reason


def test_old_champion_without_size_or_predictions_says_what_replaces_it(client, configured):
    register(finished_run(client, TRUE), configured(), 1.0, "digest")
    found = register(finished_run(client, TRUE, model_mb=0.1), configured(), 1.0, "digest")
    assert not found.champion and "size" in found.reason and "tracking.champion=always" in found.reason
    register(finished_run(client), configured("tracking.champion=always"), 0.1, "digest")
    found = register(finished_run(client, TRUE), configured(), 1.0, "digest")
    assert not found.champion and "no predictions" in found.reason and "tracking.champion=always" in found.reason


def test_champion_whose_old_tag_counted_a_missing_label_as_nought_is_compared_by_its_predictions(client, configured):
    true = [[label for label in row if label != "denial"] for row in TRUE]  # nobody denies
    register(finished_run(client, true, true), configured(), 2 / 3, "digest")  # all right, but the tag says 0.667
    worse = [[]] * 6 + true[6:]
    found = register(finished_run(client, worse, true), configured(), 0.9, "digest")
    assert not found.champion
    assert "macro-F1 -0." in found.reason


def test_champion_tested_on_other_rows_stays_until_it_is_replaced_on_purpose(client, configured):
    register(finished_run(client), configured(), 0.5, "digest")
    found = register(finished_run(client), configured(), 0.9, "another digest")
    reason = "version 1 was tested on other rows; tracking.champion=always replaces it"
    assert found == Registered("framing", "2", False, reason)
    found = register(finished_run(client), configured("tracking.champion=always"), 0.1, "another digest")
    assert found == Registered("framing", "3", True, "tracking.champion=always")
    assert champion(client) == 3


def test_no_champion_is_made_where_none_is_wanted(client, configured):
    found = register(finished_run(client), configured("tracking.champion=never"), 0.5, "digest")
    assert found == Registered("framing", "1", False, "tracking.champion=never")
    with pytest.raises(InputError):
        champion_uri("framing")


STEPS = ("create_registered_model", "create_model_version", "set_registered_model_alias")
ALWAYS = "tracking.champion=always"


def state(client):
    """What is registered, and which version is champion."""
    versions = [each.version for each in client.search_model_versions("name='framing'")]
    models = client.search_registered_models()
    return [model.name for model in models], sorted(versions), [model.aliases for model in models]


def break_at(monkeypatch, step, error, after=False):
    true = getattr(MlflowClient, step)

    def broken(*arguments, **more):
        if after:
            true(*arguments, **more)
        raise error

    monkeypatch.setattr(MlflowClient, step, broken)


@pytest.mark.parametrize(("step", "first"), [*((step, True) for step in STEPS), *((step, False) for step in STEPS[1:])])
def test_registration_that_fails_leaves_what_was_there(client, configured, monkeypatch, step, first):
    if not first:
        register(finished_run(client), configured(), 0.5, "digest")
    before = state(client)
    with monkeypatch.context() as patch:
        break_at(patch, step, RuntimeError("no"))
        with pytest.raises(RuntimeError):
            register(finished_run(client), configured(ALWAYS), 0.9, "digest")
    assert state(client) == before


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("step", ["create_model_version", "set_registered_model_alias", "delete_model_version_tag"])
def test_registration_that_is_killed_is_ended_by_the_next(client, configured, monkeypatch, step, after):
    register(finished_run(client), configured(), 0.5, "digest")
    run = finished_run(client)
    with monkeypatch.context() as patch:
        break_at(patch, step, SystemExit(), after)  # nothing is taken back, as after kill -9
        with pytest.raises(SystemExit):
            register(run, configured(ALWAYS), 0.9, "digest")
    register(run, configured(ALWAYS), 0.9, "digest")
    assert state(client) == (["framing"], [1, 2], [{"champion": 2}])
    assert "framescope.to-be-champion" not in client.get_model_version("framing", "2").tags


def test_later_champion_stays_when_an_earlier_registration_is_ended(client, configured, monkeypatch):
    register(finished_run(client), configured(), 0.5, "digest")
    with monkeypatch.context() as patch:
        break_at(patch, "set_registered_model_alias", SystemExit())
        with pytest.raises(SystemExit):
            register(finished_run(client), configured(ALWAYS), 0.9, "digest")
    client.create_model_version("framing", f"models:/{finished_run(client).logged_id}")
    client.set_registered_model_alias("framing", "champion", "3")  # by hand
    register(finished_run(client), configured("tracking.champion=never"), 0.5, "digest")
    assert champion(client) == 3
    assert "framescope.to-be-champion" not in client.get_model_version("framing", "2").tags


def test_champion_whose_alias_was_set_though_the_answer_was_lost_is_not_deleted(client, configured, monkeypatch):
    register(finished_run(client), configured(), 0.5, "digest")
    break_at(monkeypatch, "set_registered_model_alias", OSError("connection lost"), after=True)
    with pytest.raises(OSError, match="lost"):
        register(finished_run(client), configured(ALWAYS), 0.9, "digest")
    assert champion(client) == 2


def test_run_is_registered_once(client, configured):
    run = finished_run(client)
    first = register(run, configured(), 0.5, "digest")
    assert register(run, configured(), 0.5, "digest") == first
    assert state(client)[1] == [1]


@pytest.mark.parametrize("first", [True, False])
def test_name_of_a_version_that_could_not_be_made_is_taken_back_if_it_is_new(client, configured, first):
    if not first:
        register(finished_run(client), configured(), 0.5, "digest")
    run = finished_run(client)
    run.logged_id = "m-gone"
    with pytest.raises(mlflow.exceptions.MlflowException, match="m-gone"):
        register(run, configured(), 0.9, "digest")
    assert [model.name for model in client.search_registered_models()] == ([] if first else ["framing"])


def test_uri_of_the_champion_names_its_version(client, configured):
    register(finished_run(client, WRONG), configured(), 0.5, "digest")
    register(finished_run(client, TRUE), configured(), 1.0, "digest")
    register(finished_run(client, WRONG), configured(), 0.5, "digest")
    assert champion_uri("framing") == "models:/framing/2"


def test_missing_champion_says_where_it_was_sought_and_which_there_are(client, configured):
    with pytest.raises(InputError) as caught:
        champion_uri("stance")
    assert str(caught.value) == (
        f"there is no champion model for 'stance' in {whereabouts()} yet; make one with: framescope train "
        "stance/default"
    )
    register(finished_run(client), configured(), 0.5, "digest")
    register(finished_run(client), configured("tracking.model=other"), 0.5, "digest")
    register(finished_run(client), configured("tracking.model=none", "tracking.champion=never"), 0.5, "digest")
    with pytest.raises(InputError, match=r"default, or name another task with --task: framing, other$"):
        champion_uri("stance")


def test_no_config_is_named_that_is_not_there(client):
    with pytest.raises(InputError, match=r"yet; train a config of your own with task.name: 'tiny', or tracking.model$"):
        champion_uri("tiny")


def test_champion_is_sought_in_the_store_that_is_set(client, configured, tmp_path, monkeypatch):
    register(finished_run(client), configured(), 0.5, "digest")
    (tmp_path / "another.db").write_bytes(empty_store())
    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(variable, f"sqlite:///{tmp_path}/another.db")
    with pytest.raises(InputError, match=r"another\.db"):
        champion_uri("framing")
