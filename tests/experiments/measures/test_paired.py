import itertools

import numpy as np
import pytest
from sklearn.metrics import f1_score

from experiments.measures import resampling
from experiments.measures.metrics import measure
from experiments.measures.paired import PairedScores, compare_decisions, holm, verdict
from experiments.measures.resampling import Estimate

LABELS = ["a", "b", "c"]


def systems(seed=0, n=160, per_group=4, better=0.0):
    """Truth, two systems that err at random (the second less by ``better``), and groups."""
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 3)) < (0.5, 0.3, 0.2)).astype(int)
    found = []
    for rate in (0.3, 0.3 - better):
        wrong = rng.random((n, 3)) < rate
        decided = np.where(wrong, 1 - y, y)
        found.append((np.clip(0.2 + 0.6 * decided + 0.1 * rng.standard_normal((n, 3)), 0.01, 0.99), decided))
    return y, found, [f"g{row // per_group}" for row in range(n)]


def test_values_and_differences_are_those_of_measure():
    y, both, groups = systems()
    paired = PairedScores(y, both, LABELS, groups, times=50)
    alone = [measure(y, *each, LABELS, groups, bootstrap=0) for each in both]
    for metric in paired.metrics:
        assert paired.value(metric, 1) == pytest.approx(alone[1][metric].value), metric
        assert paired.difference(metric, 0, 1).value == pytest.approx(alone[1][metric].value - alone[0][metric].value)
    assert "macro_average_precision" in paired.metrics and "a.f1" in paired.metrics and "ece" not in paired.metrics


def test_test_tries_every_exchange_of_whole_groups_when_they_are_few():
    y, both, groups = systems(n=24)  # six groups
    paired = PairedScores(y, both, LABELS, groups, times=50)
    (_, first), (_, second) = both
    seen = abs(f1_score(y, second, average="macro") - f1_score(y, first, average="macro"))
    count = 0
    for kept in itertools.product([True, False], repeat=6):
        rows = np.repeat(kept, 4)[:, None]
        one, other = np.where(rows, first, second), np.where(rows, second, first)
        scores = [f1_score(y, each, average="macro", zero_division=np.nan) for each in (one, other)]
        count += abs(scores[0] - scores[1]) >= seen - 1e-12
    assert paired.p_value("macro_f1", 0, 1) == pytest.approx(count / 64)
    assert paired.p_value("macro_f1", 1, 0) == paired.p_value("macro_f1", 0, 1)


@pytest.mark.parametrize("metric", ["macro_f1", "a.recall", "log_loss", "brier", "macro_average_precision"])
def test_what_is_better_is_found_better_and_the_other_way_round_worse(metric):
    y, both, groups = systems(better=0.25, n=400)
    paired = PairedScores(y, both, LABELS, groups, times=300)
    assert paired.compare(metric, 0, 1).verdict == "better"
    assert paired.compare(metric, 1, 0).verdict == "worse"
    there, back = paired.difference(metric, 0, 1), paired.difference(metric, 1, 0)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_a_system_is_no_worse_than_itself():
    y, both, groups = systems()
    found = compare_decisions(y, both[0][1], both[0][1], groups)
    assert (found.difference.value, found.difference.low, found.difference.high) == (0, 0, 0)
    assert (found.p, found.verdict, found.needed) == (1, "no worse", None)


def test_small_samples_cannot_tell_and_say_how_many_groups_would():
    y, both, groups = systems(seed=4, n=60, better=0.05)
    found = compare_decisions(y, both[0][1], both[1][1], groups)
    assert found.verdict == "can't tell"
    assert found.needed > len(set(groups))
    # with so many groups of the same kind it is told in some four of five samples
    y, both, groups = systems(seed=5, n=4 * 4 * found.needed, better=0.05)
    assert compare_decisions(y, both[0][1], both[1][1], groups).verdict == "better"


def test_groups_count_not_rows():
    y, both, _ = systems(seed=3, n=100, better=0.1)
    repeat = [np.repeat(part, 20, axis=0) for part in (y, both[0][1], both[1][1])]
    once = compare_decisions(y, both[0][1], both[1][1], [str(row) for row in range(100)])
    copied = compare_decisions(*repeat, [str(row // 20) for row in range(2000)])
    naive = compare_decisions(*repeat, [str(row) for row in range(2000)])
    assert copied.difference.low == pytest.approx(once.difference.low, abs=0.01)
    assert copied.p == pytest.approx(once.p, abs=0.03)
    assert naive.p < once.p / 3


def test_fewer_than_five_groups_have_no_bounds_and_no_verdict():
    y, both, groups = systems(n=16, better=0.3)
    found = compare_decisions(y, both[0][1], both[1][1], groups)
    assert np.isnan([found.difference.low, found.p]).all()
    assert (found.verdict, found.needed) == ("can't tell", None)


def test_rows_that_nobody_decided_count_for_nothing():
    y, both, groups = systems(n=200)
    y[:80, 0] = -1
    other = both[1][1].copy()
    other[:80, 0] = 1 - other[:80, 0]
    first, second = (compare_decisions(y, both[0][1], given, groups) for given in (both[1][1], other))
    assert first == second


def test_holm_takes_the_smallest_times_all_and_never_goes_down():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    adjusted = holm([0.5, float("nan"), 0.9])
    assert adjusted[0] == 1.0 and np.isnan(adjusted[1]) and adjusted[2] == 1.0


def test_verdicts_follow_bounds_margin_and_test():
    assert verdict(Estimate(0.03, 0.01, 0.05), 0.01) == "better"
    assert verdict(Estimate(0.03, 0.01, 0.05), 0.2) == "no worse"  # once others are counted in
    assert verdict(Estimate(0.0, -0.005, 0.005), 0.9) == "no worse"
    assert verdict(Estimate(0.0, -0.005, 0.005), 0.9, margin=0.001) == "can't tell"
    assert verdict(Estimate(-0.05, -0.08, -0.02), 0.001) == "worse"
    assert verdict(Estimate(-0.05, -0.08, -0.02), 0.001, metric="log_loss") == "better"
    assert verdict(Estimate(0.05), float("nan")) == "can't tell"


def test_several_seeds_of_one_system_count_by_their_mean_and_widen_the_bounds():
    y, (first, _), groups = systems(n=400)
    runs = [systems(seed=0, n=400, better=better)[1][1] for better in (0.0, 0.1, 0.2)]
    paired = PairedScores(y, [first, runs, first], LABELS, groups, times=400)
    alone = PairedScores(y, [first, *runs], LABELS, groups, times=400)
    found = paired.difference("macro_f1", 0, 1)
    assert found.value == pytest.approx(np.mean([alone.difference("macro_f1", 0, k).value for k in (1, 2, 3)]))
    single = alone.difference("macro_f1", 0, 2)
    assert found.high - found.low > single.high - single.low
    # five times the same model are that model
    same = PairedScores(y, [[first] * 5, runs[2]], LABELS, groups, times=400)
    assert same.p_value("macro_f1", 0, 1) == pytest.approx(alone.p_value("macro_f1", 0, 3))
    assert same.difference("macro_f1", 0, 1) == alone.difference("macro_f1", 0, 3)


@pytest.mark.parametrize("cells", [1, 41 * 40])
def test_differences_do_not_depend_on_the_memory_they_are_computed_in(cells, monkeypatch):
    y, both, groups = systems()
    whole = PairedScores(y, both, LABELS, groups, times=100)
    monkeypatch.setattr(resampling, "_CELLS", cells)
    blocks = PairedScores(y, both, LABELS, groups, times=100)
    for metric in ("macro_f1", "a.average_precision", "log_loss"):
        one, other = whole.difference(metric, 0, 1), blocks.difference(metric, 0, 1)
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))
