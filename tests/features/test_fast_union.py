"""The fast reading of features gives the columns that the features themselves give."""

import json
from functools import lru_cache

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

import features.fast_union
from features.builder import build_features
from features.char_ngrams import CharNgrams
from features.cues import Cues, SentenceCues
from features.fast_union import FastUnion, reads_fast
from features.normalise import normalise_text
from features.word_ngrams import WORD, WordNgrams
from tests.conftest import ROOT

LEXICON = yaml.safe_load((ROOT / "seeds/framing/lexicon.yaml").read_text(encoding="utf-8"))["cues"]
SMALL = {
    "actor_state": ["=iran", "us|ministry", "foreign ministry"],
    "say_deny": ["deny", "deny ~ claim|report", "say =no"],
    "deny_claim": ["deny|reject ~ claim"],
    "talks": ["talk", "peace talk", "hold ~ peace ~ talk", "=talks ~ ~ fail"],
    "weapon": ["missile", "=missiles", "'"],
}
ODD = [
    "",
    " ",
    "\x00",
    "a",
    "I",
    "?",
    "İstanbul’da ΟΔΟΣ ŉ ß e\u0301e\u0301",
    "😀 😀😀 👩‍👩‍👧",
    "x" * 300 + " " + "-".join("ab" * 40),
    " \t Iran\xa0's  “peace”\u2028talks ",
    '"No," said Iran. "We deny the earlier claims," but not the reports; talks, talks and missiles?"',
    "The ministry never held peace talks. Yet it denied new claims of missiles, and Iran said no.",
    "No missiles. No, no missiles not",
]


@lru_cache
def texts() -> list[str]:
    lines = (ROOT / "seeds/framing/sentences.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[::30]]


@lru_cache
def shipped() -> FeatureUnion:
    """The default's features, fitted to part of the corpus."""
    return build_features([WordNgrams(), CharNgrams(), Cues(lexicon=LEXICON, weight=0.2)]).fit(texts())


def assert_same(union, read) -> None:
    expected = union.transform(read).toarray()
    found = np.vstack([part.toarray() for part in FastUnion(union).batches(read)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_the_defaults_features_are_read_fast_and_give_the_same():
    assert reads_fast(shipped())
    assert_same(shipped(), [*texts(), *ODD])


@pytest.mark.parametrize(
    "specs",
    [
        [WordNgrams(min_df=1)],
        [WordNgrams(min_df=1, ngram=(1, 1), sublinear=False, weight=3)],
        [WordNgrams(min_df=2, ngram=(2, 4))],
        [WordNgrams(min_df=2, ngram=(3, 3), max_features=40)],
        [CharNgrams(min_df=1, ngram=(1, 2)), WordNgrams(max_features=50)],
        [CharNgrams(min_df=5, ngram=(5, 8), sublinear=False, weight=0.5)],
        [CharNgrams(max_features=100), CharNgrams(ngram=(2, 2))],
        [Cues(lexicon=SMALL)],
        [Cues(lexicon=SMALL, rate=True, pairs=False), WordNgrams()],
        [Cues(lexicon=LEXICON, rate=True), Cues(lexicon={"none": []})],
    ],
)
def test_features_of_other_settings_give_the_same(specs):
    union = build_features(specs).fit([*texts()[:200], *ODD])
    assert reads_fast(union)
    assert_same(union, [*texts()[200:300], *ODD, *(text.upper() for text in texts()[:20])])


WORDS = st.sampled_from(
    [
        "iran",
        "ministry",
        "foreign",
        "us",
        "no",
        "not",
        "never",
        "deny",
        "denied",
        "rejected",
        "claims",
        "reports",
        "said",
        "talks",
        "talk",
        "peace",
        "hold",
        "held",
        "fail",
        "missile",
        "missiles",
        "but",
        "although",
        "and",
        ",",
        ".",
        ";",
        "?",
        '"',
        "'",
        "''",
        "the",
        "n't",
        "don't",
        "5",
        "x",
        "(y)",
        "\x00",
        "é",
    ]
)


@lru_cache
def small() -> FeatureUnion:
    specs = [Cues(lexicon=SMALL), WordNgrams(min_df=1, ngram=(1, 3)), CharNgrams(min_df=1, ngram=(2, 4))]
    return build_features(specs).fit([*ODD, "peace talks fail", "the ministry denied the claims"])


@given(st.lists(st.lists(WORDS, max_size=16).map(" ".join) | st.text(max_size=12), min_size=1, max_size=5))
@settings(max_examples=120, deadline=None)
@example(["iran deny", "claims iran", "said"])  # what one text ends with the next doesn't go on with
@example(["deny the the the the claims", "deny the the the the the claims"])
@example(["no", "talks", "never . talks", "not ; not talks no talks"])
def test_any_texts_give_the_same(read):
    assert_same(small(), read)


def test_texts_in_several_batches_and_forgotten_words_give_the_same(monkeypatch):
    monkeypatch.setattr(features.fast_union, "BATCH", 7)
    monkeypatch.setattr(features.fast_union, "MOST_WORDS", 60)
    assert_same(shipped(), texts()[:50])


def test_a_reading_that_was_interrupted_leaves_nothing_half_known(monkeypatch):
    fast = FastUnion(shipped())
    with monkeypatch.context() as broken:
        broken.setattr("features.cue_batch.stem", lambda word: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(fast.batches(texts()[:3]))
    found = next(fast.batches(texts()[:3])).toarray()
    np.testing.assert_allclose(found, shipped().transform(texts()[:3]).toarray(), rtol=0, atol=1e-12)


def fitted(**settings) -> FeatureUnion:
    return FeatureUnion([("words", TfidfVectorizer(**settings))]).fit(["some words here", "and here"])


@pytest.mark.parametrize(
    "union",
    [
        build_features([WordNgrams(min_df=1, tags=True)]).fit(["#peace now"]),
        build_features([WordNgrams()]),
        build_features([Cues(lexicon=SMALL)]),
        fitted(),
        fitted(preprocessor=normalise_text),
        fitted(preprocessor=normalise_text, token_pattern=WORD, binary=True),
        fitted(preprocessor=normalise_text, analyzer="char"),
        FeatureUnion([("cues", SentenceCues({"a": ["x"], "a:negated": ["y"]}))]).fit(["x"]),
        FeatureUnion([("words", "drop")]).fit(["x"]),
        build_features([WordNgrams(min_df=1)], targets="text"),
        None,
    ],
    ids=[
        "tags",
        "unfitted",
        "unfitted cues",
        "another form",
        "other words",
        "yes or no",
        "characters",
        "one name",
        "dropped",
        "pairs",
        "none",
    ],
)
def test_what_it_does_not_know_it_leaves_alone(union):
    assert not reads_fast(union)


def test_words_without_end_are_forgotten(monkeypatch):
    monkeypatch.setattr(features.fast_union, "_MOST_CHARACTERS", 1000)
    fast = FastUnion(shipped())
    for number in range(3):
        list(fast.batches([f"{number}" + "长" * 2000]))
        assert not fast._words and not fast._units
    assert_same(shipped(), ["长" * 2000, *texts()[:5]])
