import pytest

from experiments.corpus.exchange import TOOLS, export_file, import_file
from experiments.errors import InputError
from tests.conftest import write_jsonl
from tests.experiments.corpus.exchange.conftest import lines

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
    {"id": "r10", "text": PORTS, "labels": None},
    {"id": "r11", "text": PORTS, "labels": ["threat"], "undecided": ["cooperation", "denial"]},
    {"id": "r12", "text": PORTS, "labels": [], "undecided": ["denial"], "labels_a": None, "labels_b": ["x"]},
    {"id": "r13", "text": PORTS, "label": "threat", "undecided": "denial"},
    {"id": "r14", "text": PORTS, "labels": None, "undecided": ["denial"], "labels_a": ["x"], "labels_b": ["x"]},
    {"id": "r15", "text": PORTS, "labels": "", "labels_a": "", "labels_b": "-", "undecided": []},
]

FORMS = [("label-studio", "json"), ("prodigy", "jsonl"), ("doccano", "jsonl"), ("doccano", "csv")]
CHOICE = {"from_name": "frame", "to_name": "text", "type": "choices", "value": {"choices": ["threat"]}}


@pytest.mark.parametrize(("tool", "ending"), FORMS)
def test_rows_come_back_from_every_tool_as_they_were(tool, ending, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", HARD_ROWS)
    export_file(str(source), tool, tmp_path / f"out.{ending}", print)
    import_file(str(tmp_path / f"out.{ending}"), tool, None, tmp_path / "back.jsonl", print)
    assert lines(tmp_path / "back.jsonl") == HARD_ROWS


@pytest.mark.parametrize(("tool", "ending"), FORMS)
@pytest.mark.parametrize(
    "rows",
    [
        [{"text": RAIN}],
        [{"text": RAIN, "labels": None}, {"text": PORTS, "labels": None}],
        [{"text": RAIN, "labels": []}],
        [{"text": RAIN, "labels": [], "undecided": ["denial"]}],
    ],
)
def test_files_in_which_no_row_has_a_label_come_back_too(rows, tool, ending, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", rows)
    export_file(str(source), tool, tmp_path / f"out.{ending}", print)
    import_file(str(tmp_path / f"out.{ending}"), tool, None, tmp_path / "back.jsonl", print)
    assert lines(tmp_path / "back.jsonl") == rows


@pytest.mark.parametrize(
    ("first", "records"),
    [
        (
            "label-studio",
            [
                {"data": {"text": RAIN}, "annotations": [{"completed_by": 1, "was_cancelled": True}]},
                {"data": {"text": PORTS}, "annotations": [{"completed_by": 1, "result": [CHOICE]}]},
                {"data": {"text": ENVOY}, "annotations": []},
            ],
        ),
        (
            "prodigy",
            [
                {"text": RAIN, "label": "threat", "answer": "ignore"},
                {"text": PORTS, "label": "threat", "answer": "accept"},
                {"text": ENVOY, "label": "denial", "answer": "reject"},
            ],
        ),
    ],
)
@pytest.mark.parametrize(("tool", "ending"), FORMS)
def test_what_one_tool_left_undecided_stays_so_through_every_other(tool, ending, first, records, imported, tmp_path):
    rows = imported(first, records).rows
    assert sum(row["labels"] is None for row in rows) + sum("undecided" in row for row in rows) > 1
    export_file(str(tmp_path / "rows.jsonl"), tool, tmp_path / f"out.{ending}", print)
    import_file(str(tmp_path / f"out.{ending}"), tool, None, tmp_path / "back.jsonl", print)
    assert lines(tmp_path / "back.jsonl") == rows


def test_exports_count_what_is_undecided_by_kind(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", HARD_ROWS)
    summary = export_file(str(source), "prodigy", tmp_path / "out.jsonl", print)
    assert summary["rows"] == len(HARD_ROWS) == 16
    assert (summary["decided"], summary["partly_decided"]) == (8, 3)
    assert summary["undecided"] == {"skipped": 0, "unannotated": 2, "disputed": 2, "unadjudicated": 1}


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
