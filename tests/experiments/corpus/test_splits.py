import numpy as np
import pytest

from experiments.config.schema import Data, Task
from experiments.corpus.rows import load_labelled
from experiments.corpus.splits import folds, hold_out, stratum
from experiments.errors import InputError

TASK = Task(name="framing", labels=["threat", "cooperation", "denial"])


@pytest.fixture(scope="module")
def rows(small_corpus):
    return load_labelled(str(small_corpus), TASK, Data(train="x"), print)


def test_hold_out_keeps_groups_whole_and_label_rates_even(rows):
    train, test = hold_out(rows, 0.2, seed=13)
    assert not set(train.groups) & set(test.groups)
    assert len(train) + len(test) == len(rows)
    assert 0.1 < len(test) / len(rows) < 0.3
    assert np.abs(train.y.mean(axis=0) - test.y.mean(axis=0)).max() < 0.12


def test_hold_out_depends_on_the_seed_alone(rows):
    assert hold_out(rows, 0.25, seed=3)[1].ids == hold_out(rows, 0.25, seed=3)[1].ids
    assert hold_out(rows, 0.25, seed=3)[1].ids != hold_out(rows, 0.25, seed=4)[1].ids


def test_large_test_parts_are_possible(rows):
    _, test = hold_out(rows, 0.75, seed=1)
    assert 0.6 < len(test) / len(rows) < 0.9


def test_every_row_is_held_out_once(rows):
    held_out = np.concatenate([part for _, part in folds(rows, 4, seed=0)])
    assert sorted(held_out) == list(range(len(rows)))


def test_more_folds_than_groups_is_refused(rows):
    few = rows.take(range(3))
    with pytest.raises(InputError, match="can't fill 5 folds"):
        next(folds(few, 5, seed=0))


def test_rare_label_sets_count_as_their_rarest_label():
    y = np.array([[1, 0]] * 20 + [[0, 1]] * 12 + [[1, 1]] * 3)
    codes = stratum(y)
    assert codes[-1] == codes[20]
    assert codes[-1] != codes[0]
