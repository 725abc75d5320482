import numpy as np
import pytest
from sklearn.metrics import f1_score

from experiments.measures.operating_points import best_thresholds, macro_f1


def test_threshold_finds_the_gap_between_classes():
    y = np.array([[0]] * 50 + [[1]] * 10)
    scores = np.concatenate([np.linspace(0.0, 0.2, 50), np.linspace(0.3, 0.5, 10)])[:, None]
    (threshold,) = best_thresholds(y, scores)
    assert 0.2 < threshold <= 0.3


def test_threshold_beats_one_half_on_rare_labels():
    rng = np.random.default_rng(0)
    y = (rng.random((2000, 1)) < 0.1).astype(int)
    scores = np.clip(0.15 + 0.2 * y + 0.1 * rng.standard_normal((2000, 1)), 0, 1)
    tuned = scores >= best_thresholds(y, scores)
    assert f1_score(y, tuned) > f1_score(y, scores >= 0.5) + 0.3


def rows_with(*counts):
    """Return truth and scores of one label: for each (score, positives, negatives) that many rows."""
    y = [truth for _, positives, negatives in counts for truth in [1] * positives + [0] * negatives]
    scores = [score for score, positives, negatives in counts for _ in range(positives + negatives)]
    return np.array(y)[:, None], np.array(scores)[:, None]


def test_threshold_is_the_middle_of_those_within_two_standard_errors_of_the_best():
    # of 100 rows with the label; two standard errors of the best F1 are 0.08
    y, scores = rows_with(
        (0.905, 54, 0),  # F1 0.70 from here on: three errors below the best
        (0.805, 13, 0),  # 0.80, the best
        (0.605, 0, 14),  # 0.74: one and a half errors below
        (0.205, 0, 100),  # 0.48
        (0.0, 33, 0),
    )
    (threshold,) = best_thresholds(y, scores)
    assert threshold == 0.52  # halfway between 0.23 and 0.81: each F1 is the mean with two neighbours on either side


def test_threshold_near_half_the_best_f1_is_taken_if_asked_for():
    # the band is 0.23 to 0.81, as above, and half the best F1 is 0.40
    y, scores = rows_with((0.905, 54, 0), (0.805, 13, 0), (0.605, 0, 14), (0.205, 0, 100), (0.0, 33, 0))
    assert best_thresholds(y, scores, "half_f1") == [0.4]
    # where it isn't in the band, the end that is nearest: 0.52 here, and never what the rows speak against
    y, scores = rows_with((0.815, 20, 0), (0.505, 0, 30))
    low, middle = best_thresholds(y, scores, "half_f1")[0], best_thresholds(y, scores)[0]
    assert 0.5 < low < middle == 0.66


def test_label_without_rows_is_not_given_at_a_whim():
    y, scores = rows_with((0.3, 0, 30))
    assert best_thresholds(y, scores, "half_f1") == best_thresholds(y, scores) == [0.5]


def test_half_the_best_f1_is_where_calibrated_probabilities_have_their_best_threshold():
    rng = np.random.default_rng(5)
    scores = rng.beta(0.4, 2.0, size=(40_000, 1))
    y = (rng.random(scores.shape) < scores).astype(int)  # calibrated by construction
    f1 = [f1_score(y, scores >= threshold) for threshold in np.arange(0.02, 0.98, 0.01)]
    assert best_thresholds(y, scores, "half_f1")[0] == pytest.approx(max(f1) / 2, abs=0.02)
    assert f1_score(y, scores >= max(f1) / 2) > max(f1) - 0.005


def test_threshold_of_a_label_that_is_always_told_apart_is_in_the_middle_of_the_gap():
    y, scores = rows_with((0.815, 20, 0), (0.205, 0, 30))
    assert best_thresholds(y, scores) == [0.51]


def test_each_label_has_the_threshold_of_its_own_column():
    y, scores = rows_with((0.815, 20, 0), (0.205, 0, 30))
    lower, low_scores = rows_with((0.625, 20, 0), (0.005, 0, 30))
    both = best_thresholds(np.hstack([y, lower]), np.hstack([scores, low_scores]))
    assert both.tolist() == [0.51, 0.31]


def test_probability_that_equals_a_threshold_reaches_it():
    y, scores = rows_with((0.61, 20, 0), (0.2, 0, 30))
    assert best_thresholds(y, scores) == [0.41]  # the middle of 0.21 to 0.61


def test_single_row_of_a_label_leaves_nearly_every_threshold_open():
    y, scores = rows_with((0.605, 1, 0), (0.575, 0, 1), (0.305, 0, 4))
    # the best F1 is 0.87, of 0.56 to 0.60 on average; two errors of one row reach down to the 0.29 of all thresholds
    # below 0.30, and those of two rows wouldn't
    assert best_thresholds(y, scores) == [0.32]


def test_threshold_may_be_as_high_as_98_hundredths():
    y, scores = rows_with((0.99, 100, 0), (0.965, 0, 800))
    assert best_thresholds(y, scores) == [0.98]


def test_truth_and_probabilities_of_different_labels_are_refused():
    with pytest.raises(ValueError, match="argument"):
        best_thresholds(np.ones((3, 2)), np.ones((3, 1)))


def test_label_without_rows_gets_the_middle_of_all_thresholds():
    assert best_thresholds(np.zeros((5, 1)), np.full((5, 1), 0.4)) == [0.5]


def test_macro_f1_is_that_of_scikit_learn_over_the_labels_that_have_rows():
    rng = np.random.default_rng(0)
    y, decided = rng.integers(0, 2, (40, 4)), rng.integers(0, 2, (40, 4))
    assert np.isclose(macro_f1(y, decided), f1_score(y, decided, average="macro"))
    y[:, 3] = 0
    assert np.isclose(macro_f1(y, decided), f1_score(y[:, :3], decided[:, :3], average="macro"))
    assert np.isnan(macro_f1(y[:, 3:], decided[:, 3:]))


def test_undecided_rows_of_a_label_move_neither_its_threshold_nor_its_f1():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, (60, 2))
    scores = np.clip(0.3 * y + 0.6 * rng.random((60, 2)), 0, 1)
    alone = best_thresholds(y[:40, :1], scores[:40, :1]), best_thresholds(y[:, 1:], scores[:, 1:])
    parts = [f1_score(y[:40, 0], scores[:40, 0] >= 0.5), f1_score(y[:, 1], scores[:, 1] >= 0.5)]
    y[40:, 0], scores[40:, 0] = -1, 0.97
    assert best_thresholds(y, scores).tolist() == [alone[0][0], alone[1][0]]
    assert np.isclose(macro_f1(y, scores >= 0.5), np.mean(parts))
