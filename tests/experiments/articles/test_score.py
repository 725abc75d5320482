"""Articles are scored in batches and written whole, or not at all."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.parquet as pq
import pytest

from experiments.articles import write
from experiments.articles.read import Article, make_article
from experiments.articles.score import score_articles
from experiments.articles.write import format_of, score_to
from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.model import SentenceClassifier
from tests.experiments.articles.conftest import LABELS, ROWS


@pytest.fixture
def articles() -> list[Article]:
    return [
        make_article(
            "one", "Talks\n\nThey signed an accord. The army\nwill attack the ships.\n\nPublished 12:03 GMT\n"
        ),
        make_article("two", "It rained on Monday."),
        make_article("three", "=LINK(\"http://x.example\") they signed.\n\n<script>alert('x')</script> They attack."),
    ]


def rows_of(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 2048])
def test_rows_follow_the_contract_whatever_the_batches(
    classifier: SentenceClassifier, articles: list[Article], batch_size: int
) -> None:
    texts = {article.id: article.text for article in articles}
    rows = [row for scored in score_articles(classifier, articles, batch_size) for row in scored.rows()]
    assert [(row["article"], row["sentence"]) for row in rows] == [
        ("one", 0), ("one", 1), ("one", 2), ("one", 3), ("two", 0), ("three", 0), ("three", 1)
    ]  # fmt: skip
    for row in rows:
        assert texts[row["article"]][row["start"] : row["end"]] == row["text"]
        if row.get("boilerplate"):
            assert row["labels"] == [] and row["scores"] == {} and "thresholds" not in row
            continue
        assert "boilerplate" not in row
        expected = classifier.predict_proba([" ".join(row["text"].split())])[0]
        assert row["scores"] == {label: round(float(p), 4) for label, p in zip(LABELS, expected, strict=True)}
        assert row["thresholds"] == {"threat": 0.5, "cooperation": 0.5}
        assert row["labels"] == [label for label, p in zip(LABELS, expected, strict=True) if p >= 0.5]
    assert [row["text"] for row in rows if row.get("boilerplate")] == ["Published 12:03 GMT"]
    assert any(row["labels"] for row in rows)


def test_boilerplate_never_reaches_the_classifier_and_batches_span_articles(articles: list[Article]) -> None:
    class Recorder:
        labels = LABELS
        known_targets = target = decides_from = None
        given_from: ClassVar[dict[str, float]] = {}
        calls: ClassVar[list[list[str]]] = []

        def predict_proba(self, texts: list[str]) -> np.ndarray:
            self.calls.append(texts)
            return np.zeros((len(texts), 2))

        def decide(self, probabilities: np.ndarray) -> np.ndarray:
            return np.zeros(probabilities.shape, dtype=np.int8)

        def abstains(self, probabilities: np.ndarray) -> np.ndarray:
            return np.zeros(len(probabilities), dtype=bool)

    list(score_articles(Recorder(), articles, 100))  # type: ignore[arg-type]
    assert len(Recorder.calls) == 1 and len(Recorder.calls[0]) == 6
    assert "Published 12:03 GMT" not in Recorder.calls[0]
    assert "The army will attack the ships." in Recorder.calls[0], "a wrapped sentence is one line to the classifier"


def test_articles_are_read_no_further_than_a_batch_needs(classifier: SentenceClassifier) -> None:
    read = []

    def endless() -> Iterator[Article]:
        while True:
            read.append(1)
            yield make_article(f"a{len(read)}", "One. Two.")

    next(score_articles(classifier, endless(), 10))
    assert len(read) <= 6


def test_jsonl_keeps_characters_as_they_are(classifier: SentenceClassifier, tmp_path: Path) -> None:
    output = tmp_path / "new" / "folder" / "out.jsonl"
    summary = score_to(classifier, [make_article("é", "“Ö” signed. They attack.")], output)
    text = output.read_text(encoding="utf-8")
    assert "“Ö” signed." in text and len(rows_of(text)) == 2
    assert (summary.articles, summary.sentences, summary.boilerplate) == (1, 2, 0)
    assert summary.labels == {
        label: sum(label in row["labels"] for row in rows_of(text)) for label in LABELS  # type: ignore[operator]
    }  # fmt: skip
    assert summary.seconds > 0 and summary.sentences_per_second > 0


def test_csv_disarms_formulas_and_keeps_numbers(
    classifier: SentenceClassifier, articles: list[Article], tmp_path: Path
) -> None:
    score_to(classifier, articles, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
    assert next(row["text"] for row in rows if "LINK" in row["text"]).startswith("'=")
    assert rows[2]["text"] == "The army\nwill attack the ships."
    assert 0 <= float(rows[0]["score_threat"]) <= 1
    assert rows[3]["boilerplate"] == "true" and rows[3]["score_threat"] == "" and rows[3]["labels"] == ""
    assert rows[3]["threshold_threat"] == ""
    assert rows[0]["threshold_threat"] == rows[0]["threshold_cooperation"] == "0.5"
    assert list(rows[0]) == [
        *("article", "sentence", "start", "end", "text", "boilerplate", "labels"),
        *("score_threat", "score_cooperation", "threshold_threat", "threshold_cooperation"),
    ]


def test_several_labels_share_a_csv_cell(classifier: SentenceClassifier, tmp_path: Path) -> None:
    score_to(classifier, [make_article("a", ROWS[4][0])], tmp_path / "out.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8")))
    assert row["labels"] == "threat;cooperation"


def test_parquet_has_the_same_rows_as_jsonl(
    classifier: SentenceClassifier, articles: list[Article], tmp_path: Path
) -> None:
    score_to(classifier, articles, tmp_path / "out.parquet")
    score_to(classifier, articles, tmp_path / "out.jsonl")
    table = pq.read_table(tmp_path / "out.parquet")
    assert (
        str(table.schema.field("labels").type).startswith("list<")
        and str(table.schema.field("score_threat").type) == "double"
    )
    for cells, row in zip(table.to_pylist(), rows_of((tmp_path / "out.jsonl").read_text()), strict=True):
        assert cells["labels"] == row["labels"] and cells["text"] == row["text"]
        assert cells["boilerplate"] == row.get("boilerplate", False)
        assert cells["score_threat"] == row["scores"].get("threat")  # type: ignore[attr-defined]
        assert cells["threshold_threat"] == row.get("thresholds", {}).get("threat")  # type: ignore[attr-defined]


def test_each_label_in_a_file_follows_from_the_score_and_the_threshold_beside_it(
    classifier: SentenceClassifier, tmp_path: Path
) -> None:
    texts = [text for text, _ in ROWS]
    exact = classifier.predict_proba(texts)
    # the thresholds are what plain rounding would lift a probability to that lies below it
    lifted = exact.round(4) > exact
    assert lifted.any(axis=0).all()
    limits = np.array([exact[at, column].round(4) for column, at in enumerate(lifted.argmax(axis=0))])
    articles = [make_article(str(number), text) for number, text in enumerate(texts)]
    score_to(replace(classifier, thresholds=limits), articles, tmp_path / "out.jsonl")
    for row in rows_of((tmp_path / "out.jsonl").read_text("utf-8")):
        scores, thresholds = row["scores"], row["thresholds"]
        assert row["labels"] == [label for label in LABELS if scores[label] >= thresholds[label]]  # type: ignore[index]


def test_a_task_without_thresholds_has_none_in_its_files(
    classifier: SentenceClassifier, articles: list[Article], tmp_path: Path
) -> None:
    one = replace(classifier, task=Task(name="framing", type="multiclass", labels=LABELS))
    for ending in ("jsonl", "csv", "parquet"):
        score_to(one, articles, tmp_path / f"out.{ending}")
    assert "threshold" not in (tmp_path / "out.jsonl").read_text("utf-8")
    assert "threshold" not in (tmp_path / "out.csv").read_text("utf-8")
    assert "threshold_threat" not in pq.read_schema(tmp_path / "out.parquet").names


@pytest.mark.parametrize("column", ["thresholds", "threshold_threat"])
def test_a_column_that_is_called_as_a_threshold_is_not_kept(classifier: SentenceClassifier, column: str) -> None:
    with pytest.raises(InputError, match=f"--keep {column}: the output has a column"):
        score_to(classifier, [], keep=[column])


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "html"])
def test_no_articles_give_an_empty_but_valid_file(classifier: SentenceClassifier, tmp_path: Path, ending: str) -> None:
    summary = score_to(classifier, [], tmp_path / f"out.{ending}")
    assert summary.sentences == 0 and (tmp_path / f"out.{ending}").exists()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "html"])
def test_an_error_in_the_middle_leaves_no_half_file_and_keeps_the_old_one(
    classifier: SentenceClassifier, articles: list[Article], tmp_path: Path, ending: str
) -> None:
    def broken() -> Iterator[Article]:
        yield from articles
        raise InputError("b.jsonl line 7: is not valid JSON")

    output = tmp_path / f"out.{ending}"
    output.write_bytes(b"old")
    with pytest.raises(InputError, match="line 7"):
        score_to(classifier, broken(), output, batch_size=1)
    assert output.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [output]


def test_the_page_escapes_what_articles_hold(
    classifier: SentenceClassifier, articles: list[Article], tmp_path: Path
) -> None:
    hostile = Article("<img src=x onerror=alert(1)>", *make_hostile())
    score_to(classifier, [*articles, hostile], tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page and "<img" not in page and 'onmouseover="x' not in page
    assert "&lt;script&gt;alert" in page


def make_hostile() -> tuple[str, tuple]:  # type: ignore[type-arg]
    article = make_article("", '"><svg onload=alert(1)> they attack\n\n" onmouseover="x They signed an accord.')
    return article.text, article.sentences


def test_the_page_is_self_contained_and_shows_labels_and_boilerplate(
    classifier: SentenceClassifier, articles: list[Article], tmp_path: Path
) -> None:
    score_to(classifier, articles, tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://x.example", "") and "https://" not in page and "<link" not in page
    assert page.count('class="s framed"') == sum(
        bool(row["labels"]) for scored in score_articles(classifier, articles) for row in scored.rows()
    )
    assert 'class="aside"' in page and "Published 12:03 GMT" in page
    assert page.count("<article ") == 3 and 'href="#a2"' in page


def test_a_page_has_a_limit_and_says_so(
    classifier: SentenceClassifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(write, "PAGE_ARTICLES", 2)
    warnings: list[str] = []
    articles = [make_article(str(n), f"Number {n} attacks.") for n in range(3)]
    score_to(classifier, articles, tmp_path / "out.html", warn=warnings.append)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert len(warnings) == 1 and "first 2 articles" in warnings[0] and warnings[0] in page
    assert "Number 2 attacks" not in page

    monkeypatch.setattr(write, "PAGE_SENTENCES", 2)
    score_to(classifier, [make_article("a", "One. Two. Three.")], tmp_path / "out.html", warn=warnings.append)
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "2 sentences" in warnings[1] and "Two." in page and "Three." not in page


def test_standard_output_is_utf8_and_refuses_parquet(
    classifier: SentenceClassifier, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    score_to(classifier, [make_article("a", "“Ö” signed.")])
    assert rows_of(capfdbinary.readouterr().out.decode("utf-8"))[0]["text"] == "“Ö” signed."
    print("still open")
    assert capfdbinary.readouterr().out == b"still open\n"
    with pytest.raises(InputError, match="-o"):
        score_to(classifier, [], format="parquet")


def test_a_reader_that_hangs_up_is_no_error() -> None:
    program = """
import numpy as np
from experiments.articles.read import make_article
from experiments.articles.write import score_to
class Zero:
    labels = ["threat"]
    known_targets = target = decides_from = None
    given_from = {}
    def abstains(self, p): return np.zeros(len(p), dtype=bool)
    def predict_proba(self, texts): return np.zeros((len(texts), 1))
    def decide(self, p): return np.zeros(p.shape, dtype=np.int8)
score_to(Zero(), (make_article(str(n), "It rained on Monday. " * 20) for n in range(2000)))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout and process.stderr
    process.stdout.readline()
    process.stdout.close()
    error = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 0 and error == ""


def test_the_format_follows_the_ending() -> None:
    assert format_of(None) == "jsonl"
    assert [format_of(Path(f"a.{ending}")) for ending in ("jsonl", "CSV", "parquet", "htm")] == [
        "jsonl", "csv", "parquet", "html"
    ]  # fmt: skip
    assert format_of(Path("a.txt"), "csv") == "csv"
    with pytest.raises(InputError, match=r"jsonl.*csv.*parquet.*html"):
        format_of(Path("a.xlsx"))
    with pytest.raises(InputError, match=r"jsonl.*csv.*parquet.*html"):
        format_of(None, "xml")


def test_a_page_shows_no_home_directory_and_a_file_keeps_the_ids_that_were_given(
    classifier: SentenceClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "PAGE_SENTENCES", 2)
    monkeypatch.chdir(tmp_path)
    home = tmp_path.parent / f"{tmp_path.name}-home" / "ann"
    home.mkdir(parents=True)
    articles = []
    for name in ("a.txt", "b.txt"):
        (home / name).write_text("They attack. It rained.")
        articles.append(make_article(str(home / name), (home / name).read_text()))
    score_to(classifier, articles, tmp_path / "out.html", warn=lambda line: None)
    score_to(classifier, [make_article(str(home / "a.txt"), "One. Two. Three.")], tmp_path / "cut.html", warn=print)
    for name in ("out.html", "cut.html"):
        page = (tmp_path / name).read_text("utf-8")
        assert str(home) not in page and str(tmp_path) not in page and "a.txt" in page
    score_to(classifier, articles, tmp_path / "out.jsonl")
    assert rows_of((tmp_path / "out.jsonl").read_text("utf-8"))[0]["article"] == str(home / "a.txt")
