import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from experiments.classifiers import device, finetuning, learner
from experiments.classifiers.encoder import Encoder
from experiments.classifiers.progress import Progress
from experiments.config.files import load_config
from experiments.corpus.rows import load_data
from experiments.errors import InputError
from experiments.model import load_model
from experiments.tracking.artifacts import fetch_model
from experiments.train import prepare, train
from experiments.training.fitting import fit, pipeline_of, set_aside
from features.embeddings import SentenceEmbeddings
from features.encoder import TextEncoder, runner
from tests.conftest import ROOT, write_jsonl
from tests.encoders import small_encoder

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("bert"))


ACTS = {
    "threat": [
        "rebels attacked the town",
        "troops shelled the village",
        "the army threatened war",
        "a missile killed two",
    ],
    "cooperation": [
        "ministers signed a treaty",
        "partners agreed a joint pact",
        "talks on cooperation with aid",
        "a new agreement",
    ],
    "denial": [
        "the ministry denied the claims",
        "the allegations are untrue",
        "the report is false",
        "baseless claims never",
    ],
    "": ["the market was quiet", "rain and sun on friday", "school people in the city", "the river and the village"],
}
PLACES = [
    "in the capital",
    "on the border",
    "in the old city",
    "on monday",
    "on friday",
    "in the village",
    "in two towns",
]


def rows():
    """Return rows whose label a few words give away, five groups a kind."""
    found = []
    for label, acts in ACTS.items():
        for number, act in enumerate(acts):
            for place in PLACES:
                text = f"{act} {place} ."
                found.append(
                    {
                        "id": f"{label}-{len(found)}",
                        "text": text,
                        "labels": [label] if label else [],
                        "group": f"{number}{place[-4:]}",
                    }
                )
    return found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("rows") / "rows.jsonl", rows())


@pytest.fixture
def config(corpus, small, tmp_path):
    path = tmp_path / "encoder.yaml"
    path.write_text(
        f"""
name: small-encoder
task: {{name: small, labels: [threat, cooperation, denial]}}
data: {{train: {corpus}, test_size: 0.2, validation_size: 0.2}}
classifier: {{type: encoder, model: {small}, epochs: 12, batch_size: 16, learning_rate: 0.01,
  max_length: 48, patience: 12}}
thresholds: {{method: validation}}
evaluation: {{bootstrap: 50, errors: 1}}
tracking: {{register: false}}
""",
        encoding="utf-8",
    )
    return path


def silent(line):
    pass


def test_encoder_is_trained_saved_and_scores_alike_without_pytorch(config, in_workspace, tmp_path):
    trained = train(load_config(str(config)), silent)
    assert trained.metrics["test.macro_f1"] > 0.75
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
    import transformers

    (weights,) = folder.rglob("encoder/model.safetensors")
    again = transformers.AutoModel.from_pretrained(weights.parent)
    assert again.config.hidden_size == 32


def test_same_seed_gives_the_same_model_and_another_seed_another(config, cache):
    def scores(*overrides):
        loaded = load_config(str(config), ["classifier.epochs=1", *overrides])
        train_rows, _ = load_data(loaded, silent)
        for file in cache.rglob("*.safetensors"):
            file.unlink()
        return fit(loaded, train_rows).predict_proba(train_rows.texts[:20])

    assert np.array_equal(scores(), scores())
    assert np.abs(scores() - scores("seed=14")).max() > 1e-3


def test_killed_training_goes_on_after_its_last_epoch_to_the_same_end(config, cache, monkeypatch, capsys):
    monkeypatch.setattr(finetuning, "_KEEP_SECONDS", 0.0)
    loaded = load_config(str(config), ["classifier.epochs=4", "classifier.precision=fp32"])
    train_rows, _ = load_data(loaded, silent)
    straight = fit(loaded, train_rows).predict_proba(train_rows.texts[:20])
    for file in cache.rglob("*.safetensors"):
        file.unlink()

    done = []

    def step(self):
        done.append(self)
        if len(done) == 15:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Progress, "step", step)
        with pytest.raises(KeyboardInterrupt):
            fit(loaded, train_rows)
    assert len(list(cache.rglob("*.safetensors"))) == 1
    capsys.readouterr()
    resumed = fit(loaded, train_rows).predict_proba(train_rows.texts[:20])
    assert "going on after" in capsys.readouterr().err
    assert np.abs(resumed - straight).max() < 1e-6
    again = fit(loaded, train_rows).predict_proba(train_rows.texts[:20])
    assert "taken from the cache" in capsys.readouterr().err
    assert np.abs(again - straight).max() < 1e-6


def test_training_with_other_validation_rows_is_another_training(config, cache):
    loaded = load_config(str(config), ["classifier.epochs=1"])
    train_rows, _ = load_data(loaded, silent)
    rest, held = set_aside(loaded, train_rows)
    classifier = loaded.classifier.build(loaded.task.labels, True, loaded.seed)
    for validation in ((held.inputs, held.y), (held.inputs, 1 - held.y), None):
        classifier.fit(rest.inputs, rest.y, validation)
    assert len(list(cache.rglob("*.safetensors"))) == 3


def test_damaged_checkpoint_is_left_aside(config, cache):
    loaded = load_config(str(config), ["classifier.epochs=1"])
    train_rows, _ = load_data(loaded, silent)
    expected = fit(loaded, train_rows).predict_proba(train_rows.texts[:5])
    (kept,) = cache.rglob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:1000])
    assert np.array_equal(fit(loaded, train_rows).predict_proba(train_rows.texts[:5]), expected)


def test_best_epoch_is_kept_and_training_stops_when_it_gets_no_better(config):
    loaded = load_config(
        str(config), ["classifier.epochs=30", "classifier.patience=2", "classifier.learning_rate=0.03"]
    )
    train_rows, _ = load_data(loaded, silent)
    model = fit(loaded, train_rows)
    classifier = model.pipeline.named_steps["classifier"]
    found = [epoch["validation"] for epoch in classifier.history_]
    assert len(found) < 30
    assert max(found[-2:]) <= max(found[:-2])
    _, held = set_aside(loaded, train_rows)
    exact = classifier.float_probabilities(held.inputs)
    assert average_precision_score(held.y, exact, average="macro") == pytest.approx(max(found), abs=0.02)


def test_out_of_memory_says_what_to_lower(config, monkeypatch):
    def full(*_):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    loaded = load_config(str(config))
    train_rows, _ = load_data(loaded, silent)
    monkeypatch.setattr(learner.Learner, "_loss", full)
    with pytest.raises(InputError, match=r"out of memory .* set classifier.accumulate=2"):
        fit(loaded, train_rows)


def test_accumulating_gives_the_same_model_in_smaller_parts(config):
    def scores(accumulate):
        overrides = [
            "classifier.epochs=1",
            "classifier.dropout=0",
            f"classifier.accumulate={accumulate}",
            "classifier.precision=fp32",
        ]
        loaded = load_config(str(config), overrides)
        train_rows, _ = load_data(loaded, silent)
        model = fit(loaded, train_rows)
        return model.predict_proba(train_rows.texts[:20])

    # bfloat16, where the processor has it, rounds smaller parts otherwise; the encoder's own dropout is drawn anew
    assert np.abs(scores(1) - scores(4)).mean() < 0.1


def test_auxiliary_columns_are_learned_beside_the_labels(small, tmp_path, config):
    told = [{**row, "place": PLACES[at % len(PLACES)], "odd": "" if at % 2 else None} for at, row in enumerate(rows())]
    path = write_jsonl(tmp_path / "told.jsonl", told)

    def places_known(*overrides):
        """Fit, and return how well the trained encoder's vectors tell the places of other rows."""
        settings = [f"data.train={path}", "thresholds.method=fixed", "data.validation_size=0", *overrides]
        loaded = load_config(str(config), settings)
        train_rows, _ = load_data(loaded, silent)
        classifier = fit(loaded, train_rows).pipeline.named_steps["classifier"]
        assert classifier.predict_proba(["rain and sun"]).shape == (1, 3)
        classifier.save_weights(tmp_path / f"weights-{len(overrides)}")
        vectors = SentenceEmbeddings(str(tmp_path / f"weights-{len(overrides)}")).fit_transform(train_rows.texts)
        probe = LogisticRegression(max_iter=500).fit(vectors[::2], [row["place"] for row in told[::2]])
        return probe.score(vectors[1::2], [row["place"] for row in told[1::2]])

    assert places_known("data.columns.auxiliary=[place, odd]") > places_known() + 0.1
    loaded = load_config(str(config), ["data.columns.auxiliary=[planet]"])
    train_rows, _ = load_data(loaded, silent)
    with pytest.raises(InputError, match=r"no column 'planet' for data.columns.auxiliary; it has .*group"):
        fit(loaded, train_rows)


def test_label_smoothing_makes_the_model_less_sure(config):
    def sureness(smoothing):
        settings = ["classifier.precision=fp32", f"classifier.label_smoothing={smoothing}"]
        loaded = load_config(str(config), settings)
        train_rows, _ = load_data(loaded, silent)
        found = fit(loaded, train_rows).predict_proba(train_rows.texts)
        return np.abs(found - 0.5).mean()

    assert sureness(0.3) < sureness(0.0) - 0.05


def test_long_text_has_the_labels_of_all_its_windows(config):
    loaded = load_config(str(config), ["classifier.epochs=1"])
    train_rows, _ = load_data(loaded, silent)
    classifier = fit(loaded, train_rows).pipeline.named_steps["classifier"]
    long = "the market was quiet on friday . " * 30 + "rebels attacked the town ."
    scores, owner = TextEncoder(classifier.model_, classifier.tokenizer_, 48).run([long, "rain and sun"])
    assert np.bincount(owner)[0] > 3 and np.bincount(owner)[1] == 1
    found = classifier.predict_proba([long, "rain and sun"])
    assert found[0] == pytest.approx(expit(scores[owner == 0].astype(float)).max(axis=0))
    exclusive = learner.window_probabilities(scores, owner, 2, multilabel=False)
    assert exclusive[0] == pytest.approx(softmax(scores[owner == 0].astype(float), axis=1).mean(axis=0), abs=1e-6)


def test_targets_are_read_with_the_text(corpus, small, tmp_path):
    words = [row["text"] for row in rows() if row["labels"] == ["cooperation"]]
    pairs = [
        {"text": text, "label": "favor" if target == "the treaty" else "against", "target": target, "group": str(n)}
        for n, text in enumerate(words)
        for target in ("the treaty", "the war")
    ]
    path = write_jsonl(tmp_path / "pairs.jsonl", pairs)
    config = tmp_path / "stance.yaml"
    config.write_text(
        f"""
name: pairs
task: {{name: pairs, type: multiclass, labels: [favor, against]}}
data: {{train: {path}, columns: {{labels: label, target: target}}}}
classifier: {{type: encoder, model: {small}, epochs: 15, batch_size: 16, learning_rate: 0.01, max_length: 48}}
"""
    )
    loaded = load_config(str(config))
    train_rows, _ = load_data(loaded, silent)
    model = fit(loaded, train_rows)
    text = "ministers signed a treaty on monday ."
    favor = [model.predict_proba([text], [target])[0, 0] for target in ("the treaty", "the war")]
    assert favor[0] > 0.5 > favor[1]


def test_features_beside_an_encoder_are_refused(config):
    with pytest.raises(InputError, match="the encoder classifier reads the text itself"):
        load_config(str(config), ["features=[{type: words}]"])


def test_validation_thresholds_need_validation_rows(config):
    loaded = load_config(str(config), ["data.validation_size=0"])
    train_rows, _ = load_data(loaded, silent)
    with pytest.raises(InputError, match=r"set data.validation_size=0.1"):
        fit(loaded, train_rows)


@pytest.mark.parametrize("missing", ["torch", "transformers", "onnx", "safetensors"])
def test_missing_extra_is_named_before_anything_is_trained(config, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=rf"the package {missing}, .*pip install 'framescope\[encoder\]'"):
        pipeline_of(load_config(str(config)))()


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
def test_missing_package_of_the_core_is_named_before_anything_is_trained(config, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=f"the package {missing}, .*: reinstall framescope"):
        pipeline_of(load_config(str(config)))()


def test_scoring_without_onnx_runtime_says_to_reinstall(config, monkeypatch):
    loaded = load_config(str(config), ["classifier.epochs=1"])
    train_rows, _ = load_data(loaded, silent)
    model = fit(loaded, train_rows)
    runner._session.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"the small model: .*onnxruntime.*: reinstall framescope"):
        model.predict_proba(["talks in the capital"])


@pytest.mark.parametrize(
    ("device", "cards", "message"),
    [
        ("cuda", 0, "classifier.device=cuda: PyTorch sees no such device here; take auto or cpu"),
        ("cuda:7", 0, "classifier.device=cuda:7: PyTorch sees no such device here; take auto or cpu"),
        ("cuda:7", 1, r"classifier.device=cuda:7: PyTorch sees 1 graphics card\(s\) here: take cuda:0"),
        ("cuda:2", 2, r"sees 2 graphics card\(s\) here: take cuda:0 to cuda:1"),
    ],
)
def test_device_that_is_not_there_is_named(config, monkeypatch, device, cards, message):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    loaded = load_config(str(config), [f"classifier.device={device}"])
    train_rows, _ = load_data(loaded, silent)
    with pytest.raises(InputError, match=message):
        fit(loaded, train_rows)


def test_batch_size_is_left_to_the_device_when_asked(small):
    auto = Encoder(model=str(small), batch_size="auto", learning_rate=1e-4)
    on_card, on_cpu = device.sized(auto, "cuda:0"), device.sized(auto, "cpu")
    assert (on_card.batch_size, on_card.learning_rate) == (128, pytest.approx(2e-4))
    assert (on_cpu.batch_size, on_cpu.learning_rate) == (32, 1e-4)
    assert device.sized(Encoder(batch_size=8), "cuda") == Encoder(batch_size=8)


OPTIONS = """pooling=cls batch_size=auto class_weight=sqrt class_weight=balanced precision=fp32 dropout=0 warmup=0
    weight_decay=0 layer_decay=0.9 device=cpu patience=1 accumulate=2"""


@pytest.mark.parametrize("option", OPTIONS.split())
def test_every_option_trains_a_model_that_learns_and_is_saved_as_it_was_trained(config, tmp_path, option):
    loaded = load_config(str(config), [f"classifier.{option}"])
    train_rows, test_rows = prepare(loaded, silent)
    model = fit(loaded, train_rows)
    here = model.predict_proba(test_rows.texts)
    classifier = model.pipeline.named_steps["classifier"]
    assert np.abs(classifier.float_probabilities(test_rows.texts) - here).max() < 0.1
    assert average_precision_score(test_rows.y, here, average="macro") > 0.6
    model.save(tmp_path / "model")
    assert np.array_equal(load_model(tmp_path / "model").predict_proba(test_rows.texts), here)


@pytest.mark.parametrize("architecture", ["bert", "mpnet"])
def test_fewer_layers_are_kept_trained_and_saved(config, tmp_path, architecture):
    folder = small_encoder(tmp_path / "deep", architecture)
    layers = json.loads((folder / "config.json").read_text())["num_hidden_layers"]
    assert layers >= 2
    loaded = load_config(str(config), [f"classifier.model={folder}", "classifier.layers=1", "classifier.epochs=1"])
    train_rows, _ = load_data(loaded, silent)
    model = fit(loaded, train_rows)
    model.save(tmp_path / "model")
    assert np.array_equal(load_model(tmp_path / "model").predict_proba(["talks"]), model.predict_proba(["talks"]))
    weights = load_file(tmp_path / "model" / "encoder" / "model.safetensors")
    assert {name.split(".layer.")[1].split(".")[0] for name in weights if ".layer." in name} == {"0"}
    assert json.loads((tmp_path / "model" / "encoder" / "config.json").read_text())["num_hidden_layers"] == 1
    with pytest.raises(InputError, match=rf"classifier.layers=99: the encoder has {layers} layers"):
        fit(load_config(str(config), [f"classifier.model={folder}", "classifier.layers=99"]), train_rows)


def test_lower_layers_learn_more_slowly_when_asked(small):
    settings = Encoder(model=str(small), layer_decay=0.5, learning_rate=0.01)
    trained = learner.Learner(settings, small, np.eye(3, dtype=np.float32), False, 1, "cpu")
    tops = [group["top"] for group in trained.optimiser.param_groups]
    assert tops == pytest.approx([0.0025, 0.005, 0.01, 0.01])


def test_real_encoder_learns_from_the_shipped_corpus(small_corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    overrides = [
        f"data.train={small_corpus}",
        "classifier.epochs=2",
        "thresholds.method=validation",
        "thresholds.where={}",
    ]
    loaded = load_config("framing/encoder", overrides)
    train_rows, _ = load_data(loaded, silent)
    _, held = set_aside(loaded, train_rows)
    model = fit(loaded, train_rows)
    found = model.predict_proba(held.texts)
    assert average_precision_score(held.y, found, average="macro") > held.y.mean() + 0.25


def test_nothing_is_learned_from_an_undecided_label(config):
    # nobody decided on denial in half the rows that deny, nor in half of the others
    loaded = load_config(
        str(config), ["data.validation_size=0", "thresholds.method=fixed", "classifier.precision=fp32"]
    )
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


@pytest.mark.parametrize("kind", ["balanced", "sqrt", "none"])
def test_weights_and_validation_scores_are_those_of_decided_rows(kind):
    rng = np.random.default_rng(0)
    y = (rng.random((60, 2)) < 0.3).astype(np.float32)
    scores = rng.random((60, 2))
    alone = [learner._label_weights(part, kind, True)[0] for part in (y[:40, :1], y[:, 1:])]
    values = [average_precision_score(y[:40, 0], scores[:40, 0]), average_precision_score(y[:, 1], scores[:, 1])]
    y[40:, 0] = -1
    assert learner._label_weights(y, kind, True) == pytest.approx(alone)
    assert finetuning._score(y, scores, True) == pytest.approx(np.mean(values))
