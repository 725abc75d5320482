import json

import pandas as pd
import pytest

from experiments.config.schema import Columns, Data
from experiments.corpus.hydrate import hydrate, sentence_hash
from experiments.errors import InputError
from tests.conftest import write_jsonl

ARTICLES = {
    "k1": "Talks resume\n\nTwo ports signed an accord on Monday. It was the first since 2011.",
    "k2": "Ships held\n\nGunmen seized a tanker off the cape. The navy denied that it had known.",
}
SENTENCES = {
    "k1": ["Two ports signed an accord on Monday.", "It was the first since 2011."],
    "k2": ["Gunmen seized a tanker off the cape.", "The navy denied that it had known."],
}
LABELS = {"Two ports": ["cooperation"], "It was": [], "Gunmen": ["threat"], "The navy": ["denial"]}


@pytest.fixture
def labels(tmp_path):
    rows = []
    for article, sentences in SENTENCES.items():
        for text in sentences:
            start = ARTICLES[article].index(text)
            rows.append(
                {
                    "id": f"p{len(rows)}",
                    "sha256": sentence_hash(text),
                    "article": article,
                    "start": start,
                    "end": start + len(text),
                    "part": "dev" if article == "k2" else "train",
                    "labels": next(found for begin, found in LABELS.items() if text.startswith(begin)),
                }
            )
    rows.append({"id": "n1", "sha256": sentence_hash("Rain fell."), "part": "train", "labels": []})
    return str(write_jsonl(tmp_path / "labels.jsonl", rows))


def texts(labels, source, parts=(), warn=print, **columns):
    found = hydrate(labels, str(source), parts, Data(train="", columns=Columns(**columns)), warn)
    return {row["text"]: row["labels"] for row in found.rows}, found


EXPECTED = {
    text: labels for each in SENTENCES.values() for text in each for b, labels in LABELS.items() if text.startswith(b)
}


def test_articles_of_a_table_give_the_sentences_at_their_places(labels, tmp_path):
    pd.DataFrame({"ID": list(ARTICLES), "content": list(ARTICLES.values())}).to_csv(tmp_path / "a.csv", index=False)
    found, result = texts(labels, tmp_path / "a.csv", id="ID", text="content")
    assert found == EXPECTED
    assert (result.missing, result.without_source) == (["n1"], 1)


def test_files_of_a_folder_are_articles_by_their_names(labels, tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "k1.txt").write_text(ARTICLES["k1"])
    (tmp_path / "f" / "k2.json").write_text(json.dumps({"ID": "k2", "content": ARTICLES["k2"]}))
    (tmp_path / "f" / "k3.json").write_text("{broken")  # nobody asks for it
    assert texts(labels, tmp_path / "f")[0] == EXPECTED


def test_sentences_of_a_table_are_found_by_their_hash(labels, tmp_path):
    rows = [{"text": text.replace(" ", "  ")} for each in SENTENCES.values() for text in each] + [
        {"text": "Rain fell."}
    ]
    found, result = texts(labels, write_jsonl(tmp_path / "s.jsonl", rows))
    assert found == {**EXPECTED, "Rain fell.": []}
    assert not result.missing


def test_another_copy_with_other_white_space_does_as_well(labels, tmp_path):
    moved = {key: f"(Updated)\n\n{text}".replace("\n\n", "\n\n\n") for key, text in ARTICLES.items()}
    rows = [{"id": key, "text": text} for key, text in moved.items()]
    assert texts(labels, write_jsonl(tmp_path / "a.jsonl", rows))[0] == EXPECTED


def test_a_text_that_was_changed_is_not_taken(labels, tmp_path):
    rows = [{"id": "k1", "text": ARTICLES["k1"].replace("Monday", "Tuesday")}, {"id": "k2", "text": ARTICLES["k2"]}]
    found, result = texts(labels, write_jsonl(tmp_path / "a.jsonl", rows))
    assert "Two ports signed an accord on Tuesday." not in found
    assert result.missing == ["p0", "n1"]


def test_a_part_alone_is_taken_and_others_are_not_missed(labels, tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [{"id": key, "text": text} for key, text in ARTICLES.items()])
    found, result = texts(labels, source, ["dev"])
    assert set(found) == set(SENTENCES["k2"])
    assert not result.missing
    with pytest.raises(InputError, match=r"--part test: .* has no such part; it has dev, train"):
        texts(labels, source, ["test"])


def test_a_source_of_other_texts_or_columns_is_refused(labels, tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [{"id": "x", "text": "Nothing of the kind."}])
    with pytest.raises(InputError, match="holds none of the 5 sentences"):
        texts(labels, source)
    with pytest.raises(InputError, match="has no column 'body'; it has id, text"):
        texts(labels, source, text="body")
    with pytest.raises(InputError, match="has no column 'sha256'"):
        texts(str(source), source)
