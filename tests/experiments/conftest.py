"""Small real data, one trained run and one saved model that the tests of all wings share."""

import os
from pathlib import Path

import pytest

from tests.conftest import ROOT, seed_rows, write_jsonl


@pytest.fixture(scope="session")
def small_corpus(tmp_path_factory) -> Path:
    """Some 500 rows of the shipped corpus, groups whole."""
    return write_jsonl(tmp_path_factory.mktemp("corpus") / "sentences.jsonl", seed_rows(45))


SMALL_CONFIG = """
name: small
description: words only, for tests
task: {{name: framing, type: multilabel, labels: [threat, cooperation, denial]}}
data: {{train: {train}}}
features: [{{type: words, min_df: 1}}]
classifier: {{type: logistic}}
thresholds: {{method: cv, folds: 3}}
evaluation: {{bootstrap: 100, slices: [register], errors: 2}}
"""


@pytest.fixture(scope="session")
def small_config(small_corpus) -> Path:
    """A config that trains on the small corpus in a second."""
    path = small_corpus.parent / "small.yaml"
    path.write_text(SMALL_CONFIG.format(train=small_corpus), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def workspace(tmp_path_factory) -> Path:
    """A folder with an MLflow store that the tests share: making one takes seconds."""
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture
def in_workspace(workspace, monkeypatch) -> Path:
    """Work in the shared workspace."""
    monkeypatch.chdir(workspace)
    return workspace


@pytest.fixture(scope="session")
def trained(workspace, small_config):
    """One finished training run of the small config, in the shared workspace."""
    from experiments.config.files import load_config
    from experiments.train import train

    before = Path.cwd()
    os.chdir(workspace)
    try:
        return train(load_config(str(small_config)), lambda line: None)
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def small_stance_model():
    """A stance model of two targets, as version 0.1.0 saved it."""
    from experiments.model import load_model

    return load_model(ROOT / "tests/experiments/saved_models/separate-0.1.0")
