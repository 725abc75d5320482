import json

import pytest
from typer.testing import CliRunner

from experiments.commands.main import app
from tests.conftest import write_jsonl

ROWS = [
    {"id": "a", "text": "The two ports signed a pact.", "labels_x": ["cooperation"], "labels_y": ["cooperation"]},
    {"id": "b", "text": "The mayor called the tape a fake.", "labels_x": ["denial"], "labels_y": []},
    {"id": "c", "text": "The tide came in at six.", "labels_x": [], "labels_y": []},
]


def run(*arguments):
    return CliRunner().invoke(app, ["data", *(str(argument) for argument in arguments)])


@pytest.fixture
def annotated(tmp_path):
    return write_jsonl(tmp_path / "annotated.jsonl", ROWS)


@pytest.mark.parametrize("command", ["agreement", "check", "import", "export"])
def test_help_has_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"framescope data {command}" in " ".join(result.stdout.split())


def test_agreement_as_text_and_as_one_json_object(annotated):
    text = run("agreement", annotated, "--bootstrap", 50)
    assert text.exit_code == 0
    assert "x and y, 3 rows" in text.stdout and "alpha with MASI distance" in text.stdout
    result = run("agreement", annotated, "--bootstrap", 50, "--label-names", "cooperation,denial", "--json")
    (line,) = result.stdout.splitlines()
    found = json.loads(line)
    assert list(found["labels"]) == ["cooperation", "denial"]
    assert found["labels"]["cooperation"]["kappa"]["value"] == 1
    assert found["pairs"][0]["disagreements"][0]["ids"] == ["b"]


def test_agreement_slices_and_named_annotators(tmp_path):
    path = write_jsonl(tmp_path / "s.jsonl", [{**row, "register": "wire"} for row in ROWS])
    result = run("agreement", path, "--annotators", "labels_x,labels_y", "--slice", "register", "--bootstrap", 0)
    assert result.exit_code == 0 and "by register" in result.stdout


def test_check_exits_with_1_only_when_strict(tmp_path):
    rows = [{"id": "a", "text": "The tide came in.", "labels": ["x"]}, {"id": "a", "text": "It rained.", "labels": []}]
    path = write_jsonl(tmp_path / "c.jsonl", rows)
    assert run("check", path, "--no-model").exit_code == 0
    strict = run("check", path, "--no-model", "--strict")
    assert strict.exit_code == 1 and "repeated ids: 1" in strict.stdout
    found = json.loads(run("check", path, "--no-model", "--json").stdout)
    assert found["findings"][0]["kind"] == "repeated ids" and found["model"] is None
    clean = write_jsonl(tmp_path / "d.jsonl", [{**rows[0], "id": "b"}, rows[1]])
    assert run("check", clean, "--no-model", "--strict").exit_code == 0


def test_check_takes_the_columns_of_a_config(small_config, small_corpus):
    result = run("check", small_corpus, "--config", small_config, "--no-model", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["task"]["labels"] == ["threat", "cooperation", "denial"]


def test_export_and_import_say_what_they_did(annotated, tmp_path):
    out = run("export", annotated, "--to", "label-studio", "-o", tmp_path / "tasks.json")
    assert out.exit_code == 0 and "annotators x, y" in out.stdout
    back = run("import", tmp_path / "tasks.json", "--from", "label-studio", "-o", tmp_path / "back.jsonl", "--json")
    assert json.loads(back.stdout)["rows"] == 3
    assert [json.loads(line) for line in (tmp_path / "back.jsonl").read_text("utf-8").splitlines()] == ROWS


@pytest.mark.parametrize(
    "arguments",
    [
        ("agreement", "nowhere.jsonl"),
        ("check", "nowhere.jsonl"),
        ("import", "nowhere.json", "--from", "label-studio", "-o", "out.jsonl"),
        ("export", "nowhere.jsonl", "--to", "brat", "-o", "out.json"),
    ],
)
def test_faults_of_the_user_are_one_line_and_status_2(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("framescope: ")]) == 1
    assert "Traceback" not in result.stderr
