import numpy as np
import pytest

from experiments.model import load_model
from experiments.selection import scoring
from experiments.selection.scoring import doubted
from tests.experiments.selection.conftest import doubtful, sentences

CANDIDATES = [each.candidate for each in doubtful(sentences(10), [0.0] * 10)]


def read_ahead(work, tool, parts, jobs):
    """Do as processes do that have several parts under way."""
    yield from [work(tool, part) for part in list(parts)]


@pytest.mark.parametrize("strategy", ["margin", "least-confidence"])
def test_each_sentence_has_its_own_doubt_whoever_scores_it(monkeypatch, model, strategy):
    classifier = load_model(model)
    one = list(doubted(CANDIDATES, classifier, strategy))
    monkeypatch.setattr(scoring, "TEXTS", 3)
    monkeypatch.setattr(scoring, "in_processes", read_ahead)
    several = list(doubted(CANDIDATES, classifier, strategy, jobs=2))
    assert [each.candidate for each in several] == [each.candidate for each in one] == CANDIDATES
    assert np.allclose([each.uncertainty for each in several], [each.uncertainty for each in one])
    assert len({each.uncertainty for each in one}) > 1


def test_random_choice_asks_no_model():
    assert [each.uncertainty for each in doubted(CANDIDATES, None, "random")] == [0.0] * 10
