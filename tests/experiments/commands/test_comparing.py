import json
import os
from html import escape
from pathlib import Path

import pytest

from experiments.config.files import load_config
from experiments.train import train
from tests.experiments.commands.test_main import one_json, run


@pytest.fixture(scope="session")
def weaker(workspace, trained, small_config):
    """A run on the same rows as the trained one, which reads next to nothing."""
    before = Path.cwd()
    os.chdir(workspace)
    try:
        changes = ["tracking.register=false", "name=weaker", "classifier.C=0.0001", "seed=13"]
        return train(load_config(str(small_config), changes), lambda line: None).run_id
    finally:
        os.chdir(before)


@pytest.fixture
def two(in_workspace, trained, weaker):
    return trained.run_id, weaker


def test_compare_takes_ids_beginnings_and_names(two):
    stronger, weaker = two
    found = one_json(run("compare", stronger, weaker[:12], "--json"))
    named = one_json(run("compare", stronger, "weaker", "--json"))
    assert found["pairs"] == named["pairs"]
    assert [each["run_id"] for each in found["runs"]] == [stronger, weaker]
    (pair,) = found["pairs"]
    assert pair["difference"] < 0 and {"low", "high", "p", "p_adjusted", "verdict"} <= set(pair)


def test_compare_holds_all_to_the_baseline_and_asserts(two):
    stronger, weaker = two
    found = one_json(run("compare", stronger, weaker, "--baseline", "weaker", "--json"))
    assert found["baseline"] == "weaker"
    result = run("compare", weaker, stronger, "--baseline", stronger, "--assert", "better")
    assert result.exit_code == 3 and "has the highest macro-F1" in result.stdout
    assert "the baseline" in result.stdout and "test rows of" in result.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((), "name two runs or more"),
        (("nothing-like-it", "weaker"), "nothing-like-it: no such run"),
        (("weaker", "weaker"), "named twice"),
        (("weaker",), "one run compares with nothing"),
        (("--experiment", "nowhere"), "--experiment nowhere: there is none of that name"),
        (("--last", "2", "--filter", "no such = filter"), "--filter no such = filter"),
        (("--last", "2", "--metric", "f3"), "--metric f3: is no metric of these runs"),
    ],
)
def test_what_does_not_compare_is_one_line(two, given, said, tmp_path):
    result = run("compare", *given, "-o", tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
    assert result.exit_code == 2, result.stdout
    assert said in result.stderr and len(result.stderr.strip().splitlines()) == 1


def test_deleted_and_running_runs_are_named(two):
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_run(two[1]).info.experiment_id
    running = client.create_run(experiment, run_name="under way").info.run_id
    result = run("compare", two[0], running)
    assert result.exit_code == 2 and "under way: the run is RUNNING, not finished" in result.stderr
    client.delete_run(running)
    result = run("compare", two[0], running)
    assert result.exit_code == 2 and "was deleted; restore it with" in result.stderr
    assert json.loads(run("compare", *two, "--json").stdout)["rows"] > 10


def test_comparison_is_kept_with_its_page_and_verdicts(two, tmp_path):
    from mlflow import MlflowClient

    page = tmp_path / "page.html"
    found = one_json(run("compare", *two, "-o", page, "--json"))
    assert found["page"] == str(page) and found["answer"] in page.read_text(encoding="utf-8")
    client = MlflowClient()
    told = (tmp_path / "page.html").read_text(encoding="utf-8")
    for run_id in two:
        tests = json.loads(Path(client.download_artifacts(run_id, "probe.json")).read_text(encoding="utf-8"))["tests"]
        tests = [each for each in tests if each["cases"]]
        assert len(tests) > 5
        assert [each["name"] for each in tests if f"<th>{escape(each['name'])}</th>" not in told] == []
        assert [each["share"] for each in tests if f"{each['share']:.3f}" not in told] == []
    kept = client.get_run(found["run_id"])
    assert kept.data.tags["framescope.kind"] == "comparison"
    assert {each.path for each in client.list_artifacts(kept.info.run_id)} == {"comparison.html", "comparison.json"}
    metrics = client.get_run(two[1]).data.metrics
    (pair,) = found["pairs"]
    name = found["baseline"]
    assert metrics[f"compare/{name}/macro_f1/diff"] == pytest.approx(pair["difference"], rel=1e-3)
    assert {f"compare/{name}/macro_f1/{each}" for each in ("ci_low", "ci_high", "p")} <= set(metrics)
    again = one_json(run("compare", "--last", "2", "-o", page, "--json", "--no-track"))
    assert "run_id" not in again
    assert found["run_id"] not in [each["run_id"] for each in again["runs"]]


def test_compare_scores_runs_and_models_on_a_new_file(two, tmp_path):
    from mlflow import MlflowClient

    rows = tmp_path / "new.csv"
    lines = [
        line
        for town in ("Norden", "Suden", "Osten", "Westen", "Mitten", "Oben")
        for line in (
            f"{town} threatened its neighbour with war.,threat,{town},a",
            f"{town} signed an agreement on trade.,cooperation,{town},a",
            f"{town} denied the accusation.,denial,{town},b",
            f"It rained in {town} on Monday.,,{town},b",
        )
    ]
    rows.write_text("text,labels,group,part\n" + "\n".join(lines) + "\n", encoding="utf-8")
    given = ("--data", rows, "-o", tmp_path / "page.html", "--json")
    found = one_json(run("compare", "starter", *two, *given))
    assert found["runs"][0]["name"] == "starter" and found["rows"] == 24
    assert found["articles"] == 6 and found["runs"][0]["run_id"] is None
    kept = MlflowClient().get_run(found["run_id"])
    assert kept.data.tags["framescope.data"] == str(rows)
    metrics = MlflowClient().get_run(two[0]).data.metrics
    assert metrics["compare/starter/new/macro_f1/diff"] == pytest.approx(found["pairs"][0]["difference"], rel=1e-3)
    assert one_json(run("compare", "starter", two[0], "--baseline", two[0], *given))["baseline"] != "starter"
    result = run("compare", two[0], "starter", "-o", tmp_path / "page.html")
    assert result.exit_code == 2 and "starter: no such run" in result.stderr


def test_small_p_is_never_nought():
    from experiments.commands.compared import against_text
    from experiments.evaluation.comparison import Pair
    from experiments.measures.resampling import Estimate

    fields = dict.fromkeys(Pair.__dataclass_fields__, 0) | {
        "difference": Estimate(0.1, 0.05, 0.15),
        "verdict": "better",
    }
    assert "p < 0.001: better" in against_text(Pair(**fields | {"p_adjusted": 0.0002}))
    assert "p = 0.020: better" in against_text(Pair(**fields | {"p_adjusted": 0.02}))
