"""Words and short runs of words, weighted by how rare they are."""

from typing import Annotated, Literal

from pydantic import Field

from features.hashtags import TOKEN, normalise_tags
from features.normalise import normalise_text
from features.spec import FeatureSpec
from features.vectorizer import NgramVectorizer

WORD = r"(?u)\b\w[\w'-]*\b"
"""A word, wherever no tags are told apart."""


class WordNgrams(FeatureSpec):
    """TF-IDF of word n-grams (scikit-learn's ``TfidfVectorizer``).

    Parameters
    ----------
    ngram : tuple of (int, int), default (1, 2)
        Shortest and longest run of words.
    min_df : int, default 2
        Runs in fewer training sentences than this are left out.
    max_features : int or None, default None
        Keep only the most frequent runs.
    sublinear : bool, default True
        Use 1 + log(count) for the count.
    tags : bool, default False
        For social media: tell ``#peace`` and ``@peace`` from ``peace``, and read the words that a tag glues together
        beside the tag (see :func:`features.hashtags.normalise_tags`).

    Notes
    -----
    Stop words stay in: "has *not* denied" and "talks *with*" differ from "denied" and "talks" by them alone.

    References
    ----------
    Salton, G. & Buckley, C. (1988). Term-weighting approaches in automatic text retrieval.
    Information Processing & Management 24(5), 513-523.
    """

    type: Literal["words"] = "words"
    ngram: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(le=5)]] = (1, 2)
    min_df: int = Field(default=2, ge=1)
    max_features: int | None = Field(default=None, ge=1)
    sublinear: bool = True
    tags: bool = False

    def build(self) -> NgramVectorizer:
        """Return the unfitted vectorizer."""
        return NgramVectorizer(
            analyzer="word",
            ngram_range=self.ngram,
            min_df=self.min_df,
            max_features=self.max_features,
            sublinear_tf=self.sublinear,
            preprocessor=normalise_tags if self.tags else normalise_text,
            token_pattern=TOKEN if self.tags else WORD,
        )
