import json

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.pipeline import Pipeline
from typer.testing import CliRunner

from experiments.articles.page import score_page
from experiments.articles.read import read_articles
from experiments.articles.score import score_articles
from experiments.classifiers import SVM, Boosting, Logistic, Majority, NaiveBayes
from experiments.classifiers.decided import heeding_undecided
from experiments.classifiers.separate import SeparateTargets
from experiments.commands.main import app
from experiments.config.schema import Task
from experiments.model import SentenceClassifier
from experiments.model.explained import COEFFICIENTS, ERASURE
from features import CharNgrams, Cues, WordNgrams, build_features
from features.target_mention import TargetMention

LEXICON = {"actor_state": ["Ostland"], "say_warn": ["warn"], "deny": ["deny"], "weapon": ["missile|convoy"]}
VERBS = {"attacked": 0, "signed": 1, "visited": 2}
TEXTS = [
    f"{subject} {verb} {object_}."
    for subject in ("The minister", "Ostland's general", "Both sides", "The envoy")
    for verb in VERBS
    for object_ in ("the convoy on Monday", "the port", "the “northern” town again")
] * 2
CLASS = np.array([next(k for verb, k in VERBS.items() if verb in text) for text in TEXTS])
NEW = ["Ostland  warned it  attacked “the missiles”, again!", "The envoy signed, signed and signed.", "", "Unheard"]
SPECS = [WordNgrams(min_df=1), CharNgrams(min_df=2), Cues(lexicon=LEXICON, weight=0.5)]
FEW_TREES = Boosting(iterations=5, features=50, leaves=3)
TARGETS = ["the port", "the convoy"] * (len(TEXTS) // 2)


def model(spec, kind="multilabel", specs=SPECS, undecided=False):
    """Return a model of three labels (or two), fitted to the texts."""
    labels = ["threat", "cooperation"] if kind == "binary" else ["threat", "cooperation", "none"]
    many = kind == "multilabel"
    y = np.eye(3, dtype=int)[CLASS] if many else np.minimum(CLASS, len(labels) - 1)
    classifier = spec.build(labels, many, 0)
    if undecided:
        y[:4, 0], classifier = -1, heeding_undecided(classifier)
    pipeline = Pipeline([("features", build_features(specs)), ("classifier", classifier)]).fit(TEXTS, y)
    task = Task(name="framing", type="multilabel" if many else "multiclass", labels=labels)
    return SentenceClassifier(pipeline, task, np.full(len(labels), 0.5))


def stance(reading, spec=None, specs=SPECS):
    """Return a stance model of two targets."""
    labels, pairs = ["favor", "against", "none"], list(zip(TEXTS, TARGETS, strict=True))
    classifier = (spec or Logistic(C=10)).build(labels, False, 0)
    if reading == "separate":
        steps = [("classifier", SeparateTargets(build_features(specs, "text"), classifier, labels))]
    else:
        steps = [("features", build_features(specs, reading)), ("classifier", classifier)]
    task = Task(name="stance", type="multiclass", labels=labels)
    return SentenceClassifier(Pipeline(steps).fit(pairs, CLASS), task, np.full(3, 0.5), targeted=True)


def probabilities(classifier, explained):
    """Return what the totals of one sentence come to."""
    totals = np.array([explained.labels[label].total for label in classifier.labels])
    if explained.unit == "score":
        return softmax(totals)
    found = expit(totals)
    return found if classifier.task.multilabel else found / found.sum()


LINEAR = {
    "logistic": lambda: model(Logistic()),
    "undecided cells": lambda: model(Logistic(), undecided=True),
    "of three": lambda: model(Logistic(), "multiclass"),
    "of two": lambda: model(Logistic(), "binary"),
    "svm": lambda: model(SVM(folds=2)),
    "svm of three": lambda: model(SVM(folds=2), "multiclass"),
    "svm of two": lambda: model(SVM(folds=2), "binary"),
    "copies": lambda: stance("copies").towards("The Port"),
    "copies, unseen": lambda: stance("copies").towards("a wealth tax"),
    "copies with mention": lambda: stance("copies", specs=[*SPECS, TargetMention(min_df=1)]).towards("the port"),
    "pair": lambda: stance("pair").towards("the port"),
    "separate": lambda: stance("separate").towards("the port"),
    "separate, unseen": lambda: stance("separate").towards("a wealth tax"),
}


@pytest.mark.parametrize("made", LINEAR.values(), ids=LINEAR)
def test_the_pieces_of_a_linear_model_sum_to_what_it_decides_by(made):
    classifier = made()
    assert classifier.explained_by == COEFFICIENTS
    texts = [*NEW, *TEXTS[:5]]
    for text, explained, answer in zip(texts, classifier.explain(texts), classifier.predict_proba(texts), strict=True):
        assert np.abs(probabilities(classifier, explained) - answer).max() < 1e-9
        for each in explained.labels.values():
            assert abs(each.intercept + each.contributions.sum() - each.total) < 1e-9
            assert abs(each.intercept + each.elsewhere + each.words.sum() - each.total) < 1e-9
            assert len(each.words) == len(explained.spans)
        assert [text[start:end] for start, end in explained.spans] == text.split()


def test_the_sum_is_the_classifiers_own_decision_value():
    classifier = model(Logistic())
    features, one_each = (step for _, step in classifier.pipeline.steps)
    for text, explained in zip(NEW, classifier.explain(NEW), strict=True):
        columns = features.transform([text])
        for label, own in zip(classifier.labels, one_each.estimators_, strict=True):
            piece = explained.labels[label]
            assert piece.intercept + piece.contributions.sum() == pytest.approx(
                own.decision_function(columns)[0], abs=1e-9
            )


def test_each_piece_is_value_times_coefficient_in_its_place():
    classifier = model(Logistic(), specs=[WordNgrams(min_df=1)])
    features, one_each = (step for _, step in classifier.pipeline.steps)
    text = "Both sides signed, signed again."
    (explained,) = classifier.explain([text])
    found = explained.labels["cooperation"]
    column = features.get_feature_names_out().tolist().index("words__signed")
    whole = features.transform([text])[0, column] * one_each.estimators_[1].coef_[0, column]
    places = [at for at, name in enumerate(found.names) if name == "words__signed"]
    assert [text[found.starts[at] : found.ends[at]] for at in places] == ["signed", "signed"]
    assert found.contributions[places] == pytest.approx([whole / 2, whole / 2])


def test_the_decisive_word_weighs_most():
    for made in (LINEAR["logistic"], LINEAR["svm"], LINEAR["of two"]):
        classifier = made()
        (explained,) = classifier.explain(["The envoy attacked it"])
        assert explained.labels["threat"].words.argmax() == 2
        assert explained.labels["cooperation"].words[2] < 0


def test_a_runs_share_falls_on_its_characters_and_not_on_blanks():
    classifier = model(Logistic(), specs=[WordNgrams(min_df=1, ngram=(2, 2))])
    text = "Both   sides"
    (explained,) = classifier.explain([text])
    (whole,) = explained.labels["threat"].contributions
    assert explained.labels["threat"].words == pytest.approx([whole * 4 / 9, whole * 5 / 9])


@pytest.mark.parametrize(
    "spec", [NaiveBayes(folds=2), FEW_TREES, Majority()], ids=["naive-bayes", "boosting", "majority"]
)
def test_every_other_model_is_explained_by_leaving_words_out(spec):
    classifier = model(spec, specs=[WordNgrams(min_df=1)])
    assert classifier.explained_by == ERASURE
    (explained,) = classifier.explain(["The envoy signed it"])
    whole, without = classifier.predict_proba(["The envoy signed it", "The envoy  it"])
    for at, label in enumerate(classifier.labels):
        assert explained.labels[label].total == pytest.approx(whole[at])
        assert explained.labels[label].words[2] == pytest.approx(whole[at] - without[at])
    assert set(explained.dump(20)["explained"]["threat"]) == {"total", "words"}


def test_a_model_whose_target_lacks_a_label_is_not_taken_for_linear():
    labels, pairs = ["favor", "against", "none"], list(zip(TEXTS, TARGETS, strict=True))
    rows = [at for at in range(len(pairs)) if not (TARGETS[at] == "the port" and CLASS[at] == 2)]
    separate = SeparateTargets(build_features(SPECS, "text"), Logistic().build(labels, False, 0), labels)
    pipeline = Pipeline([("classifier", separate)]).fit([pairs[at] for at in rows], CLASS[rows])
    task = Task(name="stance", type="multiclass", labels=labels)
    classifier = SentenceClassifier(pipeline, task, np.full(3, 0.5), targeted=True)
    assert classifier.towards("the port").explained_by == ERASURE
    assert classifier.towards("the convoy").explained_by == COEFFICIENTS


def test_neither_is_one_of_independent_labels():
    labels, pairs = ["a", "b", "c"], list(zip(TEXTS, TARGETS, strict=True))
    y = np.eye(3, dtype=int)[CLASS]
    y[[target == "the port" for target in TARGETS], 2] = 0  # the joint model answers for c
    separate = SeparateTargets(build_features(SPECS, "text"), Logistic().build(labels, True, 0), labels)
    pipeline = Pipeline([("classifier", separate)]).fit(pairs, y)
    task = Task(name="stance", type="multilabel", labels=labels)
    classifier = SentenceClassifier(pipeline, task, np.full(3, 0.5), targeted=True)
    assert classifier.towards("the port").explained_by == ERASURE
    assert classifier.towards("the convoy").explained_by == COEFFICIENTS


def test_a_label_that_is_never_given_has_no_total():
    y = np.eye(3, dtype=int)[CLASS] * [1, 1, 0]
    with pytest.warns(UserWarning, match="not present|Label"):
        pipeline = Pipeline(
            [("features", build_features(SPECS)), ("classifier", Logistic().build(["a", "b", "c"], True, 0))]
        ).fit(TEXTS, y)
    task = Task(name="framing", type="multilabel", labels=["a", "b", "c"])
    (explained,) = SentenceClassifier(pipeline, task, np.full(3, 0.5)).explain([NEW[0]])
    assert np.isnan(explained.labels["c"].total)
    assert not explained.labels["c"].contributions.any()
    assert explained.dump(3)["explained"]["c"]["total"] is None
    assert not np.isnan(explained.labels["a"].total)


def test_the_calibration_chosen_beside_a_model_changes_no_contribution():
    from dataclasses import replace

    from experiments.measures.calibration import Calibration, Curve

    plain = model(Logistic())
    calibrated = replace(plain, calibration=Calibration(tuple(Curve(0.5, 1.0) for _ in range(3))))
    (one,), (other,) = plain.explain([NEW[0]]), calibrated.explain([NEW[0]])
    assert one.labels["threat"].total == other.labels["threat"].total
    assert calibrated.predict_proba([NEW[0]])[0, 0] != pytest.approx(plain.predict_proba([NEW[0]])[0, 0])


@pytest.mark.parametrize("most", [0, 1, 7])
def test_what_is_not_listed_is_one_sum(most):
    (explained,) = model(Logistic()).explain([NEW[0]])
    for label, found in explained.dump(most)["explained"].items():
        pieces = found["pieces"]
        listed = [piece for piece in pieces if "others" not in piece]
        assert len(listed) == (most or len(explained.labels[label].names))
        strengths = [abs(piece["contribution"]) for piece in listed]
        assert strengths == sorted(strengths, reverse=True)
        assert found["intercept"] + sum(piece["contribution"] for piece in pieces) == pytest.approx(
            found["total"], abs=1e-9
        )
        assert len(listed) + sum(piece.get("others", 0) for piece in pieces) == len(explained.labels[label].names)
        assert any(piece["start"] is None for piece in explained.dump(0)["explained"][label]["pieces"])


@pytest.fixture
def article(tmp_path):
    path = tmp_path / "wire.txt"
    path.write_text("Ostland's general attacked\n   the convoy on Monday. The envoy signed it.\n", encoding="utf-8")
    return path


def test_rows_carry_offsets_into_their_own_sentence(article):
    (scored,) = score_articles(model(Logistic()), read_articles([str(article)]), explain=0)
    rows = list(scored.rows())
    assert any("\n" in row["text"] for row in rows)  # a hard-wrapped sentence is put on one line for the model alone
    for row in rows:
        assert row["explained_by"] == COEFFICIENTS and row["explained_in"] == "log odds"
        for found in row["explained"].values():
            assert [row["text"][each["start"] : each["end"]] for each in found["words"]] == row["text"].split()
            for piece in found["pieces"]:
                if piece["feature"].startswith("words__") and piece["start"] is not None:
                    assert row["text"][piece["start"] : piece["end"]].lower().split() == piece["feature"][7:].split()


def test_rows_say_nothing_of_it_unless_asked(article):
    (scored,) = score_articles(model(Logistic()), read_articles([str(article)]))
    assert all("explained" not in row for row in scored.rows())


@pytest.mark.parametrize("spec", [Logistic(), FEW_TREES], ids=["sum", "no sum"])
def test_a_page_shades_the_words_of_each_label_given(article, spec):
    classifier = model(spec)
    (scored,) = score_articles(classifier, read_articles([str(article)]), explain=20)
    page = score_page([scored], classifier.labels)
    assert page.count("<li style=") - page.count('<li class="off"') >= int(scored.decided.sum())
    assert "What the labels rest on" in page
    assert ("The model adds up weights" in page) == isinstance(spec, Logistic)
    assert 'class="for"' in page.split("What the labels rest on")[-1]
    assert "What the labels rest on" not in score_page(
        [*score_articles(classifier, read_articles([str(article)]))], classifier.labels
    )


@pytest.fixture
def saved(tmp_path):
    model(Logistic()).save(tmp_path / "model")
    return str(tmp_path / "model")


def test_score_explains_on_the_command_line(article, saved, tmp_path):
    out = tmp_path / "why.jsonl"
    ended = CliRunner().invoke(app, ["score", str(article), "-m", saved, "--explain", "--pieces", "2", "-o", str(out)])
    assert ended.exit_code == 0, ended.output
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert all(len(row["explained"]["threat"]["pieces"]) == 3 for row in rows)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--explain", "-o", "x.csv"], "--explain: csv has no place"),
        (["--explain", "-o", "x.parquet"], "--explain: parquet has no place"),
        (["--explain", "-o", "parts/"], "--explain: parquet has no place"),
        (["--explain", "--pieces", "3", "-o", "x.html"], "--pieces: is for .jsonl"),
        (["--pieces", "3", "-o", "x.jsonl"], "add --explain"),
        (["--explain", "--engine", "spark", "--master", "local[1]", "-o", "x/"], "--explain: means nothing to"),
    ],
)
def test_what_makes_no_sense_together_is_one_line(article, saved, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(app, ["score", str(article), "-m", saved, *options])
    assert ended.exit_code == 2
    assert said in ended.output
    assert not list(tmp_path.glob("x*"))
