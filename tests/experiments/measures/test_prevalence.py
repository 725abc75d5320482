"""Corrected shares: what they are by hand, at the edges, and how often their bounds hold the truth."""

import numpy as np
import pytest

from experiments.measures import prevalence_counts
from experiments.measures.allocation import allocate
from experiments.measures.prevalence import Corpus, Corrected, Design, corrected_shares, share_bounds
from experiments.measures.prevalence_counts import PARTS, Emq, adjusted_count
from experiments.measures.prevalence_differences import labelled_needed, share_difference
from tests.prevalences import SETTINGS, resampled, simulated


def alike(n: int, of: int, articles=None) -> Design:
    """Return the design of n sentences that were drawn alike, each the only one of its article."""
    return Design(np.full(n, of / n), np.arange(n) if articles is None else articles, np.zeros(n, dtype=int))


def one_each(answers: np.ndarray) -> Corpus:
    return Corpus(np.ones(len(answers)), answers)


@pytest.fixture
def read_well():
    """Return truth and answers of 1,000 sentences, of which the first 100 are labelled."""
    rng = np.random.default_rng(1)
    y = (rng.random((1000, 1)) < 0.3).astype(float)
    return y, np.where(rng.random((1000, 1)) < 0.9, y, 1 - y)


def test_the_sample_alone_is_its_mean_and_dsl_takes_off_what_the_answers_are_too_high_by(read_well):
    y, answers = read_well
    some = slice(0, 100)
    alone = corrected_shares(y[some], answers[some], alike(100, 1000), one_each(answers), weight=0.0)
    assert alone.values == pytest.approx(y[some].mean(axis=0))
    dsl = corrected_shares(y[some], answers[some], alike(100, 1000), one_each(answers), weight=1.0)
    assert dsl.values == pytest.approx(answers.mean(axis=0) + (y[some] - answers[some]).mean(axis=0))


def test_tuned_answers_have_the_smallest_variance_and_useless_ones_no_weight(read_well):
    y, answers = read_well
    some = slice(0, 100)
    found = {
        weight: corrected_shares(y[some], answers[some], alike(100, 1000), one_each(answers), weight=weight)
        for weight in (0.0, 0.5, 1.0, None)
    }
    assert 0.6 < found[None].weight < 1
    assert found[None].sampling[0] == min(each.sampling[0] for each in found.values())
    assert np.ptp(found[None].bounds[0]) < 0.8 * np.ptp(found[0.0].bounds[0])
    against = corrected_shares(y[some], 1 - answers[some], alike(100, 1000), one_each(1 - answers))
    assert (against.weight, against.values[0]) == (0.0, pytest.approx(y[some].mean()))


def test_the_variance_of_sentences_of_their_own_is_that_of_a_mean(read_well):
    y, answers = read_well
    found = corrected_shares(y[:100], answers[:100], alike(100, 1_000_000), one_each(answers), weight=0.0)
    of_mean = y[:100].var(ddof=1) / 100
    assert found.sampling[0] == pytest.approx(of_mean + 1 / 100**2)


def test_articles_that_speak_with_one_voice_make_bounds_wider():
    rng = np.random.default_rng(2)
    article = np.repeat(np.arange(40), 10)
    y = (rng.random(40) < 0.4).astype(float)[article][:, None]
    corpus = Corpus(np.full(40, 10), y.reshape(40, 10).sum(axis=1)[:, None] * 0 + 4.0)
    together = corrected_shares(y, y * 0 + 0.4, alike(400, 4000, article), corpus)
    apart = corrected_shares(y, y * 0 + 0.4, alike(400, 4000), Corpus(np.ones(400), y * 0 + 0.4))
    assert np.ptp(together.bounds[0]) > 2 * np.ptp(apart.bounds[0])


def test_rows_stand_for_as_many_as_their_probability_says():
    y = np.array([1.0] * 30 + [0.0] * 30)[:, None]
    design = Design(np.repeat([10.0, 90.0], 30), np.arange(60), np.repeat([0, 1], 30))
    found = corrected_shares(y, y * 0, design, one_each(np.zeros((3000, 1))))
    assert found.values[0] == pytest.approx(0.1)


def test_what_strata_have_apart_does_not_count_as_chance():
    y = np.array([1.0] * 27 + [0.0] * 3 + [1.0] * 6 + [0.0] * 24)[:, None]
    weights, strata = np.repeat([10.0, 90.0], 30), np.repeat([0, 1], 30)
    found = corrected_shares(y, y * 0, Design(weights, np.arange(60), strata), one_each(np.zeros((3000, 1))))
    assert found.values[0] == pytest.approx(0.1 * 0.9 + 0.9 * 0.2)
    within = 0.1**2 * y[:30].var(ddof=1) / 30 + 0.9**2 * y[30:].var(ddof=1) / 30
    assert found.sampling[0] == pytest.approx(within + ((weights**2).sum() / weights.sum() ** 2) ** 2)


def test_a_label_that_nobody_gave_has_bounds_that_end_near_the_rule_of_three():
    none = np.zeros((100, 1))
    found = corrected_shares(none, none, alike(100, 10_000), one_each(np.zeros((10_000, 1))))
    low, high = found.bounds[0]
    assert (found.values[0], low) == (0, 0)
    assert 0.03 < high < 0.05
    every = corrected_shares(none + 1, none + 1, alike(100, 10_000), one_each(np.ones((10_000, 1))))
    assert every.bounds[0] == pytest.approx([1 - high, 1])


def test_shares_of_classes_that_exclude_each_other_add_up_to_one():
    rng = np.random.default_rng(3)
    y = np.eye(3)[rng.integers(0, 3, 200)]
    answers = rng.dirichlet([1, 1, 1], 200) * 0.5 + 0.5 * y
    found = corrected_shares(y[:80], answers[:80], alike(80, 200), one_each(answers))
    assert found.values.sum() == pytest.approx(1)


def test_shares_of_classes_add_up_to_one_where_one_would_be_below_none():
    """The model gives a class that nobody found in the sample less often in the corpus than there."""
    y = np.repeat(np.eye(3)[1:], [20, 40], axis=0)
    answers = np.tile([0.1, 0.3, 0.6], (60, 1))
    corpus = one_each(np.vstack([answers, np.tile([0.0, 0.35, 0.65], (540, 1))]))
    found = corrected_shares(y, answers, alike(60, 600), corpus, weight=1.0)
    assert found.values.sum() == pytest.approx(1)
    assert (found.values[0], found.bounds[0][0]) == (0, 0)
    assert found.values[1:] == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(("setting", "boost"), [(SETTINGS[1], 0.5), (SETTINGS[4], 0.0)])
def test_bounds_hold_the_truth_where_those_of_counting_do_not(setting, boost):
    truth, found = simulated(150, setting, 200, boost, emq=0)
    for method in ("ppi++", "dsl", "sample"):
        assert 91 <= found.coverage(method) <= 99.4, method
        assert np.mean([value for value, *_ in found.rows[method]]) == pytest.approx(truth, abs=0.007)
    assert found.coverage("naive") < 25
    width = {method: np.mean([width for *_, width in rows]) for method, rows in found.rows.items()}
    assert width["ppi++"] <= min(width["sample"], width["dsl"])


def drawn_whole(times: int, of_article: float, answers_of_article: bool, weight: float | None) -> float:
    """Return how often bounds hold 30% where 20 of 300 articles of 20 sentences are drawn, with all that they have.

    Labels are alike in an article in a part of its sentences; answers are good, or say the same of a whole article.
    """
    articles, size, drawn, held = 300, 20, 20, 0
    article = np.repeat(np.arange(articles), size)
    for number in range(times):
        rng = np.random.default_rng([7, number])
        y = (rng.random(articles) < 0.3)[article]
        y = np.where(rng.random(len(y)) < of_article, y, rng.random(len(y)) < 0.3).astype(float)
        said = rng.random(articles)[article] if answers_of_article else np.where(y == 1, 0.9, 0.1)
        said = np.clip(said + 0.05 * rng.standard_normal(len(y)), 0, 1)
        rows = np.flatnonzero(np.isin(article, rng.choice(articles, drawn, replace=False)))
        design = Design(np.full(len(rows), articles / drawn), article[rows], np.zeros(len(rows), int))
        corpus = Corpus(np.full(articles, size), np.bincount(article, said)[:, None])
        low, high = corrected_shares(y[rows][:, None], said[rows][:, None], design, corpus, weight=weight).bounds[0]
        held += low <= 0.3 <= high
    return held / times


@pytest.mark.parametrize(
    ("of_article", "answers_of_article", "weight"),
    [(1.0, False, 0.0), (0.7, False, 0.0), (1.0, False, None), (0.0, True, 1.0), (0.0, True, None)],
)
def test_bounds_hold_the_truth_where_articles_were_drawn_whole(of_article, answers_of_article, weight):
    assert drawn_whole(150, of_article, answers_of_article, weight) > 0.9


def test_the_adjusted_count_of_one_label_is_that_of_the_textbook():
    y = np.repeat([1, 0], [40, 60])
    decided = np.concatenate([np.repeat([1, 0], [30, 10]), np.repeat([1, 0], [6, 54])])
    both = [np.stack([1 - each, each], axis=1).astype(float) for each in (y, decided)]
    counted = np.tile([0.8, 0.2], (500, 1))
    shares, bounds = adjusted_count(*both, alike(100, 500), one_each(counted))
    assert shares[1] == pytest.approx((0.2 - 0.1) / (0.75 - 0.1))
    # of independent sentences, with the rates' own errors (Rogan & Gladen 1978), and one error more
    theta = shares[1]
    variance = (0.75 * 0.25 / 40 * theta**2 + 0.1 * 0.9 / 60 * (1 - theta) ** 2) / 0.65**2
    wider = 3.92 * np.sqrt(variance)
    assert wider < np.ptp(bounds[1]) < 1.35 * wider


def test_the_adjusted_count_of_several_classes_undoes_their_errors():
    rates = np.array([[0.8, 0.1, 0.2], [0.1, 0.7, 0.1], [0.1, 0.2, 0.7]])
    y = np.repeat(np.eye(3), 100, axis=0)
    decided = np.concatenate([np.repeat(np.eye(3), (100 * column).astype(int), axis=0) for column in rates.T])
    shares, _ = adjusted_count(y, decided, alike(300, 300), one_each(np.tile(rates @ [0.6, 0.3, 0.1], (300, 1))))
    assert shares == pytest.approx([0.6, 0.3, 0.1])


def test_there_is_no_adjusted_count_and_no_emq_without_each_class_nor_of_a_coin():
    y = np.tile([1.0, 0.0], (50, 1))
    decided = np.tile([[1.0, 0.0], [0.0, 1.0]], (25, 1))
    corpus = one_each(decided)
    assert np.isnan(adjusted_count(y, decided, alike(50, 50), corpus)[0]).all()
    assert np.isnan(
        Emq(y, decided, np.ones(50), np.arange(50) % PARTS).shares(decided, np.zeros(50, int), True)[0]
    ).all()
    half = np.repeat(np.eye(2), 26, axis=0)
    coin = np.tile(np.eye(2), (26, 1))
    assert np.isnan(adjusted_count(half, coin, alike(52, 52), one_each(coin))[0]).all()


def test_emq_follows_shares_that_have_moved():
    rng = np.random.default_rng(4)
    score = rng.standard_normal(4000)
    y = (rng.random(4000) < 1 / (1 + np.exp(-2 * score - 0.5)))[:, None].astype(float)
    p = 1 / (1 + np.exp(-3 * score))[:, None]  # too sure of itself
    moved = resampled(y, p, y, 0, 0.15, rng)
    both = [np.hstack([1 - each, each]) for each in (y, p, moved[2])]
    fitted = Emq(both[0], both[1], np.ones(4000), np.arange(4000) % PARTS)
    shares, bounds = fitted.shares(both[2], np.arange(len(moved[2])) % PARTS, bounds=True)
    assert moved[2].mean() > 0.25  # counting probabilities doesn't follow
    assert shares[1] == pytest.approx(0.15, abs=0.02)
    assert bounds[1][0] < 0.15 < bounds[1][1]


def test_emq_of_a_sample_of_few_articles_has_their_degrees_of_freedom(monkeypatch):
    """With those of all parts its bounds of six articles held the truth in 93 of 100 draws, and hold it in 97."""
    taken = []
    monkeypatch.setattr(
        prevalence_counts, "share_bounds", lambda *given: taken.append(given[2]) or share_bounds(*given)
    )
    y = np.tile([[1.0, 0.0], [0.0, 1.0]], (60, 1))
    p = np.tile([[0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.1, 0.9]], (30, 1))
    for articles, freedom in ((6, 5), (120, PARTS - 1)):
        parts = np.arange(120) % articles % PARTS
        Emq(y, p, np.ones(120), parts).shares(p, np.arange(120) % PARTS, bounds=True)
        assert set(taken) == {freedom}
        taken.clear()


def test_bounds_of_a_share_are_wilsons():
    n = 80
    low, high = share_bounds(0.25, 0.25 * 0.75 / n, 1e9)
    z = 1.959964
    middle, half = (
        (0.25 + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * np.sqrt(0.25 * 0.75 / n + z * z / (4 * n * n)),
    )
    assert (low, high) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert share_bounds(0.25, 0.25 * 0.75 / n, 5)[1] > high


def test_differences_are_told_when_they_are_large_and_not_when_they_are_chance():
    rng = np.random.default_rng(5)

    def part(share, at):
        y = (rng.random((150, 1)) < share).astype(float)
        answers = np.where(rng.random((150, 1)) < 0.85, y, 1 - y)
        sums = np.zeros((300, 1))
        sums[at : at + 150] = answers
        inside = np.zeros(300)
        inside[at : at + 150] = 1
        design = Design(np.full(150, 1.0), np.arange(at, at + 150), np.zeros(150, int))
        return corrected_shares(y, answers, design, Corpus(inside, sums))

    far = share_difference(part(0.5, 0), part(0.2, 150), 0, 149)
    assert far.low > 0 and far.p < 0.001
    assert far.low < 0.3 < far.high
    near = share_difference(part(0.3, 0), part(0.3, 150), 0, 149)
    assert near.low < 0 < near.high and near.p > 0.05


def test_bounds_of_a_difference_are_those_of_its_shares_square_and_add():
    def part(value, low, high, at):
        influence = np.eye(2)[:, [at]] * 0.1
        return Corrected(
            np.array([value]), np.array([[low, high]]), np.array([0.01]), np.array([0.01]), 1.0, 99, influence
        )

    found = share_difference(part(0.4, 0.37, 0.46, 0), part(0.2, 0.18, 0.24, 1), 0, 50)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.2 - 0.05, 0.2 + np.hypot(0.06, 0.02)))
    alike = share_difference(part(0.4, 0.37, 0.46, 0), part(0.2, 0.18, 0.24, 0), 0, 50)
    assert alike.high - alike.low < found.high - found.low  # the same articles


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3])
def test_needed_sentences_give_the_width_that_was_asked_for(share):
    needed = labelled_needed(0.05, share, 0.0005, 0.0004, 200, 180)

    def width(number):
        return np.ptp(share_bounds(share, 0.0001 + 0.0004 * 200 / number, min(number - 1, 180)))

    assert width(needed) <= 0.05 < width(needed - 1)
    assert labelled_needed(0.01, 0.3, 0.001, 0.0009, 200, 180) is None


def test_a_width_narrower_than_that_of_few_articles_takes_more_sentences_than_there_are():
    rng = np.random.default_rng(1)
    article = np.repeat(np.arange(8), 500)
    y, some = (rng.random((4000, 1)) < 0.3).astype(float), rng.choice(4000, 200, replace=False)
    design = Design(np.full(200, 20.0), article[some], np.zeros(200, int))
    now = corrected_shares(y[some], y[some] * 0, design, Corpus(np.full(8, 500), np.zeros((8, 1))))
    width = np.ptp(now.bounds[0])
    of_now = float(now.values[0]), float(now.variances[0]), float(now.sampling[0]), 200, now.freedom
    assert labelled_needed(width * 1.0001, *of_now) == 200
    narrower = labelled_needed(width * 0.95, *of_now)
    assert narrower is not None and narrower > 200


def test_draws_add_up_and_leave_no_stratum_without():
    rng = np.random.default_rng(6)
    for _ in range(200):
        sizes = rng.integers(1, 400, rng.integers(1, 9))
        n = int(rng.integers(np.minimum(sizes, 2).sum(), sizes.sum() + 1))
        found = allocate(sizes, rng.random(len(sizes)) + 0.01, n)
        assert found.sum() == n
        assert (found <= sizes).all() and (found >= np.minimum(sizes, 2)).all()
    with pytest.raises(ValueError, match="is not from"):
        allocate(np.array([50, 50]), np.array([1, 1]), 3)
