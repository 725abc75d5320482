"""Models that classifiers are made of: features and a classifier of their own, fitted on the same rows."""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator
from sklearn.pipeline import Pipeline

from features import AnyFeature, build_features
from features.fast_fit import fit_columns, fits_fast
from features.targets import Reading

if TYPE_CHECKING:
    from experiments.classifiers.spec import ClassifierSpec as AnyClassifier


class Member(BaseModel):
    """A model inside another one.

    In a config it is the name of another config, whose features and classifier it takes, or both written out.

    Parameters
    ----------
    features : list, default []
        As in a config of its own.
    classifier : mapping
        As in a config of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: list[AnyFeature] = []
    classifier: "AnyClassifier"

    @model_validator(mode="after")
    def _features_fit_the_classifier(self) -> "Member":
        if bool(self.features) == self.classifier.reads_text:
            fault = "reads the text itself: set its features to []" if self.features else "needs at least one feature"
            raise ValueError(f"the {self.classifier.type} classifier {fault}")
        return self

    def build(
        self, labels: Sequence[str], multilabel: bool, seed: int, reading: Reading | None, soft: bool = False
    ) -> Pipeline:
        """Return the unfitted pipeline; a ``soft`` one is fitted to probabilities."""
        build = self.classifier.build_soft if soft else self.classifier.build_for
        classifier = build(labels, multilabel, seed, reading)
        steps = [("features", build_features(self.features, reading))] if self.features else []
        return Pipeline([*steps, ("classifier", classifier)])

    @property
    def stops_early(self) -> bool:
        """Whether its fit takes validation rows."""
        return self.classifier.stops_early


def fit_member(
    pipeline: Pipeline,
    X: Sequence[Any],
    y: np.ndarray,
    validation: tuple[Sequence[Any], Any] | None = None,
    unlabelled: Sequence[Any] = (),
    auxiliary: Sequence[Sequence[str]] = (),
    natural: np.ndarray | None = None,
) -> Pipeline:
    """Fit a pipeline; its classifier is given validation rows, unlabelled texts, auxiliary values if it takes them.

    And which of the validation rows have the labels at natural rates, a mask (all when left out).
    """
    takes = inspect.signature(pipeline.named_steps["classifier"].fit).parameters
    offered = {"validation": validation, "unlabelled": unlabelled, "auxiliary": auxiliary, "natural": natural}
    given = {f"classifier__{name}": value for name, value in offered.items() if name in takes}
    return fit_pipeline(pipeline, list(X), y, **given)


def fit_pipeline(pipeline: Any, X: Sequence[Any], y: np.ndarray, **given: Any) -> Any:
    """Fit a pipeline as its own ``fit`` does, with its features read fast where :mod:`features.fast_fit` knows them.

    Parameters
    ----------
    pipeline : Pipeline
        An unfitted one.
    X : sequence
        n texts, or pairs.
    y : ndarray
        What the classifier is fitted to, n rows.
    **given
        More for the classifier's ``fit``, each name after ``classifier__``.
    """
    steps = dict(pipeline.steps) if type(pipeline) is Pipeline else {}
    if list(steps) != ["features", "classifier"] or not fits_fast(steps["features"]):
        return pipeline.fit(X, y, **given)
    columns = fit_columns(steps["features"], X)
    more = {name.removeprefix("classifier__"): value for name, value in given.items()}
    steps["classifier"].fit(columns, y, **more)
    return pipeline
