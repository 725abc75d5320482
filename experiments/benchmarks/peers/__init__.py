"""Other libraries that a researcher would pick instead, one a file, imported only where they are run."""

from experiments.benchmarks.peers.fasttext_supervised import FastText
from experiments.benchmarks.peers.setfit_minilm import SetFit
from experiments.benchmarks.peers.sklearn_pipeline import SklearnPipeline
from experiments.benchmarks.peers.spacy_textcat import SpacyTextcat
from experiments.benchmarks.system import System

PEERS: dict[str, type[System]] = {peer.name: peer for peer in (SklearnPipeline, FastText, SpacyTextcat, SetFit)}
"""Every peer that ``--peers`` can name, in the order in which they are run: a new one is added here."""

__all__ = ["PEERS"]
