"""framescope probe, as typed."""

import json

import mlflow
import pytest

from tests.conftest import ROOT, write_jsonl
from tests.experiments.commands.test_main import fault, one_json, run

STANCE = ROOT / "tests/experiments/saved_models/separate-0.1.0"


@pytest.fixture(scope="module")
def said(trained, workspace):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        return run("probe", trained.model_uri)


def test_help_has_an_example():
    assert "framescope probe starter" in " ".join(run("probe", "--help").stdout.split())


def test_tells_people_shares_with_bounds_worst_examples_and_names(said):
    assert said.exit_code == 0, said.stderr
    assert "other countries" in said.stdout and "[0." in said.stdout
    assert "    -> " in said.stdout
    assert "the actor's name alone" in said.stdout


def test_json_is_one_object_as_training_kept_it(in_workspace, trained):
    found = one_json(run("probe", trained.model_uri, "--json"))
    assert {"name", "kind", "cases", "moved", "share", "low", "high", "why", "examples"} <= set(found["tests"][0])
    assert {"label", "actor", "change", "low", "high", "cases"} <= set(found["actors"][0])
    kept = mlflow.artifacts.load_dict(f"runs:/{trained.run_id}/probe.json")
    assert found == kept


def test_report_has_the_behaviour(in_workspace, trained, tmp_path):
    run("report", trained.run_id, "-o", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert '<h2 id="behaviour">' in page and "denied act is no threat" in page


def test_stance_model_is_probed_on_sentences_and_not_on_the_framing_templates(in_workspace, tmp_path):
    rows = [{"text": f"Iran, they said on Monday, must keep out of town {n}.", "topic": "the pact"} for n in range(6)]
    data = write_jsonl(tmp_path / "mine.jsonl", rows)
    found = one_json(run("probe", STANCE, "--data", data, "--target-column", "topic", "--json"))
    assert {test["name"]: test["cases"] for test in found["tests"]}["other countries"] == 6
    assert found["actors"] == []
    assert "--data FILE" in fault(run("probe", STANCE))
    assert "no column 'target'" in fault(run("probe", STANCE, "--data", data))


def test_own_probes_are_run_and_faults_in_them_told(in_workspace, trained, tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text(
        "extends: [lists]\ntemplates: [{text: '{country} bombed a town.', labels: [threat]}]\n"
        "tests: [{name: casing, kind: invariance, why: w, change: {rewrite: capitals}}]\n"
    )
    (test,) = one_json(run("probe", trained.model_uri, "--probes", own, "--json"))["tests"]
    assert test["name"] == "casing" and test["cases"] > 20 and test["low"] is None
    own.write_text("tets: []\n")
    assert "mine.yaml: tets: unknown key; did you mean 'tests'?" in fault(
        run("probe", trained.model_uri, "--probes", own)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: no such model folder"),
        ([STANCE, "--model", "starter"], "name one model"),
        ([STANCE, "--data", "nowhere.csv"], "nowhere.csv"),
        ([STANCE, "--probes", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_fault_of_the_user_is_one_line_and_status_2(in_workspace, arguments, message):
    assert message in fault(run("probe", *arguments))
    assert json.loads(run("probe", *arguments, "--json").stdout)["status"] == 2
