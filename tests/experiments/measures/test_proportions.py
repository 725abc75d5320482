import numpy as np
import pytest
from scipy import stats

from experiments.measures.proportions import mean_bounds, proportion_bounds


def test_independent_rows_have_wilsons_bounds():
    hits = np.r_[np.ones(300), np.zeros(100)]
    low, high = proportion_bounds(hits, np.ones(400))
    known = stats.binomtest(300, 400).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((known.low, known.high), abs=0.002)


def test_rows_that_are_all_alike_in_their_group_count_as_one():
    rng = np.random.default_rng(2)
    alike = (rng.random(200) < 0.6).astype(float)
    one, ten = proportion_bounds(alike, np.ones(200)), proportion_bounds(10 * alike, np.full(200, 10.0))
    assert ten == pytest.approx(one, abs=0.003)


def test_a_rate_at_the_edge_has_bounds_on_one_side():
    low, high = proportion_bounds(np.ones(7), np.ones(7))
    assert high == 1 and 0.55 < low < 0.65  # Wilson at 7 in 7: 0.646, and seven groups say less than seven rows
    low, high = proportion_bounds(np.zeros(7), np.ones(7))
    assert low == 0 and 0.35 < high < 0.45


def test_where_no_difference_is_seen_large_groups_still_count_less_than_their_rows():
    few = proportion_bounds(np.full(7, 20.0), np.full(7, 20.0))
    assert few[0] < stats.binomtest(140, 140).proportion_ci(method="wilson").low - 0.02


def test_groups_without_trials_do_not_count_and_two_are_too_few():
    hits, trials = np.array([1.0, 2, 0, 1, 0, 0]), np.array([2.0, 2, 1, 3, 0, 0])
    assert proportion_bounds(hits, trials) == proportion_bounds(hits[:4], trials[:4])
    assert np.isnan(proportion_bounds(np.array([1.0, 1, 0]), np.array([1.0, 2, 0]))).all()


def test_mean_of_what_goes_together_is_known_less_well_than_of_what_does_not():
    rng = np.random.default_rng(1)
    influence = rng.standard_normal((50, 2))
    alike = np.stack([influence[:, 0], influence[:, 0]], axis=1)
    apart = mean_bounds([0.5, 0.5], [(0.4, 0.6), (0.4, 0.6)], influence)
    together = mean_bounds([0.5, 0.5], [(0.4, 0.6), (0.4, 0.6)], alike)
    assert together == pytest.approx((0.4, 0.6))
    assert apart[1] - apart[0] == pytest.approx(0.2 / np.sqrt(2), rel=0.2)


def test_a_part_without_bounds_is_taken_for_unknown():
    influence = np.random.default_rng(1).standard_normal((50, 2))
    unknown = mean_bounds([0.5, 0.5], [(0.45, 0.55), (float("nan"), float("nan"))], influence)
    assert unknown[1] - unknown[0] > 0.45
