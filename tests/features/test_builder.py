"""A config's features become one transformer."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from pydantic import TypeAdapter, ValidationError
from sklearn.base import clone

from features.builder import ALLOWED_TYPES, AnyFeature, build_features
from features.char_ngrams import CharNgrams
from features.cues import Cues
from features.word_ngrams import WordNgrams

TEXTS = ["Talks resumed", "They denied the attack", ""]
CUES = Cues(lexicon={"deny_plain": ["deny"], "force": ["attack"]})


def test_columns_stand_side_by_side():
    union = build_features([WordNgrams(min_df=1), CharNgrams(min_df=1), CUES])
    matrix = union.fit_transform(TEXTS)
    names = list(union.get_feature_names_out())
    assert matrix.shape == (3, len(names))
    assert len(set(names)) == len(names)
    assert {name.split("__")[0] for name in names} == {"words", "chars", "cues"}
    assert "cues__force:denied" in names


def test_features_of_one_kind_are_numbered():
    union = build_features([WordNgrams(), CharNgrams(), WordNgrams(ngram=(3, 3)), WordNgrams(ngram=(4, 4))])
    assert [name for name, _ in union.transformer_list] == ["words", "chars", "words-2", "words-3"]


def test_weight_multiplies_the_columns():
    plain = build_features([WordNgrams(min_df=1)]).fit_transform(TEXTS).toarray()
    heavy = build_features([WordNgrams(min_df=1, weight=2.5)]).fit_transform(TEXTS).toarray()
    assert np.allclose(heavy, 2.5 * plain)


def test_no_feature_is_an_error():
    with pytest.raises(ValueError, match="at least one feature"):
        build_features([])


@pytest.mark.parametrize(
    ("entry", "kind"),
    [({"type": "words"}, WordNgrams), ({"type": "chars"}, CharNgrams), ({"type": "cues", "lexicon": "a.yaml"}, Cues)],
)
def test_a_config_names_its_kind(entry, kind):
    assert type(TypeAdapter(AnyFeature).validate_python(entry)) is kind


@pytest.mark.parametrize("entry", [{"type": "pixels"}, {}, {"type": "words", "lexicon": "a.yaml"}, {"type": "cues"}])
def test_an_unknown_kind_or_field_is_refused(entry):
    with pytest.raises(ValidationError):
        TypeAdapter(AnyFeature).validate_python(entry)


@pytest.mark.parametrize("wrap", [tuple, np.array, pd.Series])
def test_any_collection_of_texts_will_do(wrap):
    union = build_features([WordNgrams(min_df=1), CUES]).fit(TEXTS)
    assert (union.transform(wrap(TEXTS)) != union.transform(TEXTS)).nnz == 0


def test_clones():
    union = build_features([WordNgrams(min_df=1), CUES])
    assert (clone(union).fit_transform(TEXTS) != union.fit_transform(TEXTS)).nnz == 0


def test_skops_round_trip_needs_only_the_allowed_types():
    union = build_features([WordNgrams(min_df=1), CharNgrams(min_df=1), CUES]).fit(TEXTS)
    data = skops.io.dumps(union)
    assert set(skops.io.get_untrusted_types(data=data)) <= set(ALLOWED_TYPES)
    again = skops.io.loads(data, trusted=list(ALLOWED_TYPES))
    assert (again.transform(TEXTS) != union.transform(TEXTS)).nnz == 0
