"""Runs of characters inside words: endings, stems, and words that are misspelt or glued together."""

from typing import Annotated, Literal

from pydantic import Field

from features.normalise import normalise_text
from features.spec import FeatureSpec
from features.vectorizer import NgramVectorizer


class CharNgrams(FeatureSpec):
    """TF-IDF of character n-grams within word boundaries (scikit-learn's ``TfidfVectorizer``).

    Parameters
    ----------
    ngram : tuple of (int, int), default (3, 5)
        Shortest and longest run of characters.
    min_df : int, default 3
        Runs in fewer training sentences than this are left out.
    max_features : int or None, default None
        Keep only the most frequent runs.
    sublinear : bool, default True
        Use 1 + log(count) for the count.

    Notes
    -----
    Several times the cost of words.

    References
    ----------
    McNamee, P. & Mayfield, J. (2004). Character n-gram tokenization for European language text retrieval.
    Information Retrieval 7, 73-97.
    """

    type: Literal["chars"] = "chars"
    ngram: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(le=8)]] = (3, 5)
    min_df: int = Field(default=3, ge=1)
    max_features: int | None = Field(default=None, ge=1)
    sublinear: bool = True

    def build(self) -> NgramVectorizer:
        """Return the unfitted vectorizer."""
        return NgramVectorizer(
            analyzer="char_wb",
            ngram_range=self.ngram,
            min_df=self.min_df,
            max_features=self.max_features,
            sublinear_tf=self.sublinear,
            preprocessor=normalise_text,
        )
