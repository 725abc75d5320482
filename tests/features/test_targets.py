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


def test_there_are_copies_of_what_a_target_has_in_training_only():
    pairs = [("Ban it now", "guns"), ("Keep it", "bases")]
    copies = targeted().fit(pairs)
    own = {str(name) for name in copies.get_feature_names_out() if "[" in str(name)}
    assert own == {
        "words__ban [guns]",
        "words__it [guns]",
        "words__now [guns]",
        "words__keep [bases]",
        "words__it [bases]",
    }
    row = copies.transform([("Keep it now", "guns")]).toarray()[0]
    names = copies.get_feature_names_out()
    assert {str(names[i]) for i in np.flatnonzero(row) if "[" in str(names[i])} == {
        "words__it [guns]",
        "words__now [guns]",
    }


def by_words():
    return build_features([WordNgrams(min_df=1, ngram=(1, 1))], targets="pair")


def test_words_of_the_target_stand_beside_those_of_the_text_and_are_crossed_with_them():
    pairs = [("Ban it", "oil sanctions"), ("Keep it", "the army base")]
    words = by_words().fit(pairs)
    names = [str(name) for name in words.get_feature_names_out()]
    assert {name for name in names if name.startswith("target=")} == {
        f"target={w}" for w in ("oil", "sanction", "armi", "base")
    }
    row = dict(zip(names, words.transform([("Ban it", "sanctions on grain")]).toarray()[0], strict=True))
    assert row["target=sanction"] == 1
    assert row["words__ban [sanction]"] == row["words__ban"] > 0
    assert row["words__ban [oil]"] == row["target=oil"] == 0
    row = dict(zip(names, words.transform(pairs[:1]).toarray()[0], strict=True))
    assert row["words__ban [oil]"] == pytest.approx(row["words__ban"] / np.sqrt(2))  # a target of two words


def test_a_target_of_unknown_words_has_the_columns_of_the_text_alone():
    words = by_words().fit(PAIRS)
    names = [str(name) for name in words.get_feature_names_out()]
    row = words.transform([("Ban it", "tariffs")]).toarray()[0]
    assert {names[i] for i in np.flatnonzero(row)} == {"words__ban", "words__it"}


@pytest.mark.parametrize("targets", ["copies", "pair", "text"])
def test_fitting_and_transforming_at_once_is_the_same_as_one_after_the_other(targets):
    make = [build_features([WordNgrams(min_df=1)], targets=targets) for _ in range(2)]
    assert (make[0].fit_transform(PAIRS) != make[1].fit(PAIRS).transform(PAIRS)).nnz == 0
    assert make[1].transform(PAIRS).shape[1] == len(make[1].get_feature_names_out())
    data = skops.io.dumps(make[0])
    assert set(skops.io.get_untrusted_types(data=data)) <= set(ALLOWED_TYPES)
