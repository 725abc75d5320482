"""Rows and labels that nobody decided, and labels with few rows, in splits and checks."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.config.schema import Task
from experiments.corpus.checks import check_labels, check_training, undecided_counts, undecided_lines
from experiments.corpus.rows import Labelled
from experiments.corpus.splits import folds, hold_out, stratum
from experiments.errors import InputError
from experiments.tables.table import table_of

TASK = Task(name="framing", labels=["threat", "denial"])


def labelled(y, groups=None, texts=None):
    y = np.asarray(y, dtype=np.int8)
    names = [f"r{row}" for row in range(len(y))]
    texts = texts or [f"Sentence {name} about nothing else." for name in names]
    rows = table_of([{"text": text} for text in texts])
    return Labelled("rows.csv", rows, names, texts, list(map(str, groups if groups is not None else names)), y)


def test_a_part_of_the_rows_counts_none_as_left_out():
    assert replace(labelled([[1, 0]] * 3), undecided=5).take([0, 1]).undecided == 0


def test_undecided_is_a_stratum_of_its_own():
    y = np.array([[1, 0]] * 12 + [[1, -1]] * 12 + [[0, 0]] * 12 + [[0, -1]] * 12 + [[0, 1]] * 12)
    codes = stratum(y)
    assert [len(set(codes[start : start + 12])) for start in range(0, 60, 12)] == [1] * 5
    assert len(set(codes)) == 5


def test_rare_set_with_an_undecided_label_counts_as_its_rarest_label():
    codes = stratum(np.array([[1, 0, 0]] * 30 + [[0, 1, 0]] * 20 + [[1, 1, -1]] * 3 + [[0, 0, -1]] * 2))
    assert codes[50] == codes[30] != codes[0]
    assert codes[53] not in codes[:53]


def test_folds_spread_undecided_rows_evenly():
    data = labelled([[1, 0], [0, 1], [1, -1], [0, -1]] * 20)
    for _, part in folds(data, 4, seed=0):
        assert (data.y[part, 1] == -1).sum() == 10


def test_test_part_has_each_label_at_its_rate_among_the_decided_rows():
    rng = np.random.default_rng(0)
    y = (rng.random((300, 2)) < [0.5, 0.3]).astype(int)
    y[rng.random(300) < 0.5, 1] = -1
    data = labelled(y, [row // 5 for row in range(300)])
    for seed in range(5):
        _, test = hold_out(data, 0.25, seed)
        for column in range(2):
            all_rows, part = (each[each >= 0] for each in (y[:, column], test.y[:, column]))
            assert abs(part.mean() - all_rows.mean()) < 0.04


def test_training_part_takes_on_the_count_of_rows_left_out():
    train, test = hold_out(replace(labelled([[1, 0], [0, 1]] * 10), undecided=7), 0.25, seed=0)
    assert (train.undecided, test.undecided) == (7, 0)


@pytest.mark.parametrize("seed", range(20))
def test_every_label_has_test_rows_where_its_groups_allow_it(seed):
    # of 1,000 groups three hold the second label: in half of all splits of a fifth none of them is drawn
    y = np.zeros((1000, 2))
    y[::2, 0] = 1
    y[[3, 500, 901], 1] = 1
    train, test = hold_out(labelled(y), 0.2, seed)
    assert test.y[:, 1].sum() == 1 and train.y[:, 1].sum() == 2
    assert len(test) == pytest.approx(200, abs=2)


def test_groups_are_moved_where_no_random_split_holds_every_label():
    # twelve labels, each in three groups of 3,000: no random split has them all on both sides
    y = np.zeros((3000, 12))
    for label in range(12):
        y[[label, 1000 + label, 2000 + label], label] = 1
    train, test = hold_out(labelled(y), 0.01, seed=0)
    assert (test.y.sum(axis=0) == 1).all() and (train.y.sum(axis=0) == 2).all()
    assert sorted(train.ids + test.ids) == sorted(f"r{row}" for row in range(3000))
    assert len(test) < 60


@pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 1, 1, 1], [0, 1]], ids=["one group", "one and three", "two rows"])
def test_training_keeps_two_rows_of_a_label(groups):
    # what is left after testing must be enough to learn from; a label with fewer rows stays in training
    y = np.zeros((200, 2))
    y[40:120, 0] = 1
    y[: len(groups), 1] = 1
    data = labelled(y, [*groups, *range(2, 202 - len(groups))])
    for seed in range(10):
        train, _ = hold_out(data, 0.3, seed)
        assert train.y[:, 1].sum() >= 2
        check_labels(train, TASK)


def test_what_nobody_decided_is_counted_and_said():
    data = replace(labelled([[1, -1]] * 60 + [[0, 1]] * 60 + [[1, 0]] * 60), undecided=20)
    assert undecided_counts(data, TASK.labels) == {"rows": 20, "labels": {"denial": 60}}
    assert undecided_lines(data, TASK.labels) == [
        "rows.csv: 20 of 200 rows have no decided label: left out",
        "rows.csv: label denial: decided in 120 of 180 rows",
    ]
    whole = labelled([[1, 0], [0, 1]])
    assert undecided_counts(whole, TASK.labels) == {"rows": 0, "labels": {}}
    assert undecided_lines(whole, TASK.labels) == []


def test_undecided_rows_are_not_rows_with_the_label():
    with pytest.raises(InputError, match=r"rows.csv: the label 'denial' has 1 training row\(s\)"):
        check_training(labelled([[1, -1]] * 9 + [[0, 1], [0, 0]]), TASK)
    lines = check_training(labelled([[1, -1]] * 30 + [[0, 1]] * 3 + [[0, 0]]), TASK)
    assert "rows.csv: label 'denial' has only 3 training rows" in lines


def test_label_that_every_decided_row_has_is_refused():
    with pytest.raises(InputError, match="every training row of the 3 where it is decided has the label 'denial'"):
        check_training(labelled([[1, 1]] * 3 + [[0, -1]] * 5), TASK)
    with pytest.raises(InputError, match="every training row has the label 'denial'"):
        check_training(labelled([[1, 1]] * 3 + [[0, 1]] * 5), TASK)


@pytest.mark.parametrize(("second", "clashes"), [([1, -1], False), ([-1, 0], False), ([0, -1], True)])
def test_what_is_undecided_contradicts_nothing(second, clashes):
    y = [[1, 0], second, *[[1, 1]] * 20, *[[0, 0]] * 20]
    texts = [
        "The envoy denied it.",
        "The envoy denied it.",
        *[f"{word} fell over" for word in map(chr, range(97, 137))],
    ]
    lines = check_training(labelled(y, texts=texts), TASK)
    assert any("with different labels" in line for line in lines) == clashes


def test_rows_that_differ_in_what_is_decided_never_pass_for_the_same_test_rows():
    # a champion is measured by the labels that have rows, and only against models with the digest of its own test rows
    first, other = labelled([[1, 0], [0, 1]]), labelled([[1, -1], [0, 1]])
    assert first.digest != other.digest
    assert first.digest == labelled([[1, 0], [0, 1]]).digest
