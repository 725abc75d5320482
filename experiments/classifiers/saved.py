"""A model that is fitted already, as a part of another: the teacher of a student, or a member of a vote."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import Pipeline

from experiments.classifiers.spec import ClassifierSpec
from experiments.classifiers.starter import TASK, encoder_in, load_saved
from experiments.errors import InputError
from experiments.files import MODELS, STARTER, path_of
from experiments.measures.calibration import Calibration
from experiments.untrusted.regular import read_regular
from features.targets import Reading

_LARGEST = 32_000_000  # bytes of a card
_CARD, _PIPELINE = "framescope.json", "pipeline.skops"
_INSIDE = ("", "data/classifier", "model/data/classifier")  # of an MLflow model's folder


class SavedClassifier(ClassifierMixin, BaseEstimator):
    """A saved model's probabilities; fitting it changes nothing.

    Parameters
    ----------
    model : str
        ``starter``, or a folder with a framescope model.
    labels : sequence of str
        The order of the columns; the model must have just these.
    multilabel : bool, default True
        Whether labels are independent; the model must have been trained for the same kind.
    part : {"all", "encoder"}, default "all"
        The whole model, or only the fine-tuned encoder of one that is made of several, as it was before calibration.

    Attributes
    ----------
    pipeline_ : Pipeline
        The saved model's, or that of its encoder.
    calibration_ : dict or None
        What its probabilities become, as its card says.
    columns_ : ndarray of shape (n_labels,)
        Where each label stands in what the pipeline gives.
    """

    def __init__(
        self, model: str, labels: Sequence[str], multilabel: bool = True, part: Literal["all", "encoder"] = "all"
    ) -> None:
        self.model = model
        self.labels = labels
        self.multilabel = multilabel
        self.part = part

    def fit(self, X: Sequence[Any], y: Any = None) -> Self:
        """Read the model.

        Raises
        ------
        ValueError
            If there is none, its card is damaged, it is of other labels, or has no encoder where one is asked for.
        EncoderError
            If its pipeline's file is damaged, or holds something that the kit doesn't write.
        """
        home = _home(self.model)
        known, kind, calibration = _card(home / _CARD)
        if set(known) != set(self.labels) or (kind == "multilabel") != self.multilabel:
            raise ValueError(
                f"classifier.model={self.model}: tells {', '.join(known)} ({kind}), and the task is of "
                f"{', '.join(self.labels)}; name a model of the same labels"
            )
        self.pipeline_ = load_saved(home / _PIPELINE)
        self.calibration_ = calibration
        if self.part == "encoder":
            encoder = encoder_in(self.pipeline_)
            if encoder is None:
                raise ValueError(
                    f"classifier.model={self.model}: has no fine-tuned encoder; leave part out, or name a model that "
                    "has one"
                )
            self.pipeline_, self.calibration_ = Pipeline([("classifier", encoder)]), None
        self.columns_ = np.asarray([known.index(label) for label in self.labels])
        self.classes_ = np.arange(len(known))
        return self

    def predict_proba(self, X: Sequence[Any]) -> np.ndarray:
        """Return probabilities of shape (n, n_labels)."""
        found = np.asarray(self.pipeline_.predict_proba(list(X)), dtype=np.float64)
        if self.calibration_ is not None:
            found = Calibration.load(self.calibration_, found.shape[1])(found)
        return np.asarray(found[:, self.columns_])


class Saved(ClassifierSpec):
    """A model that is fitted already, such as a teacher: see :class:`SavedClassifier`.

    Parameters
    ----------
    model : str, default "starter"
        ``starter`` for the model in the box, or a folder with a framescope model of the same labels.
    part : {"all", "encoder"}, default "all"
        The whole model, or only the fine-tuned encoder of one that is made of several, such as the starter, as it was
        before calibration.
    """

    reads_text: ClassVar[bool] = True
    takes_undecided: ClassVar[bool] = True
    threaded: ClassVar[bool] = True

    type: Literal["saved"] = "saved"
    model: str = Field(default=STARTER, min_length=1)
    part: Literal["all", "encoder"] = "all"

    def build(self, labels: Sequence[str], multilabel: bool, seed: int) -> SavedClassifier:
        """Return what reads the model when it is fitted.

        Raises
        ------
        ValueError
            If there is no such model.
        """
        _home(self.model)
        return SavedClassifier(self.model, list(labels), multilabel, self.part)

    def build_soft(
        self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None
    ) -> SavedClassifier:
        """Return the same: nothing is learned from probabilities either."""
        return self.build(labels, multilabel, seed)


def _card(file: Path) -> tuple[list[str], str, dict[str, Any] | None]:
    """Return the labels of a saved model, the kind of its task and its calibration, as far as they can be right."""
    try:
        card = json.loads(read_regular(file, _LARGEST))
        labels, kind, calibration = card["task"]["labels"], card["task"]["type"], card.get("calibration")
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise ValueError("task.labels are no list of names")
        if calibration is not None:
            Calibration.load(calibration, len(labels))
    except InputError as error:
        raise ValueError(str(error)) from None
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        line = f"{type(error).__name__}: {str(error)[:200]}"
        raise ValueError(f"{file}: is damaged ({line}); train or download the model again") from None
    return labels, kind, calibration


def _home(model: str) -> Path:
    folder = MODELS / TASK if model == STARTER else path_of(model)
    for inside in _INSIDE:
        if (folder / inside / _CARD).is_file():
            return folder / inside
    raise ValueError(
        f"classifier.model={model}: no framescope model there ({folder / _CARD} is missing); name the folder of one, "
        f"or {STARTER}"
    )
