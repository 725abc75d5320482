"""How much a model doubts each candidate: its own probabilities, or those of a scored file."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

import numpy as np

from experiments.measures.uncertainty import least_confidence, margin_uncertainty
from experiments.model import SentenceClassifier
from experiments.model.pool import TEXTS, in_processes, slim
from experiments.selection.candidates import Candidate, Reader
from experiments.selection.pool import Doubtful

Strategy = Literal["margin", "least-confidence", "random"]

STRATEGIES: tuple[Strategy, ...] = ("margin", "least-confidence", "random")

_MEASURES = {"margin": margin_uncertainty, "least-confidence": least_confidence}
_Asked = tuple[list[str], list[str] | None]


def doubted(
    candidates: Iterable[Candidate], classifier: SentenceClassifier | Reader, strategy: Strategy, jobs: int = 1
) -> Iterator[Doubtful]:
    """Yield candidates with how much a model doubts them, in their order.

    Parameters
    ----------
    candidates : iterable of Candidate
        Read as far as they are under way.
    classifier : SentenceClassifier or Reader
        The model; or the reader of a scored file, whose candidates bring their probabilities along.
    strategy : {"margin", "least-confidence", "random"}
        How doubt is measured; with ``random`` no model is asked, and it is 0.
    jobs : int, default 1
        Processes that score.
    """
    if strategy == "random":
        yield from (Doubtful(candidate, 0.0) for candidate in candidates)
        return
    measure = _MEASURES[strategy]
    under_way: deque[list[Candidate]] = deque()

    def parts() -> Iterator[list[Candidate]]:
        source = iter(candidates)
        while part := list(islice(source, TEXTS)):
            under_way.append(part)
            yield part

    if isinstance(classifier, Reader):
        for part in parts():
            under_way.clear()
            thresholds = None if classifier.thresholds is None else np.asarray(classifier.thresholds)
            found = measure(np.asarray([each.probabilities for each in part]), thresholds)
            yield from map(Doubtful, part, found.tolist())
        return
    limits = classifier.thresholds if classifier.task.multilabel else None
    for probabilities in in_processes(_predict, slim(classifier), map(_asked, parts()), jobs):
        yield from map(Doubtful, under_way.popleft(), measure(probabilities, limits).tolist())


def _asked(part: list[Candidate]) -> _Asked:
    targets = [each.target or "" for each in part] if part[0].target is not None else None
    return [each.text for each in part], targets


def _predict(classifier: SentenceClassifier, asked: _Asked) -> np.ndarray:
    return classifier.predict_proba(*asked)
