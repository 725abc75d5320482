"""What a text must begin with or hold before a regular expression can find anything in it.

Running news holds hardly anything that a page's boilerplate is made of. A look at its first letters or for a few
words that every match holds says so in a fraction of the time that the expression takes. Nobody writes these tests
down, so no change of a pattern can leave one behind: they are read off the expression's parse tree.
"""

import bisect
import functools
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_HEAD, _DEPTH = 3, 7
"""Characters at the beginning that are looked at first, and those that are looked at if they fit."""

_SETS = 3
"""Sets of words that are looked at."""

_MOST = 2000
"""Beginnings of one expression: a class of letters, repeated, has more than it is worth to list."""

_ODD_CASES = {"i": "İı", "k": "\u212a", "s": "ſ"}
"""Other letters that `re.IGNORECASE` takes for these (a test compares this with all of Unicode)."""

_MARKS = re.compile(r"[\W_]*")
_Words = frozenset[str]
_Needs = frozenset[tuple[_Words, ...]]
_Looked = list[tuple[Any, list[list[list[Any]]]]]  # a word, and the sets that may be needed beside it: str or bytes


def folded(text: str) -> bytes:
    """Return a text as `QuickTest` looks for words in it: in lower case as `re.IGNORECASE` has it, in UTF-8."""
    if not text.isascii():
        for letter, others in _ODD_CASES.items():
            for other in others:
                text = text.replace(other, letter)
    return text.encode("utf-8", "surrogatepass").lower()


def _folded_text(text: str) -> str:
    return folded(text).decode("utf-8", "surrogatepass")


class QuickTest:
    """A cheap test that each text passes in which an expression finds something.

    Parameters
    ----------
    beginnings : frozenset of str
        What a text may begin with once it is `folded`: seven characters each, or fewer where what follows isn't known.
    odd : bool, default False
        Whether what is neither letter nor digit may stand before it, as much as there is.
    digit : bool, default False
        Whether a digit may stand there instead.
    needs : frozenset of tuple of frozenset of str
        Or a text holds what one of these needs: a word of each of its sets. No word holds white space.
    folded_needs : frozenset of tuple of frozenset of str
        The same for a text once it is `folded`.
    always : bool, default False
        Whether nothing is known, so that every text passes.

    Attributes
    ----------
    beginnings, odd, digit, needs, folded_needs, always
        As given.
    """

    def __init__(
        self,
        beginnings: _Words = frozenset(),
        odd: bool = False,
        digit: bool = False,
        needs: _Needs = frozenset(),
        folded_needs: _Needs = frozenset(),
        always: bool = False,
    ) -> None:
        self.beginnings, self.odd, self.digit, self.always = beginnings, odd, digit, always
        self.needs, self.folded_needs = needs, folded_needs
        self._heads = _in_any_case({each[:_HEAD] for each in beginnings})
        self._lengths = sorted({len(each) for each in beginnings})
        self._shorter = [length for length in self._lengths if length < _HEAD]
        self._marks = {each[0] for each in beginnings if each and not each[0].isalnum()}
        words = _by_first_word(needs, str)
        self._words = [each for each in words if not each[0][0].isupper()]
        self._names = [each for each in words if each[0][0].isupper()]
        self._name = _beginning_alike([name for name, _ in self._names])
        self._folded_words = _by_first_word(folded_needs, folded)
        self._looks_inside = bool(words or self._folded_words or always)

    @classmethod
    def any_of(cls, tests: Iterable["QuickTest"]) -> "QuickTest":
        """Return the test that each text passes which passes any of some tests."""
        tests = list(tests)
        return cls(
            frozenset().union(*(test.beginnings for test in tests)),
            any(test.odd for test in tests),
            any(test.digit for test in tests),
            frozenset().union(*(test.needs for test in tests)),
            frozenset().union(*(test.folded_needs for test in tests)),
            any(test.always for test in tests),
        )

    def __call__(self, text: str, held: bytes = b"") -> bool:
        """Return whether an expression may find something in a text; ``held`` is what it is `folded`, where known."""
        if text[:_HEAD] in self._heads and self._begins(text):
            return True
        for length in self._shorter:
            if text[:length] in self._heads:
                return True
        if text[:1].isalnum():
            if self.digit and text[0].isdecimal():
                return True
        elif self.odd and self._begins_after_marks(text):
            return True
        return self._looks_inside and bool(
            self.always
            or (self._words and _holds(text, self._words))
            or (self._name and self._name.search(text) and _holds(text, self._names))
            or (self._folded_words and _holds(held or folded(text), self._folded_words))
        )

    def among(self, texts: Sequence[str]) -> set[int]:
        """Return which of some texts, each of one line, pass: words are looked for in all of them at once."""
        if self.beginnings or self.folded_needs or self.always:
            return {at for at, text in enumerate(texts) if self(text)}
        joined = "\n".join(texts)
        ends = list(itertools.accumulate(len(text) + 1 for text in texts))
        found: set[int] = set()
        for looked_for in self._words:
            place = joined.find(looked_for[0])
            while place >= 0:
                at = bisect.bisect(ends, place)
                if at not in found and _holds(texts[at], [looked_for]):
                    found.add(at)
                place = joined.find(looked_for[0], ends[at])
        if self._name:
            named = {bisect.bisect(ends, match.start()) for match in self._name.finditer(joined)}
            found.update(at for at in named if _holds(texts[at], self._names))
        return found

    def _begins(self, text: str) -> bool:
        head = text[:_DEPTH]
        head = head.lower() if head.isascii() else _folded_text(head)
        return not self.beginnings.isdisjoint([head[:length] for length in self._lengths])

    def _begins_after_marks(self, text: str) -> bool:
        at = _MARKS.match(text).end()  # type: ignore[union-attr]
        for mark in self._marks:
            if mark in text[:at]:
                return True
        head = text[at : at + _DEPTH]
        return self._begins(head) or (self.digit and head[:1].isdecimal())

    def within(self, text: str) -> "QuickTest":
        """Return the test for parts of a text."""
        return self if not self._folded_words or _holds(folded(text), self._folded_words) else self._unfolded

    @functools.cached_property
    def _unfolded(self) -> "QuickTest":
        return QuickTest(self.beginnings, self.odd, self.digit, self.needs, frozenset(), self.always)

    def of_first_words(self) -> "QuickTest":
        """Return the test that knows no more of the beginnings than their first words."""
        firsts = frozenset(each.partition(" ")[0] for each in self.beginnings)
        return QuickTest(firsts, self.odd, self.digit, self.needs, self.folded_needs, self.always)


def _beginning_alike(names: Sequence[str]) -> re.Pattern[str] | None:
    """Return an expression that finds each name, as it looks for the first letters of all of them at once."""
    firsts, rests = sorted({name[0] for name in names}), sorted({name[1:] for name in names})
    return re.compile(f"[{''.join(firsts)}](?:{'|'.join(map(re.escape, rests))})") if names else None


def _in_any_case(texts: Iterable[str]) -> frozenset[str]:
    cases = ([_cases(letter) or letter for letter in text] for text in texts)
    return frozenset("".join(letters) for each in cases for letters in itertools.product(*each))


def _by_first_word(needs: _Needs, form: Callable[[str], Any]) -> _Looked:
    """Return each word of which one comes first, and what else is needed then: `_holds` looks for the rest then only.

    Of two words, one of which is in the other, the shorter is enough to look for. What begins with a capital is found
    faster by an expression for all such words: there are few capitals.
    """
    found: dict[Any, list[list[list[Any]]]] = {}
    for first, *others in needs:
        for word in first:
            found.setdefault(form(word), []).append([[form(other) for other in words] for words in others])
    for word in sorted(found, key=len, reverse=True):
        if shorter := next((other for other in found if other in word and other != word), None):
            found[shorter] += found.pop(word)
    return list(found.items())


def _holds(text: Any, words: _Looked) -> bool:
    for word, rests in words:
        if word in text:
            for rest in rests:
                if all(any(other in text for other in others) for others in rest):
                    return True
    return False


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
    ['photo b', 'photos ']
    >>> [sorted(words) for words, in quick_test(r"\w+ (?:photo|image)s?").needs]
    [['image', 'photo']]
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
        begins.found |= begins.after({""}, tree)
        if "" not in begins.found and len(begins.found) <= _MOST:
            shortest = {each for each in begins.found if not any(each[:n] in begins.found for n in range(1, len(each)))}
            return QuickTest(frozenset(shortest), begins.odd, begins.digit)
    sets = sorted(set(_needed(tree, any_case)), key=_price)[:_SETS]
    if not sets:
        return ALWAYS
    needs = frozenset({tuple(sets)})
    return QuickTest(folded_needs=needs) if any_case else QuickTest(needs=needs)


# ------------------------------------------------------------------------------------------------ beginnings


class _Beginnings:
    """Walks along a pattern and keeps what its matches may begin with."""

    def __init__(self, any_case: bool) -> None:
        self.any_case = any_case
        self.found: set[str] = set()
        self.odd = self.digit = False

    def after(self, begun: set[str], items: Iterable[Any]) -> set[str]:
        """Return what goes on after some items of the pattern; what doesn't go on is kept."""
        for op, value in items:
            if not begun:
                break
            begun = self._after_one(begun, op, value)
        return begun

    def _after_one(self, begun: set[str], op: Any, value: Any) -> set[str]:
        if op in _WIDTHLESS:
            return begun
        if op is sre.BRANCH:
            return set[str]().union(*(self.after(begun, items) for items in value[1]))
        if _is_plain_group(op, value):
            return self.after(begun, value[3])
        if op in _REPEATS:
            return self._repeated(begun, *value)
        if op is sre.IN and begun == {""} and _is_odd(value):
            self.odd = True
            return begun
        if op is sre.IN and begun == {""} and value == [(sre.CATEGORY, sre.CATEGORY_DIGIT)]:
            self.digit = True
            return set()
        letters = {
            folded(letter).decode("utf-8", "surrogatepass") for letter in _letters(op, value, self.any_case) or ""
        }
        if not letters or len(begun) * len(letters) > _MOST:
            self.found |= begun
            return set()
        longer = {start + letter for start in begun for letter in letters}
        self.found |= {each for each in longer if len(each) == _DEPTH}
        return {each for each in longer if len(each) < _DEPTH}

    def _repeated(self, begun: set[str], least: int, most: int, items: Sequence[Any]) -> set[str]:
        for _ in range(min(least, _DEPTH)):
            begun = self.after(begun, items)
        onward = set(begun)
        for _ in range(min(most - least, _DEPTH)):
            begun = self.after(begun, items)
            onward |= begun
        return onward


# ------------------------------------------------------------------------------------------ words in every match


def _needed(items: Iterable[Any], any_case: bool) -> list[_Words]:
    """Return sets of words; each match holds a word of each set."""
    sets: list[_Words] = []
    run = frozenset({""})  # what stands side by side so far, spelt out
    for op, value in items:
        if op in _WIDTHLESS:
            continue
        spelt = _spelt(op, value, any_case)
        if spelt is not None and len(spelt) * len(run) <= 64:
            run = frozenset(start + more for start in run for more in spelt)
            continue
        sets += _words_of(run)
        run = frozenset({""}) if spelt is None else spelt
        if spelt is not None:
            continue
        if op is sre.BRANCH:
            each = [min(_needed(alternative, any_case), key=_price, default=_Words()) for alternative in value[1]]
            if all(each):
                sets.append(frozenset().union(*each))
        elif _is_plain_group(op, value):
            sets += _needed(value[3], any_case)
        elif op in _REPEATS and value[0] > 0:
            sets += _needed(value[2], any_case)
    return sets + _words_of(run)


def _words_of(run: _Words) -> list[_Words]:
    """Return the first words of some texts, the second ones, and so on; one set if they have different numbers."""
    split = [whole.split() for whole in run]
    if len({len(words) for words in split}) == 1:
        return [
            frozenset(word for word in words if not any(other in word and other != word for other in words))
            for words in map(set, zip(*split, strict=True))
        ]
    found = set[str]()
    for words in sorted(split, key=lambda words: (len(words), words)):
        if not words:
            return []
        if not any(known in word for known in found for word in words):
            found.add(max(words, key=len))
    return [frozenset(found)]


_COMMON = frozenset(
    (
        *("all", "and", "as", "at", "by", "for", "from", "have", "if", "in", "more", "of"),
        *("on", "our", "that", "the", "this", "to", "us", "was", "with", "you", "your"),
    )
)


def _price(words: _Words) -> tuple[float, list[str]]:
    """Return what it costs to look for words: each of them time, and those that are found often more."""
    return sum(20 if word in _COMMON else 1 + 30 / len(word) ** 2 for word in words), sorted(words)


def _spelt(op: Any, value: Any, any_case: bool) -> _Words | None:
    """Return all that an item of a pattern matches, `folded` where case doesn't count, or None if that is much."""
    if op is sre.BRANCH:
        return _any_of(_all_spelt(alternative, any_case) for alternative in value[1])
    if _is_plain_group(op, value):
        return _all_spelt(value[3], any_case)
    if op in _REPEATS and value[1] == 1:
        once = _all_spelt(value[2], any_case)
        return once if once is None or value[0] else once | {""}
    letters = _letters(op, value, any_case)
    if letters is None or len(letters) > 8:
        return None
    return frozenset(map(_folded_text, letters)) if any_case else letters


def _all_spelt(items: Iterable[Any], any_case: bool) -> _Words | None:
    run = frozenset({""})
    for op, value in items:
        if op in _WIDTHLESS:
            continue
        spelt = _spelt(op, value, any_case)
        if spelt is None or len(spelt) * len(run) > 64:
            return None
        run = frozenset(start + more for start in run for more in spelt)
    return run


# ------------------------------------------------------------------------------------------- parts of a pattern

_WIDTHLESS = (sre.AT, sre.ASSERT, sre.ASSERT_NOT)  # they take no character, and to leave them out passes more texts
_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


def _is_plain_group(op: Any, value: Any) -> bool:
    return op is sre.SUBPATTERN and not value[1] and not value[2]  # no flags of its own


def _is_odd(value: Any) -> bool:
    """Return whether a class is what is neither letter nor digit, with or without the underline."""
    return [each for each in value if each != (sre.LITERAL, ord("_"))] == [(sre.CATEGORY, sre.CATEGORY_NOT_WORD)]


def _letters(op: Any, value: Any, any_case: bool) -> _Words | None:
    """Return the characters that an item of a pattern matches one of, or None if they can't be listed."""
    if op is sre.LITERAL:
        ranges = [range(value, value + 1)]
    elif op is sre.IN and all(kind in (sre.LITERAL, sre.RANGE) for kind, _ in value):
        ranges = [range(each, each + 1) if kind is sre.LITERAL else range(each[0], each[1] + 1) for kind, each in value]
    else:
        return None
    if sum(map(len, ranges)) > 100:
        return None
    letters = [chr(code) for codes in ranges for code in codes]
    return _any_of(map(_cases, letters)) if any_case else frozenset(letters)


@functools.cache
def _cases(letter: str) -> _Words | None:
    """Return what a character matches where case doesn't count, or None for letters that aren't English."""
    if letter.isascii():
        return frozenset((letter.lower(), letter.upper(), *_ODD_CASES.get(letter.lower(), "")))
    return frozenset({letter}) if not letter.isalpha() and letter.lower() == letter == letter.upper() else None


def _any_of(each: Iterable[_Words | None]) -> _Words | None:
    found = set[str]()
    for one in each:
        if one is None:
            return None
        found |= one
    return frozenset(found)
