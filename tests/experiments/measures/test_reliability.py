import numpy as np
import pytest

from experiments.measures.reliability import bounded, cohen_kappa, krippendorff_alpha, masi_alpha, nominal_distances
from experiments.measures.resampling import resample


def share(values):
    """Return the share of ones as a statistic of row weights."""
    return lambda weights: weights @ np.asarray(values, dtype=float) / weights.sum(axis=1)


def test_one_resample_in_forty_lies_below_the_bounds_and_one_above():
    values, groups = np.arange(400) % 3 == 0, [str(row) for row in range(400)]
    found = bounded({"share": share(values + np.arange(400) / 1e6)}, groups, bootstrap=2000, seed=4)["share"]
    drawn = share(values + np.arange(400) / 1e6)(np.concatenate(list(resample(groups, 2000, seed=4))))
    assert found.value == pytest.approx(134 / 400, abs=1e-3)
    assert (drawn < found.low).mean() == pytest.approx(0.025, abs=0.002)
    assert (drawn > found.high).mean() == pytest.approx(0.025, abs=0.002)


def test_resamples_in_which_a_statistic_is_undefined_are_left_out_of_its_bounds():
    values = np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    only = {"one": lambda weights: np.where(weights[:, 0] > 0, 1.0, np.nan), "share": share(values)}
    found = bounded(only, list("abcdef"), bootstrap=50, seed=0)
    assert (found["one"].value, found["one"].low, found["one"].high) == (1, 1, 1)
    assert found["share"].low == 0


@pytest.mark.parametrize(("groups", "bootstrap"), [(list("abcd"), 0), ([], 10)])
def test_without_resamples_or_rows_there_are_no_bounds(groups, bootstrap):
    found = bounded({"rows": lambda weights: weights.sum(axis=1)}, groups, bootstrap, seed=0)["rows"]
    assert found.value == len(groups)
    assert np.isnan(found.low) and np.isnan(found.high)


def test_kappa_of_no_rows_is_undefined():
    assert np.isnan(cohen_kappa(np.zeros(0, dtype=int), np.zeros(0, dtype=int))[0])


def test_kappa_counts_a_category_that_only_one_annotator_uses():
    # observed 0.5; expected 0.5 * 0.5 + 0.5 * 0 + 0 * 0.5
    first, second = np.array([0, 0, 1, 1]), np.array([0, 0, 2, 2])
    assert cohen_kappa(first, second)[0] == cohen_kappa(second, first)[0] == pytest.approx(0.25 / 0.75)


def test_alpha_passes_over_rows_that_one_annotator_saw():
    counts = np.array([[2, 0], [1, 1], [0, 2]])
    with_single = np.vstack([counts, [[1, 0], [0, 0]]])
    distances = nominal_distances(2)
    assert krippendorff_alpha(with_single, distances)[0] == krippendorff_alpha(counts, distances)[0]


def test_alpha_of_several_units_a_row_is_that_of_the_units():
    units = np.random.default_rng(0).multinomial(3, [0.5, 0.3, 0.2], size=(10, 4))
    apart = krippendorff_alpha(units.reshape(40, 3), nominal_distances(3))[0]
    assert krippendorff_alpha(units, nominal_distances(3))[0] == pytest.approx(apart)


def test_masi_alpha_is_undefined_where_no_row_has_two_annotations():
    assert np.isnan(masi_alpha([("a", 0, frozenset("x")), ("b", 1, frozenset("y"))]))
    assert np.isfinite(masi_alpha([("a", 0, frozenset("x")), ("b", 0, frozenset("y"))]))


@pytest.mark.filterwarnings("error")
def test_each_row_of_weights_has_its_own_coefficient():
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 3, 30), rng.integers(0, 3, 30)
    counts = np.eye(3)[first] + np.eye(3)[second]
    weights = np.vstack([np.ones(30), rng.integers(0, 4, (3, 30)), np.eye(30)[0] * 2])  # the last is one row twice
    for of in (
        lambda rows: cohen_kappa(first, second, rows),
        lambda rows: krippendorff_alpha(counts, nominal_distances(3), rows),
    ):
        together = of(weights)
        assert together.shape == (5,)
        np.testing.assert_allclose(together, np.concatenate([of(row[None, :]) for row in weights]))
        assert of(None).shape == (1,) and of(None)[0] == pytest.approx(together[0])


@pytest.mark.filterwarnings("error")
def test_coefficients_of_annotators_who_never_differ_in_anything_are_undefined():
    same = np.ones(4, dtype=int)
    assert np.isnan(cohen_kappa(same, same)[0])
    assert np.isnan(krippendorff_alpha(np.array([[0, 2]] * 4), nominal_distances(2))[0])


def test_alpha_does_not_depend_on_the_unit_of_the_distances():
    counts, distances = np.array([[2, 0], [1, 1]]), nominal_distances(2)
    assert krippendorff_alpha(counts, distances * 0.1)[0] == pytest.approx(krippendorff_alpha(counts, distances)[0])
