"""Splits the text of an article into sentences, with exact character offsets."""

import itertools
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sentencex

from experiments.articles.boilerplate import mark_boilerplate
from experiments.articles.list_items import list_items, may_begin_list, may_hold_lists


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and where it stands.

    Attributes
    ----------
    start, end : int
        Character offsets into the article's text: ``text == article.text[start:end]``.
    text : str
        The sentence without white space around it; in a hard-wrapped article it may span line ends.
    boilerplate : bool
        Whether it is a caption, dateline, link, plea or the like, which no classifier should see.
    """

    start: int
    end: int
    text: str
    boilerplate: bool


def split_sentences(text: str) -> tuple[Sentence, ...]:
    r"""Split a text into sentences, and mark those that are boilerplate.

    Parameters
    ----------
    text : str
        An article. Blank lines end a sentence, and so does the end of a line that isn't hard-wrapped.

    Returns
    -------
    tuple of Sentence
        Everything but white space is in one of them.

    Notes
    -----
    Candidates come from sentencex. It keeps a quotation of several sentences in one piece, ends sentences before a
    closing quote when quotes don't pair up, and takes quadratic time on some long lines; so it is shown a stretch at a
    time, without quotes and parentheses, and these are dealt out afterwards. The time is linear in the text.

    Examples
    --------
    >>> [s.text for s in split_sentences("Peace talks\n\n“We agree. It is done,” Lt. Col. Ray said.")]
    ['Peace talks', '“We agree.', 'It is done,” Lt. Col. Ray said.']
    """
    shown = _shown(text)
    lists = may_hold_lists(text)
    paragraphs = [
        [
            (begin + a, begin + b)
            for begin, end in (list_items(text, *span) if lists or may_begin_list(text, *span) else (span,))
            for a, b in _segment(text[begin:end], shown[begin:end])
        ]
        for span in _paragraphs(text)
    ]
    sentences = [[text[a:b] for a, b in spans] for spans in paragraphs]
    return tuple(
        Sentence(a, b, sentence, marked)
        for spans, row, marks in zip(paragraphs, sentences, mark_boilerplate(sentences), strict=True)
        for (a, b), sentence, marked in zip(spans, row, marks, strict=True)
    )


_LINE = re.compile(r"[^\s][^\n\r\u2028\u2029]*")
_BULLET = re.compile(r"(?:[-*•·▪–—]|\d{1,2}[.)])\s")
_ENDS = re.compile(r"[.!?:;…][\"'”’»)\]]*$")
_WRAP_WIDTHS = range(40, 121)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the span of every paragraph: lines up to a blank one, or one line where lines aren't wrapped."""
    blocks: list[list[tuple[int, int]]] = []
    last = 0
    for match in _LINE.finditer(text):
        start, end = match.span()
        if text[end - 1].isspace():
            end = start + len(match[0].rstrip())
        gap = text[last:start]
        if gap == "\n" and blocks:
            blocks[-1].append((start, end))
        elif gap == "\n\n" or not blocks or max(gap.count("\n"), gap.count("\r")) > 1 or "\u2029" in gap:
            blocks.append([(start, end)])
        else:
            blocks[-1].append((start, end))
        last = end
    width = max((_wrap_width(text, block) for block in blocks if len(block) > 2), default=0)
    for block in blocks:
        begin = block[0][0]
        if len(block) > 1:
            for line, following in itertools.pairwise(block):
                if not _wrapped(text, line, following, width):
                    yield begin, line[1]
                    begin = following[0]
        yield begin, block[-1][1]


def _first_word_length(text: str, start: int) -> int:
    return len(text[start : start + 60].split(None, 1)[0])


def _wrap_width(text: str, block: Sequence[tuple[int, int]]) -> int:
    """Return the width at which a block of three lines or more was wrapped by filling them, or 0 if it wasn't."""
    width = max(end - start for start, end in block)
    if width not in _WRAP_WIDTHS:
        return 0
    full = sum(
        end - start + 1 + _first_word_length(text, following[0]) > width
        for (start, end), following in itertools.pairwise(block)
    )
    return width if full >= 0.8 * (len(block) - 1) else 0


def _wrapped(text: str, line: tuple[int, int], following: tuple[int, int], width: int) -> bool:
    start, end = line
    if _BULLET.match(text, following[0]):
        return False
    if width and end - start <= width < end - start + 1 + _first_word_length(text, following[0]):
        return True  # the next line's first word had no room on this one
    return text[following[0]].islower() and not _ENDS.search(text, max(start, end - 6), end)


_QUOTES = '“”«»„‟"()'
_OUTER_APOSTROPHES = {  # a pattern that begins with a letter is looked for much faster
    **{mark: re.compile(rf"{mark}(?:(?<!\w.)|(?!\w))") for mark in "'’"},
    **{mark: re.compile(rf"{mark}(?<!\w.)") for mark in "‘`"},
}
_ODD_SPACE = re.compile(r"[^\S ]|[\ud800-\udfff\x00-\x1f]")
_CLOSERS = frozenset("”’»)]}\"'")
_OPENERS = "“‘«„([{\"'"


def _shown(text: str) -> str:
    """Return a text as sentencex is shown it: blanks for quotes and parentheses, so offsets hold."""
    shown = text.replace("\n", " ")
    if not shown.isprintable():  # the only white space that is printable is the blank
        shown = _ODD_SPACE.sub(" ", shown)
    for mark in _QUOTES:
        shown = shown.replace(mark, " ")
    for mark, outer in _OUTER_APOSTROPHES.items():
        if mark in shown:
            shown = outer.sub(" ", shown)
    return shown


def _segment(paragraph: str, shown: str) -> list[tuple[int, int]]:
    """Return the spans of a paragraph's sentences, without white space at their ends."""
    spans: list[tuple[int, int]] = []
    begin, length = 0, len(paragraph)
    for end in _candidates(shown):
        while end < length and paragraph[end] in _CLOSERS:
            end += 1
        if (
            paragraph.startswith(' "', end)
            and paragraph[end + 2 : end + 3] in ("", " ")
            and paragraph.count('"', begin, end) % 2
        ):
            end += 2  # newswire archives put a blank before the closing quote
        while begin < end and paragraph[begin].isspace():
            begin += 1
        if begin >= end:
            continue
        if spans and _continues(
            paragraph[max(spans[-1][0], spans[-1][1] - 40) : spans[-1][1]],
            paragraph[begin : min(end, begin + 60)],
            glued=begin == spans[-1][1],
        ):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((begin, end))
        begin = end
    rest = len(paragraph.rstrip())
    if begin < rest:  # a closing mark after the last stop, or a paragraph without any word
        spans[-1:] = [(spans[-1][0] if spans else begin, rest)]
    return spans


_CHUNK = 10_000
_LONGEST_SENTENCE = 160_000


def _candidates(shown: str) -> Iterable[int]:
    """Return where sentencex ends sentences."""
    return [end for end, _ in _pieces(shown)] if len(shown) <= _CHUNK else _candidates_of_long(shown)


def _pieces(shown: str) -> list[tuple[int, int]]:
    """Return where the words of each of sentencex's pieces end, and where the piece does."""
    ends: list[tuple[int, int]] = []
    inside = 0
    for piece in sentencex.segment("en", shown):
        found = inside if shown.startswith(piece, inside) else shown.find(piece, inside)
        if found >= 0:
            inside = found + len(piece)
            ends.append((found + len(piece.rstrip()), inside))
    return ends


def _candidates_of_long(shown: str) -> Iterator[int]:
    """Yield where sentencex ends sentences, showing it a chunk at a time: some stretches take it quadratic time.

    A chunk's last piece may go on, so the next chunk begins with it. What has no end in 160,000 characters is
    cut, though `_continues` joins what plainly goes on.
    """
    at, size = 0, _CHUNK
    while at < len(shown):
        chunk = shown[at : at + size]
        last = at + size >= len(shown)
        ends = [(at + end, at + inside) for end, inside in _pieces(chunk)]
        if not last and len(ends) < 2 and size < _LONGEST_SENTENCE:
            size *= 2
            continue
        if not last and len(ends) < 2:
            blank = chunk.rfind(" ") + 1 or len(chunk)
            yield at + len(chunk[:blank].rstrip())
            at += blank
        elif not last:
            yield from (end for end, _ in ends[:-1])
            at = ends[-2][1]
        else:
            yield from (end for end, _ in ends)
            return
        size = _CHUNK


_MONTHS = "Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_TITLES = "|".join(
    (
        *("Mr", "Mrs", "Ms", "Messrs", "Dr", "Prof", "Hon", "Rev", "Fr", "Msgr"),
        *("Sen", "Sens", "Rep", "Reps", "Gov", "Govs", "Pres", "Sec", "Amb", "Atty", "Ald", "Del"),
        *("Gen", "Lt", "Lieut", "Col", "Maj", "Brig", "Capt", "Cpt", "Cmdr", "Cdr", "Adm"),
        *("Cpl", "Sgt", "Pvt", "Pfc", "Spc", "Supt", "Insp", "Det"),
    )
)
_NEW_SUBJECTS = "|".join(
    (
        *("The", "This", "That", "These", "Those", "There", "A", "An", "Another", "Both", "No", "Not"),
        *("He", "She", "It", "They", "We", "You", "I", "His", "Her", "Its", "Their", "Our"),
        *("But", "And", "However", "Meanwhile", "In", "On", "At", "As", "If", "What", "Who", "Why", "How"),
        *("When", "While", "After", "Before", "Since", "Now", "Earlier", "Later"),
    )
)
_SPEAKING = "|".join(
    (
        *("said", "says", "asked", "asks", "told", "tells", "added", "replied", "continued", "wondered"),
        *("wrote", "writes", "tweeted", "shouted", "cried"),
    )
)

# what ends in a full stop that may not end a sentence
_BEFORE_NAME = re.compile(rf"(?:^|[\s\"'“‘(./-])(?:{_TITLES}|St|Ste|Ft|Mt|vs|approx|al)\.$")
_BEFORE_NUMBER = re.compile(rf"(?:^|[\s\"'“‘(–—-])(?:{_MONTHS}|No|Nos|[Ff]igs?|pp?|vol|art|approx|ca|c|Res)\.$")
_INITIALS = re.compile(r"(?:^|[\s\"'“‘(])(?!U\.[SKN]|D\.C|E\.U|L\.A|U\.A|N\.Y|P\.M|A\.M)(?:[A-Z]\.){2}$")  # J.D.
_BEFORE_STOPS = frozenset(  # the two letters before the stop of what these two find
    [title[-2:] for title in (*_TITLES.split("|"), "St", "Ste", "Ft", "Mt", "vs", "approx", "al")]
    + [f".{letter}" for letter in string.ascii_uppercase]
)
_CLOCK = re.compile(r"\b[ap]\.m\.$")
_LIST_NUMBER = re.compile(r"\W*(?:\d{1,2}|[A-Za-z]|[ivx]{1,4}|[IVX]{1,4})(?:\.?\)|\.)")
_END_OF_SPEECH = re.compile(
    r"""
    [?!…]["'”’»]+$                      # “Stop!”
    | [?!…,]["'”’»]*\s?["'”’»]$         # “It will hold,” or " as newswire archives write it
    """,
    re.VERBOSE,
)
_GLUED_STOP = re.compile(r"[a-z0-9)][.!?…]+[\"'”’»)]*$")

# how what comes after it goes on or begins anew
_AFTER_CLOCK = re.compile(
    rf"""
    (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day | (?:{_MONTHS})\b | \d
    | (?:[ECMP][SD]?T|GMT|BST|CES?T|EES?T|IST|UTC|Moscow|Kyiv|Eastern|Pacific|London|Beijing|Greenwich)\b
    """,
    re.VERBOSE,
)
_STARTS_NEW = re.compile(rf"(?:{_NEW_SUBJECTS})\s")
_GLUED_START = re.compile(r"[A-Z][a-z]|[A-Z0-9]\s")
_LOWER_CASE_NAME = re.compile(r"(?:al|el|an|as|ad|ibn|bin|de|van|von|i[A-Z]|e[A-Z])(?:-\w|\s[A-Z]|[A-Z])")  # al-Hasan
_SAID = re.compile(rf"(?:(?:[A-Z][\w.'’-]*|he|she|they|I|we|it)\s){{1,3}}(?:{_SPEAKING})\b")


def _continues(tail: str, head: str, glued: bool) -> bool:
    """Return whether what starts with ``head`` goes on with the sentence that ends in ``tail``."""
    word = head.lstrip(_OPENERS + " ")
    if not word or not (word[0].isalnum() or any(letter.isalnum() for letter in head)):
        return True
    if head[0] == "[" and head.endswith("]"):
        return True  # a source or a footnote
    if (len(tail) < 8 or not tail[0].isalnum()) and _LIST_NUMBER.fullmatch(tail):
        return True
    if tail[-1] not in ".:;" and _END_OF_SPEECH.search(tail) and _SAID.match(head):
        return True
    if word[0].islower():
        return not _LOWER_CASE_NAME.match(word)
    stopped = tail[-1] == "."
    if stopped and tail.endswith(".m.") and _CLOCK.search(tail):
        return _AFTER_CLOCK.match(word) is not None
    if stopped and word[0].isdigit() and _BEFORE_NUMBER.search(tail):
        return True
    if glued and not (_GLUED_STOP.search(tail) and _GLUED_START.match(word)):
        return True  # a ticker (MSFT.O) or an initial
    if (
        stopped
        and tail[-3:-1] in _BEFORE_STOPS
        and (_BEFORE_NAME.search(tail) or (word[0].isupper() and _INITIALS.search(tail)))
    ):
        return not _STARTS_NEW.match(word)
    return False
