import json
import shlex
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from experiments.commands.main import app, main
from tests.conftest import ROOT

ARTICLE = ROOT / "seeds/articles/strait-talks.txt"
COMMANDS = ["train", "evaluate", "score", "report", "ui", "schema", "demo", "benchmark", "sweep"]


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def one_json(result):
    assert result.exit_code == 0, result.stderr
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def fault(result, status=2):
    """Return the one line that a command says of an error."""
    assert result.exit_code == status, (result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("framescope: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"framescope {command}" in " ".join(result.stdout.split())


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['framescope', '--help']\nfrom experiments.commands.main import main\ntry: "
        "main()\nexcept SystemExit: pass\nprint('HEAVY', sorted(m for m in ('sklearn', 'mlflow', "
        "'numpy', 'pandas', 'pydantic', 'nltk') if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "HEAVY []"


@pytest.mark.slow
def test_scoring_with_words_imports_nothing_of_encoders(in_workspace, trained):
    code = (
        f"import sys; sys.argv = ['framescope', 'score', {str(ARTICLE)!r}, '--model', {trained.model_uri!r}, "
        "'-o', 'words.jsonl']\nfrom experiments.commands.main import main\ntry: main()\nexcept SystemExit as end: "
        "assert not end.code\nprint('HEAVY', sorted(m for m in ('onnxruntime', 'tokenizers', 'onnx', 'safetensors', "
        "'torch') if m in sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "HEAVY []"
    assert (in_workspace / "words.jsonl").stat().st_size


def test_train_json_is_one_object_with_run_model_and_metrics(in_workspace, trained, small_config):
    result = one_json(run("train", small_config, "tracking.register=false", "--json"))
    assert {"run_id", "model_uri", "metrics"} <= set(result)
    assert result["metrics"]["test.macro_f1"] == pytest.approx(trained.metrics["test.macro_f1"])
    assert result["thresholds"] == trained.thresholds


def test_train_tells_people_the_metrics_with_bounds_and_where_to_go_next(in_workspace, trained, small_config):
    result = run("train", small_config, "tracking.register=false")
    assert "macro-F1 0." in result.stdout
    assert "framescope report" in result.stdout
    limits = ", ".join(f"{label} {limit:.2f}" for label, limit in trained.thresholds.items())
    assert limits and f"thresholds: {limits} (a label is given from its threshold on)" in result.stdout
    (legend,) = [line for line in result.stdout.splitlines() if line.startswith("(of probabilities")]
    assert "ECE" in legend and "Brier" in legend


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "nowhere.yaml"], "nowhere.yaml: no such config"),
        (["train", "framing/default", "classifier.C=x"], "classifier.C"),
        (["train", "framing/default", "data.train=nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["score", "nowhere.txt"], "nowhere.txt"),
        (["score", ARTICLE, "--format", "pdf"], "pdf"),
        (["score", ARTICLE, "--model", "nowhere"], "nowhere: no such model folder"),
        (["score", ARTICLE, "--json"], "add -o"),
        (["score", ARTICLE, "--task", "nobody"], "train a config of your own with task.name: 'nobody'"),
        (["evaluate", "--data", "nowhere.csv"], "nowhere.csv"),
        (["report", "f" * 32], "no such run"),
    ],
)
def test_fault_of_the_user_is_one_line_and_status_2(in_workspace, trained, arguments, message):
    assert message in fault(run(*arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["score", "--nonsense"], "No such option: --nonsense"), (["train"], "Missing argument"), (["fly"], "fly")],
)
def test_wrong_usage_is_one_line_and_status_2(monkeypatch, capsys, arguments, message):
    monkeypatch.setattr(sys, "argv", ["framescope", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert "--help" in line


def test_missing_column_is_named_with_those_that_exist(in_workspace, trained, tmp_path, small_config):
    data = tmp_path / "mine.csv"
    data.write_text("sentence,labels\nThey signed.,cooperation\n")
    line = fault(run("train", small_config, f"data.train={data}"))
    assert "mine.csv" in line
    assert "no column 'text'" in line
    assert "sentence, labels" in line


def test_json_errors_are_one_object_too(in_workspace, trained):
    result = run("evaluate", "--data", "nowhere.csv", "--json")
    assert result.exit_code == 2
    assert "nowhere.csv" in json.loads(result.stdout)["error"]


def test_program_error_is_status_1_without_traceback(in_workspace, trained, small_config, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("wheels came off")

    monkeypatch.setattr(sys.modules["experiments.train"], "evaluate", broken)
    assert "wheels came off" in fault(run("train", small_config), status=1)


def test_evaluate_measures_as_training_did(in_workspace, trained, small_corpus, tmp_path):
    predictions = tmp_path / "p.parquet"
    result = one_json(
        run(
            "evaluate",
            "-m",
            trained.model_uri,
            "-d",
            small_corpus,
            "--slice",
            "register",
            "--predictions",
            predictions,
            "--json",
        )
    )
    assert result["rows"] > 300
    assert result["metrics"]["test.macro_f1"] > trained.metrics["test.macro_f1"]  # it has seen most of these rows
    assert "wire" in result["slices"]["register"]
    assert predictions.exists()


def test_evaluate_on_rows_of_the_training_says_so(in_workspace, trained, small_corpus, tmp_path):
    def notes(data):
        return [
            line
            for line in run("evaluate", "-m", trained.model_uri, "-d", data).stdout.splitlines()
            if "was trained on" in line
        ]

    (note,) = notes(small_corpus)
    assert "was trained on" in note
    unseen = tmp_path / "unseen.csv"
    unseen.write_text("text,labels\nThey have never met before this Tuesday.,cooperation\n")
    assert not notes(unseen)


def test_checks_are_left_out_by_option_and_by_config(in_workspace, trained, small_config, small_corpus, tmp_path):
    given = (
        "evaluate",
        "--model",
        trained.model_uri,
        "--data",
        small_corpus,
        "--no-track",
        "--bootstrap",
        "0",
        "--json",
    )
    found = [each["code"] for each in one_json(run(*given))["checks"]]
    assert found
    config = tmp_path / "ignoring.yaml"
    config.write_text(f"defaults: {small_config}\nevaluation: {{ignore: [{found[0]}]}}\n", encoding="utf-8")
    for wanted in (("--ignore", found[0].lower()), ("--config", config)):
        result = one_json(run(*given, *wanted))
        assert result["ignored"] == found[:1]
        assert [each["code"] for each in result["checks"]] == found[1:]
    both = one_json(run(*given, "--config", config, "--ignore", "FS005"))
    assert both["ignored"] == sorted([found[0], "FS005"])
    result = run(*given, "--ignore", "FS999")
    assert result.exit_code == 2 and "--ignore FS999: there is no such check" in result.stderr


def test_evaluate_reads_other_columns_and_codes(in_workspace, trained, tmp_path):
    data = tmp_path / "codes.tsv"
    data.write_text("sentence\tcode\nThe two sides signed a peace agreement.\t1\nRebels killed nine soldiers.\t2\n")
    result = one_json(
        run(
            "evaluate",
            "-m",
            trained.model_uri,
            "-d",
            data,
            "--text",
            "sentence",
            "--labels",
            "code",
            "--codes",
            "1=cooperation,2=threat",
            "--json",
        )
    )
    assert result["metrics"]["test.cooperation.support"] == 1
    assert "--codes" in fault(run("evaluate", "-m", trained.model_uri, "-d", data, "--codes", "nonsense"))


def test_score_writes_every_sentence_with_its_place(in_workspace, trained):
    result = run("score", ARTICLE)
    assert result.exit_code == 0, result.stderr
    text = ARTICLE.read_text("utf-8")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["sentence"] for row in rows] == list(range(len(rows)))
    assert all(text[row["start"] : row["end"]] == row["text"] for row in rows)
    plea = next(row for row in rows if "sandwich" in row["text"])
    assert plea["boilerplate"]
    assert plea["labels"] == []


def test_score_reads_standard_input_and_tables(in_workspace, trained, tmp_path):
    result = run("score", "-", stdin="Gunmen attacked the convoy. It rained.")
    assert len(result.stdout.splitlines()) == 2
    table = tmp_path / "articles.csv"
    table.write_text("id,body\na1,The two armies signed a truce.\n")
    out = tmp_path / "out.parquet"
    assert one_json(run("score", table, "--text-column", "body", "-o", out, "--json"))["articles"] == 1
    assert "no column 'text'" in fault(run("score", table)) or "body" in fault(run("score", table))


def test_report_is_copied_to_a_file(in_workspace, trained, tmp_path):
    out = tmp_path / "r.html"
    assert one_json(run("report", trained.run_id, "-o", out, "--json"))["run_id"] == trained.run_id
    assert "<html" in out.read_text("utf-8")


def test_model_folder_serves_without_mlflow(in_workspace, trained, tmp_path):
    from experiments.tracking.artifacts import fetch_model

    folder = fetch_model(trained.model_uri)
    assert one_json(run("score", ARTICLE, "-m", folder, "-o", tmp_path / "s.jsonl", "--json"))["sentences"] > 10


def test_schema_is_json(tmp_path):
    assert json.loads(run("schema").stdout)["properties"]["task"]


def test_benchmark_compares_with_the_bare_pipeline(in_workspace, trained):
    result = one_json(run("benchmark", "--articles", ARTICLE.parent, "--repeats", "1", "--json"))
    assert result["sentences"] >= 30
    assert result["ratio"] == pytest.approx(result["score_per_second"] / result["bare_per_second"], rel=0.1)


@pytest.mark.slow
def test_score_writes_folders_goes_on_and_leaves_out_what_it_is_told_to(in_workspace, trained, tmp_path):
    table = tmp_path / "news.jsonl"
    table.write_text('{"text": "They met."}\n{"text": 3}\n{"text": "They MET!"}\n', encoding="utf-8")
    command = ["score", table, "--model", trained.model_uri, "-o"]
    out = tmp_path / "scored"
    refused = run(*command, f"{out}/")
    assert refused.exit_code == 2 and "line 2: column 'text' has '3'" in refused.stderr
    asked = ["--on-error", "skip", "--deduplicate", "--jobs", 1, "--json"]
    found = one_json(run(*command, f"{out}/", "--resume", *asked))
    assert (found["articles"], found["rows_left_out"], found["duplicates"]) == (1, 1, {"exact": 1, "near": 0})
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json", "part-00000.parquet"]
    again = run(*command, f"{out}/", "--resume", *asked)
    assert again.exit_code == 0 and "is complete; nothing was left to do" in again.stderr
    changed = run(*command, f"{out}/", "--resume")
    assert changed.exit_code == 2 and "deduplicate was true, and is false now" in changed.stderr
    for arguments, complaint in (
        ([table, "--resume"], "--resume goes on with an output"),
        (["-", "--resume", "-o", tmp_path / "a.csv"], "standard input can't be read again"),
        ([table, "--resume", "-o", tmp_path / "a.html"], "a page has no parts"),
        ([table, "--on-error", "ignore"], "choose skip or stop"),
    ):
        wrong = run("score", *arguments, "--model", trained.model_uri)
        assert wrong.exit_code == 2 and complaint in wrong.stderr


@pytest.mark.slow
def test_demo_trains_scores_and_says_where_to_look(in_workspace, trained, tmp_path, monkeypatch, small_config):
    monkeypatch.setattr("experiments.commands.demo.CONFIG", str(small_config))
    result = one_json(run("demo", "-o", tmp_path / "demo", "--json"))
    for name in ("article", "scores", "report"):
        assert (tmp_path / "demo" / result[name].rsplit("/", 1)[1]).stat().st_size > 1000


@pytest.mark.slow
def test_last_line_of_the_demo_works_as_typed(in_workspace, trained, tmp_path, monkeypatch, small_config):
    monkeypatch.setattr("experiments.commands.demo.CONFIG", str(small_config))
    said = run("demo", "-o", tmp_path / "demo").stdout
    program, *arguments = shlex.split(said.strip().splitlines()[-1].partition("article")[2])
    assert program == "framescope"
    assert run(*arguments).exit_code == 0
    assert "ceasefire" in (tmp_path / "demo" / "another.html").read_text("utf-8")
