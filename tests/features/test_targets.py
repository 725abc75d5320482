import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from features import WordNgrams, build_features
from features.builder import ALLOWED_TYPES

PAIRS = [("Ban it now", "guns"), ("Ban it now", "bases"), ("Keep it", "guns"), ("Keep it", "bases")]


def targeted():
    return build_features([WordNgrams(min_df=1, ngram=(1, 1))], targets="copies")


def test_same_words_can_mean_the_opposite_for_another_target():
    model = make_pipeline(targeted(), LogisticRegression(C=1000))
    model.fit(PAIRS, [1, 0, 0, 1])
    assert model.predict(PAIRS).tolist() == [1, 0, 0, 1]


def test_unseen_target_has_the_shared_columns_only():
    copies = targeted().fit(PAIRS)
    shared = copies.features_.transform(["Ban it now"]).toarray()
    row = copies.transform([("Ban it now", "tariffs")]).toarray()
    assert np.array_equal(row[:, : shared.shape[1]], shared)
    assert not row[:, shared.shape[1] :].any()


def test_target_is_the_same_whatever_its_case_and_blanks():
    copies = targeted().fit(PAIRS)
    assert (copies.transform([("Keep it", " GUNS ")]) != copies.transform([("Keep it", "guns")])).nnz == 0


def test_column_names_say_the_target():
    copies = targeted().fit(PAIRS)
    names = copies.get_feature_names_out()
    assert len(names) == copies.transform(PAIRS).shape[1]
    assert "words__ban" in names
    assert "words__ban [guns]" in names


def test_each_row_holds_its_own_copy_in_the_right_columns():
    copies = targeted().fit(PAIRS)
    names = copies.get_feature_names_out()
    row = copies.transform([("Ban it now", "bases")]).toarray()[0]
    assert {str(names[i]).split(" [")[1] for i in np.flatnonzero(row) if "[" in str(names[i])} == {"bases]"}


def test_saved_and_loaded_it_gives_the_same(tmp_path):
    copies = targeted().fit(PAIRS)
    skops.io.dump(copies, tmp_path / "copies.skops")
    loaded = skops.io.load(tmp_path / "copies.skops", trusted=list(ALLOWED_TYPES))
    assert (loaded.transform(PAIRS) != copies.transform(PAIRS)).nnz == 0


def test_plain_texts_are_no_pairs():
    with pytest.raises(ValueError, match="unpack"):
        targeted().fit(["just a text"])
