"""What the commands say of labels without rows, of small slices, and of what nobody decided."""

import math
import re

import numpy as np
import pandas as pd
import pytest

from tests.conftest import write_jsonl
from tests.experiments.commands.test_main import one_json, run

ACTS = {
    "threat": ["raid", "siege", "shelling"],
    "cooperation": ["pact", "treaty", "accord"],
    "denial": ["untrue", "false", "lies"],
}
CONFIG = """
name: {name}
task: {{name: {name}, type: {kind}, labels: [threat, cooperation, denial]}}
data: {{train: {train}, columns: {columns}}}
features: [{{type: words, min_df: 1}}]
classifier: {{type: logistic}}
thresholds: {{method: fixed}}
evaluation: {{bootstrap: 0, slices: [desk, outlet], errors: 1}}
"""


def sentence(row, *words):
    return " ".join(["reporters", "said", f"day{row}", *words])


def trained_on(tmp_path, name, rows, kind="multilabel", columns="{}"):
    """Train on rows; return the JSON, and what was said."""
    train = write_jsonl(tmp_path / f"{name}.jsonl", rows)
    path = tmp_path / f"{name}.yaml"
    path.write_text(CONFIG.format(name=name, kind=kind, train=train, columns=columns))
    result = run("train", path, "--json")
    return one_json(result), result.stderr


@pytest.fixture
def rare(in_workspace, tmp_path):
    """A class of two rows, which both have to be trained on."""
    rng = np.random.default_rng(0)
    labels = ["threat", "cooperation"] * 50 + ["denial"] * 2
    rows = [
        {
            "text": sentence(row, *rng.choice(ACTS[label], 2)),
            "label": label,
            "group": f"g{row}",
            "desk": "north" if row % 20 else "south",
        }
        for row, label in enumerate(labels)
    ]
    return rows, *trained_on(tmp_path, "rare", rows, "multiclass", "{labels: label}")


def test_macro_f1_is_over_the_labels_that_have_test_rows_and_that_is_said(rare):
    _, result, said = rare
    metrics = result["metrics"]
    assert metrics["test.denial.support"] == 0
    assert (
        metrics["test.denial.f1"] is metrics["test.denial.recall"] is metrics["test.denial.average_precision"] is None
    )
    assert metrics["test.macro_f1"] == pytest.approx((metrics["test.threat.f1"] + metrics["test.cooperation.f1"]) / 2)
    assert list(result["labels_without_rows"]) == ["denial"]
    assert "note: macro-F1 over 2 of 3 labels: denial has no test row" in said
    as_nought = float(re.search(r"counted as 0, macro-F1 would be (\d\.\d+)", said)[1])
    assert as_nought == pytest.approx(metrics["test.macro_f1"] * 2 / 3, abs=5e-4)


def test_small_slices_and_columns_that_are_not_there_are_said(rare):
    _, result, said = rare
    (north,) = [n for value, n in result["small_slices"]["desk"].items() if value == "south"]
    assert 0 < north < 20
    assert result["absent_columns"] == ["outlet"]
    assert f"note: slices by desk of fewer than 20 rows are not measured: south ({north})" in said
    assert "note: not sliced by outlet: the test rows have no such column" in said


def test_people_see_a_dash_for_what_is_undefined(rare, tmp_path):
    rows, result, _ = rare
    path = write_jsonl(tmp_path / "test.jsonl", [row for row in rows if row["label"] != "denial"])
    shown = run(
        "evaluate", "-m", result["model_uri"], "-d", path, "--labels", "label", "--slice", "desk", "--bootstrap", 0
    )
    assert re.search(r"^denial +0\.000 +– +– +– +0$", shown.stdout, re.MULTILINE)
    assert re.search(r"^macro-F1 \d\.\d{3} over 2 of 3 labels  micro-F1", shown.stdout, re.MULTILINE)
    assert re.search(r"^  north +\d\.\d{3}  95 rows over 2 of 3 labels$", shown.stdout, re.MULTILINE)
    assert "note: macro-F1 over 2 of 3 labels" in shown.stderr
    assert "note: slices by desk of fewer than 20 rows are not measured: south (5)" in shown.stderr
    assert shown.stdout.count("\n  of fewer than 20 rows, and so left out: south (5)") == 1


def test_a_column_without_a_slice_of_enough_rows_has_no_empty_table(rare, tmp_path):
    rows, result, _ = rare
    few = [{**row, "town": f"t{number % 3}"} for number, row in enumerate(rows[:45])]
    path = write_jsonl(tmp_path / "few.jsonl", few)
    asked = [
        "evaluate",
        "-m",
        result["model_uri"],
        "-d",
        path,
        "--labels",
        "label",
        "--slice",
        "town",
        "--bootstrap",
        0,
    ]
    shown = run(*asked).stdout.splitlines()
    at = shown.index("macro-F1 by town: not measured")
    assert shown[at + 1] == "  of fewer than 20 rows, and so left out: t0 (15), t1 (15), t2 (15)"
    found = one_json(run(*asked, "--json"))
    assert found["slices"] == {} and found["least_slice_rows"] == 20
    assert found["small_slices"] == {"town": {"t0": 15, "t1": 15, "t2": 15}}


def open_rows(n=240):
    """Rows with 0/1 columns: of every fourth nothing is decided, of the one after it all but denial."""
    rng = np.random.default_rng(1)
    rows = []
    for row in range(n):
        y = rng.random(3) < 0.4
        words = [rng.choice(ACTS[label]) for label, has in zip(ACTS, y, strict=True) if has]
        cells = dict(zip(ACTS, y.astype(int).tolist(), strict=True))
        cells |= {0: dict.fromkeys(ACTS), 1: {"denial": None}}.get(row % 4, {})
        rows.append({"id": f"r{row}", "text": sentence(row, *words), "group": f"g{row // 2}", **cells})
    return rows


def test_undecided_rows_and_labels_are_counted_by_train_and_evaluate(in_workspace, tmp_path):
    rows = open_rows()
    result, said = trained_on(tmp_path, "open", rows, columns="{labels: [threat, cooperation, denial]}")
    train, test = result["undecided"]["train"], result["undecided"]["test"]
    assert (train["rows"], test["rows"]) == (60, 0)
    assert train["labels"]["denial"] + test["labels"]["denial"] == 60 and list(train["labels"]) == ["denial"]
    assert "note: " in said and said.count("60 of 240 rows have no decided label: left out") == 1
    assert said.count("label denial: decided in 120 of 180 rows") == 1
    assert 0.8 < result["metrics"]["test.macro_f1"] <= 1

    columns = "threat=threat,cooperation=cooperation,denial=denial"
    arguments = ["evaluate", "-m", result["model_uri"], "-d", tmp_path / "open.jsonl", "--labels", columns]
    found = run(*arguments, "--json", "--bootstrap", 0, "--predictions", tmp_path / "p.parquet")
    measured = one_json(found)
    assert measured["rows"] == 180 and measured["undecided"] == {"rows": 60, "labels": {"denial": 60}}
    assert measured["metrics"]["test.denial.support"] == sum(row["denial"] == 1 for row in rows)
    assert "60 of 240 rows have no decided label: left out" in found.stderr
    assert "label denial: decided in 120 of 180 rows" in found.stderr
    table = pd.read_parquet(tmp_path / "p.parquet").set_index("id")
    assert list(table.loc["r1", "undecided"]) == ["denial"] and list(table.loc["r2", "undecided"]) == []
    assert "r0" not in table.index


def test_whole_rows_have_nothing_to_say(in_workspace, trained, small_corpus):
    result = one_json(run("evaluate", "-m", trained.model_uri, "-d", small_corpus, "--json", "--bootstrap", 0))
    assert result["undecided"] == {"rows": 0, "labels": {}}
    assert result["labels_without_rows"] == result["small_slices"] == {} and result["absent_columns"] == []
    assert all(value is not None and math.isfinite(value) for value in result["metrics"].values())
    assert trained.undecided == {"train": {"rows": 0, "labels": {}}, "test": {"rows": 0, "labels": {}}}
