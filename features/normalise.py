"""Evens out the typography of news text, so that one word has one form."""

import re

_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "\xa0": " "}
)
_SPLIT_POSSESSIVE = re.compile(r"\s+'(s|t|re|ve|ll|d|m)\b")
_DIGIT = re.compile(r"\d")
_SPACE = re.compile(r"\s+")


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
