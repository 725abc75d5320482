"""The saved view that ``framescope ui`` opens."""

import json

import pytest
from mlflow import MlflowClient

from experiments.tracking.connection import connect
from experiments.tracking.ui import _addressed
from experiments.tracking.views import TAG, view_urls


@pytest.fixture
def client(in_workspace, trained):
    connect()
    client = MlflowClient()
    view_urls("http://x")
    return client


def view(client):
    found = json.loads(client.get_experiment_by_name("framing").tags[TAG])
    return found, json.loads(found["state"])


def test_view_shows_the_columns_that_matter_sorted_by_macro_f1(client):
    found, state = view(client)
    assert found["name"] == "Best trainings first"
    assert state["orderByKey"] == "metrics.`test.macro_f1`" and state["orderByAsc"] is False
    names = ["metrics.`test.macro_f1`", "metrics.`test.macro_f1.low`", "metrics.`test.macro_f1.high`"]
    assert state["selectedColumns"][:3] == names
    shown = set(state["selectedColumns"])
    assert {f"metrics.`test.{label}.f1`" for label in ("threat", "cooperation", "denial")} <= shown
    assert {"params.`classifier.type`", "params.`features`", "params.`data.train.rows`"} <= shown
    run = client.search_runs([client.get_experiment_by_name("framing").experiment_id], state["searchFilter"])[0]
    for column in shown:  # each is there in a run
        kind, name = column.split(".", 1)
        assert name.strip("`") in getattr(run.data, kind)


def test_killed_failed_and_evaluation_runs_do_not_stand_in_the_way(client, trained):
    experiment = client.get_experiment_by_name("framing").experiment_id
    others = []
    for status in ("KILLED", "FAILED", "FINISHED"):
        run = client.create_run(experiment, tags={"framescope.kind": "evaluation"}).info.run_id
        client.log_metric(run, "test.macro_f1", 0.99)
        if status != "FINISHED":
            client.log_metric(run, "train.seconds", 1)
        client.set_terminated(run, status)
        others.append(run)
    shown = [run.info.run_id for run in client.search_runs([experiment], view(client)[1]["searchFilter"])]
    assert trained.run_id in shown
    assert not set(others) & set(shown)


def test_address_names_experiment_and_view(client):
    experiment = client.get_experiment_by_name("framing").experiment_id
    found = view_urls("http://127.0.0.1:5000/")["framing"]
    assert found == (
        f"http://127.0.0.1:5000/#/experiments/{experiment}/runs?viewStateShareKey=framescope"
        "&workflowType=machine_learning"
    )


def test_view_that_was_changed_in_the_ui_is_left_alone(client):
    found, state = view(client)
    experiment = client.get_experiment_by_name("framing").experiment_id
    mine = {**found, "state": json.dumps({**state, "orderByAsc": True}), "updatedAt": found["updatedAt"] + 1}
    client.set_experiment_tag(experiment, TAG, json.dumps(mine))
    view_urls("http://x")
    assert view(client)[0] == mine
    client.delete_experiment_tag(experiment, TAG)
    view_urls("http://x")
    assert view(client)[1] == state


def test_view_is_renewed_for_a_new_label_and_otherwise_not_written(client):
    before, _ = view(client)
    view_urls("http://x")
    assert view(client)[0] == before
    experiment = client.get_experiment_by_name("framing").experiment_id
    run = client.create_run(experiment).info.run_id
    for name in ("train.seconds", "test.truce.f1"):
        client.log_metric(run, name, 0.5)
    client.set_terminated(run)
    view_urls("http://x")
    assert "metrics.`test.truce.f1`" in view(client)[1]["selectedColumns"]
    client.delete_run(run)


def test_ui_opens_under_a_name_that_keeps_the_assistant_shut(monkeypatch):
    monkeypatch.delenv("MLFLOW_SERVER_ALLOWED_HOSTS", raising=False)
    address, environment = _addressed("127.0.0.1", 5001)
    assert address == "http://framescope.localhost:5001"
    assert {"127.0.0.1:*", "localhost:*", "framescope.localhost:*"} <= set(
        environment["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    )
    assert environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] == address
    assert _addressed("10.0.0.7", 5001)[0] == "http://10.0.0.7:5001"
    monkeypatch.setenv("MLFLOW_SERVER_ALLOWED_HOSTS", "example.org")  # whoever sets it, has it
    address, environment = _addressed("127.0.0.1", 5001)
    assert (address, environment["MLFLOW_SERVER_ALLOWED_HOSTS"]) == ("http://127.0.0.1:5001", "example.org")
