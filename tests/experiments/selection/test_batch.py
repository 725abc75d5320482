import csv
import json
import re

import pytest

from experiments.config.schema import Data
from experiments.errors import InputError
from experiments.files import harmless
from experiments.model import load_model
from experiments.selection.batch import batch_of, batch_rows, is_scored
from experiments.selection.measured import measured_line
from experiments.selection.selecting import Wanted
from tests.conftest import ROOT, seed_rows, write_jsonl
from tests.experiments.selection.conftest import sentences

USUAL = Data(train="")


def rows_of(path, wanted, model=None, data=USUAL, done=(), say=lambda line: None):
    batch = batch_of(str(path), wanted, model, data, [str(each) for each in done], say=say)
    return batch, list(batch_rows(batch, str(path), data))


def scored(texts, scores, article="a", **more):
    limits = {"threat": 0.4, "denial": 0.5}
    return [
        {
            "article": f"{article}{number // 3}",
            "sentence": number % 3,
            "start": 0,
            "end": len(text),
            "text": text,
            "labels": ["threat"] if row[0] >= 0.4 else [],
            "scores": dict(zip(limits, row, strict=True)),
            "thresholds": limits,
            **more,
        }
        for number, (text, row) in enumerate(zip(texts, scores, strict=True))
    ]


TEXTS = sentences(30, seed=3)
SURE = [[0.0, 0.0]] * 30


def test_doubts_of_a_model_decide_and_its_training_sentences_are_left_out(tmp_path, model):
    classifier = load_model(model)
    known, new = seed_rows(45)[:20], seed_rows(60)[-150:]
    path = write_jsonl(tmp_path / "new.jsonl", [{"text": row["text"], "group": row["group"]} for row in known + new])
    batch, rows = rows_of(path, Wanted(n=10, random=0.2, per_article=2), classifier)
    assert batch.left_out.trained_on == 20
    assert not {row["text"] for row in known} & {row["text"] for row in rows}
    doubted = [row["text"] for row in rows if row["selected_by"] == "margin"]

    def doubt(texts):
        p = classifier.predict_proba(texts)
        return float((abs(p - classifier.thresholds)).min(axis=1).mean())

    assert doubt(doubted) < doubt([row["text"] for row in new]) / 1.5


def test_a_batch_is_undecided_and_hides_what_the_model_said(tmp_path):
    path = write_jsonl(tmp_path / "scored.jsonl", scored(TEXTS, SURE, outlet="Post"))
    _, rows = rows_of(path, Wanted(n=5))
    for row in rows:
        assert row["labels"] is None and row["outlet"] == "Post" and {"article", "sentence"} <= set(row)
        assert not {"scores", "thresholds"} & set(row)
    drawn = [row for row in rows if row["selected_by"] == "random"]
    assert [row["probability"] for row in drawn] == [1 / 30]
    assert {row["probability"] for row in rows if row["selected_by"] == "margin"} == {None}


def test_labels_of_the_model_are_hidden_also_where_others_are_asked_for(tmp_path):
    path = write_jsonl(tmp_path / "scored.jsonl", scored(TEXTS, SURE))
    _, rows = rows_of(path, Wanted(n=3), data=Data(train="", columns={"labels": "frame"}))
    assert all(row["frame"] is None and "labels" not in row for row in rows)


def test_scores_of_a_file_are_used_against_its_own_thresholds(tmp_path):
    scores = [list(each) for each in SURE]
    scores[4], scores[17] = [0.41, 0.0], [0.0, 0.49]
    path = write_jsonl(tmp_path / "scored.jsonl", scored(TEXTS, scores))
    said = []
    _, rows = rows_of(path, Wanted(n=2, random=0.0), say=said.append)
    assert {row["text"] for row in rows} == {TEXTS[4], TEXTS[17]}
    assert any("the scores are the file's own" in line and "--model" in line for line in said)


def test_scored_csv_and_parquet_give_what_jsonl_gives(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ["=SUM of all fears, said the minister of a port that nobody knows", *TEXTS[1:]]
    scores = [[0.39, 0.0], [0.0, 0.52], *SURE[2:]]
    rows = scored(texts, scores)
    flat = [
        {
            "article": row["article"],
            "sentence": row["sentence"],
            "text": row["text"],
            "labels": ";".join(row["labels"]),
            "boilerplate": False,
            **{f"score_{label}": p for label, p in row["scores"].items()},
            **{f"threshold_{label}": p for label, p in row["thresholds"].items()},
        }
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(flat), tmp_path / "scored.parquet")
    with (tmp_path / "scored.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, flat[0])
        writer.writeheader()
        writer.writerows({**row, "text": "'" * row["text"].startswith("=") + row["text"]} for row in flat)
    write_jsonl(tmp_path / "scored.jsonl", rows)
    found = []
    for name in ("scored.jsonl", "scored.csv", "scored.parquet"):
        assert is_scored(str(tmp_path / name), USUAL)
        _, chosen = rows_of(tmp_path / name, Wanted(n=4, random=0.5))
        found.append([(row["text"], row["labels"], row["selected_by"], row["probability"]) for row in chosen])
        assert not any(column.startswith(("score", "threshold")) for row in chosen for column in row)
    assert found[0] == found[1] == found[2]
    assert {texts[0], texts[1]} <= {text for text, *_ in found[0]}


def test_every_row_left_out_is_counted_for_one_reason(tmp_path):
    rows = scored(TEXTS, SURE)
    rows.append({**rows[0], "boilerplate": True, "scores": {}})
    rows.append({**rows[0], "text": " "})
    rows.append({**rows[1], "text": TEXTS[1].upper()})
    path = write_jsonl(tmp_path / "scored.jsonl", rows)
    done = write_jsonl(tmp_path / "done.jsonl", [{"text": TEXTS[2], "labels": None}, {"text": TEXTS[3].title()}])
    batch, chosen = rows_of(path, Wanted(n=28, per_article=None), done=[done])
    left = batch.left_out
    assert (left.boilerplate, left.no_text, left.repeated, left.labelled) == (1, 1, 1, 2)
    assert batch.selection.population == 28
    assert not {TEXTS[2], TEXTS[3]} & {row["text"] for row in chosen}


def test_rows_that_have_labels_are_left_out_and_undecided_ones_are_not(tmp_path, model):
    labels = ["NA", "denial", ""] * 3
    lines = ["text,labels,article", *(f"{TEXTS[number]},{labels[number]},a{number}" for number in range(9))]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    batch, rows = rows_of(path, Wanted(n=3), load_model(model))
    assert batch.left_out.labelled == 6  # an empty cell says: seen, no label
    assert {row["text"] for row in rows} == {TEXTS[0], TEXTS[3], TEXTS[6]}
    flags = tmp_path / "flags.csv"
    flags.write_text(f"text,t,d\n{TEXTS[0]},0,1\n{TEXTS[1]},,NA\n", encoding="utf-8")
    data = Data(train="", columns={"labels": {"threat": "t", "denial": "d"}})
    _, rows = rows_of(flags, Wanted(n=1, strategy="random"), data=data)
    assert [row["text"] for row in rows] == [TEXTS[1]] and rows[0]["id"] == "flags-3"


def test_a_row_without_a_name_gets_one(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(f"sentence,article\n{TEXTS[0]},a1\n", encoding="utf-8")
    data = Data(train="", columns={"text": "sentence"})
    _, (row,) = rows_of(path, Wanted(n=1, strategy="random"), data=data)
    assert row["id"] == "mine-2" and row["sentence"] == TEXTS[0] and row["article"] == "a1"


def test_a_second_batch_has_nothing_of_the_first(tmp_path):
    path = write_jsonl(tmp_path / "scored.jsonl", scored(TEXTS, SURE))
    _, first = rows_of(path, Wanted(n=10))
    again = write_jsonl(tmp_path / "first.jsonl", first)
    batch, second = rows_of(path, Wanted(n=10), done=[again])
    assert not {row["text"] for row in first} & {row["text"] for row in second}
    assert batch.selection.probability == 2 / 20  # of those that were not labelled yet


@pytest.mark.parametrize("sign", ["- ", "@", "=", "+"])
def test_labelled_csv_is_known_in_spite_of_what_guards_its_formulas(tmp_path, sign):
    texts = [f"{sign}{text}" for text in TEXTS]
    path = write_jsonl(tmp_path / "scored.jsonl", scored(texts, SURE))
    done = tmp_path / "done.csv"
    with done.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([harmless(text)] for text in texts[:10])])
    batch, rows = rows_of(path, Wanted(n=20, per_article=None), done=[done])
    assert batch.left_out.labelled == 10 and batch.selection.population == 20
    assert not set(texts[:10]) & {row["text"] for row in rows}
    # a pool that no model has scored is guarded, too, if the kit wrote it
    pool = tmp_path / "pool.csv"
    with pool.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *([harmless(text)] for text in texts)])
    batch, _ = rows_of(pool, Wanted(n=20, strategy="random"), done=[done])
    assert batch.left_out.labelled == 10


def test_labelled_csv_of_stance_is_known_in_spite_of_what_guards_its_targets(tmp_path, small_stance_model):
    data = Data(train="", columns={"target": "target"})
    rows = [{"text": f"- {text}", "target": f"@{number % 3}"} for number, text in enumerate(TEXTS)]
    pool = write_jsonl(tmp_path / "pool.jsonl", rows)
    done = tmp_path / "done.csv"
    with done.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "target"], *(map(harmless, row.values()) for row in rows[:10])])
    batch, _ = rows_of(pool, Wanted(n=5), small_stance_model, data, done=[done])
    assert batch.left_out.labelled == 10


@pytest.mark.parametrize("tool", ["label-studio", "prodigy", "doccano"])
def test_a_batch_goes_to_a_labelling_tool_and_back_with_its_probabilities(tmp_path, tool):
    from experiments.corpus.exchange import export_file, import_file

    path = write_jsonl(tmp_path / "scored.jsonl", scored(TEXTS, SURE))
    _, rows = rows_of(path, Wanted(n=6))
    batch = write_jsonl(tmp_path / "batch.jsonl", rows)
    tasks = tmp_path / ("tasks.json" if tool == "label-studio" else "tasks.jsonl")
    summary = export_file(str(batch), tool, tasks, print)
    assert summary["decided"] == 0 and summary["rows"] == 6
    import_file(str(tasks), tool, None, tmp_path / "back.jsonl", print)
    back = [json.loads(line) for line in (tmp_path / "back.jsonl").read_text("utf-8").splitlines()]
    assert [(row["text"], row["selected_by"], row["probability"]) for row in back] == [
        (row["text"], row["selected_by"], row["probability"]) for row in rows
    ]
    assert {row["labels"] for row in back} == {None}


def test_stance_is_asked_by_target_and_needs_one(tmp_path, small_stance_model):
    rows = [{"text": text, "about": about} for text in TEXTS[:5] for about in ("the treaty", "the strike")]
    path = write_jsonl(tmp_path / "stance.jsonl", rows)
    data = Data(train="", columns={"target": "about"})
    batch, chosen = rows_of(path, Wanted(n=4), small_stance_model, data)
    assert batch.selection.population == 10 and all(row["about"] for row in chosen)  # a text about two is asked twice
    with pytest.raises(InputError, match=r"no column says which: name it with --target-column \(there are text, about"):
        rows_of(path, Wanted(n=4), small_stance_model)
    write_jsonl(path, [*rows, {"text": "A sentence about nothing.", "about": ""}])
    with pytest.raises(InputError, match="line 11: has no target in column 'about'"):
        rows_of(path, Wanted(n=4), small_stance_model, data)


def test_without_articles_a_note_says_that_the_limit_limits_nothing(tmp_path):
    rows = [{key: row[key] for key in ("text", "scores", "thresholds")} for row in scored(TEXTS, SURE)]
    path = write_jsonl(tmp_path / "scored.jsonl", rows)
    said = []
    _, chosen = rows_of(path, Wanted(n=20), say=said.append)
    assert len(chosen) == 20 and any("each counts as an article of its own" in line for line in said)
    assert {row["id"] for row in chosen} <= {f"scored-{number}" for number in range(1, 31)}
    said.clear()
    data = Data(train="", columns={"group": "doc"})
    rows_of(write_jsonl(path, [{**row, "doc": "d"} for row in rows]), Wanted(n=2), None, data, say=said.append)
    assert not any("article of its own" in line for line in said)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: {**row, "scores": {"threat": 0.2}}, "line 2: has the labels threat, and the rows before threat"),
        (lambda row: {**row, "scores": {**row["scores"], "threat": 7}}, "line 2: the score of threat is 7"),
        (lambda row: {**row, "scores": {}}, "line 2: has no scores and is no boilerplate"),
        (lambda row: {**row, "thresholds": {"threat": 0.1, "denial": 0.2}}, "line 2: has other thresholds"),
        (lambda row: {**row, "text": 7}, "line 2: column 'text' has 7, which is no text"),
        (lambda row: {**row, "probability": 0.1}, "has a column 'probability', which a selection writes itself"),
    ],
)
def test_wrong_rows_are_refused_by_line(tmp_path, change, message):
    rows = scored(TEXTS, SURE)
    path = write_jsonl(tmp_path / "scored.jsonl", [rows[0], change(rows[1]), *rows[2:]])
    with pytest.raises(InputError, match=message):
        rows_of(path, Wanted(n=2))


def test_files_without_texts_or_rows_are_refused(tmp_path, model):
    classifier = load_model(model)
    for name, content, message in [
        ("a.jsonl", "", "a.jsonl: is empty"),
        ("a.csv", "text,group\n", "a.csv: holds no rows|has no rows|a.csv"),
        ("b.csv", "sentence\nTalks resume.\n", "has no column 'text' for the text; it has sentence"),
        ("c.csv", "text,group\n,a\nNA,b\n", "column 'text' holds no text in any of its 2 rows"),
        ("d.csv", f"text,labels\n{TEXTS[0]},denial\n", "has 0 sentence.* .left out: 1 labelled already."),
    ]:
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            rows_of(tmp_path / name, Wanted(n=1), classifier)
    with pytest.raises(InputError, match="no such file"):
        rows_of(tmp_path / "none.jsonl", Wanted(n=1), classifier)
    with pytest.raises(InputError, match="is a folder; name one table"):
        rows_of(tmp_path, Wanted(n=1), classifier)
    named = Data(train="", columns={"group": "article"})
    path = write_jsonl(tmp_path / "e.jsonl", [{"text": text} for text in TEXTS])
    with pytest.raises(InputError, match="has no column 'article' for the group"):
        rows_of(path, Wanted(n=1), classifier, named)
    done = write_jsonl(tmp_path / "done.jsonl", [{"sentence": TEXTS[0]}])
    about = Data(train="", columns={"target": "about"})
    with pytest.raises(InputError, match="has no column 'about' for the target"):
        rows_of(path, Wanted(n=1), classifier, about)
    with pytest.raises(InputError, match=r"done.jsonl: has no column 'text'"):
        rows_of(path, Wanted(n=1), classifier, done=[done])


@pytest.mark.slow
def test_frozen_encoders_bring_their_vectors_out_of_the_cache(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline

    from experiments.selection.diversity import vectors_of
    from features.embeddings import SentenceEmbeddings
    from tests.encoders import small_encoder

    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "cache"))
    encoder = SentenceEmbeddings(str(small_encoder(tmp_path / "encoder")), "fp32", cache=False)
    texts = ["troops attack the city", "talks on a treaty", "rain on monday", "army shelled the town"] * 3
    pipeline = Pipeline([("features", FeatureUnion([("embeddings", encoder)])), ("classifier", LogisticRegression())])
    pipeline.fit(texts, [0, 1, 1, 0] * 3)
    vectors, kind = vectors_of(pipeline, texts, texts)
    (stored,) = (tmp_path / "cache").glob("embeddings-*.sqlite")
    assert kind == "encoder" and vectors.shape == (12, 32) and stored.stat().st_size
    assert not encoder.cached_  # the model itself still writes nothing


@pytest.mark.parametrize("strategy", ["margin", "least-confidence"])
def test_what_is_said_to_be_measured_stands_in_the_documentation(strategy):
    lines = (ROOT / "docs/benchmarks.md").read_text("utf-8").splitlines()
    row, other = (
        next(line for line in lines if line.startswith(f"| {data}, `{strategy}` |"))
        for data in ("PLOVER", "shipped corpus")
    )
    figures = re.findall(r"[+-]0\.\d{3} \[[+-]0\.\d{3}, [+-]0\.\d{3}\]", measured_line(strategy))
    assert len(figures) == 4
    assert all(figure in row for figure in figures[:2]) and all(figure in other for figure in figures[2:])
