import json

import pandas as pd
import pytest

from experiments.corpus.exchange import export_file, import_file
from tests.conftest import write_jsonl
from tests.experiments.corpus.exchange.conftest import lines

ENVOY = "The envoy called the leaked map a forgery."
RAIN = "Rain is due over the delta by evening."
PORTS = "Both ports will share one pilot service."
OPTIONS = [{"id": "denial", "text": "Denial"}, {"id": "threat", "text": "Threat"}]


def chosen(*accept, text=ENVOY, answer="accept", who=None, **more):
    record = {"text": text, "options": OPTIONS, "accept": list(accept), "answer": answer, **more}
    return record if who is None else {**record, "_annotator_id": who}


def asked(label, answer, text=ENVOY, **more):
    return {"text": text, "label": label, "answer": answer, **more}


def test_choices_of_several_annotators(imported):
    first, second = imported("prodigy", "prodigy_choice.jsonl").rows
    assert first["labels_frames-ana"] == ["denial"] and first["labels_frames-ben"] == ["denial", "threat"]
    assert first["labels"] is None
    assert (first["id"], first["group"]) == ("s1", "day-1")
    assert second["labels"] is None and second["labels_frames-ana"] is None and second["labels_frames-ben"] is None


def test_only_an_accepted_choice_decides(imported):
    records = [
        chosen("threat", text="A"),
        chosen(text="B"),
        chosen("threat", text="C", answer="reject"),
        chosen(text="D", answer="ignore"),
        {"text": "E", "options": OPTIONS},
        {"text": "F", "options": OPTIONS, "accept": ["threat"]},
        {"text": "G"},
    ]
    found = imported("prodigy", records)
    assert [row["labels"] for row in found.rows] == [["threat"], [], None, None, None, None, None]
    assert found.summary["undecided"] == {"skipped": 2, "unannotated": 3, "disputed": 0, "unadjudicated": 0}
    assert len(found.notes) == 1 and "refuses the question" in found.notes[0] and "record 3" in found.notes[0]


def test_binary_answers_of_one_text_are_one_row_that_names_what_nobody_was_asked(imported):
    found = imported("prodigy", "prodigy_binary.jsonl")
    assert found.rows == [
        {"text": ENVOY, "labels": ["denial"]},
        {"text": RAIN, "labels": [], "undecided": ["threat"]},
        {"text": PORTS, "labels": None},
    ]
    assert (found.summary["decided"], found.summary["partly_decided"]) == (1, 1)
    assert "1 row(s) have labels that nobody was asked about" in found.notes[0]
    assert "1 with some labels undecided, 1 undecided: 1 skipped" in found.text


def test_binary_answers_that_prodigy_scored_are_still_one_row(imported):
    records = [
        asked("denial", "accept", meta={"id": "s1", "score": 0.7}),
        asked("threat", "reject", meta={"id": "s1", "score": 0.4, "pattern": 3}),
        asked("threat", "accept", meta={"id": "s2", "score": 0.4}),
    ]
    assert imported("prodigy", records).rows == [
        {"text": ENVOY, "id": "s1", "labels": ["denial"]},
        {"text": ENVOY, "id": "s2", "labels": ["threat"], "undecided": ["denial"]},
    ]


def test_binary_labels_about_which_sessions_differ_are_undecided_alone(imported):
    records = [
        asked("denial", "accept", _session_id="ana"),
        asked("denial", "accept", _session_id="ben"),
        asked("threat", "accept", _session_id="ana"),
        asked("threat", "reject", _session_id="ben"),
        asked("denial", "accept", text=RAIN, _session_id="ana"),
        asked("threat", "reject", text=RAIN, _session_id="ben"),
        asked("denial", "accept", text=PORTS, _session_id="ana"),
        asked("denial", "reject", text=PORTS, _session_id="ben"),
    ]
    first, second, third = imported("prodigy", records).rows
    assert first["labels"] is None and first["labels_ana"] == ["denial", "threat"] and first["labels_ben"] == ["denial"]
    assert second == {"text": RAIN, "labels": ["denial"], "labels_ana": None, "labels_ben": None}
    assert third["labels"] is None and third["labels_ana"] is None
    assert imported("prodigy", records).summary["undecided"]["disputed"] == 2
    partial = imported("prodigy", [*records[:4], asked("calm", "reject", text=RAIN)]).rows[0]
    assert (partial["labels"], partial["undecided"]) == (["denial"], ["calm", "threat"])


def test_labels_that_the_options_of_a_record_did_not_offer_are_undecided(imported):
    record = {**chosen("threat", text=RAIN), "options": OPTIONS[1:]}
    assert imported("prodigy", [chosen("denial"), record]).rows[1] == {
        "text": RAIN,
        "labels": ["threat"],
        "undecided": ["denial"],
    }


@pytest.mark.parametrize("who", [None, "ana"])
@pytest.mark.parametrize("passed", ["ignore", "reject"])
def test_an_answer_stands_against_an_ignored_or_refused_question(who, passed, imported):
    answers = [chosen("threat", who=who), chosen(answer=passed, who=who)]
    for records in (answers, answers[::-1]):
        found = imported("prodigy", records)
        assert found.rows[0]["labels"] == ["threat"]
        assert any("the annotation stands" in note for note in found.notes)


def test_the_later_of_two_answers_of_one_person_stands_and_a_note_says_so(imported):
    found = imported("prodigy", [chosen("threat", who="ana"), chosen("denial", who="ana")])
    assert found.rows == [{"text": ENVOY, "labels": ["denial"], "labels_ana": ["denial"]}]
    assert "twice" in found.notes[0] and "record 2, ana" in found.notes[0]
    found = imported("prodigy", [chosen("threat", _timestamp=20), chosen("denial", _timestamp=10)])
    assert found.rows[0]["labels"] == ["threat"] and "record 1" in found.notes[0]
    found = imported("prodigy", [asked("threat", "accept"), asked("threat", "reject")])
    assert found.rows[0]["labels"] == [] and "twice" in found.notes[0]
    assert not imported("prodigy", [chosen("threat"), chosen("threat")]).notes
    assert not imported("prodigy", [chosen("threat", who="ana"), chosen("threat", who="ben")]).notes


def test_numbers_of_options_stand_for_their_texts(imported, refused):
    options = [{"id": 1, "text": "threat"}, {"id": 2, "text": "denial"}]
    record = {"text": ENVOY, "options": options, "accept": [2.0, "1"], "answer": "accept"}
    assert imported("prodigy", [record]).rows[0]["labels"] == ["denial", "threat"]
    del record["options"]
    assert 'no "options" say what it stands for' in refused("prodigy", [record])


@pytest.mark.parametrize(
    ("records", "named"),
    [
        ([{"text": "a", "answer": "accept"}], "record 1: has text, answer"),
        ([{"text": "a", "answer": "accept"}, {"image": "b.jpg"}], 'record 2: has no "text", it has image'),
        ([{"text": "a", "cats": {"threat": 1.0}, "answer": "accept"}], "has text, cats, answer"),
        ([chosen("x")], "'x', which is none of its options denial, threat"),
        ([chosen(answer="maybe")], "'maybe'"),
        ([{"text": "a", "answer": "accept", "accept": "x"}], "must be lists"),
        ([{"text": "a", "answer": "accept", "spans": [{"start": 0, "end": 1, "label": "X"}]}], "spans"),
        ([{"text": "a", "spans": []}], "spans"),
        ([asked(5, "accept")], "it must be text"),
        ([asked("threat", "ignore"), {"text": "b"}], "no record is answered (1 skipped, 1 unannotated; they have text"),
        ([{"text": "a", "accept": [], "answer": "accept"}], 'no record has "options", a "label"'),
        ([{"text": "a", "meta": 5}], '"meta" must be an object'),
    ],
)
def test_records_without_labels_of_the_text_are_named(records, named, refused):
    assert named in refused("prodigy", records)


def test_empty_exports_tables_and_lines_of_something_else_are_refused(tmp_path, refused):
    for name, content, fault in (
        ("a.jsonl", "", "empty"),
        ("b.jsonl", '{"text": "A"}\n["x"]\n', "line 2: must be an object"),
        ("c.csv", "text,accept\nA,threat\n", "prodigy db-out"),
    ):
        (tmp_path / name).write_text(content)
        assert fault in refused("prodigy", tmp_path / name)


def test_half_characters_become_the_replacement_character(tmp_path, imported):
    (tmp_path / "broken.jsonl").write_text(json.dumps(chosen("threat", text="Cut \udc00 short", note="\ud83d")) + "\n")
    (row,) = imported("prodigy", tmp_path / "broken.jsonl").rows
    assert (row["text"], row["note"]) == ("Cut \ufffd short", "\ufffd")


def test_tables_can_be_exported(tmp_path):
    table = pd.DataFrame(
        [
            {"id": "r1", "text": ENVOY, "labels": "denial;threat"},
            {"id": "r2", "text": RAIN, "labels": ""},
            {"id": "r3", "text": PORTS, "labels": "['denial']"},
        ]
    )
    table.to_csv(tmp_path / "in.csv", index=False)
    export_file(str(tmp_path / "in.csv"), "prodigy", tmp_path / "out.jsonl", print)
    records = lines(tmp_path / "out.jsonl")
    assert [record["accept"] for record in records] == [["denial", "threat"], [], ["denial"]]
    assert [option["id"] for option in records[0]["options"]] == ["denial", "threat"]


def test_an_empty_cell_is_no_label_where_labels_are_decided_and_not_seen_where_annotators_give_them(tmp_path):
    cells = "text,labels,labels_ana,labels_ben,labels_cy\nOne.,,,-,threat\nTwo.,NA,NA,[],denial;threat\n"
    (tmp_path / "in.csv").write_text(cells)
    summary = export_file(str(tmp_path / "in.csv"), "prodigy", tmp_path / "out.jsonl", print)
    answers = [(record.get("_annotator_id"), record["accept"]) for record in lines(tmp_path / "out.jsonl")]
    assert answers == [
        (None, []),
        ("ben", []),
        ("cy", ["threat"]),
        (None, []),
        ("ben", []),
        ("cy", ["denial", "threat"]),
    ]
    assert summary["decided"] == 2 and summary["labels"] == ["denial", "threat"]


def test_partly_decided_rows_go_out_unanswered_and_offer_their_undecided_labels(tmp_path):
    rows = [{"text": ENVOY, "labels": ["threat"], "undecided": ["denial"]}, {"text": RAIN, "labels": None}]
    export_file(str(write_jsonl(tmp_path / "in.jsonl", rows)), "prodigy", tmp_path / "out.jsonl", print)
    records = lines(tmp_path / "out.jsonl")
    assert not any("answer" in record for record in records)
    assert [option["id"] for option in records[0]["options"]] == ["denial", "threat"]
    answered = [{**record, "accept": ["denial"], "answer": "accept"} for record in records]
    import_file(str(write_jsonl(tmp_path / "done.jsonl", answered)), "prodigy", None, tmp_path / "back.jsonl", print)
    assert lines(tmp_path / "back.jsonl") == [
        {"text": ENVOY, "labels": ["denial"]},
        {"text": RAIN, "labels": ["denial"]},
    ]
