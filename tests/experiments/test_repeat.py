import json
import os
import signal
import subprocess
import sys
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.repeat import read_seeds, train_repeatedly
from experiments.tracking.artifacts import fetch_artifact, last_run
from experiments.tracking.connection import connect
from experiments.train import prepare
from tests.conftest import ROOT

FAST = ["evaluation.bootstrap=50", "evaluation.errors=0"]


def silent(line: str) -> None:
    pass


def family(client):
    """Return the newest parent in the store and its children by name, whatever their status."""
    experiment = client.get_experiment_by_name("framing").experiment_id
    runs = client.search_runs([experiment], order_by=["attributes.start_time DESC"])
    parent = next(run for run in runs if run.data.tags.get("framescope.unreported") == "parent")
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    return parent, {run.data.tags["framescope.child"]: run for run in reversed(children)}, len(children)


@pytest.fixture
def client(in_workspace, trained):
    connect()
    return MlflowClient()


@pytest.fixture
def started(client, small_config):
    """Return a function that starts the command in a process group of its own."""
    processes = []

    def start(*arguments):
        command = [sys.executable, "-m", "experiments", "train", str(small_config), *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        processes.append(subprocess.Popen(command, **streams, env=environment, start_new_session=True))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def running_children(process, client, n, timeout=90):
    """Wait until n children of the newest parent run, and return their process ids."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        try:
            _, children, _ = family(client)
        except StopIteration:  # it has no parent yet
            children = {}
        found = [run for run in children.values() if run.info.status == "RUNNING"]
        if len(found) >= n:
            return [int(run.data.tags["framescope.pid"]) for run in found]
        time.sleep(0.1)
    raise AssertionError(f"no children began: {process.poll()}")


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "two seeds or more"),
        ("1", "two seeds or more"),
        ("7,", "write a number of seeds"),
        ("a,b", "write a number of seeds"),
        ("-3", "write a number of seeds"),
        ("3,7,3", "3 stands twice"),
        ("0,1,0", "0 stands twice"),
        ("2024", "write seed=2024"),
        ("1,4294967296", "too large"),
    ],
)
def test_seeds_that_are_none_are_one_line(in_workspace, small_config, text, message):
    result = CliRunner().invoke(app, ["train", str(small_config), f"--seeds={text}"])
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_seeds_are_counted_from_the_configs_own_or_named():
    assert read_seeds("3", 13) == [13, 14, 15]
    assert read_seeds(" 3, 21,7", 13) == [3, 21, 7]
    with pytest.raises(InputError, match="too large"):
        read_seeds("2", 2**32 - 1)


def test_no_jobs_and_jobs_of_one_run_are_refused(in_workspace, small_config):
    for arguments in (["--seeds", "2", "--jobs", "0"], ["--jobs", "2"]):
        result = CliRunner().invoke(app, ["train", str(small_config), *arguments])
        assert result.exit_code == 2
        assert "--jobs" in result.stderr


def test_split_seed_keeps_the_test_rows_whatever_the_seed(small_config):
    def tested(*overrides):
        return prepare(load_config(str(small_config), list(overrides)), silent)[1].ids

    assert tested("seed=14", "data.split_seed=13") == tested("seed=13") != tested("seed=14")


@pytest.mark.slow
def test_children_are_whole_runs_on_the_same_rows_and_the_parent_sums_them_up(client, small_config):
    versions = len(client.search_model_versions("name='framing'"))
    config = load_config(str(small_config), FAST)
    lines = []
    found = train_repeatedly(config, [13, 21], 2, lines.append)
    parent, children, n = family(client)
    assert (parent.info.run_id, parent.info.status, n) == (found.run_id, "FINISHED", 2)
    assert [child.run_id for child in found.children] == [children[f"seed {seed}"].info.run_id for seed in (13, 21)]
    tables = {}
    for seed, child in zip((13, 21), found.children, strict=True):
        run = client.get_run(child.run_id)
        assert (run.info.status, run.data.params["seed"], run.data.params["data.split_seed"]) == (
            "FINISHED",
            str(seed),
            "13",
        )
        assert fetch_artifact(child.run_id, "report.html").stat().st_size > 0
        mlflow.pyfunc.load_model(f"runs:/{child.run_id}/model")
        tables[seed] = pd.read_parquet(fetch_artifact(child.run_id, "predictions.parquet"))
    assert tables[13]["id"].tolist() == tables[21]["id"].tolist()
    whole = pd.read_parquet(fetch_artifact(found.run_id, "predictions.parquet"))
    for seed, table in tables.items():
        part = whole[whole["seed"] == seed].drop(columns="seed").reset_index(drop=True)
        pd.testing.assert_frame_equal(part, table)
    listed = pd.read_csv(fetch_artifact(found.run_id, "children.csv"))
    assert listed["seed"].tolist() == [13, 21]
    assert listed["run_id"].tolist() == [child.run_id for child in found.children]
    for name in ("test.macro_f1", "test.threat.f1"):
        each = [client.get_run(child.run_id).data.metrics[name] for child in found.children]
        stored = parent.data.metrics
        assert stored[name] == float(f"{found.metrics[name]:.4g}")  # as MLflow keeps it
        assert stored[f"{name}.sd"] == float(f"{found.metrics[f'{name}.sd']:.4g}")
        assert listed[name].tolist() == each
        kept = [json.loads(fetch_artifact(child.run_id, "metrics.json").read_text("utf-8")) for child in found.children]
        exact = [child["metrics"][name.removeprefix("test.")]["value"] for child in kept]
        assert found.metrics[name] == pytest.approx(np.mean(exact))
        assert found.metrics[f"{name}.sd"] == pytest.approx(np.std(exact, ddof=1))
        assert stored[f"{name}.low"] < stored[name] < stored[f"{name}.high"]
    assert len(client.search_model_versions("name='framing'")) == versions
    assert last_run() in listed["run_id"].tolist()  # the parent has no report to show
    assert len(lines) == len(set(lines))

    again = train_repeatedly(config, [13, 21], 1, silent)  # a finished family is a new one, and one job tells the same
    assert again.run_id != found.run_id
    assert not any(child.reused for child in again.children)
    assert again.metrics == found.metrics
    plain = CliRunner().invoke(
        app, ["train", str(small_config), *FAST, "seed=21", "data.split_seed=13", "tracking.register=false", "--json"]
    )
    assert round(json.loads(plain.stdout)["metrics"]["test.macro_f1"], 4) == found.children[1].metrics["test.macro_f1"]


@pytest.mark.slow
def test_killed_child_is_told_of_and_trained_again_by_the_same_command_and_no_other(started, client):
    arguments = ["evaluation.bootstrap=60", "evaluation.errors=0", "--seeds", "2", "--jobs", "1"]
    process = started(*arguments)
    (pid,) = running_children(process, client, 1)
    os.kill(pid, signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    last = said.splitlines()[-1]
    assert "1 of its children failed: seed 13: its process was ended by SIGKILL" in last
    assert "Traceback" not in said
    parent, children, _ = family(client)
    assert parent.info.status == "FAILED"
    assert {name: run.info.status for name, run in children.items()} == {"seed 13": "KILLED", "seed 14": "FINISHED"}

    other = started("evaluation.bootstrap=61", *arguments[1:], "--json")
    assert len(json.loads(other.communicate(timeout=120)[0])["children"]) == 2
    other_parent, _, n = family(client)
    assert (other_parent.info.run_id != parent.info.run_id, n) == (True, 2)

    process = started(*arguments, "--json")
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert f"taking up run {parent.info.run_id}" in said
    assert "1 of 2 are done and not run again (seed 14)" in said
    found = json.loads(out)
    assert found["run_id"] == parent.info.run_id
    assert [child["reused"] for child in found["children"]] == [False, True]
    assert found["children"][1]["run_id"] == children["seed 14"].info.run_id
    run = client.get_run(parent.info.run_id)
    assert run.info.status == "FINISHED"
    assert "framescope.error" not in run.data.tags
    assert run.data.metrics["test.macro_f1"] == round(found["metrics"]["test.macro_f1"], 4)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_children_too_and_leaves_no_process(started, client, sign):
    process = started("evaluation.bootstrap=2000000", "--seeds", "2", "--jobs", "2")
    pids = running_children(process, client, 2)
    if sign == signal.SIGINT:
        os.killpg(process.pid, sign)  # as a terminal does
    else:
        process.send_signal(sign)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + sign
    assert "Traceback" not in said
    assert said.splitlines()[-1] == "framescope: interrupted; nothing half-written is left"
    parent, children, _ = family(client)
    ended = [(run.info.status, run.data.tags.get("framescope.error")) for run in [parent, *children.values()]]
    assert {status for status, _ in ended} == {"KILLED"}, ended
    assert all(map(gone, pids))


@pytest.mark.slow
def test_children_end_with_a_parent_that_is_killed(started, client):
    process = started("evaluation.bootstrap=2000001", "--seeds", "2", "--jobs", "2")
    pids = running_children(process, client, 2)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while not all(map(gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert all(map(gone, pids))
