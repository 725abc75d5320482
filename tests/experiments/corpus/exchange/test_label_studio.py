import json

import pytest

from experiments.corpus.exchange import export_file, import_file
from tests.experiments.corpus.exchange.conftest import lines

ENVOY = "The envoy called the leaked map a forgery."
RAIN = "Rain is due over the delta by evening."


def choice(*labels, control="frame", **value):
    return {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(labels), **value}}


def by(who, *results, **more):
    return {"completed_by": who, "result": list(results), **more}


def task(*annotations, text=ENVOY, **more):
    return {"data": {"text": text}, "annotations": list(annotations), **more}


OTHERS = [
    {"from_name": "comment", "to_name": "text", "type": "textarea", "value": {"text": ["unsure"]}},
    {"from_name": "sure", "to_name": "text", "type": "rating", "value": {"rating": 3}},
]
SPAN = {"from_name": "span", "to_name": "text", "type": "labels", "value": {"start": 0, "end": 3, "labels": ["X"]}}
TAXONOMY = {"from_name": "topic", "to_name": "text", "type": "taxonomy", "value": {"taxonomy": [["a", "b"]]}}
SKIP = {"completed_by": 1, "was_cancelled": True, "result": []}
DECIDED = task(by(1, choice("threat")))


def test_annotators_become_columns_and_agreement_becomes_labels(imported):
    assert imported("label-studio", "label_studio.json").rows == [
        {
            "id": "41",
            "text": ENVOY,
            "group": "day-1",
            "year": 2019,
            "labels": None,
            "labels_ana@example.org": ["denial"],
            "labels_9": ["denial", "threat"],
        },
        {"id": "42", "text": RAIN, "labels": [], "labels_ana@example.org": [], "labels_9": None},
        {"id": "43", "text": "Both ports will share one pilot service.", "labels": None},
    ]


def test_what_nobody_decided_is_null_and_counted_by_kind(imported):
    found = imported(
        "label-studio",
        [
            DECIDED,
            task(by(1), by(2)),
            task(SKIP),
            task(SKIP, {**SKIP, "completed_by": 2}),
            task(),
            task(cancelled_annotations=1),
            task(by(1, choice("threat")), by(2, choice("denial"))),
            task(by(1, choice("threat")), by(2)),
        ],
    )
    assert [row["labels"] for row in found.rows] == [["threat"], [], None, None, None, None, None, None]
    assert (found.summary["rows"], found.summary["decided"]) == (8, 2)
    assert found.summary["undecided"] == {"skipped": 3, "unannotated": 1, "disputed": 2, "unadjudicated": 0}
    assert (
        "8 rows, 2 with decided labels (denial, threat), 6 undecided: 3 skipped, 1 unannotated, 2 disputed"
        in found.text
    )


def test_a_column_of_the_data_called_labels_is_not_taken_for_a_decision(imported):
    data = {"text": ENVOY, "labels": ["denial"], "undecided": "x"}
    rows = imported("label-studio", [{"data": data, "annotations": []}, DECIDED]).rows
    assert rows[0] == {"text": ENVOY, "data_labels": ["denial"], "data_undecided": "x", "labels": None}


@pytest.mark.parametrize(
    "annotations",
    [
        [by(1, choice("threat")), SKIP],
        [SKIP, by(1, choice("threat"))],
        [by(1, choice("threat"), was_cancelled=False), by(1, choice("denial"), was_cancelled=True)],
    ],
)
def test_a_submitted_annotation_stands_against_a_skip_of_the_same_person(annotations, imported):
    found = imported("label-studio", [task(*annotations)])
    assert found.rows == [{"text": ENVOY, "labels": ["threat"], "labels_1": ["threat"]}]
    assert len(found.notes) == 1 and "skipped" in found.notes[0] and "task 1, 1" in found.notes[0]


def test_the_later_of_two_annotations_by_one_person_stands_and_a_note_says_so(imported):
    early, late = {"created_at": "2024-03-09T10:00:00Z"}, {"created_at": "2024-03-09T11:00:00Z"}
    tasks = [
        task(by(1, choice("threat")), by(1, choice("denial"))),
        task(by(1, choice("threat"), **late), by(1, choice("denial"), **early)),
        task(by(1, choice("threat"), **late), by(1, choice("denial"), **early, updated_at="2024-03-09T12:00:00Z")),
        task(by(1, choice("threat")), by(1, choice("threat"))),
    ]
    found = imported("label-studio", tasks)
    assert [row["labels"] for row in found.rows] == [["denial"], ["threat"], ["denial"], ["threat"]]
    assert len(found.notes) == 1 and "twice" in found.notes[0]
    assert "(3; the first in task 1, 1)" in found.notes[0]


def test_one_person_is_one_however_the_export_names_them(imported):
    ana = {"id": 7, "email": "ana@example.org"}
    tasks = [task(by(7, choice("threat"))), task(by(7.0, choice("threat")), by(ana, choice("denial")))]
    found = imported("label-studio", tasks)
    assert found.summary["annotators"] == ["ana@example.org"]
    assert found.rows[1]["labels"] == ["denial"]
    nameless = [{"result": [choice("threat")]}, {"result": [choice("denial")], "completed_by": None}]
    assert imported("label-studio", [task(*nameless)]).rows[0]["labels"] is None


def test_ground_truth_decides_unless_two_differ(imported):
    truth = by(2, choice("denial"), ground_truth=True)
    assert imported("label-studio", [task(by(1, choice("threat")), truth)]).rows[0]["labels"] == ["denial"]
    found = imported("label-studio", [task(by(1, choice("threat"), ground_truth=True), truth)])
    assert found.rows[0]["labels"] is None and "ground truth" in found.notes[0]


def test_the_only_control_of_choices_is_the_labels_and_a_note_names_the_others(imported):
    found = imported("label-studio", [task(by(1, choice("threat"), *OTHERS)), task(by(1, OTHERS[0]), text=RAIN)])
    assert [row["labels"] for row in found.rows] == [["threat"], []]
    assert "comment (textarea)" in found.notes[0]
    assert imported("label-studio", [task(by(1, choice("threat"), SPAN))], "frame").rows[0]["labels"] == ["threat"]


def test_a_control_that_is_not_there_is_refused_with_those_that_are(refused):
    message = refused("label-studio", [task(by(1, choice("threat"), *OTHERS))], "Frame")
    assert "no control 'Frame'; there are frame (choices), comment (textarea), sure (rating)" in message
    assert "no annotation has a result" in refused("label-studio", [task(by(1))], "frame")


def test_several_controls_of_choices_need_control_even_in_different_tasks(imported, refused):
    tasks = [task(by(1, choice("threat"))), task(by(1, choice("good", control="quality")))]
    assert "frame (choices), quality (choices); say which holds the labels with --control" in refused(
        "label-studio", tasks
    )
    assert [row["labels"] for row in imported("label-studio", tasks, "frame").rows] == [["threat"], []]


@pytest.mark.parametrize(
    ("result", "named"),
    [
        (SPAN, "type 'labels' (control span)"),
        (TAXONOMY, "type 'taxonomy' (control topic)"),
        (choice("threat", start=0, end=9, text="The envoy"), "region of the text on characters 0-9"),
        (choice("threat", startOffset=0, endOffset=9), "region of the text"),
        ({**choice("threat"), "item_index": 0}, "region of the text"),
        (choice(5), "the choice 5"),
    ],
)
def test_results_that_are_no_label_of_the_text_are_refused(result, named, refused):
    message = refused("label-studio", [task(by(1, result))])
    assert named in message and "annotation 1" in message


def test_files_without_any_label_are_refused_with_what_they_hold(refused):
    predicted = task(predictions=[{"model_version": "one", "result": [choice("threat")]}])
    assert "predictions in 1 task(s), which are a model's and not read" in refused("label-studio", [predicted])
    assert "1 annotation(s) without a choice, 1 skipped" in refused("label-studio", [task(by(1)), task(SKIP)])


def test_tasks_with_predictions_alone_stay_undecided_and_a_note_says_so(imported):
    found = imported("label-studio", [DECIDED, task(predictions=[{"result": [choice("threat")]}])])
    assert found.rows[1]["labels"] is None
    assert "1 task(s) have predictions and no annotation" in found.notes[0]


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_tables_are_refused_because_their_cells_do_not_say_enough(ending, tmp_path, refused):
    (tmp_path / f"project.{ending}").write_text('text,id,frame\nOne.,1,"{""choices"": [""threat"", ""denial""]}"\n')
    assert "export as JSON" in refused("label-studio", tmp_path / f"project.{ending}")


def test_empty_projects_and_lists_of_something_else_are_refused(tmp_path, refused):
    for content, named in (("[]", "holds no rows"), ('["One.", "Two."]', "row 1: must be an object")):
        (tmp_path / "project.json").write_text(content)
        assert named in refused("label-studio", tmp_path / "project.json")


@pytest.mark.parametrize(
    ("records", "named"),
    [
        (
            [{"data": {"image": "a.jpg", "lang": "en"}, "annotations": []}],
            'task 1: its "data" has no "text", it has image',
        ),
        ([{"data": {"text": "a"}, "annotations": [{"completed_by": 1}]}], "task 1: annotation 1"),
        ([{"data": {"text": "a"}, "annotations": [11, 12]}], "must be a list of objects, not [11, 12]"),
        ([DECIDED, {"id": 2, "text": "b"}], 'task 2: has no "data", it has id, text'),
        ([{"text": "a", "sentiment": "x"}], "they have text, sentiment"),
        ([{"data": {"text": "a", "framescope": 3}}], "framescope"),
    ],
)
def test_malformed_tasks_are_named(records, named, refused):
    assert named in refused("label-studio", records)


def test_half_characters_become_the_replacement_character(tmp_path, imported):
    tasks = json.dumps([task(by(1, choice("threat")), text="Broken \ud83d end")])
    (tmp_path / "project.json").write_text(tasks)
    assert imported("label-studio", tmp_path / "project.json").rows[0]["text"] == "Broken \ufffd end"


def flat(number=1, annotator=7, **keys):
    return {"text": f"Sentence {number}.", "id": number, **keys, "annotator": annotator, "annotation_id": 100 + number}


def test_min_joins_the_annotations_of_a_task(imported):
    rows = imported("label-studio", "label_studio_min.json").rows
    assert [row["id"] for row in rows] == ["41", "42"]
    assert rows[0]["labels_7"] == ["denial"] and rows[0]["labels_9"] == ["denial", "threat"]
    assert [row["labels"] for row in rows] == [None, []]
    assert "lead_time" not in rows[0]


def test_min_control_that_is_not_there_is_refused_with_the_keys_that_are(imported, refused):
    records = [flat(frame="threat", comment="unsure"), flat(2)]
    assert "no control 'Frame'; between the id and the annotator there are frame, comment" in refused(
        "label-studio", records, "Frame"
    )
    assert "--control" in refused("label-studio", records)
    assert [row["labels"] for row in imported("label-studio", records, "frame").rows] == [["threat"], []]


def test_min_two_controls_of_choices_are_not_guessed_between(refused):
    records = [flat(frame={"choices": ["threat", "denial"]}, quality="good")]
    assert "can't tell which key holds the labels (frame, quality)" in refused("label-studio", records)


def test_min_ratings_beside_one_control_of_choices_leave_one_reading(imported):
    assert imported("label-studio", [flat(frame="threat"), flat(2, frame="")]).rows[1]["labels"] == []
    assert imported("label-studio", [flat(frame="threat", sure=[{"rating": 3}])]).rows[0]["labels"] == ["threat"]


REGION = {"start": 0, "end": 8, "text": "Sentence"}


@pytest.mark.parametrize(
    ("keys", "control", "named"),
    [
        ({"frame": [{**REGION, "choices": ["threat"]}]}, None, "characters 0-8"),
        ({"span": [{**REGION, "labels": ["X"]}]}, None, "span hold regions of the text"),
        (
            {"span": [{**REGION, "labels": ["X"]}], "frame": "threat"},
            None,
            "doesn't say whether the choices of 'frame'",
        ),
        ({"span": [{**REGION, "labels": ["X"]}], "frame": ["threat", "denial"]}, "frame", "regions in span"),
        ({"topic": [{"taxonomy": [["a", "b"]]}]}, None, "no key holds choices"),
        ({"topic": [{"taxonomy": [["a", "b"]]}]}, "topic", "only choices are labels"),
        ({}, None, "no key holds choices"),
    ],
)
def test_min_regions_and_other_values_are_refused(keys, control, named, refused):
    assert named in refused("label-studio", [flat(**keys)], control)


def test_min_later_annotations_by_one_person_and_tasks_that_nobody_saw(imported):
    records = [flat(frame="threat"), flat(frame="denial"), flat(2, None, frame=None) | {"annotation_id": None}]
    found = imported("label-studio", records)
    assert [row["labels"] for row in found.rows] == [["denial"], None]
    assert "twice" in found.notes[0] and found.summary["undecided"]["unannotated"] == 1


def exported(tmp_path, rows):
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    export_file(str(tmp_path / "mine.jsonl"), "label-studio", tmp_path / "tasks.json", print)
    return json.loads((tmp_path / "tasks.json").read_text("utf-8"))


def back(tmp_path, tasks):
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    import_file(str(tmp_path / "tasks.json"), "label-studio", None, tmp_path / "back.jsonl", print)
    return lines(tmp_path / "back.jsonl")


def test_tasks_hold_what_the_import_asks_for(tmp_path):
    rows = [
        {"text": ENVOY, "labels": ["denial", "threat"]},
        {"text": ENVOY, "annotators": {"ana@example.org": ["denial"], "7": [], "ben": None, "cy d": []}},
        {"text": RAIN, "labels": ["threat"], "scores": {"threat": 0.9, "denial": 0.1}},
    ]
    tasks = exported(tmp_path, rows)
    final = tasks[0]["annotations"][0]
    assert final["ground_truth"] is True
    assert final["result"][0]["value"]["choices"] == ["denial", "threat"]
    names = [annotation.get("completed_by") for annotation in tasks[1]["annotations"]]
    assert names == [{"email": "ana@example.org"}, 7, None]
    (prediction,) = tasks[2]["predictions"]
    assert prediction["score"] == 0.9
    assert prediction["result"][0]["value"]["choices"] == ["threat"]


def test_annotations_made_after_the_export_get_their_own_columns(tmp_path):
    row = {"id": "r1", "text": ENVOY, "labels": ["denial", "threat"]}
    tasks = exported(tmp_path, [row])
    tasks[0]["annotations"][0]["completed_by"] = 1  # whoever imported it
    tasks[0]["annotations"].append(by(2, choice("threat", control="labels")))
    assert back(tmp_path, tasks) == [{**row, "labels_2": ["threat"]}]


@pytest.mark.parametrize(
    "row", [{"text": ENVOY}, {"text": ENVOY, "labels": None}, {"text": ENVOY, "labels": ["x"], "undecided": ["threat"]}]
)
def test_undecided_rows_go_out_unannotated_and_are_decided_by_who_agrees_afterwards(row, tmp_path):
    tasks = exported(tmp_path, [row])
    assert tasks[0]["annotations"] == []
    tasks[0]["annotations"] = [by(2, choice("threat", control="labels")), by(3, choice("threat", control="labels"))]
    decided = {"text": ENVOY, "labels": ["threat"], "labels_2": ["threat"], "labels_3": ["threat"]}
    assert back(tmp_path, tasks) == [decided]
    tasks[0]["annotations"][1] = by(3)
    (disputed,) = back(tmp_path, tasks)
    assert disputed == {**row, "labels": row.get("labels"), "labels_2": ["threat"], "labels_3": []}
