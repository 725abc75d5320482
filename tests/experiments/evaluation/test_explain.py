import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from experiments.classifiers import Boosting, Lexicon, Logistic, Majority, NaiveBayes
from experiments.config.schema import Task
from experiments.evaluation.explain import readable, top_features, word_effects
from experiments.model import SentenceClassifier
from features import build_features
from features.target_mention import TargetContext
from features.word_ngrams import WordNgrams

TEXTS = [
    f"{subject} {verb} {object_}"
    for subject in ("The minister", "A general", "Both sides", "The envoy")
    for verb in ("attacked", "signed", "visited")
    for object_ in ("the convoy on Monday", "the port", "the northern town again", "a camp")
    for _ in range(2)  # enough rows for a tree to split
]
LABELS = ["threat", "cooperation"]


def model(spec, multilabel=True, labels=LABELS):
    y = np.array([["attacked" in text, "signed" in text] for text in TEXTS], dtype=int)
    reads_text = isinstance(spec, Lexicon)
    steps = [] if reads_text else [("features", build_features([WordNgrams(min_df=1)]))]
    pipeline = Pipeline([*steps, ("classifier", spec.build(labels, multilabel, 0))])
    pipeline.fit(TEXTS, y if multilabel else y[:, 0])
    task = Task(name="framing", type="multilabel" if multilabel else "multiclass", labels=labels)
    return SentenceClassifier(pipeline, task, np.full(2, 0.5))


@pytest.fixture(scope="module")
def linear():
    return model(Logistic())


def test_the_decisive_word_has_the_largest_effect(linear):
    effects = word_effects(linear, "The minister attacked the convoy.", 0)
    assert [word for word, _ in effects] == ["The", "minister", "attacked", "the", "convoy."]
    assert max(effects, key=lambda item: item[1])[0] == "attacked"
    assert dict(word_effects(linear, "The minister attacked the convoy.", 1))["attacked"] < 0


def test_an_effect_is_the_drop_of_the_probability(linear):
    effects = dict(word_effects(linear, "The envoy signed it", 1))
    whole, without = linear.predict_proba(["The envoy signed it", "The envoy  it"])[:, 1]
    assert effects["signed"] == pytest.approx(whole - without)


def test_a_text_without_words_has_no_effects(linear):
    assert word_effects(linear, "  ", 0) == []


@pytest.mark.parametrize("spec", [Logistic(), NaiveBayes()])
def test_a_linear_model_is_read_by_its_weights(spec):
    top = top_features(model(spec), [], k=3)  # it needs no texts
    assert "attacked" in top["threat"][0][0]
    assert "signed" in top["cooperation"][0][0]
    for features in top.values():
        weights = [weight for _, weight in features]
        assert len(features) == 3
        assert weights == sorted(weights, reverse=True)
        assert weights[-1] > 0


def test_two_classes_share_one_row_of_weights_with_opposite_signs():
    top = top_features(model(Logistic(), multilabel=False, labels=["other", "threat"]), [], k=5)
    assert top["threat"][0][0] == "attacked"
    assert "attacked" not in dict(top["other"])


@pytest.mark.parametrize(
    "spec", [Boosting(iterations=20), Lexicon(keywords={"threat": ["attack"], "cooperation": ["sign"]})]
)
def test_a_model_without_weights_is_read_by_leaving_words_out(spec):
    top = top_features(model(spec), TEXTS[::4], k=3)
    assert top["threat"][0][0] == "attacked"
    assert top["cooperation"][0][0] == "signed"


def test_nothing_speaks_for_a_label_in_a_model_that_reads_no_text():
    assert top_features(model(Majority()), TEXTS[:5]) == {"threat": [], "cooperation": []}


def test_features_are_named_as_people_read_them():
    assert readable("words__talks with") == "talks with"
    assert readable("chars__ no ") == "“␣no␣” (characters)"
    assert readable("cues__deny_claim:negated") == "deny claim, negated (cue)"
    assert readable("cues-2__actor_state>say_deny [the treaty]") == "a state denies (cue) [the treaty]"
    assert readable("words__talks with [the treaty]") == "talks with [the treaty]"
    assert readable("chars__ no  [the treaty]") == "“␣no␣” (characters) [the treaty]"
    assert readable("chars__b]") == "“b]” (characters)"
    assert readable("target__near:stop <target>") == "“stop <target>” (around the target)"
    assert readable("target__mention:negated [the treaty]") == "negation before the target [the treaty]"
    assert readable("target=treati") == "target has “treati”"
    names = [readable(f"target__{name}") for name in TargetContext().fit([("War", "peace")]).get_feature_names_out()]
    assert not any(":" in name for name in names)
