import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from experiments.config.schema import Task
from experiments.model import SentenceClassifier

LABELS = ["threat", "cooperation"]
ROWS = [
    ("They threatened to attack the port.", [1, 0]),
    ("The army will attack and destroy the ships.", [1, 0]),
    ("The two towns signed an accord.", [0, 1]),
    ("Both ports agreed to work together.", [0, 1]),
    ("They signed an accord and threatened to attack others.", [1, 1]),
    ("It rained on Monday.", [0, 0]),
    ("The ferry was late.", [0, 0]),
]


@pytest.fixture(scope="package")
def classifier() -> SentenceClassifier:
    """A classifier of a few words, fitted in no time."""
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=50)))
    pipeline.fit([text for text, _ in ROWS], np.array([labels for _, labels in ROWS]))
    return SentenceClassifier(pipeline, Task(name="framing", labels=LABELS), np.array([0.5, 0.5]))
