"""Vectorizers and cues keep what they know when they are saved, in a form that doesn't grow by a part a word."""

import pickle
import zipfile

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion, Pipeline

from experiments.errors import InputError
from experiments.model.pipeline_file import load_pipeline, save_pipeline
from experiments.untrusted.skops_file import SCHEMA, types_of
from features.char_ngrams import CharNgrams
from features.cues import SentenceCues
from features.vectorizer import NgramVectorizer
from features.word_ngrams import WordNgrams

TEXTS = ["Ostland denied the raid.", "Ostland and Nordland signed a deal.", "A café was raided; 😀 no deal was signed."]
LEXICON = {"deny_claim": ["deny", "reject ~ claim"], "agree": ["sign|agree deal", "deal"]}


def count_parts(file):
    with zipfile.ZipFile(file) as saved:
        return saved.read(SCHEMA).count(b'"__loader__"')


def union(**settings):
    return FeatureUnion(
        [
            ("words", WordNgrams(min_df=1, **settings).build()),
            ("chars", CharNgrams(min_df=1, **settings).build()),
            ("cues", SentenceCues(LEXICON)),
        ]
    )


def test_saved_columns_are_those_of_before(tmp_path):
    fitted = union().fit(TEXTS)
    save_pipeline(Pipeline([("features", fitted)]), tmp_path / "model.skops")
    loaded = load_pipeline(tmp_path / "model.skops").named_steps["features"]
    assert list(loaded.get_feature_names_out()) == list(fitted.get_feature_names_out())
    assert (loaded.transform(TEXTS) != fitted.transform(TEXTS)).nnz == 0
    assert vars(loaded.transformer_list[2][1]).keys() == vars(fitted.transformer_list[2][1]).keys()
    assert loaded.transformer_list[2][1].index_ == fitted.transformer_list[2][1].index_
    assert loaded.transformer_list[2][1].lexicon == LEXICON


def test_saved_form_has_no_part_for_each_word(tmp_path):
    few, many = union(), union()
    few.fit(TEXTS[:1])
    many.fit([*TEXTS, "Many other words in this one, which the first of the texts has none of whatsoever."])
    many.transformer_list[2][1].set_params(lexicon={**LEXICON, "talk": ["talk", "meet", "speak"]}).fit(TEXTS)
    for name, each in (("few", few), ("many", many)):
        save_pipeline(Pipeline([("features", each)]), tmp_path / name)
    assert count_parts(tmp_path / "few") == count_parts(tmp_path / "many") - 1  # the third of the lexicon's categories


def test_model_saved_as_scikit_learns_own_vectorizer_is_read(tmp_path):
    plain = TfidfVectorizer(**WordNgrams(min_df=1).build().get_params()).fit(TEXTS)
    save_pipeline(Pipeline([("features", plain)]), tmp_path / "model.skops")
    assert "sklearn.feature_extraction.text.TfidfVectorizer" in types_of(tmp_path / "model.skops")
    loaded = load_pipeline(tmp_path / "model.skops").named_steps["features"]
    assert loaded.vocabulary_ == plain.vocabulary_


def test_unfitted_and_copied_vectorizers_are_what_they_were():
    assert "vocabulary_" not in vars(pickle.loads(pickle.dumps(NgramVectorizer())))
    fixed = NgramVectorizer(vocabulary=["deal", "war"]).fit(["deal"])
    assert pickle.loads(pickle.dumps(fixed)).transform(["deal"]).toarray().tolist() == [[1.0, 0.0]]
    odd = NgramVectorizer(analyzer="char", ngram_range=(2, 2)).fit(["a\ud800b\n\0c😀"])
    assert pickle.loads(pickle.dumps(odd)).vocabulary_ == odd.vocabulary_


@pytest.mark.parametrize(
    "packed",
    [
        [np.frombuffer(b"dealwar", np.uint8), np.array([4, 4], np.int32)],  # longer than there are letters
        [np.frombuffer(b"dealwar", np.uint8), np.array([9, -2], np.int32)],
        [np.frombuffer(b"dealdeal", np.uint8), np.array([4, 4], np.int32)],  # twice the same
        [np.frombuffer(b"deal\xff\xff\xff", np.uint8), np.array([4, 3], np.int32)],  # no UTF-8
        [np.frombuffer(b"dealwar", np.uint8), np.array([4.0, 3.0])],
        [np.frombuffer(b"dealwar", np.uint8), np.array([[4, 3]], np.int32)],
        [np.frombuffer(b"dealwar", np.uint8), np.array([], np.int32)],
    ],
)
def test_packed_vocabulary_that_can_not_be_right_is_refused(tmp_path, monkeypatch, packed):
    vectorizer = NgramVectorizer().fit(["deal or war"])
    state = {**vectorizer.__getstate__(), "packed_vocabulary": packed}
    monkeypatch.setattr(NgramVectorizer, "__getstate__", lambda self: state)
    save_pipeline(Pipeline([("features", vectorizer)]), tmp_path / "model.skops")
    monkeypatch.undo()
    with pytest.raises(InputError, match="is no readable skops file"):
        load_pipeline(tmp_path / "model.skops")


@pytest.mark.parametrize("packed", [{"rate": "{}"}, {"lexicon": "[]"}, {"index_": "{"}, {"index_": '{"a": [["b"]]}'}])
def test_packed_lexicon_that_can_not_be_right_is_refused(tmp_path, monkeypatch, packed):
    cues = SentenceCues(LEXICON).fit(TEXTS)
    state = {**cues.__getstate__(), "packed": packed}
    monkeypatch.setattr(SentenceCues, "__getstate__", lambda self: state)
    save_pipeline(Pipeline([("features", cues)]), tmp_path / "model.skops")
    monkeypatch.undo()
    with pytest.raises(InputError, match="is no readable skops file"):
        load_pipeline(tmp_path / "model.skops")
