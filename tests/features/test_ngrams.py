"""Word and character n-grams: what counts as one word, and which options a config may set."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from pydantic import ValidationError
from sklearn.base import clone

from features.builder import ALLOWED_TYPES
from features.char_ngrams import CharNgrams
from features.normalise import normalise_text
from features.word_ngrams import WordNgrams

TEXTS = ["The envoy’s talks resumed in 1998.", "The envoy 's talks resumed in 2004.", "No deal yet", ""]


def words(text: str, **options) -> set[str]:
    vectorizer = WordNgrams(min_df=1, **options).build()
    vectorizer.fit([text])
    return set(vectorizer.get_feature_names_out())


class TestWords:
    def test_stop_words_and_negations_stay(self):
        assert {"has", "not", "has not"} <= words("He has not denied it")

    def test_hyphens_and_apostrophes_hold_words_together(self):
        assert words("Cease-fire isn’t near", ngram=(1, 1)) == {"cease-fire", "isn't", "near"}

    def test_numbers_are_folded(self):
        assert words("40 men and 57 boys", ngram=(1, 1)) == {"00", "men", "and", "boys"}

    def test_spelling_of_quotes_possessives_and_digits_changes_nothing(self):
        matrix = WordNgrams(min_df=1).build().fit_transform(TEXTS).toarray()
        assert np.array_equal(matrix[0], matrix[1])

    def test_rare_words_are_left_out(self):
        vectorizer = WordNgrams(min_df=2, ngram=(1, 1)).build()
        vectorizer.fit(["war again", "war over"])
        assert list(vectorizer.get_feature_names_out()) == ["war"]

    def test_max_features_keeps_the_most_frequent(self):
        assert words("war war war peace", ngram=(1, 1), max_features=1) == {"war"}

    def test_sublinear_counts(self):
        def weight(sublinear: bool) -> float:
            row = WordNgrams(min_df=1, ngram=(1, 1), sublinear=sublinear).build().fit_transform(["war war war peace"])
            return float(row.max() / row.data.min())

        assert weight(False) == pytest.approx(3)
        assert weight(True) == pytest.approx(1 + np.log(3))


class TestChars:
    def test_runs_stay_inside_words(self):
        vectorizer = CharNgrams(min_df=1, ngram=(3, 3)).build()
        vectorizer.fit(["no war"])
        assert set(vectorizer.get_feature_names_out()) == {" no", "no ", " wa", "war", "ar "}

    def test_misspelt_words_share_runs(self):
        matrix = CharNgrams(min_df=1).build().fit_transform(["ceasefire", "ceasefyre", "football"])
        similarity = (matrix @ matrix.T).toarray()
        assert similarity[0, 1] > 0.3
        assert similarity[0, 2] == 0

    def test_spelling_of_quotes_possessives_and_digits_changes_nothing(self):
        matrix = CharNgrams(min_df=1).build().fit_transform(TEXTS).toarray()
        assert np.array_equal(matrix[0], matrix[1])


@pytest.mark.parametrize("kind", [WordNgrams, CharNgrams])
class TestBoth:
    def test_output_fits_its_names_and_an_empty_text_is_zero(self, kind):
        vectorizer = kind(min_df=1).build()
        matrix = vectorizer.fit_transform(TEXTS)
        assert matrix.shape == (len(TEXTS), len(vectorizer.get_feature_names_out()))
        assert matrix[3].nnz == 0

    @pytest.mark.parametrize("wrap", [np.array, pd.Series, tuple])
    def test_any_collection_of_texts_will_do(self, kind, wrap):
        vectorizer = kind(min_df=1).build().fit(TEXTS)
        assert (vectorizer.transform(wrap(TEXTS)) != vectorizer.transform(TEXTS)).nnz == 0

    def test_skops_round_trip_needs_only_the_allowed_types(self, kind):
        vectorizer = kind(min_df=1).build().fit(TEXTS)
        data = skops.io.dumps(vectorizer)
        assert set(skops.io.get_untrusted_types(data=data)) <= set(ALLOWED_TYPES)
        again = skops.io.loads(data, trusted=list(ALLOWED_TYPES))
        assert (again.transform(TEXTS) != vectorizer.transform(TEXTS)).nnz == 0

    def test_clones(self, kind):
        vectorizer = kind(min_df=1).build()
        assert clone(vectorizer).get_params() == vectorizer.get_params()

    @pytest.mark.parametrize(
        "options",
        [{"min_df": 0}, {"ngram": (0, 2)}, {"ngram": (1, 9)}, {"max_features": 0}, {"weight": 0}, {"size": 2}],
    )
    def test_impossible_options_are_refused(self, kind, options):
        with pytest.raises(ValidationError, match=next(iter(options))):
            kind(**options)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("", ""),
        ("  Two\u00a0 words\n", "two words"),
        ("“Quoted” ‘text’", "\"quoted\" 'text'"),
        ("Spain 's and they 're", "spain's and they're"),
        ("1,234.5%", "0,000.0%"),
        ("a—b – c", "a-b - c"),
    ],
)
def test_normal_form(text, normal):
    assert normalise_text(text) == normal
    assert normalise_text(normal) == normal


def test_tags_are_words_of_their_own_and_so_is_what_they_glue_together():
    names = set(WordNgrams(min_df=1, tags=True, ngram=(1, 1)).build().fit(["#StopTheWar @who #war war"]).vocabulary_)
    assert names == {"#stopthewar", "stop", "the", "war", "@who", "#war"}
    plain = WordNgrams(min_df=1, ngram=(1, 1)).build().fit(["#StopTheWar @who #war war"])
    assert set(plain.vocabulary_) == {"stopthewar", "who", "war"}
