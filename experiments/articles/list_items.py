"""Finds the items of a list that stands in one line: ``1.) ... 2.) ...``, ``a. ... b. ...``, ``• ... • ...``."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_MARKER = re.compile(
    r"""
    (?<!\S)
    (?: (?:(?P<bullet>[•⁃▪‣◦–-])\s?)?
        (?P<opening>\((?=\w{1,4}\)))?
        (?P<number>\d{1,2}|[ivx]{1,4}|[IVX]{2,4}|[a-zA-Z])
        (?P<closing>\.\)|[.)])
    |   (?P<only>[•⁃▪‣◦])
    )
    \s+(?=\S)
    """,
    re.VERBOSE,
)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_FIRST = frozenset(("1", "a", "A", "i", "I"))
_OPENS = re.compile(r"[:.!?][\"'”’»)\]]*\s*$")
_COUNTED = "|".join(
    (
        *("no", "nos", "number", "page", "p", "pp", "chapter", "article", "section", "point", "item", "figure"),
        *("phase", "part", "step", "stage", "group", "class", "grade", "level", "type", "option", "plan", "hepatitis"),
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
        *("november", "december"),
    )
)
_WANTS_MORE = "|".join(
    (
        *("and", "or", "of", "to", "in", "on", "at", "by", "for", "from", "with", "than", "over", "under", "about"),
        *("after", "before", "until", "since", "into", "between", "through", "the", "a", "an", "only", "just"),
        *("is", "was", "are", "were", "be", "as", "vs", "versus", "his", "her", "its", "their", "our", "my", "your"),
    )
)
_GOES_ON = re.compile(  # by 2. / and 2) / No. 2. / , 2)
    rf"(?:[,;–—-]|\b(?:{_COUNTED}|{_WANTS_MORE})\b\.?)\s*$", re.IGNORECASE
)


@dataclass
class _List:
    """A list that may be one: it takes a second item to be sure."""

    begins: list[int] = field(default_factory=list)
    next_numbers: frozenset[str] = frozenset()


def list_items(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the items of a list in one line, and of what introduces it; its own span if there is none.

    Parameters
    ----------
    text : str
        An article.
    start, end : int
        Where its paragraph stands.

    Notes
    -----
    A list stands at the beginning of its paragraph or begins with its first number after a colon or a stop, it counts
    on without a gap, and no item ends in what wants more (``by 2.``, ``and 2)``, ``No. 2.``). So a number or an initial
    in running text cuts nothing, and neither does ``we ask for: 1) peace, 2) bread``, which is one sentence.

    Examples
    --------
    >>> text = "Today: 1.) Ferries sail 2.) Talks resume"
    >>> [text[a:b] for a, b in list_items(text, 0, len(text))]
    ['Today: ', '1.) Ferries sail ', '2.) Talks resume']
    """
    found: list[_List] = []
    open_lists: dict[tuple[str | bool | None, ...], _List] = {}  # one of each style
    for match in _MARKER.finditer(text, start, end):
        at, number = match.start(), match["number"] or "•"
        before = text[max(start, at - 20) : at]
        if match["closing"] == "." and number.isupper() and len(number) == 1 and number != "I":
            continue  # an initial
        if at > start and _GOES_ON.search(before):
            continue
        capital = text[match.end() : match.end() + 4].lstrip("“‘«„([{\"'")[:1].isupper()
        of_words = match["closing"] == "." and capital
        style = (*match.group("bullet", "opening", "closing", "only"), number.isdigit(), of_words)
        current = open_lists.get(style)
        if current is None or number not in current.next_numbers:
            if at > start and not (number in _FIRST and _OPENS.search(before)):
                continue
            current = open_lists[style] = _List()
            found.append(current)
        current.begins.append(at)
        current.next_numbers = _following(number)
    for cut in sorted(at for items in found if len(items.begins) > 1 for at in items.begins):
        if start < cut:
            yield start, cut
            start = cut
    yield start, end


def _following(number: str) -> frozenset[str]:
    """Return what may number the next item: after ``i`` comes ``j`` or ``ii``."""
    if number.isdigit():
        return frozenset({str(int(number) + 1)})
    roman = _ROMAN.index(number.lower()) + 1 if number.lower() in _ROMAN[:-1] else None
    following = {_ROMAN[roman].upper() if number.isupper() else _ROMAN[roman]} if roman else set()
    if number == "•":
        following.add(number)
    elif len(number) == 1:
        following.add(chr(ord(number) + 1))
    return frozenset(following)


def _seconds() -> list[re.Pattern[str]]:
    """Return what finds the second number of a list; several expressions that begin with a letter are the fastest."""
    later = sorted({number for first in _FIRST for number in _following(first)})
    stops = {  # a capital and a full stop are an initial
        r"\.(?<=%s.)[)\s]": [number for number in later if len(number) > 1 or not number.isupper()],
        r"\.(?<=%s.)\)": [number for number in later if len(number) == 1 and number.isupper()],
        r"\)(?<=%s.)\s": later,
    }
    return [
        re.compile(stop % rf"[\s(•⁃▪‣◦–-](?:{'|'.join(numbers)})")
        for stop, all_numbers in stops.items()
        for length in (1, 2)
        if (numbers := [number for number in all_numbers if len(number) == length])
    ]


_SECONDS = _seconds()


def may_hold_lists(text: str) -> bool:
    """Return whether a list may stand anywhere in a text but at the beginning of a paragraph; most texts have none."""
    return any(second.search(text) for second in _SECONDS)


def may_begin_list(text: str, start: int, end: int) -> bool:
    """Return whether a list may stand at the beginning of a paragraph."""
    return _MARKER.match(text, start, end) is not None
