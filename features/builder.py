"""Turns a config's ``features:`` list into one scikit-learn transformer."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from sklearn.pipeline import FeatureUnion

from features.char_ngrams import CharNgrams
from features.cues import Cues
from features.spec import FeatureSpec
from features.targets import TargetCopies
from features.word_ngrams import WordNgrams

AnyFeature = Annotated[WordNgrams | CharNgrams | Cues, Field(discriminator="type")]
"""Every kind of feature that a config can name: a new kind is added here, and nowhere else."""

ALLOWED_TYPES = (
    "features.cues.SentenceCues",
    "features.normalise.normalise_text",
    "features.targets.TargetCopies",
)
"""The types and functions of this package that may stand in a saved model."""


def build_features(specs: Sequence[FeatureSpec], targeted: bool = False) -> FeatureUnion | TargetCopies:
    """Return one unfitted transformer that sets the columns of all features side by side.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        At least one. Features of the same type are numbered: ``words``, ``words-2``.
    targeted : bool, default False
        Whether the rows are pairs (text, target): see :class:`features.targets.TargetCopies`.

    Returns
    -------
    FeatureUnion or TargetCopies
        Texts of shape (n,) in, or n pairs; a sparse matrix of shape (n, n_columns) out.

    Raises
    ------
    ValueError
        If there is no feature.

    Examples
    --------
    >>> union = build_features([WordNgrams(min_df=1), CharNgrams(min_df=1)])
    >>> union.fit_transform(["talks resume", "talks fail"]).shape[0]
    2
    """
    if not specs:
        raise ValueError("a feature pipeline needs at least one feature")
    named: dict[str, FeatureSpec] = {}
    for spec in specs:
        kind: str = spec.type  # type: ignore[attr-defined]
        same = sum(name.split("-")[0] == kind for name in named)
        named[kind if not same else f"{kind}-{same + 1}"] = spec
    union = FeatureUnion(
        [(name, spec.build()) for name, spec in named.items()],
        transformer_weights={name: spec.weight for name, spec in named.items()},
    )
    return TargetCopies(union) if targeted else union
