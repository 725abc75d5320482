"""Who does what to whom in a sentence, as counts of lexicon cues and how they stand in it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np
from nltk.sentiment.util import CLAUSE_PUNCT_RE, NEGATION_RE, mark_negation
from pydantic import Field
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.lexicon import Hit, compile_lexicon, find_hits, tokenize
from features.spec import FeatureSpec

CONTRAST = frozenset({"but", "however", "although", "though", "while", "despite", "yet", "whereas", "nevertheless"})
CLAUSE_END = frozenset({",", ";", ":", ".", "but", "and", "while", "although", "after", "``", "''", '"'})
QUOTES = frozenset({"``", "''", '"'})
FORM = ("length", "quotes", "opens_in_quote", "quoted_share", "numbers", "contrast", "question")
SPEAKER_WINDOW = 8

_PACKED = "packed"
_OF_LEXICON = ("lexicon", "index_")  # the attributes that hold thousands of words


class SentenceCues(TransformerMixin, BaseEstimator):
    """Counts of lexicon cues, split by how each stands in the sentence.

    Parameters
    ----------
    lexicon : mapping of str to list of str
        Category -> entries, in the syntax of :mod:`features.lexicon`. Three prefixes have a meaning: categories
        ``say_*`` are reporting verbs, ``actor_*`` those who may speak, and ``deny_*`` verbs whose object is denied.
    rate : bool, default False
        Divide counts by the number of tokens (x 10) instead of using log(1 + count).
    pairs : bool, default True
        Also mark which two categories occur together, such as an armed group and a verb of force.

    Attributes
    ----------
    categories_ : list of str
        The lexicon's categories, sorted.
    index_ : dict
        The lexicon as :func:`features.lexicon.compile_lexicon` makes it.

    Notes
    -----
    Columns: for each category the hits that are asserted, *negated* (in the scope of a negation word, as
    NLTK's ``mark_negation`` finds it), *denied* (in the clause after a ``deny_*`` hit) and *contrasted* (after the
    first "but", "although", ...); for each pair of ``actor_*`` and ``say_*`` category whether such an actor
    stands within eight words before such a verb; and the sentence's form: length, quotation, numbers, contrast.
    Some 4,600 sentences a second on one core with the kit's own lexicon of 4,400 entries; a fitted union that
    :mod:`features.fast_union` knows has them read several times as fast.

    References
    ----------
    Pang, B., Lee, L. & Vaithyanathan, S. (2002). Thumbs up? Sentiment classification using machine learning
    techniques. EMNLP. (negation marking)
    Recasens, M., Danescu-Niculescu-Mizil, C. & Jurafsky, D. (2013). Linguistic models for analyzing and detecting
    biased language. ACL. (reporting verbs and hedges as features)

    Examples
    --------
    >>> cues = SentenceCues({"deny_claim": ["deny"], "weapon": ["missile"]}, pairs=False).fit(["x"])
    >>> row = cues.transform(["Tehran denies sending missiles."]).toarray()[0]
    >>> [str(name) for name, value in zip(cues.get_feature_names_out(), row) if value and "form" not in name]
    ['deny_claim', 'weapon:denied']
    """

    def __init__(self, lexicon: Mapping[str, list[str]], rate: bool = False, pairs: bool = True) -> None:
        self.lexicon = lexicon
        self.rate = rate
        self.pairs = pairs

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Compile the lexicon; nothing is learned from the texts.

        Raises
        ------
        ValueError
            If an entry of the lexicon is malformed, or X is one string or a table.
        """
        _check_texts(X)
        self.index_ = compile_lexicon(self.lexicon)
        self.categories_ = sorted(self.lexicon)
        return self

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns, in order."""
        check_is_fitted(self)
        return np.asarray(list(self._columns()), dtype=object)

    def transform(self, X: Iterable[str]) -> csr_matrix:
        """Return the cues of n texts as a sparse matrix of shape (n, n_columns), float64.

        Raises
        ------
        ValueError
            If X is one string or a table, or holds something that isn't a string.
        """
        check_is_fitted(self)
        _check_texts(X)
        columns = self._columns()
        values: list[float] = []
        indices: list[int] = []
        starts = [0]
        for number, text in enumerate(X):
            if not isinstance(text, str):
                raise ValueError(f"text {number} is {text!r}, not a string")
            row = self._row(tokenize(text))
            for name, value in row.items():
                indices.append(columns[name])
                values.append(value)
            starts.append(len(indices))
        matrix = csr_matrix((values, indices, starts), shape=(len(starts) - 1, len(columns)), dtype=np.float64)
        matrix.sort_indices()
        return matrix

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes; lexicon and index as JSON, since skops makes a part for each of their words."""
        state = dict(super().__getstate__())
        packed = {name: json.dumps(state.pop(name)) for name in _OF_LEXICON if name in state}
        return {**state, _PACKED: packed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the attributes that :meth:`__getstate__` returned, or as they were saved before it packed any."""
        state = dict(state)
        for name, text in state.pop(_PACKED, {}).items():
            content = json.loads(text)
            if name not in _OF_LEXICON or not isinstance(content, dict):
                raise ValueError("a packed lexicon is none")
            state[name] = content
        if "index_" in state:
            state["index_"] = {
                first: [(category, list(rest)) for category, rest in entries]
                for first, entries in state["index_"].items()
            }
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this takes texts, not tables of numbers."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = True
        return tags

    def _columns(self) -> dict[str, int]:
        return _number_columns(tuple(self.categories_), self.pairs)

    def _row(self, tokens: Sequence[str]) -> dict[str, float]:
        """Return the columns of one sentence that aren't zero."""
        n = max(len(tokens), 1)
        contrast = _contrast(tokens)
        hits = find_hits(self.index_, tokens)
        standing, speaking = _standings(tokens, hits, contrast)
        counts = {name: len(found) for name, found in standing.items()} | dict.fromkeys(speaking, 1)
        row = {name: 10 * count / n if self.rate else float(np.log1p(count)) for name, count in counts.items()}
        if self.pairs:
            found = sorted({hit.category for hit in hits})
            row.update({f"{a}+{b}": 1.0 for i, a in enumerate(found) for b in found[i + 1 :]})
        row.update(_form(tokens, contrast))
        return row

    def hits(self, tokens: Sequence[str]) -> dict[int, list[Hit]]:
        """Return the entries that each column of one sentence rests on; none for the columns of its form.

        Parameters
        ----------
        tokens : sequence of str
            As :func:`features.lexicon.tokenize` gives them.

        Returns
        -------
        dict of int to list of Hit
            Number of a column that isn't zero -> the entries, by their places among the tokens: of an actor who speaks
            and of two categories that occur together, those of both.
        """
        check_is_fitted(self)
        hits = find_hits(self.index_, tokens)
        standing, speaking = _standings(tokens, hits, _contrast(tokens))
        named = {**standing, **{name: list(dict.fromkeys(both)) for name, both in speaking.items()}}
        if self.pairs:
            of: dict[str, list[Hit]] = {}
            for hit in hits:
                of.setdefault(hit.category, []).append(hit)
            found = sorted(of)
            named |= {f"{a}+{b}": of[a] + of[b] for i, a in enumerate(found) for b in found[i + 1 :]}
        columns = self._columns()
        return {columns[name]: entries for name, entries in named.items()}


class Cues(FeatureSpec):
    """Lexicon cues with negation, denial, contrast and speakers: see :class:`SentenceCues`.

    Parameters
    ----------
    lexicon : str or mapping
        A YAML file of categories and entries (``seeds/framing/lexicon.yaml`` shows the form), or the same inline.
    rate : bool, default False
        Rates instead of logarithms of counts.
    pairs : bool, default True
        Also mark which two categories occur together.
    """

    type: Literal["cues"] = "cues"
    lexicon: str | dict[str, list[str]] = Field(description="A YAML file, or categories and entries inline.")
    rate: bool = False
    pairs: bool = True

    def build(self) -> SentenceCues:
        """Return the unfitted transformer.

        Raises
        ------
        ValueError
            If the lexicon is still the name of a file: this package reads none; its caller does.
        """
        if isinstance(self.lexicon, str):
            raise ValueError(f"the lexicon {self.lexicon!r} has not been read")
        return SentenceCues(self.lexicon, rate=self.rate, pairs=self.pairs)


@lru_cache(maxsize=8)
def _number_columns(categories: tuple[str, ...], pairs: bool) -> dict[str, int]:
    """Return name -> number of each column; scoring sentence by sentence asks for the same names every time."""
    names = [name + standing for name in categories for standing in ("", ":negated", ":denied", ":contrasted")]
    names += [f"{actor}>{verb}" for actor in _with(categories, "actor_") for verb in _with(categories, "say_")]
    if pairs:
        names += [f"{a}+{b}" for i, a in enumerate(categories) for b in categories[i + 1 :]]
    names += [f"form:{name}" for name in FORM]
    return {name: column for column, name in enumerate(names)}


def _check_texts(X: Any) -> None:
    if isinstance(X, str) or getattr(X, "ndim", 1) != 1:
        raise ValueError("expected a one-dimensional collection of texts, such as a list or a pandas Series")


def _with(names: Iterable[str], prefix: str) -> list[str]:
    return [name for name in names if name.startswith(prefix)]


def _contrast(tokens: Sequence[str]) -> int:
    """Return where the first "but", "although" or the like stands; at the end if there is none."""
    return next((i for i, token in enumerate(tokens) if token in CONTRAST), max(len(tokens), 1))


def _standings(
    tokens: Sequence[str], hits: Sequence[Hit], contrast: int
) -> tuple[dict[str, list[Hit]], dict[str, list[Hit]]]:
    """Return the hits by category and how they stand, and for each speaker and verb the hits of both."""
    negated = _negated(tokens)
    denied = _denied(tokens, [hit.end for hit in hits if hit.category.startswith("deny_")])
    standing: dict[str, list[Hit]] = {}
    speaking: dict[str, list[Hit]] = {}
    actors: list[Hit] = []
    for hit in hits:
        category, start, _ = hit
        how = ":denied" if denied[start] else ":negated" if negated[start] else ""
        standing.setdefault(category + how, []).append(hit)
        if start > contrast:
            standing.setdefault(category + ":contrasted", []).append(hit)
        if category.startswith("actor_"):
            actors.append(hit)
        elif category.startswith("say_"):
            for actor in actors:
                if 0 <= start - actor.end < SPEAKER_WINDOW:
                    speaking.setdefault(f"{actor.category}>{category}", []).extend((actor, hit))
    return standing, speaking


@lru_cache(maxsize=100_000)
def negates(token: str) -> bool:
    """Return whether a token is a negation word."""
    return "n" in token and NEGATION_RE.search(token) is not None  # each of them has one, and most words have none


def ends_clause(token: str) -> bool:
    """Return whether a token ends the scope of a negation word."""
    return not token.isalnum() and CLAUSE_PUNCT_RE.search(token) is not None


def _negated(tokens: Sequence[str]) -> list[bool]:
    """Mark the tokens in the scope of a negation word; most sentences have none, and are done sooner."""
    if not any(map(negates, tokens)):
        return [False] * len(tokens)
    return [token.endswith("_NEG") for token in mark_negation(list(tokens), shallow=True)]


def _denied(tokens: Sequence[str], deny_ends: list[int]) -> list[bool]:
    """Mark the tokens that stand in the clause after a verb of denial."""
    marks = [False] * len(tokens)
    for end in deny_ends:
        for i in range(end, len(tokens)):
            if tokens[i] in CLAUSE_END:
                break
            marks[i] = True
    return marks


def _form(tokens: Sequence[str], contrast: int) -> dict[str, float]:
    """Return the columns that say how the sentence is made, whatever its words."""
    quotes = [i for i, token in enumerate(tokens) if token in QUOTES]
    inside = sum(end - start for start, end in zip(quotes[::2], quotes[1::2], strict=False))
    n = max(len(tokens), 1)
    form = {
        "length": min(n, 60) / 60,
        "quotes": min(len(quotes), 4) / 4,
        "opens_in_quote": float(bool(quotes) and quotes[0] == 0),
        "quoted_share": inside / n,
        "numbers": min(sum("0" in token for token in tokens), 5) / 5,
        "contrast": float(contrast < len(tokens)),
        "question": float(bool(tokens) and tokens[-1] == "?"),
    }
    return {f"form:{name}": value for name, value in form.items() if value}
