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

_LETTERS = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_JOINED_WORDS = frozenset({"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"})
_JOINED = re.compile("|".join(sorted(_JOINED_WORDS)))
_CLITIC = re.compile(r"(?:re|ve|ll|m|t|s|d|n|tis|twas)(?:-|$)")
_POSSESSIVE = re.compile(r"[a-z0-9]'s(?![a-z0-9])")

_LONG = 200


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


def unit_tokens(key: str) -> Sequence[str]:
    """Return the tokens of a unit by its key, as :func:`unit_keys` gives it.

    Where no rule asks which letters there are, the unit is tokenized with one letter (or digit) in the place of each
    run of them; such shapes are few, and their tokens are kept.
    """
    word = key.strip(" ,.")
    if word.isalpha() and word.isascii() and word not in _JOINED_WORDS:  # most are such, and soon done
        if len(key) == len(word):
            return (key,)
        if key == word + "," or key == f" {word}.":
            return (word, key[-1])
    runs = _LETTERS.findall(key)
    if len(key) > _LONG:
        return _tokens.__wrapped__(key)  # not worth keeping
    if not _heeds_no_letters(key, runs):
        return _tokens(key)
    shape = _LETTERS.sub(_shape_of, key)
    following = iter(runs)
    if len(runs) == 2 and "'" in key:
        shape = "'s".join(shape.rsplit("'x", 1))
    tokens = _tokens(shape)
    return ["".join([next(following) if each in "x0s" else each for each in token]) for token in tokens]


def _shape_of(letters: re.Match[str]) -> str:
    return "0" if letters[0][0] < "a" else "x"


def _heeds_no_letters(key: str, runs: Sequence[str]) -> bool:
    """Return whether NLTK's rules ask of a unit's letters and digits only which they are, letters or digits."""
    if not key.isascii() or "_" in key or _JOINED.search(key):
        return False
    if "'" not in key:
        return True
    if len(runs) == 2 and runs[1] == "s" and _POSSESSIVE.search(key):
        return not _CLITIC.match(runs[0])
    return len(runs) < 2 and not (runs and _CLITIC.match(runs[0]))


@lru_cache(maxsize=20_000)
def _tokens(key: str) -> tuple[str, ...]:
    """Return the tokens of a unit as NLTK has them, in the middle of a text or at its ends, as the key says."""
    begins, ends = key[-1] == " ", key[0] == " "
    if begins and ends:
        return tuple(_TOKENIZER.tokenize(key[1:-1]))
    if begins:
        return tuple(_TOKENIZER.tokenize(key + "x")[:-1])
    if ends:
        return tuple(_TOKENIZER.tokenize("x" + key)[1:])
    return tuple(_TOKENIZER.tokenize(f"x {key} x")[1:-1])


def penn_tokens(text: str) -> list[str]:
    r"""Return the tokens of a text in its normal form, as NLTK's tokenizer gives them.

    Examples
    --------
    >>> penn_tokens('"we can\'t wait", said russia\'s envoy (sept. 0).')
    ['``', 'we', 'ca', "n't", 'wait', "''", ',', 'said', 'russia', "'s", 'envoy', '(', 'sept.', '0', ')', '.']
    """
    words = text.split(" ") if text else []
    return [token for key in unit_keys(words) for token in unit_tokens(key)] if words else []
