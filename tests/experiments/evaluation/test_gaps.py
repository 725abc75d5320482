"""What an evaluation says of labels and slices without enough rows, and of what nobody decided."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from experiments.evaluation.evaluate import evaluate, predictions_table
from experiments.evaluation.figures import draw_figures
from experiments.evaluation.gaps import find_gaps, gap_lines, label_lines
from tests.experiments.evaluation.test_report import Case, build, visible

LABELS = ["threat", "cooperation", "denial", "none"]


@pytest.fixture(scope="module")
def case() -> Case:
    return build()


def with_truth(case: Case, y: np.ndarray, undecided: int = 0) -> Case:
    """Put another truth in the place of the test rows' own."""
    rows = replace(case.rows, y=y, undecided=undecided)
    evaluation = evaluate(case.classifier, rows, 50, 0, case.config.evaluation.slices)
    return replace(case, rows=rows, evaluation=evaluation)


def without(case: Case, rows: np.ndarray, label: int = 0) -> Case:
    """Leave a label of some rows undecided."""
    y = case.rows.y.copy()
    y[rows, label] = -1
    return with_truth(case, y)


def gaps_of(y, decided, macro_f1=0.8, slices=(), columns=()):
    return find_gaps(LABELS, np.asarray(y), np.asarray(decided), macro_f1, dict(slices), columns)


def test_a_label_without_rows_is_named_with_what_macro_f1_would_be():
    y = np.eye(4, dtype=int)[[0] * 10 + [1] * 10 + [3] * 10]
    found = gaps_of(y, y)
    assert found.absent == {"denial": 0} and found.few == {}
    assert label_lines(found) == [
        "macro-F1 over 3 of 4 labels: denial has no test row; counted as 0, macro-F1 would be 0.600"
    ]


def test_false_positives_of_labels_without_rows_are_said():
    y = np.eye(4, dtype=int)[[0] * 10 + [1] * 10]
    decided = np.eye(4, dtype=int)[[0] * 8 + [2] * 2 + [1] * 10]
    found = gaps_of(y, decided)
    assert found.absent == {"denial": 2, "none": 0}
    assert label_lines(found)[0].startswith(
        "macro-F1 over 2 of 4 labels: denial, none have no test row (given wrongly: denial in 2 rows); counted"
    )


def test_an_undecided_cell_is_no_false_positive():
    y = np.array([[1, 1, -1, 1]] * 9 + [[1, 1, 0, 1]] * 3)
    assert gaps_of(y, np.ones_like(y)).absent == {"denial": 3}


def test_labels_with_fewer_than_ten_rows_are_named():
    y = np.array([[1, 0, 0, 1]] * 9 + [[0, 1, 0, 1]] * 10 + [[0, 0, 1, 1]] * 2)
    assert gap_lines(gaps_of(y, y)) == ["few test rows: threat 9, denial 2; F1 hangs on each of them"]


def test_a_label_that_is_never_given_is_said_with_what_brings_it_back():
    y = np.eye(4, dtype=int)[[0] * 10 + [1] * 12]
    found = gaps_of(y, np.eye(4, dtype=int)[[0] * 22])
    assert found.never == {"cooperation": 12}
    (line,) = [line for line in gap_lines(found) if "cooperation" in line]
    assert line.startswith("cooperation is given to no row, and 12 have it: its F1 is 0")
    assert "class_weight=sqrt" in line


def test_no_label_at_all_leaves_macro_f1_undefined():
    nothing = np.zeros((5, 4), dtype=int)
    assert label_lines(gaps_of(nothing, nothing, float("nan"))) == ["macro-F1 is undefined: no test row has a label"]


def test_slices_that_are_too_small_or_not_there_are_named():
    y = np.ones((30, 4), dtype=int)
    sizes = {"register": {"tweet": 19, "blog": 20, "wire": 3}, "region": {"asia": 30}}
    found = gaps_of(y, y, slices=sizes, columns=["outlet"])
    assert found.slices == {"register": {"tweet": 19, "wire": 3}}
    assert gap_lines(found) == [
        "slices by register of fewer than 20 rows are not measured: tweet (19), wire (3)",
        "not sliced by outlet: the test rows have no such column",
    ]
    many = gaps_of(y, y, slices={"town": {f"t{number}": 1 for number in range(14)}})
    assert gap_lines(many)[0].endswith("t9 (1) and 4 more")


def test_evaluation_tells_its_gaps(case):
    rows = case.rows.take(range(25))
    found = evaluate(case.classifier, rows, 0, 0, ["desk", "planet"])
    assert found.gaps.slices == {"desk": {"north": 12, "south": 13}}
    assert found.gaps.columns == ["planet"]
    assert found.gaps.macro_f1 == found.metrics["macro_f1"].value
    assert evaluate(case.classifier, case.rows, 0, 0, ["desk"]).gaps.slices == {}


def test_slices_leave_out_undecided_cells_and_macro_f1_labels_they_lack(case):
    south = np.arange(0, 42, 2)  # every second row
    y = case.rows.y.copy()
    y[south, 1] = np.where(y[south, 1] == 1, -1, 0)
    metrics = with_truth(case, y).evaluation.slices["desk"]["south"][1]
    assert metrics["macro_f1"].value == metrics["threat.f1"].value
    assert np.isnan(metrics["cooperation.f1"].value)


def test_table_of_predictions_lists_what_is_undecided(case):
    table = predictions_table(case.classifier, without(case, np.arange(5)).evaluation)
    assert [list(labels) for labels in table["undecided"]] == [["threat"]] * 5 + [[]] * 37
    assert not any("threat" in labels for labels in table["true"][:5]) and table["true"][5] == ["threat"]
    assert "undecided" not in predictions_table(case.classifier, case.evaluation)
    assert isinstance(table, pd.DataFrame)


def test_report_shows_a_dash_for_a_label_without_rows_and_says_over_which_macro_f1_is(case, tmp_path):
    y = case.rows.y.copy()
    y[:, 1] = 0
    changed = with_truth(case, y)
    text = visible(changed.write(tmp_path))
    macro = changed.evaluation.metrics["macro_f1"].value
    assert macro == changed.evaluation.metrics["threat.f1"].value
    assert "Macro-F1 over 1 of 2 labels: cooperation has no test row (given wrongly: cooperation in 14 rows)" in text
    assert re.search(r"cooperation 0 0\.000 \[0\.000, 0\.\d+\] (&ndash; ){3}", text)
    assert "F1 is highest" not in text  # there is but one
    whole = visible(case.write(tmp_path))
    assert "over 2 of 2" not in whole and "no test row" not in whole


def test_report_of_rows_without_any_label_is_written(case, tmp_path):
    text = visible(with_truth(case, np.zeros_like(case.rows.y)).write(tmp_path))
    assert "Macro-F1 undefined on 42 held-out sentences" in text
    assert "nan" not in text


def test_report_counts_what_is_undecided(case, tmp_path):
    y = case.rows.y.copy()
    y[:5, 0] = -1
    text = visible(with_truth(case, y, undecided=3).write(tmp_path))
    assert "Undecided, left out" in text
    assert "Of the test rows, 5 are undecided for threat: they are left out of its shares and measures." in text
    assert re.search(r"threat 9 24\.3% 9 24\.3%", text)  # of 37
    assert re.search(r"none 14 37\.8%", text)  # of the rows with every label decided
    plain = visible(case.write(tmp_path))
    assert "ndecided" not in plain[: plain.index("Configuration and how")]


class Same:
    """A pipeline that gives every text the same probability of every label."""

    def __init__(self, probability):
        self.probability = probability

    def predict_proba(self, texts):
        return np.full((len(texts), 2), self.probability)


@pytest.mark.parametrize(("probability", "kind", "truth"), [(1.0, "Wrongly given", 0), (0.0, "Missed", 1)])
def test_an_undecided_label_is_no_error_in_the_report(case, tmp_path, probability, kind, truth):
    model = replace(case.classifier, pipeline=Same(probability))
    wrong = (case.rows.y == truth).sum(axis=0)
    left_open = np.flatnonzero(case.rows.y[:, 0] == truth)[2:]
    text = visible(without(replace(case, classifier=model), left_open).write(tmp_path))
    counts = re.findall(rf"{kind}: (\d+)", text)
    assert counts == ["2", str(wrong[1])]


def test_an_error_tells_what_else_is_undecided_of_its_row(case, tmp_path):
    model = replace(case.classifier, pipeline=Same(0.0))
    text = visible(without(replace(case, classifier=model), np.array([14, 15])).write(tmp_path))
    assert text.count("true: cooperationundecided: threatpredicted: no label") == 2


def test_figures_are_those_of_the_decided_rows(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (80, 2))
    p = np.clip(0.4 * y + 0.6 * rng.random((80, 2)), 0, 1)
    alone = draw_figures(tmp_path / "a", ["a", "b"], y[:50], p[:50], (p[:50] > 0.5).astype(int))
    more = y.copy()
    more[50:] = -1
    among = draw_figures(tmp_path / "b", ["a", "b"], more, p, (p > 0.5).astype(int))
    assert alone == among
