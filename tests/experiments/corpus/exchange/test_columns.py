import json

import pytest

from experiments.config.schema import Data
from experiments.corpus.exchange import export_file, import_file
from experiments.corpus.exchange.columns import usual_columns
from experiments.errors import InputError

ROWS = [
    {"nr": "1", "sentence": "Two unions struck a deal.", "frame": "cooperation", "text": "p. 3", "article": "a1"},
    {"nr": "2", "sentence": "The harbour closes.", "frame": "", "text": "p. 4", "article": "a1"},
    {"nr": "3", "sentence": "It may be closed.", "frame": "NA", "text": "p. 4", "article": "a2"},
]
COLUMNS = {"id": "nr", "text": "sentence", "labels": "frame", "group": "article"}


def test_columns_get_their_usual_names_and_others_with_these_names_are_kept_apart():
    found = usual_columns(ROWS, "a.csv", Data(train="", columns=COLUMNS))
    assert found[0] == {
        "id": "1",
        "text": "Two unions struck a deal.",
        "group": "a1",
        "labels": ["cooperation"],
        "file_text": "p. 3",
    }
    assert [row["labels"] for row in found] == [["cooperation"], [], None]


def test_flags_become_lists_with_what_is_undecided():
    rows = [{"text": "a", "t": "1", "c": ""}, {"text": "b", "t": "0", "c": "1"}, {"text": "c", "t": "", "c": "NA"}]
    data = Data(train="", columns={"labels": {"threat": "t", "cooperation": "c"}})
    assert usual_columns(rows, "a.csv", data) == [
        {"text": "a", "labels": ["threat"], "undecided": ["cooperation"]},
        {"text": "b", "labels": ["cooperation"]},
        {"text": "c", "labels": None},
    ]


def test_codes_are_exported_as_what_they_mean():
    data = Data(train="", label_codes={1: "threat", 2: None})
    assert [
        r["labels"] for r in usual_columns([{"text": "a", "labels": 1.0}, {"text": "b", "labels": "2"}], "a", data)
    ] == [
        ["threat"],
        [],
    ]


def test_rows_with_the_usual_names_stay_as_they_are():
    rows = [{"text": "a", "labels": "threat; cooperation ", "n": 1}]
    assert usual_columns(rows, "a.jsonl", Data(train="")) == rows


def test_a_table_of_other_columns_survives_the_way_to_a_tool_and_back(tmp_path):
    (tmp_path / "mine.csv").write_text("sentence,frame,article\nA deal.,cooperation,a1\nClosed.,,a1\nMaybe.,NA,a2\n")
    data = Data(train="", columns={"text": "sentence", "labels": "frame", "group": "article"})
    export_file(str(tmp_path / "mine.csv"), "label-studio", tmp_path / "tasks.json", print, data)
    import_file(str(tmp_path / "tasks.json"), "label-studio", None, tmp_path / "back.jsonl", print)
    back = [json.loads(line) for line in (tmp_path / "back.jsonl").read_text("utf-8").splitlines()]
    assert [(row["text"], row["labels"], row["group"]) for row in back] == [
        ("A deal.", ["cooperation"], "a1"),
        ("Closed.", [], "a1"),
        ("Maybe.", None, "a2"),
    ]


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv: has no column 'satz' for the text; it has nr, sentence, frame"):
        usual_columns(ROWS, "a.csv", Data(train="", columns={"text": "satz"}))
