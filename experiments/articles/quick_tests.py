"""What a text must begin with or hold before a regular expression can find anything: read off the expression itself.

Running news holds hardly anything that a page's boilerplate is made of. A test of its first letters, or of a few words
that every match holds, answers "no" for most paragraphs in a fraction of the time that the expression takes. Nobody
writes these tests down, so no change of a pattern can leave one behind: they are derived from its parse tree.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, TypeVar

_Word = TypeVar("_Word", str, bytes)

_DEPTH = 3
"""Letters at the beginning that are looked at."""

_MOST = 2000
"""Beginnings or words of one expression: a class of letters, repeated, has more than it is worth to list."""

_ODD_CASES = {"i": "İı", "k": "\u212a", "s": "ſ"}
"""Other letters that `re.IGNORECASE` takes for these (a test compares this with all of Unicode)."""


def folded(text: str) -> bytes:
    """Return a text as `QuickTest` looks for words in it: in lower case as `re.IGNORECASE` has it, in UTF-8."""
    if not text.isascii():
        for letter, others in _ODD_CASES.items():
            for other in others:
                text = text.replace(other, letter)
    return text.encode("utf-8", "surrogatepass").lower()


@dataclass(frozen=True)
class QuickTest:
    """A cheap test that each text passes in which an expression finds something.

    Attributes
    ----------
    beginnings : frozenset of str
        Of three characters, or of fewer where what follows isn't known. A text begins with one of them.
    odd : bool
        Whether a text may also begin with what is neither letter nor digit.
    digit : bool
        Whether it may also begin with a digit.
    words : frozenset of str
        Or a text holds one of these. None of them holds white space.
    any_case : frozenset of bytes
        Or it holds one of these once it is `folded`.
    always : bool
        Whether nothing is known, so that every text passes.
    """

    beginnings: frozenset[str] = frozenset()
    odd: bool = False
    digit: bool = False
    words: frozenset[str] = frozenset()
    any_case: frozenset[bytes] = frozenset()
    always: bool = False
    _shorter: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shorter = {len(beginning) for beginning in self.beginnings if len(beginning) < _DEPTH}
        object.__setattr__(self, "_shorter", tuple(sorted(shorter)))

    def __or__(self, other: "QuickTest") -> "QuickTest":
        """Return the test that each text passes which passes either."""
        return QuickTest(
            self.beginnings | other.beginnings,
            self.odd or other.odd,
            self.digit or other.digit,
            _without_longer(self.words | other.words),
            _without_longer(self.any_case | other.any_case),
            self.always or other.always,
        )

    def within(self, held: bytes) -> "QuickTest":
        """Return the test for parts of a text, which needn't look for words that the text, `folded`, doesn't hold."""
        any_case = frozenset(word for word in self.any_case if word in held)
        return replace(self, any_case=any_case) if any_case != self.any_case else self

    def __call__(self, text: str, held: bytes | None = None) -> bool:
        """Return whether an expression may find something in a text.

        Parameters
        ----------
        text : str
            What the expression would be tried on.
        held : bytes, optional
            ``folded(text)``, or that of a longer text, where it is known already.
        """
        if self.always or text[:_DEPTH] in self.beginnings:
            return True
        for length in self._shorter:
            if text[:length] in self.beginnings:
                return True
        if (self.odd and not text[:1].isalnum()) or (self.digit and text[:1].isdecimal()):
            return True
        for word in self.words:
            if word in text:
                return True
        if self.any_case:
            held = folded(text) if held is None else held
            for known in self.any_case:
                if known in held:
                    return True
        return False


def _without_longer(words: frozenset[_Word]) -> frozenset[_Word]:
    """Leave out words that hold another: where they are, that is."""
    return frozenset(word for word in words if not any(other in word for other in words if other != word))


ALWAYS = QuickTest(always=True)


def quick_test(pattern: str, flags: int = 0, at_start: bool = False) -> QuickTest:
    r"""Return the quick test of an expression.

    Parameters
    ----------
    pattern : str
        A regular expression.
    flags : int, default 0
        Flags of the `re` module. Other than `re.IGNORECASE` gives a test that every text passes.
    at_start : bool, default False
        Whether it has to match at the start of a text.

    Examples
    --------
    >>> sorted(quick_test("Photos? by", at_start=True).beginnings)
    ['Pho']
    >>> sorted(quick_test(r"\w+ (?:photo|image) of").words)
    ['image', 'photo']
    >>> quick_test(r"\w+").always
    True
    """
    if flags & ~re.IGNORECASE & ~re.UNICODE:
        return ALWAYS
    tree, any_case = parser.parse(pattern, flags), bool(flags & re.IGNORECASE)
    if tree.state.flags & ~re.UNICODE != flags & ~re.UNICODE:  # (?i) and the like within it
        return ALWAYS
    if at_start:
        begins = _Beginnings(any_case)
        begins.end(begins.after({""}, tree))
        if "" not in begins.found and len(begins.found) <= _MOST:
            return QuickTest(frozenset(begins.found), begins.odd, begins.digit)
    words = _needed(tree, any_case)
    if words is None:
        return ALWAYS
    if any_case:
        return QuickTest(any_case=frozenset(word.encode() for word in words))
    return QuickTest(words=words)


# ------------------------------------------------------------------------------------------------ beginnings


class _Beginnings:
    """Walks along a pattern and keeps what its matches may begin with."""

    def __init__(self, any_case: bool) -> None:
        self.any_case = any_case
        self.found: set[str] = set()
        self.odd = self.digit = False

    def end(self, begun: set[str]) -> set[str]:
        """Keep what has begun, as what follows isn't known; nothing goes on from there."""
        self.found |= begun
        return set()

    def after(self, begun: set[str], items: Iterable[Any]) -> set[str]:
        """Return what of the beginnings goes on after some items of the pattern."""
        for op, value in items:
            if not begun:
                break
            begun = self._after_one(begun, op, value)
        return begun

    def _after_one(self, begun: set[str], op: Any, value: Any) -> set[str]:
        if op in _WIDTHLESS:
            return begun
        if op is sre.BRANCH:
            return set().union(*(self.after(begun, items) for items in value[1]))
        if op is sre.SUBPATTERN and not value[1] and not value[2]:
            return self.after(begun, value[3])
        if op in _REPEATS:
            return self._repeated(begun, *value)
        if op is sre.IN and value == [(sre.CATEGORY, sre.CATEGORY_NOT_WORD)] and begun == {""}:
            self.odd = True
            return set()
        if op is sre.IN and value == [(sre.CATEGORY, sre.CATEGORY_DIGIT)] and begun == {""}:
            self.digit = True
            return set()
        letters = _letters(op, value, self.any_case)
        if letters is None or len(begun) * len(letters) > 2 * _MOST:
            return self.end(begun)
        longer = {start + letter for start in begun for letter in letters}
        self.found |= {start for start in longer if len(start) == _DEPTH}
        return {start for start in longer if len(start) < _DEPTH}

    def _repeated(self, begun: set[str], least: int, most: int, items: Sequence[Any]) -> set[str]:
        for _ in range(min(least, _DEPTH)):
            begun = self.after(begun, items)
        onward = set(begun)
        for _ in range(min(most - least, _DEPTH)):
            begun = self.after(begun, items)
            onward |= begun
        return onward


# ------------------------------------------------------------------------------------------ words in every match


def _needed(items: Iterable[Any], any_case: bool) -> frozenset[str] | None:
    """Return words of which each match holds one at least, or None: of several such sets the one that is rarest."""
    sets: list[frozenset[str]] = []
    run = frozenset({""})  # what stands side by side so far, spelt out

    def end_run() -> frozenset[str]:
        words = set[str]()
        for whole in sorted(run, key=lambda whole: (len(whole), whole)):
            if not any(word in whole for word in words):
                words.add(max(whole.split(), key=len, default=""))
                if "" in words:
                    break
        else:
            sets.append(frozenset(words))
        return frozenset({""})

    for op, value in items:
        if op in _WIDTHLESS:
            continue
        spelt = _spelt(op, value, any_case)
        if spelt is not None and len(spelt) * len(run) <= 64:
            run = frozenset(start + more for start in run for more in spelt)
            continue
        run = end_run()
        if spelt is not None:
            run = spelt
            continue
        inside: frozenset[str] | None = None
        if op is sre.BRANCH:
            each = [_needed(alternative, any_case) for alternative in value[1]]
            if None not in each:
                inside = frozenset().union(*(words for words in each if words))
        elif op is sre.SUBPATTERN and not value[1] and not value[2]:
            inside = _needed(value[3], any_case)
        elif op in _REPEATS and value[0] > 0:
            inside = _needed(value[2], any_case)
        if inside:
            sets.append(inside)
    end_run()
    return min(sets, key=_price, default=None)


_COMMON = frozenset("all and by for from have in more of on our that the this to was with you your".split())


def _price(words: frozenset[str]) -> tuple[float, list[str]]:
    """Return what it costs to look for words: each of them time, and those that are found often more."""
    return sum(20 if word in _COMMON else 1 + 10 / len(word) ** 2 for word in words), sorted(words)


def _spelt(op: Any, value: Any, any_case: bool) -> frozenset[str] | None:
    """Return all that an item of a pattern matches, in lower case where case doesn't count, or None if that is much."""
    if op is sre.BRANCH:
        return _any_of(_all_spelt(alternative, any_case) for alternative in value[1])
    if op is sre.SUBPATTERN and not value[1] and not value[2]:
        return _all_spelt(value[3], any_case)
    if op in _REPEATS and value[1] == 1:
        once = _all_spelt(value[2], any_case)
        return once if once is None or value[0] else once | {""}
    letters = _letters(op, value, any_case)
    if letters is None or len(letters) > 8:
        return None
    return frozenset(folded(letter).decode() for letter in letters) if any_case else letters


def _any_of(each: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    spelt: frozenset[str] = frozenset()
    for one in each:
        if one is None:
            return None
        spelt |= one
    return spelt


def _all_spelt(items: Iterable[Any], any_case: bool) -> frozenset[str] | None:
    run = frozenset({""})
    for op, value in items:
        if op in _WIDTHLESS:
            continue
        spelt = _spelt(op, value, any_case)
        if spelt is None or len(spelt) * len(run) > 64:
            return None
        run = frozenset(start + more for start in run for more in spelt)
    return run


# ------------------------------------------------------------------------------------------------ parts of a pattern

_WIDTHLESS = (sre.AT, sre.ASSERT, sre.ASSERT_NOT)  # they take no character, and to leave them out passes more texts
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


def _letters(op: Any, value: Any, any_case: bool) -> frozenset[str] | None:
    """Return the characters that an item of a pattern matches one of, or None if they can't be listed."""
    if op is sre.LITERAL:
        return _cases(chr(value)) if any_case else frozenset({chr(value)})
    if op is not sre.IN:
        return None
    found: frozenset[str] | None = frozenset()
    for kind, each in value:
        if kind is sre.LITERAL:
            codes = range(each, each + 1)
        elif kind is sre.RANGE:
            codes = range(each[0], each[1] + 1)
        else:
            return None
        if len(codes) > 100:
            return None
        found = _any_of([found, *(_cases(chr(code)) if any_case else frozenset({chr(code)}) for code in codes)])
    return found


@functools.cache
def _cases(letter: str) -> frozenset[str] | None:
    """Return what a character matches where case doesn't count, or None for letters that aren't English."""
    if letter.isascii():
        return frozenset((letter.lower(), letter.upper(), *_ODD_CASES.get(letter.lower(), "")))
    return frozenset({letter}) if not letter.isalpha() and letter.lower() == letter == letter.upper() else None
