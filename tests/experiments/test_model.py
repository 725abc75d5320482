import importlib.util
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from experiments.config.files import load_config
from experiments.errors import InputError
from experiments.model import CARD_FILE, FORMER_NAMES, PIPELINE_FILE, _load_pyfunc, load_model
from experiments.train import prepare
from experiments.training.fitting import fit

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
    return fit(config, train)


@pytest.fixture
def saved(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    return tmp_path / "model"


def test_loaded_model_predicts_the_same(classifier, saved):
    loaded = load_model(saved)
    assert np.array_equal(loaded.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert np.array_equal(loaded.thresholds, classifier.thresholds)
    assert (loaded.labels, loaded.versions) == (classifier.labels, classifier.versions)


@pytest.mark.parametrize("name", ["boosting", "naive-bayes", "svm", "lexicon", "majority", "default"])
def test_every_kind_survives_saving(name, small_corpus, tmp_path):
    config = load_config(f"framing/{name}", [f"data.train={small_corpus}", "thresholds.method=fixed"])
    train, _ = prepare(config, lambda line: None)
    classifier = fit(config, train)
    classifier.save(tmp_path)
    assert np.array_equal(load_model(tmp_path).predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert classifier.predict_proba(TEXTS).shape == (4, 3)


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
    assert list(table.columns) == ["labels", "threat", "cooperation", "denial"]
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
