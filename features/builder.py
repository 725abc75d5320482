"""Turns a config's ``features:`` list into one scikit-learn transformer."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field
from sklearn.pipeline import FeatureUnion

from features.char_ngrams import CharNgrams
from features.cues import Cues
from features.embeddings import Embeddings
from features.spec import FeatureSpec
from features.target_mention import TargetMention
from features.targets import Reading, TargetCopies, TargetWords, TextOfPairs
from features.word_ngrams import WordNgrams

AnyFeature = Annotated[WordNgrams | CharNgrams | Cues | Embeddings | TargetMention, Field(discriminator="type")]
"""Every kind of feature that a config can name: a new kind is added here, and nowhere else."""

ALLOWED_TYPES = (
    "features.cues.SentenceCues",
    "features.embeddings.SentenceEmbeddings",
    "features.hashtags.normalise_tags",
    "features.normalise.normalise_text",
    "features.target_mention.TargetContext",
    "features.targets.TargetCopies",
    "features.targets.TargetWords",
    "features.targets.TextOfPairs",
    "features.vectorizer.NgramVectorizer",
)
"""The types and functions of this package that may stand in a saved model."""


_READERS = {"copies": TargetCopies, "pair": TargetWords, "text": TextOfPairs}


def build_features(specs: Sequence[FeatureSpec], targets: Reading | None = None) -> FeatureUnion | TextOfPairs:
    """Return one unfitted transformer that sets the columns of all features side by side.

    Parameters
    ----------
    specs : sequence of FeatureSpec
        At least one. Features of the same type are numbered: ``words``, ``words-2``.
    targets : {"copies", "pair", "text"}, optional
        How rows that are pairs (text, target) are read: see :class:`features.targets.TargetCopies`,
        :class:`features.targets.TargetWords` and :class:`features.targets.TextOfPairs`. Features that read the target
        themselves stand beside these columns, once. Left out, the rows are texts.

    Returns
    -------
    FeatureUnion or TextOfPairs
        Texts of shape (n,) in, or n pairs; a sparse matrix of shape (n, n_columns) out.

    Raises
    ------
    ValueError
        If there is no feature, or one reads targets and the rows have none.

    Examples
    --------
    >>> union = build_features([WordNgrams(min_df=1), CharNgrams(min_df=1)])
    >>> union.fit_transform(["talks resume", "talks fail"]).shape[0]
    2
    """
    if not specs:
        raise ValueError("a feature pipeline needs at least one feature")
    named = dict(zip(block_names(specs), specs, strict=True))
    of_pairs = {name: spec for name, spec in named.items() if spec.reads_targets}
    if targets is None:
        if of_pairs:
            raise ValueError(f"the feature {next(iter(of_pairs))!r} reads targets, and the rows are texts alone")
        return _side_by_side(named)
    if len(of_pairs) == len(named):
        return _side_by_side(of_pairs)
    texts = _READERS[targets](_side_by_side({name: spec for name, spec in named.items() if name not in of_pairs}))
    if not of_pairs:
        return texts
    # the parts' own names are unique and say the feature, as in a union of one level
    return FeatureUnion([("texts", texts), ("pairs", _side_by_side(of_pairs))], verbose_feature_names_out=False)


def block_names(specs: Sequence[FeatureSpec]) -> list[str]:
    """Return what features are called, in their order: by their type, numbered where there are several of one.

    Examples
    --------
    >>> block_names([WordNgrams(), CharNgrams(), WordNgrams(ngram=(3, 3))])
    ['words', 'chars', 'words-2']
    """
    names: list[str] = []
    for spec in specs:
        kind: str = spec.type  # type: ignore[attr-defined]
        same = sum(name.split("-")[0] == kind for name in names)
        names.append(kind if not same else f"{kind}-{same + 1}")
    return names


def _side_by_side(named: Mapping[str, FeatureSpec]) -> FeatureUnion:
    """Return an unfitted union of features with their weights."""
    return FeatureUnion(
        [(name, spec.build()) for name, spec in named.items()],
        transformer_weights={name: spec.weight for name, spec in named.items()},
    )
