"""Sentences to choose from, and a small model that doubts them."""

import random
from pathlib import Path

import pytest

from experiments.selection.candidates import Candidate, key_of
from experiments.selection.pool import Doubtful

_PLACES = ["Bergen", "Narva", "Tallinn", "Riga", "Turku", "Oulu", "Visby", "Kiel", "Rostock", "Gdansk", "Split"]


def sentences(n: int, seed: int = 1) -> list[str]:
    """Return different sentences, none nearly the same as another."""
    chance = random.Random(seed)
    letters = "abcdefghiklmnoprstuv"
    return [
        " ".join("".join(chance.choices(letters, k=6)) for _ in range(8)) + f" {chance.choice(_PLACES)}."
        for _ in range(n)
    ]


def doubtful(texts, uncertainty, articles=None) -> list[Doubtful]:
    """Return candidates with what is doubted of each."""
    articles = articles or [None] * len(texts)
    return [
        Doubtful(Candidate({"text": text}, number, text, None, article, key_of(text)), value)
        for number, (text, value, article) in enumerate(zip(texts, uncertainty, articles, strict=True), 1)
    ]


@pytest.fixture(scope="session")
def model(small_config, tmp_path_factory) -> Path:
    """The folder of a model that learned from the small corpus."""
    from experiments.config.files import load_config
    from experiments.corpus.rows import load_data
    from experiments.training.fitting import fit

    config = load_config(str(small_config), ["thresholds.method=fixed"])
    folder = tmp_path_factory.mktemp("selection") / "model"
    fit(config, load_data(config, lambda line: None)[0]).save(folder)
    return folder
