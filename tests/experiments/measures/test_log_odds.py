"""The marking words of Monroe, Colaresi and Quinn, against values worked out by hand."""

from math import log, sqrt

import numpy as np
import pytest

from experiments.measures.log_odds import log_odds, scaled_prior


def test_ratios_and_z_are_those_worked_out_by_hand():
    # 20 words here, 60 there, a prior of 8: "attack" 9 and 3 with 1.2, "the" 11 and 57 with 6.8
    found = log_odds(np.asarray([9, 11]), np.asarray([3, 57]), np.asarray([1.2, 6.8]))
    # (9 + 1.2) / (28 - 10.2) = 10.2 / 17.8 and (3 + 1.2) / (68 - 4.2) = 4.2 / 63.8
    ratio = log(10.2 / 17.8) - log(4.2 / 63.8)
    assert found.ratio.tolist() == pytest.approx([ratio, -ratio])
    assert ratio == pytest.approx(2.163858, abs=1e-6)
    assert found.z.tolist() == pytest.approx([ratio / sqrt(1 / 10.2 + 1 / 4.2), -ratio / sqrt(1 / 17.8 + 1 / 63.8)])
    assert found.z.tolist() == pytest.approx([3.732263, -8.072425], abs=1e-6)


def test_a_rare_word_marks_less_than_one_that_is_as_lopsided_and_frequent():
    here, there = np.asarray([2, 40, 958]), np.asarray([0, 0, 9000])
    z = log_odds(here, there, scaled_prior(here + there, 1000)).z
    assert 0 < z[0] < 2 < z[1]
    assert z[2] < 0


def test_a_heavier_prior_draws_ratios_to_nothing():
    here, there = np.asarray([30, 70]), np.asarray([10, 90])
    ratios = [log_odds(here, there, scaled_prior(here + there, weight)).ratio[0] for weight in (1, 100, 100_000)]
    assert ratios[0] > ratios[1] > ratios[2] > 0
    assert ratios[2] < 0.01


def test_nothing_is_said_where_there_is_nothing_to_compare():
    counts, none = np.asarray([3, 4]), np.asarray([0, 0])
    for here, there in ((counts, none), (none, counts)):
        assert np.isnan(log_odds(here, there, np.ones(2)).z).all()
    assert np.isnan(log_odds(np.asarray([5]), np.asarray([7]), np.asarray([2.0])).z).all()  # the only word
