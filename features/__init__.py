"""How text becomes numbers: scikit-learn transformers, one kind a file, and the builder that joins them."""

from features.builder import AnyFeature, block_names, build_features
from features.char_ngrams import CharNgrams
from features.cues import Cues, SentenceCues
from features.spec import FeatureSpec
from features.word_ngrams import WordNgrams

__all__ = [
    "AnyFeature",
    "CharNgrams",
    "Cues",
    "FeatureSpec",
    "SentenceCues",
    "WordNgrams",
    "block_names",
    "build_features",
]
