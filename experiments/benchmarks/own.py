"""A config of the kit as a system of the benchmark."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.exchange import read_labelled
from experiments.benchmarks.system import Problem, Rows, System
from experiments.config.schema import Config
from experiments.model import ENCODER_FOLDER, SentenceClassifier, load_model
from features.lexicon import tokenize


class KitConfig(System):
    """Features, classifier and thresholds of a config.

    Trained, saved and loaded by the very functions behind ``framescope train`` and ``framescope score``; the time of
    training includes that of choosing thresholds.

    Parameters
    ----------
    problem : Problem
        What is to be learned; the config is asked about the same labels with the same seed.
    config : dict
        The config, as :meth:`experiments.config.schema.Config.dump` gives it.
    """

    def __init__(self, problem: Problem, config: dict[str, Any]) -> None:
        super().__init__(problem)
        self.config = Config.model_validate(config)
        self.classifier: SentenceClassifier

    def prepare(self, data: Path) -> None:
        """Read the training rows with all their columns, and import what the config's pipeline needs."""
        from experiments.training.fitting import pipeline_of

        self.labelled = read_labelled(data)
        pipeline_of(self.config)()

    def fit(self, rows: Rows, scratch: Path) -> None:
        """Choose thresholds and fit."""
        from experiments.training.fitting import fit

        self.classifier = fit(self.config, self.labelled)

    def save(self, folder: Path) -> None:
        """Write the model as a run of ``framescope train`` keeps it, without the weights that scoring doesn't read."""
        self.classifier.save(folder)
        shutil.rmtree(folder / ENCODER_FOLDER, ignore_errors=True)

    def load(self, folder: Path) -> None:
        """Read the model as ``framescope score`` does."""
        self.classifier = load_model(folder)

    def predict_proba(self, rows: Rows) -> np.ndarray:
        """Return the probabilities, shape (n, n_labels)."""
        return self.classifier.predict_proba(rows.texts, rows.targets)

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Turn probabilities into an indicator matrix, by the config's thresholds."""
        return self.classifier.decide(probabilities)

    def forget(self) -> None:
        """Empty the cache of tokenized sentences, and forget what was learnt of words."""
        tokenize.cache_clear()
        self.classifier = replace(self.classifier)
