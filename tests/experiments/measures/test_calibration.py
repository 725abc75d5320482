import json

import numpy as np
import pytest

from experiments.measures.calibration import Calibration, Curve, calibrate, uncalibrated


def overconfident(n=3000, seed=3, undecided=False):
    rng = np.random.default_rng(seed)
    meant = rng.uniform(0.02, 0.98, (n, 1))
    y = (rng.random((n, 1)) < meant).astype(np.int8)
    if undecided:
        y[::3] = -1
    return y, 1 / (1 + np.exp(-(2.5 * np.log(meant / (1 - meant)) - 1.5))), meant


def loss(y, p):
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@pytest.mark.parametrize("undecided", [False, True])
def test_sigmoid_finds_the_slope_and_shift_that_were_put_in(undecided):
    y, given, meant = overconfident(undecided=undecided)
    found = calibrate(y, given, "sigmoid", multilabel=True)
    (curve,) = found.curves
    assert curve.slope == pytest.approx(1 / 2.5, abs=0.05)
    assert curve.intercept == pytest.approx(1.5 / 2.5, abs=0.1)
    assert np.abs(found(given) - meant).max() < 0.05


def test_temperature_changes_how_sure_and_not_the_order_or_the_side():
    y, given, _ = overconfident()
    found = calibrate(y, given, "temperature", multilabel=True)
    after = found(given)
    assert (np.argsort(after[:, 0]) == np.argsort(given[:, 0])).all()
    assert ((after > 0.5) == (given > 0.5)).all()
    assert loss(y, after) < loss(y, given)


def test_isotonic_rises_and_gives_the_share_of_rows_with_the_label():
    y, given, _ = overconfident()
    after = calibrate(y, given, "isotonic", multilabel=True)(given)
    order = np.argsort(given[:, 0])
    assert (np.diff(after[order, 0]) >= -1e-12).all()
    assert after.mean() == pytest.approx(y.mean(), abs=0.02)
    for low in (0.0, 0.25, 0.5, 0.75):
        band = (after[:, 0] >= low) & (after[:, 0] < low + 0.25)
        assert y[band].mean() == pytest.approx(after[band].mean(), abs=0.05)


def test_labels_that_exclude_each_other_get_one_temperature():
    rng = np.random.default_rng(1)
    odds = rng.normal(size=(4000, 3))
    meant = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    y = np.eye(3, dtype=np.int8)[[rng.choice(3, p=row) for row in meant]]
    given = np.exp(4 * odds) / np.exp(4 * odds).sum(axis=1, keepdims=True)
    found = calibrate(y, given, "temperature", multilabel=False)
    assert found.temperature == pytest.approx(4, rel=0.1)
    after = found(given)
    assert np.allclose(after.sum(axis=1), 1)
    assert np.abs(after - meant).max() < 0.05
    with pytest.raises(ValueError, match="exclude each other are calibrated by temperature, not isotonic"):
        calibrate(y, given, "isotonic", multilabel=False)


def test_too_few_rows_leave_a_label_as_it_is():
    y, given, _ = overconfident(40)
    y[:] = 0
    y[:9] = 1
    assert calibrate(y, given, "isotonic", multilabel=True).curves == (Curve(),)
    assert np.allclose(Curve()(given), given, atol=1e-6)
    assert uncalibrated(np.hstack([y, 1 - y, np.ones_like(y)]), ["few", "many", "all"]) == {
        "few": 9,
        "many": 31,
        "all": 40,
    }


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
def test_dumped_calibration_is_read_back_to_the_same_numbers(method):
    y, given, _ = overconfident()
    found = calibrate(y, given, method, multilabel=True)
    again = Calibration.load(json.loads(json.dumps(found.dump())), 1)
    assert np.array_equal(again(given), found(given))
    with pytest.raises(ValueError, match="other labels"):
        Calibration.load(found.dump(), 2)
    single = Calibration(temperature=1.7)
    assert Calibration.load(single.dump(), 3) == single


def test_probabilities_of_nought_and_one_stay_finite():
    y, given, _ = overconfident()
    for method in ("temperature", "sigmoid", "isotonic"):
        found = calibrate(y, given, method, multilabel=True)
        assert np.isfinite(found(np.array([[0.0], [1.0]]))).all()
