"""Classifiers fitted to rows of which some labels are not decided."""

import numpy as np
import pytest

from experiments.classifiers import SVM, Boosting, Cascade, Distilled, Lexicon, Logistic, Majority, NaiveBayes, Vote
from experiments.classifiers.decided import DecidedOneVsRest, heeding_undecided
from experiments.classifiers.encoder import Encoder
from experiments.classifiers.members import fit_member
from experiments.classifiers.separate import SeparateTargets
from experiments.config.schema import Task
from experiments.model import SentenceClassifier, load_model
from features import WordNgrams, build_features

LABELS = ["threat", "cooperation"]
WORDS = [["raid", "siege", "shelling"], ["pact", "treaty", "accord"]]
FEATURES = [{"type": "words", "min_df": 1}]
MEMBER = {"features": FEATURES, "classifier": {"type": "logistic"}}


def rows(n=240, seed=0):
    """Texts that say what their labels are; of half of them nobody decided the second label."""
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 2)) < 0.5).astype(np.int8)
    texts = [
        " ".join(["on", "the", f"day{row}", *(rng.choice(WORDS[k]) for k in range(2) if y[row, k])]) for row in range(n)
    ]
    known = y.copy()
    known[::2, 1] = -1
    return texts, y, known


def pipeline(spec):
    from sklearn.pipeline import Pipeline

    steps = [] if spec.reads_text else [("features", build_features([WordNgrams(min_df=1)]))]
    return Pipeline([*steps, ("classifier", spec.build(LABELS, True, 0))])


@pytest.mark.parametrize(
    "spec", [Logistic(), SVM(), NaiveBayes(), Boosting(iterations=20), Majority()], ids=lambda spec: spec.type
)
def test_each_label_is_learned_from_the_rows_where_it_is_decided(spec):
    texts, y, known = rows()
    X = build_features([WordNgrams(min_df=1)]).fit_transform(texts)
    found = heeding_undecided(spec.build(LABELS, True, 0)).fit(X, known).predict_proba(X)
    first = spec.build(LABELS, True, 0).fit(X, y).predict_proba(X)[:, 0]
    decided = known[:, 1] >= 0
    second = spec.build(LABELS, True, 0).fit(X[decided], y[decided]).predict_proba(X)[:, 1]
    assert np.allclose(found, np.column_stack([first, second]))


def test_taking_undecided_for_none_would_be_worse():
    texts, y, known = rows()
    model = heeding_undecided(pipeline(Logistic())).fit(texts, known)
    assert ((model.predict_proba(texts) >= 0.5) == y).mean() > 0.95


def test_every_classifier_of_the_kit_says_that_it_takes_them():
    plain = {"type": "lexicon", "keywords": {"threat": ["raid"]}}
    taught = Distilled(teacher=MEMBER, student={"features": [], "classifier": plain})
    kinds = [Logistic(), SVM(), NaiveBayes(), Boosting(), Majority(), Lexicon(**plain), Encoder(), taught]
    kinds += [Vote(members=[MEMBER, MEMBER]), Cascade(first=MEMBER, second=MEMBER)]
    assert all(spec.takes_undecided for spec in kinds)


class Picky(Logistic):
    """A classifier that a contributor has added without a thought of undecided labels."""

    takes_undecided = False


def test_a_model_made_of_others_takes_them_if_all_of_these_do():
    picky = {"features": FEATURES, "classifier": Picky()}
    members = [type(Vote(members=[MEMBER, MEMBER]).members[0]).model_construct(**each) for each in (MEMBER, picky)]
    members[0] = Vote(members=[MEMBER, MEMBER]).members[0]
    assert not Vote.model_construct(members=members).takes_undecided
    assert not Cascade.model_construct(first=members[0], second=members[1]).takes_undecided
    assert not Cascade.model_construct(first=members[1], second=members[0]).takes_undecided
    assert not Distilled.model_construct(teacher=members[1], student=members[0]).takes_undecided


def test_members_of_a_vote_heed_what_is_undecided_and_the_model_is_saved(tmp_path):
    texts, y, known = rows()
    spec = Vote(members=[MEMBER, {"features": FEATURES, "classifier": {"type": "svm"}}])
    model = heeding_undecided(pipeline(spec)).fit(texts, known)
    members = model.named_steps["classifier"].members_
    assert [type(member.named_steps["classifier"]) for member in members] == [DecidedOneVsRest] * 2
    found = model.predict_proba(texts)
    assert ((found >= 0.5) == y).mean() > 0.95
    task = Task(name="framing", labels=LABELS)
    SentenceClassifier(model, task, np.full(2, 0.5)).save(tmp_path / "saved")
    assert np.allclose(load_model(tmp_path / "saved").predict_proba(texts), found)


def test_cascade_chooses_its_hand_over_on_decided_labels():
    texts, _, known = rows()
    spec = Cascade(first={"features": FEATURES, "classifier": {"type": "majority"}}, second=MEMBER)
    model = heeding_undecided(pipeline(spec))
    fit_member(model, texts[:160], known[:160], (texts[160:], known[160:]))
    assert model.named_steps["classifier"].handed_over_ > 0.9  # the first knows nothing of the text
    with pytest.raises(ValueError, match="none of the 3 has a label"):
        fit_member(heeding_undecided(pipeline(spec)), texts, known, (texts[:3], np.array([[0, -1]] * 3)))


def test_a_student_learns_undecided_labels_from_its_teacher():
    texts, y, known = rows()
    known[:, 1] = np.where(np.arange(len(y)) < 80, y[:, 1], -1)
    spec = Distilled(teacher=MEMBER, student=MEMBER)
    model = heeding_undecided(pipeline(spec))
    fit_member(model, texts, known, None, ["on the day"])
    assert ((model.predict_proba(texts) >= 0.5) == y).mean() > 0.95


def test_a_label_that_a_target_has_not_decided_is_left_to_the_joint_model():
    texts, y, _ = rows()
    pairs = [(text, "guns" if row < 120 else "tolls") for row, text in enumerate(texts)]
    known = y.copy()
    known[:120, 1] = -1
    known[np.flatnonzero(y[:120, 1])[:2], 1] = 1  # two that have it tell nothing apart
    classifier = Logistic(C=100).build(LABELS, True, 0)
    model = SeparateTargets(build_features([WordNgrams(min_df=1)], "text"), classifier, LABELS)
    model = heeding_undecided(model).fit(pairs, known)
    assert model.notes_ == []
    assert {target: numbers.tolist() for target, numbers in model.known_.items()} == {"guns": [0], "tolls": [0, 1]}
    asked = [(texts[row], "guns") for row in range(240)]
    found, unseen = model.predict_proba(asked), model.predict_proba([(text, "ports") for text, _ in asked])
    assert np.allclose(found[:, 1], unseen[:, 1], atol=0.05) and not np.allclose(found[:, 0], unseen[:, 0], atol=0.05)
    assert ((found[:, 0] >= 0.5) == y[:, 0]).mean() > 0.95
    assert (
        found[y[:, 1] == 1, 1].mean() > found[y[:, 1] == 0, 1].mean() + 0.2
    )  # a label that it was never told for guns


def test_model_with_a_constant_for_a_label_can_be_loaded_again(tmp_path):
    texts, _, known = rows()
    pairs = [(text, "guns") for text in texts]
    known[:, 1] = -1
    known[:2, 1] = 0, 1
    pairs[0], pairs[1] = (texts[0], "tolls"), (texts[1], "tolls")
    model = SeparateTargets(build_features([WordNgrams(min_df=1)], "text"), Logistic().build(LABELS, True, 0), LABELS)
    model = heeding_undecided(model).fit(pairs, known)
    task = Task(name="framing", labels=LABELS)
    SentenceClassifier(model, task, np.full(2, 0.5), targeted=True).save(tmp_path / "saved")
    loaded = load_model(tmp_path / "saved")
    assert np.allclose(loaded.predict_proba(texts, ["guns"] * 240), model.predict_proba([(t, "guns") for t in texts]))


def test_keywords_base_rates_count_given_labels_only():
    spec = Lexicon(keywords={"threat": ["raid"], "cooperation": ["pact"]})
    model = spec.build(LABELS, True, 0).fit(["a", "b", "c", "d"], np.array([[1, -1], [1, -1], [0, 1], [0, 0]]))
    assert model.fallback_.tolist() == [0.5, 0.25]


def test_pipelines_of_decided_rows_are_left_as_they_are():
    from sklearn.multiclass import OneVsRestClassifier

    plain = pipeline(Lexicon(keywords={"threat": ["raid"]}))
    assert heeding_undecided(plain) is plain
    one = pipeline(Logistic())
    assert type(one.named_steps["classifier"]) is OneVsRestClassifier
    assert type(heeding_undecided(one).named_steps["classifier"]) is DecidedOneVsRest
    assert type(one.named_steps["classifier"]) is OneVsRestClassifier


@pytest.mark.parametrize("spec", [Logistic(), SVM(), Boosting(iterations=20)], ids=lambda spec: spec.type)
def test_a_task_of_one_label_has_one_probability_a_text(spec):
    texts, y, _ = rows()
    X = build_features([WordNgrams(min_df=1)]).fit_transform(texts)
    one = heeding_undecided(spec.build(LABELS[:1], True, 0)).fit(X, y[:, :1])
    assert np.allclose(one.predict_proba(X), spec.build(LABELS, True, 0).fit(X, y).predict_proba(X)[:, :1])
