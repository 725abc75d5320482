import importlib.util
import json
import pickle
import re
import subprocess
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from experiments.classifiers.encoder import EncoderClassifier
from experiments.config.files import load_config
from experiments.config.schema import Task
from experiments.errors import InputError
from experiments.measures.calibration import Calibration, Curve
from experiments.model import (
    CARD_FILE,
    FORMER_NAMES,
    PIPELINE_FILE,
    SEEN_FILE,
    SentenceClassifier,
    ServedModel,
    _load_pyfunc,
    fingerprint,
    load_model,
    needs_encoder,
    pipeline_file,
    rounded,
)
from experiments.provenance import package_versions
from experiments.tracking.runs import model_signature
from experiments.train import prepare
from experiments.training.fitting import fit
from features.embeddings import SentenceEmbeddings
from features.encoder.errors import EncoderError
from features.target_touch import KnownTargets
from features.targets import TextOfPairs

TEXTS = [
    "Rebels shelled the town again.",
    "The two governments signed a treaty.",
    "The ministry denied the report.",
    "",
]


@pytest.fixture(scope="module")
def classifier(small_config):
    config = load_config(str(small_config))
    train, _ = prepare(config, lambda line: None)
    with joblib.parallel_config("threading"):
        return fit(config, train)


@pytest.fixture(scope="module")
def tiny():
    """A pipeline that is fitted in no time."""
    return make_pipeline(CountVectorizer(), LogisticRegression()).fit(["a war", "no war", "a deal"], [0, 1, 2])


@pytest.fixture
def saved(tiny, tmp_path):
    task = Task(name="framing", labels=["threat", "cooperation", "denial"])
    SentenceClassifier(tiny, task, np.full(3, 0.3)).save(tmp_path / "model")
    return tmp_path / "model"


def test_loaded_model_predicts_the_same(classifier, tmp_path):
    classifier.save(tmp_path)
    loaded = load_model(tmp_path)
    assert np.array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert np.array_equal(loaded.thresholds, classifier.thresholds)
    assert (loaded.labels, loaded.versions) == (classifier.labels, classifier.versions)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["boosting", "naive-bayes", "svm", "lexicon", "majority", "default"])
def test_every_kind_survives_saving(name, small_corpus, tmp_path):
    config = load_config(f"framing/{name}", [f"data.train={small_corpus}", "thresholds.method=fixed"])
    train, _ = prepare(config, lambda line: None)
    classifier = fit(config, train)
    classifier.save(tmp_path)
    assert np.array_equal(load_model(tmp_path).predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert classifier.predict_proba(TEXTS).shape == (4, 3)


@pytest.mark.slow
def test_scoring_does_not_wait_for_pytorch(saved):
    code = (
        "import pathlib, sys; from experiments.model import load_model; "
        f"load_model(pathlib.Path({str(saved)!r})).predict_proba(['They signed.']); "
        "assert 'torch' not in sys.modules; import importlib.util; assert importlib.util.find_spec('torch')"
    )
    pytest.importorskip("torch")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_texts_give_no_rows(classifier):
    assert classifier.predict_proba([]).shape == (0, 3)


def test_served_model_gives_labels_and_probabilities(saved):
    table = _load_pyfunc(str(saved)).predict(pd.DataFrame({"text": TEXTS}))
    labels = ["threat", "cooperation", "denial"]
    assert list(table.columns) == ["labels", *labels, *(f"threshold_{label}" for label in labels)]
    assert all(set(labels) <= {"threat", "cooperation", "denial"} for labels in table["labels"])


def test_pickle_is_refused_and_not_executed(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "boom"), "w"))

    (tmp_path / "model.pkl").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(InputError, match="holds a pickle"):
        load_model(tmp_path)
    assert not (tmp_path / "boom").exists()


def test_stranger_in_the_pipeline_is_refused(saved):
    skops.io.dump(FunctionTransformer(func=print), saved / PIPELINE_FILE)
    with pytest.raises(InputError, match="types that framescope doesn't know"):
        load_model(saved)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_damaged_pipeline_is_one_line(saved, content):
    (saved / PIPELINE_FILE).write_bytes(content)
    with pytest.raises(InputError, match="no readable skops file"):
        load_model(saved)


def test_truncated_pipeline_is_one_line(saved):
    whole = (saved / PIPELINE_FILE).read_bytes()
    (saved / PIPELINE_FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="no readable skops file"):
        load_model(saved)


def test_pipeline_without_its_parts_is_one_line(saved):
    with zipfile.ZipFile(saved / PIPELINE_FILE, "w") as file:
        file.writestr("schema.json", "{}")
    with pytest.raises(InputError, match="no readable skops file"):
        load_model(saved)


@pytest.mark.parametrize("damage", [lambda card: card.pop("thresholds"), lambda card: card.update(format=99)])
def test_card_that_does_not_fit_is_one_line(saved, damage):
    card = json.loads((saved / CARD_FILE).read_text())
    damage(card)
    (saved / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(InputError):
        load_model(saved)


def test_folder_without_a_model_says_what_to_give(tmp_path):
    with pytest.raises(InputError, match="holds no framescope model"):
        load_model(tmp_path)
    with pytest.raises(InputError, match="no such model folder"):
        load_model(tmp_path / "nowhere")


def test_model_saved_before_its_modules_moved_answers_as_it_did_then():
    """Saved by version 0.1.0, whose targets' models were of the module ``experiments.separate``."""
    model = load_model(Path(__file__).parent / "saved_models" / "separate-0.1.0")
    texts = ["The embargo has kept the valley quiet.", "It has starved the clinics of medicine.", "Rain fell."]
    expected = [[0.318906, 0.30907, 0.372023], [0.423052, 0.27137, 0.305579], [0.332468, 0.327349, 0.340182]]
    assert model.predict_proba(texts, ["the arms embargo"] * 3) == pytest.approx(np.array(expected), abs=1e-5)
    assert sorted(model.pipeline.named_steps["classifier"].own_) == ["nato enlargement", "the arms embargo"]


def test_former_names_are_of_modules_that_exist_no_more_and_present_ones_of_those_that_do():
    for former, present in FORMER_NAMES.items():
        assert importlib.util.find_spec(present)
        assert importlib.util.find_spec(former) is None


FRAMING = Task(name="framing", labels=["threat", "denial"])
STANCE = Task(name="stance", type="multiclass", labels=["favor", "against", "none"])


class Echo:
    """A pipeline that answers with how long text and target are."""

    def predict_proba(self, rows):
        pairs = [row if isinstance(row, tuple) else (row, "") for row in rows]
        return np.array([[len(text), len(target)] for text, target in pairs], dtype=np.float32)


class Unable:
    def predict_proba(self, rows):
        raise EncoderError("the extra onnx isn't installed")


def in_hand(pipeline=None, task=FRAMING, thresholds=(0.5, 0.3), **more):
    return SentenceClassifier(pipeline or Echo(), task, np.array(thresholds), **more)


def test_probabilities_are_those_of_each_text_and_its_target():
    plain = in_hand().predict_proba(["ab", "abc"])
    assert plain.tolist() == [[2, 0], [3, 0]] and plain.dtype == np.float64
    targeted = in_hand(targeted=True)
    assert targeted.predict_proba(["ab", "abc"], ["tolls", "dam"]).tolist() == [[2, 5], [3, 3]]
    towards = targeted.towards("dam")
    assert towards.predict_proba(["ab", "abc"]).tolist() == [[2, 3], [3, 3]]
    assert towards.predict_proba(["ab", "abc"], ["tolls", "x"]).tolist() == [[2, 5], [3, 1]]  # its own come first
    assert towards.predict_proba([]).shape == (0, 2)
    with pytest.raises(ValueError, match="argument"):
        targeted.predict_proba(["ab", "abc"], ["tolls"])


def test_model_with_targets_needs_one_and_says_which_text_has_none():
    targeted = in_hand(targeted=True)
    with pytest.raises(InputError, match="the framing model tells the stance to a target: name one with --target"):
        targeted.predict_proba(["ab"])
    with pytest.raises(InputError, match="the target of text 2 is empty"):
        targeted.predict_proba(["ab", "abc", "d"], ["tolls", " ", ""])
    with pytest.raises(InputError, match="the target of text 1 is empty"):
        targeted.predict_proba(["ab", "abc"], ["", "tolls"])


def test_target_is_refused_where_it_is_empty_or_the_model_knows_none():
    plain, targeted = in_hand(), in_hand(targeted=True)
    assert plain.towards(None) is plain and targeted.towards(None) is targeted
    with pytest.raises(InputError, match="--target tolls: the framing model knows no targets"):
        plain.towards("tolls")
    with pytest.raises(InputError, match="--target: is empty"):
        targeted.towards(" ")


def test_what_an_encoder_lacks_is_one_line_with_the_model():
    with pytest.raises(InputError, match=r"^the framing model: the extra onnx isn't installed$"):
        in_hand(Unable()).predict_proba(["x"])


def test_label_is_given_from_its_own_threshold_on():
    decided = in_hand().decide(np.array([[0.5, 0.29], [0.49, 0.3], [0.9, 0.9]]))
    assert decided.tolist() == [[1, 0], [0, 1], [1, 1]] and decided.dtype == np.int8
    assert in_hand().names(decided) == [["threat"], ["denial"], ["threat", "denial"]]


def test_likeliest_label_is_given_in_a_multiclass_task_whatever_the_thresholds():
    model = in_hand(task=STANCE, thresholds=[0.9, 0.9, 0.0])
    decided = model.decide(np.array([[0.2, 0.5, 0.3], [0.4, 0.3, 0.3]]))
    assert decided.tolist() == [[0, 1, 0], [1, 0, 0]] and decided.dtype == np.int8
    assert model.names(decided) == [["against"], ["favor"]]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 2048])
def test_scores_are_those_of_each_text_and_its_target_whatever_the_batch(batch_size):
    class Thirds(Echo):
        def predict_proba(self, rows):
            return super().predict_proba(rows) / 3

    model = in_hand(Thirds(), targeted=True, thresholds=[0.5, 1])
    found = list(model.score(iter(["a", "ab", "abc"]), iter(["abc", "ab", "a"]), batch_size))
    limits = {"thresholds": {"threat": 0.5, "denial": 1.0}}
    assert found == [
        {"text": "a", "labels": ["denial"], "scores": {"threat": 0.3333, "denial": 1.0}, **limits},
        {"text": "ab", "labels": ["threat"], "scores": {"threat": 0.6667, "denial": 0.6667}, **limits},
        {"text": "abc", "labels": ["threat"], "scores": {"threat": 1.0, "denial": 0.3333}, **limits},
    ]
    one_of = in_hand(Thirds(), task=Task(name="x", type="multiclass", labels=["a", "b"]), targeted=True)
    assert "thresholds" not in next(one_of.towards("a").score(["a"]))
    own = list(model.towards("a").score(["a", "ab", "abc"], batch_size=batch_size))
    assert [row["scores"]["denial"] for row in own] == [0.3333] * 3
    with pytest.raises(InputError, match=r"^there are fewer targets than texts; give one a text$"):
        list(model.score(["a", "ab", "abc"], ["abc", "ab"], batch_size))


def test_scores_say_whether_the_model_can_know_the_target_and_the_text_touches_it():
    texts = ["The ferry is full."] * 6 + ["The bridge is shut."] * 6
    known = KnownTargets.learn(texts, ["the boat tax"] * 6 + ["the toll"] * 6)
    model = in_hand(targeted=True, known_targets=known)
    asked = ["No ferries today.", "It rained.", "Tax wealth!", "It rained."]
    rows = list(model.score(asked, ["the boat tax", "The Boat Tax", "the wealth tax", "the toll"], batch_size=3))
    assert [(row["target_in_training"], row["touches_target"]) for row in rows] == [
        (True, True),
        (True, False),
        (False, True),
        (True, False),
    ]
    (row,) = model.towards("the toll").score(["The bridge!"])
    assert (row["target_in_training"], row["touches_target"]) == (True, True)
    table = pd.DataFrame({"text": asked, "target": ["the toll"] * 4}, index=[4, 2, 7, 1])
    served = ServedModel(model).predict(table)
    assert served["target_in_training"].tolist() == [True] * 4
    assert served["touches_target"].to_dict() == {4: False, 2: False, 7: False, 1: False}
    assert ServedModel(model).predict(table.assign(text="The bridge!"))["touches_target"].all()
    assert served.columns.tolist() == model_signature(model).outputs.input_names()


def test_texts_are_read_a_batch_at_a_time():
    read, calls = iter("abcde"), []

    class Counting(Echo):
        def predict_proba(self, rows):
            calls.append(len(rows))
            return super().predict_proba(rows)

    scored = in_hand(Counting()).score(read, batch_size=2)
    assert next(scored)["text"] == "a"
    assert (calls, next(read)) == ([2], "c")
    assert [row["text"] for row in scored] == ["b", "d", "e"]
    list(in_hand(Counting()).score("a" for _ in range(5000)))
    assert max(calls) < 5000  # as many as come would take all of memory


def test_everything_about_a_model_survives_saving(tmp_path):
    seen = frozenset(map(fingerprint, ["A war.", "No war."]))
    # a model of pairs that reads their texts
    pairs = make_pipeline(TextOfPairs(CountVectorizer()), LogisticRegression())
    pairs.fit([("a war", "x"), ("no war", "x"), ("a deal", "x")], [0, 1, 2])
    model = in_hand(pairs, STANCE, [0.1, 0.2, 0.3], versions={"framescope": "9"}, targeted=True, trained_on=seen)
    model.save(tmp_path / "new" / "folder")
    loaded = load_model(tmp_path / "new" / "folder")
    assert loaded.task == STANCE
    assert loaded.thresholds.tolist() == [0.1, 0.2, 0.3]
    assert (loaded.versions, loaded.targeted, loaded.trained_on) == ({"framescope": "9"}, True, seen)
    assert loaded.seen(["a WAR.", "peace", "no war.", "no war."]) == 3
    loaded.save(tmp_path / "new" / "folder")  # in place of itself
    assert load_model(tmp_path / "new" / "folder").trained_on == seen


def test_calibration_comes_before_everything_that_is_made_of_a_probability(tmp_path):
    task = Task(name="framing", labels=["threat", "denial"])
    pipeline = make_pipeline(CountVectorizer(), OneVsRestClassifier(LogisticRegression()))
    pipeline.fit(["a war", "no war", "a deal"], np.array([[1, 0], [1, 1], [0, 1]]))
    plain = SentenceClassifier(pipeline, task, np.full(2, 0.5))
    given = plain.predict_proba(["a war", "a deal"])
    model = replace(plain, calibration=Calibration((Curve(slope=2, intercept=-9), Curve(x=(0, 1), y=(0.5, 0.7)))))
    model.save(tmp_path)
    assert json.loads((tmp_path / CARD_FILE).read_text("utf-8"))["format"] == 2  # a kit that would pass it over stops
    for each in (model, load_model(tmp_path)):
        found = each.predict_proba(["a war", "a deal"])
        assert (found[:, 0] < 0.01).all()
        assert np.allclose(found[:, 1], 0.5 + 0.2 * given[:, 1])
        assert [row["labels"] for row in each.score(["a war", "a deal"])] == [["denial"], ["denial"]]
        assert ServedModel(each).predict(pd.DataFrame({"text": ["a war"]}))["denial"][0] == found[0, 1]


@pytest.mark.parametrize(("shrinks", "how"), [(True, zipfile.ZIP_DEFLATED), (False, zipfile.ZIP_STORED)])
def test_large_pipelines_are_deflated_only_if_it_pays(tmp_path, monkeypatch, shrinks, how):
    monkeypatch.setattr(pipeline_file, "_LARGE", 10)
    weights = np.random.default_rng(1).random((400, 400))
    step = FunctionTransformer(kw_args={"weights": np.zeros_like(weights) if shrinks else weights})
    in_hand(Pipeline([("step", step)])).save(tmp_path)
    with zipfile.ZipFile(tmp_path / PIPELINE_FILE) as file:
        assert {entry.compress_type for entry in file.infolist()} == {how}


def test_numbers_that_are_not_one_a_label_are_an_error_and_not_cut_off(tiny, tmp_path):
    with pytest.raises(ValueError, match="argument"):
        in_hand().names(np.ones((1, 3)))
    with pytest.raises(ValueError, match="argument"):
        in_hand(tiny, thresholds=[0.1, 0.2, 0.3]).save(tmp_path)


def test_card_can_be_read_without_the_kit_and_the_pipeline_is_small(tiny, tmp_path):
    in_hand(tiny, trained_on=frozenset(["b", "a"])).save(tmp_path)
    assert json.loads((tmp_path / CARD_FILE).read_text("utf-8")) == {
        "format": 1,
        "task": {"name": "framing", "type": "multilabel", "labels": ["threat", "denial"], "average_over": []},
        "thresholds": {"threat": 0.5, "denial": 0.3},
        "versions": package_versions(),
        "targeted": False,
    }
    assert (tmp_path / CARD_FILE).read_text("utf-8").count("\n") > 5
    assert (tmp_path / SEEN_FILE).read_text("utf-8") == "a\nb\n"
    with zipfile.ZipFile(tmp_path / PIPELINE_FILE) as file:
        assert {entry.compress_type for entry in file.infolist()} == {zipfile.ZIP_DEFLATED}


class WithWeights:
    """A fine-tuned encoder, as far as saving goes."""

    def __init__(self, name):
        self.name = name

    def save_weights(self, folder):
        folder.mkdir()
        (folder / "name.txt").write_text(self.name)


class Made:
    """A classifier made of others."""

    def __init__(self, **parts):
        vars(self).update(parts)


def pipeline_with(classifier):
    return Pipeline([("classifier", classifier)])


def test_weights_of_every_encoder_are_saved_beside_the_model(tmp_path):
    encoders = [pipeline_with(WithWeights(name)) for name in "abcd"]
    inner = pipeline_with(Made(first_=encoders[0], second_=encoders[1]))
    vote = pipeline_with(Made(members_=[inner, pipeline_with(Made()), pipeline_with(Made(student_=encoders[2]))]))
    in_hand(vote).save(tmp_path / "vote")
    folders = {
        folder.name: (folder / "name.txt").read_text() for folder in (tmp_path / "vote").iterdir() if folder.is_dir()
    }
    assert folders == {"encoder": "a", "encoder-2": "b", "encoder-3": "c"}
    in_hand(encoders[3]).save(tmp_path / "one")
    assert (tmp_path / "one" / "encoder" / "name.txt").read_text() == "d"
    in_hand(make_pipeline(FunctionTransformer())).save(tmp_path / "none")
    assert not (tmp_path / "none" / "encoder").exists()


@pytest.mark.parametrize(
    ("pipeline", "needs"),
    [
        (make_pipeline(SentenceEmbeddings(), LogisticRegression()), True),
        (pipeline_with(EncoderClassifier({}, ["a", "b"])), True),
        (make_pipeline(CountVectorizer(), LogisticRegression()), False),
    ],
)
def test_model_tells_whether_it_needs_the_packages_of_encoders(pipeline, needs, tmp_path):
    in_hand(pipeline).save(tmp_path)
    assert needs_encoder(tmp_path) is needs


def test_pytorch_is_neither_loaded_nor_lost_on_loading(saved, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    load_model(saved)
    assert "torch" not in sys.modules
    torch = types.ModuleType("torch")
    monkeypatch.setitem(sys.modules, "torch", torch)
    load_model(saved)
    assert sys.modules["torch"] is torch


def test_fingerprint_sees_through_case_and_typography_and_not_figures():
    assert fingerprint("“They met,” he said.") == fingerprint('"they MET," he  said.') == "d119535480986e9d"
    assert fingerprint("12 were killed") != fingerprint("47 were killed")


@pytest.mark.parametrize("inside", ["", "data/classifier", "model/data/classifier"])
def test_model_is_found_in_its_folder_and_in_that_of_mlflow(saved, tmp_path, inside):
    outer = tmp_path / "outer"
    (outer / inside).parent.mkdir(parents=True, exist_ok=True)
    saved.rename(outer / inside)
    assert load_model(outer).labels == ["threat", "cooperation", "denial"]


def change_card(folder, change):
    card = json.loads((folder / CARD_FILE).read_text("utf-8"))
    change(card)
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")


def test_model_of_a_later_version_names_it(saved):
    change_card(saved, lambda card: (card.update(format=3), card["versions"].update(framescope="7.5")))
    with pytest.raises(InputError, match=re.escape(f"{saved}: was saved by a later framescope (7.5); upgrade")):
        load_model(saved)


@pytest.mark.parametrize(
    "change",
    [
        lambda card: card.pop("format"),
        lambda card: card.update(format="x"),
        lambda card: card["task"].update(labels=[]),
        lambda card: card["thresholds"].pop("denial"),
        lambda card: card["thresholds"].update(denial="high"),
        lambda card: card.update(versions=3),
        lambda card: card.update(calibration={"curves": [{"slope": 1, "intercept": 0}]}),
        lambda card: card.update(calibration={"curves": [{"x": [0, 1], "y": [0]}] * 3}),
        lambda card: card.update(calibration={"slope": 1}),
    ],
)
def test_damaged_card_is_one_line_that_names_it(saved, change):
    change_card(saved, change)
    with pytest.raises(InputError, match=re.escape(f"{saved / CARD_FILE}: is damaged (")):
        load_model(saved)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe"])
def test_card_that_is_no_card_is_one_line_that_names_it(saved, content):
    (saved / CARD_FILE).write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"{saved / CARD_FILE}: is damaged (")):
        load_model(saved)


def test_model_saved_before_it_knew_its_texts_or_targets_loads(saved):
    (saved / SEEN_FILE).unlink()
    change_card(saved, lambda card: card.pop("targeted"))
    loaded = load_model(saved)
    assert (loaded.trained_on, loaded.targeted, loaded.target) == (frozenset(), False, None)


def test_missing_pipeline_is_one_line(saved):
    (saved / PIPELINE_FILE).unlink()
    with pytest.raises(InputError, match=re.escape(f"{saved / PIPELINE_FILE}: is missing; train or download")):
        load_model(saved)


def test_strangers_in_the_pipeline_are_named(saved):
    skops.io.dump(make_pipeline(FunctionTransformer(func=print), Made()), saved / PIPELINE_FILE)
    strangers = re.escape(
        "(builtins.print, sklearn.preprocessing._function_transformer.FunctionTransformer, "
        "tests.experiments.test_model.Made)"
    )
    with pytest.raises(InputError, match=f"holds types that framescope doesn't know {strangers}"):
        load_model(saved)


@pytest.mark.parametrize("name", ["b.pkl", "deep/b.pickle", "b.joblib", "b.bin", "b.pt"])
def test_folder_with_a_pickle_names_it(tmp_path, name):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    with pytest.raises(InputError, match=re.escape(f"{tmp_path}: holds a pickle ({Path(name).name})")):
        load_model(tmp_path)


def test_served_table_keeps_its_rows_numbers_and_reads_an_empty_text():
    table = pd.DataFrame({"text": ["ab", "", "7"]}, index=[5, 3, 9])
    served = ServedModel(in_hand(thresholds=[2, 0])).predict(table)
    assert served.index.tolist() == [5, 3, 9]
    assert list(served.columns) == ["labels", "threat", "denial", "threshold_threat", "threshold_denial"]
    assert served["threshold_denial"].tolist() == [0, 0, 0]
    assert served["labels"].tolist() == [["threat", "denial"], ["denial"], ["denial"]]
    assert served["threat"].tolist() == [2, 0, 1]
    assert ServedModel(in_hand()).predict(table.iloc[:0]).columns.tolist() == list(served.columns)
    assert ServedModel(in_hand(task=STANCE, thresholds=[0, 0, 0])).predict(table.iloc[:0]).columns.tolist() == [
        "labels",
        *STANCE.labels,
    ]


def test_served_model_with_targets_reads_them_from_their_column():
    served = ServedModel(in_hand(targeted=True))
    found = served.predict(pd.DataFrame({"text": ["ab", "abc"], "target": ["tolls", "12"]}))
    assert found["denial"].tolist() == [5, 2]


def test_rounding_never_takes_a_probability_across_its_threshold():
    rng = np.random.default_rng(0)
    limits = np.array([0.3, 0.44, 0.12345, 1.0])
    probabilities = np.clip(limits + rng.normal(0, 1e-4, (500, 4)), 0, 1)
    shown = rounded(probabilities, limits)
    assert ((shown >= limits) == (probabilities >= limits)).all()
    assert ((probabilities.round(4) >= limits) != (probabilities >= limits)).any(), "plain rounding does"
    assert np.abs(shown - probabilities).max() < 1e-4
    assert (shown == shown.round(4)).all() and shown.min() >= 0 and shown.max() <= 1
    assert (rounded(probabilities) == probabilities.round(4)).all()
