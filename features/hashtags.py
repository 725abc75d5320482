"""Hashtags and handles of social media as words."""

import re

from features.normalise import normal_places, normalise_text

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
    return [tag[start:end].lower() for start, end in _parts(tag)] or [tag.lower()]


def _parts(tag: str) -> list[tuple[int, int]]:
    """Return where the words of a tag begin and end."""
    shape = "".join("A" if sign.isupper() else "0" if sign.isdigit() else "_" if sign == "_" else "a" for sign in tag)
    return [part.span() for part in _PART.finditer(shape)]


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


def tag_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return ``normalise_tags(text)``, and where each of its characters stands in the text: in the tag, for its words.

    Examples
    --------
    >>> normal, places = tag_places("No #StopTheWar")
    >>> normal[15:19], places[15]
    ('stop', (4, 8))
    """
    signs: list[str] = []
    places: list[tuple[int, int]] = []
    last = 0
    for match in _TAG.finditer(text):
        signs += text[last : match.end()]
        places += [(i, i + 1) for i in range(last, match.end())]
        last = match.end()
        words = [(match.start(1) + start, match.start(1) + end) for start, end in _parts(match[1])]
        for start, end in words if len(words) > 1 else []:
            signs += [" ", *text[start:end].lower()]
            places += [(start, end)] * (1 + len(text[start:end].lower()))
    signs += text[last:]
    places += [(i, i + 1) for i in range(last, len(text))]
    return normal_places("".join(signs), places)
