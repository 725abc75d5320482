import json

import pytest

from tests.conftest import seed_rows, write_jsonl
from tests.experiments.commands.test_main import fault, one_json, run
from tests.experiments.selection.conftest import model as model


@pytest.fixture
def file(tmp_path):
    rows = [{"text": row["text"], "article": row["group"]} for row in seed_rows(60)[-150:]]
    return write_jsonl(tmp_path / "new.jsonl", rows)


def test_help_has_an_example():
    result = run("select", "--help")
    assert result.exit_code == 0 and "framescope select" in " ".join(result.stdout.split())


def test_json_is_one_object_and_the_file_holds_the_batch(tmp_path, file, model):
    out = tmp_path / "batch.jsonl"
    result = one_json(run("select", file, "-n", "20", "-m", model, "-o", out, "--json"))
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == 20 and result["selected"] == {"margin": 16, "random": 4}
    assert result["probability"] == pytest.approx(4 / result["population"])
    assert result["output"] == str(out) and result["vectors"] == "features"
    drawn = [row for row in rows if row["selected_by"] == "random"]
    assert {row["probability"] for row in drawn} == {result["probability"]} and len(drawn) == 4


def test_without_output_rows_go_to_standard_output_and_words_elsewhere(file, model):
    result = run("select", file, "-n", "5", "-m", model)
    assert result.exit_code == 0, result.stderr
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 5
    assert "drawn at random, each sentence with probability" in result.stderr


def test_words_say_what_selection_was_worth_where_it_was_measured(tmp_path, file, model):
    result = run("select", file, "-n", "5", "-m", model, "-o", tmp_path / "b.jsonl")
    assert "measured" in result.stdout and "docs/benchmarks.md" in result.stdout
    drawn = run("select", file, "-n", "5", "--strategy", "random", "-o", tmp_path / "b.jsonl")
    assert drawn.exit_code == 0 and "measured" not in drawn.stdout
    only = run("select", file, "-n", "1", "-m", model, "-o", tmp_path / "b.jsonl")  # which is drawn at random
    assert only.exit_code == 0 and "measured" not in only.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-n", "0"], "-n 0: is no number of sentences"),
        (["-n", "5000"], "sentence(s) to choose from, and -n 5000 are wanted"),
        (["--random", "1.2"], "--random 1.2: is no share"),
        (["--random", "nan"], "--random nan: is no share"),
        (["--per-article", "-1"], "--per-article -1: is no limit"),
        (["--strategy", "best"], "--strategy best: choose margin, least-confidence, random"),
        (["--json"], "add -o batch.jsonl"),
        (["-o", "batch.csv"], "batch.csv: a batch is written as .jsonl; give -o batch.jsonl"),
        (["--group", "doc"], "has no column 'doc' for the group"),
        (["--labelled", "none.jsonl"], "none.jsonl: no such file"),
        (["-m", "no-such-folder"], "no-such-folder"),
    ],
)
def test_wrong_input_is_one_line_and_leaves_nothing(tmp_path, file, model, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    out = [] if {"-o", "--json"} & set(options) else ["-o", "batch.jsonl"]
    chosen = [] if "-m" in options else ["-m", str(model)]
    before = sorted(tmp_path.rglob("*"))
    assert message in fault(run("select", file, *options, *out, *chosen))
    assert sorted(tmp_path.rglob("*")) == before


def test_the_batch_may_not_be_written_over_what_is_read(tmp_path, file, model):
    done = write_jsonl(tmp_path / "done.jsonl", [{"text": "Talks resume."}])
    content = done.read_text("utf-8")
    assert "is also read" in fault(run("select", file, "-n", "3", "-m", model, "--labelled", done, "-o", done))
    assert "is also read" in fault(run("select", file, "-n", "3", "-m", model, "-o", file))
    assert done.read_text("utf-8") == content
