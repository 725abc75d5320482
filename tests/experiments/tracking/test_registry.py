import tempfile
from functools import cache
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.tracking import registry
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
    yield MlflowClient()
    mlflow.set_tracking_uri(before[0])
    mlflow.set_registry_uri(before[1])


@pytest.fixture
def configured(small_config):
    """Return a function from overrides to a config."""
    return lambda *overrides: load_config(str(small_config), list(overrides))


def finished_run(client):
    run = Run(client.create_run("0").info.run_id)
    run.logged_id = client.create_logged_model("0", source_run_id=run.id).model_id
    return run


def champion(client, name="framing"):
    return client.get_model_version_by_alias(name, "champion").version


def test_version_names_its_run_and_what_it_was_tested_on(client, configured):
    run = finished_run(client)
    found = register(run, configured(), 0.5, "digest")
    assert found == Registered("framing", "1", True, "the first champion")
    version = client.get_model_version("framing", "1")
    assert version.run_id == run.id
    assert version.source.endswith(run.logged_id)
    assert version.tags == {"test.digest": "digest", "test.macro_f1": "0.5"}
    assert client.get_registered_model("framing").description == "Labels: threat, cooperation, denial"


@pytest.mark.parametrize(
    ("macro_f1", "better", "reason"),
    [
        (0.6, True, "macro-F1 0.600 on the same test rows, against 0.500 of version 1"),
        (0.5, False, "version 1 has macro-F1 0.500 on the same test rows"),
        (0.4, False, "version 1 has macro-F1 0.500 on the same test rows"),
    ],
)
def test_only_a_higher_macro_f1_on_the_same_rows_makes_a_new_champion(client, configured, macro_f1, better, reason):
    register(finished_run(client), configured(), 0.5, "digest")
    assert register(finished_run(client), configured(), macro_f1, "digest") == Registered(
        "framing", "2", better, reason
    )
    assert champion(client) == (2 if better else 1)


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


@pytest.mark.parametrize("first", [True, False])
def test_version_that_cannot_be_completed_is_taken_back_and_no_other(client, configured, monkeypatch, first):
    if not first:
        register(finished_run(client), configured(), 0.5, "digest")

    def broken(*arguments):
        raise KeyboardInterrupt  # as a kill does

    monkeypatch.setattr(registry, "_is_champion", broken)
    with pytest.raises(KeyboardInterrupt):
        register(finished_run(client), configured(), 0.9, "digest")
    assert [model.name for model in client.search_registered_models()] == ([] if first else ["framing"])
    assert [each.version for each in client.search_model_versions("name='framing'")] == ([] if first else [1])


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
    register(finished_run(client), configured(), 0.5, "digest")
    register(finished_run(client), configured(), 0.6, "digest")
    register(finished_run(client), configured(), 0.4, "digest")
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


def test_champion_is_sought_in_the_store_that_is_set(client, configured, tmp_path, monkeypatch):
    register(finished_run(client), configured(), 0.5, "digest")
    (tmp_path / "another.db").write_bytes(empty_store())
    for variable in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(variable, f"sqlite:///{tmp_path}/another.db")
    with pytest.raises(InputError, match=r"another\.db"):
        champion_uri("framing")
