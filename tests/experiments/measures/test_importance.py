import numpy as np
import pytest

from experiments.measures.importance import exchange_rows, importance
from tests.importance import coverage

LABELS = ["a", "b"]


@pytest.mark.parametrize("sizes", [[1] * 30, [3, 3, 3], [5, 1, 4], [2, 2], [7, 9, 1, 4]])
def test_no_row_gets_a_part_of_its_own_group(sizes):
    groups = np.repeat([f"g{at}" for at in range(len(sizes))], sizes)
    for seed in range(20):
        donors = exchange_rows(groups.tolist(), np.random.default_rng(seed))
        assert sorted(donors) == list(range(len(groups)))
        assert (groups[donors] != groups).all()


def test_where_one_group_has_most_rows_the_permutation_is_plain():
    groups = ["large"] * 7 + ["small"] * 2
    drawn = {tuple(exchange_rows(groups, np.random.default_rng(seed))) for seed in range(20)}
    assert len(drawn) > 10
    assert all(sorted(each) == list(range(9)) for each in drawn)


def test_every_other_group_gives_about_as_often():
    groups = [f"g{at // 3}" for at in range(12)]
    given = [groups[exchange_rows(groups, np.random.default_rng(seed))[0]] for seed in range(600)]
    counts = {name: given.count(name) for name in set(given)}
    assert set(counts) == {"g1", "g2", "g3"}
    assert min(counts.values()) > 150


def rows(n=120, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 2)) < [0.5, 0.3]).astype(np.int8)
    return y, [f"g{at // 4}" for at in range(n)], rng


def test_what_changes_no_decision_is_worth_nothing():
    y, groups, _ = rows()
    found = importance(y, y, [y, y, y], LABELS, groups, 100)
    assert {name: each.value for name, each in found.items()} == {"macro_f1": 0, "a.f1": 0, "b.f1": 0}
    assert found["macro_f1"].low == found["macro_f1"].high == 0


def test_the_value_is_the_mean_drop_of_f1():
    y, groups, rng = rows()
    donors = [exchange_rows(groups, rng) for _ in range(4)]
    exchanged = [np.stack([y[:, 0], y[each, 1]], axis=1) for each in donors]
    found = importance(y, y, exchanged, LABELS, groups, 200, 1)
    f1 = [2 * (y[:, 1] & y[each, 1]).sum() / (y[:, 1].sum() + y[each, 1].sum()) for each in donors]
    assert found["a.f1"].value == 0
    assert found["b.f1"].value == pytest.approx(1 - np.mean(f1))
    assert found["macro_f1"].value == pytest.approx((1 - np.mean(f1)) / 2)
    assert found["b.f1"].low < found["b.f1"].value < found["b.f1"].high


def test_undecided_cells_count_for_nothing():
    y, groups, _ = rows()
    blind = y.copy()
    blind[::3] = -1
    wrong = np.where(blind < 0, 1 - y, y)  # wrong only where nobody decided
    assert importance(blind, y, [wrong], LABELS, groups, 0)["macro_f1"].value == 0


def test_few_groups_have_no_bounds():
    y, _, _ = rows(8)
    groups = ["a"] * 4 + ["b"] * 4
    found = importance(y, y, [1 - y], LABELS, groups, 100)
    assert found["macro_f1"].value == 1
    assert np.isnan(found["macro_f1"].low)


def test_bounds_hold_what_other_articles_would_give():
    assert 0.9 <= coverage(samples=200, articles=40, times=200) <= 0.995
