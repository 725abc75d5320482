"""A promise of few errors is kept: exactly where the exact answer is known, and among articles that are hard on it."""

import numpy as np
import pytest
from scipy import stats

from experiments.measures.risk import (
    Surest,
    aurc,
    choose_cut,
    confidence_of,
    exceeds,
    first_tried,
    least_level,
    risk_coverage,
    upper_bound,
)
from tests.abstaining import _binomial, _run, _truth, broken


def first_wrong(n, wrong):
    errors = np.zeros(n)
    errors[:wrong] = 1
    return errors


@pytest.mark.parametrize(("n", "wrong"), [(59, 0), (58, 0), (212, 4), (30, 3), (2000, 80)])
def test_sentences_of_articles_of_their_own_are_tested_by_the_binomial(n, wrong):
    errors = first_wrong(n, wrong)
    assert exceeds(errors, np.ones(n), 0.05) == pytest.approx(stats.binom.cdf(wrong, n, 0.05), abs=1e-5)
    assert upper_bound(errors, np.ones(n)) == pytest.approx(stats.beta.ppf(0.95, wrong + 1, n - wrong), abs=1e-4)


@pytest.mark.parametrize("length", [2, 7])
def test_articles_that_are_right_or_wrong_as_a_whole_are_the_units(length):
    errors, kept = length * first_wrong(90, 1), np.full(90, float(length))
    assert exceeds(errors, kept, 0.05) == pytest.approx(stats.binom.cdf(1, 90, 0.05), abs=1e-5)


def test_errors_of_one_article_count_for_more_than_those_of_many():
    kept = np.full(60, 5.0)
    spread, together = first_wrong(60, 5), np.zeros(60)
    together[0] = 5
    assert exceeds(together, kept, 0.05) > exceeds(spread, kept, 0.05) > stats.binom.cdf(5, 300, 0.05)


def test_without_rows_nothing_is_proven_and_all_wrong_never_is():
    assert exceeds(np.zeros(0), np.zeros(0), 0.05) == 1
    assert exceeds(np.ones(50), np.ones(50), 0.05) == pytest.approx(1, abs=1e-5)
    assert upper_bound(np.ones(50), np.ones(50)) == pytest.approx(1, abs=1e-3)


def rows(errors, articles=None):
    """Rows whose confidence falls from one to the next."""
    n = len(errors)
    return Surest.of(1 - np.arange(n) / n / 2, np.asarray(errors, dtype=bool), articles or list(map(str, range(n))))


def test_a_cut_keeps_the_surest_up_to_where_errors_begin():
    errors = np.r_[np.zeros(300), np.ones(100)]
    cut = choose_cut(rows(errors), 0.05)
    assert cut is not None and 270 <= cut.kept <= 310 and cut.rows == 400
    assert cut.confidence == pytest.approx(1 - (cut.kept - 1) / 800)
    assert cut.errors == errors[: cut.kept].sum()
    everything = choose_cut(rows(np.zeros(300)), 0.05)
    assert everything is not None and (everything.kept, everything.confidence) == (300, 0.0)


def test_cuts_after_the_first_that_fails_are_not_looked_at():
    errors = np.r_[np.zeros(150), np.ones(30), np.zeros(3000)]  # all together would do, a part on the way doesn't
    assert exceeds(first_wrong(3180, 30), np.ones(3180), 0.05) < 0.05
    assert choose_cut(rows(errors), 0.05) is None or choose_cut(rows(errors), 0.05).kept < 200
    assert choose_cut(rows(np.r_[np.ones(30), np.zeros(3000)]), 0.05) is None


def test_rows_of_one_confidence_stay_on_one_side():
    alike = Surest.of(np.repeat([0.9, 0.6], [200, 200]), np.r_[np.zeros(200), np.ones(200)], list(range(400)))
    cut = choose_cut(alike, 0.05)
    assert cut is not None and (cut.kept, cut.confidence) == (200, 0.9)
    constant = Surest.of(np.full(400, 0.7), np.r_[np.zeros(399), 1], list(range(400)))
    cut = choose_cut(constant, 0.05)
    assert cut is not None and (cut.kept, cut.confidence) == (400, 0.0)


def test_where_the_trying_begins_does_not_look_at_errors():
    assert first_tried(rows(np.zeros(500)), 0.05) == first_tried(rows(np.ones(500)), 0.05)
    assert first_tried(rows(np.zeros(58)), 0.05) is None  # 0.95 ** 58 > 0.05: not even without an error
    assert first_tried(rows(np.zeros(59)), 0.05) == 59
    together = rows(np.zeros(500), [str(number // 10) for number in range(500)])
    assert first_tried(together, 0.05) is None  # 50 articles


def test_the_lowest_level_is_the_first_that_has_a_cut():
    found = rows(np.tile([1, *[0] * 9], 40))  # every tenth is wrong
    least = least_level(found)
    assert least is not None and 0.1 < least < 0.2
    assert choose_cut(found, least) is not None and choose_cut(found, least - 0.01) is None
    assert least_level(rows(np.ones(100))) is None


def test_the_lowest_level_is_found_below_levels_that_are_refused():
    g = np.random.default_rng(51)
    n = int(g.integers(40, 150))
    confidence = np.round(g.random(n), 2)
    wrong = g.random(n) < (1 - confidence) * g.uniform(0.1, 0.8)
    found = Surest.of(confidence, wrong, np.arange(n) // int(g.integers(1, 3)))
    assert choose_cut(found, 0.39) is None and choose_cut(found, 0.53) is None  # their orders begin with fewer rows
    assert least_level(found) == 0.34 and choose_cut(found, 0.34) is not None
    assert not any(choose_cut(found, level / 100) for level in range(1, 34))


def test_a_curve_has_errors_bounds_and_an_area():
    errors = np.r_[np.zeros(60), np.ones(40)]
    points = risk_coverage(rows(errors), 10)
    assert [point.kept for point in points] == [10 * step for step in range(1, 11)]
    assert [round(point.error, 3) for point in points[5:]] == [0, 0.143, 0.25, 0.333, 0.4]
    assert all(point.bound > point.error for point in points)
    assert aurc(rows(errors)) < aurc(rows(errors[::-1]))
    assert aurc(rows(np.tile([0, 1], 500))) == pytest.approx(0.5, abs=0.01)
    assert aurc(rows(np.zeros(50))) == 0


def test_confidence_is_the_probability_that_all_labels_are_right():
    p = np.array([[0.9, 0.2], [0.45, 0.1]])
    assert confidence_of(p, p >= [0.4, 0.5], True).tolist() == pytest.approx([0.72, 0.405])
    assert confidence_of(p, p >= 0.5, False).tolist() == pytest.approx([0.9, 0.45])


def test_promises_hold_among_the_hardest_articles_where_independent_rows_would_break_them():
    """Of 150 repetitions 5% may break; up to 10% is what chance makes of that in one of a hundred such tests."""
    for world, mean, articles in (("flat, whole articles", 1.5, 150), ("long ones err", 4.0, 150)):
        assert broken(world, mean, articles, 150) <= 0.1
    naive, _, _ = _run(
        _binomial, "flat, whole articles", 8.0, 150, _truth("flat, whole articles", 8.0), times=60, seed=7
    )
    assert naive > 0.1
