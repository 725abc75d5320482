import json

import numpy as np
import pandas as pd
import pytest
from nltk.metrics import masi_distance
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score, f1_score

from experiments.config.schema import Data
from experiments.corpus.annotations import read_annotations
from experiments.errors import InputError
from experiments.measures.reliability import (
    cohen_kappa,
    krippendorff_alpha,
    masi_alpha,
    masi_distances,
    nominal_distances,
)
from experiments.quality.agreement import measure_agreement, slice_agreement
from experiments.quality.agreement_text import agreement_text
from tests.conftest import write_jsonl

# Krippendorff (2011), part C: four observers, twelve units, missing values; alpha nominal is 0.743
RELIABILITY_DATA = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def read(path, annotators=(), labels=(), slices=(), group="group", empty_is_no_label=False, warn=lambda line: None):
    data = Data(train="", columns={"group": group})
    return read_annotations(str(path), annotators, labels, slices, data, empty_is_no_label, warn)


def random_rows(n=120, annotators="abc", missing=0.2, seed=0):
    """Rows with noisy copies of one truth, some not seen by everybody."""
    rng = np.random.default_rng(seed)
    names = ["cooperation", "denial", "threat"]
    rows = []
    for i in range(n):
        truth = rng.random(3) < 0.3
        row = {"id": f"r{i}", "text": f"sentence {i}", "group": f"g{i // 4}", "register": "wire" if i % 2 else "web"}
        for who in annotators:
            own = truth ^ (rng.random(3) < 0.1)
            row[f"labels_{who}"] = (
                None if rng.random() < missing else [x for x, has in zip(names, own, strict=True) if has]
            )
        rows.append(row)
    return rows


def test_alpha_of_krippendorffs_own_example():
    units = list(zip(*RELIABILITY_DATA, strict=True))
    counts = np.array([[unit.count(value) for value in range(1, 6)] for unit in units])
    assert krippendorff_alpha(counts, nominal_distances(5))[0] == pytest.approx(0.743, abs=5e-4)
    interval = (np.arange(5)[:, None] - np.arange(5)) ** 2.0
    assert krippendorff_alpha(counts, interval)[0] == pytest.approx(0.849, abs=5e-4)


def test_krippendorffs_example_from_a_file(tmp_path):
    rows = [
        {f"label_{'ABCD'[who]}": None if value is None else str(value) for who, value in enumerate(unit)}
        for unit in zip(*RELIABILITY_DATA, strict=True)
    ]
    result = measure_agreement(read(write_jsonl(tmp_path / "k.jsonl", rows)), bootstrap=0)
    assert result["task"] == "single-label"
    assert result["overall"]["alpha_sets"]["value"] == pytest.approx(0.743, abs=5e-4)
    assert result["overall"]["alpha_masi"]["value"] == pytest.approx(result["overall"]["alpha_sets"]["value"])
    assert result["rows"] == 12 and result["rows_compared"] == 11
    assert result["annotators"] == {"A": 9, "B": 11, "C": 10, "D": 11}


def test_kappa_of_a_worked_table():
    # 20 both yes, 5 and 10 one-sided, 15 both no: observed 0.7, expected 0.5, kappa 0.4
    first = np.repeat([1, 1, 0, 0], [20, 5, 10, 15])
    second = np.repeat([1, 0, 1, 0], [20, 5, 10, 15])
    assert cohen_kappa(first, second)[0] == pytest.approx(0.4)


def test_kappa_is_that_of_scikit_learn_also_weighted():
    rng = np.random.default_rng(1)
    first, second = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    second = np.where(rng.random(300) < 0.6, first, second)
    weights = rng.integers(0, 4, (3, 300)).astype(float)
    assert cohen_kappa(first, second)[0] == pytest.approx(cohen_kappa_score(first, second))
    expected = [cohen_kappa_score(first, second, sample_weight=w) for w in weights]
    assert cohen_kappa(first, second, weights) == pytest.approx(expected)


def test_coefficients_without_variation_are_undefined():
    same = np.zeros(5, dtype=int)
    assert np.isnan(cohen_kappa(same, same)[0])
    assert np.isnan(krippendorff_alpha(np.full((5, 1), 2), nominal_distances(1))[0])
    assert np.isnan(masi_alpha([("a", 0, frozenset()), ("b", 0, frozenset())]))


def test_masi_distances_are_those_of_nltk_and_empty_sets_agree():
    sets = [frozenset(), frozenset("x"), frozenset("xy"), frozenset("yz"), frozenset("xyz")]
    distances = masi_distances(sets)
    assert distances[0, 0] == 0 and (distances[0, 1:] == 1).all()
    for i, a in enumerate(sets[1:], 1):
        for j, b in enumerate(sets[1:], 1):
            assert distances[i, j] == pytest.approx(masi_distance(a, b))
    assert distances[1, 2] == pytest.approx(1 - 1 / 2 * 2 / 3)  # Passonneau 2006: a subset
    assert distances[2, 3] == pytest.approx(1 - 1 / 3 * 1 / 3)  # an overlap


@pytest.mark.parametrize(("annotators", "missing"), [("ab", 0.0), ("ab", 0.3), ("abcd", 0.3)])
def test_the_bootstrapped_alpha_is_nltks_to_nine_places(annotators, missing):
    rows = random_rows(annotators=annotators, missing=missing)
    given = [
        [None if row[f"labels_{a}"] is None else frozenset(row[f"labels_{a}"]) for a in annotators] for row in rows
    ]
    sets = sorted({s for row in given for s in row if s is not None}, key=sorted)
    counts = np.array([[row.count(s) for s in sets] for row in given])
    triples = [(a, i, s) for i, row in enumerate(given) for a, s in zip(annotators, row, strict=True) if s is not None]
    ours = krippendorff_alpha(counts, masi_distances(sets))[0]
    assert ours == pytest.approx(masi_alpha(triples), abs=1e-9)
    nominal = AnnotationTask(triples).alpha()
    assert krippendorff_alpha(counts, nominal_distances(len(sets)))[0] == pytest.approx(nominal, abs=1e-9)
    # a resample is the same as writing the rows down as often as they were drawn
    weights = np.random.default_rng(3).integers(0, 3, len(rows))
    drawn = [
        (a, i, s)
        for i, row in enumerate(np.repeat(np.arange(len(rows)), weights))
        for a, _, s in [(a, 0, s) for a, s in zip(annotators, given[row], strict=True) if s is not None]
    ]
    resampled = krippendorff_alpha(counts, masi_distances(sets), weights[None, :].astype(float))[0]
    assert resampled == pytest.approx(masi_alpha(drawn), abs=1e-9)


def test_figures_of_two_annotators(tmp_path):
    rows = random_rows(annotators="ab", missing=0)
    path = write_jsonl(tmp_path / "two.jsonl", rows)
    result = measure_agreement(read(path), bootstrap=200)
    for label, found in result["labels"].items():
        a, b = ([label in row[f"labels_{who}"] for row in rows] for who in "ab")
        assert found["kappa"]["value"] == pytest.approx(cohen_kappa_score(a, b))
        assert found["kappa"]["low"] < found["kappa"]["value"] < found["kappa"]["high"]
        assert found["positive_agreement"] == pytest.approx(f1_score(a, b))
        assert found["agreement"] == pytest.approx(np.mean(np.array(a) == b))
        assert found["prevalence"] == pytest.approx((sum(a) + sum(b)) / 240)
        table = result["pairs"][0]["labels"][label]
        assert sum(table[cell] for cell in ("both", "only_first", "only_second", "neither")) == 120
    units = [
        (who, f"{i} {x}", x in row[f"labels_{who}"])
        for i, row in enumerate(rows)
        for who in "ab"
        for x in result["labels"]
    ]
    assert result["overall"]["alpha_pooled"]["value"] == pytest.approx(AnnotationTask(units).alpha(), abs=1e-9)
    assert result["groups"] == 30


def test_more_annotators_take_the_mean_over_pairs(tmp_path):
    rows = random_rows(missing=0)
    result = measure_agreement(read(write_jsonl(tmp_path / "three.jsonl", rows)), bootstrap=0)
    has = {who: ["threat" in row[f"labels_{who}"] for row in rows] for who in "abc"}
    kappas = [cohen_kappa_score(has[x], has[y]) for x, y in ("ab", "ac", "bc")]
    assert result["labels"]["threat"]["kappa"]["value"] == pytest.approx(np.mean(kappas))
    assert [pair["annotators"] for pair in result["pairs"]] == [["a", "b"], ["a", "c"], ["b", "c"]]


def test_disagreements_are_counted_with_examples(tmp_path):
    rows = [{"id": f"r{i}", "labels_a": ["denial"], "labels_b": ["denial", "threat"]} for i in range(3)]
    rows += [{"id": "s", "labels_a": [], "labels_b": ["denial"]}, {"id": "t", "labels_a": [], "labels_b": []}]
    rows += [{"id": "u", "labels_a": ["threat"], "labels_b": None}]
    result = measure_agreement(read(write_jsonl(tmp_path / "d.jsonl", rows)), bootstrap=0)
    first, second = result["pairs"][0]["disagreements"]
    assert first == {"first": ["denial"], "second": ["denial", "threat"], "rows": 3, "ids": ["r0", "r1"]}
    assert second["rows"] == 1
    assert "{denial}  {denial, threat}  3     r0, r1" in agreement_text(result)


@pytest.mark.parametrize("form", ["nested", "strings", "table"])
def test_every_form_of_annotations_says_the_same(form, tmp_path):
    rows = random_rows(annotators="ab", missing=0.1)
    expected = measure_agreement(read(write_jsonl(tmp_path / "columns.jsonl", rows)), bootstrap=0)
    if form == "nested":
        rows = [{"id": row["id"], "annotators": {w: row[f"labels_{w}"] for w in "ab"}} for row in rows]
    else:
        rows = [{"id": row["id"], **{f"labels_{w}": _joined(row[f"labels_{w}"]) for w in "ab"}} for row in rows]
    if form == "table":
        pd.DataFrame(rows).to_csv(tmp_path / "form.csv", index=False)
        path = tmp_path / "form.csv"
    else:
        path = write_jsonl(tmp_path / "form.jsonl", rows)
    found = measure_agreement(read(path), bootstrap=0)
    assert found["overall"]["alpha_masi"]["value"] == pytest.approx(expected["overall"]["alpha_masi"]["value"])
    assert found["annotators"] == expected["annotators"]


def _joined(labels):
    return None if labels is None else ";".join(labels) or "-"


def test_empty_cells_are_missing_unless_said_otherwise(tmp_path):
    path = tmp_path / "e.csv"
    path.write_text("id,labels_a,labels_b\n1,threat,threat\n2,,denial\n3,denial,denial\n", "utf-8")
    said = []
    assert measure_agreement(read(path, warn=said.append), 0)["rows_compared"] == 2
    assert "1 empty cell" in said[0]
    assert measure_agreement(read(path, empty_is_no_label=True), 0)["rows_compared"] == 3


def test_single_label_task_with_adjudication(tmp_path):
    rows = [
        {"label_a": a, "label_b": b, "adjudicated": a != b}
        for a, b in [("favor", "favor"), ("against", "favor"), ("none", "none"), ("against", "against")]
    ]
    result = measure_agreement(read(write_jsonl(tmp_path / "s.jsonl", rows)), bootstrap=0)
    first, second = zip(*[(row["label_a"], row["label_b"]) for row in rows], strict=True)
    assert result["overall"]["kappa"]["value"] == pytest.approx(cohen_kappa_score(first, second))
    assert set(result["labels"]) == {"favor", "against", "none"}
    assert result["adjudicated"] == 1
    assert "adjudicated 1 rows" in agreement_text(result)
    assert "MASI" not in agreement_text(result)


def test_slices_cover_the_rows(tmp_path):
    annotations = read(write_jsonl(tmp_path / "s.jsonl", random_rows()), slices=["register"])
    slices = slice_agreement(annotations, bootstrap=0)
    assert sum(part["rows"] for part in slices["register"].values()) == 120


def test_nothing_in_common_is_said(tmp_path):
    rows = [{"labels_a": ["x"], "labels_b": None}, {"labels_a": None, "labels_b": ["x"]}]
    result = measure_agreement(read(write_jsonl(tmp_path / "n.jsonl", rows)), bootstrap=100)
    assert "nothing to compare" in agreement_text(result)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([{"labels": ["x"]}], {}, "needs two annotators"),
        ([{"labels_a": ["x"], "labels_b": ["x"]}], {"annotators": ["labels_c"]}, "no annotator 'labels_c'"),
        ([{"labels_a": ["x"], "labels_b": ["y"]}], {"labels": ["x"]}, "line 1: column 'labels_b' has the label 'y'"),
        ([{"labels_a": ["x"], "labels_b": ["y"]}], {"slices": ["era"]}, "no column 'era'"),
        ([{"labels_a": "[x", "labels_b": "[x]"}], {}, "is no list"),
    ],
)
def test_faults_are_named(rows, options, message, tmp_path):
    with pytest.raises(InputError, match=message.replace("[", r"\[")) as caught:
        read(write_jsonl(tmp_path / "f.jsonl", rows), **options)
    assert len(str(caught.value).splitlines()) == 1
    assert json.dumps(str(caught.value))
