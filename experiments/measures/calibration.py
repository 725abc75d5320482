"""Makes probabilities mean what they say: of the rows with 0.3, three in ten have the label."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, logit, softmax
from sklearn.isotonic import IsotonicRegression

SURE = 1e-6
"""Probabilities nearer to 0 or 1 than this count as this near: their log odds are finite."""

FEWEST = 10
"""A label that fewer rows have, or lack, is left as it is: its curve would follow each of them."""

_STEPS = 41  # points at which an isotonic curve is kept at most


@dataclass(frozen=True)
class Curve:
    """What one label's probability becomes: a curve through points, in log odds or in probability.

    Attributes
    ----------
    slope, intercept : float
        The log odds are multiplied by the one and raised by the other.
    x, y : tuple of float
        Or, if there are any: probabilities, ascending, and what they become; in between a straight line.
    """

    slope: float = 1.0
    intercept: float = 0.0
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Return the calibrated probabilities, of the same shape."""
        if self.x:
            return np.asarray(np.interp(probability, self.x, self.y))
        return np.asarray(expit(self.slope * logit(np.clip(probability, SURE, 1 - SURE)) + self.intercept))


@dataclass(frozen=True)
class Calibration:
    """What a model's probabilities become.

    Attributes
    ----------
    curves : tuple of Curve
        One a label, of labels that are independent.
    temperature : float
        Of labels that exclude each other: their log probabilities are divided by it, and scaled to sum to 1 again.
    """

    curves: tuple[Curve, ...] = ()
    temperature: float = 1.0

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities of shape (n, n_labels)."""
        if self.curves:
            return np.column_stack([curve(p) for curve, p in zip(self.curves, probabilities.T, strict=True)])
        return np.asarray(softmax(np.log(np.clip(probabilities, SURE, 1)) / self.temperature, axis=1))

    def dump(self) -> dict[str, Any]:
        """Return it as plain data, for JSON."""
        if not self.curves:
            return {"temperature": self.temperature}
        return {
            "curves": [
                {"x": list(each.x), "y": list(each.y)} if each.x else {"slope": each.slope, "intercept": each.intercept}
                for each in self.curves
            ]
        }

    @classmethod
    def load(cls, data: dict[str, Any], n_labels: int) -> "Calibration":
        """Return it from such data.

        Raises
        ------
        ValueError
            If it isn't of this form, or for another number of labels.
        """
        if "curves" not in data:
            return cls(temperature=float(data["temperature"]))
        curves = tuple(
            Curve(x=tuple(map(float, each["x"])), y=tuple(map(float, each["y"])))
            if "x" in each
            else Curve(float(each["slope"]), float(each["intercept"]))
            for each in data["curves"]
        )
        if len(curves) != n_labels or any(len(each.x) != len(each.y) for each in curves):
            raise ValueError("its calibration is of other labels")
        return cls(curves)


def calibrate(y: np.ndarray, probabilities: np.ndarray, method: str, multilabel: bool) -> Calibration:
    """Return what makes the probabilities agree with the labels of rows on which the model wasn't trained.

    Parameters
    ----------
    y : ndarray of shape (n, n_labels)
        The true indicator matrix; a negative cell is one that nobody decided. The rows should have the labels as often
        as those that will be read: a curve learned on rows that were picked for a label says too much of it elsewhere.
    probabilities : ndarray of shape (n, n_labels)
        The model's.
    method : {"temperature", "sigmoid", "isotonic"}
        ``temperature`` divides the log odds by one number: surer or less sure, and the same order. ``sigmoid`` moves
        them up or down as well, each label by itself. ``isotonic`` takes any rising curve, for which it wants some
        hundred rows with the label.
    multilabel : bool
        Whether labels are independent; if they exclude each other, there is ``temperature`` alone.

    Raises
    ------
    ValueError
        If the method isn't one for such labels.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers.
    Zadrozny, B. & Elkan, C. (2002). Transforming classifier scores into accurate multiclass probability estimates. KDD.
    Guo, C., Pleiss, G., Sun, Y. & Weinberger, K. (2017). On calibration of modern neural networks. ICML.
    """
    if multilabel:
        return Calibration(
            tuple(_curve(truth, p, method) for truth, p in zip(y.T, np.asarray(probabilities).T, strict=True))
        )
    if method != "temperature":
        raise ValueError(f"calibration: labels that exclude each other are calibrated by temperature, not {method}")
    return Calibration(temperature=_temperature(y, probabilities))


def uncalibrated(y: np.ndarray, labels: Sequence[str]) -> dict[str, int]:
    """Return the labels that too few rows have to calibrate them, and how many have them."""
    positive, negative = (y > 0).sum(axis=0), (y == 0).sum(axis=0)
    return {label: int(positive[at]) for at, label in enumerate(labels) if min(positive[at], negative[at]) < FEWEST}


def _curve(truth: np.ndarray, probability: np.ndarray, method: str) -> Curve:
    decided = truth >= 0
    truth, probability = truth[decided].astype(np.float64), probability[decided]
    if min(truth.sum(), len(truth) - truth.sum()) < FEWEST:
        return Curve()
    if method == "isotonic":
        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(probability, truth)
        at = np.unique(np.linspace(0, len(fitted.X_thresholds_) - 1, _STEPS).astype(int))
        return Curve(x=tuple(fitted.X_thresholds_[at].tolist()), y=tuple(fitted.y_thresholds_[at].tolist()))
    odds = logit(np.clip(probability, SURE, 1 - SURE))
    shifted = method == "sigmoid"
    # Platt's targets: a label's rows are not taken for surer than their number allows
    target = np.where(truth > 0, (truth.sum() + 1) / (truth.sum() + 2), 1 / (len(truth) - truth.sum() + 2))

    def loss(found: np.ndarray) -> float:
        z = np.exp(found[0]) * odds + (found[1] if shifted else 0.0)
        return float(np.mean(np.logaddexp(0, z) - target * z))

    found = minimize(loss, np.zeros(2 if shifted else 1), method="Nelder-Mead").x
    return Curve(float(np.exp(found[0])), float(found[1]) if shifted else 0.0)


def _temperature(y: np.ndarray, probabilities: np.ndarray) -> float:
    logs = np.log(np.clip(probabilities, SURE, 1))
    truth = y.argmax(axis=1)

    def loss(found: np.ndarray) -> float:
        return float(-log_softmax(logs / np.exp(found[0]), axis=1)[np.arange(len(truth)), truth].mean())

    return float(np.exp(minimize(loss, np.zeros(1), method="Nelder-Mead").x[0]))
