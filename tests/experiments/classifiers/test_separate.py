import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline

from experiments.classifiers import SVM, Boosting, Logistic, Majority, NaiveBayes
from experiments.classifiers.separate import SeparateTargets, target_notes
from experiments.config.schema import Task
from experiments.evaluation.explain import top_features
from experiments.model import SentenceClassifier, load_model
from features import WordNgrams, build_features

LABELS = ["favor", "against", "none"]
TASK = Task(name="stance", type="multiclass", labels=LABELS)
SAYINGS = {"Keep {} forever": 0, "Scrap {} at once": 1, "They discuss {} on Monday": 2}


def rows(target, turned=False, sayings=SAYINGS, times=6):
    """Pairs and label numbers; turned round, the same words mean the opposite."""
    pairs = [(saying.format(f"it {n}"), target) for saying in sayings for n in range(times)]
    y = [(1 - label if turned and label < 2 else label) for label in sayings.values() for _ in range(times)]
    return pairs, y


def fitted(*parts, classifier=None, labels=LABELS, multilabel=False):
    spec = classifier or Logistic(C=100)
    features = build_features([WordNgrams(min_df=1)], "text")
    model = SeparateTargets(features, spec.build(labels, multilabel, 0), labels)
    return model.fit(
        [pair for pairs, _ in parts for pair in pairs], np.asarray([label for _, y in parts for label in y])
    )


def ask(model, *pairs):
    return [LABELS[number] for number in model.predict(pairs)]


def test_each_target_has_a_model_of_its_own():
    model = fitted(rows("guns"), rows("bases", turned=True))
    assert ask(model, ("Keep it", "guns"), ("Keep it", "bases")) == ["favor", "against"]
    assert sorted(model.own_) == ["bases", "guns"]
    assert ask(model, ("Keep it", " GUNS ")) == ["favor"]


def test_a_targets_model_is_the_one_that_its_rows_alone_would_give():
    alone, among = fitted(rows("guns")), fitted(rows("guns"), rows("bases", turned=True))
    pairs = [("Keep it 3", "guns"), ("Scrap the lot", "guns")]
    # rarity is counted over all rows, and smoothed, so that twice as many rows make a small difference
    assert np.allclose(alone.predict_proba(pairs), among.predict_proba(pairs), atol=2e-3)


def test_an_unseen_target_is_answered_by_the_joint_model():
    model = fitted(rows("guns"), rows("bases"))
    assert ask(model, ("Keep it", "tariffs"), ("Scrap it", "tariffs")) == ["favor", "against"]
    assert np.allclose(model.predict_proba([("Keep it", "tariffs")]).sum(axis=1), 1)


def test_a_target_with_one_label_leans_on_the_joint_model_and_says_so():
    model = fitted(rows("guns"), rows("bases", sayings={"Scrap {} at once": 1}, times=12))
    assert model.notes_ == ["target 'bases': all its 12 training rows are 'against', so the joint model answers for it"]
    assert ask(model, ("Scrap it", "bases"), ("They discuss it on Monday", "bases")) == ["against", "none"]
    assert target_notes(Pipeline([("classifier", model)])) == model.notes_
    assert target_notes(Pipeline([("classifier", Logistic().build(LABELS, False, 0))])) == []


def test_a_label_that_a_target_lacks_has_the_joint_models_probability():
    few = {"Keep {} forever": 0, "They discuss {} on Monday": 2}
    model = fitted(rows("guns"), rows("bases", sayings=few))
    pairs = [("Scrap it at once", "bases"), ("Keep it", "bases")]
    found = model.predict_proba(pairs)
    copies = build_features([WordNgrams(min_df=1)], "copies")
    joint = Pipeline([("features", copies), ("classifier", Logistic(C=100).build(LABELS, False, 0))])
    every = [rows("guns"), rows("bases", sayings=few)]
    joint.fit([pair for part, _ in every for pair in part], [label for _, y in every for label in y])
    assert np.allclose(found[:, 1], joint.predict_proba(pairs)[:, 1], atol=1e-3)
    assert np.allclose(found.sum(axis=1), 1)
    assert ask(model, pairs[0]) == ["against"]


def test_a_target_with_too_few_rows_for_the_classifier_leans_on_the_joint_model():
    model = fitted(rows("guns"), rows("bases", times=2), classifier=SVM(folds=5))  # five folds take five rows a label
    assert list(model.own_) == ["guns"]
    assert "target 'bases': can't be fitted to its 6 training rows" in model.notes_[0]
    assert "\n" not in model.notes_[0]
    assert ask(model, ("Scrap it", "bases")) == ["against"]


@pytest.mark.parametrize("spec", [Logistic(C=100), SVM(C=1), NaiveBayes(), Boosting(iterations=5), Majority()])
def test_every_classifier_serves_and_survives_saving(spec, tmp_path):
    parts = rows("guns"), rows("bases", turned=True), rows("tanks", sayings={"Scrap {} at once": 1})
    model = fitted(*parts, classifier=spec)
    classifier = SentenceClassifier(Pipeline([("classifier", model)]), TASK, np.full(3, 0.5), targeted=True)
    texts, targets = ["Keep it"] * 4, ["guns", "bases", "tanks", "tariffs"]
    found = classifier.predict_proba(texts, targets)
    assert found.shape == (4, 3)
    assert np.allclose(found.sum(axis=1), 1)
    classifier.save(tmp_path)
    assert np.array_equal(load_model(tmp_path).predict_proba(texts, targets), found)


class PairReader(ClassifierMixin, BaseEstimator):
    """A stand-in for an encoder: reads pairs itself, and has a column for every label whatever it was fitted to."""

    def fit(self, X, y):
        self.labels_ = {text.split()[0]: label for (text, _), label in zip(X, y, strict=True)}
        return self

    def predict_proba(self, X):
        return np.asarray([np.eye(3)[self.labels_[text.split()[0]]] * 0.7 + 0.1 for text, _ in X])


def test_it_works_around_a_classifier_that_reads_pairs():
    few = {"Keep {} forever": 0, "Scrap {} at once": 1}
    parts = rows("guns"), rows("bases", turned=True, sayings=few)
    model = SeparateTargets(None, PairReader(), LABELS)
    model.fit([pair for part, _ in parts for pair in part], np.asarray([label for _, y in parts for label in y]))
    pairs = [("Keep it", "guns"), ("Keep it", "bases"), ("They talk", "tariffs")]
    assert ask(model, *pairs) == ["favor", "against", "none"]
    found = model.predict_proba(pairs)
    assert np.allclose(found.sum(axis=1), 1)
    assert found[1, 2] == pytest.approx(0.1)  # of the joint model: the target has no such row
    assert model.model_of("guns")[0] is None


def test_labels_that_do_not_exclude_each_other():
    labels = ["threat", "denial"]
    pairs = [(text, target) for text in ("threat made", "nothing new", "threat denied") for target in ("a", "b")] * 4
    y = np.asarray([["threat" in text, "denied" in text and target == "a"] for text, target in pairs], dtype=int)
    model = fitted((pairs, y), labels=labels, multilabel=True)
    found = model.predict_proba([("threat denied", "a"), ("threat denied", "b"), ("nothing new", "c")])
    assert (found[:, 0] > 0.5).tolist() == [True, True, False]
    assert (found[:, 1] > 0.5).tolist()[0]
    assert found[1, 1] > 0  # b's rows are never denials: the joint model's probability


def test_what_the_model_goes_by_is_that_of_the_target():
    model = fitted(rows("guns"), rows("bases", turned=True))
    classifier = SentenceClassifier(Pipeline([("classifier", model)]), TASK, np.full(3, 0.5), targeted=True)
    tops = {t: top_features(classifier.towards(t), [], k=30)["favor"] for t in ("guns", "bases", "tariffs")}
    assert [word in dict(tops["guns"]) for word in ("keep", "scrap")] == [True, False]
    assert [word in dict(tops["bases"]) for word in ("keep", "scrap")] == [False, True]
    assert any(name.endswith("]") for name, _ in tops["tariffs"])  # the joint model has columns for each target
