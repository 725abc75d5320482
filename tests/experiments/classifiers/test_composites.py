"""Models made of models: vote, cascade and distilling."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.pipeline import Pipeline

from experiments.classifiers.cascade import CascadeClassifier
from experiments.classifiers.lexicon import Lexicon
from experiments.classifiers.variants import make_variants
from experiments.config.files import load_config
from experiments.corpus.rows import load_data
from experiments.errors import InputError
from experiments.measures.operating_points import best_thresholds, macro_f1
from experiments.model import load_model
from experiments.training.fitting import fit, set_aside
from tests.conftest import write_jsonl

pytestmark = pytest.mark.slow

WORDS = "{features: [{type: words, min_df: 1}], classifier: {type: logistic}}"
CHARS = "{features: [{type: chars}], classifier: {type: svm}}"


def silent(line):
    pass


@pytest.fixture
def made_of(small_corpus, tmp_path):
    """Return a function that fits a classifier made of others to the small corpus."""

    def fitted(classifier, *overrides, targeted=False):
        path = tmp_path / "composite.yaml"
        path.write_text(
            f"""
name: composite
task: {{name: framing, labels: [threat, cooperation, denial]}}
data: {{train: {small_corpus}, validation_size: 0.3}}
classifier: {classifier}
thresholds: {{method: validation}}
"""
        )
        config = load_config(str(path), overrides)
        rows, _ = load_data(config, silent)
        return config, rows, fit(config, rows)

    return fitted


def test_vote_is_the_mean_of_its_members_log_odds(made_of, tmp_path):
    _, rows, model = made_of(f"{{type: vote, members: [{WORDS}, {CHARS}], weights: [3, 1]}}")
    first, second = (member.predict_proba(rows.texts) for member in model.pipeline.named_steps["classifier"].members_)
    expected = expit((3 * logit(np.clip(first, 1e-4, 1 - 1e-4)) + logit(np.clip(second, 1e-4, 1 - 1e-4))) / 4)
    assert np.allclose(model.predict_proba(rows.texts), expected)
    model.save(tmp_path / "saved")
    assert np.allclose(load_model(tmp_path / "saved").predict_proba(rows.texts), expected)


def test_vote_with_the_wrong_number_of_weights_is_refused(made_of):
    with pytest.raises(InputError, match="give 2 numbers above 0"):
        made_of(f"{{type: vote, members: [{WORDS}, {CHARS}], weights: [1]}}")


def test_cascade_asks_the_second_model_only_about_what_the_first_is_unsure_of(made_of, tmp_path, monkeypatch):
    _, rows, model = made_of(f"{{type: cascade, first: {WORDS}, second: {CHARS}, max_loss: 0.05}}")
    cascade = model.pipeline.named_steps["classifier"]
    handed = cascade.hands_over(rows.texts)
    assert 0 < handed.mean() < 1
    model.save(tmp_path / "saved")
    asked = []
    second = cascade.second_.predict_proba
    monkeypatch.setattr(cascade.second_, "predict_proba", lambda texts: asked.append(list(texts)) or second(texts))
    found = model.predict_proba(rows.texts)
    assert asked == [[text for text, over in zip(rows.texts, handed, strict=True) if over]]
    assert np.allclose(found[handed], second(asked[0]))
    assert np.allclose(load_model(tmp_path / "saved").predict_proba(rows.texts), found)


def test_cascade_mixes_the_first_into_what_it_hands_over(made_of, tmp_path):
    config, rows, model = made_of(f"{{type: cascade, first: {WORDS}, second: {CHARS}, blend: 0.25, max_loss: 0.05}}")
    cascade = model.pipeline.named_steps["classifier"]
    handed = cascade.hands_over(rows.texts)
    assert 0 < handed.mean() < 1
    fast, slow = (each.predict_proba(rows.texts) for each in (cascade.first_, cascade.second_))
    mixed = expit(0.25 * logit(np.clip(fast, 1e-4, 1 - 1e-4)) + 0.75 * logit(np.clip(slow, 1e-4, 1 - 1e-4)))
    found = model.predict_proba(rows.texts)
    assert np.allclose(found[handed], mixed[handed])
    assert not np.allclose(found[~handed], mixed[~handed])
    _, held = set_aside(config, rows)
    fast, slow = (each.predict_proba(held.texts) for each in (cascade.first_, cascade.second_))
    mixed = expit(0.25 * logit(np.clip(fast, 1e-4, 1 - 1e-4)) + 0.75 * logit(np.clip(slow, 1e-4, 1 - 1e-4)))
    assert cascade.thresholds_.tolist() == best_thresholds(held.y, mixed).tolist()
    model.save(tmp_path / "saved")
    assert np.allclose(load_model(tmp_path / "saved").predict_proba(rows.texts), found)


def test_cascade_chooses_its_hand_over_on_rows_at_natural_rates():
    """The first knows nothing of some rows written to teach, and all of the news: nothing need be handed over."""

    def words(*known):
        kind = Lexicon(keywords={"threat": list(known), "denial": ["deny"]})
        return Pipeline([("classifier", kind.build(["threat", "denial"], True, 13))])

    news = [("Rebels attack.", [1, 0]), ("They deny it.", [0, 1]), ("Rain.", [0, 0]), ("Sun.", [0, 0])] * 10
    taught = [("Zyx.", [1, 0])] * 20
    texts, y = zip(*news, *taught, strict=True)
    natural = np.arange(len(texts)) < len(news)
    for mask, share in ((natural, 0), (None, 20 / 60)):
        cascade = CascadeClassifier(words("attack"), words("attack", "zyx"), max_loss=0.0)
        cascade.fit(texts, np.array(y), (texts, np.array(y)), natural=mask)
        assert (cascade.handed_over_ > 0) == (share > 0)
        assert cascade.hands_over(["Zyx."]) == [share > 0]


def test_natural_rows_are_those_on_which_thresholds_are_chosen(made_of, monkeypatch):
    asked = []
    fitted = CascadeClassifier.fit
    monkeypatch.setattr(
        CascadeClassifier,
        "fit",
        lambda self, X, y, validation=None, unlabelled=(), auxiliary=(), natural=None: (
            asked.append((validation, natural)) or fitted(self, X, y, validation, natural=natural)
        ),
    )
    cascade = f"{{type: cascade, first: {WORDS}, second: {CHARS}}}"
    config, rows, _ = made_of(cascade, "thresholds.where={kind: article}")
    _, held = set_aside(config, rows)
    assert asked[0][1].tolist() == [kind == "article" for kind in held.rows["kind"]]
    assert 0 < asked[0][1].sum() < len(held)


@pytest.mark.parametrize("max_loss", [0.0, 0.02])
def test_cascade_loses_no_more_on_validation_rows_than_allowed(made_of, max_loss):
    config, rows, model = made_of(f"{{type: cascade, first: {WORDS}, second: {CHARS}, max_loss: {max_loss}}}")
    cascade = model.pipeline.named_steps["classifier"]
    _, held = set_aside(config, rows)
    slow = cascade.second_.predict_proba(held.texts)
    thresholds = best_thresholds(held.y, slow)
    alone = macro_f1(held.y, slow >= thresholds)
    together = macro_f1(held.y, cascade.predict_proba(held.texts) >= thresholds)
    assert alone - together == pytest.approx(cascade.loss_)
    assert alone - together <= max_loss + 1e-9


def test_more_allowed_loss_hands_over_less(made_of):
    shares = [
        made_of(f"{{type: cascade, first: {WORDS}, second: {CHARS}, max_loss: {loss}}}")[2]
        .pipeline.named_steps["classifier"]
        .handed_over_
        for loss in (0.0, 0.05, 0.9)
    ]
    assert shares[0] >= shares[1] >= shares[2] == 0


def test_cascade_without_validation_rows_is_refused(made_of):
    with pytest.raises(InputError, match=r"set data.validation_size=0.1"):
        made_of(f"{{type: cascade, first: {WORDS}, second: {CHARS}}}", "data.validation_size=0", "thresholds.method=cv")


KEYWORDS = "{classifier: {type: lexicon, keywords: {threat: [zyxwar], cooperation: [zyxpact], denial: [zyxdeny]}}}"


@pytest.mark.parametrize("student", [WORDS, CHARS], ids=["probabilities", "labels"])
def test_student_learns_from_its_teacher_what_no_labelled_row_says(made_of, tmp_path, student):
    unlabelled = write_jsonl(
        tmp_path / "unlabelled.jsonl",
        [{"text": f"Report {n}: {word} again."} for n in range(60) for word in ("zyxwar", "zyxpact", "nothing")],
    )
    _, _, model = made_of(
        f"{{type: distilled, teacher: {KEYWORDS}, student: {student}}}", f"data.unlabelled={unlabelled}"
    )
    war, pact, nothing = model.predict_proba(["Report: zyxwar.", "Report: zyxpact.", "Report: nothing."])
    assert war[0] > nothing[0] + 0.2
    assert pact[1] > nothing[1] + 0.2
    model.save(tmp_path / "saved")
    loaded = load_model(tmp_path / "saved")
    assert np.allclose(loaded.predict_proba(["Report: zyxwar."])[0], war)
    assert not hasattr(loaded.pipeline.named_steps["classifier"], "teacher_")


def test_student_learns_from_what_its_teacher_says_of_variants(made_of):
    words = "{features: [{type: words, min_df: 1}], classifier: {type: logistic, C: 100}}"
    always = "{classifier: {type: lexicon, keywords: {threat: [said], cooperation: [zyxpact], denial: [zyxdeny]}}}"
    said = ["Somebody said so.", "Nobody knows."]
    _, _, alone = made_of(f"{{type: distilled, teacher: {always}, student: {words}, variants: 3}}")
    first, second = alone.predict_proba(said)
    assert first[0] > second[0] + 0.3
    _, _, blended = made_of(f"{{type: distilled, teacher: {always}, student: {words}, blend: 1}}")
    first, second = blended.predict_proba(said)
    assert first[0] > 0.8 > 0.2 > second[0]  # the labels count for nothing, the teacher's word for all


def test_distilling_needs_something_that_the_teacher_can_say(made_of):
    with pytest.raises(InputError, match=r"set data\.unlabelled to a file"):
        made_of(f"{{type: distilled, teacher: {KEYWORDS}, student: {WORDS}}}")


def test_variants_keep_the_target_and_are_new():
    texts = ["The army of Norland shelled 3 villages near Kem on Friday.", "Talks begin.", ""]
    found = make_variants(texts, 5, 1)
    assert 5 < len(found) <= 10 and len(set(found)) == len(found) and not set(found) & set(texts)
    assert found == make_variants(texts, 5, 1) != make_variants(texts, 5, 2)
    words = {word for text in texts for word in text.split()}
    assert all(set(each.split()) <= words for each in found)
    pairs = make_variants([(text, "the war") for text in texts], 5, 1)
    assert {target for _, target in pairs} == {"the war"}
    assert make_variants(texts, 0, 1) == []


def test_unlabelled_sentences_that_are_test_rows_are_left_out(made_of, tmp_path):
    texts = [f"Report {n}: zyxwar again." for n in range(60)]
    unlabelled = write_jsonl(tmp_path / "unlabelled.jsonl", [{"text": text} for text in texts])
    config, rows, model = made_of(
        f"{{type: distilled, teacher: {KEYWORDS}, student: {WORDS}}}", f"data.unlabelled={unlabelled}"
    )
    said = []
    tested = replace(rows, texts=[texts[0].upper(), *texts[1:50]])
    clean = fit(config, rows, tested, said.append)
    assert said == ["note: 50 sentence(s) of data.unlabelled are test rows: left out"]
    war = "Report: zyxwar."
    assert 0 < clean.predict_proba([war])[0, 0] < model.predict_proba([war])[0, 0]


def test_distilling_without_unlabelled_sentences_says_what_to_set(made_of, tmp_path):
    with pytest.raises(InputError, match=r"set data.unlabelled to a file of them"):
        made_of(f"{{type: distilled, teacher: {CHARS}, student: {WORDS}}}")
    with pytest.raises(InputError, match="no such file"):
        made_of(f"{{type: distilled, teacher: {CHARS}, student: {WORDS}}}", "data.unlabelled=nowhere.jsonl")
    other = write_jsonl(tmp_path / "other.jsonl", [{"sentence": "x"}])
    with pytest.raises(InputError, match="has no column 'text'"):
        made_of(f"{{type: distilled, teacher: {CHARS}, student: {WORDS}}}", f"data.unlabelled={other}")


def test_members_are_configs_by_name_whose_settings_can_be_overridden(tmp_path):
    cascade = tmp_path / "cascade.yaml"
    cascade.write_text(
        "name: cascade\ndefaults: framing/default\nfeatures: []\n"
        "classifier: {type: cascade, first: framing/default, second: framing/encoder}\n"
    )
    config = load_config(str(cascade), ["classifier.first=framing/ngrams", "classifier.first.classifier.C=7"])
    assert [feature.type for feature in config.classifier.first.features] == ["words", "chars"]
    assert config.classifier.first.classifier.C == 7
    with pytest.raises(InputError, match="no such config"):
        load_config(str(cascade), ["classifier.first=framing/ngramz"])
    loop = tmp_path / "loop.yaml"
    loop.write_text("defaults: cascade.yaml\nclassifier: {first: loop.yaml}")
    with pytest.raises(InputError, match="is made of itself"):
        load_config(str(loop))
    with pytest.raises(InputError, match="the logistic classifier needs at least one feature"):
        load_config(str(cascade), ["classifier.first={classifier: {type: logistic}}"])
