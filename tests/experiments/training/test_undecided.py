"""Training, thresholds and cross-validation on rows of which nobody decided some labels."""

import json
from typing import ClassVar, Literal

import joblib
import numpy as np
import pytest

from experiments.classifiers.decided import DecidedOneVsRest
from experiments.classifiers.logistic import Logistic
from experiments.config.files import load_config
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.errors import InputError
from experiments.model import load_model
from experiments.tables.table import Table
from experiments.training.cross_validation import cross_validate, learning_curve
from experiments.training.fitting import fit, learnable
from tests.conftest import write_jsonl

LABELS = ["threat", "denial"]
WORDS = [["raid", "siege", "shelling"], ["untrue", "baseless", "false"]]


def silent(line: str) -> None:
    pass


def truth_and_texts(n=240, seed=0):
    """Texts that say what their labels are."""
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 2)) < 0.4).astype(np.int8)
    rest = ["harvest", "museum", "bridge", "final", "budget", "census", "river", "market"]
    texts = [
        " ".join([*rng.choice(rest, 3), f"day{row}", *(rng.choice(WORDS[k]) for k in range(2) if y[row, k])])
        for row in range(n)
    ]
    return y, texts


def labelled(y, texts):
    names = [f"r{row}" for row in range(len(y))]
    groups = [f"g{row // 4}" for row in range(len(y))]
    return Labelled("rows.csv", Table("rows.csv", {"text": texts}, list(range(len(y)))), names, texts, groups, y)


def config_of(classifier=None, **changes):
    return Config.model_validate(
        {
            "name": "open",
            "task": {"name": "open", "labels": LABELS},
            "data": {"train": "rows.csv"},
            "features": [{"type": "words", "min_df": 1}],
            "classifier": classifier or {"type": "logistic"},
            "thresholds": {"method": "fixed"},
            **changes,
        }
    )


class Picky(Logistic):
    """A classifier that can't take undecided labels."""

    type: Literal["picky"] = "picky"
    takes_undecided: ClassVar[bool] = False


def picky(config):
    return config.model_copy(update={"classifier": Picky()})


def test_undecided_labels_are_not_learned_as_absent(tmp_path):
    y, texts = truth_and_texts()
    known = y.copy()
    known[80:, 1] = -1
    model = fit(config_of(), labelled(known, texts))
    assert (model.decide(model.predict_proba(texts)) == y).mean() > 0.93
    assert type(model.pipeline.named_steps["classifier"]) is DecidedOneVsRest
    model.save(tmp_path / "saved")
    assert np.allclose(load_model(tmp_path / "saved").predict_proba(texts), model.predict_proba(texts))


def test_thresholds_by_cross_validation_come_from_decided_rows():
    y, texts = truth_and_texts()
    known = y.copy()
    known[1::2, 1] = -1
    config = config_of(thresholds={"method": "cv", "folds": 3})
    with joblib.parallel_config("threading"):
        model = fit(config, labelled(known, texts))
    assert (model.decide(model.predict_proba(texts)) == y).mean() > 0.93
    assert (np.abs(model.thresholds - 0.5) < 0.35).all()


def test_thresholds_of_rows_that_lack_a_decided_label_are_refused():
    y, texts = truth_and_texts()
    y[:, 1] = np.where(np.arange(len(y)) < 120, y[:, 1], -1)
    rows = labelled(y, texts)
    rows.rows.columns["kind"] = ["early" if row < 120 else "late" for row in range(len(y))]
    with pytest.raises(InputError, match="leaves 120 rows to choose on, not all labels in them"):
        fit(config_of(thresholds={"method": "cv", "folds": 3, "where": {"kind": "late"}}), rows)


def test_classifier_that_cannot_take_them_is_fitted_on_whole_rows_and_that_is_said():
    y, texts = truth_and_texts()
    known = y.copy()
    known[100:, 1] = -1
    said = []
    model = fit(picky(config_of()), labelled(known, texts), None, said.append)
    assert said == [
        "note: 140 of 240 rows have an undecided label, which the picky classifier can't learn from: left out"
    ]
    alone = fit(config_of(), labelled(y[:100], texts[:100]))
    assert np.allclose(model.predict_proba(texts), alone.predict_proba(texts))
    assert model.seen(texts) == 100
    rows = labelled(y, texts)
    assert learnable(picky(config_of()), rows, said.append) is rows and len(said) == 1


def test_no_whole_row_or_too_few_of_a_label_is_one_line():
    y, texts = truth_and_texts()
    known = y.copy()
    known[::2, 0], known[1::2, 1] = -1, -1
    with pytest.raises(InputError, match=r"rows.csv: no row has every label decided, and the picky classifier learns"):
        fit(picky(config_of()), labelled(known, texts))
    known = np.where(np.arange(240)[:, None] < 236, [1, -1], [[0, 0]]).astype(np.int8)
    known[0] = 0, 1
    with pytest.raises(InputError, match=r"the label 'threat' has 0 training row\(s\)"):
        fit(picky(config_of()), labelled(known, texts))


@pytest.fixture
def open_file(tmp_path):
    """A file with 0/1 columns: of 60 of 240 rows nothing is decided, of 60 others only the first label."""
    y, texts = truth_and_texts()
    cells = y.tolist()
    rows = [
        {"text": text, "group": f"g{row // 4}", "threat": cells[row][0], "denial": cells[row][1]}
        for row, text in enumerate(texts)
    ]
    for row in range(240):
        if row % 4 == 0:
            rows[row]["threat"] = rows[row]["denial"] = None
        if row % 4 == 1:
            rows[row]["denial"] = None
    return write_jsonl(tmp_path / "open.jsonl", rows)


def test_cross_validation_measures_what_is_decided_and_says_what_is_not(open_file):
    data = {"train": str(open_file), "columns": {"labels": LABELS}}
    said = []
    found = cross_validate(config_of(data=data), 3, None, said.append)
    assert found.rows == 180 and found.undecided == {"rows": 60, "labels": {"denial": 60}}
    assert any(line.endswith("60 of 240 rows have no decided label: left out") for line in said)
    assert any(line.endswith("label denial: decided in 120 of 180 rows") for line in said)
    y, _ = truth_and_texts()
    assert found.metrics["threat.support"].value == y[np.arange(240) % 4 > 0, 0].sum()
    assert found.metrics["denial.support"].value == y[np.arange(240) % 4 > 1, 1].sum()
    assert found.metrics["macro_f1"].value > 0.85


def test_fold_without_a_label_says_over_which_its_macro_f1_is(tmp_path):
    y, texts = truth_and_texts(60)
    rows = [
        {"text": text, "group": f"g{row // 4}", "labels": ["threat"] * int(y[row, 0])} for row, text in enumerate(texts)
    ]
    for row in (0, 1, 20):
        rows[row]["labels"].append("denial")
    path = write_jsonl(tmp_path / "rare.jsonl", rows)
    said = []
    found = cross_validate(config_of(data={"train": str(path)}), 3, None, said.append)
    lines = [line for line in said if line.startswith("fold")]
    assert sum("macro-F1 over 1 of 2 labels: denial has no test row" in line for line in lines) == 1
    assert all(score == score for score in found.folds)


def test_learning_curve_says_what_is_undecided_and_which_labels_the_test_rows_lack(open_file, tmp_path):
    _, texts = truth_and_texts(40, seed=9)
    test = [
        {"text": f"{text} later", "group": f"t{row}", "threat": row % 2, "denial": 0} for row, text in enumerate(texts)
    ]
    test[0]["denial"] = None
    config = config_of(data={"train": str(open_file), "columns": {"labels": LABELS}})
    said = []
    learning_curve(config, str(write_jsonl(tmp_path / "test.jsonl", test)), [60, 120], 1, said.append)
    assert any("60 of 240 rows have no decided label" in line for line in said)
    assert any("label denial: decided in 39 of 40 rows" in line for line in said)
    assert sum("macro-F1 over 1 of 2 labels: denial has no test row" in line for line in said) == 1


def test_json_of_the_shipped_small_config_has_nothing_undecided(small_config):
    config = load_config(str(small_config), ["thresholds.method=fixed", "evaluation.bootstrap=0"])
    assert json.loads(json.dumps(cross_validate(config, 2, None, silent).undecided)) == {"rows": 0, "labels": {}}
