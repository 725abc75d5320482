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


def normal_places(
    text: str, places: Sequence[tuple[int, int]] | None = None, fold_digits: bool = True
) -> tuple[str, list[tuple[int, int]]]:
    """Return a text's normal form, and where each of its characters stands in the text.

    Parameters
    ----------
    text : str
        Any text.
    places : sequence of (int, int), optional
        Where each of its characters stands in yet another text that it was made from; by default in itself.
    fold_digits : bool, default True
        As for :func:`normalise_text`.

    Returns
    -------
    tuple of (str, list of (int, int))
        ``normalise_text(text, fold_digits)``, and one half-open range a character of it. Of a run of blanks that has
        become one it is the whole run.

    Examples
    --------
    >>> normal, places = normal_places("Russia 's  “talks”")
    >>> normal[7:9], places[7], places[9]
    ('s ', (8, 9), (11, 12))
    """
    at = [(i, i + 1) for i in range(len(text))] if places is None else list(places)
    lower = text.lower()
    if len(lower) != len(text) or any(len(sign.lower()) != 1 for sign in set(text)):
        at = [place for sign, place in zip(text, at, strict=True) for _ in sign.lower()]
    lower = lower.translate(_QUOTES)
    kept: list[int] = []
    last = 0
    for match in _SPLIT_POSSESSIVE.finditer(lower):
        kept += range(last, match.start())
        last = match.start(1) - 1  # from the apostrophe on
    kept += range(last, len(lower))
    lower, at = "".join([lower[i] for i in kept]), [at[i] for i in kept]
    if fold_digits:
        lower = _DIGIT.sub("0", lower)
    signs: list[str] = []
    found: list[tuple[int, int]] = []
    last = 0
    for match in _SPACE.finditer(lower):
        signs += lower[last : match.start()] + " "
        found += [*at[last : match.start()], (at[match.start()][0], at[match.end() - 1][1])]
        last = match.end()
    signs += lower[last:]
    found += at[last:]
    first, end = int(signs[:1] == [" "]), len(signs) - int(signs[-1:] == [" "] and len(signs) > 1)
    return "".join(signs[first:end]), found[first:end]


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
