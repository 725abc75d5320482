"""Tokens are those of NLTK's tokenizer, whatever the text."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer

from features.normalise import normal_words, normalise_text
from features.penn import penn_tokens
from tests.conftest import ROOT

BITS = (
    *("a", "no", "0", "é", "½", "ı", "ſ", "İ", "Σ", "\u0301", "😀", "_", "s", "n", "t"),
    *(" ", " ", " ", "\t", "\xa0", "\x00", "\x1c", "\u2028"),
    *('"', "'", "''", "“", "”", "’", "‘", "`", "«", ".", ",", ":", ";", "?", "*", "$", "%", "@", "...", "…"),
    *("(", ")", "[", "]", "{", "}", "<", ">", "-", "--", "–", "‒", "―", "/", "\\"),
    *("'s", "n't", "'ll", "'re", "cannot", "gonna", "wanna", "more'n", "d'ye", "'tis", "'twas", "x's", "u.s."),
)
TEXTS = st.lists(st.sampled_from(BITS), max_size=14).map("".join) | st.text(max_size=20)


@given(TEXTS)
@settings(max_examples=400, deadline=None)
@example("'x's")
@example("'re-elect")
@example("he said, 'she's hurt.'")
@example('"" x')
@example('x. ) "')
@example("he went. ) ']")
@example('x .)" >')
@example(".")
@example(",, x,,")
@example("boys' 'word' '")
@example("1, 5,5 a,5 5,a")
@example("can.not cannot-do")
def test_tokens_are_nltks(text):
    normal = normalise_text(text)
    assert penn_tokens(normal) == NLTKWordTokenizer().tokenize(normal)


@pytest.mark.parametrize("file", ["seeds/framing/sentences.jsonl", "seeds/stance/sentences.jsonl"])
def test_tokens_of_the_corpora_are_nltks(file):
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()[::5]
    tokenizer = NLTKWordTokenizer()
    for normal in (normalise_text(json.loads(line)["text"]) for line in lines):
        assert penn_tokens(normal) == tokenizer.tokenize(normal)


@given(st.lists(TEXTS, max_size=6))
@settings(max_examples=200, deadline=None)
@example(["ΟΔΟΣ", "ΣΑΣ", "Σ"])
@example([" 's", "x \u2003's", "x\u2028's's 's"])
@example(["a\x00b", "c"])
@example(["٣ 12 ²"])
def test_texts_normalised_together_are_those_normalised_one_by_one(texts):
    assert [" ".join(words) for words in normal_words(texts)] == [normalise_text(text) for text in texts]
