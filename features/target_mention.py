"""How a text speaks of the target: whether, where and by what name it mentions it, and in which words."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from nltk.sentiment.util import NEGATION_RE
from pydantic import Field
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from features.hashtags import split_tag
from features.lexicon import stem, tokenize
from features.spec import FeatureSpec
from features.targets import content_words, split_pairs
from features.vectorizer import NgramVectorizer

MENTION = "<target>"
"""Stands for the target in the words around it, so that "stop <target>" is the same for every target."""

_FORM = ("there", "absent", "whole", "share", "times", "early", "late", "tagged", "addressed", "negated")
_TAG = re.compile(r"([#@]\w+)")
_GAP = "..."
_SHORTEST = 4  # letters of a target's word that is looked for inside a glued tag: shorter ones turn up by chance
_NEGATION_REACH = 4


class Mention(NamedTuple):
    """A text as words in which the target's name has been replaced.

    Attributes
    ----------
    words : tuple of str
        Lower-case words, :data:`MENTION` for each run of words of the target.
    share : float
        Part of the target's content words that occur, 0 to 1.
    tagged, addressed : bool
        Whether a hashtag or a handle names the target.
    """

    words: tuple[str, ...]
    share: float
    tagged: bool
    addressed: bool


class TargetContext(TransformerMixin, BaseEstimator):
    """The mention of the target in a text, and the words around it.

    Parameters
    ----------
    window : int, default 5
        Words on either side of a mention that count as its context.
    ngram : tuple of (int, int), default (1, 2)
        Shortest and longest run of words in it.
    min_df : int, default 2
        Runs in the context of fewer training rows than this are left out.

    Attributes
    ----------
    context_ : NgramVectorizer or None
        Of the contexts; None when no training row mentions its target often enough.

    Notes
    -----
    Columns of the mention: whether there is any, or none; whether all the target's content words occur, and which
    share of them; log(1 + mentions); whether the first stands in the first or last third of the words; whether a
    hashtag or a handle names it; whether a negation stands within four words before it. Then TF-IDF of the runs of
    words around the mentions, in which the target's name is ``<target>``. Words are compared by their stems, and
    looked for inside glued hashtags, so that "#StopHillary" and "#stophillary" both are "stop <target>". Synonyms,
    pronouns and members ("the pact" for NATO enlargement) are not recognised.
    All columns are non-negative, and none depends on which target it is: what is learned serves unseen ones.

    References
    ----------
    Augenstein, I., Rocktäschel, T., Vlachos, A. & Bontcheva, K. (2016). Stance detection with bidirectional
    conditional encoding. EMNLP. (whether the target is mentioned)
    Mohammad, S., Sobhani, P. & Kiritchenko, S. (2017). Stance and sentiment in tweets. ACM TOIT 17(3). (the same)

    Examples
    --------
    >>> context = TargetContext(min_df=1, ngram=(2, 2)).fit([("Stop the arms embargo", "the arms embargo")])
    >>> names = context.get_feature_names_out()
    >>> row = context.transform([("They will not lift our sanctions", "sanctions")]).toarray()[0]
    >>> [str(name) for name, value in zip(names, row) if value]
    ['mention:there', 'mention:whole', 'mention:share', 'mention:times', 'mention:late', 'mention:negated']
    """

    def __init__(self, window: int = 5, ngram: tuple[int, int] = (1, 2), min_df: int = 2) -> None:
        self.window = window
        self.ngram = ngram
        self.min_df = min_df

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn which runs of words stand around mentions in n pairs (text, target)."""
        contexts = [self._around(mention) for mention in _mentions(X)]
        vectorizer = NgramVectorizer(
            ngram_range=tuple(self.ngram),
            min_df=self.min_df,
            sublinear_tf=True,
            lowercase=False,
            token_pattern=r"\S+",
        )
        try:
            self.context_ = vectorizer.fit(contexts)
        except ValueError:  # no words, or none often enough
            self.context_ = None
        return self

    def transform(self, X: Any) -> csr_matrix:
        """Return the columns of n pairs (text, target): shape (n, 10 + n_runs)."""
        check_is_fitted(self, "context_")
        mentions = _mentions(X)
        form = csr_matrix([_form(mention) for mention in mentions])
        if self.context_ is None:
            return form
        return hstack([form, self.context_.transform([self._around(each) for each in mentions])], format="csr")

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the columns: those of the mention, then the runs of words around it."""
        check_is_fitted(self, "context_")
        runs = [] if self.context_ is None else self.context_.get_feature_names_out()
        return np.asarray([*(f"mention:{name}" for name in _FORM), *(f"near:{run}" for run in runs)], dtype=object)

    def _around(self, mention: Mention) -> str:
        """Return the words within the window of any mention, with a sign where words are left out."""
        words = mention.words
        at = [place for place, word in enumerate(words) if word == MENTION]
        near = sorted({i for place in at for i in range(place - self.window, place + self.window + 1)})
        kept: list[str] = []
        last = None
        for i in near:
            if 0 <= i < len(words):
                kept += [_GAP, words[i]] if last is not None and i > last + 1 else [words[i]]
                last = i
        return " ".join(kept)


class TargetMention(FeatureSpec):
    """The target's mention and its context: see :class:`TargetContext`. For tasks with targets only.

    Parameters
    ----------
    window : int, default 5
        Words on either side of a mention that count as its context.
    ngram : tuple of (int, int), default (1, 2)
        Shortest and longest run of words in it.
    min_df : int, default 2
        Runs in the context of fewer training rows than this are left out.
    """

    reads_targets: ClassVar[bool] = True

    type: Literal["target"] = "target"
    window: int = Field(default=5, ge=1)
    ngram: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(le=5)]] = (1, 2)
    min_df: int = Field(default=2, ge=1)

    def build(self) -> TargetContext:
        """Return the unfitted transformer."""
        return TargetContext(self.window, self.ngram, self.min_df)


@lru_cache(maxsize=16_384)
def find_mention(text: str, target: str) -> Mention:
    """Replace the target's name in a text.

    Examples
    --------
    >>> find_mention("Lift the Embargo on arms! #NoEmbargo", "the arms embargo").words
    ('lift', 'the', '<target>', 'on', '<target>', '!', 'no', '<target>')
    """
    names = content_words(target)
    stems = {stem(name) for name in names}
    words: list[str] = []
    found: set[str] = set()
    signs: set[str] = set()
    for piece in _TAG.split(text):
        sign = piece[:1] if _TAG.fullmatch(piece) else ""
        for word in _tag_words(piece[1:], names) if sign else tokenize(piece):
            if (key := stem(word)) in stems:
                found.add(key)
                signs.add(sign)
                if words[-1:] != [MENTION]:
                    words.append(MENTION)
            else:
                words.append(word)
    return Mention(tuple(words), len(found) / max(len(stems), 1), "#" in signs, "@" in signs)


def _tag_words(tag: str, names: Sequence[str]) -> list[str]:
    """Return the words of a tag without its sign; a glued one is cut where it holds a word of the target."""
    words: list[str] = []
    for word in split_tag(tag):
        name = next((name for name in (*names, *map(stem, names)) if len(name) >= _SHORTEST and name in word), None)
        if name is None or stem(word) in map(stem, names):
            words.append(word)
            continue
        before, _, after = word.partition(name)
        full = next(each for each in names if name in (each, stem(each)))
        # what is left of an ending ("bases" in "#nobases" holds the stem "base") is no word of its own
        words += [*filter(None, [before]), full, *(_tag_words(after, names) if len(after) >= _SHORTEST else [])]
    return words


def _mentions(pairs: Any) -> list[Mention]:
    return [find_mention(text, target) for text, target in zip(*split_pairs(pairs), strict=True)]


def _form(mention: Mention) -> list[float]:
    """Return the columns of :data:`_FORM`."""
    words = mention.words
    at = [place for place, word in enumerate(words) if word == MENTION]
    if not at:
        return [float(name == "absent") for name in _FORM]
    negated = any(NEGATION_RE.search(word) for place in at for word in words[max(0, place - _NEGATION_REACH) : place])
    values = {
        "there": 1.0,
        "whole": float(mention.share == 1),
        "share": mention.share,
        "times": float(np.log1p(len(at))),
        "early": float(at[0] < len(words) / 3),
        "late": float(at[0] >= 2 * len(words) / 3),
        "tagged": float(mention.tagged),
        "addressed": float(mention.addressed),
        "negated": float(negated),
    }
    return [values.get(name, 0.0) for name in _FORM]
