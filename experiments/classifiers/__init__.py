"""The classifiers that a config can name, one kind a file."""

from typing import Annotated

from pydantic import Field

from experiments.classifiers.boosting import Boosting
from experiments.classifiers.cascade import Cascade
from experiments.classifiers.convolution import Convolution
from experiments.classifiers.distilled import Distilled
from experiments.classifiers.encoder import Encoder
from experiments.classifiers.lexicon import Lexicon
from experiments.classifiers.logistic import Logistic
from experiments.classifiers.majority import Majority
from experiments.classifiers.members import Member
from experiments.classifiers.naive_bayes import NaiveBayes
from experiments.classifiers.saved import Saved
from experiments.classifiers.spec import ClassifierSpec
from experiments.classifiers.svm import SVM
from experiments.classifiers.vote import Vote

AnyClassifier = Annotated[
    Logistic
    | SVM
    | NaiveBayes
    | Boosting
    | Majority
    | Lexicon
    | Encoder
    | Convolution
    | Vote
    | Cascade
    | Distilled
    | Saved,
    Field(discriminator="type"),
]
"""Every kind of classifier that a config can name: a new kind is added here, and nowhere else."""

ALLOWED_TYPES = (
    "experiments.classifiers.boosting.TopColumns",
    "experiments.classifiers.cascade.CascadeClassifier",
    "experiments.classifiers.convolution.ConvolutionClassifier",
    "experiments.classifiers.decided.DecidedOneVsRest",
    "experiments.classifiers.distilled.DistilledClassifier",
    "experiments.classifiers.encoder.EncoderClassifier",
    "experiments.classifiers.lexicon.KeywordClassifier",
    "experiments.classifiers.saved.SavedClassifier",
    "experiments.classifiers.soft_labels.Hardened",
    "experiments.classifiers.soft_labels.SoftLabels",
    "experiments.classifiers.vote.VoteClassifier",
    # private parts of scikit-learn's own classifiers, which skops leaves to its users to trust
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.multiclass._ConstantPredictor",
)
"""The types that may stand in a saved model because a classifier of this package needs them."""

for _kind in (Member, Vote, Cascade, Distilled):  # they hold classifiers of any kind, which are all known by now
    _kind.model_rebuild(_types_namespace={"AnyClassifier": AnyClassifier, "Member": Member})

__all__ = ["ALLOWED_TYPES", "AnyClassifier", "ClassifierSpec", "Member"]
