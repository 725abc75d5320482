import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest

from experiments.corpus.exchange import TOOLS, export_file, import_file
from experiments.errors import InputError
from tests.conftest import write_jsonl

SAMPLES = Path(__file__).parent / "exchange_samples"
ENVOY, RAIN, PORTS = (
    "The envoy called the leaked map a forgery.",
    "Rain is due over the delta by evening.",
    "Both ports will share one pilot service.",
)

HARD_ROWS = [
    {
        "id": "r1",
        "text": ENVOY,
        "labels": ["denial", "threat"],
        "group": "g1",
        "year": 2019,
        "actors": ["envoy", "press"],
    },
    {"id": "r2", "text": RAIN, "labels": [], "group": "g1", "score": 0.5, "checked": True, "note": None, "empty": ""},
    {
        "id": "r3",
        "text": 'A "quoted", comma-rich line\nand a second one: #1',
        "group": "1998",
        "number": "007",
        "t": "true",
    },
    {
        "id": "r4",
        "text": PORTS,
        "labels_a": ["threat", "denial"],
        "labels_b": [],
        "labels_c": None,
        "labels": ["threat"],
    },
    {"id": "r5", "text": PORTS, "labels_a": "denial;threat", "labels_b": "denial", "labels": None},
    {"id": "r6", "text": ENVOY, "annotators": {"ana@example.org": ["denial"], "7": [], "ben": None, "cy d": []}},
    {
        "id": "r7",
        "text": RAIN,
        "label": "against",
        "target": "the levy",
        "meta": {"source": {"page": 3}},
        "data": "old",
    },
    {"id": "r8", "text": RAIN, "labels": ["threat"], "label": "kept", "scores": {"threat": 0.9, "denial": 0.1}},
    {
        "id": "r9",
        "text": RAIN,
        "labels": ["a b", "č"],
        "labels_a": ["x"],
        "annotators": {"a": ["y"]},
        "nested": [{"k": 1}],
    },
    {"id": "r9", "text": RAIN, "labels": ["threat"]},
]


def lines(path):
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def imported(tool, name, tmp_path, control=None):
    import_file(str(SAMPLES / name), tool, control, tmp_path / "rows.jsonl", print)
    return lines(tmp_path / "rows.jsonl")


@pytest.mark.parametrize(
    ("tool", "ending"),
    [("label-studio", "json"), ("prodigy", "jsonl"), ("doccano", "jsonl"), ("doccano", "csv")],
)
def test_rows_come_back_from_every_tool_as_they_were(tool, ending, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", HARD_ROWS)
    export_file(str(source), tool, tmp_path / f"out.{ending}", print)
    import_file(str(tmp_path / f"out.{ending}"), tool, None, tmp_path / "back.jsonl", print)
    assert lines(tmp_path / "back.jsonl") == HARD_ROWS


def test_tables_can_be_exported_too(tmp_path):
    pd.DataFrame([{"id": "r1", "text": ENVOY, "labels": "denial;threat"}]).to_csv(tmp_path / "in.csv", index=False)
    export_file(str(tmp_path / "in.csv"), "prodigy", tmp_path / "out.jsonl", print)
    (record,) = lines(tmp_path / "out.jsonl")
    assert record["accept"] == ["denial", "threat"]
    assert [option["id"] for option in record["options"]] == ["denial", "threat"]


def test_label_studio_annotators_become_columns_and_agreement_becomes_labels(tmp_path):
    rows = imported("label-studio", "label_studio.json", tmp_path)
    assert rows == [
        {
            "id": "41",
            "text": ENVOY,
            "group": "day-1",
            "year": 2019,
            "labels_ana@example.org": ["denial"],
            "labels_9": ["denial", "threat"],
        },
        {"id": "42", "text": RAIN, "labels": [], "labels_ana@example.org": [], "labels_9": None},
        {"id": "43", "text": PORTS},
    ]


def test_label_studio_min_joins_the_annotations_of_a_task(tmp_path):
    rows = imported("label-studio", "label_studio_min.json", tmp_path)
    assert [row["id"] for row in rows] == ["41", "42"]
    assert rows[0]["labels_7"] == ["denial"] and rows[0]["labels_9"] == ["denial", "threat"]
    assert rows[1]["labels"] == []
    assert "lead_time" not in rows[0]


def test_label_studio_tasks_hold_what_its_import_asks_for(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", HARD_ROWS)
    export_file(str(source), "label-studio", tmp_path / "out.json", print)
    tasks = json.loads((tmp_path / "out.json").read_text("utf-8"))
    final = tasks[0]["annotations"][0]
    assert final["ground_truth"] is True
    assert final["result"][0]["value"]["choices"] == ["denial", "threat"]
    by = [annotation.get("completed_by") for annotation in tasks[5]["annotations"]]
    assert by == [{"email": "ana@example.org"}, 7, None]
    (prediction,) = tasks[7]["predictions"]
    assert prediction["score"] == 0.9
    assert prediction["result"][0]["value"]["choices"] == ["threat"]


def test_label_studio_annotations_made_after_the_export_get_their_own_columns(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", HARD_ROWS[:1])
    export_file(str(source), "label-studio", tmp_path / "out.json", print)
    tasks = json.loads((tmp_path / "out.json").read_text("utf-8"))
    tasks[0]["annotations"][0]["completed_by"] = 1  # whoever imported it
    result = [{"from_name": "labels", "type": "choices", "value": {"choices": ["threat"]}}]
    tasks[0]["annotations"].append({"completed_by": 2, "result": result})
    (tmp_path / "out.json").write_text(json.dumps(tasks), "utf-8")
    import_file(str(tmp_path / "out.json"), "label-studio", None, tmp_path / "back.jsonl", print)
    assert lines(tmp_path / "back.jsonl") == [{**HARD_ROWS[0], "labels_2": ["threat"]}]


def test_prodigy_choices_reject_and_ignore(tmp_path):
    first, second = imported("prodigy", "prodigy_choice.jsonl", tmp_path)
    assert first["labels_frames-ana"] == ["denial"] and first["labels_frames-ben"] == ["denial", "threat"]
    assert "labels" not in first
    assert (first["id"], first["group"]) == ("s1", "day-1")
    assert second["labels_frames-ana"] == [] and second["labels_frames-ben"] is None
    assert second["labels"] == []


def test_prodigy_binary_answers_of_one_text_are_one_row(tmp_path):
    assert imported("prodigy", "prodigy_binary.jsonl", tmp_path) == [
        {"text": ENVOY, "labels": ["denial"]},
        {"text": RAIN, "labels": []},
        {"text": PORTS},
    ]


@pytest.mark.parametrize("name", ["doccano.jsonl", "doccano.csv"])
def test_doccano_lists_and_joined_labels(name, tmp_path):
    first, second = imported("doccano", name, tmp_path)
    assert first["labels"] == ["denial", "threat"] and second["labels"] == []
    assert (first["id"], first["text"], first["group"]) == (1, ENVOY, "day-1")


SPAN = {"from_name": "s", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["X"]}}
TWO = [{"from_name": name, "type": "choices", "value": {"choices": ["x"]}} for name in ("frame", "quality")]
MALFORMED = [
    ("label-studio", [{"data": {"image": "a.jpg"}, "annotations": []}], "task 1"),
    ("label-studio", [{"data": {"text": "a"}, "annotations": [{"completed_by": 1}]}], "task 1: annotation 1"),
    ("label-studio", [{"data": {"text": "a"}, "annotations": [{"result": [SPAN]}]}], "type 'labels'"),
    ("label-studio", [{"data": {"text": "a"}, "annotations": [{"result": TWO}]}], "frame, quality"),
    ("label-studio", [{"data": {"text": "a"}, "annotations": {"result": []}}], "must be a list"),
    ("label-studio", [{"text": "a", "sentiment": "x"}], "annotation_id"),
    ("label-studio", [{"data": {"text": "a", "framescope": 3}}], "framescope"),
    ("prodigy", [{"text": "a", "answer": "accept"}, {"image": "b.jpg"}], "record 2"),
    ("prodigy", [{"text": "a", "answer": "maybe", "accept": []}], "'maybe'"),
    ("prodigy", [{"text": "a", "answer": "accept", "accept": "x"}], "must be lists"),
    ("prodigy", [{"text": "a", "answer": "accept", "spans": [{"start": 0, "end": 1, "label": "X"}]}], "spans"),
    ("doccano", [{"id": 1, "text": "a", "label": [[0, 5, "LOC"]]}], "whole texts"),
    ("doccano", [{"id": 1, "label": ["x"]}], "record 1"),
]


@pytest.mark.parametrize(("tool", "records", "named"), MALFORMED)
def test_malformed_records_are_named_in_one_line(tool, records, named, tmp_path):
    write_jsonl(tmp_path / "in.jsonl", records)
    with pytest.raises(InputError) as caught:
        import_file(str(tmp_path / "in.jsonl"), tool, None, tmp_path / "out.jsonl", print)
    assert named in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_control_names_the_choices_that_are_labels(tmp_path):
    write_jsonl(tmp_path / "in.jsonl", [{"data": {"text": "a"}, "annotations": [{"result": TWO, "completed_by": 1}]}])
    import_file(str(tmp_path / "in.jsonl"), "label-studio", "frame", tmp_path / "out.jsonl", print)
    assert lines(tmp_path / "out.jsonl") == [{"text": "a", "labels": ["x"], "labels_1": ["x"]}]


def test_labels_that_doccano_csv_would_cut_in_two_are_refused(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [{"text": "a", "labels": ["C#"]}])
    with pytest.raises(InputError, match="row 1"):
        export_file(str(source), "doccano", tmp_path / "out.csv", print)
    export_file(str(source), "doccano", tmp_path / "out.jsonl", print)


def test_rows_without_text_endings_and_tools_that_do_not_fit_are_refused(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [{"labels": ["x"]}])
    for tool in TOOLS:
        with pytest.raises(InputError, match="row 1"):
            export_file(str(source), tool, tmp_path / f"out{TOOLS[tool].endings[0]}", print)
    with pytest.raises(InputError, match="label-studio imports"):
        export_file(str(source), "label-studio", tmp_path / "out.csv", print)
    with pytest.raises(InputError, match="one of label-studio, prodigy, doccano"):
        export_file(str(source), "brat", tmp_path / "out.json", print)
    with pytest.raises(InputError, match="written as"):
        import_file(str(source), "prodigy", None, tmp_path / "out.csv", print)


def test_formulas_are_defused_in_csv_and_come_back(tmp_path):
    rows = [{"id": "=1+1", "text": '=HYPERLINK("http://x")', "labels": ["threat"], "note": "@cmd"}]
    source = write_jsonl(tmp_path / "rows.jsonl", rows)
    export_file(str(source), "doccano", tmp_path / "out.csv", print)
    table = (tmp_path / "out.csv").read_text("utf-8")
    cells = [cell for line in csv.reader(io.StringIO(table)) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    import_file(str(tmp_path / "out.csv"), "doccano", None, tmp_path / "back.jsonl", print)
    assert [json.loads(line) for line in (tmp_path / "back.jsonl").read_text("utf-8").splitlines()] == rows
