import numpy as np
from sklearn.metrics import f1_score

from experiments.thresholds import best_thresholds


def test_threshold_finds_the_gap_between_classes():
    y = np.array([[0]] * 50 + [[1]] * 10)
    scores = np.concatenate([np.linspace(0.0, 0.2, 50), np.linspace(0.3, 0.5, 10)])[:, None]
    (threshold,) = best_thresholds(y, scores)
    assert 0.2 < threshold <= 0.3


def test_threshold_beats_one_half_on_rare_labels():
    rng = np.random.default_rng(0)
    y = (rng.random((2000, 1)) < 0.1).astype(int)
    scores = np.clip(0.15 + 0.2 * y + 0.1 * rng.standard_normal((2000, 1)), 0, 1)
    tuned = scores >= best_thresholds(y, scores)
    assert f1_score(y, tuned) > f1_score(y, scores >= 0.5) + 0.3
