import numpy as np
import pytest

from experiments.config.schema import Data, Task
from experiments.corpus.rows import Labelled, load_labelled
from experiments.corpus.splits import folds, hold_out, stratum
from experiments.errors import InputError
from experiments.tables.table import Table

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


def labelled(y, groups):
    y = np.asarray(y, dtype=np.int8)
    names = [f"r{row}" for row in range(len(y))]
    return Labelled("rows.csv", Table("rows", {"text": names}), names, names, list(map(str, groups)), y)


@pytest.mark.parametrize(("n", "own"), [(9, False), (10, True)])
def test_label_sets_of_ten_rows_are_strata_of_their_own(n, own):
    codes = stratum(np.array([[1, 0]] * 20 + [[0, 1]] * 12 + [[1, 1]] * n + [[0, 0]] * 3))
    assert len(set(codes)) == 3 + own
    assert len(set(codes[-3:])) == 1 and codes[-1] not in codes[:-3]  # rows without labels stay apart however few


def test_rare_set_of_three_labels_counts_as_the_one_with_fewest_rows():
    y = np.array([[1, 0, 0]] * 12 + [[0, 1, 0]] * 20 + [[0, 0, 1]] * 16 + [[0, 1, 1]] * 2 + [[1, 1, 1]])
    codes = stratum(y)
    assert codes[-1] == codes[0]
    assert codes[-2] == codes[-3] == codes[40]
    assert len(set(codes)) == 3


def test_folds_hold_out_whole_groups_and_train_on_all_others(rows):
    groups = np.array(rows.groups)
    for rest, held_out in folds(rows, 4, seed=0):
        assert not set(groups[rest]) & set(groups[held_out])
        assert sorted([*rest, *held_out]) == list(range(len(rows)))
        assert np.abs(rows.y[held_out].mean(axis=0) - rows.y.mean(axis=0)).max() < 0.15


def test_folds_depend_on_the_seed_alone(rows):
    first, again, other = ([tuple(part) for _, part in folds(rows, 4, seed)] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.filterwarnings("error")
def test_as_many_folds_as_groups_leave_one_group_out_each_though_labels_are_rare():
    data = labelled([[1, 0], [1, 0], [1, 0], [0, 1], [0, 0], [1, 1]], [0, 0, 1, 1, 2, 2])
    assert sorted(tuple(part) for _, part in folds(data, 3, seed=0)) == [(0, 1), (2, 3), (4, 5)]
    with pytest.raises(InputError, match=r"rows.csv: 3 group\(s\) can't fill 4 folds"):
        next(folds(data, 4, seed=0))


@pytest.mark.filterwarnings("error")
def test_folds_of_rows_that_are_all_alike_are_possible():
    data = labelled([[1, 0]] * 3, [0, 1, 2])
    assert len(list(folds(data, 3, seed=0))) == 3
    few = labelled([[1, 0]] * 2 + [[0, 1]] * 2, [0, 1, 2, 3])
    assert len(list(folds(few, 4, seed=0))) == 4


def test_labels_that_are_common_enough_are_spread_over_the_folds():
    # ten groups with one label and four with the other, which stand together at the end
    data = labelled([[1, 0]] * 20 + [[0, 1]] * 8, [row // 2 for row in range(28)])
    for seed in range(5):
        assert [data.y[part, 1].sum() for _, part in folds(data, 4, seed)] == [2, 2, 2, 2]


def test_hold_out_needs_two_groups():
    with pytest.raises(InputError, match=r"rows.csv: all rows are of one group; a test part needs"):
        hold_out(labelled([[1, 0]] * 4, [0] * 4), 0.5, seed=0)
    train, test = hold_out(labelled([[1, 0]] * 4, [0, 0, 1, 1]), 0.5, seed=0)
    assert {*train.groups, *test.groups} == {"0", "1"}


def test_held_out_part_has_the_labels_of_all_rows_and_the_size_asked_for():
    # two labels in turn, and groups of one to eight rows: of the parts of two groups few are even in both
    data = labelled(np.eye(2)[np.arange(36) % 2], [group for group in range(8) for _ in range(group + 1)])
    for seed in range(10):
        train, test = hold_out(data, 0.25, seed)
        assert len(test) == pytest.approx(0.25 * 36, abs=1)
        assert test.y[:, 0].sum() == test.y[:, 1].sum()
        assert sorted(train.ids + test.ids) == sorted(data.ids)


def test_held_out_part_has_each_label_at_its_own_rate():
    rng = np.random.default_rng(0)
    data = labelled(rng.random((200, 2)) < [0.7, 0.1], [row // 5 for row in range(200)])
    for seed in range(5):
        _, test = hold_out(data, 0.25, seed)
        assert np.abs(test.y.mean(axis=0) - data.y.mean(axis=0)).max() < 0.02


def test_label_with_as_many_rows_as_there_are_folds_is_in_each_of_them():
    data = labelled([[1, 0]] * 24 + [[0, 1]] * 4, range(28))
    for seed in range(5):
        assert [data.y[part, 1].sum() for _, part in folds(data, 4, seed)] == [1, 1, 1, 1]


@pytest.mark.parametrize("size", [0.001, 0.999])
def test_part_that_leaves_a_side_without_groups_is_one_line(size):
    data = labelled([[1, 0], [0, 1]] * 4, list(range(8)))
    if size > 0.5:
        with pytest.raises(InputError, match=r"rows.csv: a part of 0.999 of its 8 groups leaves none on one side"):
            hold_out(data, size, seed=0)
    else:
        assert len(hold_out(data, size, seed=0)[1]) >= 1
