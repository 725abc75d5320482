import numpy as np
import pytest

from experiments.measures.uncertainty import least_confidence, margin_uncertainty


def test_what_is_nearer_to_its_threshold_is_more_doubtful_on_either_side():
    thresholds = np.array([0.2])
    found = margin_uncertainty(np.array([[0.2], [0.25], [0.6], [0.15], [0.0], [1.0]]), thresholds)
    assert found[0] == 1 and found[4] == found[5] == 0
    assert found[0] > found[1] > found[2] and found[0] > found[3] > found[4]


def test_one_label_in_doubt_makes_the_row_doubtful():
    thresholds = np.array([0.5, 0.5])
    one, none = margin_uncertainty(np.array([[0.5, 0.01], [0.05, 0.01]]), thresholds)
    assert one == 1 and none == pytest.approx(0.1)


def test_labels_that_exclude_each_other_are_doubtful_when_two_are_as_likely():
    found = margin_uncertainty(np.array([[0.4, 0.4, 0.2], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0]]))
    assert found == pytest.approx([1.0, 0.9, 0.2])
    assert least_confidence(np.array([[0.4, 0.4, 0.2], [0.9, 0.1, 0.0]])) == pytest.approx([0.6, 0.1])


def test_least_confidence_is_the_probability_that_an_answer_is_wrong():
    thresholds = np.array([0.3, 0.5])
    found = least_confidence(np.array([[0.4, 0.1], [0.2, 0.1]]), thresholds)
    assert found == pytest.approx([1 - 0.4 * 0.9, 1 - 0.8 * 0.9])  # a label given at 0.4 is right in 0.4


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_on_the_edge_give_numbers(threshold):
    found = margin_uncertainty(np.array([[0.0], [0.5], [1.0]]), np.array([threshold]))
    assert np.isfinite(found).all() and ((found >= 0) & (found <= 1)).all()
