"""What the commands make of tables as they come: nothing that a file doesn't say enters a result."""

import io
import json
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from experiments.commands.main import app

PLAIN = ["The museum opened a new wing", "The bakery sold out of bread", "Tourists filled the old square"]
THREAT = ["The army threatened to bomb the port", "The general vowed to attack the town"]
DEAL = ["The parties welcomed a joint patrol", "Delegates accepted a common plan for aid"]

CONFIG = """
name: mine
task: {{name: mine, type: multilabel, labels: [threat, cooperation]}}
data: {data}
features: [{{type: words}}]
classifier: {{type: logistic}}
thresholds: {{method: fixed}}
evaluation: {{bootstrap: 0}}
"""


def run(*arguments, **more):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], **more)


def result(*arguments):
    found = run(*arguments, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def refused(*arguments, **more):
    found = run(*arguments, **more)
    assert found.exit_code == 2, found.output
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("framescope: ")]
    return line


def agreement(path, content):
    path.write_text(content)
    return result("data", "agreement", path, "--bootstrap", 0)


def sentences(n):
    """Rows whose words tell their labels, each sentence once."""
    for number in range(n):
        kind, label = ((PLAIN, ""), (THREAT, "threat"), (DEAL, "cooperation"))[number % 3]
        yield f"{kind[number // 3 % len(kind)]}, witness {number} said.", label


@pytest.fixture
def config(tmp_path):
    def write(data):
        path = tmp_path / "mine.yaml"
        path.write_text(CONFIG.format(data=data))
        return path

    return write


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        # what R's write.csv writes for missing
        ('"","text","labels_a","labels_b"\n"1","a","threat","threat"\n"2","b",NA,"threat"\n"3","c","coop",NA\n'
         '"4","d","coop","coop"\n"5","e",NA,NA\n', 2),
        # what pandas writes for whole numbers with gaps
        ("id,text,labels_a,labels_b\n1,a,1,1.0\n2,b,2,2.0\n3,c,1,\n4,d,2,2.0\n", 3),
        # a separator at every line's end
        ("id,text,labels_a,labels_b\n1,a,threat,threat,\n2,b,coop,coop,\n", 2),
        ("id;text;labels_a;labels_b\n1;a, b;threat;threat\n2;b;coop;coop\n3;c;null;coop\n", 2),
    ],
)  # fmt: skip
def test_coders_who_agree_have_a_kappa_of_one_whoever_wrote_the_file(tmp_path, content, rows):
    found = agreement(tmp_path / "coded.csv", content)
    assert found["overall"]["kappa"]["value"] == pytest.approx(1)
    assert found["rows_compared"] == rows


def test_a_text_with_an_unquoted_line_break_ends_the_training_before_anything_is_written(
    tmp_path, config, in_workspace
):
    lines = [f"{text.replace(', witness', chr(10) + 'witness')},{label}" for text, label in sentences(6)]
    (tmp_path / "short.csv").write_text("text,labels\n" + "\n".join(lines) + "\n")
    line = refused("train", config(f"{{train: {tmp_path}/short.csv}}"))
    assert "short.csv line 2: has 1 cell where the header has 2 (text, labels)" in line


def test_rows_that_nobody_decided_are_neither_trained_nor_tested_on(tmp_path, config, in_workspace, trained):
    rows = [
        {"id": f"r{n}", "text": text, "labels": [label] if label else []}
        for n, (text, label) in enumerate(sentences(120))
    ]
    for row in rows[::4]:  # among them a third of all threats
        row["labels"] = None
    (tmp_path / "half.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = run("train", config(f"{{train: {tmp_path}/half.jsonl}}"), "--json")
    assert said.exit_code == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["metrics"]["test.macro_f1"] == 1.0
    assert "30 of 120 rows" in said.stderr
    assert "fitting logistic on 7" in said.stderr  # of 90, not of 120


@pytest.mark.parametrize(("cells", "f1"), [("labels", 1.0), ("flags", 1.0)])
def test_null_and_empty_flags_are_not_negatives(tmp_path, config, in_workspace, trained, cells, f1):
    rows = list(sentences(120))
    lines = []
    for number, (text, label) in enumerate(rows):
        flags = ["" if number % 5 == 0 else str(int(label == each)) for each in ("threat", "cooperation")]
        lines.append(f'"{text}",' + (",".join(flags) if cells == "flags" else ("NA" if number % 5 == 0 else label)))
    header = "text,threat,cooperation" if cells == "flags" else "text,labels"
    (tmp_path / "mine.csv").write_text(header + "\n" + "\n".join(lines) + "\n")
    columns = ", columns: {labels: [threat, cooperation]}" if cells == "flags" else ""
    found = run("train", config(f"{{train: {tmp_path}/mine.csv{columns}}}"), "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["metrics"]["test.macro_f1"] == f1
    assert "24 of 120 rows" in found.stderr


def test_bytes_and_maps_of_parquet_are_what_they_mean(tmp_path):
    table = {
        "text": pa.array([b"The army attacked.", "Café talks.".encode()], pa.binary()),
        "labels": pa.array(["threat", "coop"]).dictionary_encode(),
        "more": pa.array([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
    }
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    found = result("data", "check", tmp_path / "a.parquet", "--no-model")
    assert found["columns"] == {"text": "text", "labels": "text", "more": "object"}
    assert found["labels"] == {"coop": 1, "threat": 1}


def test_half_a_character_is_mended_in_every_command(tmp_path, in_workspace, trained):
    (tmp_path / "a.jsonl").write_text('{"text": "Shells \\ud83d fell.", "labels": ["threat"]}\n')
    assert result("data", "check", tmp_path / "a.jsonl", "--no-model")["rows"] == 1
    out = tmp_path / "out.json"
    assert run("data", "export", tmp_path / "a.jsonl", "--to", "label-studio", "-o", out).exit_code == 0
    assert "Shells \ufffd fell." in out.read_text("utf-8")
    assert "Shells \ufffd fell." in run("score", tmp_path / "a.jsonl", "-m", trained.model_uri).stdout
    assert run("evaluate", "-m", trained.model_uri, "-d", tmp_path / "a.jsonl").exit_code == 0


def test_the_readmes_own_table_goes_through_every_command(tmp_path, in_workspace, trained):
    lines = [f'"{text}",{label},a{n % 8}' for n, (text, label) in enumerate(sentences(48))]
    mine = tmp_path / "mine.csv"
    mine.write_text("sentence,frame,article\n" + "\n".join(lines) + "\n")
    config = tmp_path / "mine.yaml"
    config.write_text(
        CONFIG.format(data=f"{{train: {mine}, columns: {{text: sentence, labels: frame, group: article}}}}")
    )
    for options in (["--text", "sentence", "--labels", "frame", "--group", "article"], ["--config", config]):
        assert result("data", "check", mine, "--no-model", *options)["groups"]["count"] == 8
        exported = tmp_path / "tasks.jsonl"
        assert result("data", "export", mine, *options, "--to", "doccano", "-o", exported)["decided"] == 48
        found = result("evaluate", "-m", trained.model_uri, "-d", mine, "--bootstrap", 0, *options)
        assert found["rows"] == 48
    for options in (["--text", "sentence"], ["--config", config]):
        scored = run("score", mine, "-m", trained.model_uri, *options, "--id", "article", "--keep", "frame")
        assert scored.exit_code == 0
        first = json.loads(scored.stdout.splitlines()[2])
        assert (first["article"], first["frame"]) == ("a2", "cooperation")
    assert "no column 'text'" in refused("data", "check", mine)


def test_a_kept_column_may_not_take_the_place_of_an_own_one(tmp_path, in_workspace, trained):
    (tmp_path / "a.csv").write_text("id,text,outlet,labels\n7,It rained.,Post,x\n")
    line = refused("score", tmp_path / "a.csv", "-m", trained.model_uri, "--keep", "labels")
    assert "--keep labels: the output has a column 'labels' of its own" in line
    for ending in ("csv", "parquet", "jsonl"):
        out = tmp_path / f"out.{ending}"
        assert run("score", tmp_path / "a.csv", "-m", trained.model_uri, "--keep", "outlet", "-o", out).exit_code == 0
        content = pq.read_table(out).to_pylist()[0]["outlet"] if ending == "parquet" else out.read_text("utf-8")
        assert "Post" in content


def test_a_table_without_a_header_is_read_by_the_numbers_of_its_columns(tmp_path, config, in_workspace, trained):
    lines = [f"{n}\t{text}\t{label or 'NA'}" for n, (text, label) in enumerate(sentences(90)) if label]
    (tmp_path / "events.tsv").write_text("\n".join(lines) + "\n")
    data = f"{{train: {tmp_path}/events.tsv, header: false, columns: {{text: 2, labels: 3}}}}"
    found = run("train", config(data), "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["metrics"]["test.macro_f1"] == 1.0
    options = ["--no-header", "--text", "2", "--labels", "3"]
    assert result("data", "check", tmp_path / "events.tsv", "--no-model", *options)["rows"] == 60


def test_rows_without_text_are_refused_or_skipped_and_counted(tmp_path, config, in_workspace, trained):
    lines = [f'"{text}",{label}' for text, label in sentences(60)]
    lines[4] = "NA,threat"
    (tmp_path / "mine.csv").write_text("text,labels\n" + "\n".join(lines) + "\n")
    line = refused("train", config(f"{{train: {tmp_path}/mine.csv}}"))
    assert "1 row(s) without text in column 'text', the first is line 6" in line
    found = run("train", config(f"{{train: {tmp_path}/mine.csv, missing_text: skip}}"))
    assert found.exit_code == 0
    assert "1 of 60 rows have no text in column 'text': left out" in found.stderr
    assert "20 empty cell(s) in column 'labels' taken as no label" in found.stderr


def test_a_list_of_json_on_standard_input_is_scored_as_its_file_would_be(monkeypatch, in_workspace, trained):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    scored = run("score", "-", "-m", trained.model_uri, input='[{"id": 1.0, "text": "It rained."}]')
    assert json.loads(scored.stdout)["article"] == "1"
