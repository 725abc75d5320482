"""Makes paragraphs of the lines on pages, from where they stand and how big their letters are."""

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page, in points from the page's lower left corner.

    Attributes
    ----------
    text : str
        Without white space around it.
    left, right, bottom : float
        Where it stands.
    size : float
        Height of its letters.
    """

    text: str
    left: float
    right: float
    bottom: float
    size: float


EDGE = 2
"""Rows at the top and at the bottom of a page where headers, footers and page numbers are looked for."""

_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"\W*(?:page\s*)?\d{1,4}(?:\s*(?:/|of)\s*\d{1,4})?\W*", re.IGNORECASE)
_ENDS = re.compile(r"[.!?:…][\"'”’»)\]]*$")
_BULLET = re.compile(r"(?:[•·▪⁃–—*-]|\d{1,2}[.)])(?:\s|$)")
GUTTER = 6.0
"""Points between columns, at least."""

NARROWEST = 50.0
"""Points of a column's width, at least: what is narrower is a bullet or a number before its line."""

_WIDER = 1.25
"""A distance between lines that is wider than theirs by this much is one between paragraphs."""


def paragraphs_of(pages: Sequence[Sequence[Line]]) -> list[str]:
    """Return the paragraphs of a document, the headline first.

    Parameters
    ----------
    pages : sequence of sequence of Line
        The lines of each page, in any order.

    Returns
    -------
    list of str
        Headers, footers and page numbers are left out, and words that are hyphenated at a line's end are whole.

    Examples
    --------
    >>> lines = [("The har-", 40, 88), ("bour is full.", 60, 76), ("So it is.", 40, 52)]
    >>> paragraphs_of([[Line(text, 0, right, bottom, 10) for text, right, bottom in lines]])
    ['The harbour is full.', 'So it is.']
    """
    kept = [_in_reading_order(page) for page in _without_furniture(pages)]
    lines = [(number, line) for number, page in enumerate(kept) for line in page]
    if not lines:
        return []
    leading, ends = _leading(kept), [_column_ends(page) for page in kept]
    grouped = [[lines[0]]]
    for (page, line), (next_page, following) in itertools.pairwise(lines):
        if _goes_on(line, following, page == next_page, leading, ends[page][_half_inch(line)]):
            grouped[-1].append((next_page, following))
        else:
            grouped.append([(next_page, following)])
    texts = [_joined(line.text for _, line in group) for group in grouped]
    title = _headline([(page, line.size, text) for ((page, line), *_), text in zip(grouped, texts, strict=True)])
    return [texts[title], *texts[:title], *texts[title + 1 :]]


def _without_furniture(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """Leave out page numbers, and what stands in the same place of several pages but for its digits."""
    edges = [_edge(page) for page in pages]
    times = Counter(key for edge in edges for key in {_place(line) for line in edge})
    often = max(2, len(pages) // 3)  # a book has one header on its left pages and another on its right ones
    return [
        [
            line
            for line in page
            if not (line in edge and (times[_place(line)] >= often or _PAGE_NUMBER.fullmatch(line.text)))
        ]
        for page, edge in zip(pages, edges, strict=True)
    ]


def _edge(page: Sequence[Line]) -> set[Line]:
    rows = sorted({round(line.bottom) for line in page})
    outer = {*rows[:EDGE], *rows[-EDGE:]}
    return {line for line in page if round(line.bottom) in outer}


def _place(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("#", line.text), round(line.bottom)


def _in_reading_order(page: Sequence[Line]) -> list[Line]:
    """Return the lines from top to bottom, column after column where they stand in columns.

    Lines are gathered from the top as long as a blank strip runs down between their columns; a line that crosses it,
    such as a headline, closes the columns above it.
    """
    groups: list[list[Line]] = []
    columns: list[tuple[float, float]] = []
    for line in sorted(page, key=lambda line: (-round(line.bottom), line.left)):
        wider = _columns([*columns, (line.left, line.right)])
        if len(columns) == 1 and (parted := _parted_by(line, groups[-1])):
            groups[-1], below = groups[-1][:-parted], groups[-1][-parted:]
            groups.append(below)
            wider = _columns((each.left, each.right) for each in [*below, line])
        elif not columns or len(wider) < len(columns):
            groups.append([])
            wider = [(line.left, line.right)]
        groups[-1].append(line)
        columns = wider
    return [
        line
        for group in groups
        for left, right in _columns((line.left, line.right) for line in group)
        for line in group
        if left <= line.left <= right
    ]


def _parted_by(line: Line, above: Sequence[Line]) -> int:
    """Return how many of the last lines above stand in another column than a line."""
    spans = [(line.left, line.right)]
    for number, other in enumerate(reversed(above)):
        spans = _columns([*spans, (other.left, other.right)])
        if len(spans) < 2:
            return number
    return len(above)


def _columns(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join what overlaps, what no gutter parts, and what is too narrow for a column."""
    columns: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if columns and (left - columns[-1][1] < GUTTER or columns[-1][1] - columns[-1][0] < NARROWEST):
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _leading(pages: Sequence[Sequence[Line]]) -> float:
    """Return how far apart lines of one paragraph are, in heights of their letters."""
    gaps = sorted(
        (line.bottom - following.bottom) / line.size
        for page in pages
        for line, following in itertools.pairwise(page)
        if 0.5 * line.size < line.bottom - following.bottom < 4 * line.size and _same_size(line, following)
    )
    return gaps[len(gaps) // 4] if gaps else 1.2


def _column_ends(page: Sequence[Line]) -> dict[int, float]:
    """Return how far lines reach that begin near each half inch."""
    ends: dict[int, float] = defaultdict(float)
    for line in page:
        for near in range(_half_inch(line) - 1, _half_inch(line) + 2):
            ends[near] = max(ends[near], line.right)
    return ends


def _half_inch(line: Line) -> int:
    return round(line.left / 36)


def _same_size(line: Line, other: Line) -> bool:
    return abs(line.size - other.size) <= 0.08 * max(line.size, other.size)


def _goes_on(line: Line, following: Line, same_page: bool, leading: float, column_end: float) -> bool:
    """Return whether a line and the next one are of one paragraph."""
    if not _same_size(line, following) or _BULLET.match(following.text):
        return False
    stopped = _ENDS.search(line.text) is not None
    gap = (line.bottom - following.bottom) / line.size
    if not same_page or gap <= 0 or following.left > line.right or following.right < line.left:
        return not stopped  # the next page or column
    if gap > _WIDER * leading:
        return False
    indented = following.left > line.left + 0.8 * line.size
    centred = abs(line.left + line.right - following.left - following.right) < line.size
    if indented and not centred and not _BULLET.match(line.text):
        return False
    letter = (line.right - line.left) / len(line.text)
    word = following.text.split(None, 1)[0]
    return not (stopped and line.right + (len(word) + 3) * letter < column_end)


def _joined(lines: Iterable[str]) -> str:
    text = ""
    for line in lines:
        if text.endswith("\u00ad") or (text[-1:] == "-" and text[-2:-1].islower() and line[0].islower()):
            text = text[:-1] + line
        else:
            text += line if not text or (text[-1] == "-" and text[-2:-1].isalnum()) else " " + line
    return text.replace("\u00ad", "")


def _headline(paragraphs: Sequence[tuple[int, float, str]]) -> int:
    """Return which paragraph of the first page is set in the biggest letters, or 0 if none stands out."""
    letters = [size for _, size, text in paragraphs for _ in range(0, len(text), 10)]
    body = median(letters)
    first_page = paragraphs[0][0]
    large = [
        (size, -at)
        for at, (page, size, text) in enumerate(paragraphs)
        if page == first_page and size > 1.15 * body and len(text.split()) > 2
    ]
    return -max(large)[1] if large else 0
