import csv
import io
import json

import pytest

from experiments.corpus.exchange import export_file, import_file
from experiments.errors import InputError
from tests.conftest import write_jsonl
from tests.experiments.corpus.exchange.conftest import lines

ENVOY = "The envoy called the leaked map a forgery."
LABELLED = {"id": 1, "text": ENVOY, "label": ["denial"]}


def record(**more):
    return {"id": 2, "text": "Rain is due over the delta.", **more}


@pytest.mark.parametrize("name", ["doccano.jsonl", "doccano.csv"])
def test_lists_and_joined_labels(name, imported):
    found = imported("doccano", name)
    first, second = found.rows
    assert first["labels"] == ["denial", "threat"] and second["labels"] == []
    assert (first["id"], first["text"], first["group"]) == (1, ENVOY, "day-1")
    assert "1 of 2 texts have an empty label" in found.notes[0]


@pytest.mark.parametrize(
    ("more", "labels"),
    [
        ({}, None),
        ({"label": None}, None),
        ({"label": float("nan")}, None),
        ({"label": ["", "threat"]}, ["threat"]),
        ({"label": []}, []),
        ({"label": "threat"}, ["threat"]),
        ({"labels": ["threat"]}, ["threat"]),
        ({"label": [], "is_confirmed": False}, None),
        ({"label": [], "is_confirmed": True}, []),
        ({"labels": [], "annotation_approver": None}, None),
        ({"labels": [], "annotation_approver": "ana"}, []),
        ({"label": ["threat"], "is_confirmed": False}, ["threat"]),
    ],
)
def test_a_text_that_nobody_confirmed_or_labelled_is_undecided(more, labels, imported):
    found = imported("doccano", [LABELLED, record(**more)])
    assert found.rows[1]["labels"] == labels
    assert found.summary["undecided"]["unannotated"] == (labels is None)
    assert any("they are undecided" in note for note in found.notes) == (labels is None)
    assert any("have an empty label" in note for note in found.notes) == (more == {"label": []})


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"annotations": [{"label": 5, "user": 1}]}, "annotations (label ids of an old export)"),
        ({"entities": [{"label": "x", "start_offset": 0, "end_offset": 3}]}, "entities (spans of the text)"),
        ({"entities": [], "relations": []}, "relations (relations between spans)"),
        ({"cats": ["threat"]}, "cats (labels of a joint project"),
        ({"categories": ["threat"]}, "categories (labels of another tool)"),
    ],
)
def test_labels_in_another_place_are_refused_with_what_is_there(more, named, refused):
    message = refused("doccano", [record(**more), record(**more)])
    assert 'no record has a "label"; there are id, text, ' in message and named in message
    assert f'record 2: has no "label"; there are id, text, {", ".join(more)[:4]}' in refused(
        "doccano", [LABELLED, record(**more)]
    )


@pytest.mark.parametrize(
    ("label", "named"),
    [
        ([[0, 8, "threat"]], "spans"),
        ([5, 6], "ids of labels"),
        (5, "ids of labels"),
        ([{"label": 5}], "no labels"),
    ],
)
def test_spans_and_ids_in_the_place_of_labels_are_refused(label, named, refused):
    message = refused("doccano", [LABELLED, record(label=label)])
    assert "record 2: 'label' has " in message and named in message


def test_files_without_any_label_are_refused(refused):
    assert 'no "label" holds a label; there are id, text, label' in refused("doccano", [record(label=[])])
    assert "entities (spans" in refused("doccano", [record(label=[], entities=[{"id": 1}])])
    assert "there are id, text;" in refused("doccano", [record()])
    assert 'has no "text"' in refused("doccano", [{"id": 1, "label": ["x"]}])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("id,text,labl\n1,One.,threat\n", 'no row has a "label"; there are id, text, labl'),
        ('id,text,label\n1,One.,"[[0, 3, ""threat""]]"\n', "which is JSON"),
        ('id,text,label\n1,One.,"{""choices"": [""threat""]}"\n', "which is JSON"),
        ("id,text,label\n1,One.,\n", 'no "label" holds a label'),
    ],
)
def test_csv_without_labels_or_with_json_inside_is_refused(content, named, tmp_path, refused):
    (tmp_path / "in.csv").write_text(content)
    assert named in refused("doccano", tmp_path / "in.csv")


def test_csv_keeps_cells_as_they_stand_and_doubts_numbers(tmp_path, imported):
    (tmp_path / "in.csv").write_text("id,text,day,code,version,note,label\n007,One.,2024-05-01,1e5,1.50,NaN,3\n")
    found = imported("doccano", tmp_path / "in.csv")
    carried = {"id": "007", "day": "2024-05-01", "code": "1e5", "version": "1.50", "note": "NaN"}
    assert found.rows == [{"text": "One.", **carried, "labels": ["3"]}]
    assert "every label is a number" in found.notes[0]


def test_texts_labelled_after_the_export_are_decided_and_the_others_stay_as_they_were(tmp_path):
    rows = [{"text": f"{n}."} | more for n, more in enumerate([{}, {"labels": None}] * 2)]
    rows.append({"text": "last", "labels": ["threat"], "undecided": ["denial"]})
    export_file(str(write_jsonl(tmp_path / "in.jsonl", rows)), "doccano", tmp_path / "out.jsonl", print)
    records = lines(tmp_path / "out.jsonl")
    for number in (0, 1, 4):
        records[number]["label"] = ["denial"]
    records[2]["is_confirmed"] = False
    records[3]["is_confirmed"] = True
    import_file(str(write_jsonl(tmp_path / "done.jsonl", records)), "doccano", None, tmp_path / "back.jsonl", print)
    back = lines(tmp_path / "back.jsonl")
    assert back == [
        {"text": "0.", "labels": ["denial"]},
        {"text": "1.", "labels": ["denial"]},
        {**rows[2], "is_confirmed": False},
        {"text": "3.", "labels": [], "is_confirmed": True},
        {"text": "last", "labels": ["denial"]},
    ]


def test_labels_that_doccano_csv_would_cut_in_two_are_refused(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [{"text": "a", "labels": ["C#"]}])
    with pytest.raises(InputError, match="row 1"):
        export_file(str(source), "doccano", tmp_path / "out.csv", print)
    export_file(str(source), "doccano", tmp_path / "out.jsonl", print)


def test_formulas_are_defused_in_csv_and_come_back(tmp_path):
    rows = [{"id": "=1+1", "text": '=HYPERLINK("http://x")', "labels": ["threat"], "note": "@cmd"}]
    source = write_jsonl(tmp_path / "rows.jsonl", rows)
    export_file(str(source), "doccano", tmp_path / "out.csv", print)
    table = (tmp_path / "out.csv").read_text("utf-8")
    cells = [cell for line in csv.reader(io.StringIO(table)) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    import_file(str(tmp_path / "out.csv"), "doccano", None, tmp_path / "back.jsonl", print)
    assert [json.loads(line) for line in (tmp_path / "back.jsonl").read_text("utf-8").splitlines()] == rows
