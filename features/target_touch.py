"""Which targets a stance model was trained on, and whether a text has a word of a target or one that goes with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
from scipy.special import xlogy
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

from features.hashtags import split_tag
from features.lexicon import stem
from features.targets import normal_target

LETTERS = 6
"""Words are the same if the first so many letters of their stems are: Ukraine and Ukrainian, treaty and treaties."""

MOST_WORDS = 200
"""How many words that go with a target are kept at most."""

CLEAR = 10.83
"""Log-likelihood ratio from which a word goes with a target: it exceeds this by chance once in a thousand words."""

FEWEST_TEXTS = 3
"""In how many training texts of its target a word has to occur: rarer ones pass the ratio by chance too often."""

_SHORTEST = 4  # letters of a target's word that is looked for inside a glued tag: shorter ones turn up by chance
_DOTTED = re.compile(r"\b(?:[A-Z]\.){2,}")
_TAG = re.compile(r"[#@](\w+)")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class KnownTargets:
    """The targets of the rows that a model was fitted to, and the words that go with each.

    Attributes
    ----------
    names : tuple of str
        The targets, sorted, each in the spelling that came first; case and blanks don't tell targets apart.
    words : mapping of str to tuple of str
        Name -> the words that go with it (the first six letters of their stems), the clearest first.

    Notes
    -----
    A word goes with a target if the share of the target's texts that have it is above that of the other targets' texts
    by a log-likelihood ratio of at least 10.83 (p < 0.001), it is in three of them, and it is no stop word; the 200
    with the highest ratio are kept. With a single target there is nothing to set it against, so no word goes with it.

    A text *touches* a target if it has a content word of the target's name, or a word that goes with it. It is a
    sign, not a proof: a text may mean the target without any such word ("Bring the boys home"), or have one of them and
    speak of something else. docs/stance.md says how often. Stop words and stems are English; what is left of a word in
    another language still counts by its first six letters. Languages written without blanks are not served.

    References
    ----------
    Dunning, T. (1993). Accurate methods for the statistics of surprise and coincidence. Computational Linguistics
    19(1).

    Examples
    --------
    >>> texts = ["The ferry is full."] * 6 + ["The bridge is shut."] * 6
    >>> known = KnownTargets.learn(texts, ["the boat tax"] * 6 + ["the toll"] * 6)
    >>> known.words["the boat tax"]
    ('ferri',)
    >>> known.touching(["No ferries today.", "They taxed us.", "It rained."], "The Boat Tax")
    [True, True, False]
    >>> known.knows("the wealth tax"), known.touching(["No ferries today.", "Tax wealth!"], "the wealth tax")
    (False, [False, True])
    """

    names: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    @classmethod
    def learn(cls, texts: Sequence[str], targets: Sequence[str]) -> Self:
        """Learn from n training texts and the target of each."""
        spelling: dict[str, str] = {}
        for target in targets:
            spelling.setdefault(normal_target(target), " ".join(target.split()))
        names = tuple(spelling[each] for each in sorted(spelling))
        vectorizer = CountVectorizer(analyzer=content_keys, binary=True)
        try:
            there = vectorizer.fit_transform(texts).tocsr()
        except ValueError:  # not one content word
            return cls(names, dict.fromkeys(names, ()))
        keys = vectorizer.get_feature_names_out()
        everywhere = np.asarray(there.sum(axis=0)).ravel()
        of = np.asarray([spelling[normal_target(target)] for target in targets], dtype=object)
        words: dict[str, tuple[str, ...]] = {}
        for name in names:
            own = there[np.flatnonzero(of == name)]
            ratios = _ratios(np.asarray(own.sum(axis=0)).ravel(), own.shape[0], everywhere, len(of))
            best = np.argsort(-ratios, kind="stable")[:MOST_WORDS]
            words[name] = tuple(str(keys[i]) for i in best if ratios[i] >= CLEAR)
        return cls(names, words)

    @classmethod
    def load(cls, card: Mapping[str, Any]) -> Self | None:
        """Return what :meth:`dump` has put into a model's card, or None if the model was saved before there was any.

        Raises
        ------
        TypeError, ValueError
            If the card is damaged.
        """
        if "targets" not in card:
            return None
        names, words = card["targets"], card["target_words"]
        if not isinstance(names, list) or any(not isinstance(part, list) for part in words.values()):
            raise ValueError("targets and their words are no lists")
        return cls(tuple(map(str, names)), {str(name): tuple(map(str, part)) for name, part in words.items()})

    def dump(self) -> dict[str, Any]:
        """Return the targets and their words as a card holds them."""
        return {"targets": list(self.names), "target_words": {name: list(part) for name, part in self.words.items()}}

    def knows(self, target: str) -> bool:
        """Return whether a target was in training."""
        return normal_target(target) in map(normal_target, self.names)

    def touching(self, texts: Sequence[str], target: str) -> list[bool]:
        """Return which of n texts have a word of the target, or one that goes with it."""
        own = content_keys(target)
        everything = not own  # a name of nothing but stop words
        own = own or _keys(target, everything)
        sought = own.union(*(self.words[name] for name in self.words if normal_target(name) == normal_target(target)))
        glued = [key for key in own if len(key) >= _SHORTEST]
        return [
            not sought.isdisjoint(_keys(text, everything))
            or any(key in tag.lower() for tag in _TAG.findall(text) for key in glued)
            for text in texts
        ]


def named(targets: Sequence[str], most: int = 5) -> str:
    """Return targets as a list to read: the first ones, and how many there are besides.

    Examples
    --------
    >>> named(["the pact", "the toll", "the treaty"], 2)
    "'the pact', 'the toll' and 1 more"
    """
    more = f" and {len(targets) - most} more" if len(targets) > most else ""
    return ", ".join(f"{target!r}" for target in targets[:most]) + more


def content_keys(text: str) -> set[str]:
    """Return what words are compared by: the first six letters of the stems of a text's content words.

    Examples
    --------
    >>> sorted(content_keys("The U.S. will not lift our #NoEmbargo treaties' 16 embargoes."))
    ['embarg', 'lift', 'treati', 'us']
    """
    return _keys(text, False)


def _keys(text: str, everything: bool) -> set[str]:
    shouted = text.isupper()
    return {_key(word.lower()) for word in _words(text) if everything or _says_something(word, shouted)}


def _words(text: str) -> Iterator[str]:
    """Yield the words of a text, a dotted abbreviation as one, a tag cut into its words."""
    text = _DOTTED.sub(lambda dotted: dotted[0].replace(".", ""), text)
    text = _TAG.sub(lambda tag: " ".join(split_tag(tag[1])), text)
    return (word[0] for word in _WORD.finditer(text))


def _says_something(word: str, shouted: bool) -> bool:
    """Return whether a word is no number, no single letter and no stop word; "US" is a country, "us" is not."""
    if len(word) < 2 or not any(map(str.isalpha, word)):
        return False
    return (word.isupper() and not shouted) or word.lower() not in ENGLISH_STOP_WORDS


@lru_cache(maxsize=100_000)
def _key(word: str) -> str:
    return stem(word)[:LETTERS]


def _ratios(own: np.ndarray, n: int, everywhere: np.ndarray, total: int) -> np.ndarray:
    """Return each word's log-likelihood ratio G² (Dunning 1993), 0 where it doesn't set the n own texts apart."""
    rest, n_rest = everywhere - own, total - n
    found = np.zeros(len(own))
    if not n_rest:
        return found
    at = np.flatnonzero((own >= FEWEST_TEXTS) & (own / n > rest / n_rest))
    k, m, share = own[at], rest[at], everywhere[at] / total
    cells = ((k, n * share), (n - k, n * (1 - share)), (m, n_rest * share), (n_rest - m, n_rest * (1 - share)))
    found[at] = 2 * sum(xlogy(seen, seen / expected) for seen, expected in cells)
    return found
