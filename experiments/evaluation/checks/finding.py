"""What a check is, what it looks at, and what it finds."""

from collections.abc import Callable
from dataclasses import dataclass

from experiments.config.names import CheckCode
from experiments.config.schema import Config
from experiments.corpus.rows import Labelled
from experiments.evaluation.evaluate import Evaluation
from experiments.model import SentenceClassifier


@dataclass(frozen=True)
class Subject:
    """What checks look at: a model measured on test rows, and what is known of how it was made.

    Attributes
    ----------
    classifier : SentenceClassifier
        The model.
    evaluation : Evaluation
        Its predictions of the test rows.
    train : Labelled or None
        The rows that it was fitted to; None for a saved model.
    config : Config or None
        What it was trained with; None for a saved model.
    bootstrap, seed : int
        Resamples behind the bounds, 0 for none, and their seed.
    """

    classifier: SentenceClassifier
    evaluation: Evaluation
    train: Labelled | None = None
    config: Config | None = None
    bootstrap: int = 1000
    seed: int = 0

    @property
    def test(self) -> Labelled:
        """The test rows."""
        return self.evaluation.data


@dataclass(frozen=True)
class Finding:
    """Something that a reader of the results should know: under which code, what, why it matters, what to do."""

    code: CheckCode
    title: str
    detail: str
    why: str
    remedy: str

    @property
    def line(self) -> str:
        """Code, what and what to do, as one line."""
        return f"{self.code} {self.title}: {self.detail}. What to do: {self.remedy}"


@dataclass(frozen=True)
class Check:
    """A check with a stable code.

    Attributes
    ----------
    code : str
        Never given to another check, also when this one is gone.
    title, detected, why, remedy : str
        What it is called, how it is detected, why it matters, and what to do; docs/checks.md says the same.
    find : callable
        Returns what it found in a subject as part of a sentence; None if there is nothing, or it can't be told.
    """

    code: CheckCode
    title: str
    detected: str
    why: str
    remedy: str
    find: Callable[[Subject], str | None]
