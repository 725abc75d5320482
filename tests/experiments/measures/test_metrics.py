import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, log_loss, precision_score, recall_score

from experiments.measures import resampling
from experiments.measures.metrics import flat_metrics, measure
from experiments.measures.resampling import Estimate, resample

LABELS = ["a", "b", "c"]


def predictions(n=200, seed=0, ties=False, threshold=0.5):
    """Random truth and probabilities that have something to do with it; labels from a threshold on."""
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 3)) < (0.5, 0.3, 0.1)).astype(int)
    probabilities = np.clip(0.25 * y + 0.7 * rng.random((n, 3)), 0, 1)
    if ties:
        probabilities = probabilities.round(1)
    return y, probabilities, (probabilities >= threshold).astype(int)


def one_each(n):
    return [str(row) for row in range(n)]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("threshold", [0.5, 0.9])  # more labels than there are, and fewer
def test_values_of_a_label_are_those_of_scikit_learn(ties, threshold):
    y, probabilities, decided = predictions(ties=ties, threshold=threshold)
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=0)
    for column, label in enumerate(LABELS):
        true, given, scores = y[:, column], decided[:, column], probabilities[:, column]
        assert found[f"{label}.f1"].value == pytest.approx(f1_score(true, given))
        assert found[f"{label}.precision"].value == pytest.approx(precision_score(true, given))
        assert found[f"{label}.recall"].value == pytest.approx(recall_score(true, given))
        assert found[f"{label}.average_precision"].value == pytest.approx(average_precision_score(true, scores))
        assert found[f"{label}.support"].value == true.sum()


def test_overall_values_are_those_of_scikit_learn():
    y, probabilities, decided = predictions()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=0)
    assert found["macro_f1"].value == pytest.approx(f1_score(y, decided, average="macro"))
    assert found["micro_f1"].value == pytest.approx(f1_score(y, decided, average="micro"))
    assert found["macro_average_precision"].value == pytest.approx(average_precision_score(y, probabilities))
    losses = [log_loss(y[:, k], probabilities[:, k]) for k in range(3)]
    assert found["log_loss"].value == pytest.approx(np.mean(losses))
    scores = [brier_score_loss(y[:, k], probabilities[:, k]) for k in range(3)]
    assert found["brier"].value == pytest.approx(np.mean(scores))
    assert found["exact_match"].value == pytest.approx((y == decided).all(axis=1).mean())


def test_a_multiclass_task_has_the_loss_over_classes_and_accuracy():
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), 100)
    target = rng.integers(3, size=100)
    y, decided = np.eye(3, dtype=int)[target], np.eye(3, dtype=int)[probabilities.argmax(axis=1)]
    found = measure(y, probabilities, decided, LABELS, one_each(100), multilabel=False, bootstrap=0)
    assert found["log_loss"].value == pytest.approx(log_loss(target, probabilities))
    assert found["brier"].value == pytest.approx(((probabilities - y) ** 2).sum(axis=1).mean())
    assert found["exact_match"].value == pytest.approx((probabilities.argmax(axis=1) == target).mean())
    assert found["micro_f1"].value == pytest.approx(found["exact_match"].value)


def test_calibration_error_of_a_case_worked_by_hand():
    # 0.2 to 0.3: two rows, one true, 0.5 too low; 0.8 to 0.9: one, 0.105 too low; 0.9 to 1: two, 0.905 too high
    probabilities = np.array([[0.25], [0.25], [0.895], [0.905], [1.0]])
    y = np.array([[1], [0], [1], [1], [0]])
    found = measure(y, probabilities, (probabilities > 0.5).astype(int), ["a"], one_each(5), bootstrap=0)
    assert found["a.ece"].value == pytest.approx((0.5 + 0.105 + 0.905) / 5)
    assert found["ece"].value == found["a.ece"].value


def test_perfect_predictions_score_one():
    y = np.array([[1, 0], [0, 1], [1, 1]])
    found = measure(y, y.astype(float), y, ["a", "b"], one_each(3), bootstrap=0)
    for name in ("a.f1", "b.f1", "macro_f1", "micro_f1", "exact_match", "a.precision", "a.recall"):
        assert found[name].value == 1, name
    assert found["log_loss"].value == pytest.approx(0)
    assert found["brier"].value == found["ece"].value == 0


def test_label_of_a_single_row_counts_whether_it_is_found_or_not():
    y = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1]])
    decided = np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0]])
    probabilities = np.array([[0.9, 0.9, 0.1], [0.8, 0.3, 0.8], [0.7, 0.2, 0.0]])
    found = measure(y, probabilities, decided, LABELS, one_each(3), bootstrap=0)
    assert (found["b.precision"].value, found["b.recall"].value, found["b.f1"].value) == (1, 1, 1)
    assert (found["c.precision"].value, found["c.recall"].value, found["c.f1"].value) == (0, 0, 0)
    assert found["macro_f1"].value == pytest.approx(2 / 3)
    assert found["c.average_precision"].value == pytest.approx(1 / 3)  # its row has the lowest probability of all


@pytest.mark.filterwarnings("error")
def test_resamples_that_lack_a_label_are_left_out_of_its_average_precision():
    y, probabilities, decided = predictions(n=12, seed=5)
    y[0, 1], decided[0, 1], y[1:, 1], decided[1:, 1] = 1, 1, 0, 0  # one row has the label b: many resamples lack it
    found = measure(y, probabilities, decided, LABELS, one_each(12), bootstrap=40, seed=2)
    (drawn,) = resample(one_each(12), 40, seed=2)
    assert (drawn[:, 0] == 0).any()
    values = [
        average_precision_score(y[:, 1], probabilities[:, 1], sample_weight=weights) for weights in drawn if weights[0]
    ]
    estimate = found["b.average_precision"]
    assert min(values) <= estimate.low <= estimate.value <= estimate.high <= max(values)
    # recall and F1 of a label in a single group have no bounds, of the others they have
    assert np.isnan([found["b.recall"].low, found["b.f1"].high]).all()
    assert found["a.recall"].low < found["a.recall"].value < found["a.recall"].high


def test_seven_right_of_seven_are_not_beyond_doubt():
    y = np.zeros((40, 3), int)
    y[:7, 0] = y[10:, 1] = 1
    found = measure(y, y.astype(float), y, LABELS, one_each(40), bootstrap=50)["a.recall"]
    assert (found.value, found.high) == (1, 1)
    assert 0.5 < found.low < 0.7  # Wilson's lower bound of 7 in 7 is 0.646, of fewer rows lower


def test_every_average_is_within_bounds_that_its_labels_imply():
    y, probabilities, decided = predictions()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=50)
    for name in ("f1", "precision", "recall"):
        parts = [found[f"{label}.{name}"] for label in LABELS]
        widest = max(part.high - part.low for part in parts)
        assert 0 < found[f"macro_{name}"].high - found[f"macro_{name}"].low < widest
    assert found["micro_precision"].value == pytest.approx(precision_score(y, decided, average="micro"))
    assert found["macro_recall"].value == pytest.approx(recall_score(y, decided, average="macro"))


def test_bounds_come_from_a_thousand_resamples_unless_said_otherwise():
    y, probabilities, decided = predictions(n=20)
    usual = measure(y, probabilities, decided, LABELS, one_each(20))
    asked = measure(y, probabilities, decided, LABELS, one_each(20), multilabel=True, bootstrap=1000, seed=0)
    assert repr(usual) == repr(asked)
    assert usual["log_loss"].value != measure(y, probabilities, decided, LABELS, one_each(20), False)["log_loss"].value


def test_without_a_bootstrap_bounds_are_undefined():
    y, probabilities, decided = predictions()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=0)
    assert all(np.isnan(estimate.low) and np.isnan(estimate.high) for estimate in found.values())


def test_bounds_stand_on_both_sides_of_the_value():
    y, probabilities, decided = predictions()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=300)
    for name, estimate in found.items():
        if name.endswith(("ece", "support")):
            assert np.isnan(estimate.low), name
        else:
            assert estimate.low <= estimate.value <= estimate.high, name
    assert found["macro_f1"].high - found["macro_f1"].low > 0.02


def test_bounds_are_those_of_the_sampling_error():
    # accuracy of independent rows: the half width is 1.96 sqrt(p q / n)
    y, probabilities, decided = predictions(n=1000)
    found = measure(y, probabilities, decided, LABELS, one_each(1000), bootstrap=1000)["exact_match"]
    half = 1.96 * np.sqrt(found.value * (1 - found.value) / 1000)
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.15)


def test_average_precision_has_the_percentiles_of_its_resamples():
    y, probabilities, decided = predictions(n=1000)
    found = measure(y, probabilities, decided, LABELS, one_each(1000), bootstrap=400, seed=4)["a.average_precision"]
    drawn = [
        average_precision_score(y[:, 0], probabilities[:, 0], sample_weight=weights[0])
        for weights in np.split(np.concatenate(list(resample(one_each(1000), 400, seed=4))), 400)
    ]
    assert np.mean(np.asarray(drawn) < found.low) == pytest.approx(0.025, abs=0.005)
    assert np.mean(np.asarray(drawn) > found.high) == pytest.approx(0.025, abs=0.005)


def test_rows_that_agree_within_their_group_widen_the_bounds():
    y, probabilities, decided = (np.repeat(part, 10, axis=0) for part in predictions(n=60))
    alone = measure(y, probabilities, decided, LABELS, one_each(600), bootstrap=300)["micro_f1"]
    grouped = measure(y, probabilities, decided, LABELS, [str(row // 10) for row in range(600)], bootstrap=300)
    assert grouped["micro_f1"].value == alone.value
    assert grouped["micro_f1"].high - grouped["micro_f1"].low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize("cells", [1, 60 * 7, 60 * 49])  # blocks of 1, of 7, and of 49 with one left over
def test_bounds_do_not_depend_on_the_memory_they_are_computed_in(cells, monkeypatch):
    y, probabilities, decided = predictions(n=60)
    y[:, 2], decided[:, 2] = 0, 0
    y[5, 2] = 1  # some resamples lack the label
    whole = measure(y, probabilities, decided, LABELS, one_each(60), bootstrap=50, seed=3)
    monkeypatch.setattr(resampling, "_CELLS", cells)
    blocks = measure(y, probabilities, decided, LABELS, one_each(60), bootstrap=50, seed=3)
    for name, estimate in whole.items():
        other = blocks[name]
        pair = ([estimate.value, estimate.low, estimate.high], [other.value, other.low, other.high])
        np.testing.assert_allclose(*pair, rtol=1e-12, err_msg=name)


def test_another_seed_gives_other_bounds_and_the_same_seed_the_same():
    y, probabilities, decided = predictions()
    first, again, other = (
        measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=100, seed=seed) for seed in (1, 1, 2)
    )
    assert repr(first) == repr(again)
    assert first["log_loss"].low != other["log_loss"].low


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("given", [0, 1])  # and one that is given to rows all the same
def test_a_label_that_no_row_has_is_left_out_of_the_averages(given):
    y, probabilities, decided = predictions()
    y[:, 2], decided[:, 2] = 0, 0
    decided[:3, 2] = given
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=50, average_over=["c", "a"])
    for name in ("f1", "recall", "average_precision"):
        assert np.isnan([found[f"c.{name}"].value, found[f"c.{name}"].low, found[f"c.{name}"].high]).all(), name
    assert found["c.precision"].value == found["c.support"].value == 0
    for name in ("f1", "average_precision"):
        others = [found[f"{label}.{name}"].value for label in "ab"]
        assert found[f"macro_{name}"].value == pytest.approx(np.mean(others))
    assert found["average_f1"].value == found["a.f1"].value
    assert found["micro_f1"].value == pytest.approx(f1_score(y, decided, average="micro"))  # counts what is given


def test_bounds_of_the_average_hold_a_label_that_no_row_has():
    y, probabilities, decided = predictions()
    y[:, 2], decided[:, 2] = 0, 0
    macro = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=100)["macro_f1"]
    assert macro.low <= macro.value <= macro.high


@pytest.mark.parametrize(("n_groups", "bounded"), [(4, False), (5, True)])
def test_fewer_than_five_groups_have_no_bounds(n_groups, bounded):
    y, probabilities, decided = predictions(n=100)
    found = measure(y, probabilities, decided, LABELS, [str(row % n_groups) for row in range(100)], bootstrap=20)
    assert np.isfinite(found["micro_f1"].low) == bounded
    assert found["micro_f1"].value == pytest.approx(f1_score(y, decided, average="micro"))


def test_probabilities_of_nought_and_one_have_a_finite_loss():
    y = np.array([[1], [0], [1], [0]])
    probabilities = np.array([[0.0], [1.0], [1.0], [0.0]])
    found = measure(y, probabilities, probabilities.astype(int), ["a"], one_each(4), bootstrap=0)
    assert found["log_loss"].value == pytest.approx(-np.log(1e-15) / 2, rel=1e-3)
    found = measure(
        np.eye(2, dtype=int), 1 - np.eye(2), 1 - np.eye(2, dtype=int), ["a", "b"], one_each(2), False, bootstrap=0
    )
    assert found["log_loss"].value == pytest.approx(-np.log(1e-15), rel=1e-3)


@pytest.mark.filterwarnings("error")
def test_nothing_sought_and_nothing_found_is_measured_without_a_warning():
    nothing = np.zeros((10, 2), dtype=int)
    found = measure(nothing, nothing + 0.1, nothing, ["a", "b"], one_each(10), bootstrap=20)
    assert np.isnan([found["macro_f1"].value, found["macro_average_precision"].value]).all()
    assert found["micro_f1"].value == 0
    assert found["exact_match"].value == 1


def test_flat_metrics_have_bounds_where_there_are_any_and_support_has_none():
    metrics = {
        "macro_f1": Estimate(0.5, 0.4, 0.6),
        "ece": Estimate(0.1),
        "threat.support": Estimate(12.0, 10.0, 14.0),
    }
    assert flat_metrics(metrics, "test") == {
        "test.macro_f1": 0.5,
        "test.macro_f1.low": 0.4,
        "test.macro_f1.high": 0.6,
        "test.ece": 0.1,
        "test.threat.support": 12.0,
    }


def test_mean_f1_of_some_labels_is_that_of_scikit_learn_with_bounds():
    y, probabilities, decided = predictions()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=200, average_over=["c", "a"])[
        "average_f1"
    ]
    assert found.value == pytest.approx(f1_score(y[:, [0, 2]], decided[:, [0, 2]], average="macro"))
    assert found.low < found.value < found.high
    assert "average_f1" not in measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=0)


def test_resampling_draws_whole_groups_as_often_as_there_are_groups():
    groups = ["a", "a", "b", "c", "c", "c"]
    (weights,) = resample(groups, 40, seed=0)
    assert weights.shape == (40, 6)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_resamples_sum_to_what_was_asked_for(monkeypatch):
    monkeypatch.setattr(resampling, "_CELLS", 30)
    blocks = list(resample(one_each(10), 8, seed=0))
    assert [len(block) for block in blocks] == [3, 3, 2]
    assert (np.concatenate(blocks).sum(axis=1) == 10).all()


def half_decided(seed=0, n=200):
    """Predictions of three labels: all of a is decided, of b the second half, of c the first quarter."""
    y, probabilities, decided = predictions(n, seed)
    known = np.ones(y.shape, dtype=bool)
    known[: n // 2, 1] = False
    known[n // 4 :, 2] = False
    return np.where(known, y, -1), probabilities, decided, known


@pytest.mark.filterwarnings("error")
def test_a_label_is_measured_on_the_rows_where_it_is_decided():
    y, probabilities, decided, known = half_decided()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=50)
    alone = []
    for column, label in enumerate(LABELS):
        at = np.flatnonzero(known[:, column])
        part = [matrix[at, column : column + 1] for matrix in (y, probabilities, decided)]
        alone.append(measure(*part, [label], one_each(len(at)), bootstrap=0))
        for name in ("precision", "recall", "f1", "average_precision", "ece", "support"):
            assert found[f"{label}.{name}"].value == pytest.approx(alone[-1][f"{label}.{name}"].value), (label, name)
    for name in ("macro_f1", "macro_average_precision", "ece"):
        assert found[name].value == pytest.approx(np.mean([each[name].value for each in alone])), name
    assert found["micro_f1"].value == pytest.approx(f1_score(y[known], decided[known]))
    assert found["macro_f1"].low < found["macro_f1"].value < found["macro_f1"].high


def test_loss_is_that_of_the_decided_cells():
    y, probabilities, decided, known = half_decided()
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=0)
    assert found["log_loss"].value == pytest.approx(log_loss(y[known], probabilities[known]))
    assert found["brier"].value == pytest.approx(brier_score_loss(y[known], probabilities[known]))
    assert not known.all(axis=1).any() and np.isnan(found["exact_match"].value)


def test_exact_match_leaves_out_rows_that_are_decided_in_part():
    y = np.array([[1, 0], [1, 0], [1, -1], [-1, 0]])
    decided = np.array([[1, 0], [0, 0], [1, 0], [0, 0]])
    found = measure(y, decided * 0.5, decided, ["a", "b"], one_each(4), bootstrap=0)
    assert found["exact_match"].value == 0.5
    none = measure(y[2:], decided[2:] * 0.5, decided[2:], ["a", "b"], one_each(2), bootstrap=0)
    assert np.isnan(none["exact_match"].value)


@pytest.mark.filterwarnings("error")
def test_what_a_model_says_of_undecided_cells_changes_nothing():
    y, probabilities, decided, known = half_decided()
    first = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=30)
    other = measure(
        y, np.where(known, probabilities, 0.99), np.where(known, decided, 1), LABELS, one_each(200), bootstrap=30
    )
    assert repr(first) == repr(other)


@pytest.mark.filterwarnings("error")
def test_a_label_of_which_nothing_is_decided_is_left_out_of_every_average():
    y, probabilities, decided = predictions()
    others = measure(y[:, :2], probabilities[:, :2], decided[:, :2], LABELS[:2], one_each(200), bootstrap=20)
    y[:, 2] = -1
    found = measure(y, probabilities, decided, LABELS, one_each(200), bootstrap=20)
    assert np.isnan([found[f"c.{name}"].value for name in ("f1", "recall", "average_precision", "ece")]).all()
    for name in ("macro_f1", "micro_f1", "log_loss", "brier", "ece", "macro_average_precision"):
        assert found[name].value == pytest.approx(others[name].value), name
