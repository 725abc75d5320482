import json

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from experiments.classifiers import saved
from experiments.config.files import load_config
from experiments.config.schema import Task
from experiments.corpus.rows import load_data
from experiments.errors import InputError
from experiments.measures.calibration import Calibration, Curve
from experiments.model import SentenceClassifier, load_model
from experiments.training.fitting import fit
from tests.conftest import write_jsonl

LABELS = ["threat", "denial"]
KEYWORDS = "{type: lexicon, keywords: {threat: [war], denial: [denied]}}"
TEXTS = ["a war", "war and denial", "they denied it", "a calm day"]


@pytest.fixture
def teacher(tmp_path):
    """A saved model whose calibration halves the odds of denial."""
    pipeline = make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression(C=50)))
    pipeline.fit(TEXTS, np.array([[1, 0], [1, 1], [0, 1], [0, 0]]))
    calibration = Calibration((Curve(), Curve(intercept=-0.7)))
    model = SentenceClassifier(pipeline, Task(name="framing", labels=LABELS), np.full(2, 0.5), calibration=calibration)
    model.save(tmp_path / "teacher")
    return tmp_path / "teacher"


def config(tmp_path, classifier, *overrides, labels=("denial", "threat")):
    rows = write_jsonl(
        tmp_path / "rows.jsonl", [{"text": f"{text} {n}", "labels": []} for n in range(8) for text in TEXTS]
    )
    lines = [json.loads(line) for line in rows.read_text().splitlines()]
    for row in lines:
        row["labels"] = [label for label, word in (("denial", "den"), ("threat", "war")) if word in row["text"]]
    write_jsonl(tmp_path / "rows.jsonl", lines)
    path = tmp_path / "small.yaml"
    path.write_text(
        f"name: small\ntask: {{name: framing, labels: [{', '.join(labels)}]}}\ndata: {{train: {rows}}}\n"
        f"classifier: {classifier}\nthresholds: {{method: fixed}}\n"
    )
    return load_config(str(path), list(overrides))


def test_saved_model_answers_as_it_does_by_itself_whatever_the_order_of_labels(teacher, tmp_path):
    small = config(tmp_path, f"{{type: saved, model: {teacher}}}")
    rows, _ = load_data(small, print)
    others = small.model_copy(update={"task": Task(name="framing", labels=["denial", "treat"])})
    with pytest.raises(InputError, match=r"tells threat, denial \(multilabel\), and the task is of denial, treat"):
        fit(others, rows)
    model = fit(small, rows)
    expected = load_model(teacher).predict_proba(TEXTS)
    assert np.allclose(model.predict_proba(TEXTS), expected[:, ::-1])
    model.save(tmp_path / "again")
    assert np.allclose(load_model(tmp_path / "again").predict_proba(TEXTS), expected[:, ::-1])


def test_student_learns_from_a_saved_teacher_alone(teacher, tmp_path):
    student = "{features: [{type: words, min_df: 1}], classifier: {type: logistic, C: 100}}"
    rows, _ = load_data(config(tmp_path, KEYWORDS), print)
    taught = (
        f"{{type: distilled, teacher: {{classifier: {{type: saved, model: {teacher}}}}}, student: {student}, blend: 1}}"
    )
    model = fit(config(tmp_path, taught), rows)
    said = load_model(teacher).predict_proba(TEXTS)[:, ::-1]
    assert np.abs(model.predict_proba(TEXTS) - said).max() < 0.2


def test_encoder_of_a_model_without_one_is_refused(teacher, tmp_path):
    small = config(tmp_path, f"{{type: saved, model: {teacher}, part: encoder}}")
    with pytest.raises(InputError, match=r"has no fine-tuned encoder; leave part out"):
        fit(small, load_data(small, print)[0])


def test_model_that_is_not_there_is_named(tmp_path, monkeypatch):
    rows, _ = load_data(config(tmp_path, KEYWORDS), print)
    with pytest.raises(InputError, match=r"classifier.model=nowhere: no framescope model there"):
        fit(config(tmp_path, "{type: saved, model: nowhere}"), rows)
    monkeypatch.setattr(saved, "MODELS", tmp_path / "box")
    with pytest.raises(InputError, match=r"classifier.model=starter: no framescope model there"):
        fit(config(tmp_path, "{type: saved}"), rows)


def test_damaged_model_is_one_line(teacher, tmp_path):
    (teacher / "pipeline.skops").write_bytes(b"PK")
    rows, _ = load_data(config(tmp_path, KEYWORDS), print)
    with pytest.raises(InputError, match=r"pipeline.skops can't be read .*; train or download it again"):
        fit(config(tmp_path, f"{{type: saved, model: {teacher}}}"), rows)
