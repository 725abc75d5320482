"""A model's probabilities are its pipeline's, by whatever way they are come by."""

import copy
import pickle
import zipfile

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from experiments.classifiers.logistic import Logistic
from experiments.classifiers.naive_bayes import NaiveBayes
from experiments.classifiers.svm import SVM
from experiments.config.schema import Task
from experiments.model import SentenceClassifier, load_model
from features import CharNgrams, Cues, WordNgrams, build_features
from tests.conftest import seed_rows

LABELS = ["threat", "cooperation", "denial"]
LEXICON = {"force": ["attack|shell|strike"], "say_deny": ["deny ~ report|claim"], "actor_state": ["ministry"]}


@pytest.fixture(scope="module")
def rows():
    return seed_rows(12)


def model_of(rows, classifier, multilabel=True, features=None) -> SentenceClassifier:
    features = features or [WordNgrams(), CharNgrams(), Cues(lexicon=LEXICON, weight=0.2)]
    y = np.array([[label in row["labels"] for label in LABELS] for row in rows], dtype=np.int8)
    steps = [("features", build_features(features)), ("classifier", classifier.build(LABELS, multilabel, 13))]
    pipeline = Pipeline(steps).fit([row["text"] for row in rows], y if multilabel else y.argmax(axis=1))
    kind = "multilabel" if multilabel else "multiclass"
    return SentenceClassifier(pipeline, Task(name="framing", type=kind, labels=LABELS), np.full(3, 0.3))


@pytest.mark.parametrize("multilabel", [True, False], ids=["multilabel", "multiclass"])
@pytest.mark.parametrize("classifier", [Logistic(C=2), NaiveBayes(), SVM()], ids=lambda each: each.type)
def test_probabilities_are_the_pipelines(rows, classifier, multilabel):
    model = model_of(rows, classifier, multilabel)
    read = [
        "",
        "İ 😀 \x00",
        "The ministry denied reports.",
        *(row["text"] for row in rows),
    ]
    expected = model.pipeline.predict_proba(read)
    np.testing.assert_allclose(model.predict_proba(read), expected, rtol=0, atol=1e-12)


def test_a_pipeline_that_is_not_known_scores_by_itself(rows):
    model = model_of(rows, Logistic(), features=[WordNgrams(tags=True), CharNgrams()])
    read = [row["text"] for row in rows[:20]] + ["#peace @peace"]
    assert (model.predict_proba(read) == model.pipeline.predict_proba(read)).all()


def test_a_model_that_was_saved_before_gives_the_same(rows, tmp_path):
    model = model_of(rows, Logistic())
    read = [row["text"] for row in rows]
    before = model.pipeline.predict_proba(read)
    model.save(tmp_path / "model")
    np.testing.assert_allclose(load_model(tmp_path / "model").predict_proba(read), before, rtol=0, atol=1e-12)


def test_what_was_learnt_of_words_is_not_saved_and_not_copied(rows, tmp_path):
    model = model_of(rows, Logistic())
    read = [row["text"] for row in rows[:20]]
    model.save(tmp_path / "before")
    expected = model.predict_proba(read)
    model.save(tmp_path / "after")
    parts = [len(zipfile.ZipFile(tmp_path / each / "pipeline.skops").namelist()) for each in ("before", "after")]
    assert parts[0] == parts[1]
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (other.predict_proba(read) == expected).all()


def test_the_way_is_the_fast_one(rows, monkeypatch):
    model = model_of(rows, Logistic())
    monkeypatch.setattr("features.cues.find_hits", lambda *arguments: pytest.fail("read word by word"))
    assert model.predict_proba(["The ministry denied the claim."]).shape == (1, 3)
    with pytest.raises(pytest.fail.Exception):
        model.pipeline.predict_proba(["The ministry denied the claim."])
