import json
from pathlib import Path

import numpy as np
import pytest

from features.encoder import EncoderError, TextEncoder
from features.encoder.architectures import embedding_model
from features.encoder.bert import bert_graph
from features.encoder.dequantise import dequantise, kept_encoder
from features.encoder.graph import Graph, classifier_model
from features.encoder.quantise import quantise
from features.encoder.weights import find_encoder, read_config, read_pooling, read_tokenizer, read_weights
from tests.encoders import small_encoder

TEXTS = ["Rebels attacked the old town.", "The ministry denied it.", "Two partners signed a treaty on Monday."]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def exact(small):
    return with_head(read_config(small), read_weights(small))


@pytest.fixture(scope="module")
def int8(exact):
    return quantise(exact)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def with_head(config, tensors, pooling="mean"):
    head = np.random.default_rng(0).normal(size=(3, config["hidden_size"])).astype(np.float32)
    return classifier_model(bert_graph(config, tensors), pooling, head, np.zeros(3, np.float32))


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_weights_of_a_float_graph_are_the_ones_it_was_built_from(small, pooling):
    original = {name: each for name, each in read_weights(small).items() if not name.startswith("pooler.")}
    config, tensors = dequantise(with_head(read_config(small), original, pooling))
    assert sorted(tensors) == sorted(original)
    assert all(
        np.array_equal(tensors[name], each) and tensors[name].dtype == np.float32 for name, each in original.items()
    )
    known = read_config(small)
    assert config == {name: known[name] for name in config}


def test_weights_of_an_8_bit_graph_are_within_half_a_step_of_each_channel(small, int8):
    _, tensors = dequantise(int8)
    for name, original in read_weights(small).items():
        if name.startswith("pooler."):
            continue
        away = np.abs(tensors[name] - original)
        if "word_emb" in name or "token_type" in name:  # one step for the whole table
            assert away.max() <= (max(original.max(), 0) - min(original.min(), 0)) / 127 * 0.501, name
        elif original.ndim == 2 and "position" not in name:
            step = np.abs(original).max(axis=1, keepdims=True) / 64
            assert (away <= step * 0.501).all() and away.any(), name
        else:
            assert not away.any(), name


def test_rebuilt_encoder_gives_the_vectors_of_the_8_bit_graph(small, int8):
    frozen = quantise(embedding_model(small, "mean", normalise=True))
    folder = kept_encoder("rebuilt", int8, read_tokenizer(small), "mean")
    exactly = embedding_model(folder, "mean", normalise=True)
    vectors, floats, again = (
        TextEncoder(model, read_tokenizer(small), 64).mean(TEXTS) for model in (frozen, exactly, quantise(exactly))
    )
    # the same weights; what is left is that the 8-bit graph rounds activations too
    assert (vectors * floats).sum(axis=1).min() > 0.999
    assert np.abs(vectors - again).max() < 1e-3


def test_folder_is_one_that_transformers_reads(small, exact):
    import transformers

    folder = kept_encoder("rebuilt", exact, read_tokenizer(small), "mean")
    model = transformers.AutoModel.from_pretrained(folder)
    assert model.config.num_attention_heads == 2 and model.config.pad_token_id == 0
    assert np.array_equal(
        model.state_dict()["encoder.layer.1.attention.self.key.weight"].numpy(),
        read_weights(small)["encoder.layer.1.attention.self.key.weight"],
    )


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_pooling_is_noted(small, exact, pooling):
    assert read_pooling(kept_encoder("rebuilt", exact, read_tokenizer(small), pooling)) == pooling


def test_graph_of_another_making_is_refused(tmp_path, small):
    other = small_encoder(tmp_path / "mpnet", "mpnet", places=400)
    mpnet = embedding_model(other, "mean", normalise=True)
    strange = Graph(["input_ids"], 2)
    strange.node("Cast", ["input_ids"], "out", to=1)
    uneven = bert_graph(read_config(small), read_weights(small))
    uneven.tensors = [each for each in uneven.tensors if each.name != "encoder.layer.1.up_bias"]
    uneven.tensor("encoder.layer.1.up_bias", np.zeros(3, np.float32))
    for model in (mpnet, strange.model("out", 2).SerializeToString(), uneven.model("hidden", 32).SerializeToString()):
        with pytest.raises(EncoderError, match="no BERT of framescope's own making") as told:
            dequantise(model)
        assert "\n" not in str(told.value)
    with pytest.raises(EncoderError, match="graph can't be read"):
        dequantise(b"no graph")


def test_folder_is_made_once_and_one_that_was_spoilt_anew(small, int8, cache):
    tokenizer = read_tokenizer(small)
    folder = kept_encoder("rebuilt", int8, tokenizer, "mean")
    assert cache in folder.parents and find_encoder(str(folder)) == folder
    weights = folder / "model.safetensors"
    content, written = weights.read_bytes(), weights.stat().st_mtime_ns
    assert kept_encoder("rebuilt", int8, tokenizer, "mean") == folder
    assert weights.stat().st_mtime_ns == written
    for spoil in (lambda: weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1])), weights.unlink):
        spoil()
        assert kept_encoder("rebuilt", int8, tokenizer, "mean") == folder
        assert weights.read_bytes() == content
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_interruption_leaves_nothing_half_made(small, int8, cache, monkeypatch):
    write = Path.write_bytes

    def interrupted(path, content):
        write(path, content[: len(content) // 2])
        if path.name == "model.safetensors":
            raise KeyboardInterrupt
        return len(content)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            kept_encoder("rebuilt", int8, read_tokenizer(small), "mean")
    assert not list((cache / "encoders").iterdir())
    folder = kept_encoder("rebuilt", int8, read_tokenizer(small), "mean")
    assert json.loads((folder / "config.json").read_text())["model_type"] == "bert"


def test_full_disk_is_said_in_one_line(small, int8, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EncoderError, match=r"can't be written \(No space left on device\); set FRAMESCOPE_CACHE"):
        kept_encoder("rebuilt", int8, read_tokenizer(small), "mean")
