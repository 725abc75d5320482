import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from experiments.classifiers import finetuning, saved, starter
from experiments.classifiers.cascade import CascadeClassifier
from experiments.classifiers.distilled import DistilledClassifier
from experiments.classifiers.encoder import Encoder, EncoderClassifier
from experiments.classifiers.lexicon import Lexicon
from experiments.classifiers.saved import SavedClassifier
from experiments.config.files import load_config
from experiments.config.schema import Task
from experiments.corpus.rows import load_data
from experiments.errors import InputError
from experiments.measures.calibration import Calibration, Curve
from experiments.model import SentenceClassifier, load_model
from experiments.training.fitting import fit
from features import embeddings
from features.embeddings import SentenceEmbeddings
from features.encoder.bert import bert_graph
from features.encoder.dequantise import dequantise
from features.encoder.graph import classifier_model
from features.encoder.quantise import quantise
from features.encoder.weights import find_encoder, read_config, read_tokenizer, read_weights
from tests.conftest import write_jsonl
from tests.encoders import small_encoder

LABELS = ["threat", "cooperation"]
ROWS = [
    {"text": f"{act} {place} .", "labels": [label], "group": place}
    for place in ("in the capital", "on the border", "in the old city", "on monday", "on friday")
    for label, acts in zip(
        LABELS,
        (("rebels attacked", "troops shelled the town"), ("ministers signed a treaty", "partners agreed a pact")),
        strict=True,
    )
    for act in acts
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def graph(small):
    return graph_of(read_config(small), read_weights(small))


@pytest.fixture(autouse=True)
def box(tmp_path, monkeypatch):
    """A box of starter models that is still empty, and a cache of the test's own."""
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(starter, "MODELS", tmp_path / "models")
    forget()
    yield tmp_path / "models" / "framing"
    forget()


def forget():
    find_encoder.cache_clear()
    embeddings._frozen.cache_clear()


def graph_of(config, tensors):
    head = np.random.default_rng(0).normal(size=(2, 32)).astype(np.float32)
    return quantise(classifier_model(bert_graph(config, tensors), "mean", head, np.zeros(2, np.float32)))


def put(box, graph, small, kind="encoder", calibration=None):
    """Save a model as the kit ships one: a fine-tuned encoder, a student that is one, or a cascade that ends in it."""
    classifier = EncoderClassifier(Encoder(model="far/away").model_dump(), LABELS)
    classifier.model_, classifier.tokenizer_, classifier.max_length_ = graph, read_tokenizer(small), 48
    classifier.classes_ = np.arange(2)
    pipeline = Pipeline([("classifier", classifier)])
    unfitted = Pipeline([("classifier", EncoderClassifier(Encoder().model_dump(), LABELS))])
    if kind == "student":
        outer = DistilledClassifier(unfitted, unfitted)
        outer.student_, outer.classes_ = pipeline, np.arange(2)
        pipeline = Pipeline([("classifier", outer)])
    if kind == "cascade":
        second = SavedClassifier("elsewhere", LABELS)
        second.pipeline_, second.calibration_, second.columns_, second.classes_ = pipeline, None, *[np.arange(2)] * 2
        words = Lexicon(keywords={label: [label] for label in LABELS}).build(LABELS, True, 13)
        outer = CascadeClassifier(unfitted, unfitted)
        outer.first_ = Pipeline([("classifier", words)]).fit([""], np.zeros((1, 2)))
        outer.second_, outer.hand_over_, outer.shift_ = Pipeline([("classifier", second)]), np.inf, np.zeros(2)
        outer.thresholds_, outer.classes_ = np.full(2, 0.5), np.arange(2)
        pipeline = Pipeline([("classifier", outer)])
    task = Task(name="framing", labels=LABELS)
    SentenceClassifier(pipeline, task, np.full(2, 0.5), calibration=calibration).save(box)


def config_of(tmp_path, *lines):
    rows = write_jsonl(tmp_path / "rows.jsonl", ROWS)
    path = tmp_path / "mine.yaml"
    path.write_text(
        "\n".join(
            [
                "name: mine",
                f"task: {{name: mine, labels: [{', '.join(LABELS)}]}}",
                f"data: {{train: {rows}}}",
                "thresholds: {method: fixed}",
                "tracking: {register: false}",
                *lines,
            ]
        ),
        encoding="utf-8",
    )
    return load_config(str(path))


def encoder_config(tmp_path, rate):
    return config_of(
        tmp_path, f"classifier: {{type: encoder, model: starter, epochs: 1, learning_rate: {rate}, max_length: 48}}"
    )


def silent(line):
    pass


@pytest.mark.parametrize("kind", ["encoder", "student", "cascade"])
def test_starter_is_found_by_its_name(box, graph, small, tmp_path, kind):
    put(box, graph, small, kind)
    folder = find_encoder("starter")
    assert (tmp_path / "cache") in folder.parents
    expected = dequantise(graph)[1]
    found = read_weights(folder)
    assert sorted(found) == sorted(expected)
    assert all(np.array_equal(found[name], each) for name, each in expected.items())
    assert read_tokenizer(folder) == read_tokenizer(small)


def test_encoder_of_the_starter_answers_by_itself(box, graph, small, tmp_path, monkeypatch):
    monkeypatch.setattr(saved, "MODELS", tmp_path / "models")
    texts = [row["text"] for row in ROWS]
    put(box, graph, small)
    alone = load_model(box).predict_proba(texts)
    put(box, graph, small, "cascade", calibration=Calibration((Curve(intercept=2.0), Curve(intercept=2.0))))
    whole, encoder = (SavedClassifier("starter", LABELS, part=part).fit(texts) for part in ("all", "encoder"))
    assert np.allclose(encoder.predict_proba(texts), alone)
    assert (whole.predict_proba(texts) > alone).all()


@pytest.mark.slow
def test_training_starts_from_the_starters_weights_and_its_own_head(box, graph, small, tmp_path):
    put(box, graph, small)
    config = encoder_config(tmp_path, rate=1e-9)
    model = fit(config, load_data(config, silent)[0])
    classifier = model.pipeline.named_steps["classifier"]
    classifier.save_weights(tmp_path / "trained")
    trained, before = read_weights(tmp_path / "trained"), dequantise(graph)[1]
    assert all(np.abs(trained[name] - each).max() < 1e-6 for name, each in before.items())
    model.save(tmp_path / "saved")
    kept = load_model(tmp_path / "saved").pipeline.named_steps["classifier"]
    assert config.classifier.model == kept.settings["model"] == "starter"


@pytest.mark.slow
def test_another_starter_is_another_training(box, graph, small, tmp_path, monkeypatch):
    put(box, graph, small)
    config = encoder_config(tmp_path, rate=0.01)
    train, _ = load_data(config, silent)
    digests = []
    known = finetuning.training_digest
    monkeypatch.setattr(finetuning, "training_digest", lambda *given: digests.append(known(*given)) or digests[-1])
    fit(config, train)
    fit(config, train)
    tensors = read_weights(small)
    tensors["embeddings.position_embeddings.weight"][3] += 0.5
    put(box, graph_of(read_config(small), tensors), small)
    forget()
    fit(config, train)
    assert digests[0] == digests[1] != digests[2]
    assert len(list((tmp_path / "cache" / "encoders").iterdir())) == 2


def test_embeddings_can_be_the_starters_vectors(box, graph, small, tmp_path):
    put(box, graph, small)
    config = config_of(
        tmp_path, "features: [{type: embeddings, model: starter, cache: false}]", "classifier: {type: logistic}"
    )
    train, _ = load_data(config, silent)
    model = fit(config, train)
    vectors = SentenceEmbeddings(str(find_encoder("starter")), cache=False).fit_transform(train.texts)
    found = model.pipeline.named_steps["features"].transform(train.texts)
    assert np.abs(found - vectors).max() < 1e-6


def refused(tmp_path):
    config = encoder_config(tmp_path, rate=0.01)
    train, _ = load_data(config, silent)
    with pytest.raises(InputError) as told:
        fit(config, train)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_empty_box_is_said_before_anything_is_trained(box, tmp_path):
    assert "model: starter: this framescope came without a starter model" in refused(tmp_path)


def test_starter_without_an_encoder_is_said(box, small, tmp_path):
    config = config_of(tmp_path, "features: [{type: words, min_df: 1}]", "classifier: {type: logistic}")
    fit(config, load_data(config, silent)[0]).save(box)
    assert "pipeline.skops has no encoder to start from; take a model of the hub" in refused(tmp_path)


def test_damaged_starter_is_said(box, graph, small, tmp_path):
    put(box, graph, small)
    saved = box / "pipeline.skops"
    saved.write_bytes(saved.read_bytes()[:5000])
    assert "pipeline.skops can't be read" in refused(tmp_path)
