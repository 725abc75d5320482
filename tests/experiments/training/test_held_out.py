"""Held-out rows have no say in how they themselves are decided."""

import numpy as np

from experiments.config.files import load_config
from experiments.corpus.rows import Labelled
from experiments.tables.table import Table
from experiments.training.held_out import held_out_of


def labelled(y, groups):
    texts = [f"text {row}" for row in range(len(y))]
    return Labelled("rows.jsonl", Table("rows", {"text": texts}), texts, texts, groups, np.asarray(y, dtype=np.int8))


def test_thresholds_of_the_other_articles_decide(small_config):
    """A lucky threshold, chosen on the same rows, would make no error among labels that are pure chance."""
    config = load_config(str(small_config))
    rng = np.random.default_rng(0)
    y = np.zeros((60, 3), dtype=np.int8)
    y[:, 0] = rng.random(60) < 0.5
    p = np.full((60, 3), 0.01)
    p[:, 0] = rng.random(60)
    held = held_out_of(config, labelled(y, [f"g{row}" for row in range(60)]), p, "rows", chooses=True)
    assert len(held) == 60 and held.wrong.mean() > 0.3
    # each article as one: those of an article are decided by the others' thresholds alone
    shifted = np.where(np.arange(60)[:, None] < 30, p * 0.1, p)
    y[:, 0] = shifted[:, 0] > np.where(np.arange(60) < 30, 0.05, 0.5)
    two = held_out_of(config, labelled(y, ["a"] * 30 + ["b"] * 30), shifted, "rows", chooses=True)
    assert two.articles == 2 and two.wrong.mean() > 0.2


def test_thresholds_are_chosen_as_the_config_says(small_config):
    """Half the best F1 gives the label to a text at 0.53; the middle of the gap, 0.2 to 0.9, doesn't."""
    y = np.zeros((60, 3), dtype=np.int8)
    y[:20, 0] = 1
    p = np.full((60, 3), 0.2)
    p[:20, 0] = 0.9
    y[20, 0], p[20, 0] = 1, 0.53
    rows = labelled(y, [f"g{row}" for row in range(60)])
    for among, missed in (("middle", True), ("half_f1", False)):
        config = load_config(str(small_config), [f"thresholds.among={among}"])
        held = held_out_of(config, rows, p, "rows", chooses=True)
        assert held.wrong.any() == missed, among


def test_rows_with_an_undecided_label_are_neither_right_nor_wrong(small_config):
    config = load_config(str(small_config))
    y = np.tile([[1, 0, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]], (10, 1))
    p = np.clip(y, 0.05, 0.95)
    held = held_out_of(config, labelled(y, [f"g{row}" for row in range(40)]), p, "rows", chooses=True)
    assert len(held) == 30 and not held.wrong.any()
    assert held_out_of(config, labelled([[-1, 0, 0]], ["g"]), p[:1], "rows", chooses=True) is None
    assert held_out_of(config, labelled(y, ["one"] * 40), p, "rows", chooses=True) is None
