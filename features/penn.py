"""Penn Treebank tokens as NLTK's ``NLTKWordTokenizer`` gives them, several times as fast.

NLTK rewrites a text by some thirty regular expressions, one after the other. In a text in its normal form
(:func:`features.normalise.normalise_text`) hardly any of them looks beyond a blank, so that a text can be tokenized
blank by blank, and what was found for ``ministry,`` kept for the next text. What does look further:

- a quotation mark opens at the very start of the text otherwise than after a blank: the *first* word stands by itself
  unless it begins with a letter or digit;
- a full stop, comma or colon at the very end stands by itself, the full stop also before closing brackets and quotes:
  the *last* word, and all before it while there is nothing but such marks, are read together.

The rules that need a blank behind a word (``wanna``, ``'s``, ``'``) find one everywhere: NLTK pads the text. Those that
take the blank with them can't rob the next word of it, but where they would have put another blank there.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from nltk.tokenize import NLTKWordTokenizer

CLOSERS = "])}>\"'"
"""Marks that may stand between a text's full stop and its end."""

_TOKENIZER = NLTKWordTokenizer()

_PLAIN = re.compile(r"([a-z0-9]+(?:-[a-z0-9]+)*)('s)?([,.]?)", re.ASCII)
"""Words that no rule takes apart but at the marked places."""

_JOINED = re.compile(r"cannot|gimme|gonna|gotta|lemme|wanna")


def unit_keys(words: Sequence[str]) -> list[str]:
    """Return what a text's words are to be tokenized as, one key a unit.

    A unit is one word, but for the last, which takes marks behind it along. Blanks in a key tell where it stands:
    behind it for the first of several words (where that matters), before it for the last, on both sides for one that
    is the whole text.

    Parameters
    ----------
    words : sequence of str
        What stands between the blanks of a text in its normal form; not empty.
    """
    last = len(words) - 1
    while last >= 0 and words[last][0] in CLOSERS and not words[last].strip(CLOSERS):
        last -= 1
    if last <= 0:
        return [f" {' '.join(words)} "]
    keys = list(words[:last])
    if not keys[0][0].isalnum():
        keys[0] += " "
    keys.append(" " + (words[last] if last == len(words) - 1 else " ".join(words[last:])))
    return keys


@lru_cache(maxsize=50_000)
def unit_tokens(key: str) -> tuple[str, ...]:
    """Return the tokens of a unit by its key, as :func:`unit_keys` gives it."""
    plain = _PLAIN.fullmatch(key.strip(" "))
    if plain and not _JOINED.search(key):
        word, possessive, mark = plain.groups()
        if mark == "." and key[0] != " ":  # a full stop that isn't the last stays with its word
            return (plain.group(),)
        return tuple(part for part in (word, possessive, mark) if part)
    begins, ends = key[-1] == " ", key[0] == " "
    if begins and ends:
        return tuple(_TOKENIZER.tokenize(key[1:-1]))
    if begins:
        return tuple(_TOKENIZER.tokenize(key + "x")[:-1])
    if ends:
        return tuple(_TOKENIZER.tokenize("x" + key)[1:])
    return tuple(_TOKENIZER.tokenize(f"x {key} x")[1:-1])


def penn_tokens(text: str) -> list[str]:
    """Return the tokens of a text in its normal form, as NLTK's tokenizer gives them.

    Examples
    --------
    >>> penn_tokens('"we can\\'t wait", said russia\\'s envoy (sept. 0).')
    ['``', 'we', 'ca', "n't", 'wait', "''", ',', 'said', 'russia', "'s", 'envoy', '(', 'sept.', '0', ')', '.']
    """
    words = text.split(" ") if text else []
    return [token for key in unit_keys(words) for token in unit_tokens(key)] if words else []
