"""Makes more texts out of those at hand, for a teacher to label: nobody need agree with what they say."""

import random
import re
from collections.abc import Sequence
from typing import Any

_DROPPED = 0.08  # of the words
_SWAPPED = 0.12  # plain words by others
_NAMED = 0.5  # names and figures by others: what a frame should not hang on
_CROPPED = 0.3  # texts of which only a stretch is kept
_JOINED = 0.1  # texts that go on as another one does
_SHORTEST = 4  # words that are left of a text

_NAME = re.compile(r"[\"'“‘(]*[A-Z][\w'’-]+")
_FIGURE = re.compile(r"[$£€]?\d[\d.,]*%?")


def make_variants(texts: Sequence[Any], count: int, seed: int) -> list[Any]:
    """Return ``count`` variants of each of n texts, or pairs (text, target), whose targets stay.

    Words are left out, plain words and (more often) names and figures are put in the place of others of their kind, a
    stretch is cut out, two texts are joined. What label a variant deserves is for a teacher to say.

    Parameters
    ----------
    texts : sequence of str or of (str, str)
        n texts or pairs.
    count : int
        Variants of each.
    seed : int
        Of everything random.

    Returns
    -------
    list
        Of at most ``n * count`` texts or pairs: none twice, and none of those given.

    References
    ----------
    Tang, R. et al. (2019). Distilling task-specific knowledge from BERT into simple neural networks. arXiv:1903.12136.
    Jiao, X. et al. (2020). TinyBERT: Distilling BERT for natural language understanding. Findings of EMNLP.
    """
    chance = random.Random(seed)
    split = [str(text[0] if isinstance(text, tuple) else text).split() for text in texts]
    pools: dict[str, list[str]] = {"name": [], "figure": [], "word": []}
    for words in split:
        for at, word in enumerate(words):
            pools[_kind(word, at)].append(word)
    made: dict[Any, None] = {}
    known = set(texts)
    for text, words in zip(texts, split, strict=True):
        if not words:
            continue
        for _ in range(count):
            varied = " ".join(_vary(words, split, pools, chance))
            found = (varied, text[1]) if isinstance(text, tuple) else varied
            if found not in known:
                made[found] = None
    return list(made)


def _vary(words: list[str], others: list[list[str]], pools: dict[str, list[str]], chance: random.Random) -> list[str]:
    found = list(words)
    if chance.random() < _JOINED:
        other = chance.choice(others)
        found = found[: len(found) // 2 + 1] + other[len(other) // 2 :]
    elif chance.random() < _CROPPED and len(found) > _SHORTEST:
        length = chance.randint(max(_SHORTEST, len(found) // 2), len(found))
        begin = chance.randint(0, len(found) - length)
        found = found[begin : begin + length]
    kept = []
    for at, word in enumerate(found):
        kind = _kind(word, at)
        if chance.random() < (_SWAPPED if kind == "word" else _NAMED) and pools[kind]:
            word = chance.choice(pools[kind])
        if chance.random() >= _DROPPED or len(found) <= _SHORTEST:
            kept.append(word)
    return kept or found


def _kind(word: str, at: int) -> str:
    if _FIGURE.fullmatch(word):
        return "figure"
    return "name" if at > 0 and _NAME.match(word) else "word"
