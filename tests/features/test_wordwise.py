import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from features.encoder import wordwise
from features.encoder.convolution import Convolutions, convolution_model
from features.encoder.runner import TextEncoder, make_tokenizer
from features.encoder.wordwise import WordwiseTokenizer, reads_wordwise

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] the rebels attack ##ed ##s town e 中 文 . , ' - cafe a ##a ##b"
WORDS = VOCABULARY.split()
TEXTS = [
    "the rebels attacked the town.",
    "",
    "  the  rebels ",
    "The REBELS' attack,the-town",
    "caf\u00e9 cafe\u0301 \u0301 a",
    "中文a 中 文",
    "the\ttown\nthe\r\ntown\u00a0the\u2003town\u3000.",
    "\x00the\x1ctown \x1f \u200b\ufeff\ufffd",
    "[SEP] the[MASK]town [CLS]",
    "town " + "a" * 150 + " " + "ab" * 40,
]


def tokenizer(*changes):
    made = Tokenizer(models.WordPiece({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    made.add_special_tokens(["[CLS]", "[SEP]", AddedToken("[MASK]", lstrip=True)])
    for change in changes:
        change(made)
    return made.to_str()


def test_token_numbers_are_those_of_the_tokenizer_itself():
    expected = [each.ids for each in make_tokenizer(tokenizer(), 500).encode_batch(TEXTS)]
    read = WordwiseTokenizer(tokenizer(lambda made: made.enable_truncation(5), lambda made: made.enable_padding()))
    assert read(TEXTS) == expected
    assert read(TEXTS[::-1]) == expected[::-1]


def test_no_more_words_are_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(wordwise, "_KNOWN", 10)
    read = WordwiseTokenizer(tokenizer())
    for start in range(0, 100, 4):
        text = " ".join(["the", *("a" * length for length in range(start, start + 4))])
        assert read([text]) == [make_tokenizer(tokenizer(), 500).encode(text).ids]
    assert len(read.known) <= 10


def byte_level(made):
    made.pre_tokenizer = pre_tokenizers.ByteLevel()


def stripping(made):
    made.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.BertNormalizer()])


def two_words(made):
    made.add_tokens(["the town"])


def test_tokenizers_that_read_across_spaces_are_not_read_word_by_word():
    assert reads_wordwise(tokenizer())
    assert [reads_wordwise(tokenizer(change)) for change in (byte_level, stripping, two_words)] == [False] * 3


def test_encoder_gives_the_same_word_by_word_in_windows_and_batches_of_any_size():
    rng = np.random.default_rng(3)
    graph = convolution_model(
        Convolutions(
            rng.normal(size=(len(WORDS), 8)).astype(np.float32),
            [rng.normal(size=(4, 8, 3)).astype(np.float32)],
            [np.zeros(4, dtype=np.float32)],
            rng.normal(size=(2, 12)).astype(np.float32),
            np.zeros(2, dtype=np.float32),
        ),
        int8=False,
    )
    texts = [*TEXTS, "the town . " * 60, "rebels attacked"]
    encoder, plain = (TextEncoder(graph, tokenizer(), 48, tokens) for tokens in (100, 5000))
    assert encoder.wordwise is not None
    plain.wordwise = None
    (found, owner), (expected, expected_owner) = encoder.run(texts), plain.run(texts)
    assert np.bincount(owner)[-2] > 3
    assert owner.tolist() == expected_owner.tolist()
    assert found == pytest.approx(expected, abs=1e-5)
    pairs = [("rebels", "the town"), ("rebels attacked", "a")]
    assert encoder.run(pairs)[0] == pytest.approx(plain.run(pairs)[0], abs=1e-5)
