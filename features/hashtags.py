"""Hashtags and handles of social media as words."""

import re

from features.normalise import normalise_text

TOKEN = r"(?u)[#@]?\b\w[\w'-]*\b"
"""A word, with the sign of a tag or handle that it may begin with."""

_TAG = re.compile(r"[#@](\w+)")
_PART = re.compile(r"A+(?=Aa)|A?a+|A+|0+")  # over the shape of a tag: capitals, other letters, digits


def split_tag(tag: str) -> list[str]:
    """Return the lower-case words that a tag or handle glues together, as far as capitals and digits tell.

    Parameters
    ----------
    tag : str
        Without its sign.

    Examples
    --------
    >>> split_tag("MakeNATOGreat2016"), split_tag("semst")
    (['make', 'nato', 'great', '2016'], ['semst'])
    """
    shape = "".join("A" if sign.isupper() else "0" if sign.isdigit() else "_" if sign == "_" else "a" for sign in tag)
    return [tag[part.start() : part.end()].lower() for part in _PART.finditer(shape)] or [tag.lower()]


def normalise_tags(text: str) -> str:
    """Return a text's normal form (:func:`features.normalise.normalise_text`) with the words of each tag behind it.

    Examples
    --------
    >>> normalise_tags("No more! #StopTheWar")
    'no more! #stopthewar stop the war'
    """

    def with_words(match: re.Match[str]) -> str:
        words = split_tag(match[1])
        return f"{match[0]} {' '.join(words)}" if len(words) > 1 else match[0]

    return normalise_text(_TAG.sub(with_words, text))
