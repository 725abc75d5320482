import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from features import CharNgrams, Cues, WordNgrams, build_features
from features.blocks import NOT_OF_THE_TEXT, Blocks
from features.hashtags import normalise_tags, tag_places
from features.normalise import normal_places, normalise_text
from features.places import PlaceReader
from features.target_mention import TargetMention

ODD = st.text(alphabet="aZ İΣß9٣'’“\t\n\xa0#@_st- .,", max_size=20)
LEXICON = {
    "actor_state": ["Ostland", "Marevia"],
    "deny_claim": ["deny|reject"],
    "say_warn": ["warn"],
    "weapon": ["missile", "anti-ship missile"],
}
TEXTS = [
    "Ostland denied that  “missiles” were sold; Marevia warned of war.",
    "Marevia's envoy rejected 1,500 anti-ship missiles, but Ostland warned.",
    "No missiles, no war: the envoys signed.",
    "Ostland 's envoys cannot deny it!",
]


@settings(max_examples=300, deadline=None)
@given(ODD)
def test_the_traced_normal_form_is_the_normal_form(text):
    for fold in (True, False):
        normal, places = normal_places(text, fold_digits=fold)
        assert normal == normalise_text(text, fold)
        assert len(places) == len(normal)
        assert all(0 <= start < end <= len(text) for start, end in places)
    normal, places = tag_places(text)
    assert normal == normalise_tags(text)
    assert len(places) == len(normal)


def test_each_character_stands_where_it_came_from():
    text = "Russia 's  “Talks”"
    normal, places = normal_places(text)
    for sign, (start, end) in zip(normal, places, strict=True):
        if sign.isalpha():
            assert text[start:end].lower() == sign


def covered(transformer, text):
    """Return the name of each column with the texts that its occurrences cover."""
    names, found = transformer.get_feature_names_out(), PlaceReader(transformer).read(text)
    pieces: dict[str, list[str]] = {}
    for column, start, end in zip(*(each.tolist() for each in found), strict=True):
        pieces.setdefault(str(names[column]), []).append(text[start:end])
    return pieces


def test_words_cover_their_run():
    words = WordNgrams(min_df=1).build().fit(TEXTS)
    found = covered(words, TEXTS[0])
    assert found["missiles"] == ["missiles"]
    assert found["missiles were"] == ["missiles” were"]
    assert found["ostland denied"] == ["Ostland denied"]


def test_words_of_a_tag_lie_in_the_tag():
    words = WordNgrams(min_df=1, tags=True, ngram=(1, 1)).build().fit(["#StopTheWar now"])
    assert covered(words, "So #StopTheWar!") == {
        "#stopthewar": ["#StopTheWar"],
        "stop": ["Stop"],
        "the": ["The"],
        "war": ["War"],
    }


def test_characters_cover_their_run_without_the_blanks_beside_it():
    chars = CharNgrams(min_df=1, ngram=(3, 4)).build().fit(["a war"])
    assert covered(chars, "A WAR") == {
        " a ": ["A"],
        " wa": ["WA"],
        "war": ["WAR"],
        "ar ": ["AR"],
        " war": ["WAR"],
        "war ": ["WAR"],
    }


def test_cues_cover_their_entry_and_pairs_those_of_both():
    cues = Cues(lexicon=LEXICON).build().fit(["x"])
    found = covered(cues, TEXTS[0].replace("“", "").replace("”", ""))
    assert found["weapon:denied"] == ["missiles"]
    assert found["actor_state"] == ["Ostland", "Marevia"]
    assert found["actor_state>say_warn"] == ["Ostland", "warned", "Marevia"]  # both are near enough to speak
    assert found["actor_state+weapon"] == ["Ostland", "Marevia", "missiles"]
    assert covered(cues, TEXTS[1])["weapon:denied"] == ["anti-ship missiles", "missiles"]


@pytest.mark.parametrize(
    "spec",
    [WordNgrams(min_df=1), WordNgrams(min_df=1, tags=True), CharNgrams(min_df=1), Cues(lexicon=LEXICON)],
    ids=["words", "tags", "chars", "cues"],
)
def test_every_column_that_is_not_zero_has_a_place_but_those_of_the_form(spec):
    transformer = spec.build().fit(TEXTS)
    names, reader = transformer.get_feature_names_out(), PlaceReader(transformer)
    texts = [*TEXTS, "", "  ", "#StopTheWar “now” 's\tOstland\n\ndenies ``it''", "İstanbul ΑΣ missiles"]
    for text, row in zip(texts, csr_matrix(transformer.transform(texts)), strict=True):
        there = {str(names[at]) for at in row.indices if not str(names[at]).startswith("form:")}
        assert {str(names[at]) for at in reader.read(text).columns.tolist()} == there


def test_a_column_occurs_as_often_as_it_is_counted():
    words = WordNgrams(min_df=1).build().fit(TEXTS)
    assert len(covered(words, "No war, no missiles")["no"]) == 2
    chars = CharNgrams(min_df=1).build().fit(["no no"])
    assert covered(chars, "no no")[" no"] == ["no", "no"]


PAIRS = [(text, target) for text in TEXTS for target in ("the treaty", "the missiles")]
SPECS = [WordNgrams(min_df=1), Cues(lexicon=LEXICON, weight=0.5), TargetMention(min_df=1)]


@pytest.mark.parametrize("reading", ["copies", "pair", "text"])
def test_blocks_set_side_by_side_are_the_features_again(reading):
    features = build_features(SPECS, reading).fit(PAIRS)
    blocks = Blocks(features)
    assert blocks.names == ["words", "cues", "target"]
    rows = [*PAIRS, ("Ostland signed", "a new target"), ("No war", "the treaty")]
    whole = csr_matrix(features.transform(rows))
    assert np.array_equal(blocks.together(blocks.read(rows), rows).toarray(), whole.toarray())
    assert len(blocks.block) == whole.shape[1]


@pytest.mark.parametrize("reading", ["copies", "pair", "text"])
def test_a_copy_belongs_to_the_column_that_it_copies(reading):
    features = build_features(SPECS, reading).fit(PAIRS)
    blocks = Blocks(features)
    for name, block, column in zip(features.get_feature_names_out(), blocks.block, blocks.column, strict=True):
        if block == NOT_OF_THE_TEXT:
            assert name.startswith("target=")
            continue
        own = str(blocks.transformers[block].get_feature_names_out()[column])
        assert name.removeprefix(f"{blocks.names[block]}__").split(" [")[0] == own.split(" [")[0]


def test_what_is_no_union_has_no_blocks():
    with pytest.raises(ValueError, match="no union of blocks"):
        Blocks(None)
