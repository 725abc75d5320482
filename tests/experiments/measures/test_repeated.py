import numpy as np
import pytest

from experiments.measures.metrics import measure
from experiments.measures.repeated import flat_spreads, measure_repeated, spread

LABELS = ["threat", "denial"]


def models(n_models, n_groups, model_sd, seed=0):
    """Return truth, probabilities and decisions of models that differ by their luck, and groups of four rows each."""
    rng = np.random.default_rng(seed)
    n = n_groups * 4
    y = (rng.random((n, 2)) < 0.4).astype(np.int8)
    skill = 0.25 + model_sd * rng.standard_normal((n_models, 1, 1))
    wrong = rng.random((n_models, n, 2)) < np.clip(skill, 0.01, 0.9)
    decided = np.where(wrong, 1 - y, y).astype(np.int8)
    return y, np.where(decided > 0, 0.8, 0.2), decided, [str(row // 4) for row in range(n)]


def test_mean_and_deviation_are_those_of_the_models_measured_one_by_one():
    y, probabilities, decided, groups = models(4, 20, 0.1)
    found = measure_repeated(y, probabilities, decided, LABELS, groups, bootstrap=0)
    for name in ("macro_f1", "threat.precision", "log_loss"):
        each = [
            measure(y, p, d, LABELS, groups, bootstrap=0)[name].value
            for p, d in zip(probabilities, decided, strict=True)
        ]
        assert found[name].each.tolist() == each
        assert found[name].mean.value == pytest.approx(np.mean(each))
        assert found[name].sd == pytest.approx(np.std(each, ddof=1))
        assert np.isnan(found[name].mean.low)


def test_one_model_many_times_has_the_bounds_of_one():
    y, probabilities, decided, groups = models(1, 40, 0)
    one = measure(y, probabilities[0], decided[0], LABELS, groups, bootstrap=300, seed=5)
    same = measure_repeated(y, probabilities.repeat(3, 0), decided.repeat(3, 0), LABELS, groups, bootstrap=300, seed=5)
    for name, estimate in one.items():
        assert same[name].mean.value == pytest.approx(estimate.value)
        assert (same[name].mean.low, same[name].mean.high) == pytest.approx((estimate.low, estimate.high), nan_ok=True)
        assert same[name].sd == pytest.approx(0, abs=1e-12)


def test_bounds_are_wider_where_models_differ_and_cover_both_sources():
    def width(model_sd, n_groups):
        y, probabilities, decided, groups = models(8, n_groups, model_sd)
        mean = measure_repeated(y, probabilities, decided, LABELS, groups, bootstrap=400)["macro_f1"].mean
        assert mean.low < mean.value < mean.high
        return mean.high - mean.low

    assert width(0.1, 300) > 2 * width(0.0, 300)  # the models' luck alone
    assert width(0.0, 30) > 2 * width(0.0, 300)  # the rows alone


def test_share_of_intervals_that_hold_the_truth():
    held = 0
    big_y, big_p, big_d, big_groups = models(60, 500, 0.08, seed=1)
    truth = measure_repeated(big_y, big_p, big_d, LABELS, big_groups, bootstrap=0)["macro_f1"].mean.value
    for seed in range(100, 160):
        y, probabilities, decided, groups = models(8, 25, 0.08, seed)
        mean = measure_repeated(y, probabilities, decided, LABELS, groups, bootstrap=200)["macro_f1"].mean
        held += mean.low <= truth <= mean.high
    assert held >= 51  # of 60: 85%


def test_too_few_groups_have_no_bounds_and_counts_no_deviation():
    y, probabilities, decided, groups = models(3, 4, 0.1)
    flat = flat_spreads(measure_repeated(y, probabilities, decided, LABELS, groups, bootstrap=100), "test")
    assert "test.macro_f1.sd" in flat
    assert "test.macro_f1.low" not in flat
    assert "test.threat.support.sd" not in flat


def test_label_that_no_row_has_is_undefined_and_left_out():
    y, probabilities, decided, groups = models(3, 20, 0.1)
    y[:, 1] = 0
    found = measure_repeated(y, probabilities, decided, LABELS, groups, bootstrap=50)
    assert np.isnan(found["denial.f1"].mean.value)
    assert found["macro_f1"].mean.value == pytest.approx(found["threat.f1"].mean.value)


def test_folds_without_a_label_are_left_out_of_the_mean():
    found = spread([0.5, float("nan"), 0.7])
    assert found.mean.value == pytest.approx(0.6)
    assert found.sd == pytest.approx(0.2 / 2**0.5)
    assert np.isnan(spread([0.5]).sd)
