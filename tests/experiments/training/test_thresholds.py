import numpy as np
import pytest
from sklearn.metrics import f1_score

from experiments.config.files import load_config
from experiments.config.schema import Thresholds
from experiments.errors import InputError
from experiments.measures.operating_points import best_thresholds
from experiments.train import prepare
from experiments.training.fitting import pipeline_of
from experiments.training.thresholds import choose_thresholds


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


def test_thresholds_are_chosen_on_the_rows_asked_for(small_config):
    config = load_config(str(small_config))
    rows, _ = prepare(config, lambda line: None)
    build = pipeline_of(config)

    def chosen(**settings):
        changed = config.model_copy(update={"thresholds": Thresholds(folds=3, **settings)})
        return choose_thresholds(changed, build, rows, None, None)

    assert (chosen(where={"kind": "article"}) != chosen()).any()
    kinds = sorted(set(map(str, rows.rows["kind"])))
    assert len(kinds) > 1 and (chosen(where={"kind": kinds}) == chosen()).all()
    with pytest.raises(InputError, match="no column 'planet'"):
        chosen(where={"planet": "mars"})
    with pytest.raises(InputError, match="leaves 0 rows"):
        chosen(where={"kind": "poem"})
