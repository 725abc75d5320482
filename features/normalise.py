"""Evens out the typography of news text, so that one word has one form."""

import re
from collections.abc import Sequence

_PLAIN = {
    "’": "'",
    "‘": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "\xa0": " ",
}
_QUOTES = str.maketrans(_PLAIN)
_SPLIT_POSSESSIVE = re.compile(r"\s+'(s|t|re|ve|ll|d|m)\b")
_DIGIT = re.compile(r"\d")
_ODD_DIGIT = re.compile(r"[^\D0-9]")
_SPACE = re.compile(r"\s+")
_BETWEEN = "\x00"  # neither a blank nor part of a word: what is read at a text's edge is read beside it


def normalise_text(text: str, fold_digits: bool = True) -> str:
    r"""Lower-case a text and even out its quotes, dashes, spaces, digits and split possessives.

    Newswire archives store ``Russia 's`` for ``Russia's``, and figures are too many to learn one by one:
    every digit becomes ``0``, so that ``1,500`` and ``2,700`` are the same word ``0,000``.

    Parameters
    ----------
    text : str
        Any text.
    fold_digits : bool, default True
        Whether every digit becomes ``0``.

    Returns
    -------
    str
        The text in its normal form. Its length may differ from the input's.

    Examples
    --------
    >>> normalise_text("Russia 's “talks” on 31 October")
    'russia\'s "talks" on 00 october'
    """
    text = _SPLIT_POSSESSIVE.sub(r"'\1", text.lower().translate(_QUOTES))
    return _SPACE.sub(" ", _DIGIT.sub("0", text) if fold_digits else text).strip()


def normal_words(texts: Sequence[str]) -> list[list[str]]:
    """Return what stands between the blanks of ``normalise_text(text)``, for each of n texts: the same, much sooner.

    All texts are joined and normalised as one: what is slow is not looking through a text, but beginning to.

    Examples
    --------
    >>> normal_words(["Russia 's “talks”", "", "31 October"])
    [["russia's", '"talks"'], [], ['00', 'october']]
    """
    joined = _BETWEEN.join(texts)
    if joined.count(_BETWEEN) != len(texts) - 1:  # no text at all, or one that has it
        return [normalise_text(text).split() for text in texts]
    joined = joined.lower()
    for mark, plain in _PLAIN.items():
        joined = joined.replace(mark, plain)
    joined = _SPLIT_POSSESSIVE.sub(r"'\1", joined)
    for digit in "123456789":
        joined = joined.replace(digit, "0")
    if not joined.isascii():
        joined = _ODD_DIGIT.sub("0", joined)
    return [text.split() for text in joined.split(_BETWEEN)]
