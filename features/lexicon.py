"""Finds the entries of a lexicon in a tokenised text, on word stems.

An entry is one or more words. ``|`` separates alternatives for a word, ``~`` stands for up to
:data:`GAP` words in between, and ``=`` before a word asks for exactly that form instead of its stem:

>>> lexicon = compile_lexicon({"deny": ["reject|dismiss ~ claim|report"]})
>>> find_hits(lexicon, tokenize("The ministry dismissed the earlier reports."))
[Hit(category='deny', start=2, end=6)]
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from nltk.stem.snowball import EnglishStemmer

from features.normalise import normalise_text
from features.penn import penn_tokens

GAP = 4
"""How many words ``~`` may stand for at most."""

_STEMMER = EnglishStemmer()

CompiledLexicon = dict[str, list[tuple[str, list[str]]]]
"""First word of an entry -> (category, the entry's other words) for each entry that begins so."""


class Hit(NamedTuple):
    """One entry found: its category, and the half-open range of tokens that it covers."""

    category: str
    start: int
    end: int


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the Snowball stem of a lower-case word (Porter 2001, as in NLTK)."""
    return str(_STEMMER.stem(word))


@lru_cache(maxsize=16_384)
def tokenize(text: str) -> tuple[str, ...]:
    """Split a text into lower-case Penn Treebank tokens, after :func:`features.normalise.normalise_text`.

    Tokenizing is the most expensive step of the cues, and cross-validation asks for the same sentences again and
    again, so the last ones are kept (some 30 MB).
    """
    return tuple(penn_tokens(normalise_text(text)))


def compile_lexicon(categories: Mapping[str, Iterable[str]]) -> CompiledLexicon:
    """Index a lexicon's entries by their first word.

    Parameters
    ----------
    categories : mapping of str to iterable of str
        Category name -> entries.

    Raises
    ------
    ValueError
        If an entry is empty, or begins or ends with the gap sign.
    """
    index: CompiledLexicon = {}
    for category, entries in categories.items():
        for entry in entries:
            parts = str(entry).lower().split()
            if not parts or "~" in (parts[0], parts[-1]):
                raise ValueError(f"lexicon category {category!r}: entry {entry!r} must begin and end with a word")
            for words in product(*(part.split("|") for part in parts)):
                first, *rest = (word if word == "~" else _key(word) for word in words)
                index.setdefault(first, []).append((category, rest))
    return index


def find_hits(lexicon: CompiledLexicon, tokens: Sequence[str]) -> list[Hit]:
    """Return every entry found in the tokens, in the order in which they begin.

    A category is counted once at each position, by its longest entry there.
    """
    stems = [stem(token) for token in tokens]
    hits: list[Hit] = []
    for start, (token, token_stem) in enumerate(zip(tokens, stems, strict=True)):
        longest: dict[str, int] = {}
        for entries in (lexicon.get(token_stem, ()), lexicon.get("=" + token, ())):
            for category, rest in entries:
                end = _match(rest, tokens, stems, start + 1)
                if end > longest.get(category, 0):
                    longest[category] = end
        hits.extend(Hit(category, start, end) for category, end in longest.items())
    return hits


def _key(word: str) -> str:
    return word if word.startswith("=") else stem(word)


def _match(rest: list[str], tokens: Sequence[str], stems: list[str], at: int) -> int:
    """Return where the rest of an entry ends when it is read from ``at``, or 0 if it isn't there."""
    gap = False
    for word in rest:
        if word == "~":
            gap = True
            continue
        last = min(at + GAP, len(tokens) - 1) if gap else min(at, len(tokens) - 1)
        while at <= last:
            if (tokens[at] == word[1:]) if word.startswith("=") else (stems[at] == word):
                break
            at += 1
        else:
            return 0
        at, gap = at + 1, False
    return at
