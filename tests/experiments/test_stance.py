import json

import mlflow
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.corpus.rows import load_labelled
from experiments.errors import InputError
from experiments.model import load_model
from experiments.tracking.artifacts import fetch_artifact, fetch_model
from experiments.train import train
from experiments.training.fitting import fit
from tests.conftest import ROOT, write_jsonl

pytestmark = pytest.mark.slow

ARTICLE = ROOT / "seeds/articles/strait-talks.txt"


@pytest.fixture(scope="module")
def stance_rows(tmp_path_factory):
    rows = [json.loads(line) for line in (ROOT / "seeds/stance/sentences.jsonl").read_text("utf-8").splitlines()]
    return write_jsonl(tmp_path_factory.mktemp("stance") / "rows.jsonl", rows[:400])


@pytest.fixture
def stance(in_workspace, trained, stance_rows):
    overrides = [f"data.train={stance_rows}", "features=[{type: words}]", "evaluation.bootstrap=50"]
    return train(load_config("stance/default", overrides), lambda line: None)


def test_stance_model_needs_a_target_and_its_answer_depends_on_it(stance):
    classifier = load_model(fetch_model(stance.model_uri))
    texts = ["This must end, and end now."]
    with pytest.raises(InputError, match="--target"):
        classifier.predict_proba(texts)
    one, two = (classifier.predict_proba(texts, [target]) for target in ("the arms embargo", "NATO enlargement"))
    assert (one != two).any()
    assert classifier.towards("unheard-of tariffs").predict_proba(texts).shape == (1, 3)


def test_served_stance_model_reads_the_target_column(stance):
    model = mlflow.pyfunc.load_model(stance.model_uri)
    table = pd.DataFrame({"text": ["We must keep it."], "target": ["the arms embargo"]})
    found = model.predict(table)
    assert list(found.columns) == ["labels", "favor", "against", "none", "target_in_training", "touches_target"]
    assert found["target_in_training"].tolist() == [True] and found["touches_target"].tolist() == [False]
    kept = pd.read_parquet(fetch_artifact(stance.run_id, "predictions.parquet"))
    assert kept["target_in_training"].all() and 0 < kept["touches_target"].mean() < 1
    assert not [column for column in kept if column.startswith("threshold")] and stance.thresholds == {}


def test_training_says_which_test_targets_were_not_in_training(in_workspace, trained, stance_rows, tmp_path):
    rows = [json.loads(line) for line in stance_rows.read_text("utf-8").splitlines()]
    test = write_jsonl(
        tmp_path / "test.jsonl", [{**row, "target": "the toll", "text": f"{row['text']} Now."} for row in rows[:30]]
    )
    said = []
    config = [f"data.train={stance_rows}", f"data.test={test}", "data.allow_leaks=true", "features=[{type: words}]"]
    train(load_config("stance/default", [*config, "evaluation.bootstrap=0", "tracking.register=false"]), said.append)
    assert [line for line in said if "not in training" in line] == [
        "note: 30 of these 30 rows have a target that was not in training: 'the toll'"
    ]


def test_score_takes_a_target_for_stance_and_refuses_it_for_frames(stance, trained):
    def score(*arguments):
        return CliRunner().invoke(app, ["score", str(ARTICLE), *arguments])

    rows = [json.loads(line) for line in score("--task", "stance", "--target", "the accord").stdout.splitlines()]
    assert all(len(row["labels"]) == 1 for row in rows if not row.get("boilerplate"))
    for arguments in (["--task", "stance"], ["--task", "stance", "--target", " "], ["--target", "the accord"]):
        result = score(*arguments)
        assert result.exit_code == 2
        assert "--target" in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("way", ["separate", "pair"])
def test_every_way_to_read_targets_trains_scores_and_takes_unseen_ones(way, in_workspace, stance_rows):
    overrides = [f"data.train={stance_rows}", f"targets={way}", "features=[{type: words}, {type: target, weight: 0.3}]"]
    config = load_config("stance/default", [*overrides, "evaluation.bootstrap=0", "tracking.register=false"])
    trained = train(config, lambda line: None)
    assert trained.metrics["test.macro_f1"] > 0.4  # a guess has 0.33
    classifier = load_model(fetch_model(trained.model_uri))
    texts = ["Scrap it.", "Keep it."]
    found = [
        classifier.predict_proba(texts, [target] * 2) for target in ("the arms embargo", "NATO enlargement", "hats")
    ]
    assert np.allclose([part.sum(axis=1) for part in found], 1)
    assert (found[0] != found[1]).any()
    page = fetch_artifact(trained.run_id, "report.html").read_text("utf-8")
    assert "target__" not in page and "words__" not in page


def test_a_word_of_an_unseen_targets_name_counts_when_names_are_read(in_workspace, tmp_path):
    sides = {"oil sanctions": ("favor", "against"), "school meals": ("against", "favor")}
    rows = [
        {"text": f"{word} {n}", "target": target, "label": label}
        for target, labels in sides.items()
        for word, label in zip(("Firmly so", "Hardly so"), labels, strict=True)
        for n in range(20)
    ]
    task = "task.labels=[favor, against]"
    overrides = [f"data.train={write_jsonl(tmp_path / 'r.jsonl', rows)}", task, "features=[{type: words, min_df: 1}]"]
    for way, alike in (("pair", False), ("copies", True)):
        config = load_config("stance/default", [*overrides, f"targets={way}"])
        classifier = fit(config, load_labelled(config.data.train, config.task, config.data, print))
        likely = [
            classifier.predict_proba(["Firmly so"], [each])[0].argmax() for each in ("bank sanctions", "hot meals")
        ]
        assert (likely[0] == likely[1]) == alike


def test_a_target_with_one_label_is_noted_and_scored(in_workspace, stance_rows, tmp_path):
    rows = [json.loads(line) for line in stance_rows.read_text("utf-8").splitlines()]
    rows += [{"text": f"Down with toll number {n}", "target": "tolls", "label": "against"} for n in range(12)]
    overrides = [
        f"data.train={write_jsonl(tmp_path / 'r.jsonl', rows)}",
        "targets=separate",
        "features=[{type: words}]",
    ]
    lines = []
    trained = train(load_config("stance/default", [*overrides, "evaluation.bootstrap=0"]), lines.append)
    (note,) = [line for line in lines if line.startswith("note: target")]
    assert "'tolls': all its" in note and "'against', so the joint model answers for it" in note
    classifier = load_model(fetch_model(trained.model_uri))
    assert classifier.predict_proba(["Down with the toll"], ["tolls"]).argmax() == 1


def test_mean_f1_of_favor_and_against_is_measured_wherever_metrics_are_shown(stance, in_workspace, stance_rows):
    assert 0 < stance.metrics["test.average_f1.low"] < stance.metrics["test.average_f1"]
    page = fetch_artifact(stance.run_id, "report.html").read_text("utf-8")
    assert "mean of the F1 of favor and against" in page
    shown = CliRunner().invoke(app, ["evaluate", "-m", stance.model_uri, "-d", str(stance_rows), "--bootstrap", "0"])
    assert "average F1 0." in shown.stdout
    arguments = ["stance/majority", f"data.train={stance_rows}", "evaluation.bootstrap=0", "--folds", "2", "--json"]
    found = json.loads(CliRunner().invoke(app, ["cross-validate", *arguments]).stdout)["metrics"]
    assert found["cv.average_f1"] == pytest.approx((found["cv.favor.f1"] + found["cv.against.f1"]) / 2)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.columns.target=null", "targets=separate"], "targets: separate needs targets"),
        (["data.columns.target=null", "features=[{type: target}]"], "features: target reads the target of a stance"),
        (["task.average_over=[favour]"], "average_over: 'favour' is not one of the labels favor, against, none"),
        (["task.average_over=[favor, favor]"], "average_over: labels must differ"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(overrides, message):
    with pytest.raises(InputError, match=message) as caught:
        load_config("stance/default", overrides)
    assert "\n" not in str(caught.value)


def test_an_empty_target_is_refused_when_asked(stance):
    classifier = load_model(fetch_model(stance.model_uri))
    with pytest.raises(InputError, match="target of text 2 is empty"):
        classifier.predict_proba(["Keep it.", "Scrap it."], ["the arms embargo", " "])


def test_the_semeval_config_reads_files_of_its_form(in_workspace, stance_rows, tmp_path):
    rows = [json.loads(line) for line in stance_rows.read_text("utf-8").splitlines()]
    for name, part in (("train", rows[:200]), ("trial", rows[200:220]), ("test", rows[220:320])):
        lines = [f'{n}\t{row["target"]}\t"{row["text"]} #Vote\t{row["label"].upper()}' for n, row in enumerate(part)]
        (tmp_path / f"{name}.tsv").write_bytes(
            "\r\n".join(["ID\tTarget\tTweet\tStance", *lines]).encode("cp1252", "replace")
        )
    files = [f"data.train=[{tmp_path}/train.tsv, {tmp_path}/trial.tsv]", f"data.test={tmp_path}/test.tsv"]
    overrides = [*files, "data.allow_leaks=true", "features=[{type: words, tags: true}]", "tracking.register=false"]
    config = load_config("stance/semeval2016", [*overrides, "evaluation.bootstrap=0"])
    metrics = train(config, lambda line: None).metrics
    assert sum(metrics[f"test.{label}.support"] for label in config.task.labels) == 100
    assert metrics["test.average_f1"] > 0.3


def test_rows_without_a_target_are_refused(in_workspace, tmp_path):
    rows = write_jsonl(tmp_path / "r.jsonl", [{"text": "x", "target": "", "label": "favor"}])
    with pytest.raises(InputError, match=r"1 row\(s\) without a target"):
        train(load_config("stance/default", [f"data.train={rows}"]), lambda line: None)


def test_evaluate_reads_targets(stance, stance_rows):
    result = CliRunner().invoke(app, ["evaluate", "-m", stance.model_uri, "-d", str(stance_rows), "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["rows"] == 400
