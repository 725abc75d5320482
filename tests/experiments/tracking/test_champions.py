from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.tracking import champions
from experiments.tracking.champions import cheaper, judge, pair

LABELS = ["threat", "denial"]


def table(true, predicted, undecided=None):
    """Predictions of 60 rows in 20 groups, as a run keeps them; labels by their initials."""
    names = {"t": "threat", "d": "denial"}
    rows = [[names[each] for each in cell] for cell in true]
    found = pd.DataFrame({"id": [f"r{i}" for i in range(len(rows))], "group": [f"g{i // 3}" for i in range(len(rows))]})
    found["text"] = [f"The envoy spoke {i} times." for i in range(len(rows))]
    found["true"] = rows
    if undecided is not None:
        found["undecided"] = [[names[each] for each in cell] for cell in undecided]
    found["predicted"] = [[names[each] for each in cell] for cell in predicted]
    return found.assign(score_threat=0.5, score_denial=0.5)


TRUE = ["t", "d", "td", "", "t", "d"] * 10


def test_rows_are_paired_by_id_and_text_whatever_their_order():
    first, second = table(TRUE, TRUE), table(TRUE, ["t"] * 60)
    y, one, other, groups = pair(first, second.sample(frac=1, random_state=1), LABELS)
    again = pair(first, second, LABELS)
    assert all(np.array_equal(each, same) for each, same in zip((y, one, other), again[:3], strict=True))
    assert np.array_equal(y, one) and not np.array_equal(y, other)
    assert groups == again[3] and len(set(groups)) == 20


@pytest.mark.parametrize(
    "changed",
    [
        lambda each: each.assign(id="x" + each["id"]),
        lambda each: each.assign(text="x" + each["text"]),
        lambda each: each.assign(true=[["threat"]] * 60),
        lambda each: each.assign(target="the treaty"),
        lambda each: each.assign(score_cooperation=0.1),
        lambda each: each.iloc[1:],
    ],
)
def test_other_rows_truth_or_labels_are_not_paired(changed):
    assert pair(table(TRUE, TRUE), changed(table(TRUE, TRUE)), LABELS) is None


def test_what_nobody_decided_counts_for_nothing():
    undecided = ["d"] + [""] * 59
    y, *_ = pair(table(["t", *TRUE[1:]], TRUE, undecided), table(["t", *TRUE[1:]], TRUE, undecided), LABELS)
    assert sorted(np.unique(y)) == [-1, 0, 1]


def wrong(share):
    """The true labels, but none for the first rows."""
    return [""] * int(share * 60) + TRUE[int(share * 60) :]


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [(0.5, 0.0, "better"), (0.0, 0.5, "worse"), (0.2, 0.2, "no worse")],
)
def test_verdict_is_of_the_second_model(first, second, verdict):
    found = judge(*pair(table(TRUE, wrong(first)), table(TRUE, wrong(second)), LABELS))
    assert found.verdict == verdict


def test_one_row_more_is_no_better():
    better_by_a_digit = ["", *TRUE[1:]]
    found = judge(*pair(table(TRUE, better_by_a_digit), table(TRUE, TRUE), LABELS))
    assert found.difference.value > 0
    assert found.verdict != "better"


def test_few_groups_tell_nothing():
    y, one, other, _ = pair(table(TRUE, wrong(0.5)), table(TRUE, TRUE), LABELS)
    assert judge(y, one, other, ["a", "b"] * 30).verdict == "can't tell"


@pytest.mark.parametrize(
    ("size", "speed", "pays"),
    [
        (1.0, 1000, False),
        (1.0, 1100, True),  # faster by a tenth
        (1.0, 1090, False),
        (0.9, 1000, True),  # smaller by a tenth
        (0.91, 1000, False),
        (1.1, 5000, False),  # faster, but larger
        (1.05, 1200, True),  # a twentieth more counts as no larger
        (0.1, 900, False),  # smaller, but slower
        (0.1, 950, True),
    ],
)
def test_cheaper_is_faster_and_no_larger_or_smaller_and_no_slower(size, speed, pays):
    assert cheaper(1.0, 1000, size, speed) is pays


def test_margin_is_a_hundredth():
    assert champions.MARGIN == 0.01


@pytest.mark.parametrize(("params", "pays"), [({"classifier.C": "1"}, False), ({"classifier.C": "2"}, True)])
def test_one_config_trained_twice_is_no_faster_whatever_the_machine_did(monkeypatch, params, pays):
    monkeypatch.setattr(champions, "fetch_model", lambda uri: uri)
    monkeypatch.setattr(champions, "load_model", lambda folder: folder)
    monkeypatch.setattr(champions, "sentences_per_second", lambda models, texts, targets: [1000.0, 1500.0])
    runs = [
        SimpleNamespace(
            info=SimpleNamespace(run_id="1"),
            data=SimpleNamespace(metrics={champions.SIZE: 3.0}, params=given),
        )
        for given in ({"classifier.C": "1"}, params)
    ]
    assert champions.is_cheaper(*runs, pd.DataFrame({"text": ["They met."]}))[0] is pays
