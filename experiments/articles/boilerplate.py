"""Tells what a page adds around its news: datelines, captions, links, advertising, pleas, bylines, second titles.

Precision comes first: a sentence of news that is marked is lost to the analysis, while a caption that slips
through is one sentence among many. So a rule marks a whole line of one kind or a paragraph whose structure
says what it is, and no word alone is enough.
"""

import functools
import itertools
import re
from collections import Counter
from collections.abc import Sequence

from experiments.articles.boilerplate_patterns import (
    ADS,
    ARTWORK,
    BYLINE,
    CAPTION,
    CITY,
    CREDIT,
    CREDIT_LEAD,
    CREDIT_LINE,
    DATE_KIND,
    DATE_WORD,
    GLUED_CREDIT,
    LEAD,
    LINE,
    LINKS,
    NAVIGATES,
    NAVIGATION,
    ONLY_LINKS,
    OWN_VOICE,
    PICTURE_WORD,
    PLEA,
    SOLE_CREDIT,
)
from experiments.articles.quick_tests import QuickTest, folded, quick_test

LONGEST = 1500
"""Paragraphs of more characters are running text; only their single sentences are looked at."""

_STOPS = frozenset(".!?…")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_THREE = re.compile(r"[\W_]*([^\W_]+)[\W_]+([^\W_]+)[\W_]+([^\W_]+)")
_QUOTED = re.compile(
    r"""
    “[^”]{0,800}(?:”|$)                             # to the closing quote, or to the end where there is none
    | "[^"]{0,800}(?:"|$)
    | (?<!\w)['‘](?=\w).{0,800}?['’](?!\w)          # neither side is an apostrophe inside a word
    """,
    re.VERBOSE,
)
_DATELINE = re.compile(
    r"""
    (?!FILE)                                        # FILE - The harbour ...: a caption
    [A-Z][A-Z .,'’-]{2,40}(?:[A-Z][\w. ]{1,30})?    # NORTHPORT, Norway
    (?:\([\w/ .]{2,30}\))?                          # (AP)
    \s?[-–—]{1,2}\s
    """,
    re.VERBOSE,
)
_GLUED_HEADING = re.compile(r"Related(?=[A-Z][a-z])")
_LABELLED = re.compile(r"([A-Z][\w'’-]*(?: [\w'’-]+){0,2}): ?\S")
_TELLS = re.compile(r"\b(?:was|were|is|are|shows?|showed|has|have)\b")
_FUNCTION_WORDS = frozenset().union(
    ("about", "after", "before", "between", "from", "into", "more", "most", "over", "than", "under", "until", "with"),
    (
        "been",
        "could",
        "have",
        "should",
        "that",
        "their",
        "them",
        "they",
        "this",
        "were",
        "what",
        "when",
        "where",
        "which",
    ),
    ("while", "will", "would", "your"),
)
_YOU = re.compile(r"\b(?:you|your|yours)\b", re.IGNORECASE)


@functools.cache
def _beginnings() -> QuickTest:
    """Return the test of how a paragraph begins whose first words make it a date, a link or the like."""
    date = rf"[\W_]*(?:{'|'.join(row.pattern for row in DATE_WORD.rows)})"
    return QuickTest.any_of(
        (
            quick_test(date, DATE_WORD.flags, at_start=True),
            quick_test(_GLUED_HEADING.pattern, at_start=True),
            *(table.quick for table in (LINE, ADS, LINKS, LEAD, CAPTION, CREDIT_LEAD)),
        )
    )


@functools.cache
def _sentence_beginnings() -> QuickTest:
    """Return the test of how a sentence begins that is boilerplate of its own, or the voice of a page."""
    voice = OWN_VOICE.quick.of_first_words()  # a quotation that is taken out of a plea may have stood after them
    in_parentheses = quick_test(r"\(", at_start=True)
    return QuickTest.any_of((CREDIT_LINE.quick, ARTWORK.quick, voice, in_parentheses))


def mark_boilerplate(paragraphs: Sequence[Sequence[str]]) -> list[list[bool]]:
    """Mark the sentences of an article that aren't part of its story.

    Parameters
    ----------
    paragraphs : sequence of sequence of str
        The sentences of each paragraph, in the order of the text.

    Returns
    -------
    list of list of bool
        True for boilerplate, in the same shape.

    Notes
    -----
    Made for English news. What it can't know from the text alone stays unmarked: a caption written as a full
    sentence, an author's biography, a teaser without a heading.

    Examples
    --------
    >>> mark_boilerplate([["Talks resume"], ["Oct 31, 2024 - 16:00"], ["MOSUL (AP) -- They met.", "(AP Photo/J. Roe)"]])
    [[False], [True], [False, True]]
    """
    article = " ".join(itertools.chain.from_iterable(paragraphs))
    tidy = article.isprintable() and "  " not in article and article.strip() == article
    texts = [_joined(sentences, tidy) for sentences in paragraphs]
    quick = _sentence_beginnings().within(article)
    conspicuous = [any(map(quick, sentences)) for sentences in paragraphs]
    whole = _are_boilerplate(texts, paragraphs, conspicuous)
    for at in (
        _repeated(texts)
        | _captions(texts, paragraphs, whole)
        | _under_credits(texts, whole)
        | _under_headings(texts)
        | _other_headlines(texts)
    ):
        whole[at] = True
    return [
        [_is_boilerplate_sentence(sentence, len(sentences)) for sentence in sentences]
        if conspicuous[at] and not whole[at]
        else [whole[at]] * len(sentences)
        for at, sentences in enumerate(paragraphs)
    ]


def _joined(sentences: Sequence[str], tidy: bool) -> str:
    """Return a paragraph with single blanks, or nothing where it is too long to be boilerplate as a whole.

    Most articles are ``tidy``: they have no other white space, of which only the blank counts as printable.
    """
    if len(sentences) >= 40:
        return ""
    text = " ".join(sentences) if tidy else " ".join(" ".join(sentences).split())
    return text if len(text) <= LONGEST else ""


def _is_stopped(text: str) -> bool:
    """Return whether a text ends in a stop, quotes and parentheses after it apart."""
    return text.rstrip("\"'”’»)]")[-1:] in _STOPS


def _are_boilerplate(
    texts: Sequence[str], paragraphs: Sequence[Sequence[str]], conspicuous: Sequence[bool]
) -> list[bool]:
    """Return which paragraphs are boilerplate as a whole; the first may be a title that reads like a link.

    One is ``conspicuous`` if a sentence of it begins as those do that are boilerplate, or as a page speaks.
    """
    beginnings, credited = _beginnings(), CREDIT.quick.among(texts)
    held = folded("\n".join(texts)).split(b"\n")
    whole = []
    for at, (text, sentences) in enumerate(zip(texts, paragraphs, strict=True)):
        if not text:
            whole.append(False)
            continue
        stopped = _is_stopped(text)
        whole.append(
            not (text[0].isalnum() or _WORD.search(text))
            or (not stopped and _is_line(text))
            or (beginnings(text) and (_is_date(text) or _begins_like_one(text, stopped, sentences, at == 0)))
            or (at in credited and _may_be_caption(text, sentences) and CREDIT.find_slowly(text) is not None)
            or (len(text) <= 80 and SOLE_CREDIT.find(text) is not None)
            or (text[-1] != "." and _is_glued_credit(text, sentences))
            or (
                (conspicuous[at] or b"you" in held[at] or _speaks_after_quotation(sentences))
                and _pleads(text, sentences, held[at])
            )
        )
    return whole


def _speaks_after_quotation(sentences: Sequence[str]) -> bool:
    """Return whether a sentence that may begin with a quotation goes on in the voice of a page."""
    return any(not sentence[:1].isalnum() and OWN_VOICE.find(_QUOTED.sub(" ", sentence)) for sentence in sentences)


def _is_line(text: str) -> bool:
    """Return whether a line without a stop is a place, navigation, a byline or whose picture it is."""
    if CITY.find(text):
        return True
    words = _WORD.findall(text)
    if len(words) <= 12:
        known = {word.lower() for word in words}
        if (known <= NAVIGATION and known & NAVIGATES) or BYLINE.find(text):
            return True
    return len(words) <= 20 and ARTWORK.find(text) is not None


def _begins_like_one(text: str, stopped: bool, sentences: Sequence[str], first: bool) -> bool:
    """Return whether a paragraph is what its first words say, such as a link or a caption."""
    if len(text) <= 250 and (LINE.find(text) or ADS.find(text)):
        return True
    if LINKS.find(text) or _GLUED_HEADING.match(text):
        return True
    if CAPTION.find(text) and _may_be_caption(text, sentences):
        return True
    if not first and _leads_away(text, stopped, len(sentences)) and len(_WORD.findall(text)) <= 30:
        return True
    # a scraper glues a credit to the sentence after it ("Photo: AP The family said ..."), which is news then
    return CREDIT_LEAD.find(text) is not None and len(_WORD.findall(text)) <= (8 if stopped else 30)


def _may_be_caption(text: str, sentences: Sequence[str]) -> bool:
    return len(sentences) <= 4 and len(text) <= 700 and not _DATELINE.match(text)


def _is_glued_credit(text: str, sentences: Sequence[str]) -> bool:
    return GLUED_CREDIT.find(sentences[0]) is not None and len(_WORD.findall(text)) <= 20


def _leads_away(text: str, stopped: bool, sentences: int) -> bool:
    """Return whether a line is a link to something else: ``MORE: ...``, ``Read also: ...``, ``Tags: ...``."""
    lead = LEAD.find(text)
    if not lead or (stopped and sentences > 1):
        return False
    # "Phone: ..." may begin a sentence; what is in capitals or only ever heads links doesn't
    return not stopped or lead[0].isupper() or ONLY_LINKS.find(text) is not None


def _is_boilerplate_sentence(sentence: str, of: int) -> bool:
    """Return whether one sentence inside running text is boilerplate: a credit, an editor's or a rights line."""
    if len(sentence) > 400:
        return False
    if CREDIT_LINE.find(sentence):
        return True
    if of > 1 and len(sentence) <= 120 and sentence.startswith("(") and CREDIT.find(sentence):
        return True
    return of > 1 and len(sentence) <= 100 and ARTWORK.find(sentence) is not None and not _TELLS.search(sentence)


def _is_date(text: str) -> bool:
    words = itertools.islice(_WORD.finditer(text), 15)
    return (
        all(number < 14 and _is_date_word(match[0]) for number, match in enumerate(words))
        and any(letter.isdigit() for letter in text)
        and DATE_KIND.find(text) is not None
    )


def _is_date_word(word: str) -> bool:
    if DATE_WORD.find(word):
        return True
    return not word.isalnum() and all(DATE_WORD.find(part) for part in re.split(r"[-.'’]", word))


def _pleads(text: str, sentences: Sequence[str], held: bytes) -> bool:
    """Return whether a paragraph asks its reader for money, an address or a click more than it tells anything."""
    if not PLEA.quick(text, held):
        return False
    pleas = addressed = counted = 0
    for sentence in sentences:
        own = _QUOTED.sub(" ", sentence)  # what a source says to someone is news
        if not _WORD.search(own):
            return False
        counted += 1
        you = _YOU.search(own) is not None
        plea = (you or OWN_VOICE.find(own) is not None) and PLEA.find_slowly(own) is not None
        pleas += plea
        addressed += you or plea
    return pleas > 0 and 2 * addressed >= counted and (pleas > 1 or counted <= 3)


def _repeated(texts: Sequence[str]) -> set[int]:
    """Return the paragraphs that are the second copy of a title or of another line."""
    seen: dict[tuple[str, ...], int] = {}
    marked: set[int] = set()
    title: set[str] = set()
    end = len(texts)  # only a line without a stop, or one of the first paragraphs, can be a second copy
    while end > 10 and (not texts[end - 1] or _is_stopped(texts[end - 1])):
        end -= 1
    begins = [" ".join(match.groups()).casefold() if (match := _THREE.match(text)) else "" for text in texts[:end]]
    times = Counter(begins)
    for at, (text, begun) in enumerate(zip(texts[:end], begins, strict=True)):
        if not begun or (times[begun] == 1 and at >= 10):
            continue  # too short, or nothing else begins like it
        line = not _is_stopped(text)
        if times[begun] == 1 and at and not line:
            continue
        key = tuple(word.casefold().replace("’", "'") for word in _WORD.findall(text))
        if len(key) < 3:
            continue
        first = seen.setdefault(key, at)
        if first < at and (line or (first < 3 and at < 10)):
            marked.add(at)
        if first == 0:
            title = set(key)
        elif line and at < 10 and len(title) > 3 and len(title & set(key)) >= 0.85 * len(title | set(key)):
            marked.add(at)
    return marked


def _captions(texts: Sequence[str], paragraphs: Sequence[Sequence[str]], whole: Sequence[bool]) -> set[int]:
    """Return the captions that are a label, a colon and no full stop, in an article whose paragraphs have one.

    ``Prisoner: the leader, shown before his rise`` looks like ``Minister: we will not sign``; so it takes a picture
    word, several sentences without a last stop, or a neighbour that is one. A label that comes twice is a speaker's.
    """
    found = [_LABELLED.match(text) if ":" in text else None for text in texts]
    labels: dict[int, str] = {}
    for at, (text, label, before) in enumerate(zip(texts, found, [False, *whole], strict=False)):
        if at == 0 or not label or len(text) < 40 or len(text) > 500 or _is_stopped(text):
            continue
        beside = before and "scroll down" in texts[at - 1].lower()
        if beside or 1 < len(paragraphs[at]) <= 4 or PICTURE_WORD.find(_QUOTED.sub(" ", text)):
            labels[at] = label[1]
    if not labels:
        return set()
    stopped = sum(_is_stopped(text) for text in texts if len(text) > 40)
    if 2 * stopped < sum(len(text) > 40 for text in texts):
        return set()
    times = Counter(label[1] for label in found if label)
    return {at for at, label in labels.items() if times[label] == 1}


def _under_credits(texts: Sequence[str], whole: Sequence[bool]) -> set[int]:
    """Return the captions without a full stop that stand under the name of an agency, but not the article's title."""
    marked: set[int] = set()
    begun = False
    for at, (text, below) in enumerate(itertools.pairwise(texts), 1):
        if (
            begun
            and len(text) <= 80
            and not below.endswith((".", ".”", '."', ":"))
            and SOLE_CREDIT.find(text)
            and 0 < len(_WORD.findall(below)) <= 12
        ):
            marked.add(at)
        begun = begun or (not whole[at - 1] and len(_WORD.findall(text)) > 2)
    return marked


def _is_running(text: str) -> bool:
    return len(text) > 40 and _is_stopped(text) and not text.isupper()


def _other_headlines(texts: Sequence[str]) -> set[int]:
    """Return the headlines of other stories: lines in capitals between two paragraphs, which the story doesn't take up.

    A heading inside the story is shorter, or shares a word with it.
    """
    marked: set[int] = set()
    told: set[str] = set()
    last, lines = 0, list[int]()
    for at, text in enumerate(texts):
        if text.isupper() and not _is_stopped(text) and 5 <= len(text.split()) <= 20 and text[0].isalpha():
            lines.append(at)
            continue
        if lines and _is_running(texts[last]) and _is_running(text):
            told = told or {stem for each in texts if not each.isupper() for stem in _stems(each)}
            marked.update(line for line in lines if _is_of_another_story(_stems(texts[line]), told))
        last, lines = at, []
    return marked


def _is_of_another_story(stems: set[str], told: set[str]) -> bool:
    return len(stems) > 2 and 5 * len(stems & told) <= len(stems)


def _stems(text: str) -> set[str]:
    """Return the beginnings of the words that say what a text is about."""
    return {word[:5] for word in map(str.lower, _WORD.findall(text)) if len(word) > 3 and word not in _FUNCTION_WORDS}


def _under_headings(texts: Sequence[str]) -> set[int]:
    """Return the titles that stand under a heading such as ``Related:`` and the teasers under ``Ads by``."""
    marked: set[int] = set()
    for at, text in enumerate(texts):
        if len(text) > 60:
            continue
        if LINKS.find(text):
            for below in range(at + 1, min(at + 9, len(texts))):
                if not texts[below] or len(texts[below]) > 200 or _is_stopped(texts[below]):
                    break
                marked.add(below)
        elif ADS.find(text):
            story = [*texts[:at], *texts[at + 4 :]]
            told = {word.lower() for line in story for word in _WORD.findall(line)}
            for below in range(at + 1, min(at + 4, len(texts))):
                if not _is_teaser(texts[below], told, below == at + 1):
                    break
                marked.add(below)
    return marked


def _is_teaser(text: str, told: set[str], first: bool) -> bool:
    """Return whether a short line shares hardly a word with the story.

    A whole sentence is one only after another teaser, and where there is enough of a story to tell.
    """
    words = {word.lower() for word in _WORD.findall(text) if len(word) > 3}
    if not words or len(text) > 120 or (text.endswith(".") and not text.endswith("..") and (first or len(told) < 100)):
        return False
    return len(words & told) <= 0.2 * len(words)
