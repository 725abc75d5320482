"""The classifiers that a config can name, one kind a file."""

from typing import Annotated

from pydantic import Field

from experiments.classifiers.boosting import Boosting
from experiments.classifiers.lexicon import Lexicon
from experiments.classifiers.logistic import Logistic
from experiments.classifiers.majority import Majority
from experiments.classifiers.naive_bayes import NaiveBayes
from experiments.classifiers.spec import ClassifierSpec
from experiments.classifiers.svm import SVM

AnyClassifier = Annotated[Logistic | SVM | NaiveBayes | Boosting | Majority | Lexicon, Field(discriminator="type")]
"""Every kind of classifier that a config can name: a new kind is added here, and nowhere else."""

ALLOWED_TYPES = (
    "experiments.classifiers.boosting.TopColumns",
    "experiments.classifiers.lexicon.KeywordClassifier",
    # private parts of scikit-learn's own classifiers, which skops leaves to its users to trust
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""The types that may stand in a saved model because a classifier of this package needs them."""

__all__ = ["ALLOWED_TYPES", "AnyClassifier", "ClassifierSpec"]
