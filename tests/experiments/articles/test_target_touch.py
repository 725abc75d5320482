"""What the output says of a target that was not in training, and of sentences that don't touch the target."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from experiments.articles.read import make_article
from experiments.articles.score import score_articles
from experiments.articles.write import score_to
from experiments.commands.main import app
from experiments.config.files import load_config
from experiments.corpus.rows import load_labelled
from experiments.errors import InputError
from experiments.model import CARD_FILE, SentenceClassifier, load_model
from experiments.training.fitting import fit
from tests.conftest import write_jsonl

SIDES = {"favor": "We need", "against": "Nobody wants", "none": "The council lists"}
THINGS = {"the harbour toll": "ships and quays", "school meals": "lunch for pupils", "Night buses": "drivers and fares"}
ROWS = [
    {"text": f"{start} {things} in district {n}.", "target": target, "label": label}
    for target, things in THINGS.items()
    for label, start in SIDES.items()
    for n in range(6)
]
TEXT = "The harbour will change. Nobody wants quays.\n\nTickets cost ten euros.\n\nPublished 12:03 GMT\n"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("rows") / "rows.jsonl", ROWS)


@pytest.fixture(scope="module")
def folder(rows: Path) -> Path:
    config = load_config("stance/default", [f"data.train={rows}", "features=[{type: words, min_df: 1}]"])
    fit(config, load_labelled(config.data.train, config.task, config.data, print)).save(rows.parent / "model")
    return rows.parent / "model"


@pytest.fixture(scope="module")
def model(folder: Path) -> SentenceClassifier:
    return load_model(folder)


def scored(model: SentenceClassifier, target: str, path: Path) -> tuple[list[dict[str, Any]], list[str], Any]:
    lines: list[str] = []
    summary = score_to(model.towards(target), [make_article("a", TEXT)], path, warn=lines.append)
    kind = path.suffix
    if kind == ".jsonl":
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()], lines, summary
    if kind == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file)), lines, summary
    return pq.read_table(path).to_pylist(), lines, summary


def test_the_card_lists_the_targets_of_the_training_rows(folder: Path) -> None:
    card = json.loads((folder / CARD_FILE).read_text("utf-8"))
    assert card["targets"] == ["Night buses", "school meals", "the harbour toll"]
    assert set(card["target_words"]["the harbour toll"]) == {"ship", "quay"}


def test_every_table_says_which_sentences_touch_a_known_target(model: SentenceClassifier, tmp_path: Path) -> None:
    for ending, yes, no, empty in (
        ("jsonl", True, False, None),
        ("csv", "true", "false", ""),
        ("parquet", True, False, None),
    ):
        rows, lines, summary = scored(model, "The  Harbour toll", tmp_path / f"out.{ending}")
        assert [row.get("touches_target") for row in rows] == [yes, yes, no, empty]
        assert [row["target_in_training"] for row in rows] == [yes] * 4
        assert lines == []
        assert (summary.target_in_training, summary.untouched) == (True, 1)


def test_a_new_target_is_noted_once_and_in_every_row(model: SentenceClassifier, tmp_path: Path) -> None:
    for ending, no in (("jsonl", False), ("csv", "false"), ("parquet", False)):
        rows, lines, summary = scored(model, "the ticket price", tmp_path / f"out.{ending}")
        assert [row["target_in_training"] for row in rows] == [no] * 4
        (line,) = lines
        assert line.startswith("note: the target 'the ticket price' was not in training")
        assert "'Night buses', 'school meals', 'the harbour toll'" in line
        assert summary.target_in_training is False and summary.untouched == 2
        # "Tickets" has the target's word; "quays" go with a target that isn't asked for
        assert [row.get("touches_target") in (True, "true") for row in rows] == [False, False, True, False]


def test_sentences_keep_their_own_answer_across_articles_and_batches(model: SentenceClassifier) -> None:
    articles = [make_article("a", TEXT), make_article("b", "It rained."), make_article("c", "One quay. No quay.")]
    for batch_size in (1, 2, 100):
        scored = list(score_articles(model.towards("the harbour toll"), articles, batch_size))
        answers = [row.get("touches_target") for each in scored for row in each.rows()]
        assert answers == [True, True, False, None, False, True, True]
        assert [each.untouched for each in scored] == [1, 1, 0]


def test_the_label_is_not_changed(model: SentenceClassifier, tmp_path: Path) -> None:
    rows, _, _ = scored(model, "the ticket price", tmp_path / "out.jsonl")
    assert all(len(row["labels"]) == 1 for row in rows if not row.get("boilerplate"))


def test_the_page_greys_untouched_sentences_and_says_why(model: SentenceClassifier, tmp_path: Path) -> None:
    score_to(model.towards("the harbour toll"), [make_article("a", TEXT)], tmp_path / "known.html")
    page = (tmp_path / "known.html").read_text("utf-8")
    assert page.count('class="s framed off"') == 1 and page.count('class="guess"') == 1
    assert "1 with neither a word of the target nor one that goes with it" in page
    assert "was not in training" not in page

    score_to(model.towards("<b>fares</b>"), [make_article("a", TEXT)], tmp_path / "new.html", warn=lambda line: None)
    page = (tmp_path / "new.html").read_text("utf-8")
    head, _, text = page.partition('aria-label="Text"')
    assert "was not in training" in head and "<b>fares" not in page
    assert text.count('class="s framed off"') == 3 and "Has no word of the target" in text


def test_a_page_cut_short_still_fits_its_sentences(
    model: SentenceClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.articles.write.PAGE_SENTENCES", 1)
    score_to(model.towards("school meals"), [make_article("a", TEXT)], tmp_path / "out.html", warn=lambda line: None)
    assert "1 with neither" in (tmp_path / "out.html").read_text("utf-8")


def test_the_commands_say_it_in_a_line_and_in_json(folder: Path, rows: Path, tmp_path: Path) -> None:
    article = tmp_path / "a.txt"
    article.write_text(TEXT, encoding="utf-8")

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, [*arguments, "-m", str(folder)])

    known = run("score", str(article), "--target", "school meals", "-o", str(tmp_path / "o.csv"))
    assert "3 of 3 sentences have neither a word of the target nor one that goes with it" in known.stdout
    new = run("score", str(article), "--target", "fares", "-o", str(tmp_path / "o.csv"), "--json")
    assert new.stderr.count("was not in training") == 1
    found = json.loads(new.stdout)
    assert (found["target"], found["target_in_training"], found["untouched"]) == ("fares", False, 3)

    strangers = [{**row, "target": f"thing {n // 2}"} for n, row in enumerate(ROWS[:14])] + ROWS[:6]
    data = write_jsonl(tmp_path / "more.jsonl", strangers)
    result = run("evaluate", "--data", str(data), "--labels", "label", "--bootstrap", "0", "--json")
    assert "14 of these 20 rows have a target that was not in training: 'thing 0'" in result.stderr
    assert "'thing 4' and 2 more" in result.stderr
    assert json.loads(result.stdout)["targets_not_in_training"] == {f"thing {n}": 2 for n in range(7)}
    result = run("evaluate", "--data", str(rows), "--labels", "label", "--bootstrap", "0", "--json")
    assert "was not in training" not in result.stderr and json.loads(result.stdout)["targets_not_in_training"] == {}


def test_a_column_that_the_output_has_of_its_own_is_not_kept(model: SentenceClassifier, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="touches_target"):
        score_to(model.towards("school meals"), [], tmp_path / "out.csv", keep=["touches_target"])


def test_an_old_model_claims_nothing(small_stance_model: SentenceClassifier, tmp_path: Path) -> None:
    for ending in ("jsonl", "csv", "parquet"):
        rows, lines, summary = scored(small_stance_model, "the wealth tax", tmp_path / f"out.{ending}")
        assert not {"target_in_training", "touches_target"} & set(rows[0])
        assert lines == [] and summary.untouched is None and summary.target_in_training is None
    score_to(small_stance_model.towards("the wealth tax"), [make_article("a", TEXT)], tmp_path / "out.html")
    assert " off" not in (tmp_path / "out.html").read_text("utf-8").partition("<main>")[2]


def test_a_card_with_damaged_targets_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    for damage in ({"targets": 3}, {"target_words": []}):
        for file in folder.iterdir():
            if file.is_file():
                (tmp_path / file.name).write_bytes(file.read_bytes())
        card = json.loads((folder / CARD_FILE).read_text("utf-8"))
        (tmp_path / CARD_FILE).write_text(json.dumps({**card, **damage}), encoding="utf-8")
        with pytest.raises(InputError, match="is damaged"):
            load_model(tmp_path)
