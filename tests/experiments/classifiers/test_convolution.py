import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import average_precision_score
from sklearn.pipeline import Pipeline

from experiments.classifiers import convolution
from experiments.classifiers.convolution import Convolution, ConvolutionClassifier, principal_embeddings
from experiments.config.files import load_config
from experiments.config.schema import Task
from experiments.corpus.rows import load_data
from experiments.errors import InputError
from experiments.model import SentenceClassifier, load_model, needs_encoder
from experiments.tracking.artifacts import fetch_model
from experiments.train import train
from experiments.training.fitting import fit, pipeline_of, set_aside
from features.encoder import EncoderError, TextEncoder
from features.encoder.convolution import Convolutions, convolution_model
from features.encoder.weights import read_tokenizer, read_weights
from tests.conftest import ROOT, write_jsonl
from tests.encoders import small_encoder
from tests.experiments.classifiers.test_encoder import PLACES, rows

slow = pytest.mark.slow
LABELS = ["threat", "cooperation", "denial"]
SMALL = "width: 16, filters: 24, epochs: 8, batch_size: 16, learning_rate: 0.01, max_length: 48, patience: 8"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("rows") / "rows.jsonl", rows())


@pytest.fixture
def config(corpus, small, tmp_path):
    path = tmp_path / "convolution.yaml"
    path.write_text(
        f"""
name: small-convolution
task: {{name: small, labels: [{", ".join(LABELS)}]}}
data: {{train: {corpus}, test_size: 0.2, validation_size: 0.2}}
classifier: {{type: convolution, model: {small}, {SMALL}}}
thresholds: {{method: validation}}
evaluation: {{bootstrap: 50, errors: 1}}
tracking: {{register: false}}
""",
        encoding="utf-8",
    )
    return path


def silent(line):
    pass


def fitted(config, *overrides):
    """Fit to all rows that aren't set aside; return the model and the rows."""
    loaded = load_config(str(config), overrides)
    train_rows, _ = load_data(loaded, silent)
    return fit(loaded, train_rows), train_rows


def step_of(model):
    return model.pipeline.named_steps["classifier"]


def drawn(widths, n_tokens=20, width=8, n_filters=5, n_labels=3):
    rng = np.random.default_rng(4)

    def numbers(*shape):
        return rng.normal(size=shape).astype(np.float32)

    return Convolutions(
        numbers(n_tokens, width),
        [numbers(n_filters, width, k) for k in widths],
        [numbers(n_filters) for _ in widths],
        numbers(n_labels, n_filters * len(widths) + width),
        numbers(n_labels),
    )


def by_hand(weights, tokens):
    """Compute the scores of one text window by window."""
    vectors = weights.embeddings[tokens].astype(float)
    found = []
    for filters, bias in zip(weights.filters, weights.biases, strict=True):
        k = filters.shape[2]
        padded = np.vstack([vectors, np.zeros((k, vectors.shape[1]))])
        windows = [padded[at : at + k] for at in range(len(tokens))]
        best = [max(0.0, *(float((each.T * window_filter).sum()) for each in windows)) for window_filter in filters]
        found.append(np.maximum(np.asarray(best) + bias, 0))
    return weights.head @ np.concatenate([*found, vectors.mean(axis=0)]) + weights.bias


@pytest.mark.parametrize(("int8", "tolerance"), [(False, 1e-5), (True, 0.6)])
@pytest.mark.parametrize("widths", [[1, 3, 5], [2], [4, 4, 1]], ids=str)
def test_graph_gives_what_windows_and_filters_give_however_long_the_batch_is(widths, int8, tolerance):
    onnxruntime = pytest.importorskip("onnxruntime")
    weights = drawn(widths)
    session = onnxruntime.InferenceSession(convolution_model(weights, int8), providers=["CPUExecutionProvider"])
    texts = [[0, 3, 7, 7, 19, 2], [0], [5, 1, 0, 4]]  # the token of number 0 is a word like others
    ids, mask = (np.zeros((3, 9), dtype=np.int64) for _ in range(2))
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    together = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    for row, tokens in enumerate(texts):
        alone = session.run(None, {"input_ids": [tokens], "attention_mask": [[1] * len(tokens)]})[0][0]
        assert together[row] == pytest.approx(alone, abs=1e-5)
        assert np.abs(together[row] - by_hand(weights, tokens)).max() < tolerance


def test_embeddings_are_reduced_to_the_components_of_most_variance(small):
    whole = read_weights(small)["embeddings.word_embeddings.weight"]
    variances = np.linalg.svd(whole - whole.mean(axis=0), compute_uv=False) ** 2
    reduced = principal_embeddings(small, Convolution(model=str(small), width=16))
    assert reduced.shape == (len(whole), 16) and reduced.std() == pytest.approx(1, abs=1e-3)
    products = reduced.T @ reduced
    assert np.diag(products) / products[0, 0] == pytest.approx(variances[:16] / variances[0], rel=1e-3)
    assert np.abs(products - np.diag(np.diag(products))).max() < 1e-3 * products[0, 0]


@slow
def test_convolution_is_trained_saved_and_scores_alike_without_pytorch(config, in_workspace, tmp_path):
    trained = train(load_config(str(config)), silent)
    assert trained.metrics["test.macro_f1"] > 0.8
    assert abs(trained.metrics["int8.macro_f1_loss"]) < 0.1
    folder = fetch_model(trained.model_uri)
    texts = [row["text"] for row in rows()[::9]]
    here = load_model(folder).predict_proba(texts)
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    code = f"""
import importlib.abc, json, pathlib, sys
class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "onnx", "safetensors", "huggingface_hub", "mlflow"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
from experiments.model import load_model
model = load_model(pathlib.Path({str(folder)!r}))
print(json.dumps(model.predict_proba(json.loads(pathlib.Path({str(tmp_path / "texts.json")!r}).read_text())).tolist()))
"""
    moved = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert moved.returncode == 0, moved.stderr
    assert np.abs(np.asarray(json.loads(moved.stdout)) - here).max() < 1e-9
    served = (folder / "requirements.txt").read_text()
    assert "onnxruntime==" in served and "tokenizers==" in served and "torch" not in served


@slow
def test_saved_graph_gives_what_the_trained_network_gives(config, monkeypatch):
    learners = []
    known = convolution.run_epochs
    monkeypatch.setattr(convolution, "run_epochs", lambda *given: learners.append(given[0]) or known(*given))
    model, data = fitted(config, "classifier.precision=fp32", "classifier.widths=[1,2,3]")
    texts = data.texts[:40]
    expected = learners[0].predict_texts(texts, step_of(model).tokenizer_, 48)
    assert np.abs(step_of(model).predict_proba(texts) - expected).max() < 1e-5
    assert all(np.abs(learners[0].weights()[f"biases.{at}"]).max() > 1e-3 for at in range(3))


@slow
def test_same_seed_gives_the_same_model_and_another_seed_another(config, cache):
    def scores(*overrides):
        for file in cache.rglob("*.safetensors"):
            file.unlink()
        model, data = fitted(config, "classifier.epochs=2", *overrides)
        return step_of(model).predict_proba(data.texts[:20])

    assert np.array_equal(scores(), scores())
    assert np.abs(scores() - scores("seed=14")).max() > 1e-3


@slow
def test_best_epoch_is_kept_and_training_stops_when_it_gets_no_better(config):
    loaded = load_config(
        str(config), ["classifier.epochs=60", "classifier.patience=2", "classifier.learning_rate=0.003"]
    )
    train_rows, _ = load_data(loaded, silent)
    classifier = step_of(fit(loaded, train_rows))
    found = [epoch["validation"] for epoch in classifier.history_]
    assert len(found) < 60
    assert max(found[-2:]) <= max(found[:-2])
    _, held = set_aside(loaded, train_rows)
    exact = classifier.float_probabilities(held.inputs)
    assert average_precision_score(held.y, exact, average="macro") == pytest.approx(max(found), abs=0.02)


OPTIONS = """width=32 filters=8 widths=[2] widths=[3,3] epochs=9 batch_size=7 learning_rate=0.02 dropout=0 masked=0
    masked=0.3 max_length=64 patience=1 precision=fp32 device=cpu"""


@slow
@pytest.mark.parametrize("option", OPTIONS.split())
def test_every_option_trains_a_model_that_learns_and_is_saved_as_it_was_trained(config, tmp_path, option):
    model, data = fitted(config, f"classifier.{option}")
    here = model.predict_proba(data.texts)
    assert np.abs(model.calibrated(step_of(model).float_probabilities(data.texts)) - here).max() < 0.1
    assert average_precision_score(data.y, here, average="macro") > 0.9
    model.save(tmp_path / "model")
    assert needs_encoder(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert np.array_equal(loaded.predict_proba(data.texts), here)
    assert not hasattr(step_of(loaded), "float_model_")


@slow
def test_probabilities_are_learned_as_such(small):
    texts = [row["text"] for row in rows()]
    certain = np.asarray([[label in row["labels"] for label in LABELS] for row in rows()])
    settings = {**_settings(small), "dropout": 0.0, "masked": 0.0, "epochs": 15}
    student = Convolution(**settings).build_soft(LABELS, True, 3, None)
    found = student.fit(texts, np.where(certain, 0.7, 0.2)).predict_proba(texts)
    assert found[certain].mean() == pytest.approx(0.7, abs=0.05)
    assert found[~certain].mean() == pytest.approx(0.2, abs=0.05)
    exclusive = Convolution(**settings).build_soft(["a", "b"], False, 3, None)
    deny = certain[:, 2]
    found = exclusive.fit(texts, np.where(deny[:, None], [0.8, 0.2], [0.3, 0.7])).predict_proba(texts)
    assert found.sum(axis=1) == pytest.approx(1)
    assert found[deny, 0].mean() == pytest.approx(0.8, abs=0.05)
    assert found[~deny, 0].mean() == pytest.approx(0.3, abs=0.05)


@slow
def test_it_is_taught_by_another_classifier(config, corpus):
    classifier = (
        "{type: distilled, blend: 0.5, teacher: {features: [{type: words, min_df: 1}], classifier: {type: logistic}}, "
        f"student: {{classifier: {step_text(load_config(str(config)).classifier)}}}}}"
    )
    model, data = fitted(config, f"classifier={classifier}")
    assert average_precision_score(data.y, model.predict_proba(data.texts), average="macro") > 0.9


def step_text(spec):
    return json.dumps(spec.model_dump())


def _settings(small):
    return {
        "model": str(small),
        **{"width": 16, "filters": 24, "epochs": 8, "batch_size": 16, "learning_rate": 0.01, "max_length": 48},
    }


@slow
def test_nothing_is_learned_from_an_undecided_label(config):
    loaded = load_config(str(config), ["data.validation_size=0", "thresholds.method=fixed"])
    assert loaded.classifier.takes_undecided
    train_rows, _ = load_data(loaded, silent)
    y = train_rows.y.copy()
    denies = np.flatnonzero(y[:, 2] == 1)
    hidden = denies[::2]
    left_open, as_absent = y.copy(), y.copy()
    left_open[hidden, 2], as_absent[hidden, 2] = -1, 0
    left_open[np.flatnonzero(y[:, 2] == 0)[::2], 2] = -1
    found = [
        fit(loaded, replace(train_rows, y=each)).predict_proba(train_rows.texts)[hidden, 2].mean()
        for each in (left_open, as_absent)
    ]
    assert found[0] > found[1] + 0.3, found


@slow
def test_targets_are_read_with_the_text(small, tmp_path):
    pairs = [
        {"text": f"talks {place} .", "label": "favor" if target == "the treaty" else "against", "target": target}
        for place in PLACES * 4
        for target in ("the treaty", "the war")
    ]
    path = write_jsonl(tmp_path / "pairs.jsonl", [{"group": str(n), **row} for n, row in enumerate(pairs)])
    config = tmp_path / "stance.yaml"
    config.write_text(
        f"""
name: pairs
task: {{name: pairs, type: multiclass, labels: [favor, against]}}
data: {{train: {path}, columns: {{labels: label, target: target}}}}
classifier: {{type: convolution, model: {small}, {SMALL}}}
"""
    )
    model, _ = fitted(config)
    found = model.predict_proba(["talks on monday ."] * 2, ["the treaty", "the war"])
    assert found.sum(axis=1) == pytest.approx(1)
    assert found[0, 0] > 0.6 > 0.4 > found[1, 0]


@slow
def test_long_text_has_the_labels_of_all_its_windows(config):
    classifier = step_of(fitted(config)[0])
    quiet = "the market was quiet on friday . " * 30
    long = quiet + "rebels attacked the town ."
    scores, owner = TextEncoder(classifier.model_, classifier.tokenizer_, 48).run([long, "rain and sun"])
    assert np.bincount(owner)[0] > 3 and np.bincount(owner)[1] == 1
    found = classifier.predict_proba([long, "rain and sun"])
    assert found[0] == pytest.approx(expit(scores[owner == 0].astype(float)).max(axis=0))
    assert found[0, 0] > classifier.predict_proba([quiet])[0, 0] + 0.05
    classifier.multilabel = False
    exclusive = classifier.predict_proba([long, "rain and sun"])
    assert exclusive[0] == pytest.approx(softmax(scores[owner == 0].astype(float), axis=1).mean(axis=0), abs=1e-6)


def test_saved_model_says_that_it_needs_what_runs_graphs(tmp_path, small):
    pipeline = Pipeline([("classifier", ConvolutionClassifier(_settings(small), LABELS))])
    SentenceClassifier(pipeline, Task(name="small", labels=LABELS), np.full(3, 0.5)).save(tmp_path / "saved")
    assert needs_encoder(tmp_path / "saved")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("widths=[]", "classifier.widths: list should have at least 1 item"),
        ("widths=[0]", r"classifier.widths.0: input should be greater than or equal to 1"),
        ("width=0", "classifier.width: input should be greater than or equal to 1"),
        ("dropout=1", "classifier.dropout: input should be less than 1"),
        ("masked=-0.1", "classifier.masked: input should be greater than or equal to 0"),
        ("precision=int4", "classifier.precision: input should be 'int8' or 'fp32'"),
        ("device=tpu", "classifier.device: "),
        ("layers=3", "classifier.layers: unknown key"),
        ("model=./nothing", "./nothing: there is no such folder with an encoder"),
    ],
)
def test_wrong_options_are_refused(config, option, message):
    with pytest.raises(InputError, match=message):
        pipeline_of(load_config(str(config), [f"classifier.{option}"]))()


@pytest.mark.parametrize("missing", ["torch", "onnx", "safetensors"])
def test_missing_extra_is_named_before_anything_is_trained(config, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=rf"the package {missing}, .*pip install 'framescope\[encoder\]'"):
        pipeline_of(load_config(str(config)))()


def test_encoder_that_does_not_serve_says_why(small, tmp_path):
    def refused(**settings):
        with pytest.raises(EncoderError) as told:
            Convolution(**{**_settings(small), **settings}).build(LABELS, True, 1).fit(["talks"], [[1, 0, 0]])
        return str(told.value)

    assert refused(width=33).startswith("classifier.width=33: the word embeddings of ")
    assert "have 32 columns; take as many at most" in refused(width=33)
    unmasked = tmp_path / "unmasked"
    unmasked.mkdir()
    for name in ("config.json", "model.safetensors"):
        (unmasked / name).write_bytes((small / name).read_bytes())
    (unmasked / "tokenizer.json").write_text(read_tokenizer(small).replace("[MASK]", "[HIDE]"))
    assert refused(model=str(unmasked)).endswith("has no token [MASK] or <mask>; set classifier.masked=0")
