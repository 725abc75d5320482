"""What is left to a human is marked everywhere and never taken for "no label"; unfit held-out rows promise nothing."""

import csv
import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner

from experiments.commands.main import app
from experiments.config.schema import Task
from experiments.model import HeldOut, SentenceClassifier, fingerprint
from tests.conftest import write_jsonl

LABELS = ["threat", "cooperation"]
KINDS = [
    ("The army threatened to attack the {}.", [1, 0]),
    ("Both towns signed an accord about the {}.", [0, 1]),
    ("It rained on the {} on Monday.", [0, 0]),
]
THINGS = ["port", "bridge", "mill", "river", "road", "market", "tower", "harbour", "hill", "square"]
UNSURE = "They threatened to end the accord."
ARTICLE = (
    f"The army threatened to attack the quay.\n\n{UNSURE}\n\nIt rained on the quay on Monday.\n\nRead more: LINKS\n"
)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def refused(*arguments):
    found = run(*arguments)
    assert found.exit_code == 2, found.output
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("framescope: ")]
    return line


def labelled(number, text="text"):
    """Rows that the model gets right, in articles of two, and every label among them."""
    rows = []
    for at in range(number):
        pattern, given = KINDS[at % 3]
        names = [label for label, is_given in zip(LABELS, given, strict=True) if is_given]
        rows.append({text: pattern.format(f"{THINGS[at % 10]} {at}"), "labels": names, "group": f"g{at // 2}"})
    return rows


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model of a few words that is sure of plain sentences; one of its training texts is known."""
    texts = [pattern.format(thing) for pattern, _ in KINDS for thing in THINGS]
    y = np.array([given for _, given in KINDS for _ in THINGS])
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=50)))
    pipeline.fit(texts, y)
    model = SentenceClassifier(
        pipeline,
        Task(name="framing", labels=LABELS),
        np.array([0.5, 0.5]),
        trained_on=frozenset([fingerprint(labelled(1)[0]["text"])]),
    )
    confidence = np.r_[np.linspace(0.95, 0.8, 200), np.full(60, 0.4)]
    held = HeldOut.of("held.jsonl", confidence, np.arange(260) >= 200, [str(row) for row in range(260)])
    folder = tmp_path_factory.mktemp("model")
    replace(model, held_out=held).save(folder / "with")
    model.save(folder / "without")
    return folder


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    return path


def score(saved, article, output, *more):
    return run("score", article, "--model", saved / "with", "--abstain", 0.05, "-o", output, *more)


def test_rows_say_what_is_left_and_their_labels_are_not_decided(saved, article, tmp_path):
    found = score(saved, article, tmp_path / "s.jsonl", "--json")
    assert found.exit_code == 0, found.stderr
    rows = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text("utf-8").splitlines()]
    by_text = {row["text"]: row for row in rows}
    assert by_text[UNSURE]["abstained"] is True and by_text[UNSURE]["labels"] is None
    assert by_text[UNSURE]["scores"].keys() == set(LABELS)
    sure = by_text["The army threatened to attack the quay."]
    assert sure["abstained"] is False and sure["labels"] == ["threat"]
    assert by_text["It rained on the quay on Monday."]["labels"] == []
    assert all("abstained" not in row for row in rows if row.get("boilerplate"))
    said = json.loads(found.stdout)
    assert said["labels"] == {"threat": 1, "cooperation": 0}
    assert said["abstained"]["sentences"] == 1 and said["abstained"]["would_have_labels"] == 1
    assert said["abstained"]["level"] == 0.05 and said["abstained"]["held_out"]["source"] == "held.jsonl"
    assert 0.4 < said["abstained"]["cut"] < 0.82


def test_csv_and_parquet_and_the_page_say_the_same(saved, article, tmp_path):
    for name in ("s.csv", "s.parquet", "s.html"):
        found = score(saved, article, tmp_path / name)
        assert found.exit_code == 0, found.stderr
        assert "1 of 3 sentences are left to a human" in found.stdout and "held.jsonl" in found.stdout
        assert "of the 2 to which the model would give a label, 1 are left" in found.stdout
    with (tmp_path / "s.csv").open(encoding="utf-8", newline="") as file:
        cells = {row["text"]: row for row in csv.DictReader(file)}
    assert (cells[UNSURE]["labels"], cells[UNSURE]["abstained"]) == ("NA", "true")
    rain = cells["It rained on the quay on Monday."]
    assert (rain["labels"], rain["abstained"]) == ("", "false")
    table = {row["text"]: row for row in pq.read_table(tmp_path / "s.parquet").to_pylist()}
    assert table[UNSURE]["labels"] is None and table[UNSURE]["abstained"] is True
    assert table[rain["text"]]["labels"] == [] and table[rain["text"]]["abstained"] is False
    page = (tmp_path / "s.html").read_text("utf-8")
    assert page.count('class="ask"') == 1 and "1 left to a human" in page and "1 of 2</span>" in page


def test_profile_counts_nothing_of_what_nobody_decided(saved, article, tmp_path):
    for name in ("s.jsonl", "s.csv", "s.parquet"):
        score(saved, article, tmp_path / name)
        found = run("profile", tmp_path / name, "-o", tmp_path / "p.html", "--json")
        assert found.exit_code == 0, found.stderr
        said = json.loads(found.stdout)
        assert (said["sentences"], said["abstained"]) == (2, 1)
        assert any("1 of 3 sentences were left to a human" in note for note in said["notes"])
    rows = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text("utf-8").splitlines()]
    write_jsonl(tmp_path / "all.jsonl", [row for row in rows if row.get("abstained")])
    assert "left all 1 sentences to a human" in refused("profile", tmp_path / "all.jsonl", "-o", tmp_path / "p.html")


def test_the_level_is_part_of_what_a_job_is(saved, tmp_path):
    table = write_jsonl(tmp_path / "many.jsonl", [{"id": str(n), "text": ARTICLE} for n in range(4)])
    out = f"{tmp_path}/parts/"
    assert score(saved, table, out).exit_code == 0
    manifest = json.loads((tmp_path / "parts" / "manifest.json").read_text("utf-8"))
    assert manifest["job"]["abstain"]["level"] == 0.05 and manifest["totals"]["abstained"] == 4
    again = score(saved, table, out, "--resume")
    assert again.exit_code == 0 and "4 of 12 sentences are left to a human" in again.stdout
    other = run("score", table, "--model", saved / "with", "-o", out, "--resume")
    assert other.exit_code == 2 and "abstain was" in other.stderr


def test_held_out_rows_of_ones_own_take_the_place_of_the_models(saved, article, tmp_path):
    own = write_jsonl(tmp_path / "own.jsonl", labelled(300, "sentence"))
    found = score(saved, article, tmp_path / "s.jsonl", "--held-out", own, "--held-out-columns", "text=sentence")
    assert found.exit_code == 0, found.stderr
    assert "own.jsonl: of these 299 rows (150 articles)" in found.stdout
    assert "trained on 1 of 300 rows" in found.stderr
    without = run("score", article, "--model", saved / "without", "--abstain", 0.05, "-o", tmp_path / "t.jsonl")
    assert without.exit_code == 2 and "give --held-out FILE" in without.stderr and not (tmp_path / "t.jsonl").exists()


def test_labels_and_articles_that_held_out_rows_lack_are_told(saved, article, tmp_path):
    rows = [{key: row[key] for key in ("text", "labels")} for row in labelled(300) if row["labels"] != ["cooperation"]]
    found = score(saved, article, tmp_path / "s.jsonl", "--held-out", write_jsonl(tmp_path / "own.jsonl", rows))
    assert found.exit_code == 0, found.stderr
    assert "no row of" in found.stderr and "has cooperation" in found.stderr
    assert "no column 'group'" in found.stderr and "an article of its own" in found.stderr


def test_what_cannot_be_promised_is_refused_before_anything_is_written(saved, article, tmp_path):
    def line(*more):
        said = refused("score", article, "--model", saved / "with", "-o", tmp_path / "s.jsonl", *more)
        assert not (tmp_path / "s.jsonl").exists()
        return said

    def of(rows, *more):
        return line("--abstain", 0.05, "--held-out", write_jsonl(tmp_path / "own.jsonl", rows), *more)

    for level in ("0", "1", "-0.1", "5", "nan"):
        assert "is no share of errors" in line("--abstain", level)
    assert "the lowest that can be is" in line("--abstain", "0.001")
    assert "goes with --abstain" in line("--held-out", article)
    assert "goes with --held-out" in line("--abstain", 0.05, "--held-out-columns", "text=sentence")
    assert "'sentence' says no column" in of(labelled(9), "--held-out-columns", "sentence")
    assert "articles would do" in of(labelled(40)) or "articles without an error are needed" in of(labelled(40))
    assert "same labels (threat)" in of(labelled(300)[3::3])
    assert "trained on all of its 1 rows" in of(labelled(1))
    assert "has no column 'labels'" in of([{"text": row["text"]} for row in labelled(9)])
    assert "nobody decided any label" in of([{**row, "labels": None} for row in labelled(9)])
    assert "which the task doesn't know" in of([{**row, "labels": ["war"]} for row in labelled(9)])
    assert "no such file" in line("--abstain", 0.05, "--held-out", tmp_path / "none.jsonl").lower()
    spark = ("--engine", "spark", "--master", "local[1]", "--abstain", 0.05)
    assert "--abstain: means nothing to --engine spark" in line(*spark)


def test_an_output_does_not_replace_the_held_out_rows(saved, article, tmp_path):
    own = write_jsonl(tmp_path / "own.jsonl", labelled(300))
    before = own.read_bytes()
    assert score(saved, article, own, "--held-out", own).exit_code == 2
    assert own.read_bytes() == before


def test_evaluate_measures_what_was_promised(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tested = [{**row, "text": f"Today: {row['text']}"} for row in labelled(90)]
    tested += [{"text": f"{UNSURE} {at}", "labels": [], "group": f"u{at}"} for at in range(10)]
    data = write_jsonl(tmp_path / "test.jsonl", tested)
    common = ("evaluate", "--model", saved / "with", "--data", data, "--bootstrap", 0, "--no-track")
    found = run(*common, "--abstain", 0.05, "--json")
    assert found.exit_code == 0, found.stderr
    said = json.loads(found.stdout)
    kept = said["abstention"]
    assert kept["rows"] == 100 and kept["kept"] == 90 and kept["errors"] == 0
    assert kept["coverage"]["value"] == 0.9 and kept["error"]["value"] == 0 < kept["error"]["high"] < 0.1
    assert said["risk_coverage"]["points"][-1]["coverage"] == 1 and 0 < said["risk_coverage"]["aurc"] < 0.05
    text = run(*common, "--abstain", 0.05).stdout
    assert "promised: with 95% confidence at most 0.05" in text and "measured: it decides 90 of 100 rows" in text
    plain = run(*common, "--json")
    assert "abstention" not in json.loads(plain.stdout) and "AURC" in run(*common).stdout
    assert "100 of its 100 rows are among those of --held-out" in refused(*common, "--abstain", 0.2, "--held-out", data)
    mixed = write_jsonl(tmp_path / "mixed.jsonl", [*tested[:60], *labelled(3)])
    assert "60 of its 63 rows" in refused(*common[:4], mixed, "--abstain", 0.2, "--held-out", data)


def test_a_text_that_is_repeated_among_held_out_rows_counts_once(saved, article, tmp_path):
    once = [row for row in labelled(40) if fingerprint(row["text"]) != fingerprint(labelled(1)[0]["text"])]
    sixfold = [{**row, "group": f"{copy}{row['group']}"} for copy in range(6) for row in once]
    path = write_jsonl(tmp_path / "sixfold.jsonl", sixfold)
    found = run(
        "score",
        article,
        "--model",
        saved / "with",
        "--abstain",
        0.2,
        "--held-out",
        path,
        "-o",
        tmp_path / "s.jsonl",
        "--json",
    )
    assert found.exit_code == 0, found.stderr
    assert f"{5 * len(once)} of {6 * len(once)} rows of {path} repeat another one: counted once" in found.stderr
    assert json.loads(found.stdout)["abstained"]["held_out"]["rows"] == len(once)


def test_what_score_wrote_is_nobodys_labels(saved, article, tmp_path):
    ("score", article, "--model", saved / "with", "--abstain", 0.1, "-o", tmp_path / "x.csv", "--held-out")
    for ending in ("jsonl", "csv", "parquet"):
        scored = tmp_path / f"s.{ending}"
        assert score(saved, article, scored).exit_code == 0
        for command in (
            ("evaluate", "--model", saved / "with", "--data", scored, "--no-track"),
            (
                "score",
                article,
                "--model",
                saved / "with",
                "--abstain",
                0.1,
                "--held-out",
                scored,
                "-o",
                tmp_path / "x.csv",
            ),
        ):
            assert "is what framescope score wrote, and its labels are a model's" in refused(*command)


def test_rows_that_were_drawn_with_different_probabilities_are_told_of(saved, tmp_path):
    rows = [{**row, "probability": 0.5 if at % 2 else 0.1} for at, row in enumerate(labelled(30)[1:])]
    data = write_jsonl(tmp_path / "drawn.jsonl", rows)
    common = ("evaluate", "--model", saved / "with", "--data", data, "--bootstrap", 0, "--no-track")
    assert "was drawn with different probabilities" in run(*common).stderr
    write_jsonl(data, [{**row, "probability": 0.5} for row in rows])
    assert "different probabilities" not in run(*common).stderr


def test_in_python_a_model_abstains_by_the_same_rows(saved):
    from experiments.errors import InputError
    from experiments.model import load_model
    from experiments.model.pool import slim

    model = load_model(saved / "with").abstaining(0.05)
    left, sure = model.score([UNSURE, "It rained on the quay on Monday."])
    assert left["abstained"] is True and left["labels"] is None
    assert sure["abstained"] is False and sure["labels"] == []
    sent = slim(model)  # to processes
    assert sent.decides_from == model.decides_from and sent.held_out is None
    with pytest.raises(InputError, match="held-out rows"):
        load_model(saved / "without").abstaining(0.05)
