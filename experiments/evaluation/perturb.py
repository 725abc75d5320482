"""Changes of a text that leave its meaning as it is: typography, casing, and other names in the place of some."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_OPENING = re.compile(r"(^|[\s(\[—–-])([\"'])(?=\S)")
_STRAIGHT = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
_DASH = re.compile(r"(?<=\S) (?:--?|–) (?=\S)")
_WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]))*")
_SMALL = {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "that", "the", "to", "with"}


def curly_quotes(text: str) -> str:
    r"""Turn straight quotation marks and apostrophes into curly ones.

    Examples
    --------
    >>> curly_quotes('"It\'s a lie," he said.')
    '“It’s a lie,” he said.'
    """
    opened = _OPENING.sub(lambda found: found[1] + ("“" if found[2] == '"' else "‘"), text)
    return opened.replace('"', "”").replace("'", "’")


def straight_quotes(text: str) -> str:
    """Turn curly quotation marks, guillemets and apostrophes into straight ones."""
    return text.translate(_STRAIGHT)


def long_dashes(text: str) -> str:
    """Turn a hyphen or short dash between blanks into a long one."""
    return _DASH.sub(" — ", text)


def non_breaking_blanks(text: str) -> str:
    """Make every third blank a non-breaking one, as they are scattered over text from the web."""
    first, *others = text.split(" ")
    return first + "".join(("\N{NO-BREAK SPACE}" if n % 3 == 0 else " ") + part for n, part in enumerate(others, 1))


def split_possessives(text: str) -> str:
    """Set a possessive off by a blank, as newswire archives store it: ``Russia 's``."""
    return re.sub(r"(?<=\w)(['’]s)\b", r" \1", text)


def capitals(text: str) -> str:
    """Set a text in capitals."""
    return text.upper()


def lower_case(text: str) -> str:
    """Set a text in lower case."""
    return text.lower()


def headline_case(text: str) -> str:
    """Begin every word but the small ones with a capital, as headlines do."""
    return _upper_first(_WORD.sub(lambda word: word[0] if word[0] in _SMALL else _upper_first(word[0]), text))


def no_full_stop(text: str) -> str:
    """Leave out the full stop at the end, as headlines and list items do."""
    return text[:-1] if text.endswith(".") and not text.endswith("..") else text


REWRITES: dict[str, Callable[[str], str]] = {
    "curly quotes": curly_quotes,
    "straight quotes": straight_quotes,
    "long dashes": long_dashes,
    "non-breaking blanks": non_breaking_blanks,
    "split possessives": split_possessives,
    "capitals": capitals,
    "lower case": lower_case,
    "headline case": headline_case,
    "no full stop": no_full_stop,
}
"""The changes that need nothing but the text, by name; each returns a text that it doesn't touch as it is."""


@dataclass(frozen=True)
class Name:
    """Somebody or something by all the ways in which a text may name it.

    Attributes
    ----------
    forms : dict of str to str
        Form -> text, such as ``{"name": "Norway", "adjective": "Norwegian", "capital": "Oslo"}``.
    also : tuple of str
        Further ways that no other name has a match for; a text with one of these is left as it is.
    """

    forms: dict[str, str]
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.forms.get("name") or next(iter(self.forms.values()))


@dataclass(frozen=True)
class NameSwap:
    """Puts other names of a list into the place of those that a text has, each form for the same form.

    Every name keeps to one other throughout a text, so that who denies and who is accused, or who speaks and for whom,
    stay the same.
    """

    names: Sequence[Name]
    _pattern: re.Pattern[str] = field(init=False, repr=False)
    _meaning: dict[str, tuple[int, str | None]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        meaning: dict[str, tuple[int, str | None]] = {}
        for number, name in enumerate(self.names):
            for form, text in name.forms.items():
                for written in dict.fromkeys((text, _upper_first(text))):
                    meaning.setdefault(written, (number, form))
        for number, name in enumerate(self.names):
            for text in name.also:
                meaning.setdefault(text, (number, None))
        longest_first = sorted(meaning, key=len, reverse=True)
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
        object.__setattr__(self, "_pattern", pattern)
        object.__setattr__(self, "_meaning", meaning)

    def __call__(self, text: str, rng: random.Random) -> str:
        """Return the text with other names; as it is where it has none, or one that can't be swapped.

        Examples
        --------
        >>> iran, peru = {"name": "Iran", "people": "Iranians"}, {"name": "Peru", "people": "Peruvians"}
        >>> swap = NameSwap([Name(iran), Name(peru)])
        >>> swap("Iran said that no Iranians were hurt.", random.Random(0))
        'Peru said that no Peruvians were hurt.'
        """
        found = list(self._pattern.finditer(text))
        needed: dict[int, set[str]] = {}
        for match in found:
            number, form = self._meaning[match[0]]
            if form is None:
                return text
            needed.setdefault(number, set()).add(form)
        chosen: dict[int, Name] = {}
        free = [number for number in range(len(self.names)) if number not in needed]
        for number, forms in needed.items():
            fitting = [other for other in free if forms <= self.names[other].forms.keys()]
            if not fitting:
                return text
            other = rng.choice(fitting)
            free.remove(other)
            chosen[number] = self.names[other]
        changed, end = "", 0
        for match in found:
            number, form = self._meaning[match[0]]
            new = chosen[number].forms[str(form)]
            new = _upper_first(new) if match[0] != self.names[number].forms[str(form)] else new
            changed = _with_article(changed + text[end : match.start()], new) + new
            end = match.end()
        return _upper_first(changed) + text[end:] if found and not found[0].start() else changed + text[end:]


def exchange(filling: dict[str, Name], one: str, other: str) -> dict[str, Name]:
    """Return who fills which slot, with two of them in each other's place."""
    return {**filling, one: filling[other], other: filling[one]}


def append(text: str, words: str) -> str:
    """Add words before the full stop at the end; a text that ends otherwise is left as it is.

    Examples
    --------
    >>> append("They signed.", ", state television said")
    'They signed, state television said.'
    """
    return f"{text[:-1]}{words}." if no_full_stop(text) != text else text


def fill(text: str, filling: dict[str, Name]) -> str:
    """Return a template with names in its slots: ``{actor}`` takes the form ``name``, ``{actor.capital}`` the capital.

    Examples
    --------
    >>> league, ruiz = Name({"name": "the Arab League"}), Name({"name": "Ana Ruiz"})
    >>> fill("{actor} met {person}.", {"actor": league, "person": ruiz})
    'The Arab League met Ana Ruiz.'
    """
    return _upper_first(SLOT.sub(lambda slot: filling[slot[1]].forms[slot[2] or "name"], text))


SLOT = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
"""A slot of a template, and the form that it takes."""


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_article(before: str, name: str) -> str:
    """Return what stands before a name, with a or an as the name needs it."""
    return re.sub(r"\b([Aa])n? $", r"\1n " if name[0] in "AEIO" else r"\1 ", before)
