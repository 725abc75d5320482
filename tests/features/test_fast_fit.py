"""The fast way of fitting features learns what they learn by themselves."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from features.builder import build_features
from features.char_ngrams import CharNgrams
from features.cues import Cues, SentenceCues
from features.fast_fit import fit_columns, fits_fast
from features.word_ngrams import WordNgrams
from tests.features.test_fast_union import LEXICON, ODD, SMALL, texts


@pytest.mark.parametrize(
    "specs",
    [
        [WordNgrams(), CharNgrams(), Cues(lexicon=LEXICON, weight=0.2)],
        [WordNgrams(min_df=1, ngram=(2, 3), sublinear=False, weight=2)],
        [WordNgrams(max_features=60), CharNgrams(max_features=200, ngram=(4, 6))],
        [CharNgrams(min_df=1, ngram=(1, 2)), CharNgrams(min_df=4, ngram=(5, 5), sublinear=False)],
        [Cues(lexicon=SMALL, rate=True, pairs=False)],
    ],
)
def test_the_same_is_learnt_and_the_same_columns_are_given(specs):
    read = [*texts()[:250], *ODD]
    union = build_features(specs)
    by_itself = clone(union)
    assert fits_fast(union)
    found, expected = fit_columns(union, read), by_itself.fit_transform(read)
    np.testing.assert_allclose(found.toarray(), expected.toarray(), rtol=0, atol=1e-12)
    for (_, part), (_, other) in zip(union.transformer_list, by_itself.transformer_list, strict=True):
        assert type(part) is type(other) and sorted(vars(part)) == sorted(vars(other))
        if isinstance(part, TfidfVectorizer):
            assert part.vocabulary_ == other.vocabulary_ and (part.idf_ == other.idf_).all()
    assert (union.get_feature_names_out() == by_itself.get_feature_names_out()).all()
    unseen = texts()[250:300]
    np.testing.assert_allclose(union.transform(unseen).toarray(), by_itself.transform(unseen).toarray(), atol=1e-12)


@pytest.mark.parametrize("spec", [WordNgrams(), WordNgrams(min_df=1), CharNgrams(), CharNgrams(min_df=1)])
@pytest.mark.parametrize("read", [["", " "], ["one", "two"], []], ids=["no words", "no two alike", "no texts"])
def test_texts_of_which_nothing_is_left_are_refused_in_the_same_words(spec, read):
    try:
        expected = build_features([spec]).fit_transform(read)
    except ValueError as error:
        with pytest.raises(ValueError, match=str(error).splitlines()[0][:40]):
            fit_columns(build_features([spec]), read)
    else:
        assert fit_columns(build_features([spec]), read).shape == expected.shape


@pytest.mark.parametrize(
    "union",
    [
        build_features([WordNgrams(tags=True)]),
        FeatureUnion([("words", TfidfVectorizer())]),
        FeatureUnion([("cues", SentenceCues(SMALL)), ("words", "drop")]),
        build_features([WordNgrams()], targets="text"),
    ],
    ids=["tags", "another form", "dropped", "pairs"],
)
def test_what_it_does_not_know_it_leaves_alone(union):
    assert not fits_fast(union)


def test_what_is_not_a_string_is_refused_as_before():
    with pytest.raises(ValueError, match="text 1 is 3, not a string"):
        fit_columns(build_features([Cues(lexicon=SMALL)]), ["a", 3])
