"""Token numbers of texts from a memory of words: several times as fast as reading each text anew."""

import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

from features.encoder.errors import need

_KNOWN = 100_000  # words remembered, some 20 MB; most words of a text are among the most frequent of these


class WordwiseTokenizer:
    """Token numbers of texts, of which each word is read by the tokenizer only once.

    Parameters
    ----------
    tokenizer : str
        As JSON, one that :func:`reads_wordwise`.
    """

    def __init__(self, tokenizer: str) -> None:
        self.tokenizer = need("tokenizers").Tokenizer.from_str(tokenizer)
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()  # else of a long word only a part would be known
        around, example = self.tokenizer.encode("").ids, self.tokenizer.encode("a").special_tokens_mask
        first = example.index(0)
        self.before, self.behind = around[:first], around[first:]
        # the fast way, which later versions of the library have, leaves out where in the text a token was
        self.read = getattr(self.tokenizer, "encode_batch_fast", self.tokenizer.encode_batch)
        self.known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of n texts, of whatever length, with the special tokens around them."""
        split = [text.split(" ") for text in texts]
        known, words = self.known, set(chain.from_iterable(split))
        new = list(words.difference(known))
        if len(known) + len(new) > _KNOWN:
            self.known = known = {}
            new = list(words)
        for word, encoding in zip(new, self.read(new, add_special_tokens=False), strict=True):
            known[word] = encoding.ids
        before, behind, look_up = self.before, self.behind, known.__getitem__
        return [[*before, *chain.from_iterable(map(look_up, words)), *behind] for words in split]


def reads_wordwise(tokenizer: str) -> bool:
    """Return whether a tokenizer (as JSON) reads each word between two spaces alike, whatever stands beside it.

    Those of BERT and its kin do; those that take the space as a part of the word, such as RoBERTa's, don't.
    """
    parts: dict[str, Any] = json.loads(tokenizer)

    def kind(part: str) -> Any:
        return (parts.get(part) or {}).get("type")

    return (
        kind("model") == "WordPiece"
        and kind("pre_tokenizer") == "BertPreTokenizer"
        and kind("normalizer") in (None, "BertNormalizer", "Lowercase")
        and not any(" " in token["content"] for token in parts.get("added_tokens") or ())
    )
