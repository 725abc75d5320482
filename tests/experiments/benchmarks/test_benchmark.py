import csv
import io
import json
import sys
from dataclasses import replace

import pandas as pd
import pytest
from sklearn.metrics import f1_score
from typer.testing import CliRunner

from experiments.benchmarks import compare as comparing
from experiments.benchmarks.compare import Request, compare, peers_named, pythons_named
from experiments.benchmarks.peers import PEERS, SklearnPipeline
from experiments.benchmarks.results import as_document, notes, write_results
from experiments.benchmarks.table import bounded, significant
from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.evaluation.evaluate import evaluate
from experiments.train import prepare
from experiments.training.fitting import fit
from tests.conftest import ROOT, write_jsonl

pytestmark = pytest.mark.slow

CONFIG = """
name: words
task: {name: sample, type: multilabel, labels: [threat, cooperation, denial]}
data:
  train: seeds/framing/sample.tsv
  test_size: 0.3
  columns: {labels: [threat, cooperation, denial], group: article}
features: [{type: words, min_df: 1}]
classifier: {type: logistic}
thresholds: {method: fixed, value: 0.5}
evaluation: {bootstrap: 100}
"""


class Absent(SklearnPipeline):
    """A peer whose library nobody has."""

    name = "absent"
    title = "Absent"
    modules = ("no_such_library",)
    install = "no-such-library"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("benchmark")


@pytest.fixture(scope="module")
def request_(folder):
    (folder / "words.yaml").write_text(CONFIG)
    # a child that asks for words which stand in 9,999 rows: there are none to learn from
    (folder / "broken.yaml").write_text("defaults: words.yaml\nname: broken\nfeatures: [{type: words, min_df: 9999}]\n")
    configs = [str(folder / "words.yaml"), str(folder / "broken.yaml")]
    return Request(configs, ["classifier.C=2"], ["sklearn", "absent"], {}, repeats=1)


@pytest.fixture(scope="module")
def comparison(request_, folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PEERS, "absent", Absent)
        found = compare(request_, folder / "out", False, lambda line: None)
        write_results(found)
        return found


@pytest.fixture(scope="module")
def document(comparison):
    return json.loads((comparison.output / "benchmark.json").read_text("utf-8"))


def system(document, title):
    return next(each for each in document["systems"] if each["title"] == title)


def test_systems_stand_in_the_order_asked_for_with_those_that_failed(document):
    shown = [(each["title"], each["status"]) for each in document["systems"]]
    assert shown == [
        ("words", "done"),
        ("broken", "failed"),
        ("scikit-learn, TF-IDF", "done"),
        ("Absent", "missing"),
    ]
    assert system(document, "broken")["error"].startswith("config broken: can't be fitted on")
    assert system(document, "Absent")["error"] == "not installed: pip install no-such-library"


def test_figures_are_those_of_a_training_run_on_the_same_rows(document, folder):
    config = load_config(str(folder / "words.yaml"), ["classifier.C=2"])
    train, test = prepare(config, lambda line: None)
    evaluation = evaluate(fit(config, train), test, config.evaluation.bootstrap, config.seed)
    found = system(document, "words")["metrics"]
    for name in ("macro_f1", "macro_average_precision", "threat.f1"):
        expected = evaluation.metrics[name]
        assert found[name] == pytest.approx({"value": expected.value, "low": expected.low, "high": expected.high})


@pytest.mark.parametrize(("title", "name"), [("words", "words"), ("scikit-learn, TF-IDF", "sklearn")])
def test_figures_can_be_computed_again_from_the_predictions(document, comparison, title, name):
    rows = pd.read_parquet(comparison.output / "predictions" / f"{name}.parquet")
    labels = document["task"]["labels"]
    given, true = ([[label in row for label in labels] for row in rows[column]] for column in ("predicted", "true"))
    value = system(document, title)["metrics"]["macro_f1"]["value"]
    assert value == pytest.approx(f1_score(true, given, average="macro"))
    assert len(rows) == document["test"]["rows"]


def test_table_shows_what_the_document_holds(document, comparison):
    lines = (comparison.output / "table.md").read_text("utf-8").splitlines()
    row = next(line for line in lines if line.startswith("| scikit-learn"))
    found = system(document, "scikit-learn, TF-IDF")
    f1, difference = found["metrics"]["macro_f1"], found["difference"]
    assert f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}]" in row
    assert f"{difference['value']:+.3f} [{difference['low']:+.3f}, {difference['high']:+.3f}]" in row
    assert significant(found["figures"]["sentences_per_second"]) in row
    assert any(document["command"] in line for line in lines)
    assert any(document["test"]["digest"] in line for line in lines)


def test_csv_has_every_figure_in_full(document, comparison):
    rows = list(csv.DictReader(io.StringIO((comparison.output / "table.csv").read_text("utf-8"))))
    assert [row["status"] for row in rows] == [each["status"] for each in document["systems"]]
    found = system(document, "words")
    assert float(rows[0]["macro_f1.low"]) == found["metrics"]["macro_f1"]["low"]
    assert float(rows[0]["train_seconds"]) == found["figures"]["train_seconds"]
    assert rows[1]["macro_f1"] == ""


def test_latex_has_the_measured_systems_alone(comparison):
    table = (comparison.output / "table.tex").read_text("utf-8")
    assert table.startswith(r"\begin{tabular}{l")
    assert "words & 0." in table
    assert "broken" not in table


def test_time_memory_and_size_are_plausible(document):
    figures = system(document, "scikit-learn, TF-IDF")["figures"]
    assert 0 < figures["train_seconds"] < 60
    assert 20 < figures["train_base_mb"] <= figures["train_peak_mb"] < 2000
    assert figures["sentences_per_second"] > 500
    assert 0.01 < figures["model_mb"] < 5


def test_other_work_on_the_machine_is_told(comparison):
    def facts(cores):
        figures = {**comparison.rows[0].measured.figures, "other_cores": cores}
        row = replace(comparison.rows[0], measured=replace(comparison.rows[0].measured, figures=figures))
        busy = replace(comparison, rows=[row])
        return [line for line in notes(busy, as_document(busy)) if "Caution" in line]

    (line,) = facts(1.5)
    assert "kept up to 1.5 cores busy while words were measured" in line
    assert not facts(0.1)
    assert not facts(None)


def test_plot_names_every_measured_system(comparison):
    svg = (comparison.output / "f1-throughput.svg").read_text("utf-8")
    assert all(f">{name}<" in svg for name in ("words", "scikit-learn"))
    assert (comparison.output / "f1-throughput.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_measured_is_kept_and_what_changed_is_measured_again(comparison, request_, folder, monkeypatch):
    asked = []

    def no_process(candidate, *rest):
        asked.append(candidate.blank.name)
        return candidate.blank.failed("failed", "not run"), None

    monkeypatch.setattr(comparing, "measure_system", no_process)
    monkeypatch.setitem(PEERS, "absent", Absent)
    again = compare(request_, comparison.output, False, lambda line: None)
    assert asked == ["broken"]
    assert again.rows[0].metrics["macro_f1"] == comparison.rows[0].metrics["macro_f1"]
    assert again.rows[2].difference == comparison.rows[2].difference
    asked.clear()
    compare(replace(request_, overrides=["classifier.C=3"]), comparison.output, False, lambda line: None)
    assert asked == ["words", "broken"]  # the other systems don't depend on it
    asked.clear()
    compare(request_, comparison.output, True, lambda line: None)
    assert asked == ["words", "broken", "sklearn"]


def test_further_config_learns_the_first_ones_task_from_its_rows(request_):
    first, other = load_config(request_.configs[0], ["seed=4"]), load_config("framing/default")
    train, _ = prepare(first, lambda line: None)
    said = []
    found = comparing._on_the_same_rows(other, first, train, "framing/default", said.append)
    assert (found.task, found.seed, found.data) == (first.task, 4, first.data)
    assert (found.features, found.classifier) == (other.features, other.classifier)
    assert found.thresholds.where == {}  # the corpus has a column that these rows don't have
    assert said == [
        "note: framing/default: these rows have no column 'kind' for thresholds.where; thresholds use all rows"
    ]


def test_config_that_cannot_learn_the_task_has_its_row(request_, folder, monkeypatch):
    (folder / "pairs.yaml").write_text(
        "defaults: words.yaml\nname: pairs\ntargets: pair\ndata: {columns: {target: id}}\n"
    )
    monkeypatch.setattr(comparing, "measure_system", lambda candidate, *rest: (candidate.blank, None))
    request = Request([request_.configs[0], str(folder / "pairs.yaml")])
    rows = compare(request, folder / "other", False, lambda line: None).rows
    assert "can't learn this task: targets: pair needs targets" in rows[1].measured.error


def test_nothing_measured_is_the_users_fault(comparison, tmp_path):
    failed = [replace(row, measured=row.measured.failed("failed", "no luck"), metrics={}) for row in comparison.rows]
    with pytest.raises(InputError, match="no system could be measured; words: no luck"):
        write_results(replace(comparison, rows=failed, output=tmp_path / "out"))
    assert "no luck" in (tmp_path / "out" / "table.md").read_text("utf-8")


def test_sample_table_is_the_corpus():
    sample = pd.read_csv(ROOT / "seeds/framing/sample.tsv", sep="\t")
    corpus = pd.read_json(ROOT / "seeds/framing/sentences.jsonl", lines=True)
    articles = corpus[corpus["kind"] == "article"]
    first = articles[articles["group"].isin(articles["group"].unique()[:48])]
    assert sample["id"].tolist() == first["id"].tolist()
    assert sample["text"].tolist() == first["text"].tolist()
    assert sample["article"].tolist() == first["group"].tolist()
    for label in ("threat", "cooperation", "denial"):
        assert sample[label].tolist() == [int(label in labels) for labels in first["labels"]]


def test_plover_configs_agree_on_rows_and_seed():
    quad, root = load_config("benchmarks/plover-quad"), load_config("benchmarks/plover-root")
    assert (quad.data.train, quad.data.test) == (root.data.train, root.data.test) == ("train.tsv", "test.tsv")
    assert (len(quad.task.labels), len(root.task.labels), quad.seed) == (4, 15, root.seed)


def run(*arguments):
    return CliRunner().invoke(app, ["benchmark", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere/config"], "nowhere/config: no such config"),
        (["benchmarks/plover-quad", "data.train=nowhere.tsv"], "nowhere.tsv: no such file"),
        (["benchmarks/multilabel-tsv", "classifier.D=3"], "classifier.D: unknown key"),
        (["benchmarks/multilabel-tsv", "--peers", "fastext"], "there is no peer 'fastext'; there are sklearn,"),
        (["benchmarks/multilabel-tsv", "--python", "sklearn"], "write PEER=INTERPRETER"),
        (["benchmarks/multilabel-tsv", "--python", "spacy=nowhere/python"], "there is no interpreter nowhere/python"),
        (["benchmarks/multilabel-tsv", "--model", "models:/framing/1"], "--articles and --model"),
        (["seed=3"], "seed=3: is an override without a config"),
    ],
)
def test_fault_of_the_user_is_one_line_and_status_2(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    lines = [line for line in result.stderr.splitlines() if line.startswith("framescope: ")]
    assert len(lines) == 1
    assert message in lines[0]


def test_peers_and_pythons_are_named_on_the_command_line():
    assert peers_named("all") == list(PEERS)
    assert peers_named("none") == []
    assert peers_named("fasttext, sklearn") == ["fasttext", "sklearn"]
    assert pythons_named([f"setfit={sys.executable}"]) == {"setfit": sys.executable}


def test_command_can_be_typed_again():
    request = Request(["a.yaml", "framing/svm"], ["task.labels=[a, b]"], ["sklearn"], {"sklearn": "/x/python"}, 2)
    assert request.command == (
        "framescope benchmark a.yaml framing/svm 'task.labels=[a, b]' --peers sklearn --python sklearn=/x/python "
        "--repeats 2"
    )


def test_numbers_keep_three_digits(comparison):
    assert significant(1234567) == "1,230,000"
    assert significant(99.96) == "100"
    assert bounded(comparison.rows[0].metrics["threat.support"]).count("[") == 0  # no bounds, no brackets


def test_systems_learn_from_whole_rows_alone_and_are_measured_on_what_is_decided(tmp_path):
    rows = [
        {"text": f"day {n}" + " raid" * (n % 2) + " untrue" * (n % 3 == 0), "threat": n % 2, "denial": int(n % 3 == 0)}
        for n in range(120)
    ]
    for row in rows[::4]:
        row["denial"] = None
    train = write_jsonl(tmp_path / "open.jsonl", rows)
    config = tmp_path / "open.yaml"
    config.write_text(
        f"""
name: open
task: {{name: open, labels: [threat, denial]}}
data: {{train: {train}, columns: {{labels: [threat, denial]}}}}
features: [{{type: words, min_df: 1}}]
classifier: {{type: logistic}}
thresholds: {{method: fixed}}
evaluation: {{bootstrap: 20}}
"""
    )
    said = []
    found = compare(Request([str(config)], [], ["sklearn"], {}, repeats=1), tmp_path / "out", True, said.append)
    assert (found.train.y >= 0).all() and (found.test.y < 0).any()
    assert any("training rows have an undecided label: left out" in line for line in said)
    for row in found.rows:
        assert row.metrics["macro_f1"].value > 0.8
        assert row.metrics["denial.support"].value == (found.test.y[:, 1] == 1).sum()
    table = pd.read_parquet(tmp_path / "out" / "predictions" / "sklearn.parquet")
    assert sum("denial" in labels for labels in table["true"]) == (found.test.y[:, 1] == 1).sum()
