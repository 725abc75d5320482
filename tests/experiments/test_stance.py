import json

import mlflow
import pandas as pd
import pytest
from typer.testing import CliRunner

from experiments import tracking
from experiments.cli import app
from experiments.config_files import load_config
from experiments.errors import InputError
from experiments.model import load_model
from experiments.train import train
from tests.conftest import ROOT, write_jsonl

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
    classifier = load_model(tracking.fetch_model(stance.model_uri))
    texts = ["This must end, and end now."]
    with pytest.raises(InputError, match="--target"):
        classifier.predict_proba(texts)
    one, two = (classifier.predict_proba(texts, [target]) for target in ("the arms embargo", "NATO enlargement"))
    assert (one != two).any()
    assert classifier.towards("unheard-of tariffs").predict_proba(texts).shape == (1, 3)


def test_served_stance_model_reads_the_target_column(stance):
    model = mlflow.pyfunc.load_model(stance.model_uri)
    table = pd.DataFrame({"text": ["We must keep it."], "target": ["the arms embargo"]})
    assert list(model.predict(table).columns) == ["labels", "favor", "against", "none"]


def test_score_takes_a_target_for_stance_and_refuses_it_for_frames(stance, trained):
    def score(*arguments):
        return CliRunner().invoke(app, ["score", str(ARTICLE), *arguments])

    rows = [json.loads(line) for line in score("--task", "stance", "--target", "the accord").stdout.splitlines()]
    assert all(len(row["labels"]) == 1 for row in rows if not row.get("boilerplate"))
    for arguments in (["--task", "stance"], ["--task", "stance", "--target", " "], ["--target", "the accord"]):
        result = score(*arguments)
        assert result.exit_code == 2
        assert "--target" in result.stderr


def test_rows_without_a_target_are_refused(in_workspace, tmp_path):
    rows = write_jsonl(tmp_path / "r.jsonl", [{"text": "x", "target": "", "label": "favor"}])
    with pytest.raises(InputError, match=r"1 row\(s\) without a target"):
        train(load_config("stance/default", [f"data.train={rows}"]), lambda line: None)


def test_evaluate_reads_targets(stance, stance_rows):
    result = CliRunner().invoke(app, ["evaluate", "-m", stance.model_uri, "-d", str(stance_rows), "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["rows"] == 400
